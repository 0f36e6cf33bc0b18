"""The workers of a Dask scheduler, in place of processes of this machine."""

from __future__ import annotations

import importlib
import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.batch import parcel, remote, worker
from vqscript.batch.bundle import pack
from vqscript.batch.folder import BatchFolder
from vqscript.batch.pool import WorkerLost
from vqscript.batch.remote import BUNDLES, SENT, Errand, Reply
from vqscript.batch.runner import Executor, ExecutorGone
from vqscript.batch.sent import Sent
from vqscript.batch.sight import problem, sight
from vqscript.batch.task import Job, Outcome
from vqscript.batch.versions import differences, versions
from vqscript.errors import UsageError, VqError

if TYPE_CHECKING:
    from vqscript.config import Config

CONNECT = 10.0
"""Seconds for the scheduler to answer."""

ARRIVE = 30.0
"""Seconds for the first worker to arrive; later ones are welcome at any time."""

Key = tuple[str, str, int]
"""Of a task, for Dask: the run, the study's folder, the attempt."""


class ClusterError(VqError):
    """The scheduler or its workers cannot do what is asked."""


@contextmanager
def cluster(address: str, job: Job, here: Executor, started: Callable[[str], None]) -> Iterator[Cluster]:
    """Give an executor whose tasks run on the workers of a scheduler.

    Parameters
    ----------
    address : str
        As in ``tcp://head:8786``.
    job : Job
    here : Executor
        For what does not belong to a study (``setup``, ``summary``): it runs on this machine.
    started : callable
        Told the key of a task when a worker takes it on; called in a thread of Dask's.

    Raises
    ------
    UsageError
        Without the extra.
    ClusterError
        If there is no scheduler, or no worker, or one has other versions.
    RepositoryError
        If a worker cannot use the repository.
    """
    client = _connect(address)
    try:
        made = Cluster(client, address, job, here)
        client.subscribe_topic(made.name, lambda event: started(event[1]))
        try:
            yield made
        finally:
            made.end()
    finally:
        client.close(timeout=CONNECT)


