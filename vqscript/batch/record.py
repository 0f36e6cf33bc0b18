"""``run.json``: how the results of a batch were made."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from vqscript.batch.folder import BatchFolder
from vqscript.batch.settings import Settings
from vqscript.batch.task import Job, Task
from vqscript.batch.versions import versions


def now() -> str:
    """Return local time with its offset, ISO 8601."""
    return datetime.now().astimezone().isoformat(timespec="seconds")


def begun(job: Job, tasks: Iterable[Task], settings: Settings, workers: int) -> dict[str, Any]:
    """Return the record of a run that begins; its ``sources`` are for whoever loads the script to fill in.

    Parameters
    ----------
    job : Job
    tasks : iterable of Task
    settings : Settings
    workers : int
    """
    return {
        "state": "running",
        "script": str(job.script),
        "sources": {},
        "repository": job.repo,
        "project": job.project,
        "where": settings.filters,
        "by": "patient" if job.by_patient else "study",
        "args": dict(job.args),
        "answers": list(job.answers.entries),
        "creator": job.user,
        "limits": {"time": job.limits.time, "memory": job.limits.memory},
        "allowed": {"read": list(job.read), "write": list(job.write), "net": list(job.net)},
        "host": platform.node(),
        "workers": workers,
        "scheduler": settings.scheduler,
        "versions": versions(),
        "started": now(),
        "finished": "",
        "run_id": job.run_id,
        "studies": [
            {"folder": task.folder, "key": task.key, "title": task.title, "state": "waiting", **task.columns}
            for task in tasks
        ],
    }


def ended(record: dict[str, Any], folder: BatchFolder, state: str) -> dict[str, Any]:
    """Return the record of a run that has ended, with what became of each study.

    Parameters
    ----------
    record : dict
        As :func:`begun` returned it.
    folder : BatchFolder
    state : str
        "done", "failed" (some study) or "interrupted".
    """
    return record | {"state": state, "finished": now(), "studies": studies(record, folder)}


def studies(record: dict[str, Any], folder: BatchFolder) -> list[dict[str, Any]]:
    """Return the studies of a run with their state as it is in the folder now."""
    found = []
    for study in record["studies"]:
        outcome = folder.read(study["folder"])
        current = {**study, "state": "waiting" if outcome is None else outcome.state}
        if outcome is not None:
            current |= {"seconds": outcome.seconds, "attempt": outcome.attempt, "rows": len(outcome.rows)}
            current["failure"] = outcome.failure.message if outcome.failure else ""
        found.append(current)
    return found
