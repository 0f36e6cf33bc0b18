"""What was asked for, came, and went out, instance by instance, for ``pacs status``: one SQLite file."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from vqscript.errors import VqError
from vqscript.repository.transaction import immediate

FILE = "transfers.sqlite"
BUSY_SECONDS = 60.0

What = Literal["requested", "received", "pushed"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS transfer (
    what TEXT NOT NULL, peer TEXT NOT NULL, series_uid TEXT NOT NULL, sop_uid TEXT NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (series_uid, what, peer, sop_uid)
) WITHOUT ROWID
"""


class Journal:
    """Notes of transfers; several processes may write into it.

    Parameters
    ----------
    folder : Path
        It is made with the first note; to ask makes nothing.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._connection: sqlite3.Connection | None = None

    def note(self, what: What, peer: str, series_uid: str, sop_uids: Iterable[str]) -> None:
        """Note instances; those that were noted before keep their time."""
        now = time.time()
        rows = [(what, peer, series_uid, uid, now) for uid in sop_uids]
        with self._errors(), immediate(self._opened()) as connection:
            connection.executemany("INSERT OR IGNORE INTO transfer VALUES (?, ?, ?, ?, ?)", rows)

    def noted(self, what: What, series_uid: str, peer: str = "") -> set[str]:
        """Return the SOP Instance UIDs that were noted of a series, of one peer or of all."""
        with self._errors():
            if not self._path.exists():
                return set()
            rows = self._opened().execute(
                "SELECT sop_uid FROM transfer WHERE series_uid = ? AND what = ? AND (? = '' OR peer = ?)",
                (series_uid, what, peer, peer),
            )
            return {str(uid) for (uid,) in rows}

    def close(self) -> None:
        """Close the file."""
        if self._connection is not None:
            self._connection.close()

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
            self._connection.execute(_SCHEMA)
        return self._connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise VqError(
                f"the notes of transfers {self._path} cannot be used: {error}",
                hint="they can be deleted; pacs status then no longer knows what was pushed before",
                path=self._path,
            ) from error
