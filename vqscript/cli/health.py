"""``vqscript health``: is everything here that scripts need?"""

from __future__ import annotations

import argparse
import codecs
import os
import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.cli.repo_text import plural
from vqscript.cli.scripting import OUTPUT, a_path
from vqscript.cli.terminal import print_json, printable

if TYPE_CHECKING:
    from vqscript.session.health import Finding

PICTURES = {
    "kitty": "pictures by kitty's protocol",
    "iterm2": "pictures by iTerm2's protocol",
    "sixel": "pictures by sixels",
    "blocks": "pictures as coloured blocks",
    "none": "no pictures",
}


def add_subparser(subparsers: Any, common: argparse.ArgumentParser) -> None:
    """Add ``health`` to the parser."""
    text = "Check versions, decoders, terminal, configuration, repositories, disks and clock."
    parser = subparsers.add_parser(
        "health",
        help="check that everything is here that scripts need",
        description=text + " Each is OK, WARNING or ERROR, with advice. Exit code 1 if there is an ERROR.",
        parents=[common],
    )
    parser.add_argument("--output", type=a_path, default=OUTPUT, metavar="DIR", help="where results would go")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Check everything; exit code 1 if something is broken."""
    from vqscript.session.health import Level, examine

    findings: list[Finding] = []
    for finding in chain(examine(args.output, args.config and Path(args.config)), terminal()):
        findings.append(finding)
        if not args.json:
            print_finding(finding)
    errors, warnings = (sum(found.level is level for found in findings) for level in (Level.ERROR, Level.WARNING))
    if args.json:
        print_json({"healthy": not errors, "findings": [asdict(found) for found in findings]})
    else:
        parts = [plural(errors, "error", "errors")] * bool(errors) + [plural(warnings, "warning", "warnings")]
        print(f"\n{', '.join(parts) if errors or warnings else 'all is well'}")
    return 1 if errors else 0


def print_finding(finding: Finding) -> None:
    """Print a finding on one line, its advice below."""
    print(printable(f"{finding.level:<9}{finding.topic}: {finding.text}"))
    if finding.advice:
        print(printable(f"{'':<9}{finding.advice}"))


def terminal() -> Iterator[Finding]:
    """Check what the terminal can show."""
    from vqscript.cli.graphics import terminal_graphics
    from vqscript.session.health import Finding, Level

    if not sys.stdout.isatty():
        yield Finding(Level.OK, "terminal", "the output is none: plain text in UTF-8, and no questions are asked")
        return
    encoding = sys.stdout.encoding or ""
    if codecs.lookup(encoding or "ascii").name == "utf-8":
        yield Finding(Level.OK, "terminal", f"text in {encoding}")
    else:
        advice = "chcp 65001, or set PYTHONUTF8=1" if sys.platform == "win32" else "set LANG to one that ends in UTF-8"
        yield Finding(Level.WARNING, "terminal", f"text in {encoding or 'ASCII'}: µ and ° come out as ?", advice)
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    yield Finding(Level.OK, "terminal", f"{'no colours' if plain else 'colours'}, {PICTURES[terminal_graphics()]}")
