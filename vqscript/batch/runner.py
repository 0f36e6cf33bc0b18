"""The runner: tasks through an executor, each until it is done or has failed for good."""

from __future__ import annotations

import heapq
import queue
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Protocol

from vqscript.batch import fingerprint, worker
from vqscript.batch.failures import failure_of
from vqscript.batch.folder import BatchFolder
from vqscript.batch.sent import Sent
from vqscript.batch.task import Failure, Job, Outcome, Task
from vqscript.batch.worker import Assignment
from vqscript.errors import Damaged, VqError
from vqscript.repository.base import Repository

ATTEMPTS = 3
"""How often a task is tried whose trouble may pass."""

_DELAY = 2.0
"""Seconds before the second attempt; each further one waits twice as long."""


class ExecutorGone(VqError):
    """There is nothing any more that tasks could run on: the batch ends, and no task has failed."""


class Result(Protocol):
    """A task in hand: the future of ``concurrent.futures``, of ``dask.distributed``, or the like."""

    def add_done_callback(self, fn: Callable[[Any], object], /) -> None:
        """Have a function called with this, once it is done."""

    def result(self) -> Any:
        """Return what the function returned, or raise what it raised; ExecutorGone ends the batch."""


class Executor(Protocol):
    """Anything with ``submit``."""

    def submit(self, function: Callable[[Any], Any], argument: Any, /) -> Any:
        """Have a function run elsewhere; returns a :class:`Result`."""


class Listener(Protocol):
    """Told how the batch goes on."""

    def kept(self, task: Task, outcome: Outcome) -> None:
        """An earlier result still holds."""

    def finished(self, task: Task, outcome: Outcome) -> None:
        """A task is done, or has failed for good."""

    def again(self, task: Task, failure: Failure, delay: float) -> None:
        """A task failed, and is tried again."""


@dataclass
class Tally:
    """How many tasks were kept, done and failed."""

    kept: int = 0
    done: int = 0
    failed: int = 0


class Runner:
    """Runs the tasks of a batch.

    Parameters
    ----------
    job : Job
    folder : BatchFolder
    repository : Repository
        For seeing whether an earlier result still holds.
    executor : Executor
    width : int
        How many tasks are handed over at a time; those that wait take no memory here.
    listener : Listener
    """

    def __init__(
        self,
        job: Job,
        folder: BatchFolder,
        repository: Repository,
        executor: Executor,
        width: int,
        listener: Listener,
    ) -> None:
        self._job = job
        self._folder = folder
        self._repository = repository
        self._executor = executor
        self._width = width
        self._listener = listener
        self._sent = Sent(folder.private / "sent")
        self._done: queue.SimpleQueue[tuple[Result, Assignment]] = queue.SimpleQueue()
        self._later: list[tuple[float, int, Assignment]] = []  # heap: when it is tried again
        self._tally = Tally()

    def run(self, tasks: Iterable[Task]) -> Tally:
        """Run all tasks whose earlier results do not hold any more, or that have none."""
        waiting = self._assignments(tasks)
        in_hand = 0
        while True:
            while in_hand < self._width and (assignment := self._due() or next(waiting, None)):
                self._submit(assignment)
                in_hand += 1
            if not in_hand and not self._later:
                return self._tally
            try:
                # A wait without an end would not hear Ctrl-C on Windows.
                result, finished = self._done.get(timeout=0.5)
            except queue.Empty:
                continue
            in_hand -= 1
            self._settle(finished, result)

    def _assignments(self, tasks: Iterable[Task]) -> Iterator[Assignment]:
        for task in tasks:
            outcome = self._kept(task)
            if outcome is None:
                yield Assignment(self._job, task)
            else:
                self._tally.kept += 1
                self._listener.kept(task, replace(outcome, rows=[]))

    def _kept(self, task: Task) -> Outcome | None:
        """Return the earlier result of a task if it still holds."""
        try:
            outcome = self._folder.read(task.folder)
        except Damaged:
            return None
        if outcome is None or outcome.state != "done" or outcome.key != task.key:
            return None
        place = self._folder.study(task.folder)
        repository, sent = self._repository, self._sent
        holds = (
            all((place / name).is_file() for name in outcome.files)
            and fingerprint.unchanged(outcome.sources)
            and fingerprint.of_task(repository, task, self._job, sent) == outcome.fingerprint
            and all(fingerprint.of_study(repository, uid, sent) == held for uid, held in outcome.others.items())
        )
        return outcome if holds else None

    def _due(self) -> Assignment | None:
        """Return an assignment whose time to be tried again has come."""
        if self._later and self._later[0][0] <= time.monotonic():
            return heapq.heappop(self._later)[2]
        return None

    def _submit(self, assignment: Assignment) -> None:
        result = self._executor.submit(worker.run, assignment)
        result.add_done_callback(lambda finished: self._done.put((finished, assignment)))

    def _settle(self, assignment: Assignment, result: Result) -> None:
        task = assignment.task
        try:
            outcome: Outcome = result.result()
        except ExecutorGone:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it was, it costs this task only
            outcome = self._lost(assignment, failure_of(error))
        if outcome.failure and outcome.failure.transient and assignment.attempt < ATTEMPTS:
            delay = _DELAY * 2 ** (assignment.attempt - 1)
            following = replace(assignment, attempt=assignment.attempt + 1)
            heapq.heappush(self._later, (time.monotonic() + delay, task.index, following))
            self._listener.again(task, outcome.failure, delay)
            return
        if outcome.state == "done":
            self._tally.done += 1
        else:
            self._tally.failed += 1
        self._listener.finished(task, outcome)

    def _lost(self, assignment: Assignment, failure: Failure) -> Outcome:
        """Write the record that a worker could not write any more."""
        task = assignment.task
        outcome = Outcome(key=task.key, folder=task.folder, state="failed", failure=failure, attempt=assignment.attempt)
        self._folder.study(task.folder).mkdir(parents=True, exist_ok=True)
        self._folder.write(outcome)
        return outcome
