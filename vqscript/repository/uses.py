"""Who uses which cached series, and since when nobody did: one SQLite file for all processes and all servers."""

# No text is put into SQL here but the names of tables.

from __future__ import annotations

import contextlib
import sqlite3
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.errors import RepositoryError
from vqscript.repository.transaction import immediate

if TYPE_CHECKING:
    from filelock import BaseFileLock

FILE = "uses.sqlite"
HOLDERS = "holders"
BUSY_SECONDS = 120.0

SCHEMA = """
CREATE TABLE IF NOT EXISTS use (
    store TEXT NOT NULL, study_uid TEXT NOT NULL, series_uid TEXT NOT NULL,
    last_used REAL NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (store, study_uid, series_uid)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS hold (
    holder TEXT NOT NULL, store TEXT NOT NULL, study_uid TEXT NOT NULL, series_uid TEXT NOT NULL,
    PRIMARY KEY (holder, store, study_uid, series_uid)
) WITHOUT ROWID;
"""

Series = tuple[str, str, str]
"""Name of the folder in the cache, StudyInstanceUID, SeriesInstanceUID."""


class Uses:
    """Notes of one user of the cache, which are good as long as it lives: a lock tells, and ends with its process.

    Parameters
    ----------
    folder : Path
        Of the cache; it is made.
    """

    def __init__(self, folder: Path) -> None:
        from filelock import FileLock

        self._folder = folder
        with self._errors():
            (folder / HOLDERS).mkdir(parents=True, exist_ok=True)
            self._name = uuid.uuid4().hex
            self._lock: BaseFileLock = FileLock(self._lock_file(self._name), is_singleton=False)
            self._lock.acquire()
            self._connection = sqlite3.connect(folder / FILE, timeout=BUSY_SECONDS, isolation_level=None)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
            self._connection.executescript(SCHEMA)

    def hold(self, series: Series) -> None:
        """Note that a series is used, and keep it from being removed until this object is closed."""
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO use VALUES (?, ?, ?, ?, 0) ON CONFLICT DO UPDATE SET last_used = excluded.last_used",
                (*series, time.time()),
            )
            connection.execute("INSERT INTO hold VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING", (self._name, *series))

    def note_size(self, series: Series, size: int) -> None:
        """Note how many bytes a series takes."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE use SET bytes = ? WHERE store = ? AND study_uid = ? AND series_uid = ?", (size, *series)
            )

    def note_empty(self, store: str) -> None:
        """Note that nothing is left in a folder."""
        with self._transaction() as connection:
            connection.execute("UPDATE use SET bytes = 0 WHERE store = ?", (store,))

    def unsized(self, store: str) -> list[Series]:
        """Return the series of a folder of which no size is noted, or that are empty."""
        with self._errors():
            return self._connection.execute(
                "SELECT store, study_uid, series_uid FROM use WHERE store = ? AND bytes = 0", (store,)
            ).fetchall()

    def trim(self, limit: int, remove: Callable[[Series], None]) -> int:
        """Remove the series that were not used for the longest time, until the rest fits; returns its bytes.

        A series that a living process holds stays. Nobody can take a hold while this goes on.

        Parameters
        ----------
        limit : int
            Bytes.
        remove : callable
            Removes the files of a series.
        """
        with self._errors():
            total = self._total(self._connection)
        if total <= limit:
            return total
        with self._transaction() as connection:
            self._forget_dead(connection)
            held = set(connection.execute("SELECT store, study_uid, series_uid FROM hold"))
            rows = connection.execute(
                "SELECT store, study_uid, series_uid, bytes FROM use ORDER BY last_used, store, study_uid, series_uid"
            ).fetchall()
            total = sum(row[3] for row in rows)
            for *key, size in rows:
                series: Series = (key[0], key[1], key[2])
                if total <= limit:
                    break
                if series in held:
                    continue
                remove(series)
                connection.execute("DELETE FROM use WHERE store = ? AND study_uid = ? AND series_uid = ?", series)
                total -= size
        return total

    def close(self) -> None:
        """Let everything go; a second time does nothing."""
        if not self._lock.is_locked:
            return
        with self._transaction() as connection:
            connection.execute("DELETE FROM hold WHERE holder = ?", (self._name,))
        self._connection.close()
        self._lock.release()
        self._lock_file(self._name).unlink(missing_ok=True)

    def _forget_dead(self, connection: sqlite3.Connection) -> None:
        """Remove the notes of processes that ended without doing so."""
        from filelock import FileLock, Timeout

        for (name,) in connection.execute("SELECT DISTINCT holder FROM hold").fetchall():
            if name == self._name:
                continue
            lock = FileLock(self._lock_file(name), timeout=0, is_singleton=False)
            with contextlib.suppress(Timeout), lock:  # whoever holds it lives
                connection.execute("DELETE FROM hold WHERE holder = ?", (name,))
                self._lock_file(name).unlink(missing_ok=True)

    def _lock_file(self, name: str) -> Path:
        return self._folder / HOLDERS / f"{name}.lock"

    @staticmethod
    def _total(connection: sqlite3.Connection) -> int:
        return int(connection.execute("SELECT coalesce(sum(bytes), 0) FROM use").fetchone()[0])

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._errors(), immediate(self._connection) as connection:
            yield connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise RepositoryError(
                f"the cache {self._folder} cannot be used: {error}",
                hint="it can be moved ([cache] folder in vqscript.toml), and be deleted when no script runs",
                path=self._folder,
            ) from error
