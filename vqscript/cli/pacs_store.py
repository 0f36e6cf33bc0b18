"""``vqscript pacs store``: send files, folders or studies of a repository."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.cli.pacs_peer import add_peer, config_of, opened, read_find_json, show_dcmtk
from vqscript.cli.terminal import print_json, printable, progress

if TYPE_CHECKING:
    from vqscript.imaging.dicom.instance import Instance
    from vqscript.network.peer import Sent


def add_subparser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``store``."""
    text = "Send DICOM files, folders, or studies of a repository: images, structure sets, plans, doses, in this order."
    parser = commands.add_parser(
        "store",
        help=text,
        description=f"{text} Says of each instance what the server answered; exit code 1 if one was not accepted.",
        parents=[common],
    )
    parser.add_argument(
        "paths",
        metavar="PATH",
        nargs="*",
        help="file or folder; - reads find JSON, whose studies are taken from --repo",
    )
    add_peer(parser)
    parser.add_argument("--repo", metavar="REPO", help="local repository to take studies from")
    parser.add_argument("--study", metavar="UID", action="append", default=[], help="study of the repository")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Send, and print every answer."""
    from vqscript.pacs import dcmtk
    from vqscript.pacs.sending import send

    instances, skipped = chosen(args)
    with opened(args) as peer, progress("sending") as bar:
        show_dcmtk(args, peer, lambda address: dcmtk.store(address, args.paths or [str(i.path) for i in instances]))
        answers = list(send(peer, instances, bar))
    good = bool(answers) and all(one.accepted for one in answers) and not any(failed for _, _, failed in skipped)
    if args.json:
        print_json(
            {
                "status": good,
                "results": [answer(one) for one in answers],
                "skipped": [{"path": str(p), "reason": why, "failed": failed} for p, why, failed in skipped],
            }
        )
        return 0 if good else 1
    for path, why, failed in skipped:
        print(printable(f"{'NOT SENT' if failed else 'skipped'}: {path}: {why}"))
    for one in answers:
        print(printable(f"{'accepted' if one.accepted else 'REFUSED'}: {one.sop_uid or one.path}: {one.status}"))
    accepted = sum(one.accepted for one in answers)
    print(f"{accepted} of {len(answers)} instances accepted")
    return 0 if good else 1


def answer(one: Sent) -> dict[str, Any]:
    """Return what a server answered to an instance, as JSON shows it."""
    return {"SOPInstanceUID": one.sop_uid, "path": str(one.path), "accepted": one.accepted, "answer": one.status}


def chosen(args: argparse.Namespace) -> tuple[list[Instance], list[tuple[Path, str, bool]]]:
    """Return the instances that the command line names, and what was left out, why, and whether that is a failure."""
    from vqscript.errors import UsageError

    if args.paths and args.paths != ["-"]:
        if args.study or args.repo:
            raise UsageError("either files or a repository", hint="--repo REPO --study UID, or PATH ...")
        return of_files([Path(path) for path in args.paths])
    if not args.repo or not (args.study or args.paths):
        raise UsageError("what is to be sent?", hint="files or folders, or --repo REPO with --study UID or -")
    if args.study:
        return of_repository(args, [(uid, "") for uid in args.study]), []
    pairs = [
        (study.uid, series)
        for study in read_find_json("-")
        for series in [one["SeriesInstanceUID"] for one in study.series] or [""]
    ]
    return of_repository(args, pairs), []


def of_files(paths: Sequence[Path]) -> tuple[list[Instance], list[tuple[Path, str, bool]]]:
    """Return the instances among files and folders."""
    from vqscript.errors import ImageError
    from vqscript.imaging.dicom.header import read_instance
    from vqscript.repository.importing import list_files, quiet_about_files, why_skipped

    files, skipped = list_files(paths, Path())  # no folder is left out: none is a repository that is written to
    left_out = [(path, why, False) for path, why in skipped]
    found = []
    with quiet_about_files():
        for path in files:
            try:
                found.append(read_instance(path))
            except ImageError as error:
                left_out.append((path, *why_skipped(path, error)))
    return found, left_out


def of_repository(args: argparse.Namespace, pairs: Sequence[tuple[str, str]]) -> list[Instance]:
    """Return the instances of series of the local repository; "" for all series of the study."""
    from vqscript.repository.local import LocalRepository
    from vqscript.repository.opening import local_path

    config = config_of(args)
    with LocalRepository.open(local_path(config.repository(args.repo), config)) as repository:
        return [
            instance
            for study, series in pairs
            for uid in ([series] if series else [one.series_uid for one in repository.find_series(study)])
            for instance in repository.fetch(study, uid).instances
        ]
