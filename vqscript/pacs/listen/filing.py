"""Where instances that are received go: into a repository, or into a folder as plain files."""

from __future__ import annotations

import json
import shutil
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Protocol

from vqscript.imaging.dicom.header import read_uids
from vqscript.repository import layout
from vqscript.repository.importing import quiet_about_files
from vqscript.repository.receiving import (
    Arrived,
    Conflict,
    Filed,
    check_announced,
    receiving,
    same_object,
    write_whole,
)

REJECTED = "rejected"


class Filing(Protocol):
    """Takes instances, for one association."""

    def take(self, head: bytes, pieces: Iterable[bytes | memoryview]) -> Arrived:
        """Write a file as its bytes come; RepositoryError if it cannot be written."""

    def file(self, arrived: Arrived, announced: tuple[str, str]) -> Filed:
        """Give a file its place; see :meth:`vqscript.repository.receiving.Receiving.file`."""


@dataclass(frozen=True)
class Store:
    """A repository, or a folder of plain files.

    Attributes
    ----------
    root : Path
    plain : bool
        Whether it is a folder: below it, ``STUDY_UID/SERIES_UID/SOP_UID.dcm``.
    durable : bool
        Whether an instance is flushed to the disk before it is acknowledged.
    spare : int
        Bytes that are to stay free on the disk.
    """

    root: Path
    plain: bool = False
    durable: bool = True
    spare: int = 1_000_000_000

    def prepare(self) -> None:
        """See that it is there; what an earlier server or import left unfinished is put in order."""
        if self.plain:
            with layout.writing(self.root):
                self.root.mkdir(parents=True, exist_ok=True)
            layout.remove_left_behind(layout.left_behind(self.root))
            return
        from vqscript.repository.local import LocalRepository

        with LocalRepository.open(self.root) as repository:
            repository.import_folder([])

    @contextmanager
    def filing(self) -> Iterator[Filing]:
        """Give what files for one association; the repository is opened at the first instance."""
        with ExitStack() as until:
            yield _WhenNeeded(self._opened, until)

    @contextmanager
    def _opened(self) -> Iterator[Filing]:
        if self.plain:
            with layout.incoming(self.root) as folder, quiet_about_files():
                yield _Plain(self.root, folder, durable=self.durable)
        else:
            with receiving(self.root, durable=self.durable) as opened:
                yield opened

    def is_full(self) -> bool:
        """Whether less than ``spare`` is free."""
        return shutil.disk_usage(self.root).free < self.spare


@dataclass(frozen=True)
class Rejection:
    """Why an instance was not filed; written beside it."""

    reason: str
    caller: str
    host: str
    sop_class: str
    sop_uid: str
    time: str = ""


def keep(root: Path, arrived: Arrived, why: Rejection) -> Path:
    """Keep a file that could not be filed, with the reason beside it as JSON; returns where it is.

    Named by its content: what a sender tries again and again is kept once.
    """
    folder = root / REJECTED
    path = folder / f"{(arrived.sha256 or layout.hash_file(arrived.path))[:32]}.dcm"
    with layout.writing(path):
        folder.mkdir(exist_ok=True)
        arrived.path.replace(path)
        said = asdict(replace(why, time=time.strftime("%Y-%m-%dT%H:%M:%S%z")))
        path.with_suffix(".json").write_text(json.dumps(said, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


class _WhenNeeded:
    """Opens what takes instances when the first one comes: who only asks needs no room on a disk that is full."""

    def __init__(self, opening: Callable[[], AbstractContextManager[Filing]], until: ExitStack) -> None:
        self._opening = opening  # called again for the next instance where it failed
        self._until = until
        self._filing: Filing | None = None

    def take(self, head: bytes, pieces: Iterable[bytes | memoryview]) -> Arrived:
        """Write a file as its bytes come."""
        if self._filing is None:
            self._filing = self._until.enter_context(self._opening())
        return self._filing.take(head, pieces)

    def file(self, arrived: Arrived, announced: tuple[str, str]) -> Filed:
        """Give a file its place."""
        assert self._filing is not None, "what is filed was taken before"
        return self._filing.file(arrived, announced)


class _Plain:
    """Plain files below a folder, named by their UIDs, which are digits and dots only."""

    def __init__(self, root: Path, folder: Path, *, durable: bool) -> None:
        self._root = root
        self._folder = folder
        self._durable = durable

    def take(self, head: bytes, pieces: Iterable[bytes | memoryview]) -> Arrived:
        """Write a file as its bytes come."""
        path = self._folder / f"{uuid.uuid4().hex}.dcm"
        return Arrived(path, write_whole(path, head, pieces, durable=self._durable, hashed=False))

    def file(self, arrived: Arrived, announced: tuple[str, str]) -> Filed:
        """Give a file its name; one that is there is never replaced."""
        sop_class, sop_uid, series_uid, study_uid = read_uids(arrived.path).values()
        check_announced(sop_class, sop_uid, announced)
        target = self._root / study_uid / series_uid / f"{sop_uid}.dcm"
        try:
            layout.publish(arrived.path, target)
        except FileExistsError:
            if not same_object(arrived.path, target):
                reason = f"instance {sop_uid} is there already with other content, which was kept"
                raise Conflict(f"{target}: {reason}", path=target, reason=reason) from None
            arrived.path.unlink()
            return Filed(target, new=False)
        if self._durable:
            with layout.writing(target):
                layout.sync_folders({target.parent, target.parent.parent, self._root})
        return Filed(target, new=True)
