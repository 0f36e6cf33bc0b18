"""``vqscript pacs status``: per series requested, received, filed, pushed, missing."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from vqscript.cli.pacs_local import add_place, add_uids, journal_of, place_of, wanted_of
from vqscript.cli.pacs_peer import add_find_json, add_peer, opened, show_dcmtk
from vqscript.cli.repo_text import cell
from vqscript.cli.terminal import one_line, print_json, print_table, progress

if TYPE_CHECKING:
    from vqscript.network.peer import Peer
    from vqscript.pacs.status import SeriesStatus
    from vqscript.pacs.wanted import Wanted


def add_subparser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``status``."""
    text = "Say how far each series is: requested, received, filed, pushed, missing."
    parser = commands.add_parser(
        "status",
        help=text,
        description=f"{text} Instances are compared, not counts: with what the server lists, and what --repo or "
        "--folder holds. Exit code 1 if one is missing.",
        parents=[common],
    )
    add_find_json(parser)
    add_uids(parser)
    add_peer(parser)
    add_place(parser, filling=False)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask the server, look into the place, and compare."""
    with opened(args) as peer:
        return compare(args, peer, wanted_of(args, peer, only_good=False))  # what is missing is the question


def compare(args: argparse.Namespace, peer: Peer, wanted: Sequence[Wanted]) -> int:
    """Print the status of series; returns the exit code."""
    from vqscript.pacs import dcmtk
    from vqscript.pacs.found import to_json
    from vqscript.pacs.status import status
    from vqscript.pacs.wanted import as_found

    for series in wanted:
        keys = {"StudyInstanceUID": series.study_uid, "SeriesInstanceUID": series.series_uid}
        show_dcmtk(args, peer, partial(dcmtk.find, level="IMAGE", keys=keys, wanted=("SOPInstanceUID",)))
    with place_of(args, filling=False) as place, journal_of(args) as journal, progress("asking") as bar:
        found = status(peer, wanted, place, journal, bar)
    good = bool(found) and all(one.complete for one in found)
    if args.json:
        envelope = to_json(as_found(wanted), command="status", args={"pacs": args.pacs})
        # Incomplete is an answer, not a failure: the next command may be the get that completes it.
        print_json({**envelope, "complete": good, "results": [_record(one) for one in found]})
        return 0 if good else 1
    rows = [[cell(value) for value in _row(one)] for one in found]
    print_table(("Series", "Listed", "Requested", "Received", "Filed", "Pushed", "Missing", "Series UID"), rows)
    for one in found:
        for uid in one.missing:
            print(one_line(f"missing: {uid} of series {one.wanted.series_uid}"))
        if one.problem:
            print(one_line(f"note: {one.problem}"))
    return 0 if good else 1


def _row(one: SeriesStatus) -> tuple[Any, ...]:
    counts = (one.listed, one.requested, one.received, one.filed, one.pushed, one.missing)
    return (one.wanted.title, *map(len, counts), one.wanted.series_uid)


def _record(one: SeriesStatus) -> dict[str, Any]:
    return {
        "StudyInstanceUID": one.wanted.study_uid,
        "SeriesInstanceUID": one.wanted.series_uid,
        "listed": len(one.listed),
        "requested": len(one.requested),
        "received": len(one.received),
        "filed": len(one.filed),
        "pushed": len(one.pushed),
        "missing": one.missing,
        "complete": one.complete,
        "problem": one.problem,
    }
