"""``vqscript pacs get``: fetch series, completely."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from vqscript.cli.pacs_local import add_place, add_uids, journal_of, place_of, wanted_of
from vqscript.cli.pacs_peer import add_find_json, add_peer, opened, show_dcmtk
from vqscript.cli.terminal import one_line, print_json, progress

if TYPE_CHECKING:
    from vqscript.network.peer import Peer
    from vqscript.pacs.retrieving import Retrieved
    from vqscript.pacs.wanted import Wanted


def add_subparser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``get``."""
    text = "Fetch a study, series, instance or all answers of a find; what is there already is not fetched again."
    parser = commands.add_parser(
        "get",
        help=text,
        description=f"{text} Exit code 1 unless every instance is there that the server lists.",
        parents=[common],
    )
    add_find_json(parser)
    add_uids(parser)
    add_peer(parser)
    add_place(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Fetch, and say what came and what is missing."""
    with opened(args) as peer:
        return fetch(args, peer, wanted_of(args, peer))


def fetch(args: argparse.Namespace, peer: Peer, wanted: Sequence[Wanted], *, command: str = "get") -> int:
    """Fetch series to the place of the command line; returns the exit code. ``move`` to ourselves is the same."""
    from vqscript.pacs import dcmtk
    from vqscript.pacs.retrieving import retrieve

    for one in wanted:
        keys = {"StudyInstanceUID": one.study_uid, "SeriesInstanceUID": one.series_uid}
        show_dcmtk(args, peer, partial(dcmtk.find, level="IMAGE", keys=keys, wanted=("SOPInstanceUID",)))
        show_dcmtk(args, peer, partial(dcmtk.get, level="SERIES", keys=keys, folder=str(args.folder or ".")))
    with place_of(args) as place, journal_of(args) as journal, progress("fetching") as bar:
        results = retrieve(peer, wanted, place, journal, bar)
    show(args, results, command=command)
    return 0 if results and all(one.complete for one in results) else 1


def show(args: argparse.Namespace, results: Sequence[Retrieved], *, command: str) -> None:
    """Print what became of each series."""
    from vqscript.pacs.found import to_json
    from vqscript.pacs.wanted import as_found

    if args.json:
        good = bool(results) and all(one.complete for one in results)
        found = to_json(as_found(one.wanted for one in results), command=command, args={"pacs": args.pacs}, good=good)
        print_json({**found, "results": [_record(one) for one in results]})
        return
    for one in results:
        there = len(one.listed) - len(one.missing)
        state = "complete" if one.complete else "INCOMPLETE"
        print(one_line(f"{state}: {one.wanted.title}: {there} of {len(one.listed)} instances, {len(one.received)} new"))
        for uid in one.missing:
            print(one_line(f"  missing: {uid}"))
        for problem in one.problems:
            print(one_line(f"  note: {problem}"))
    if not results:
        print("nothing to fetch")


def _record(one: Retrieved) -> dict[str, Any]:
    return {
        "StudyInstanceUID": one.wanted.study_uid,
        "SeriesInstanceUID": one.wanted.series_uid,
        "requested": len(one.listed),
        "received": len(one.received),
        "filed": len(one.listed) - len(one.missing),
        "missing": one.missing,
        "complete": one.complete,
        "problems": one.problems,
    }
