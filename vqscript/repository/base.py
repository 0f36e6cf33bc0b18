"""The Repository protocol: what every backend offers, and the records it speaks in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from vqscript.datapoints.records import DataPoint, Kind
from vqscript.errors import UsageError
from vqscript.imaging.dicom.instance import Instance

if TYPE_CHECKING:
    from pydicom import Dataset

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what) while something long goes on; total is 0 while unknown."""

SORT_KEYS = {
    "patientsname": "patient_name",
    "patientname": "patient_name",
    "patientid": "patient_id",
    "studydate": "study_date",
}


@dataclass(frozen=True)
class Study:
    """A study as a query returns it; an absent attribute is ""."""

    study_uid: str
    patient_name: str = ""
    patient_id: str = ""
    patient_comments: str = ""
    study_date: str = ""
    study_time: str = ""
    study_description: str = ""


@dataclass(frozen=True)
class Series:
    """A series as a query returns it; an absent attribute is ""."""

    series_uid: str
    study_uid: str
    modality: str = ""
    series_number: str = ""
    series_date: str = ""
    series_time: str = ""
    series_description: str = ""
    manufacturer_model_name: str = ""
    instances: int = 0


@dataclass(frozen=True)
class StudyFilter:
    """Which studies to find. ``*`` and ``?`` match as in a shell, on the whole value, whatever the case.

    Attributes
    ----------
    name, patient_id : str
        Patterns for PatientName and PatientID; "" matches all.
    date_start, date_end : str
        YYYYMMDD, inclusive; "" is open.
    sort : str
        "PatientsName", "PatientID" or "StudyDate"; ascending, ties by study date and time, then UID. "" sorts
        by date, time and UID.
    """

    name: str = ""
    patient_id: str = ""
    date_start: str = ""
    date_end: str = ""
    sort: str = ""

    def __post_init__(self) -> None:
        for label, date in (("datestart", self.date_start), ("dateend", self.date_end)):
            if date and not is_date(date):
                raise UsageError(f'{label} "{date}" is no date', hint="write YYYYMMDD, as in 20140131")
        if self.sort and self.sort_key not in SORT_KEYS:
            raise UsageError(
                f'studies cannot be sorted by "{self.sort}"', hint="PatientsName, PatientID or StudyDate are possible"
            )

    @property
    def sort_key(self) -> str:
        """The sort word without spaces and case: ``"Study Date"`` and ``"StudyDate"`` are one."""
        return self.sort.replace(" ", "").casefold()


@dataclass(frozen=True)
class SeriesFilter:
    """Which series of a study to find; patterns as in :class:`StudyFilter`."""

    modality: str = ""
    description: str = ""


@dataclass(frozen=True)
class Handle:
    """A fetched series: files at hand, ready to open.

    Attributes
    ----------
    study, series : Study, Series
    instances : tuple of Instance
        One record per file, paths absolute.
    """

    study: Study
    series: Series
    instances: tuple[Instance, ...] = ()


@dataclass(frozen=True)
class Held:
    """An instance that a repository holds.

    Attributes
    ----------
    series_uid : str
    digest : str
        Hash of its content, "" where the backend has none: then the UID alone stands for it.
    """

    series_uid: str
    digest: str = ""


@dataclass
class StoreReport:
    """What became of each file that was stored or imported.

    Attributes
    ----------
    added : list of Path
        Files that are new in the repository.
    known : list of Path
        Files whose SOP instance was there already, byte for byte.
    linked : set of str
        UIDs of known studies that were newly put into the project.
    skipped : list of (Path, str)
        Files left out, each with the reason.
    failed : set of Path
        Those of ``skipped`` that hold DICOM and should have been stored: cut short, unreadable, or in conflict
        with what is stored. The others are no DICOM objects at all.
    notes : list of (Path, str)
        Remarks on files that were stored nonetheless.
    studies : set of str
        Study UIDs of all files added or known.
    """

    added: list[Path] = field(default_factory=list)
    known: list[Path] = field(default_factory=list)
    linked: set[str] = field(default_factory=set)
    skipped: list[tuple[Path, str]] = field(default_factory=list)
    failed: set[Path] = field(default_factory=set)
    notes: list[tuple[Path, str]] = field(default_factory=list)
    studies: set[str] = field(default_factory=set)


