"""What runs on a worker of a cluster: each task in a process of its own, beside Dask's."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from vqscript.batch import worker
from vqscript.batch.bundle import Bundle
from vqscript.batch.folder import BatchFolder
from vqscript.batch.parcel import Parcel, pack
from vqscript.batch.place import Place, Places
from vqscript.batch.sent import Sent
from vqscript.batch.sight import Sight, problem, sight
from vqscript.batch.task import Outcome
from vqscript.batch.versions import differences, versions
from vqscript.batch.worker import Assignment
from vqscript.errors import UsageError

BUNDLES = "vqscript-bundles"
"""Where the scheduler keeps the script of each run."""

SENT = "vqscript-sent"
"""Where the scheduler keeps what was written into repositories: batch, study, task -> UIDs."""

Known = dict[str, set[str]]
"""Study UID -> what a batch wrote into it before."""

_places = Places()


@dataclass(frozen=True)
class Errand:
    """A task for a worker of a cluster, and what holds on the machine that leads the batch.

    Attributes
    ----------
    name : str
        Of this run of the batch.
    assignment : Assignment
    known : dict
    versions : mapping
    repository : Path, optional
        Folder of the repository; None for one that is reached by URL.
    seen : Sight, optional
        The same folder.
    """

    name: str
    assignment: Assignment
    known: Known
    versions: Mapping[str, str]
    repository: Path | None = None
    seen: Sight | None = None

    @property
    def studies(self) -> list[str]:
        """UIDs of the studies of the task."""
        return [study["StudyInstanceUID"] for study in self.assignment.task.studies]


@dataclass(frozen=True)
class Reply:
    """What comes back.

    Attributes
    ----------
    outcome : Outcome
    files : Parcel, optional
        What the task left in its folder, if the worker does not see that of the batch.
    sent : dict
        What is known to be written now, in the same case.
    """

    outcome: Outcome
    files: Parcel | None
    sent: Known


def serve(errand: Errand) -> Reply:
    """Run a task; called by Dask, in a thread of a worker.

    Dask's worker has to answer its scheduler, and a thread cannot be ended: the script runs in another process, as it
    does without a cluster. That has its own standard output and memory limit, and is ended if it hangs or if nobody
    waits for its result any more. So a worker may have several threads.
    """
    from distributed import get_client, get_worker

    dask = get_worker()
    client: Any = get_client()
    assignment = errand.assignment
    records = [SENT, assignment.job.run_id]
    known = {uid: errand.known[uid].union(*client.get_metadata([*records, uid], {}).values()) for uid in errand.studies}
    key = dask.get_current_task()

    def heard(message: tuple[str, list[str]]) -> None:
        study_uid, uids = message
        client.set_metadata([*records, study_uid, assignment.task.folder], uids)

    def wanted() -> bool:
        state = dask.state.tasks.get(key)
        closing = dask.status.name in ("closing", "closed", "failed")  # it lost its scheduler, or was told to end
        return not closing and state is not None and state.state != "cancelled"

    def make() -> Place:
        _check(errand, dask.address)
        bundle = Bundle.of(client.get_metadata([BUNDLES, errand.name]))
        return Place(assignment.job, bundle, dask.local_directory)

    with _places.use(errand.name, make) as place:
        dask.log_event(errand.name, assignment.task.key)
        reply: Reply = place.call(run, (replace(assignment, job=place.job), known), heard, wanted)
        return reply


def let_go(name: str) -> None:
    """Free what a worker holds for a batch, and end what it still runs; called by Dask, in its event loop."""
    threading.Thread(target=_places.let_go, args=(name,), daemon=True).start()


def run(argument: tuple[Assignment, Known]) -> Reply:
    """Run a task as it stands on this machine; called in the process that it has for itself."""
    assignment, known = argument
    job = assignment.job
    record = Sent(job.output / ".batch" / "sent")
    for uid, uids in known.items():
        if uids:
            record.add(uid, uids)
    outcome = worker.run(assignment)
    if not job.relayed:
        return Reply(outcome, None, {})
    place = BatchFolder.open(job.output).study(assignment.task.folder)
    try:
        return Reply(outcome, pack(place), {uid: record.uids(uid) for uid in known})
    finally:
        shutil.rmtree(place)


def _check(errand: Errand, address: str) -> None:
    """Refuse what a worker that joined late cannot do; the others were asked before the batch began."""
    different = differences(errand.versions, versions())
    if different:
        raise UsageError(f"worker {address} has other versions: {', '.join(different)}")
    if errand.repository is not None and errand.seen is not None:
        wrong = problem(errand.repository, errand.seen, sight(errand.repository), address)
        if wrong is not None:
            raise wrong