class Cluster:
    """An executor on a cluster.

    Attributes
    ----------
    name : str
        Of this run, for its tasks.
    threads : int
        How many tasks run at a time, with the workers that are there now.
    """

    def __init__(self, client: Any, address: str, job: Job, here: Executor) -> None:
        from vqscript import config

        self.name = f"vqscript-{uuid.uuid4().hex[:12]}"
        self._client = client
        self._address = address
        self._job = job
        self._here = here
        self._folder = BatchFolder.open(job.output)
        self._sent = Sent(self._folder.private / "sent")
        self._root = _root(job.repo, config.load(job.config))
        self._sight = sight(self._root) if self._root else None
        self._versions = versions()
        self._check_workers()
        self.threads: int = sum(client.nthreads().values())
        self._merge_sent()
        # Each worker asks for it once. As an argument it would be kept with every task; as the result of another task
        # it would hold the tasks to the worker that has it.
        client.set_metadata([BUNDLES, self.name], pack(job.script, config.load(job.config).path).data())
        self._running: dict[Key, Any] = {}

    def submit(self, function: Callable[[Any], Any], argument: Any, /) -> Any:
        """Have a task run on the cluster, and anything else here."""
        if function is not worker.run:
            return self._here.submit(function, argument)
        self._check_scheduler()
        task = argument.task
        known = {uid: self._sent.uids(uid) for uid in (study["StudyInstanceUID"] for study in task.studies)}
        errand = Errand(self.name, argument, known, self._versions, self._root, self._sight)
        key = (self.name, task.folder, argument.attempt)
        self._running[key] = self._client.submit(remote.serve, errand, key=key, pure=False)
        return _Answer(self, key)

    def when_done(self, key: Key, then: Callable[[Any], object]) -> None:
        """Have a function called once a task is done."""
        self._running[key].add_done_callback(then)

    def receive(self, key: Key) -> Outcome:
        """Return what became of a task, with its files in their place.

        Raises
        ------
        WorkerLost
            If the workers that tried it ended.
        ExecutorGone
            If the scheduler did.
        """
        from distributed import CancelledError, KilledWorker

        try:
            reply: Reply = self._running.pop(key).result()
        except KilledWorker as error:
            raise WorkerLost(f"{error.allowed_failures + 1} workers ended while they had this task") from error
        except CancelledError as error:
            self._check_scheduler()
            raise WorkerLost(f"the scheduler gave the task up: {error}") from error
        for uid, uids in reply.sent.items():
            self._sent.add(uid, uids)
        if reply.files is not None:
            parcel.unpack(reply.files, self._folder, reply.outcome.folder)
        return reply.outcome

    def _check_scheduler(self) -> None:
        if self._client.status != "running":
            raise ExecutorGone(
                f"the scheduler at {self._address} is gone", hint="the same command goes on once it is there again"
            )

    def end(self) -> None:
        """Stop what still runs, and have the workers forget this run."""
        if self._client.status != "running":
            return
        self._client.unsubscribe_topic(self.name)
        self._client.cancel(list(self._running.values()))
        self._client.run(remote.let_go, self.name, on_error="ignore")
        self._merge_sent()
        self._client.set_metadata([SENT, self._job.run_id], {})
        self._client.set_metadata([BUNDLES, self.name], {})

    def _merge_sent(self) -> None:
        """Note what workers that do not see the folder of the batch told the scheduler."""
        if self._client.status != "running":
            return
        told: dict[str, dict[str, list[str]]] = self._client.get_metadata([SENT, self._job.run_id], {})
        for study_uid, by_task in told.items():
            self._sent.add(study_uid, {uid for uids in by_task.values() for uid in uids})

    def _check_workers(self) -> None:
        """Refuse workers that would compute something else, or not see the repository."""
        try:
            self._client.wait_for_workers(1, timeout=ARRIVE)
        except TimeoutError as error:
            raise ClusterError(
                f"no worker came to the scheduler at {self._address} within {ARRIVE:g} s",
                hint=f"start some: dask worker {self._address}",
            ) from error
        ours = self._versions
        for name, theirs in self._client.run(versions, on_error="return").items():
            if isinstance(theirs, BaseException):
                raise ClusterError(
                    f"worker {name} cannot load vqscript {ours['vqscript']}: {theirs}",
                    hint=f"""on every worker: pip install "vqscript[cluster]=={ours["vqscript"]}\"""",
                )
            different = differences(ours, theirs)
            if different:
                raise ClusterError(
                    f"worker {name} has other versions: {', '.join(different)}",
                    hint="results would depend on where a study is processed: install the same everywhere",
                )
        if self._root is None or self._sight is None:
            return
        for name, seen in self._client.run(sight, self._root).items():
            wrong = problem(self._root, self._sight, seen, name)
            if wrong is not None:
                raise wrong


class _Answer:
    """A task in hand."""

    def __init__(self, cluster: Cluster, key: Key) -> None:
        self._cluster = cluster
        self._key = key

    def add_done_callback(self, then: Callable[[Any], object]) -> None:
        """Have a function called with this, once it is done."""
        self._cluster.when_done(self._key, lambda _: then(self))

    def result(self) -> Outcome:
        """Return what became of the task."""
        return self._cluster.receive(self._key)


def _connect(address: str) -> Any:
    try:
        distributed: Any = importlib.import_module("distributed")
    except ImportError as error:
        raise UsageError("--scheduler needs the extra cluster", hint='pip install "vqscript[cluster]"') from error
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)  # what it has to say is said by our errors
    try:
        security = distributed.Security()
        if address.startswith("tls:") and security.get_connection_args("client").get("ssl_context") is None:
            raise ValueError("no certificate is configured")
        return distributed.Client(address, timeout=CONNECT, set_as_default=False, security=security)
    except OSError as error:
        raise ClusterError(
            f"no scheduler answers at {address}", hint="start one: dask scheduler; it says its address"
        ) from error
    except (ValueError, TypeError, RuntimeError) as error:
        raise ClusterError(
            f"{address} cannot be used as a scheduler: {error}",
            hint="as in tcp://head:8786; for tls:// Dask's configuration has to name certificates",
        ) from error


def _root(repo: str, settings: Config) -> Path | None:
    """Return the folder of a repository, None for one that is reached by URL."""
    from vqscript.repository.opening import located

    where = located(repo, settings)
    return where.resolve() if isinstance(where, Path) else None
