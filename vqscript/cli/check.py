"""``vqscript check``: look for mistakes in scripts without running them."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_subparser(subparsers: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    """Add ``check`` to the command line."""
    text = (
        "Look for mistakes without running anything: syntax, unknown variables, methods and options, wrong numbers of "
        "arguments, operators, palettes and units that do not exist. Files that a script includes are looked at too."
    )
    parser = subparsers.add_parser(
        "check",
        help="look for mistakes in scripts without running them",
        description=text + " Exit code 1 if there are errors; warnings alone are 0.",
        parents=[common],
    )
    parser.add_argument("scripts", metavar="SCRIPT", nargs="+", type=Path, help="a script, or the name of an example")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check; exit code 1 if there are errors."""
    from vqscript.cli.repo_text import cell
    from vqscript.cli.run import find_script
    from vqscript.cli.terminal import print_json
    from vqscript.host.check import check_files

    found = check_files([find_script(path) for path in args.scripts])
    errors = sum(finding.severity == "error" for finding in found)
    if args.json:
        print_json({"errors": errors, "findings": [finding.record() for finding in found]})
    else:
        for finding in found:
            print(cell(str(finding)))  # what it quotes is anybody's, and must not steer the terminal
    return 1 if errors else 0
