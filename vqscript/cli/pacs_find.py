"""``vqscript pacs find``: which studies and series a server has."""

from __future__ import annotations

import argparse
from typing import Any

from vqscript.cli.pacs_peer import add_peer, opened, show_dcmtk
from vqscript.cli.pacs_report import add_format, show, words
from vqscript.cli.terminal import print_json, progress


def add_subparser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``find``."""
    text = "Find studies and their series by any DICOM attribute."
    parser = commands.add_parser(
        "find",
        help=text,
        description=f"{text} Exit code 1 if nothing fits.",
        parents=[common],
        epilog="Any DICOM keyword can be asked for, as in --PatientID 7654321 --StudyDate 20240101-20240131 "
        "--Modality CT; * and ? match as in file names.",
    )
    parser.takes_keys = True
    add_peer(parser)
    parser.add_argument(
        "--return", dest="wanted", type=words, default=(), metavar="Tag,Tag", help="further attributes to return"
    )
    parser.add_argument("--studies", action="store_true", help="the studies alone, not their series")
    add_format(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask, and print what was found."""
    from vqscript.pacs import dcmtk
    from vqscript.pacs.finding import check_keywords, find
    from vqscript.pacs.found import STUDY_KEYWORDS, to_json

    shown = (*args.header, *args.body)
    check_keywords(shown)
    with opened(args) as peer:
        show_dcmtk(args, peer, lambda address: dcmtk.find(address, "STUDY", args.keys, (*STUDY_KEYWORDS, *args.wanted)))
        with progress("finding") as bar:
            studies = find(peer, args.keys, (*args.wanted, *shown), with_series=not args.studies, progress=bar)
    if args.json or args.format == "json":
        print_json(to_json(studies, args={"pacs": args.pacs, **args.keys}))
    else:
        show(studies, args.format, args.header, args.body)
    return 0 if studies else 1
