"""Files into a local repository: each whole or not at all, none ever twice, none ever replaced."""

from __future__ import annotations

import contextlib
import os
import stat
import time
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.datapoints.parse import parse
from vqscript.datapoints.records import DataPoint
from vqscript.errors import ImageError, UsageError, VqError
from vqscript.imaging.dicom.header import read_header
from vqscript.imaging.dicom.instance import Instance
from vqscript.imaging.dicom.same import same_content
from vqscript.imaging.dicom.values import conversion_errors
from vqscript.repository import layout
from vqscript.repository.attributes import other_patient, series_of, study_of
from vqscript.repository.base import Progress, StoreReport, Study, normalise_project
from vqscript.repository.encoding import encode
from vqscript.repository.index import Entry, Index

if TYPE_CHECKING:
    from pydicom import Dataset

BATCH_FILES = 200
BATCH_SECONDS = 2.0
"""The index is written after so many files or seconds: a killed import loses no more than this."""

MEDIA_DIRECTORY = b"1.2.840.10008.1.3.10"
"""Media storage SOP class of a DICOMDIR (PS3.3, annex F)."""


class Conflict(Exception):
    """A SOP Instance UID came with other content than before; caught here, and reported per file."""


def list_files(paths: Sequence[Path], root: Path) -> tuple[list[Path], list[tuple[Path, str]]]:
    """Return all files to look at, folder by folder in order, and what was left out, with the reason.

    Links to files are followed, links to folders are not; the repository itself is never imported into itself.

    Raises
    ------
    UsageError
        If one of the paths does not exist.
    """
    files: dict[Path, None] = {}
    skipped: list[tuple[Path, str]] = []

    def cannot_list(error: OSError) -> None:
        skipped.append((Path(error.filename), f"the folder cannot be read: {error.strerror}"))

    for start in paths:
        if not start.exists():
            raise UsageError(f"there is no file or folder {start}", hint="check the spelling", path=start)
        if not start.is_dir():
            files[start] = None
            continue
        for folder, folders, names in os.walk(start, onerror=cannot_list):
            for name in sorted(folders):
                path = Path(folder, name)
                if path.is_symlink():
                    skipped.append((path, "links to folders are not followed"))
                    folders.remove(name)
                elif path.resolve() == root:
                    skipped.append((path, "this is the repository itself"))
                    folders.remove(name)
            folders.sort()
            files.update((Path(folder, name), None) for name in sorted(names))
    return list(files), skipped


def import_files(
    root: Path,
    index: Index,
    paths: Sequence[Path],
    project: str = "",
    progress: Progress | None = None,
    *,
    durable: bool = True,
) -> StoreReport:
    """Store every DICOM instance among the files and folders, and put its study into the project.

    Parameters
    ----------
    root : Path
        Folder of the repository, resolved.
    index : Index
    paths : sequence of Path
        Files and folders; a folder may hold anything.
    project : str
        As ``/oncology/pilot``; "" for none.
    progress : callable, optional
        Called before each file.
    durable : bool
        Whether each file is flushed to the disk; off for a cache, which a failure of power may cost some files.

    Raises
    ------
    UsageError
        For a path that does not exist, or a project that cannot be; nothing is stored then.
    RepositoryError
        If the disk is full or the repository cannot be written; what was stored so far stays, and is indexed.
    """
    project = normalise_project(project)
    files, skipped = list_files(paths, root)
    with (
        layout.incoming(root) as folder,
        quiet_about_files(),
        _Import(root, index, folder, project, durable=durable) as running,
    ):
        running.report.skipped += skipped
        for number, path in enumerate(files):
            if progress:
                progress(number, len(files), path.name)
            running.take(path)
        running.commit()
        if stopped := layout.left_behind(root):
            running.adopt_unknown()
            running.commit()
            layout.remove_left_behind(stopped)
        if progress:
            progress(len(files), len(files), "")
    return running.report


