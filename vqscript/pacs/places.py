"""Where fetched instances go: a local repository, or a readable tree of files."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Protocol

from vqscript.errors import NotDicom, UsageError, VqError
from vqscript.network.filemeta import MAX_META, file_meta
from vqscript.pacs.template import Template
from vqscript.pacs.tree import Filed, file_into
from vqscript.repository import layout
from vqscript.repository.local import LocalRepository

Refused = list[tuple[str, str]]
"""SOP Instance UID (or file) and the reason, for what could not be filed."""


class Place(Protocol):
    """Takes instances, and knows which it has."""

    @property
    def name(self) -> str:
        """How to call it."""

    def held(self, study_uid: str, series_uid: str) -> dict[str, Path]:
        """Return SOP Instance UID -> file of what is there of a series."""

    def landing(self) -> AbstractContextManager[Path]:
        """Give a folder for what is on its way in."""

    def file(self, files: Mapping[str, Path]) -> Refused:
        """Take in the files of a landing; returns what could not be filed, with the reason."""

    def close(self) -> None:
        """Release it."""


class RepositoryPlace:
    """A local repository, which is made once something is put into it.

    Attributes
    ----------
    name : str
    made : bool
        Whether it was made here.

    Parameters
    ----------
    path : Path
    filling : bool
        Whether something is to be put into it; if not, a folder that is there and is none is refused.
    """

    def __init__(self, path: Path, *, filling: bool = True) -> None:
        self.name = str(path)
        self.made = False
        self._path = path
        there = (path / layout.INDEX).exists() or (path.exists() and not filling)
        self._repository = LocalRepository.open(path) if there else None

    def held(self, study_uid: str, series_uid: str) -> dict[str, Path]:
        """Return SOP Instance UID -> file, for those whose file is really there."""
        if self._repository is None:
            return {}
        there = {
            uid: layout.instance_path(self._repository.root, uid)
            for uid, one in self._repository.instances(study_uid).items()
            if one.series_uid == series_uid
        }
        return {uid: path for uid, path in there.items() if path.is_file()}

    @contextmanager
    def landing(self) -> Iterator[Path]:
        """Give a folder of the repository for what is on its way in."""
        with layout.incoming(self._opened().root) as folder:
            yield folder

    def file(self, files: Mapping[str, Path]) -> Refused:
        """Import the files."""
        if not files:
            return []
        report = self._opened().import_folder(list(files.values()))
        uids = {path: uid for uid, path in files.items()}
        return [(uids.get(path, str(path)), reason) for path, reason in report.skipped]

    def close(self) -> None:
        """Close the repository."""
        if self._repository is not None:
            self._repository.close()

    def _opened(self) -> LocalRepository:
        if self._repository is None:
            self._repository = LocalRepository.create(self._path)
            self.made = True
        return self._repository


class TreePlace:
    """A folder of plain files, laid out by a template of tags.

    What is in it is read off the files themselves when it is opened, so that it may be moved and tidied by hand.
    """

    def __init__(self, folder: Path, template: Template) -> None:
        check_no_repository(folder)
        if folder.exists() and not folder.is_dir():
            raise UsageError(f"{folder} is a file, no folder", hint="choose another name")
        self.name = str(folder)
        self._folder, self._template = folder, template
        self._files = {uid: path for path in sorted(folder.rglob("*")) if (uid := _uid(path))}

    def held(self, study_uid: str, series_uid: str) -> dict[str, Path]:
        """Return SOP Instance UID -> file of all that is there: a SOP Instance UID is of one series only."""
        return dict(self._files)

    def has(self, sop_uid: str) -> bool:
        """Whether an instance is there."""
        return sop_uid in self._files

    @contextmanager
    def landing(self) -> Iterator[Path]:
        """Give a folder on the same disk."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise VqError(f"cannot make {self._folder}: {error.strerror or error}", path=self._folder) from error
        folder = Path(tempfile.mkdtemp(prefix=".incoming-", dir=self._folder))
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    def file(self, files: Mapping[str, Path]) -> Refused:
        """Put the files where the template says."""
        refused: Refused = []
        for uid, path in files.items():
            filed = Filed()
            found = file_into(self._folder, self._template, path, filed)
            refused += [(uid, reason) for _, reason in filed.failed]
            for target in (*filed.new, *filed.known):
                self._files[found] = target  # by what it is, not by what the server called it
        return refused

    def close(self) -> None:
        """Nothing is held open."""


def check_no_repository(folder: Path) -> None:
    """Raise UsageError for a folder in which only a repository writes."""
    whole = folder.resolve()
    for one in (whole, *whole.parents):
        if (one / layout.INDEX).is_file():
            raise UsageError(
                f"{folder} belongs to the repository {one}, which alone writes there", hint=f"--repo {one}"
            )


def _uid(path: Path) -> str:
    """Return which instance a file is; "" for none, and for a link, which may lead anywhere."""
    if path.is_symlink() or not path.is_file() or any(part.startswith(".incoming-") for part in path.parts):
        return ""
    with path.open("rb") as file:
        try:
            return file_meta(file.read(MAX_META)).sop_uid
        except NotDicom:
            return ""
