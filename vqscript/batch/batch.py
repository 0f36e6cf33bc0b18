"""A batch from beginning to end."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

from vqscript.batch import record, tables, worker
from vqscript.batch.folder import BatchFolder
from vqscript.batch.opened import no_process
from vqscript.batch.plan import plan, where
from vqscript.batch.report import write_report
from vqscript.batch.runner import Executor, ExecutorGone, Listener, Runner, Tally
from vqscript.batch.sent import Sent
from vqscript.batch.settings import Settings
from vqscript.batch.task import Job, Task
from vqscript.errors import NotFound, VqError

_PROCESS = re.compile(r"\bprocess\b")
_INCLUDE = re.compile(r"""#include\s+["']|\brequire\b""")


class BatchListener(Listener, Protocol):
    """Told how the batch goes on, from its plan on."""

    def planned(self, tasks: list[Task], workers: int) -> None:
        """It is known what is to be done."""

    def started(self, task: Task) -> None:
        """A worker took a task on."""


def run_batch(job: Job, settings: Settings, listener: BatchListener) -> Tally:
    """Run a script's ``process`` on every study of a project that has no valid result yet.

    Parameters
    ----------
    job : Job
        Its ``run_id`` becomes that of the folder.
    settings : Settings
    listener : BatchListener

    Raises
    ------
    VqError
        If there is nothing to do, or the script cannot be loaded; no study was processed then.
    KeyboardInterrupt
        After tables and report were written of what is done.
    """
    from vqscript import config
    from vqscript.host.permits import make_gate
    from vqscript.repository.opening import open_repository

    _check_script(job.script)
    configuration = config.load(job.config)
    make_gate(job.output, None, configuration)  # refuses an output folder inside a repository
    repository = open_repository(job.repo, configuration)
    try:
        own = None if settings.fresh else Sent(job.output / ".batch" / "sent")
        tasks = plan(repository, job.project, where(settings.filters), by_patient=job.by_patient, own=own)
        folder = BatchFolder.prepare(job.output, fresh=settings.fresh)
        job = replace(job, run_id=folder.run_id, output=folder.root)
        with folder.lock(), _executor(job, settings, tasks, listener) as (executor, workers, width):
            listener.planned(tasks, workers)
            loading = executor.submit(worker.load, job)
            begun = record.begun(job, tasks, settings, workers)
            script = loading.result()
            begun["sources"] = script.files
            folder.write_run(begun)
            runner = Runner(job, folder, repository, executor, width, listener)
            state = "interrupted"
            try:
                tally = runner.run(tasks)
                _summarise(job, folder, tasks, executor if script.sums_up else None)
                state = "failed" if tally.failed else "done"
            except VqError as error:
                state = "interrupted" if isinstance(error, ExecutorGone) else "failed"
                begun["failure"] = error.message
                raise
            finally:
                finish(folder, tasks, record.ended(begun, folder, state), parquet=settings.parquet)
            return tally
    finally:
        repository.close()


def finish(folder: BatchFolder, tasks: list[Task], run: dict[str, Any], *, parquet: bool = False) -> Path:
    """Write tables, ``run.json`` and the report from what is in the folder; returns the report."""
    tables.write_results(folder, [task.folder for task in tasks])
    if parquet:
        tables.write_parquet(folder, [task.folder for task in tasks])
    folder.write_run(run)
    return write_report(folder)


def refresh(folder: BatchFolder) -> Path:
    """Make tables and report of a batch again, also of one that was killed; returns the report."""
    run = folder.read_run()
    if not run:
        raise NotFound(f"{folder.root} holds no study yet", hint="the batch ended before it began", path=folder.root)
    run["studies"] = record.studies(run, folder)
    tables.write_results(folder, [study["folder"] for study in run["studies"]])
    return write_report(folder)


def _summarise(job: Job, folder: BatchFolder, tasks: list[Task], executor: Executor | None) -> None:
    """Have ``summary`` run, if there is one; what an earlier run or script left is gone in any case."""
    folder.forget_summary()
    if executor is not None:
        rows, _ = executor.submit(worker.summarise, (job, [task.folder for task in tasks])).result()
        tables.write_summary(folder, rows)


@contextmanager
def _executor(
    job: Job, settings: Settings, tasks: list[Task], listener: BatchListener
) -> Iterator[tuple[Executor, int, int]]:
    """Give an executor, how many tasks it runs at a time, and how many it is given at a time."""
    from vqscript.batch.pool import Pool

    def started(argument: object) -> None:
        if isinstance(argument, worker.Assignment):
            listener.started(argument.task)

    workers = 1 if settings.scheduler else min(settings.jobs or os.cpu_count() or 1, len(tasks))
    patience = worker.patience(job.limits)
    with Pool(workers, patience=patience, prepare=(worker.prepare, job.limits), started=started) as pool:
        if not settings.scheduler:
            yield pool, workers, 2 * workers
            return
        from vqscript.batch.cluster import cluster

        by_key = {task.key: task for task in tasks}
        with cluster(settings.scheduler, job, pool, lambda key: listener.started(by_key[key])) as executor:
            # Workers may join at any time: the scheduler gets all, unless it was said how many.
            width = settings.jobs or len(tasks)
            yield executor, min(executor.threads, width), width


def _check_script(script: Path) -> None:
    """Refuse a script that cannot define ``process`` before it is run: one that loops itself would do all its work."""
    from vqscript.host.source import read_script

    text = read_script(script)
    if not _PROCESS.search(text) and not _INCLUDE.search(text):
        raise no_process(script)
