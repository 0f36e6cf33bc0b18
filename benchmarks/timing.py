"""Time pieces of work side by side, and print what was measured as a table in Markdown."""

from __future__ import annotations

import compileall
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import vqscript

Work = Callable[[], object]

# As in an installed package: processes that are started must not compile what a checkout has not been run with yet.
compileall.compile_dir(Path(vqscript.__file__).parent, quiet=1)


@dataclass(frozen=True)
class Timed:
    """Durations of one piece of work, in seconds."""

    name: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The middle of the durations."""
        return statistics.median(self.seconds)


@dataclass(frozen=True)
class Bound:
    """What a ratio is held to: at least (``faster=True``) or at most so many times the other one's time."""

    times: float
    faster: bool = True

    def __str__(self) -> str:
        return f"≥ {self.times:g} x faster" if self.faster else f"≤ {self.times:g} x as long"


def alternate(runs: int = 7, *, warm: bool = True, **works: Work) -> list[Timed]:
    """Time several pieces of work in turn, so that whatever else the machine does meets all of them alike.

    Parameters
    ----------
    runs : int
        Runs of each.
    warm : bool
        Whether each runs once before, untimed: files are in the page cache then, and modules imported.
    **works : callable
        Functions without arguments, by name.
    """
    if warm:
        for work in works.values():
            work()
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs):
        for name, work in works.items():
            start = time.perf_counter()
            result = work()
            seconds[name].append(time.perf_counter() - start)
            del result  # freeing a volume belongs to neither
    return [Timed(name, tuple(found)) for name, found in seconds.items()]


class Table:
    """Rows of a Markdown table, printed as they come."""

    def __init__(self, *columns: str) -> None:
        self.missed: list[str] = []
        print("| " + " | ".join(columns) + " |")
        print("|" + "---|" * len(columns))

    def row(self, *cells: object) -> None:
        """Print one row."""
        print("| " + " | ".join(str(cell) for cell in cells) + " |", flush=True)

    def compare(self, work: str, ours: Timed, peer: Timed, peer_name: str, bound: Bound) -> None:
        """Print a row of two medians, their ratio and what it is held to; a bound that is missed is kept."""
        ratio = peer.median / ours.median if bound.faster else ours.median / peer.median
        kept = ratio >= bound.times if bound.faster else ratio <= bound.times
        if not kept:
            self.missed.append(work)
        shown = f"{ratio:.2g} x" + ("" if kept else " (missed)")
        self.row(work, milliseconds(ours.median), f"{peer_name}: {milliseconds(peer.median)}", shown, bound)


def milliseconds(seconds: float) -> str:
    """Return a duration in ms, as precise as it deserves."""
    value = seconds * 1000
    return f"{value:.0f} ms" if value >= 20 else f"{value:.2g} ms"


def machine(*packages: str) -> str:
    """Return a line on what this runs on: processors, load, versions."""
    load = ", ".join(f"{part:.1f}" for part in os.getloadavg()) if hasattr(os, "getloadavg") else "unknown"
    listed = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{os.cpu_count()} processors ({platform.machine()}, {platform.system()}), load {load} at the start; "
        f"Python {sys.version.split()[0]}, {listed}; medians, warm cache, runs in turn."
    )


def finish(tables: Sequence[Table]) -> None:
    """Say which bounds were missed, and leave with an exit code that says so too."""
    missed = [work for table in tables for work in table.missed]
    if missed:
        raise SystemExit("missed: " + "; ".join(missed))
