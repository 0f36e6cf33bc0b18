"""``vqscript pacs store``: send files, folders, or studies of a repository."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.cli.pacs_outgoing import Skipped, of_files, of_repository, pairs_of_find_json
from vqscript.cli.pacs_peer import add_peer, opened, show_dcmtk
from vqscript.cli.terminal import one_line, print_json, progress

if TYPE_CHECKING:
    from vqscript.network.peer import Sent
    from vqscript.pacs.consignment import Consignment


def add_subparser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``store``."""
    text = "Send DICOM files, folders, or a repository: images, structure sets, plans, doses, in this order."
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
        help="file or folder; - reads find JSON, whose series are taken from --repo",
    )
    add_peer(parser)
    parser.add_argument("--repo", metavar="REPO", help="local repository: all of it, or what - or --study names")
    parser.add_argument("--study", metavar="UID", action="append", default=[], help="study of the repository")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Send, and print every answer as it comes."""
    from vqscript.pacs import dcmtk
    from vqscript.pacs.found import to_json
    from vqscript.pacs.sending import send

    with chosen(args) as (consignment, skipped):
        count = accepted = 0
        answers: list[dict[str, Any]] = []
        with opened(args) as peer, progress("sending") as bar:
            show_dcmtk(
                args, peer, lambda address: dcmtk.store(address, consignment.paths() if args.repo else args.paths)
            )
            for one in send(peer, consignment.batches(), consignment.count, bar):
                count += 1
                accepted += one.accepted
                if args.json:
                    answers.append(_record(one))
                else:
                    print(one_line(f"{'accepted' if one.accepted else 'REFUSED'}: {one.sop_uid}: {one.status}"))
        skipped += [(one.path, one.reason, True) for one in consignment.lost]
        good = bool(count) and accepted == count and not any(failed for _, _, failed in skipped)
        if args.json:
            left_out = [{"path": str(path), "reason": why, "failed": failed} for path, why, failed in skipped]
            found = to_json(consignment.found(), command="store", args={"pacs": args.pacs}, good=good)
            print_json({**found, "results": answers, "skipped": left_out})
            return 0 if good else 1
    for path, why, failed in skipped:
        print(one_line(f"{'NOT SENT' if failed else 'skipped'}: {path}: {why}"))
    print(f"{accepted} of {count} instances accepted")
    return 0 if good else 1


@contextmanager
def chosen(args: argparse.Namespace) -> Iterator[tuple[Consignment, list[Skipped]]]:
    """Give what the command line names, and what of it is left out."""
    from vqscript.errors import UsageError
    from vqscript.pacs.consignment import OfFiles

    if args.paths and args.paths != ["-"]:
        if args.study or args.repo:
            raise UsageError("either files or a repository", hint="--repo REPO --study UID, or PATH ...")
        instances, skipped = of_files([Path(path) for path in args.paths])
        yield OfFiles(instances), skipped
        return
    if not args.repo:
        if args.paths:
            raise UsageError("where are the series?", hint="--repo REPO; vqscript pacs push takes them from a server")
        raise UsageError("what is to be sent?", hint="files or folders, or --repo REPO")
    if args.study and args.paths:
        raise UsageError("either find JSON or UIDs", hint="--repo REPO with --study UID, or with -")
    pairs = pairs_of_find_json("-") if args.paths else [(uid, "") for uid in args.study] or None
    with of_repository(args, pairs) as consignment:
        yield consignment, []


def _record(one: Sent) -> dict[str, Any]:
    return {"SOPInstanceUID": one.sop_uid, "path": str(one.path), "accepted": one.accepted, "answer": one.status}
