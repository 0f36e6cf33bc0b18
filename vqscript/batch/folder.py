"""The folder of a batch: what stands where, and what is left of it after any end.

::

    out/
      run.json  results.csv  report.html          made from what stands below, at any time
      studies/NAME/                               one per task: what the script wrote, and
          log.txt                                 what it printed and was warned of
          result.json                             rows, failure, what they come from; written last, whole
      .batch/
          id                                      marks the folder as a batch's
          lock, running/NAME.lock                 held while a batch, a task runs
          sent/                                   what was written into the repository (ledger)

A task is finished if and only if its ``result.json`` is there: it appears in one step, after everything else.
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vqscript.batch.task import Failure, Outcome
from vqscript.errors import Damaged, NotFound, UsageError, VqError
from vqscript.files import whole_file

RESULT = "result.json"
LOG = "log.txt"
OURS = ("run.json", "results.csv", "results.parquet", "summary.csv", "report.html", "summary", "studies", ".batch")
"""What a batch makes in its folder; nothing else is ever removed."""

_LOCK_WAIT = 0.5
"""Seconds to wait for the folder: whoever only looks whether a batch is at work has it for less."""

_TASK_WAIT = 30.0
"""Seconds that a worker of a batch that was killed has to notice it."""


class BatchFolder:
    """The folder of a batch.

    Attributes
    ----------
    root : Path
    run_id : str
        Of this batch, the same for as long as it is resumed.
    """

    def __init__(self, root: Path, run_id: str) -> None:
        self.root = root
        self.run_id = run_id

    @classmethod
    def open(cls, root: Path) -> BatchFolder:
        """Return the batch in a folder; NotFound if there is none."""
        try:
            run_id = (root / ".batch" / "id").read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            raise NotFound(
                f"{root} holds no batch", hint="vqscript batch SCRIPT --output makes one", path=root
            ) from None
        return cls(root.resolve(), run_id)

    @classmethod
    def prepare(cls, root: Path, *, fresh: bool = False) -> BatchFolder:
        """Make the folder of a batch, or open the one that is there.

        Parameters
        ----------
        root : Path
        fresh : bool
            Whether to remove what an earlier batch made there.

        Raises
        ------
        UsageError
            If something else is in the folder.
        """
        marked = (root / ".batch" / "id").is_file()
        # A batch that was killed while it made its mark has left a folder without one.
        if not marked and root.exists() and (not root.is_dir() or {each.name for each in root.iterdir()} - {".batch"}):
            raise UsageError(
                f"{root} is there already, and no folder of a batch",
                hint="choose a new folder with --output",
                path=root,
            )
        folder = cls(root.resolve(), "")
        if not marked or fresh:
            with folder.lock():
                if fresh:
                    folder._empty()
                if fresh or not (folder.private / "id").is_file():  # another one may have begun at the same moment
                    _mark(root)
        return cls.open(root)

    def _empty(self) -> None:
        self._remove(OURS[:-1])
        shutil.rmtree(self.private / "sent", ignore_errors=True)

    def forget_summary(self) -> None:
        """Remove what ``summary`` returned and wrote."""
        self._remove(("summary.csv", "summary"))

    def _remove(self, names: Iterable[str]) -> None:
        for path in (self.root / name for name in names):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    @property
    def private(self) -> Path:
        """What a user need not look at."""
        return self.root / ".batch"

    def study(self, name: str) -> Path:
        """Return the folder of a task."""
        return self.root / "studies" / name

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep other batches out of the folder while the block runs; UsageError if one is at work."""
        from filelock import FileLock, Timeout

        try:
            with FileLock(_made(self.private) / "lock", timeout=_LOCK_WAIT):
                yield
        except Timeout:
            raise UsageError(
                f"another batch is at work in {self.root}", hint="wait for it, or choose another --output"
            ) from None

    @property
    def at_work(self) -> bool:
        """Whether a batch is at work in the folder."""
        from filelock import FileLock, Timeout

        try:
            with FileLock(self.private / "lock", timeout=0):
                return False
        except Timeout:
            return True
        except OSError:  # nobody can write here
            return False

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Hold a task while the block runs: a worker that outlived its batch has to end first."""
        from filelock import FileLock

        path = self.private / "running" / f"{name}.lock"
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path, timeout=_TASK_WAIT):
            yield

    def clear(self, name: str) -> Path:
        """Return the folder of a task, empty: what an earlier attempt left is no part of the results."""
        folder = self.study(name)
        if folder.exists():
            # The mark of completeness goes first.
            (folder / RESULT).unlink(missing_ok=True)
            shutil.rmtree(folder)
        folder.mkdir(parents=True)
        return folder

    # Records ------------------------------------------------------------------------------

    def write(self, outcome: Outcome) -> None:
        """Write the record of a task, in one step."""
        with whole_file(self.study(outcome.folder) / RESULT) as file:
            file.write(json.dumps(asdict(outcome), indent=1, ensure_ascii=False).encode("utf-8"))

    def read(self, name: str) -> Outcome | None:
        """Return the record of a task, None if it is not finished."""
        path = self.study(name) / RESULT
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
            failure = found.pop("failure")
            if failure:
                failure = Failure(**{**failure, "frames": tuple(failure["frames"])})
            return Outcome(**found, failure=failure)
        except FileNotFoundError:
            return None
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Damaged(
                f"{path} is not what was written ({error})", hint="delete it: the study is processed again", path=path
            ) from error

    def write_run(self, record: dict[str, Any]) -> None:
        """Write ``run.json``."""
        with whole_file(self.root / "run.json") as file:
            file.write(json.dumps(record, indent=1, ensure_ascii=False).encode("utf-8"))

    def read_run(self) -> dict[str, Any]:
        """Return what ``run.json`` says, {} before it is first written."""
        path = self.root / "run.json"
        try:
            found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except ValueError as error:
            raise Damaged(f"{path} is not what was written ({error})", path=path) from error
        return found


def _made(folder: Path) -> Path:
    """Return a folder, which is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise VqError(
            f"cannot make {folder}: {error.strerror or error}", hint="choose another --output", path=folder
        ) from error
    return folder


def _mark(root: Path) -> None:
    """Make a folder that of a new batch."""
    with whole_file(root / ".batch" / "id") as file:
        file.write(uuid.uuid4().hex.encode("ascii"))