class _Import:
    """One import while it runs: the report, and what is stored but not yet in the index."""

    def __init__(self, root: Path, index: Index, folder: Path, project: str, *, durable: bool = True) -> None:
        self.root = root
        self.index = index
        self.folder = folder
        self.project = project
        self.durable = durable
        self.report = StoreReport()
        self._pending: dict[str, tuple[Path, Entry]] = {}
        self._links: set[tuple[str, str]] = set()
        self._studies: dict[str, Study] = {}
        self._disagreed: set[tuple[str, str]] = set()
        self._last_commit = time.monotonic()

    def __enter__(self) -> _Import:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        # Also after Ctrl-C or an error: what has been stored is whole, and may be found.
        self.commit()

    def take(self, path: Path) -> None:
        """Store one file, or say in the report why not."""
        try:
            self._take(path)
        except Conflict as error:
            self._skip(path, str(error), failed=True)
        except ImageError as error:
            reason, failed = why_skipped(path, error)
            self._skip(path, reason, failed=failed)
        except OSError as error:  # of the source: failures to write are RepositoryErrors
            self._skip(path, f"cannot be read: {error.strerror or error}", failed=True)
        if len(self._pending) >= BATCH_FILES or time.monotonic() - self._last_commit > BATCH_SECONDS:
            self.commit()

    def commit(self) -> None:
        """Write to the index what has been stored since the last time."""
        self._last_commit = time.monotonic()
        if not self._pending and not self._links:
            return
        stored = {layout.instance_path(self.root, uid).parent for uid in self._pending}
        with layout.writing(self.root):
            layout.sync_folders(set() if not self.durable else stored | {folder.parent for folder in stored})
        new = self.index.add([entry for _, entry in self._pending.values()], self._links)
        for uid, (path, _) in self._pending.items():
            (self.report.added if uid in new else self.report.known).append(path)
        self._pending.clear()
        self._links.clear()

    def adopt_unknown(self) -> None:
        """Index the files that killed imports have stored without getting to write their rows."""
        known = {layout.instance_path(self.root, row.sop_uid) for row in self.index.all_rows()}
        for path in layout.instance_files(self.root):
            if path in known or not layout.is_instance_name(path):
                continue
            try:
                header, instance = read_header(path)
            except ImageError as error:
                self.report.notes.append((path, f"a stopped import left this, and it cannot be read: {error.message}"))
                continue
            if layout.instance_path(self.root, instance.sop_uid) == path:
                self.index.add([self._entry(path, path, header, instance, layout.hash_file(path))])
                self.report.notes.append((path, "left by an import that was stopped; it is in the index now"))

    def _take(self, path: Path) -> None:
        found = path.stat() if path.exists() else None
        if found is None or not stat.S_ISREG(found.st_mode):  # opening a pipe would wait for ever
            self._skip(path, "no plain file" if found else "the link leads nowhere")
            return
        header, instance = read_header(path)
        uid = instance.sop_uid
        stored = layout.instance_path(self.root, uid)
        expected = self._hash_in_index(uid)
        brought = "" if stored.exists() else self._bring_in(path, found, stored, expected)
        # Without a row, a killed import left the file, or another one is about to write its row.
        sha256 = brought or expected or layout.hash_file(stored)
        if not brought and layout.hash_file(path) != sha256:
            if not same_content(path, stored):
                raise Conflict(f"SOP Instance UID {uid} is stored already with other content, which was kept")
            if not expected:  # the row is about the file that is kept: its pixels stand elsewhere
                header, instance = read_header(stored)
        self._join_study(path, study_of(header))
        if not expected:
            self._pending[uid] = path, self._entry(path, stored, header, instance, sha256)
            return
        self.report.known.append(path)
        if brought:
            now = stored.stat()
            self.index.renew(uid, now.st_size, now.st_mtime_ns, encode(instance))
            self.report.notes.append((path, "the repository had lost this file; it is there again"))

    def _hash_in_index(self, uid: str) -> str:
        if uid in self._pending:
            return self._pending[uid][1].sha256
        row = self.index.row(uid)
        return row.sha256 if row else ""

    def _bring_in(self, path: Path, found: os.stat_result, stored: Path, expected: str) -> str:
        """Copy a file to its place and return its hash, "" if another import was faster.

        ``expected`` is what the index says that it was, if it was there before.
        """
        ready = self.folder / stored.name
        try:
            sha256 = layout.copy_hashed(path, found, ready, durable=self.durable)
            if expected and sha256 != expected:
                raise Conflict("the repository has lost this instance, but it had other content")
            layout.publish(ready, stored)
        except FileExistsError:
            return ""
        finally:
            ready.unlink(missing_ok=True)
        return sha256

    def _entry(self, path: Path, stored: Path, header: Dataset, instance: Instance, sha256: str) -> Entry:
        now = stored.stat()
        return Entry(
            instance=instance,
            size=now.st_size,
            mtime_ns=now.st_mtime_ns,
            sha256=sha256,
            study=study_of(header),
            series=series_of(header),
            points=self._points(path, header),
        )

    def _points(self, path: Path, header: Dataset) -> tuple[DataPoint, ...]:
        try:
            return tuple(parse(header))
        except VqError as error:
            reason = str(error)
        except conversion_errors() as error:
            reason = str(error)
        # It stays an object of the study, if one of others' making.
        self.report.notes.append((path, f"stored, but its data points cannot be read: {reason}"))
        return ()

    def _join_study(self, path: Path, study: Study) -> None:
        """Put a study into the project when its first file is met, and note where files disagree on the patient."""
        uid = study.study_uid
        if uid not in self._studies:
            earlier = self.index.study(uid)
            self._studies[uid] = earlier or study
            self.report.studies.add(uid)
            if self.project and self.project not in self.index.projects(uid):
                self._links.add((self.project, uid))
                if earlier:
                    self.report.linked.add(uid)
        for said, note in other_patient(self._studies[uid], study):
            if (uid, said) not in self._disagreed:
                self._disagreed.add((uid, said))
                self.report.notes.append((path, note))

    def _skip(self, path: Path, reason: str, *, failed: bool = False) -> None:
        self.report.skipped.append((path, reason))
        if failed:
            self.report.failed.add(path)


def why_skipped(path: Path, error: ImageError) -> tuple[str, bool]:
    """Return why a file is left out that could not be parsed, and whether it failed: it says that it is DICOM."""
    reason = error.about.get("reason", error.message)
    try:
        with path.open("rb") as file:
            start = file.read(1024)
    except OSError:
        return reason, True
    if MEDIA_DIRECTORY in start:
        return "a DICOMDIR lists files; it is no instance itself", False
    return reason, start[128:132] == b"DICM"


@contextlib.contextmanager
def quiet_about_files() -> Iterator[None]:
    """Keep pydicom's warnings about what scanners wrote off the terminal; the report says what matters."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="pydicom")
        yield
