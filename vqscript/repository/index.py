"""The index of a local repository: one SQLite file that knows every instance.

It is written after the files it names, in short transactions, so that a process killed at any moment
leaves an index that is true: at worst it does not know a file yet.
"""

# The only text that is put into SQL here are the column lists at the end of this file.
# ruff: noqa: S608

from __future__ import annotations

import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqscript.datapoints.records import DataPoint, Kind
from vqscript.errors import Damaged, NotARepository, RepositoryError
from vqscript.imaging.dicom.instance import Instance
from vqscript.repository.base import Series, Study
from vqscript.repository.encoding import encode, kind_of
from vqscript.repository.transaction import immediate

APPLICATION_ID = 0x76717372
"""Marks the SQLite file as an index of ours ("vqsr")."""

SCHEMA_VERSION = 1
BUSY_SECONDS = 60.0

SCHEMA = """
CREATE TABLE study (
    study_uid TEXT PRIMARY KEY, patient_name TEXT NOT NULL, patient_id TEXT NOT NULL, patient_comments TEXT NOT NULL,
    study_date TEXT NOT NULL, study_time TEXT NOT NULL, study_description TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE series (
    series_uid TEXT NOT NULL, study_uid TEXT NOT NULL REFERENCES study, modality TEXT NOT NULL,
    series_number TEXT NOT NULL, series_date TEXT NOT NULL, series_time TEXT NOT NULL,
    series_description TEXT NOT NULL, manufacturer_model_name TEXT NOT NULL,
    PRIMARY KEY (study_uid, series_uid)
) WITHOUT ROWID;
CREATE TABLE instance (
    sop_uid TEXT PRIMARY KEY, study_uid TEXT NOT NULL, series_uid TEXT NOT NULL,
    size INTEGER NOT NULL, mtime_ns INTEGER NOT NULL, sha256 TEXT NOT NULL, record TEXT NOT NULL,
    FOREIGN KEY (study_uid, series_uid) REFERENCES series
) WITHOUT ROWID;
CREATE INDEX instance_of_series ON instance (study_uid, series_uid);
CREATE INDEX series_by_uid ON series (series_uid);
CREATE TABLE data_point (
    study_uid TEXT NOT NULL, kind TEXT NOT NULL, sop_uid TEXT NOT NULL REFERENCES instance, number INTEGER NOT NULL,
    record TEXT NOT NULL,
    PRIMARY KEY (study_uid, kind, sop_uid, number)
) WITHOUT ROWID;
CREATE TABLE project (
    path TEXT NOT NULL, study_uid TEXT NOT NULL REFERENCES study,
    PRIMARY KEY (path, study_uid)
) WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Row:
    """A stored file, as the index keeps it: ``record`` is the Instance as JSON."""

    sop_uid: str
    size: int
    mtime_ns: int
    sha256: str
    record: str


@dataclass(frozen=True)
class Entry:
    """Everything that one new instance adds to the index."""

    instance: Instance
    size: int
    mtime_ns: int
    sha256: str
    study: Study
    series: Series
    points: tuple[DataPoint, ...] = ()


class Index:
    """The SQLite index of one repository; open it through :meth:`open`.

    Every SQLite failure leaves as a RepositoryError: Damaged where the file itself is broken.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self._connection = connection

    @staticmethod
    def create(path: Path) -> None:
        """Make an empty index; it gets its name when it is complete."""
        unfinished = path.with_name(path.name + ".new")
        unfinished.unlink(missing_ok=True)
        with _errors(path):
            connection = sqlite3.connect(unfinished, isolation_level=None)
            try:
                connection.execute("PRAGMA journal_mode = WAL")
                connection.executescript(SCHEMA)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
            finally:
                connection.close()
        unfinished.rename(path)

    @classmethod
    def open(cls, path: Path) -> Index:
        """Open an existing index.

        Raises
        ------
        NotARepository
            If the file is another program's database.
        RepositoryError
            If it was made by a newer version; Damaged if it is no database.
        """
        with _errors(path):
            connection = sqlite3.connect(
                f"{path.absolute().as_uri()}?{_mode(path)}", uri=True, timeout=BUSY_SECONDS, isolation_level=None
            )
            try:
                application = connection.execute("PRAGMA application_id").fetchone()[0]
                version = connection.execute("PRAGMA user_version").fetchone()[0]
                if application != APPLICATION_ID:
                    raise NotARepository(f"{path} is a database, but no repository index", path=path)
                if version > SCHEMA_VERSION:
                    raise RepositoryError(
                        f"{path.parent} was made by a newer vqscript (index version {version}; "
                        f"this one reads {SCHEMA_VERSION})",
                        hint="upgrade vqscript",
                        path=path,
                    )
                connection.execute("PRAGMA foreign_keys = ON")
                connection.execute("PRAGMA synchronous = NORMAL")
            except BaseException:
                connection.close()
                raise
        return cls(path, connection)

    def close(self) -> None:
        """Close the database; what was committed stays."""
        self._connection.close()

    # -- asking -------------------------------------------------------------------------------------------------

    def studies(self) -> list[Study]:
        """Return all studies, in no particular order."""
        return [Study(*row) for row in self._rows(f"SELECT {_STUDY} FROM study")]

    def study(self, study_uid: str) -> Study | None:
        """Return one study, or None."""
        rows = self._rows(f"SELECT {_STUDY} FROM study WHERE study_uid = ?", study_uid)
        return Study(*rows[0]) if rows else None

    def patient_names(self, patient_id: str) -> list[str]:
        """Return the names under which studies have a patient ID."""
        rows = self._rows(
            "SELECT DISTINCT patient_name FROM study WHERE patient_id = ? ORDER BY patient_name", patient_id
        )
        return [row[0] for row in rows if row[0]]

    def studies_in(self, projects: Iterable[str]) -> set[str]:
        """Return the UIDs of the studies that are in at least one of the projects."""
        return {row[0] for path in projects for row in self._rows("SELECT study_uid FROM project WHERE path = ?", path)}

    def projects(self, study_uid: str | None = None) -> list[str]:
        """Return the projects, or those of one study, in order."""
        if study_uid is None:
            return [row[0] for row in self._rows("SELECT DISTINCT path FROM project ORDER BY path")]
        return [row[0] for row in self._rows("SELECT path FROM project WHERE study_uid = ? ORDER BY path", study_uid)]

    def series(self, study_uid: str) -> list[Series]:
        """Return the series of a study with their number of instances, in no particular order."""
        rows = self._rows(
            f"SELECT {_SERIES}, (SELECT count(*) FROM instance WHERE instance.study_uid = series.study_uid "
            "AND instance.series_uid = series.series_uid) FROM series WHERE study_uid = ?",
            study_uid,
        )
        return [Series(*row) for row in rows]

    def studies_of_series(self, series_uid: str) -> list[str]:
        """Return the UIDs of the studies that hold this series: one, but for sloppy data."""
        rows = self._rows("SELECT study_uid FROM series WHERE series_uid = ? ORDER BY study_uid", series_uid)
        return [row[0] for row in rows]

    def rows(self, study_uid: str, series_uid: str) -> list[Row]:
        """Return the rows of a series, in no particular order."""
        found = self._rows(f"SELECT {_ROW} FROM instance WHERE study_uid = ? AND series_uid = ?", study_uid, series_uid)
        return [Row(*row) for row in found]

    def instances(self, study_uid: str) -> list[tuple[str, str, str]]:
        """Return (SOP Instance UID, Series Instance UID, SHA-256) of each instance of a study."""
        return self._rows("SELECT sop_uid, series_uid, sha256 FROM instance WHERE study_uid = ?", study_uid)

    def row(self, sop_uid: str) -> Row | None:
        """Return the row of an instance, or None."""
        found = self._rows(f"SELECT {_ROW} FROM instance WHERE sop_uid = ?", sop_uid)
        return Row(*found[0]) if found else None

    def count(self) -> int:
        """Return the number of instances."""
        return int(self._rows("SELECT count(*) FROM instance")[0][0])

    def all_rows(self) -> list[Row]:
        """Return the rows of all instances, by UID."""
        return [Row(*row) for row in self._rows(f"SELECT {_ROW} FROM instance ORDER BY sop_uid")]

    def data_points(self, study_uid: str, kind: Kind) -> list[tuple[str, str]]:
        """Return (SOP Instance UID, record) of a study's data points of a kind."""
        return self._rows(
            "SELECT sop_uid, record FROM data_point WHERE study_uid = ? AND kind = ? ORDER BY sop_uid, number",
            study_uid,
            kind,
        )

    def defects(self) -> list[str]:
        """Return what SQLite finds wrong with its own file; [] if it is sound."""
        found = [row[0] for row in self._rows("PRAGMA integrity_check")]
        broken = [
            f"a row of {row[0]} refers to a missing row of {row[2]}" for row in self._rows("PRAGMA foreign_key_check")
        ]
        return [text for text in found if text != "ok"] + broken

    # -- writing ------------------------------------------------------------------------------------------------

    def add(self, entries: Iterable[Entry], links: Iterable[tuple[str, str]] = ()) -> set[str]:
        """Add instances, and (project, study) pairs, in one transaction.

        The attributes of a study or series are those of the first instance that had them.

        Returns
        -------
        set of str
            SOP Instance UIDs that are new; another process may have added the others meanwhile.
        """
        new = set()
        with self._transaction() as connection:
            for entry in entries:
                connection.execute(_INSERT_STUDY, _values(entry.study))
                connection.execute(_INSERT_SERIES, _values(entry.series)[:-1])
                instance = entry.instance
                cursor = connection.execute(
                    "INSERT INTO instance VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                    (
                        instance.sop_uid,
                        instance.study_uid,
                        instance.series_uid,
                        entry.size,
                        entry.mtime_ns,
                        entry.sha256,
                        encode(instance),
                    ),
                )
                if cursor.rowcount:
                    new.add(instance.sop_uid)
                    connection.executemany(
                        "INSERT INTO data_point VALUES (?, ?, ?, ?, ?)",
                        [
                            (instance.study_uid, kind_of(point), instance.sop_uid, number, encode(point))
                            for number, point in enumerate(entry.points)
                        ],
                    )
            connection.executemany("INSERT INTO project VALUES (?, ?) ON CONFLICT DO NOTHING", list(links))
        return new

    def renew(self, sop_uid: str, size: int, mtime_ns: int, record: str) -> None:
        """Replace what is known of a stored file whose content is still what was stored."""
        with self._transaction() as connection:
            connection.execute(
                "UPDATE instance SET size = ?, mtime_ns = ?, record = ? WHERE sop_uid = ?",
                (size, mtime_ns, record, sop_uid),
            )

    def discard(self, study_uid: str, series_uid: str, only: Collection[str] = ()) -> list[str]:
        """Remove the rows of a series, or of some of its instances; returns their SOP Instance UIDs.

        A series without instances, and a study without series, goes with them.
        """
        series = (study_uid, series_uid)
        with self._transaction() as connection:
            held = [
                row[0]
                for row in connection.execute(
                    "SELECT sop_uid FROM instance WHERE study_uid = ? AND series_uid = ?", series
                ).fetchall()
            ]
            gone = [uid for uid in held if not only or uid in only]
            connection.executemany("DELETE FROM data_point WHERE sop_uid = ?", [(uid,) for uid in gone])
            connection.executemany("DELETE FROM instance WHERE sop_uid = ?", [(uid,) for uid in gone])
            if len(gone) == len(held):
                connection.execute("DELETE FROM series WHERE study_uid = ? AND series_uid = ?", series)
            if not connection.execute("SELECT 1 FROM series WHERE study_uid = ?", (study_uid,)).fetchone():
                connection.execute("DELETE FROM project WHERE study_uid = ?", (study_uid,))
                connection.execute("DELETE FROM study WHERE study_uid = ?", (study_uid,))
        return gone

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with _errors(self.path), immediate(self._connection) as connection:
            yield connection

    def _rows(self, sql: str, *values: Any) -> list[Any]:
        with _errors(self.path):
            return self._connection.execute(sql, values).fetchall()


