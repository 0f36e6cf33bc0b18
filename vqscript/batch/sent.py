"""What a batch wrote into the repository, recorded before it was sent."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.errors import Damaged
from vqscript.files import whole_file

if TYPE_CHECKING:
    from vqscript.batch.task import Job


class Sent:
    """The record of a batch, one file per study that was written to.

    A UID in it may have arrived or not; it is never one that somebody else made.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def uids(self, study_uid: str) -> set[str]:
        """Return the SOP Instance UIDs that were written to a study, or were about to be."""
        path = self._path(study_uid)
        try:
            return set(json.loads(path.read_text(encoding="ascii")))
        except FileNotFoundError:
            return set()
        except ValueError as error:
            raise Damaged(f"{path} is not what was written ({error})", path=path) from error

    def add(self, study_uid: str, uids: set[str]) -> None:
        """Note UIDs that are about to be written to a study."""
        from filelock import FileLock

        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._path(study_uid)
        with FileLock(path.with_suffix(".lock")):
            known = self.uids(study_uid)
            if not uids <= known:
                with whole_file(path) as file:
                    file.write(json.dumps(sorted(known | uids)).encode("ascii"))

    def _path(self, study_uid: str) -> Path:
        return self._folder / f"{hashlib.sha256(study_uid.encode()).hexdigest()[:32]}.json"


class Relayed(Sent):
    """The record of a worker that does not see the folder of the batch: whoever began the task is told first."""

    def add(self, study_uid: str, uids: set[str]) -> None:
        """Note UIDs, here and where the batch is led."""
        from vqscript.batch.pool import tell

        super().add(study_uid, uids)
        tell((study_uid, sorted(self.uids(study_uid))))


def sent_of(job: Job) -> Sent:
    """Return the record of a batch."""
    folder = job.output / ".batch" / "sent"
    return Relayed(folder) if job.relayed else Sent(folder)
