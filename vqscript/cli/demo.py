"""``vqscript demo``: make a project of synthetic mice, run the example on it, and compare with the truth."""

from __future__ import annotations

import argparse
import contextlib
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.cli.terminal import print_json, print_table, progress

if TYPE_CHECKING:
    from vqscript.demo.folder import DemoFolder
    from vqscript.demo.phantom import Phantom
    from vqscript.demo.report import StudyResult

EXAMPLE = "percent_id_per_gram.lua"


def add_subparser(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser], common: argparse.ArgumentParser
) -> None:
    """Add the command and its options."""
    parser = subparsers.add_parser(
        "demo",
        parents=[common],
        help="see it work on synthetic mice",
        description="Make a repository of synthetic SPECT/CT studies of mice, run the %ID/g example on it, and print "
        "what it measured beside the truth.",
    )
    parser.add_argument(
        "folder", metavar="DIR", nargs="?", type=Path, default=Path("vqscript-demo"), help="default: %(default)s"
    )
    parser.add_argument(
        "--seed", type=_seed, default=1, metavar="N", help="other organs, activities and doses (default: %(default)s)"
    )
    parser.add_argument("--json", action="store_true", help="print measured and true values as JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the demo; returns 1 if a value is off by more than 1 %."""
    from vqscript.demo.folder import DemoFolder
    from vqscript.demo.phantom import make_project
    from vqscript.demo.project import build_repository
    from vqscript.demo.report import compare, read_measured

    folder = DemoFolder(args.folder.absolute())
    folder.prepare(args.seed)
    phantom = make_project(args.seed)
    with progress("Making synthetic mice") as show:
        build_repository(phantom, folder.repository, show)
    # Whoever asked for JSON gets nothing else on standard output.
    with contextlib.redirect_stdout(sys.stderr) if args.json else contextlib.nullcontext():
        _run_example(folder)
    folder.finish(args.seed)
    studies = compare(phantom, read_measured(folder.output / "results.csv"))
    if args.json:
        print_json(
            {
                "seed": args.seed,
                "repository": str(folder.repository),
                "output": str(folder.output),
                "studies": [study.as_json() for study in studies],
            }
        )
    else:
        _print_report(phantom, studies)
        _print_next(folder, studies)
    return 0 if all(organ.passes for study in studies for organ in study.organs) else 1


def _seed(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise argparse.ArgumentTypeError(f'"{text}" is no whole number from 0 upwards')
    return int(text)


def _run_example(folder: DemoFolder) -> None:
    from vqscript.cli.run import run_script
    from vqscript.demo.project import PROJECT
    from vqscript.resources import example

    run_script(example(EXAMPLE), repo=str(folder.repository), project=PROJECT, output=folder.output, args={"max": "40"})


def _print_report(phantom: Phantom, studies: list[StudyResult]) -> None:
    print(f"\nMean %ID/g of {len(phantom.animals)} synthetic mice (seed {phantom.seed}), measured and true:\n")
    rows = [
        (
            study.scan.animal.name,
            f"{study.scan.hours} h",
            organ.name,
            _number(organ.measured),
            _number(organ.truth),
            _percent(organ.difference),
            ""
            if organ.naive is None
            else f"100/dose gives {organ.naive:.3f} ({100 * (study.scan.remaining - 1):+.1f} %)",
        )
        for study in studies
        for organ in study.organs
    ]
    print_table(("mouse", "time", "organ", "measured", "true", "difference", "not decay-corrected"), rows)
    for animal in phantom.animals:
        if not animal.decay_corrected:
            print(
                f"\nThe SPECT of {animal.name} is not decay-corrected: its voxels hold what was left at the scan, so "
                "100/dose,\nwith the dose at injection, comes out too low. convertUnit reads that in the header and "
                "corrects for it."
            )
    wrong = [(study, organ) for study in studies for organ in study.organs if not organ.passes]
    if wrong:
        print(f"\n{len(wrong)} of {len(rows)} values differ from the truth by more than 1 %, or are missing.")
    else:
        print(f"\nAll {len(rows)} values are within 1 % of the truth.")


def _print_next(folder: DemoFolder, studies: list[StudyResult]) -> None:
    from vqscript.demo.project import PROJECT
    from vqscript.resources import example

    repository = shlex.quote(_short(folder.repository))
    pictures = len(list(folder.output.rglob("*.png")))
    print(f"\n{pictures} pictures and the table results.csv are in {_short(folder.output)}")
    script = _short(example(EXAMPLE))
    print(f"\nThe script that did it: {script}\n\nTry next:")
    again = shlex.quote(_short(folder.path.with_name(f"{folder.path.name}-again")))
    for command in (
        f"vqscript repo ls {repository} --project {PROJECT}",
        f"vqscript repo show {repository} {studies[0].study_uid}",
        f"vqscript run {shlex.quote(script)} --repo {repository} --project {PROJECT} --output {again}",
        "vqscript repo init lab.repo && vqscript repo import lab.repo DICOM_FOLDER --project /my/project",
    ):
        print(f"  {command}")


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:7.3f}"


def _percent(value: float | None) -> str:
    return "not measured" if value is None else f"{round(value, 2) + 0.0:+6.2f} %"  # + 0.0 turns -0.0 into 0.0


def _short(path: Path) -> str:
    """Return a path as one would type it here."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
