"""What a study's results depend on: its instances, the script with what it includes and reads, arguments, version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript import __version__

if TYPE_CHECKING:
    from vqscript.batch.sent import Sent
    from vqscript.batch.task import Job, Task
    from vqscript.repository.base import Repository


def of_task(repository: Repository, task: Task, job: Job, sent: Sent) -> str:
    """Return a hash of all that the results of a task depend on, but the script itself.

    Parameters
    ----------
    repository : Repository
    task : Task
        All instances of its studies count, data points included.
    job : Job
        Arguments, answers, creator, project, and this version of vqscript.
    sent : Sent
        What the batch itself wrote does not count.
    """
    settings = [__version__, dict(job.args), job.answers.entries, job.user, job.project, job.by_patient]
    digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
    for study in task.studies:
        uid = study["StudyInstanceUID"]
        own = sent.uids(uid)
        for sop_uid, held in sorted(repository.instances(uid).items()):
            if sop_uid not in own:
                digest.update(f"{sop_uid} {held.digest}\n".encode())
    return digest.hexdigest()


def of_file(path: Path) -> str:
    """Return the SHA-256 of a file, "" if there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def unchanged(sources: Mapping[str, str]) -> bool:
    """Whether each file that a script was made of, or read, is what it was."""
    return all(of_file(Path(path)) == digest for path, digest in sources.items())
