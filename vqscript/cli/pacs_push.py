"""``vqscript pacs push``: what a find or a repository holds, to another server or a tree of files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.cli.pacs_get import show as show_fetched
from vqscript.cli.pacs_local import add_uids, journal_of, wanted_of
from vqscript.cli.pacs_peer import add_find_json, add_peer, config_of, opened, read_find_json, show_dcmtk
from vqscript.cli.pacs_repack import add_template
from vqscript.cli.pacs_store import answer, of_repository
from vqscript.cli.terminal import print_json, printable, progress

if TYPE_CHECKING:
    from vqscript.imaging.dicom.instance import Instance
    from vqscript.network.peer import Peer
    from vqscript.pacs.delivering import Delivered, Target
    from vqscript.pacs.wanted import Wanted


def add_subparser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``push``."""
    text = "Bring what a find or a repository holds to another server, or into a tree of files."
    parser = commands.add_parser(
        "push",
        help=text,
        description=f"{text} Series come from --repo, else from --pacs. Exit code 1 unless every instance is there.",
        parents=[common],
    )
    add_find_json(parser)
    add_uids(parser)
    add_peer(parser, required=False)
    add_target(parser, required=True)
    add_template(parser)
    parser.add_argument("--repo", metavar="REPO", help="local repository that holds the series")
    parser.set_defaults(run=run)


def add_target(parser: argparse._ActionsContainer, *, required: bool) -> None:
    """Add ``--to``."""
    parser.add_argument(
        "--to", required=required, metavar="PACS-or-DIR", help="server, by name or URL, or a folder for plain files"
    )


def run(args: argparse.Namespace) -> int:
    """Push, and say what is missing."""
    from vqscript.errors import UsageError

    if bool(args.repo) == bool(args.pacs):
        raise UsageError("where from?", hint="--repo REPO, or --pacs NAME-or-URL")
    if args.repo:
        return deliver(args, of_repository(args, _pairs(args)))
    with opened(args) as peer:
        return fetch_and_deliver(args, peer, wanted_of(args, peer))


def fetch_and_deliver(args: argparse.Namespace, peer: Peer, wanted: Sequence[Wanted]) -> int:
    """Bring series of a server to the target; nothing goes on that did not arrive here whole."""
    import tempfile

    from vqscript.imaging.dicom.header import read_instance
    from vqscript.pacs.places import TreePlace
    from vqscript.pacs.retrieving import retrieve
    from vqscript.pacs.template import Template

    with tempfile.TemporaryDirectory(prefix="vqscript-push-") as folder:
        place = TreePlace(Path(folder), Template("{SeriesHash}/{SOPInstanceUID}.dcm"))
        with journal_of(args) as journal, progress("fetching") as bar:
            results = retrieve(peer, wanted, place, journal, bar)
        if not all(one.complete for one in results):
            show_fetched(args, results)
            return 1
        uids = {uid for one in results for uid in one.listed}
        return deliver(args, [read_instance(path) for uid, path in place.held("", "").items() if uid in uids])


def deliver(args: argparse.Namespace, instances: Sequence[Instance]) -> int:
    """Bring instances to the target of the command line."""
    from vqscript.pacs.delivering import push
    from vqscript.pacs.found import to_json
    from vqscript.pacs.wanted import Wanted, as_found

    with _target(args, instances) as target, journal_of(args) as journal, progress("pushing") as bar:
        result = push(target, instances, journal, bar)
    good = bool(instances) and result.complete
    if args.json:
        series = dict.fromkeys((one.study_uid, one.series_uid) for one in instances)
        print_json(
            {
                **to_json(as_found(Wanted(*one) for one in series), command="push", args={"to": args.to}),
                "status": good,
                "to": target.url,
                "known": result.known,
                "results": [answer(one) for one in result.answers],
                "missing": result.missing,
            }
        )
    else:
        _show(result, len(instances), target.url)
    return 0 if good else 1


def _show(result: Delivered, count: int, url: str) -> None:
    for one in result.answers:
        if not one.accepted or one.status.startswith("B"):
            print(printable(f"{'note' if one.accepted else 'REFUSED'}: {one.sop_uid or one.path}: {one.status}"))
    for uid in result.missing:
        print(printable(f"missing: {uid}"))
    known = f", {len(result.known)} of them before" if result.known else ""
    print(printable(f"{count - len(result.missing)} of {count} instances are at {url}{known}"))


def _pairs(args: argparse.Namespace) -> list[tuple[str, str]]:
    """Return study and series UIDs of what is taken from the repository."""
    from vqscript.errors import UsageError
    from vqscript.pacs.found import checked_uid

    if args.find:
        return [
            (study.uid, series)
            for study in read_find_json(args.find)
            for series in [one["SeriesInstanceUID"] for one in study.series] or [""]
        ]
    if not args.study or args.instance:
        raise UsageError("which series?", hint="find JSON, or --study UID, with --series UID for one of it")
    return [(checked_uid(args.study, "StudyInstanceUID"), args.series)]


@contextmanager
def _target(args: argparse.Namespace, instances: Sequence[Instance]) -> Iterator[Target]:
    from vqscript.errors import UsageError
    from vqscript.pacs import dcmtk
    from vqscript.pacs.delivering import ServerTarget, TreeTarget
    from vqscript.pacs.opening import is_server, open_peer
    from vqscript.pacs.places import TreePlace
    from vqscript.pacs.template import TEMPLATE, Template

    config = config_of(args)
    if not is_server(args.to, config):
        if "://" in args.to:
            raise UsageError(f'"{args.to}" is no server', hint="as in dicom://PACS@pacs.example.org:104")
        yield TreeTarget(TreePlace(Path(config.repository(args.to)), Template(args.template or TEMPLATE)))
        return
    peer = open_peer(args.to, config, aet=args.aet, port=args.port)
    show_dcmtk(args, peer, lambda address: dcmtk.store(address, [str(one.path) for one in instances]))
    try:
        yield ServerTarget(peer)
    finally:
        peer.close()
