"""``vqscript pacs move``: have a server send to a third one (C-MOVE), or fetch as ``get`` does."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from vqscript.cli.pacs_get import fetch
from vqscript.cli.pacs_local import add_place, add_uids, journal_of, wanted_of
from vqscript.cli.pacs_peer import add_find_json, add_peer, config_of, opened, show_dcmtk
from vqscript.cli.terminal import one_line, print_json, progress

if TYPE_CHECKING:
    from vqscript.network.dimse import DimsePeer
    from vqscript.pacs.moving import MovedSeries
    from vqscript.pacs.wanted import Wanted


def add_subparser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``move``."""
    text = "Have a server send series to another AE title that it knows, or to us."
    parser = commands.add_parser(
        "move",
        help=text,
        description=f"{text} Exit code 1 unless every instance is there that the server lists.",
        parents=[common],
    )
    add_find_json(parser)
    add_uids(parser)
    add_peer(parser)
    parser.add_argument("--to", default="", metavar="AE", help="AE title of the receiver; without it, to us, as get")
    parser.add_argument(
        "--check", default="", metavar="NAME-or-URL", help="the receiver as a server that can be asked what it has"
    )
    add_place(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Move, and say what arrived as far as that can be known."""
    from vqscript.errors import UsageError
    from vqscript.network.dimse import DimsePeer

    if not args.to and args.check:
        raise UsageError("--check is about a receiver", hint="name it: --to AE")
    with opened(args) as peer:
        if not args.to:
            return fetch(args, peer, wanted_of(args, peer), command="move")
        if not isinstance(peer, DimsePeer):
            raise UsageError(
                f"{peer.name} does not speak DIMSE, which alone can send to a third one",
                hint="vqscript pacs push sends from here to another server",
            )
        return move(args, peer, wanted_of(args, peer))


def move(args: argparse.Namespace, peer: DimsePeer, wanted: Sequence[Wanted]) -> int:
    """Have series sent to another AE title."""
    from vqscript.pacs import dcmtk
    from vqscript.pacs.found import to_json
    from vqscript.pacs.moving import move_to
    from vqscript.pacs.opening import open_peer
    from vqscript.pacs.wanted import as_found

    for one in wanted:
        keys = {"StudyInstanceUID": one.study_uid, "SeriesInstanceUID": one.series_uid}
        show_dcmtk(args, peer, partial(dcmtk.move, level="SERIES", keys=keys, to=args.to))
    receiver = open_peer(args.check, config_of(args), aet=args.aet, port=args.port) if args.check else None
    try:
        with journal_of(args) as journal, progress("moving") as bar:
            results = move_to(peer, wanted, args.to, journal, receiver, bar)
    finally:
        if receiver:
            receiver.close()
    good = bool(results) and all(one.good for one in results)
    if args.json:
        found = to_json(as_found(wanted), command="move", args={"pacs": args.pacs, "to": args.to}, good=good)
        print_json({**found, "to": args.to, "results": [_record(one) for one in results]})
    else:
        _show(args, results)
    return 0 if good else 1


def _show(args: argparse.Namespace, results: Sequence[MovedSeries]) -> None:
    for one in results:
        state = ("complete" if one.check else "sent") if one.good else "INCOMPLETE"
        if one.check and one.missing is None and one.sent:
            state = "NOT CHECKED"
        print(one_line(f"{state}: {one.wanted.title}: {one.sent} of {len(one.listed)} instances sent to {args.to}"))
        for uid in one.missing or ():
            print(one_line(f"  missing: {uid}"))
        for problem in one.problems:
            print(one_line(f"  note: {problem}"))
    if results and not args.check:
        print("what arrived was counted by the sender; --check NAME-or-URL asks the receiver, instance by instance")


def _record(one: MovedSeries) -> dict[str, Any]:
    return {
        "StudyInstanceUID": one.wanted.study_uid,
        "SeriesInstanceUID": one.wanted.series_uid,
        "requested": len(one.listed),
        "sent": one.sent,
        "checked": one.missing is not None,
        "missing": one.missing or [],
        "complete": one.good,
        "problems": one.problems,
    }
