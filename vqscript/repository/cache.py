"""Series that were fetched from a server, kept as a local repository of a limited size."""

from __future__ import annotations

import hashlib
import logging
import re
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
        except BaseException:
            self._uses.close()
            raise

    def _opened(self) -> LocalRepository:
        from filelock import FileLock

        path = self._place / self._name
        try:
            return LocalRepository.open(path)
        except NotARepository:
            with FileLock(self._place / f"{self._name}.lock"):  # two scripts may begin at the same time
                try:
                    return LocalRepository.open(path)
                except NotARepository:
                    return LocalRepository.create(path)

    def hold(self, study_uid: str, series_uid: str) -> None:
        """Note that a series is used: it stays until this object is closed."""
        self._uses.hold((self._name, study_uid, series_uid))
        self._held.add((study_uid, series_uid))

    def known(self, study_uid: str, series_uid: str) -> set[str]:
        """Return the SOP Instance UIDs that are there of a series, held or not."""
        held = self.repository.instances(study_uid)
        return {uid for uid, where in held.items() if where.series_uid == series_uid}

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
            self._uses.note_size((self._name, study_uid, series_uid), self.repository.size_of(study_uid, series_uid))
        size = self._uses.trim(self._settings.size, self._remove)
        if size > self._settings.size and not self._full:
            self._full = True
            log.info(
                "the series in use take %.1f GB, more than the cache's %.1f GB: they stay until the scripts end",
                size / 1e9,
                self._settings.size / 1e9,
            )

    def mend(self, study_uid: str, series_uid: str) -> None:
        """Remove a series that is damaged, so that it is fetched again."""
        log.warning("series %s was damaged in the cache; it is fetched again", series_uid)
        self.repository.discard(study_uid, series_uid)

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
