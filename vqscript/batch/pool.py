"""Worker processes, each of which may end at any moment without harm to the others.

``concurrent.futures.ProcessPoolExecutor`` gives up all of its tasks when one worker ends; here the task that
ended it fails, and another worker takes its place.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from multiprocessing.connection import Connection, wait
from typing import Any

from vqscript.errors import VqError
from vqscript.host.watchdog import EXIT_WATCHDOG

_TASKS_PER_WORKER = 200
"""After so many tasks a worker is replaced, whatever the libraries it uses may have kept."""

_GENTLY = 2.0
"""Seconds a worker has to end when it is asked to."""


_parent: Connection | None = None
"""In a worker process, the pipe to whoever gives it tasks."""

_worn = False
"""Whether this process, a worker, is to be replaced."""


class WorkerLost(VqError):
    """A worker process ended, or had to be ended, before its task was done."""


def tell(message: object) -> None:
    """Tell the process that began this worker something, and wait until it took note; raises what it raises."""
    if _parent is None:
        raise RuntimeError("this process is no worker")
    _parent.send(("told", message))
    noted, error = _parent.recv()
    if not noted:
        raise error


class Pool:
    """Runs functions in processes that are started afresh (spawn), one task at a time each.

    Parameters
    ----------
    size : int
        How many processes.
    patience : float, optional
        Seconds after which a task that has not returned is ended together with its process; None waits for ever.
    prepare : tuple of callable and argument, optional
        Called in each process before its first task.
    started : callable, optional
        Told the argument of each task when a worker takes it on; called in a thread of the pool.
    heard : callable, optional
        Gets what a task says by :func:`tell`; the task waits for it to return. Called in a thread of the pool.
    """

    def __init__(
        self,
        size: int,
        *,
        patience: float | None = None,
        prepare: tuple[Callable[[Any], None], Any] | None = None,
        started: Callable[[Any], None] = lambda task: None,
        heard: Callable[[Any], None] = lambda message: None,
    ) -> None:
        self._patience = patience
        self._prepare = prepare
        self._started = started
        self._heard = heard
        self._waiting: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._closing = threading.Lock()  # nothing is put behind the last mark
        self._threads = [threading.Thread(target=self._serve, name=f"pool-{n}", daemon=True) for n in range(size)]
        for thread in self._threads:
            thread.start()

    def submit(self, function: Callable[[Any], Any], argument: Any) -> Future[Any]:
        """Have ``function(argument)`` run in a worker; both are pickled.

        The future's exception is :class:`WorkerLost` where the process ended before it answered; after
        :meth:`shutdown` it is cancelled.
        """
        future: Future[Any] = Future()
        with self._closing:
            if self._closed.is_set():
                future.cancel()
            else:
                self._waiting.put((future, function, argument))
        return future

    def shutdown(self) -> None:
        """End all workers at once; tasks that run are lost, those that wait are cancelled."""
        with self._closing:
            self._closed.set()
            for _ in self._threads:
                self._waiting.put(None)
        for thread in self._threads:
            thread.join()

    def __enter__(self) -> Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()

    def _serve(self) -> None:
        """Feed one worker, and the ones that take its place."""
        # Begun before there is a task: while the first one is found, all of them import what takes long.
        worker: _Worker | None = None
        with contextlib.suppress(OSError):  # the system has no process left; a task is told, should it still have none
            worker = _Worker(self._prepare, self._heard)
        try:
            while (work := self._waiting.get()) is not None:
                future, function, argument = work
                if self._closed.is_set() or not future.set_running_or_notify_cancel():
                    future.cancel()
                    continue
                try:
                    if worker is not None and (worker.served >= _TASKS_PER_WORKER or not worker.alive):
                        worker.end()
                        worker = None
                    worker = worker or _Worker(self._prepare, self._heard)
                    self._started(argument)
                    future.set_result(worker.run(function, argument, self._patience, self._closed))
                except WorkerLost as error:
                    if worker is not None:
                        worker.end()
                    worker = None
                    future.set_exception(error)
                except Exception as error:  # noqa: BLE001 - what the task raised belongs to its future
                    future.set_exception(error)
        finally:
            if worker is not None:
                worker.end()


_Work = tuple["Future[Any]", Callable[[Any], Any], Any]


class _Worker:
    """One process and the pipe to it."""

    def __init__(self, prepare: tuple[Callable[[Any], None], Any] | None, heard: Callable[[Any], None]) -> None:
        self._heard = heard
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, prepare), daemon=True)
        self._process.start()
        theirs.close()
        self.served = 0

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def run(
        self, function: Callable[[Any], Any], argument: Any, patience: float | None, closed: threading.Event
    ) -> Any:
        """Return what the function returns, or raise what it raises."""
        self.served += 1
        deadline = None if patience is None else time.monotonic() + patience
        try:
            self._pipe.send((function, argument))
            while True:
                self._await_word(patience, deadline, closed)
                kind, value = self._pipe.recv()
                if kind == "told":
                    self._pipe.send(self._take_note(value))
                elif kind == "worn":
                    self.served = _TASKS_PER_WORKER
                else:
                    break
        except (EOFError, OSError) as error:
            self._process.join(_GENTLY)
            raise WorkerLost(f"the worker process ended ({_ending(self._process.exitcode)})") from error
        if kind == "done":
            return value
        raise value

    def _take_note(self, message: object) -> tuple[bool, Exception | None]:
        try:
            self._heard(message)
        except Exception as error:  # noqa: BLE001 - the task that said it has to know
            return False, error
        return True, None

    def _await_word(self, patience: float | None, deadline: float | None, closed: threading.Event) -> None:
        while not wait([self._pipe, self._process.sentinel], timeout=0.2):
            if closed.is_set():
                raise WorkerLost("the batch was stopped")
            if deadline is not None and time.monotonic() > deadline:
                raise WorkerLost(f"the worker did not answer within {patience:g} s, and was ended")
        if not self._pipe.poll():
            raise EOFError

    def end(self) -> None:
        """End the process, gently first."""
        self._pipe.close()  # an idle worker sees the end of the pipe
        self._process.join(0.05)
        for ask in (self._process.terminate, self._process.kill):
            if self._process.is_alive():
                ask()
                self._process.join(_GENTLY)
        self._process.close()


def _ending(code: int | None) -> str:
    if code is not None and code < 0:
        try:
            name = signal.Signals(-code).name
        except ValueError:
            name = f"signal {-code}"
        return f"{name}: the system ends a process so when memory runs out" if name == "SIGKILL" else name
    if code == EXIT_WATCHDOG:
        return "the script did not stop at its time limit: the log says where it was"
    return f"exit code {code}"


def _work(pipe: Connection, prepare: tuple[Callable[[Any], None], Any] | None) -> None:
    """Serve tasks until the pipe closes; the life of a worker process."""
    global _parent
    _parent = pipe
    # Ctrl-C reaches the whole group; it is the parent that decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    if prepare is not None:
        function, argument = prepare
        function(argument)
    while True:
        try:
            function, argument = pipe.recv()
        except EOFError:
            _flush()
            os._exit(0)  # taking the interpreter down in order takes longer than the parent waits
        try:
            answer = ("done", function(argument))
        except Exception as error:  # noqa: BLE001 - it is raised again in the parent
            answer = ("failed", error)
        if _worn:
            pipe.send(("worn", None))
        pipe.send(answer)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):  # nobody reads it any more
            stream.flush()


def retire() -> None:
    """Have this process replaced after its task: called in a worker that may not be fit for another one."""
    global _worn
    _worn = True


def _end_with_parent() -> None:
    """End this process as soon as the parent has ended, however that came about."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
