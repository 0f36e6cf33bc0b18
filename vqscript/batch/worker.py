"""What runs in a worker process: a script's ``process`` on one task, in a runtime of its own."""

from __future__ import annotations

import os
import time
import traceback
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from vqscript.batch import fingerprint
from vqscript.batch.failures import failure_of
from vqscript.batch.folder import LOG, RESULT, BatchFolder
from vqscript.batch.log import LogInteraction, output_into
from vqscript.batch.opened import Opened
from vqscript.batch.pool import retire
from vqscript.batch.report.previews import previews
from vqscript.batch.rows import Row, rows_of, summary_rows
from vqscript.batch.task import Failure, Job, Outcome, Task
from vqscript.errors import VqError
from vqscript.host.limits import Limits, limit_process

PATIENCE = 20.0
"""Seconds that a process has beyond a task's time limit to end by itself."""


@dataclass(frozen=True)
class Assignment:
    """A task with all that a worker needs to know; attempts count from 1."""

    job: Job
    task: Task
    attempt: int = 1


@dataclass(frozen=True)
class Script:
    """What is known of a script once it was loaded: its files with their SHA-256, and whether it sums up."""

    files: dict[str, str]
    sums_up: bool


def prepare(limits: Limits) -> None:
    """Make a fresh process ready: what takes long to import is there, and memory is held to its limit."""
    # The workers are what runs side by side; threads of linear algebra in each would only stand in their way.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

    import numpy  # noqa: F401
    import pydicom  # noqa: F401

    import vqscript.host.runtime
    import vqscript.session.loading
    import vqscript.vq.root  # noqa: F401

    limit_process(limits)


def patience(limits: Limits) -> float | None:
    """Return the seconds after which a process that does not answer is ended, None to wait for ever."""
    return None if limits.time is None else limits.time + PATIENCE


def load(job: Job) -> Script:
    """Load the script and run its ``setup``, with 0 as the index: what is wrong with these is wrong for every study.

    Raises
    ------
    VqError
    """
    private = BatchFolder.open(job.output).private
    place = private / "setup"
    place.mkdir(exist_ok=True)
    with output_into(place / LOG) as file:
        interaction = LogInteraction(file, job.answers)
        with Opened(job, place, interaction, _batch(job, 0, 0)) as opened:
            return Script(opened.sources(), opened.runtime.defines("summary"))


def run(assignment: Assignment) -> Outcome:
    """Run a task and leave its record in its folder; returns the record, without what only the folder need hold."""
    job, task = assignment.job, assignment.task
    folder = BatchFolder.open(job.output)
    with folder.running(task.folder):
        place = folder.clear(task.folder)
        with output_into(place / LOG) as file:
            try:
                outcome = _outcome(assignment, place, LogInteraction(file, job.answers, job.named))
            except Exception:
                traceback.print_exc()  # into the study's log; the batch makes a failure of it
                raise
        previews(folder, task.folder, outcome.files)  # here, where they are made side by side
        folder.write(outcome)
    return replace(outcome, rows=[], trace=[], sources={}, others={})


def summarise(argument: tuple[Job, list[str]]) -> tuple[list[Row], list[str]]:
    """Run the script's ``summary`` on the rows of all finished tasks.

    Parameters
    ----------
    argument : tuple of Job and list of str
        The names of the tasks' folders, in order.

    Returns
    -------
    tuple
        The rows it returned, and the files it wrote into the folder ``summary``.

    Raises
    ------
    VqError
    """
    job, names = argument
    folder = BatchFolder.open(job.output)
    outcomes = (folder.read(name) for name in names)
    rows = [row for outcome in outcomes if outcome and outcome.state == "done" for row in outcome.rows]
    place = folder.root / "summary"
    place.mkdir(exist_ok=True)
    with output_into(place / LOG) as file:
        interaction = LogInteraction(file, job.answers)
        with Opened(job, place, interaction, _batch(job, len(names), len(names))) as opened:
            return summary_rows(opened.call("summary", rows)), _files(place)


def _outcome(assignment: Assignment, place: Path, interaction: LogInteraction) -> Outcome:
    job, task = assignment.job, assignment.task
    started, clock = datetime.now().astimezone().isoformat(timespec="seconds"), time.monotonic()
    rows: list[Row] = []
    failure: Failure | None = None
    before = ""
    others: dict[str, str] = {}
    opened = Opened(job, place, interaction, _batch(job, task.index, task.size))
    try:
        with opened:
            before = fingerprint.of_task(opened.repository, task, job, opened.sent)
            subject = list(task.studies) if job.by_patient else task.studies[0]
            rows = rows_of(opened.call("process", opened.repo(), subject), task)
            others = opened.others(task)
    except (VqError, OSError, MemoryError) as error:
        failure = failure_of(error)
        if failure.kind == "MemoryError":
            retire()  # what is left of this task may stand in the way of the next one
        interaction.write("\n".join(["error: " + failure.message, *(f"    {frame}" for frame in failure.frames)]))
        if failure.hint:
            interaction.write(f"hint: {failure.hint}")
    if failure:
        told = {name: job.named(getattr(failure, name)) for name in ("message", "hint", "frames")}
        failure = replace(failure, **told)
    return Outcome(
        key=task.key,
        folder=task.folder,
        state="failed" if failure else "done",
        rows=job.named(rows),
        failure=failure,
        fingerprint=before,
        sources=job.named(opened.sources()),
        others=others,
        trace=job.named(opened.trace()),
        files=_files(place),
        warnings=interaction.warnings,
        started=started,
        seconds=round(time.monotonic() - clock, 3),
        attempt=assignment.attempt,
    )


def _batch(job: Job, index: int, size: int) -> dict[str, Any]:
    return {"index": index, "size": size, "last": index == size, "args": dict(job.args)}


def _files(place: Path) -> list[str]:
    """Return what a script wrote into its folder, relative to it."""
    found = (path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())
    return sorted(name for name in found if name not in (LOG, RESULT))
