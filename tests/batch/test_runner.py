"""The runner: what is tried again and what is not, and how much is in hand at a time."""

from __future__ import annotations

from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import pytest

from vqscript.batch import runner as runner_module
from vqscript.batch import worker
from vqscript.batch.failures import failure_of
from vqscript.batch.folder import BatchFolder
from vqscript.batch.pool import WorkerLost
from vqscript.batch.runner import ATTEMPTS, Runner
from vqscript.batch.task import Failure, Job, Outcome, Task
from vqscript.batch.worker import Assignment
from vqscript.errors import ScriptError, UsageError

PASSING = Failure("RepositoryError", "the server went away", transient=True)
LASTING = Failure("UsageError", "no such organ")


def task(n: int, size: int = 1) -> Task:
    study = {"StudyInstanceUID": f"1.2.{n}", "PatientsName": f"P{n}", "PatientID": f"{n}", "StudyDate": "20240101"}
    return Task(f"1.2.{n}", n, size, f"P{n}", (study,))


class Told:
    """A listener that remembers."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def kept(self, task: Task, outcome: Outcome) -> None:
        self.events.append(f"kept {task.index}")

    def finished(self, task: Task, outcome: Outcome) -> None:
        self.events.append(f"{outcome.state} {task.index}")

    def again(self, task: Task, failure: Failure, delay: float) -> None:
        self.events.append(f"again {task.index}")


class Prophecy:
    """An executor that knows what becomes of each attempt, and runs nothing."""

    def __init__(self, fates):
        self.fates = fates
        self.attempts: list[tuple[int, int]] = []

    def submit(self, function, assignment):
        self.attempts.append((assignment.task.index, assignment.attempt))
        fate = self.fates(assignment)
        future: Future = Future()
        if isinstance(fate, BaseException):
            future.set_exception(fate)
        else:
            done = Outcome(assignment.task.key, assignment.task.folder, "failed" if fate else "done", failure=fate)
            future.set_result(done)
        return future


@pytest.fixture
def run(tmp_path, monkeypatch):
    monkeypatch.setattr(runner_module, "_DELAY", 0.01)
    folder = BatchFolder.prepare(tmp_path / "out")
    told = Told()

    def run(fates, *tasks: Task, width: int = 2):
        job = Job(Path("q.lua"), "lab.repo", "", folder.root, folder.run_id)
        executor = Prophecy(fates)
        tally = Runner(job, folder, None, executor, width, told).run(tasks)  # type: ignore[arg-type]
        return tally, executor.attempts, told.events

    run.folder = folder
    return run


def test_trouble_that_passes_is_tried_again(run):
    tally, attempts, events = run(lambda each: PASSING if each.attempt == 1 else None, task(1))
    assert (tally.done, tally.failed) == (1, 0)
    assert attempts == [(1, 1), (1, 2)]
    assert events == ["again 1", "done 1"]


def test_trouble_that_does_not_pass_ends_after_the_last_attempt(run):
    tally, attempts, _ = run(lambda each: PASSING, task(1))
    assert (tally.done, tally.failed) == (0, 1)
    assert [attempt for _, attempt in attempts] == list(range(1, ATTEMPTS + 1))


def test_what_is_the_scripts_fault_is_not_tried_again(run):
    tally, attempts, events = run(lambda each: LASTING, task(1), task(2))
    assert tally.failed == 2
    assert attempts == [(1, 1), (2, 1)]
    assert events == ["failed 1", "failed 2"]


def test_a_lost_worker_leaves_a_record(run):
    tally, _, _ = run(lambda each: WorkerLost("the worker process ended (SIGKILL)"), task(1))
    assert tally.failed == 1
    record = run.folder.read("P1")
    assert record.state == "failed"
    assert record.failure.kind == "WorkerLost"


def test_other_studies_go_on_while_one_waits_to_be_tried_again(run):
    _, attempts, _ = run(
        lambda each: PASSING if each.task.index == 1 and each.attempt == 1 else None, *map(task, range(1, 6)), width=1
    )
    assert attempts[0] == (1, 1)
    assert sorted(attempts) == [(1, 1), (1, 2), (2, 1), (3, 1), (4, 1), (5, 1)]


def test_no_more_than_the_width_is_in_hand(run):
    """Tasks are taken from their iterator only as others finish."""
    taken: list[int] = []

    def tasks():
        for n in range(1, 101):
            taken.append(n)
            yield task(n)

    most = 0

    def fate(assignment):
        nonlocal most
        most = max(most, taken[-1] - assignment.task.index)

    tally, _, _ = run(fate, *[], width=3)
    assert tally.done == 0
    folder = run.folder
    job = Job(Path("q.lua"), "lab.repo", "", folder.root, folder.run_id)
    tally = Runner(job, folder, None, Prophecy(fate), 3, Told()).run(tasks())  # type: ignore[arg-type]
    assert tally.done == 100
    assert most == 0


@pytest.mark.parametrize(
    ("error", "transient"),
    [
        (ConnectionResetError("gone"), True),
        (TimeoutError("slow"), True),
        (FileNotFoundError(2, "No such file", "x"), False),
        (UsageError("wrong"), False),
        (MemoryError("big"), False),
        (WorkerLost("gone"), False),
        (ValueError("a fault"), False),
    ],
)
def test_what_may_pass(error, transient):
    assert failure_of(error).transient is transient


def test_a_script_error_is_judged_by_what_is_behind_it():
    script = ScriptError("q.lua:3: no answer", kind="RepositoryError", frames=("q.lua:3: in process",))
    script.__cause__ = ConnectionRefusedError("refused")
    failure = failure_of(script)
    assert failure.transient
    assert (failure.kind, failure.frames) == ("RepositoryError", ("q.lua:3: in process",))


def test_a_record_reads_back_as_it_was_written(tmp_path):
    folder = BatchFolder.prepare(tmp_path / "out")
    (folder.root / "studies" / "P1").mkdir(parents=True)
    outcome = Outcome(
        "1.2.1",
        "P1",
        "failed",
        [{"study_uid": "1.2.1", "mean": 1.5}],
        replace(LASTING, frames=("a", "b")),
        seconds=1.25,
    )
    folder.write(outcome)
    assert folder.read("P1") == outcome


def test_a_worker_whose_configuration_went_away_says_so(tmp_path, mice):
    folder = BatchFolder.prepare(tmp_path / "out")
    script = tmp_path / "q.lua"
    script.write_text("function process() end", encoding="utf-8")
    job = Job(script, str(mice.path), "", folder.root, folder.run_id, config=tmp_path / "gone.toml")
    outcome = worker.run(Assignment(job, task(1)))
    assert outcome.state == "failed"
    assert "gone.toml" in outcome.failure.message
