"""What runs on a worker of a cluster: each task in a process of its own, beside Dask's."""

from __future__ import annotations

import multiprocessing
import shutil
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vqscript.batch import worker
from vqscript.batch.bundle import Bundle
from vqscript.batch.folder import BatchFolder
from vqscript.batch.parcel import Parcel, pack
from vqscript.batch.pool import Pool
from vqscript.batch.sent import Sent
from vqscript.batch.sight import Sight, problem, sight
from vqscript.batch.task import Job, Outcome
from vqscript.batch.versions import differences, versions
from vqscript.batch.worker import Assignment
from vqscript.errors import NotFound, UsageError
from vqscript.files import whole_file

SENT = "vqscript-sent"
"""Where the scheduler keeps what was written into repositories: batch, study, task -> UIDs."""

_IDLE = 60.0
"""Seconds without a task, after which a worker lets go of a batch."""

_LOOK = 0.3
"""Seconds between two looks at whether a task is still wanted."""


Heard = Callable[[tuple[str, list[str]]], None]


@dataclass(frozen=True)
class Errand:
    """A task for a worker of a cluster.

    Attributes
    ----------
    name : str
        Of this run of the batch.
    assignment : Assignment
        As the machine that leads the batch knows it.
    versions : mapping
        Of that machine.
    repository : Path, optional
        Folder of the repository; None for one that is reached by URL.
    ours : Sight, optional
        How that machine sees it.
    known : mapping
        Study UID -> what the batch wrote into it before.
    """

    name: str
    assignment: Assignment
    versions: Mapping[str, str]
    repository: Path | None = None
    ours: Sight | None = None
    known: dict[str, list[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """What comes back.

    Attributes
    ----------
    outcome : Outcome
    files : Parcel, optional
        What the task left in its folder, where the worker does not see that of the batch.
    sent : mapping
        Study UID -> what the task wrote into it, in the same case.
    """

    outcome: Outcome
    files: Parcel | None = None
    sent: dict[str, list[str]] = field(default_factory=dict)


def serve(errand: Errand, bundle: Bundle) -> Reply:
    """Run a task; called by Dask, in a thread of a worker.

    Dask's worker has to answer its scheduler, and a thread cannot be ended: the script runs in another process, as it
    does without a cluster. That has its own standard output and memory limit, and is ended if it hangs or if nobody
    waits for its result any more. So a worker may have several threads.
    """
    from distributed import get_client, get_worker

    dask = get_worker()
    _check(errand, dask.address)
    task = errand.assignment.task
    dask.log_event(errand.name, task.key)
    job = errand.assignment.job
    client: Any = get_client()
    told: dict[str, dict[str, list[str]]] = client.get_metadata([SENT, job.run_id], {})
    studies = [study["StudyInstanceUID"] for study in task.studies]
    known = {uid: {*errand.known.get(uid, ()), *_flat(told.get(uid, {}))} for uid in studies}

    def heard(message: tuple[str, list[str]]) -> None:
        study_uid, uids = message
        client.set_metadata([SENT, job.run_id, study_uid, task.folder], uids)

    key = dask.get_current_task()

    def wanted() -> bool:
        state = dask.state.tasks.get(key)
        return state is not None and state.state != "cancelled"

    with _places.use(errand, bundle, dask.local_directory) as place:
        return place.run(errand.assignment, known, heard, wanted)


def _check(errand: Errand, address: str) -> None:
    """Refuse what a worker that joined late cannot do; the others were asked before the batch began."""
    different = differences(errand.versions, versions())
    if different:
        raise UsageError(f"worker {address}: {', '.join(different)}")
    if errand.repository is not None and errand.ours is not None:
        wrong = problem(errand.repository, errand.ours, sight(errand.repository), address)
        if wrong is not None:
            raise wrong


def _flat(by_task: dict[str, list[str]]) -> Iterable[str]:
    return (uid for uids in by_task.values() for uid in uids)


def let_go(name: str) -> None:
    """Free what a worker holds for a batch, and end what it still runs; called by Dask, in its event loop."""
    threading.Thread(target=_places.let_go, args=(name,), daemon=True).start()


def run(argument: tuple[Assignment, Mapping[str, set[str]]]) -> Reply:
    """Run a task as it stands on this machine; the life of a task in its own process."""
    assignment, known = argument
    job = assignment.job
    record = Sent(job.output / ".batch" / "sent")
    for study_uid, uids in known.items():
        if uids:
            record.add(study_uid, uids)
    outcome = worker.run(assignment)
    if not job.relayed:
        return Reply(outcome)
    place = BatchFolder.open(job.output).study(assignment.task.folder)
    studies = (study["StudyInstanceUID"] for study in assignment.task.studies)
    sent = {uid: sorted(record.uids(uid)) for uid in studies}
    try:
        return Reply(outcome, pack(place), sent)
    finally:
        shutil.rmtree(place)


class _Place:
    """What a worker holds for a batch: the script, a folder for results if need be, processes.

    Parameters
    ----------
    job : Job
    bundle : Bundle
    base : str
        Folder of Dask's worker.
    """

    def __init__(self, job: Job, bundle: Bundle, base: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="vqscript-", dir=base)).resolve()
        self.job = self._settled(job, bundle)
        self._pools: dict[int, Pool] = {}  # by thread: each gives its process one task at a time
        self._heard: dict[int, Heard] = {}
        # Dask's own watcher began this process as a "daemon", which may have no children; ours end with this process.
        process = multiprocessing.current_process()
        if process.daemon:
            process.daemon = False

    def _settled(self, job: Job, bundle: Bundle) -> Job:
        """Return the job as it stands on this machine."""
        aliases = []
        if not bundle.visible:
            script, config = bundle.unpack(self.folder / "script")
            aliases.append((str(script.parent), str(job.script.parent)))
            job = replace(job, script=script, config=config or job.config)
        try:
            shared = BatchFolder.open(job.output).run_id == job.run_id
        except NotFound:
            shared = False
        if not shared:
            output = self.folder / "output"
            with whole_file(output / ".batch" / "id") as file:
                file.write(job.run_id.encode("ascii"))
            aliases.append((str(output), str(job.output)))
            job = replace(job, output=output, relayed=True)
        return replace(job, aliases=tuple(aliases))

    def run(
        self, assignment: Assignment, known: Mapping[str, set[str]], heard: Heard, wanted: Callable[[], bool]
    ) -> Reply:
        """Run a task in the process of this thread; that process is ended if the task is not wanted any more."""
        thread = threading.get_ident()
        self._heard[thread] = heard
        pool = self._pools.get(thread) or self._new_pool(thread)
        future = pool.submit(run, (replace(assignment, job=self.job), known))
        while True:
            try:
                reply: Reply = future.result(_LOOK)
                return reply
            except TimeoutError:
                if future.done():
                    raise  # it is the task's own
                if not wanted():
                    self._pools.pop(thread, None)
                    pool.shutdown()

    def _new_pool(self, thread: int) -> Pool:
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
        shutil.rmtree(self.folder, ignore_errors=True)


class _Places:
    """What a worker holds for each batch, for as long as there are tasks."""

    def __init__(self) -> None:
        self._held: dict[str, _Place] = {}
        self._users: Counter[str] = Counter()
        self._timers: dict[str, threading.Timer] = {}
        self._lock = threading.Lock()

    @contextmanager
    def use(self, errand: Errand, bundle: Bundle, base: str) -> Iterator[_Place]:
        """Give the place of a batch; it is let go of some time after its last use, should nobody say so before."""
        name = errand.name
        with self._lock:
            if name in self._timers:
                self._timers.pop(name).cancel()
            if name not in self._held:
                self._held[name] = _Place(errand.assignment.job, bundle, base)
            place = self._held[name]
            self._users[name] += 1
        try:
            yield place
        finally:
            with self._lock:
                self._users[name] -= 1
                if not self._users[name] and name in self._held:
                    self._timers[name] = threading.Timer(_IDLE, self.let_go, (name,))
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


_places = _Places()