_STUDY = "study_uid, patient_name, patient_id, patient_comments, study_date, study_time, study_description"
_SERIES = (
    "series_uid, study_uid, modality, series_number, series_date, series_time, series_description, "
    "manufacturer_model_name"
)
_ROW = "sop_uid, size, mtime_ns, sha256, record"


def _values(record: Study | Series) -> tuple[Any, ...]:
    """Return the fields of a record in order; dataclasses.astuple would copy each, at ten times the time."""
    return tuple(vars(record).values())


def _mode(path: Path) -> str:
    """Return how SQLite is to open the index: to write, or only to read where nothing may be written."""
    if os.access(path, os.W_OK) and os.access(path.parent, os.W_OK):
        return "mode=rw"
    # Even reading writes a file beside an index in WAL mode. Where that cannot be, and nothing waits in the
    # write-ahead log, the index is read as it lies.
    pending = path.with_name(f"{path.name}-wal")
    return "mode=ro" if pending.exists() and pending.stat().st_size else "immutable=1"


def _insert_or_fill(table: str, columns: str, key: str) -> str:
    """Return SQL that inserts a row, or fills what is still empty in the one that is there."""
    names = columns.split(", ")
    fill = ", ".join(
        f"{name} = coalesce(nullif({name}, ''), excluded.{name})" for name in names if name not in key.split(", ")
    )
    marks = ", ".join("?" * len(names))
    return f"INSERT INTO {table} ({columns}) VALUES ({marks}) ON CONFLICT ({key}) DO UPDATE SET {fill}"


_INSERT_STUDY = _insert_or_fill("study", _STUDY, "study_uid")
_INSERT_SERIES = _insert_or_fill("series", _SERIES, "study_uid, series_uid")


@contextmanager
def _errors(path: Path) -> Iterator[None]:
    """Turn what SQLite raises into errors that name the repository and the way out."""
    try:
        yield
    except sqlite3.OperationalError as error:
        text = str(error)
        if "locked" in text or "busy" in text:
            hint = "another process is writing to it: wait for it, or stop it"
        elif "full" in text:
            hint = "free some space; what was stored so far stays"
        else:
            hint = "check that the folder can be written by you, and is on a local disk"
        raise RepositoryError(f"the index {path} cannot be used: {text}", hint=hint, path=path) from error
    except sqlite3.DatabaseError as error:
        raise Damaged(
            f"the index {path} is damaged: {error}",
            hint=f"the files need no index: make a new repository and import {path.parent / 'instances'} into it",
            path=path,
        ) from error
