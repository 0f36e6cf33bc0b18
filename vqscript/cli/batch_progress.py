"""How a batch goes on: bars on a terminal, a line per study elsewhere."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from vqscript.cli.terminal import one_line

if TYPE_CHECKING:
    from rich.progress import Progress

    from vqscript.batch.batch import BatchListener
    from vqscript.batch.task import Failure, Outcome, Task

_NAMED = 3
"""How many of the studies that run are named."""


@contextmanager
def progress() -> Iterator[BatchListener]:
    """Yield what tells the user how the batch goes on, on standard error."""
    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[now]}", markup=False),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        yield Bars(bar)


class Lines:
    """A line per study."""

    def __init__(self) -> None:
        self._count = 0
        self._of = 0
        self._kept = 0

    def planned(self, tasks: list[Task], workers: int) -> None:
        """Say what is to be done."""
        self._of = len(tasks)
        studies = sum(len(task.studies) for task in tasks)
        what = f"{studies} studies" if studies == len(tasks) else f"{len(tasks)} patients with {studies} studies"
        self._say(f"{what}, {workers} at a time")

    def started(self, task: Task) -> None:
        """A line when it is finished is enough."""

    def kept(self, task: Task, outcome: Outcome) -> None:
        """Say that an earlier result holds."""
        self._count += 1
        self._say(f"{self._count}/{self._of} as before  {task.title}")

    def finished(self, task: Task, outcome: Outcome) -> None:
        """Say what became of a study."""
        self._count += 1
        said = f"{self._count}/{self._of} {outcome.state}  {task.title}  {outcome.seconds:.1f} s"
        self._say(f"{said}  {outcome.failure.message}" if outcome.failure else said)

    def again(self, task: Task, failure: Failure, delay: float) -> None:
        """Say that a study is tried again."""
        self._say(f"again in {delay:g} s  {task.title}  {failure.message}")

    def _say(self, text: str) -> None:
        print(one_line(text), file=sys.stderr, flush=True)


class Bars:
    """A bar with rate, time left, what runs now, and the failures so far above it."""

    def __init__(self, bar: Progress) -> None:
        self._bar = bar
        self._line = bar.add_task("studies", total=None, rate="", now="")
        self._running: dict[str, str] = {}
        self._failed = 0
        self._lock = threading.Lock()  # studies start in threads of the pool

    def planned(self, tasks: list[Task], workers: int) -> None:
        """Show how much there is to do."""
        what = "patients" if any(len(task.studies) > 1 for task in tasks) else "studies"
        self._bar.update(self._line, description=what, total=len(tasks), now=f"{workers} at a time")

    def started(self, task: Task) -> None:
        """Show a study among those that run."""
        with self._lock:
            self._running[task.key] = task.title
        self._show()

    def kept(self, task: Task, outcome: Outcome) -> None:
        """Count it."""
        self._bar.advance(self._line)

    def finished(self, task: Task, outcome: Outcome) -> None:
        """Count it; a failure stays on the screen."""
        with self._lock:
            self._running.pop(task.key, None)
        if outcome.failure:
            self._failed += 1
            self._print(f"failed  {task.title}: {outcome.failure.message}")
        self._bar.advance(self._line)
        self._show()

    def again(self, task: Task, failure: Failure, delay: float) -> None:
        """Say that a study is tried again."""
        with self._lock:
            self._running.pop(task.key, None)
        self._print(f"again in {delay:g} s  {task.title}: {failure.message}")

    def _show(self) -> None:
        with self._lock:
            titles = list(self._running.values())
        more = f" and {len(titles) - _NAMED} more" if len(titles) > _NAMED else ""
        failed = f"{self._failed} failed  " if self._failed else ""
        speed = self._bar.tasks[0].speed
        rate = (f"{speed * 60:.0f}/min" if speed * 60 >= 10 else f"{speed * 60:.2g}/min") if speed else ""
        self._bar.update(self._line, rate=rate, now=one_line(failed + ", ".join(titles[:_NAMED]) + more))

    def _print(self, text: str) -> None:
        self._bar.console.print(one_line(text), markup=False, highlight=False)
