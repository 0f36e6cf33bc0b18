"""``vqscript pacs push``: what a find or a repository holds, to another server or a tree of files."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.cli.pacs_get import show as show_fetched
from vqscript.cli.pacs_local import add_uids, journal_of, uids_of, wanted_of
from vqscript.cli.pacs_outgoing import Pairs, of_repository, pairs_of_find_json
from vqscript.cli.pacs_peer import add_find_json, add_peer, config_of, opened, show_dcmtk
from vqscript.cli.pacs_repack import add_template
from vqscript.cli.terminal import one_line, print_json, progress

if TYPE_CHECKING:
    from vqscript.network.peer import Peer
    from vqscript.pacs.consignment import Consignment
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
    parser.add_argument(
        "--repo", metavar="REPO", help="local repository that holds the series; all of it, if none is named"
    )
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
        why = "from the repository, or from the server?" if args.repo else "where from?"
        raise UsageError(why, hint="--repo REPO, or --pacs NAME-or-URL")
    if args.repo:
        with of_repository(args, _pairs(args)) as consignment:
            return deliver(args, consignment)
    with opened(args) as peer:
        return fetch_and_deliver(args, peer, wanted_of(args, peer))


_ON_THE_WAY = "on-the-way"
"""How the lines of DCMTK call the folder between two servers; ours is gone afterwards."""


def fetch_and_deliver(args: argparse.Namespace, peer: Peer, wanted: Sequence[Wanted]) -> int:
    """Bring series of a server to the target; nothing goes on that did not arrive here whole."""
    import tempfile

    from vqscript.imaging.dicom.header import read_instance
    from vqscript.pacs import dcmtk
    from vqscript.pacs.consignment import OfFiles
    from vqscript.pacs.places import TreePlace
    from vqscript.pacs.retrieving import retrieve
    from vqscript.pacs.template import Template
    from vqscript.pacs.wanted import as_found

    with tempfile.TemporaryDirectory(prefix="vqscript-push-") as folder:
        place = TreePlace(Path(folder), Template("{SeriesHash}/{SOPInstanceUID}.dcm"))
        for one in wanted:
            keys = {"StudyInstanceUID": one.study_uid, "SeriesInstanceUID": one.series_uid}
            show_dcmtk(args, peer, partial(dcmtk.get, level="SERIES", keys=keys, folder=_ON_THE_WAY))
        with journal_of(args) as journal, progress("fetching") as bar:
            results = retrieve(peer, wanted, place, journal, bar)
        if not all(one.complete for one in results):
            show_fetched(args, results, command="push")
            return 1
        uids = {uid for one in results for uid in one.listed}
        instances = [read_instance(path) for uid, path in place.held("", "").items() if uid in uids]
        return deliver(args, OfFiles(instances, as_found(wanted), folder=_ON_THE_WAY))


def deliver(args: argparse.Namespace, consignment: Consignment) -> int:
    """Bring instances to the target of the command line."""
    from vqscript.pacs.delivering import push
    from vqscript.pacs.found import to_json

    known = missing = 0
    good = bool(consignment.count)
    said: dict[str, list[Any]] = {"known": [], "results": [], "missing": [], "problems": []}
    with _target(args, consignment) as target, journal_of(args) as journal, progress("pushing") as bar:
        for one in push(target, consignment, journal, bar):
            known += len(one.known)
            missing += len(one.missing)
            good = good and one.complete
            if args.json:
                said["known"] += one.known
                said["missing"] += one.missing
                said["problems"] += [one.lost.message] if one.lost else []
                said["results"] += [
                    {"SOPInstanceUID": sent.sop_uid, "accepted": sent.accepted, "answer": sent.status}
                    for sent in one.answers
                ]
            else:
                _show(one)
    if args.json:
        found = to_json(consignment.found(), command="push", args={"to": args.to}, good=good)
        lost = [{"path": str(one.path), "reason": one.reason} for one in consignment.lost]
        print_json({**found, "to": target.url, **said, "lost": lost})
        return 0 if good else 1
    for lack in consignment.lost:
        print(one_line(f"NOT SENT: {lack.path}: {lack.reason}"))
    before = f", {known} of them before (seen by their UIDs)" if known else ""
    print(one_line(f"{consignment.count - missing} of {consignment.count} instances are at {target.url}{before}"))
    return 0 if good else 1


def _show(one: Delivered) -> None:
    for sent in one.answers:
        if not sent.accepted or sent.status.startswith("B"):
            print(one_line(f"{'note' if sent.accepted else 'REFUSED'}: {sent.sop_uid}: {sent.status}"))
    for uid in one.missing:
        print(one_line(f"missing: {uid}"))
    if one.lost:
        print(one_line(f"note: {one.lost.message}"))


def _pairs(args: argparse.Namespace) -> Pairs | None:
    """Return what is taken from the repository; None for all of it."""
    from vqscript.errors import UsageError

    if args.instance:
        raise UsageError("series are taken from a repository, no single instance", hint="--study UID, or --series UID")
    named = uids_of(args)
    if args.find and named:
        raise UsageError("either find JSON or UIDs", hint="--study UID, --series UID, or -")
    if args.find:
        return pairs_of_find_json(args.find)
    return [(study, series) for study, series, _ in named] or None


@contextmanager
def _target(args: argparse.Namespace, consignment: Consignment) -> Iterator[Target]:
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
    show_dcmtk(args, peer, lambda address: dcmtk.store(address, consignment.paths()))
    try:
        yield ServerTarget(peer)
    finally:
        peer.close()