class Repository(Protocol):
    """Verbs that every backend has: local folder, PACS, DICOMweb, Orthanc."""

    @property
    def url(self) -> str:
        """How to reach it again."""

    @property
    def kind(self) -> Literal["local", "dimse", "dicomweb", "orthanc"]:
        """Which backend this is."""

    @property
    def root(self) -> Path | None:
        """The folder that only the repository writes in; None for a server."""

    def projects(self) -> list[str]:
        """Return the paths of all projects that hold a study, in order."""

    def find_studies(self, filters: StudyFilter | None = None, project: str = "") -> list[Study]:
        """Return the studies of a project ("" for all); see :func:`project_matches` for its spelling."""

    def find_series(self, study_uid: str, filters: SeriesFilter | None = None) -> list[Series]:
        """Return the series of a study by number, then date, time and UID; NotFound without such a study."""

    def instances(self, study_uid: str) -> dict[str, Held]:
        """Return all instances of a study by SOP Instance UID, nothing being fetched; {} without such a study."""

    def fetch(self, study_uid: str, series_uid: str) -> Handle:
        """Bring a series to this machine; NotFound if there is none."""

    def store(self, paths: Sequence[Path], project: str = "") -> StoreReport:
        """Store DICOM files; nothing that is stored is ever overwritten."""

    def store_datasets(self, datasets: Sequence[Dataset], project: str = "") -> StoreReport:
        """Store DICOM objects made here; RepositoryError if one of them cannot be stored."""

    def tags(self, series_uid: str) -> dict[str, Any]:
        """Return DICOM keyword -> value of the first instance of a series (text, number, or a list of these)."""

    def locate(self, sop_uid: str) -> tuple[str, str]:
        """Return the UIDs of study and series of an instance; NotFound if there is no such instance."""

    def header(self, study_uid: str) -> Dataset:
        """Return the header of one instance of a study, without pixel data."""

    def data_points(self, study_uid: str, kind: Kind) -> list[DataPoint]:
        """Return the data points of a study, newest first."""

    def close(self) -> None:
        """Release files and connections."""


def matches(pattern: str, value: str) -> bool:
    """Whether a shell pattern of ``*`` and ``?`` fits the whole value, whatever the case; "" fits all."""
    if not pattern:
        return True
    expression = "".join({"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern)
    return re.fullmatch(expression, value, re.IGNORECASE | re.DOTALL) is not None


def is_date(text: str) -> bool:
    """Whether the text is a real calendar date written YYYYMMDD."""
    from datetime import datetime

    if len(text) != 8 or not text.isascii() or not text.isdigit():
        return False
    try:
        datetime.strptime(text, "%Y%m%d")
    except ValueError:
        return False
    return True


def normalise_project(path: str) -> str:
    """Return a project path as ``/a/b``: one leading slash, none trailing; "" and "/" stay "" (all studies).

    Raises
    ------
    UsageError
        For ``.`` and ``..`` parts, or characters that a project cannot have.
    """
    parts = [part.strip() for part in path.replace("\\", "/").split("/")]
    parts = [part for part in parts if part]
    bad = [part for part in parts if part in {".", ".."} or any(c in part for c in "*?\0\n\r")]
    if bad:
        raise UsageError(
            f'"{path}" is no project path: "{bad[0]}" cannot be a part of it', hint="as in /oncology/pilot"
        )
    return "/" + "/".join(parts) if parts else ""


def project_matches(asked: str, stored: Iterable[str]) -> list[str]:
    """Return the stored project paths that ``asked`` means.

    A trailing slash does not matter; sub-projects belong only if ``asked`` ends in ``/*``.
    """
    deep = asked.rstrip().endswith("/*")
    root = normalise_project(asked.rstrip()[:-2] if deep else asked)
    if deep:
        return [path for path in stored if path == root or path.startswith(root + "/")]
    return [path for path in stored if path == root]
