"""``vqscript pacs find``: which studies and series a server has."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from vqscript.cli.pacs_get import fetch
from vqscript.cli.pacs_local import add_place
from vqscript.cli.pacs_outgoing import of_repository
from vqscript.cli.pacs_peer import add_peer, opened, show_dcmtk
from vqscript.cli.pacs_push import add_target, deliver, fetch_and_deliver
from vqscript.cli.pacs_report import add_format, show, words
from vqscript.cli.pacs_status import compare
from vqscript.cli.terminal import print_json, progress

if TYPE_CHECKING:
    from vqscript.network.peer import Peer
    from vqscript.pacs.found import FoundStudy

STEPS = ("report", "get", "status", "push")
"""What ``--then`` knows."""


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
    parser.add_argument(
        "--then",
        type=words,
        default=(),
        metavar="STEP,STEP",
        help=f"what is done with the answers, one after another: {', '.join(STEPS)}; stops at the first that fails",
    )
    add_format(parser)
    add_place(parser)
    add_target(parser, required=False)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Ask, and print what was found."""
    from vqscript.pacs.finding import check_keywords, find, of_study
    from vqscript.pacs.found import to_json

    check_keywords((*args.header, *args.body, *args.wanted))
    _check_steps(args)
    # What is asked for is also shown.
    args.header = tuple(dict.fromkeys((*args.header, *filter(of_study, args.wanted))))
    args.body = tuple(dict.fromkeys((*args.body, *(word for word in args.wanted if not of_study(word)))))
    with opened(args) as peer:
        _show_dcmtk(args, peer)
        with progress("finding") as bar:
            wanted = (*args.header, *args.body)
            studies = find(peer, args.keys, wanted, with_series=not args.studies, progress=bar)
        if not args.studies or any(not of_study(keyword) for keyword in args.keys):
            for study in studies:
                _show_dcmtk(args, peer, of=study.uid)
        if args.then and studies:
            return follow(args, peer, studies)
    if args.json or args.format == "json":
        print_json(to_json(studies, args={"pacs": args.pacs, **args.keys}))
    else:
        show(studies, args.format, args.header, args.body)
    return 0 if studies else 1


def _show_dcmtk(args: argparse.Namespace, peer: Peer, of: str = "") -> None:
    """With ``-v``, print the line that asks for the studies, or for the series of one of them."""
    from vqscript.pacs import dcmtk
    from vqscript.pacs.finding import of_study
    from vqscript.pacs.found import SERIES_KEYWORDS, STUDY_KEYWORDS

    upper = {keyword: value for keyword, value in args.keys.items() if of_study(keyword)}
    lower = {keyword: value for keyword, value in args.keys.items() if not of_study(keyword)}
    if of:
        words = (*SERIES_KEYWORDS, *(word for word in args.wanted if not of_study(word)))
        line = partial(dcmtk.find, level="SERIES", keys={"StudyInstanceUID": of, **lower}, wanted=words)
    elif upper:
        line = partial(dcmtk.find, level="STUDY", keys=upper, wanted=(*STUDY_KEYWORDS, *filter(of_study, args.wanted)))
    else:  # only of series is something known: these tell the studies
        line = partial(dcmtk.find, level="SERIES", keys=lower, wanted=("StudyInstanceUID",))
    show_dcmtk(args, peer, line)


def follow(args: argparse.Namespace, peer: Peer, studies: Sequence[FoundStudy]) -> int:
    """Do with the answers what ``--then`` says; returns the exit code of the step that failed, else 0."""
    from vqscript.pacs.wanted import of_found

    wanted = of_found(peer, studies)
    for step in args.then:
        if step == "report":
            show(studies, "json" if args.json else args.format, args.header, args.body)
            code = 0
        elif step == "get":
            code = fetch(args, peer, wanted)
        elif step == "status":
            code = compare(args, peer, wanted)
        elif args.repo:
            with of_repository(args, [(one.study_uid, one.series_uid) for one in wanted]) as consignment:
                code = deliver(args, consignment)
        else:
            code = fetch_and_deliver(args, peer, wanted)
        if code:
            return code
    return 0


def _check_steps(args: argparse.Namespace) -> None:
    """Raise UsageError for a step that is unknown, or lacks what it needs, before anything is asked."""
    from vqscript.errors import UsageError, did_you_mean

    for step in args.then:
        if step not in STEPS:
            raise UsageError(f'--then does not know "{step}"', hint=did_you_mean(step, STEPS))
        if step in ("get", "status") and not args.repo and args.folder is None:
            raise UsageError(f"--then {step} needs a place", hint="--repo lab.repo, or --folder DIR")
        if step == "push" and not args.to:
            raise UsageError("--then push needs a target", hint="--to NAME-or-URL, or a folder")
    if len(args.then) > 1 and args.json:
        raise UsageError("--json prints one document", hint="name one step, or pipe from one command to the next")
