"""What a worker of a cluster holds for a batch: the script, folders where it sees none, processes."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from vqscript.batch import worker
from vqscript.batch.bundle import Bundle
from vqscript.batch.folder import BatchFolder
from vqscript.batch.pool import Pool, WorkerLost
from vqscript.batch.task import Job
from vqscript.errors import NotFound
from vqscript.files import whole_file

IDLE = 60.0
"""Seconds without a task, after which a worker lets go of a batch, should nobody have told it to."""

_LOOK = 0.3
"""Seconds between two looks at whether a result is still wanted."""

Heard = Callable[[Any], None]


class Place:
    """A batch on a worker.

    Parameters
    ----------
    job : Job
        As the machine that leads the batch knows it.
    bundle : Bundle
    base : str
        Folder that is removed with the worker.

    Attributes
    ----------
    job : Job
        As it stands on this machine.
    """

    def __init__(self, job: Job, bundle: Bundle, base: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="vqscript-", dir=base)).resolve()
        self._pools: dict[int, Pool] = {}  # by thread: each has a process that runs one task at a time
        self._heard: dict[int, Heard] = {}
        self.job = self._settled(job, bundle)

    def _settled(self, job: Job, bundle: Bundle) -> Job:
        aliases = []
        if not bundle.visible:
            script, config = bundle.unpack(self._folder / "script")
            aliases.append((str(script.parent), str(job.script.parent)))
            job = replace(job, script=script, config=config or job.config)
        if not shares(job):
            output = self._folder / "output"
            with whole_file(output / ".batch" / "id") as file:
                file.write(job.run_id.encode("ascii"))
            aliases.append((str(output), str(job.output)))
            job = replace(job, output=output, relayed=True)
        return replace(job, aliases=tuple(aliases))

    def call(self, function: Callable[[Any], Any], argument: Any, heard: Heard, wanted: Callable[[], bool]) -> Any:
        """Return ``function(argument)``, from the process that belongs to this thread.

        Parameters
        ----------
        function : callable
        argument : object
        heard : callable
            Gets what the function says by :func:`~vqscript.batch.pool.tell`.
        wanted : callable
            Whether somebody still waits for the result; if not, the process is ended.

        Raises
        ------
        WorkerLost
            If the process ended, or had to be ended.
        """
        thread = threading.get_ident()
        self._heard[thread] = heard
        pool = self._pools.get(thread) or self._new_pool(thread)
        future = pool.submit(function, argument)
        while True:
            try:
                return future.result(_LOOK)
            except TimeoutError:
                if future.done():
                    raise  # the function's own
            except CancelledError:
                raise WorkerLost("the batch was stopped") from None
            if not wanted():
                self._pools.pop(thread, None)
                pool.shutdown()

    def _new_pool(self, thread: int) -> Pool:
        # Dask begins its workers as "daemons", which may have no children. Ours end as soon as this process has.
        process = multiprocessing.current_process()
        if process.daemon:
            process.daemon = False
        limits = self.job.limits
        self._pools[thread] = Pool(
            1,
            patience=worker.patience(limits),
            prepare=(worker.prepare, limits),
            heard=lambda message: self._heard[thread](message),
        )
        return self._pools[thread]

    def close(self) -> None:
        """End all processes and remove the folder."""
        for pool in list(self._pools.values()):
            pool.shutdown()
        shutil.rmtree(self._folder, ignore_errors=True)


def shares(job: Job) -> bool:
    """Whether this machine sees the folder of a batch."""
    try:
        return BatchFolder.open(job.output).run_id == job.run_id
    except NotFound:
        return False


class Places:
    """The batches on a worker, each for as long as it has tasks."""

    def __init__(self) -> None:
        self._held: dict[str, Place] = {}
        self._users: Counter[str] = Counter()
        self._timers: dict[str, threading.Timer] = {}
        self._lock = threading.Lock()

    @contextmanager
    def use(self, name: str, make: Callable[[], Place]) -> Iterator[Place]:
        """Give the place of a batch, which is made if need be."""
        with self._lock:
            if name in self._timers:
                self._timers.pop(name).cancel()
            if name not in self._held:
                self._held[name] = make()
            place = self._held[name]
            self._users[name] += 1
        try:
            yield place
        finally:
            with self._lock:
                self._users[name] -= 1
                if not self._users[name] and name in self._held:
                    self._timers[name] = threading.Timer(IDLE, self.let_go, (name,))
                    self._timers[name].daemon = True
                    self._timers[name].start()

    def let_go(self, name: str) -> None:
        """End what runs for a batch, and forget it."""
        with self._lock:
            place = self._held.pop(name, None)
            timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()
        if place is not None:
            place.close()
