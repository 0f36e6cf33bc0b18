"""What a check of a script costs.

    python benchmarks/bench_check.py [--runs 15]

Prints a table in Markdown; the exit code is 1 if a bound is missed.
"""

from __future__ import annotations

import argparse

from timing import Table, alternate, finish, machine, milliseconds

from vqscript import resources
from vqscript.host.check import check_text
from vqscript.host.check.parse import parse

LINES = 1000
BOUND = 0.050
"""Seconds for a thousand lines."""


def script(lines: int) -> str:
    """Return the longest example, over and over, so many lines long or a little longer."""
    example = resources.example("percent_id_per_gram.lua").read_text(encoding="utf-8")
    block = f"do\n{example}end\n"
    return block * -(-lines // block.count("\n"))


def main() -> None:
    """Check a thousand and twenty thousand lines."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    print(machine("lupa", "tree-sitter", "tree-sitter-lua"), end="\n\n")
    short, long = script(LINES), script(20 * LINES)
    assert check_text(short) == check_text(long) == []
    parsed, checked = alternate(runs, parse=lambda: parse(short), check=lambda: check_text(short))
    (much,) = alternate(3, check=lambda: check_text(long))
    table = Table("Work", "Time", "Bound")
    table.row(f"parse {short.count(chr(10))} lines", milliseconds(parsed.median), "")
    table.row(f"check {short.count(chr(10))} lines", milliseconds(checked.median), f"≤ {milliseconds(BOUND)}")
    table.row(f"check {long.count(chr(10))} lines", milliseconds(much.median), "")
    if checked.median > BOUND:
        table.missed.append("check")
    finish([table])


if __name__ == "__main__":
    main()
