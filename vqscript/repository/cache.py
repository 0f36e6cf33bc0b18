"""Series that were fetched from a server, kept as a local repository of a limited size."""

from __future__ import annotations

import hashlib
import logging
import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from vqscript.config import CacheSettings
from vqscript.errors import Damaged, NotARepository, RepositoryError
from vqscript.repository import layout
from vqscript.repository.base import StoreReport
from vqscript.repository.local import LocalRepository
from vqscript.repository.uses import Uses

log = logging.getLogger("vqscript")


class Cache:
    """What one server's series are kept in; several processes may use it at the same time.

    Parameters
    ----------
    settings : CacheSettings
        The limit is that of all servers together.
    url : str
        Of the server.

    Attributes
    ----------
    repository : LocalRepository
    """

    def __init__(self, settings: CacheSettings, url: str) -> None:
        self._settings = settings
        self._place = settings.place()
        self._name = folder_name(url)
        self._uses = Uses(self._place)
        self._held: set[tuple[str, str]] = set()
        self._full = False
        try:
            self.repository = self._opened()
            self._account()
        except BaseException:
            self._uses.close()
            raise

    def _opened(self, study_uid: str = "", series_uid: str = "") -> LocalRepository:
        """Open the server's folder, or make it; one whose index is lost or broken makes room for an empty one."""
        from filelock import FileLock

        path = self._place / self._name
        try:
            return self._tried(path, study_uid, series_uid)
        except (NotARepository, Damaged):
            pass
        with FileLock(self._place / f"{self._name}.lock"):  # two scripts may begin at the same time
            try:
                return self._tried(path, study_uid, series_uid)
            except (NotARepository, Damaged) as error:
                if path.exists():
                    log.warning("the cache is damaged (%s); what it held is fetched again", error.message)
                    with layout.writing(path):
                        shutil.rmtree(path)
                    self._uses.note_empty(self._name)
                return LocalRepository.create(path)

    @staticmethod
    def _tried(path: Path, study_uid: str, series_uid: str) -> LocalRepository:
        """Open a repository; with a series, that of which the index has to tell something without breaking."""
        opened = LocalRepository.open(path)
        try:
            opened.damaged(study_uid, series_uid)
        except BaseException:
            opened.close()
            raise
        return opened

    def _account(self) -> None:
        """Note how large those series are whose process was killed before it did."""
        for _, study_uid, series_uid in self._uses.unsized(self._name):
            self._note_size(study_uid, series_uid)

    def _note_size(self, study_uid: str, series_uid: str) -> None:
        self._uses.note_size((self._name, study_uid, series_uid), self.repository.size_of(study_uid, series_uid))

    def hold(self, study_uid: str, series_uid: str) -> None:
        """Note that a series is used: it stays until this object is closed."""
        self._uses.hold((self._name, study_uid, series_uid))
        self._held.add((study_uid, series_uid))

    def known(self, study_uid: str, series_uid: str) -> set[str]:
        """Return the SOP Instance UIDs that are there of a series, held or not.

        What is damaged is removed, which is told: it can be fetched again.
        """
        try:
            damaged = self.repository.damaged(study_uid, series_uid)
        except Damaged:  # not the files, the index itself
            self.repository.close()
            self.repository = self._opened(study_uid, series_uid)
            damaged = []
        held = {uid for uid, where in self.repository.instances(study_uid).items() if where.series_uid == series_uid}
        if damaged:
            log.warning(
                "series %s was damaged in the cache (instances: %d of %d); what is missing is fetched again",
                *(series_uid, len(damaged), len(held)),
            )
            self.repository.discard(study_uid, series_uid, damaged)
        return held - set(damaged)

    def path_of(self, sop_uid: str) -> Path:
        """Return where the file of an instance is, or would be."""
        return layout.instance_path(self.repository.root, sop_uid)

    def add(self, paths: Sequence[Path], series: Iterable[tuple[str, str]]) -> StoreReport:
        """Take DICOM files in, then :meth:`settle`.

        Parameters
        ----------
        paths : sequence of Path
        series : iterable of (str, str)
            Study and series that they belong to; they are held.
        """
        report = self.repository.import_folder(paths, durable=False)
        self.settle(series)
        return report

    def settle(self, series: Iterable[tuple[str, str]]) -> None:
        """Note how large series have become, and make room if it is needed."""
        for study_uid, series_uid in series:
            self._note_size(study_uid, series_uid)
        size = self._uses.trim(self._settings.size, self._remove)
        if size > self._settings.size and not self._full:
            self._full = True
            log.info(
                "the series in use take %.1f GB, more than the cache's %.1f GB: they stay until the scripts end",
                size / 1e9,
                self._settings.size / 1e9,
            )

    def close(self) -> None:
        """Let go of what is held."""
        self.repository.close()
        self._uses.close()

    def _remove(self, series: tuple[str, str, str]) -> None:
        store, study_uid, series_uid = series
        if store == self._name:
            self.repository.discard(study_uid, series_uid)
            return
        try:
            with LocalRepository.open(self._place / store) as other:
                other.discard(study_uid, series_uid)
        except NotARepository:
            return  # deleted by hand
        except (Damaged, RepositoryError) as error:
            log.warning("no room could be made in the cache: %s", error)


def folder_name(url: str) -> str:
    """Return what a server's folder is called: its host for people, and a hash that tells servers apart."""
    host = re.sub(r"[^a-z0-9.-]+", "-", url.partition("://")[2].casefold()).strip(".-")[:40]
    return f"{host or 'server'}-{hashlib.sha256(url.encode()).hexdigest()[:16]}.repo"
