"""What a study's results depend on: its instances, the script with what it includes and reads, arguments, version."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript import __version__

if TYPE_CHECKING:
    from vqscript.batch.sent import Sent
    from vqscript.batch.task import Job, Task
    from vqscript.repository.base import Repository


def of_task(repository: Repository, task: Task, job: Job, sent: Sent) -> str:
    """Return a hash of all that the results of a task depend on, but the script and what else it looked at.

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
        digest.update(_instances(repository, study["StudyInstanceUID"], sent))
    return digest.hexdigest()


def of_study(repository: Repository, uid: str, sent: Sent) -> str:
    """Return a hash of the instances of a study, without what the batch itself wrote into it."""
    return hashlib.sha256(_instances(repository, uid, sent)).hexdigest()


def _instances(repository: Repository, uid: str, sent: Sent) -> bytes:
    own = sent.uids(uid)
    held = sorted(repository.instances(uid).items())
    return "".join(f"{sop_uid} {each.digest}\n" for sop_uid, each in held if sop_uid not in own).encode()


def of_path(path: Path) -> str:
    """Return the hash of a file, or of the names, sizes and times of the files in a folder; "" if there is neither."""
    if not path.is_dir():
        return of_file(path)
    digest = hashlib.sha256()
    for file in sorted(each for each in path.rglob("*") if each.is_file()):
        found = file.stat()
        digest.update(f"{file.relative_to(path).as_posix()} {found.st_size} {found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def of_file(path: Path) -> str:
    """Return the SHA-256 of a file, "" if there is none."""
    try:
        found = path.stat()
        return _hash(path, found.st_size, found.st_mtime_ns)
    except OSError:
        return ""


@lru_cache(maxsize=256)
def _hash(path: Path, size: int, modified: int) -> str:
    """Return the SHA-256 of a file as it is now; all studies of a batch ask for the same few."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def unchanged(sources: Mapping[str, str]) -> bool:
    """Whether each file that a script was made of, or read, is what it was."""
    return all(of_path(Path(path)) == digest for path, digest in sources.items())
