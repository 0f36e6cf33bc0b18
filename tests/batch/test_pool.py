"""Worker processes: one that ends costs its own task only."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from vqscript.batch.pool import Pool, WorkerLost, retire, tell
from vqscript.errors import UsageError

HANG_GUARD = 60


@pytest.fixture(autouse=True)
def _workers_find_this_module(monkeypatch):
    """What workers are asked to do stands in this module, which they import by its name."""
    monkeypatch.setattr(sys, "path", [*sys.path, str(Path(__file__).parents[2])])


def double(number: int) -> int:
    return 2 * number


def refuse(text: str) -> None:
    raise UsageError(f"no {text}", hint="something else")


def end_by(number: int) -> None:
    os.kill(os.getpid(), number)


def leave(code: int) -> None:
    os._exit(code)


def hang(seconds: float) -> None:
    time.sleep(seconds)


def wear_out(_: object) -> int:
    retire()
    return os.getpid()


def process_id(_: object) -> int:
    return os.getpid()


def note_mark(text: str) -> None:
    os.environ["POOL_MARK"] = text


def read_mark(_: object) -> str:
    return os.environ.get("POOL_MARK", "")


@pytest.fixture
def pool():
    with Pool(2) as pool:
        yield pool


def test_tasks_run_and_return_in_any_number(pool):
    futures = [pool.submit(double, number) for number in range(50)]
    assert [future.result(HANG_GUARD) for future in futures] == [2 * number for number in range(50)]


def test_what_a_task_raises_is_raised_again_with_its_hint(pool):
    with pytest.raises(UsageError, match="no bread") as caught:
        pool.submit(refuse, "bread").result(HANG_GUARD)
    assert caught.value.hint == "something else"


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_killed_worker_costs_its_own_task_only(pool):
    futures = [pool.submit(double, 1), pool.submit(end_by, signal.SIGKILL), *(pool.submit(double, n) for n in range(9))]
    with pytest.raises(WorkerLost, match="SIGKILL"):
        futures[1].result(HANG_GUARD)
    assert [future.result(HANG_GUARD) for future in futures if future is not futures[1]] == [2, *range(0, 18, 2)]


def test_a_worker_that_leaves_is_named_with_its_exit_code(pool):
    with pytest.raises(WorkerLost, match="exit code 3"):
        pool.submit(leave, 3).result(HANG_GUARD)


def test_a_task_that_hangs_is_ended_after_the_pools_patience():
    with Pool(1, patience=1) as pool:
        lost, next_one = pool.submit(hang, 600), pool.submit(double, 4)
        with pytest.raises(WorkerLost, match="did not answer within 1 s"):
            lost.result(HANG_GUARD)
        assert next_one.result(HANG_GUARD) == 8


def test_shutdown_ends_what_runs_and_cancels_what_waits():
    pool = Pool(1)
    running, waiting = pool.submit(hang, 600), pool.submit(double, 4)
    while not running.running():
        time.sleep(0.01)
    pool.shutdown()
    assert waiting.cancelled()
    with pytest.raises(WorkerLost, match="stopped"):
        running.result(HANG_GUARD)


def test_after_the_shutdown_nothing_is_taken_on():
    pool = Pool(1)
    pool.shutdown()
    assert pool.submit(double, 4).cancelled()
    pool.shutdown()


def say(messages: list[str]) -> str:
    for message in messages:
        tell(message)
    return "said"


def say_and_note(message: str) -> str:
    try:
        tell(message)
    except UsageError as error:
        return f"refused: {error.message}"
    return "heard"


def test_a_task_waits_until_it_was_heard():
    heard = []
    with Pool(1, heard=heard.append) as pool:
        assert pool.submit(say, ["one", "two"]).result(HANG_GUARD) == "said"
    assert heard == ["one", "two"]


def test_a_task_is_told_when_what_it_said_could_not_be_noted():
    with Pool(1, heard=refuse) as pool:
        assert pool.submit(say_and_note, "more").result(HANG_GUARD) == "refused: no more"
        assert pool.submit(double, 4).result(HANG_GUARD) == 8


def test_each_worker_is_prepared_before_its_first_task_the_one_that_takes_anothers_place_too():
    with Pool(1, prepare=(note_mark, "ready")) as pool:
        assert pool.submit(read_mark, None).result(HANG_GUARD) == "ready"
        first = pool.submit(process_id, None).result(HANG_GUARD)
        pool.submit(leave, 1).exception(HANG_GUARD)
        assert pool.submit(process_id, None).result(HANG_GUARD) != first
        assert pool.submit(read_mark, None).result(HANG_GUARD) == "ready"


def test_who_asked_is_told_which_task_a_worker_takes_on():
    taken = []
    with Pool(1, started=taken.append) as pool:
        for number in (1, 2, 3):
            pool.submit(double, number).result(HANG_GUARD)
    assert taken == [1, 2, 3]


def test_a_process_that_cannot_be_started_costs_a_task_and_not_the_pool(monkeypatch):
    from vqscript.batch import pool as module

    real, refused = module._Worker, []

    def refuse(*arguments):
        refused.append(arguments)
        if len(refused) <= 2:  # before there is a task, and for the first one
            raise OSError("no process left")
        return real(*arguments)

    monkeypatch.setattr(module, "_Worker", refuse)
    with Pool(1) as pool:
        with pytest.raises(OSError, match="no process left"):
            pool.submit(double, 1).result(HANG_GUARD)
        assert pool.submit(double, 2).result(HANG_GUARD) == 4


def test_a_listener_that_fails_costs_a_task_and_not_the_pool():
    def started(number: object) -> None:
        if number == 1:
            raise UsageError("the terminal is gone")

    with Pool(1, started=started) as pool:
        with pytest.raises(UsageError, match="the terminal is gone"):
            pool.submit(double, 1).result(HANG_GUARD)
        assert pool.submit(double, 2).result(HANG_GUARD) == 4


def test_a_worker_that_retires_is_replaced():
    with Pool(1) as pool:
        first = pool.submit(wear_out, None).result(HANG_GUARD)
        assert pool.submit(process_id, None).result(HANG_GUARD) != first
