"""``vqscript pacs report``: find JSON as people want to see it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from vqscript.cli.pacs_peer import add_find_json, look_at_find_json
from vqscript.cli.terminal import print_json, print_table
from vqscript.pacs.report import BODY, FORMATS, HEADER, as_csv, as_html, as_tables, as_text

if TYPE_CHECKING:
    from vqscript.pacs.found import FoundStudy


def add_subparser(commands: Any, common: argparse.ArgumentParser) -> None:
    """Add ``report``."""
    text = "Print find JSON as a table, text, CSV, JSON or a small HTML page."
    parser = commands.add_parser("report", help=text, description=text, parents=[common])
    add_find_json(parser, required=True)
    parser.add_argument("--json", action="store_true", help="the same as --format json")
    add_format(parser)
    parser.set_defaults(run=run)


def add_format(parser: argparse.ArgumentParser) -> None:
    """Add what selects how and what is printed."""
    parser.add_argument("--format", choices=FORMATS, default="table", help="how it is printed; table, if not given")
    parser.add_argument(
        "--header", type=words, default=HEADER, metavar="Tag,Tag", help=f"of each study; {','.join(HEADER)}"
    )
    parser.add_argument("--body", type=words, default=BODY, metavar="Tag,Tag", help=f"of each series; {','.join(BODY)}")


def words(text: str) -> tuple[str, ...]:
    """Return the words of a list with commas."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def run(args: argparse.Namespace) -> int:
    """Print the studies."""
    from vqscript.pacs.finding import check_keywords

    check_keywords((*args.header, *args.body))
    found = look_at_find_json(args.find)
    form = "json" if args.json else args.format
    show(found.studies, form, args.header, args.body, good=found.good)
    if not found.good:  # shown all the same, and said, so that a chain does not go on
        print("vqscript: the command that wrote this find JSON had failed; it may be incomplete", file=sys.stderr)
    return 0 if found.good else 1


def show(
    studies: Sequence[FoundStudy], form: str, header: Sequence[str], body: Sequence[str], *, good: bool = True
) -> None:
    """Print studies in one of the formats."""
    from vqscript.pacs.found import to_json

    if form == "json":
        print_json(to_json(studies, command="report", args={}, good=good))
    elif form == "csv":
        print(as_csv(studies, header, body), end="")
    elif form == "html":
        print(as_html(studies, header, body))
    elif form == "text":
        print(as_text(studies, header, body), end="")
    else:
        for lines, rows in as_tables(studies, header, body):
            print("\n".join(lines))
            if rows and body:
                print()
                print_table(body, rows)
            print()
        series = sum(len(study.series) for study in studies)
        print(f"{len(studies)} {'study' if len(studies) == 1 else 'studies'}, {series} series")
