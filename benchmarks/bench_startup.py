"""What a process of vqscript costs beyond that of Python.

    python benchmarks/bench_startup.py [--runs 15]

Prints a table in Markdown.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from timing import Table, alternate, machine, milliseconds

MAIN = "import sys; from vqscript.cli.main import main; sys.exit(main(sys.argv[1:]))"


def process(*arguments: str) -> None:
    """Run Python to its end."""
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)  # noqa: S603 - this Python


def main() -> None:
    """Start Python alone, the help, and a script that does nothing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=15)
    runs = parser.parse_args().runs
    print(machine("lupa"), end="\n\n")
    with tempfile.TemporaryDirectory() as temporary:
        script = Path(temporary, "empty.lua")
        script.write_text("")
        alone, *others = alternate(
            runs,
            alone=lambda: process("-c", "pass"),
            numpy=lambda: process("-c", "import numpy"),
            help=lambda: process("-c", MAIN, "--help"),
            empty=lambda: process("-c", MAIN, "run", str(script)),
        )
    table = Table("Process", "Time", "Beyond Python alone")
    table.row("python -c pass", milliseconds(alone.median), "")
    for work, timed in zip(
        ("python -c 'import numpy'", "vqscript --help", "vqscript run, an empty script"), others, strict=True
    ):
        table.row(work, milliseconds(timed.median), milliseconds(timed.median - alone.median))


if __name__ == "__main__":
    main()
