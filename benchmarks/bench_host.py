"""What the host costs a script: calls, limits, and a process.

    python benchmarks/bench_host.py [--runs 9] [--calls 100000]

Prints tables in Markdown, and leaves with an exit code if a bound is missed. The cost of a call is what it takes
beyond an empty turn of the loop and beyond the method itself, called from Python;
the least of the runs is taken, because whatever else the machine does is no part of it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lupa.lua54 import LuaRuntime
from timing import Bound, Table, alternate, finish, machine, milliseconds

from vqscript.cli.run import run_script
from vqscript.demo.phantom import make_project
from vqscript.demo.project import PROJECT, build_repository
from vqscript.host import driver
from vqscript.host.gate import Gate
from vqscript.host.limits import Limits
from vqscript.host.runtime import Runtime
from vqscript.resources import example
from vqscript.vq.catalog import script

CALL = 0.6e-6
"""Seconds that a call may cost on top of its work."""

LIMITS = Limits(time=3600, memory=2**30)

EMPTY = 0.150
"""Seconds that a script that does nothing may take beyond Python alone."""

MAIN = "import sys; from vqscript.cli.main import main; sys.exit(main(sys.argv[1:]))"


class Other:
    """An object to hand over."""

    @script()
    def nothing(self) -> None:
        """Do nothing."""


class Peer:
    """Methods whose own work is close to nothing."""

    def __init__(self) -> None:
        self._other = Other()

    @script()
    def none(self) -> float:
        """Take nothing."""
        return 3.5

    @script()
    def one(self, i: int) -> float:
        """Take a number."""
        return 3.5

    @script()
    def two(self, i: int, x: float) -> float:
        """Take two."""
        return 3.5

    @script()
    def three(self, i: int, x: float, y: float) -> float:
        """Take three."""
        return 3.5

    @script()
    def text(self, name: str) -> str:
        """Take a text and return it."""
        return name

    @script()
    def take(self, other: Other) -> float:
        """Take an object."""
        return 3.5

    @script()
    def other(self) -> Other:
        """Return an object."""
        return self._other


CALLS = {
    "no argument": ("none()", "none()"),
    "a number": ("one(i)", "one(1)"),
    "two numbers": ("two(i, 2.5)", "two(1, 2.5)"),
    "three numbers": ("three(i, 2.5, 3.5)", "three(1, 2.5, 3.5)"),
    "a text, and one back": ("text('abc')", "text('abc')"),
    "an object": ("take(o)", "take(o)"),
    "no argument, an object back": ("other()", "other()"),
}
HELD = ("no argument", "a number")
"""The calls that the bound is for; lupa alone takes 0.1 µs more for each further argument."""

TEXTS = """
local p, rows = VQ, {}
for i = 1, 4000 do
  local name, values, sum = ("subject %03d"):format(i), {}, 0
  for j = 1, 10 do values[j] = (i * 37 + j * 11) % 101 / 7 + p:one(j) end
  table.sort(values)
  for _, value in ipairs(values) do sum = sum + value end
  rows[i] = table.concat({ name, ("%.3f"):format(sum / #values), (name:upper():gsub("%s", "_")) }, ",")
end
for line in table.concat(rows, "\\n"):gmatch("[^\\n]+") do assert(line:match("^subject (%d+)")) end
"""

ARITHMETIC = "local x = 0 for i = 1, 5000000 do x = x + i % 7 end"


def calls(runs: int, count: int) -> Table:
    """Time calls through the host, of a raw object of lupa, and of Python itself."""
    peer = Peer()
    host = Runtime(peer, Gate(Path("vq-output")), limits=LIMITS)
    raw: Any = LuaRuntime(register_eval=False, register_builtins=False)
    raw.globals().VQ, raw.globals().o = peer, peer._other
    table = Table("Call with", "Work", "Through the host, on top", "Raw lupa object, on top", "Bound")
    loop = "local p = VQ for i = 1, {} do {} end"
    for name, (code, direct) in CALLS.items():
        in_lua, empty = loop.format(count, f"local x = p:{code}"), loop.format(count, "local x = i")
        setting = "local o = VQ.other() " if "(o)" in code else ""
        python = compile(f"for _ in range({count}): peer.{direct}", "call", "exec")
        python_empty = compile(f"for _ in range({count}): pass", "loop", "exec")
        found = alternate(
            runs,
            hosted=lambda code=setting + in_lua: host.run_text(code),
            hosted_loop=lambda code=setting + empty: host.run_text(code),
            lupa=lambda code=in_lua: raw.execute(code),
            lupa_loop=lambda code=empty: raw.execute(code),
            python=lambda code=python: exec(code, {"peer": peer, "o": peer._other}),  # noqa: S102 - the code above
            python_loop=lambda code=python_empty: exec(code, {}),  # noqa: S102
        )
        hosted, hosted_loop, lupa, lupa_loop, work, work_loop = (min(each.seconds) / count for each in found)
        work -= work_loop
        ours, raw_one = hosted - hosted_loop - work, lupa - lupa_loop - work
        missed = name in HELD and ours > CALL
        if missed:
            table.missed.append(f"call with {name}")
        shown = microseconds(ours) + (" (missed)" if missed else "")
        bound = f"≤ {microseconds(CALL)}" if name in HELD else ""
        table.row(name, microseconds(work), shown, microseconds(raw_one), bound)
    return table


def limits(runs: int, folder: Path) -> Table:
    """Time scripts with limits, and with a driver whose hook never comes."""
    chunks = driver.chunks
    without = {name: text.replace("debug.sethook", "function() end") for name, text in chunks().items()}
    if without == chunks():
        raise SystemExit("the driver has no hook to leave out")
    project = make_project(1)
    build_repository(project, folder / "mice.repo")

    def study() -> None:
        script = example("percent_id_per_gram.lua")
        run_script(
            script,
            repo=str(folder / "mice.repo"),
            project=PROJECT,
            output=folder / "out",
            limits=LIMITS,
            write=lambda line: None,
        )

    def texts() -> None:
        Runtime(Peer(), Gate(folder / "out"), limits=LIMITS).run_text(TEXTS)

    def arithmetic() -> None:
        Runtime(Peer(), Gate(folder / "out"), limits=LIMITS).run_text(ARITHMETIC)

    def free(work: Callable[[], None]) -> None:
        driver.chunks = lambda: without
        try:
            work()
        finally:
            driver.chunks = chunks

    table = Table("Script", "With limits", "Without", "Ratio", "Bound")
    for name, work, bound in (
        ("%ID/g of eight studies, with pictures", study, Bound(1.1, faster=False)),
        ("a table made of texts, with 40,000 calls", texts, None),
        ("nothing but arithmetic in a loop", arithmetic, None),
    ):
        ours, peer = alternate(runs, limited=work, free=lambda work=work: free(work))
        if bound:
            table.compare(name, ours, peer, "without", bound)
        else:
            table.row(
                name,
                milliseconds(ours.median),
                f"without: {milliseconds(peer.median)}",
                f"{ours.median / peer.median:.2g} x",
                "",
            )
    return table


def processes(runs: int, folder: Path) -> Table:
    """Time a script that does nothing, and the help, in processes of their own."""
    empty = folder / "empty.lua"
    empty.write_text("")
    alone, helped, ran = alternate(
        runs,
        alone=lambda: process("-c", "pass"),
        help=lambda: process("-c", MAIN, "--help"),
        empty=lambda: process("-c", MAIN, "run", str(empty), "--output", str(folder / "none")),
    )
    table = Table("Process", "Time", "Beyond Python alone", "Bound")
    table.row("python -c pass", milliseconds(alone.median), "", "")
    table.row("vqscript --help", milliseconds(helped.median), milliseconds(helped.median - alone.median), "")
    beyond = ran.median - alone.median
    if beyond > EMPTY:
        table.missed.append("an empty script")
    shown = milliseconds(beyond) + (" (missed)" if beyond > EMPTY else "")
    table.row("vqscript run, an empty script", milliseconds(ran.median), shown, f"≤ {milliseconds(EMPTY)}")
    return table


def process(*arguments: str) -> None:
    """Run Python to its end."""
    subprocess.run([sys.executable, *arguments], check=True, capture_output=True)  # noqa: S603 - this Python


def microseconds(seconds: float) -> str:
    """Return a duration in microseconds."""
    return f"{seconds * 1e6:.2f} µs"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--calls", type=int, default=100_000)
    args = parser.parse_args()
    print(machine("lupa", "numpy"), end="\n\n")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        tables = [calls(args.runs, args.calls)]
        print()
        tables.append(limits(args.runs, folder))
        print()
        tables.append(processes(args.runs, folder))
    finish(tables)


if __name__ == "__main__":
    main()
