"""A task, and what became of it: plain data that travels to a worker and back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from vqscript.host.limits import Limits
from vqscript.session.answers import Answers
from vqscript.vq.records import Study

State = Literal["done", "failed"]


@dataclass(frozen=True)
class Job:
    """What all tasks of a batch have in common.

    Attributes
    ----------
    script : Path
    repo : str
        URL of the repository, or the path of a local one.
    project : str
    output : Path
        Folder of the batch.
    run_id : str
        Of this batch, for as long as its folder is resumed: what it writes into the repository is known by it.
    args : mapping
        What the script sees as ``args`` and ``batch.args``.
    answers : Answers
        To its questions.
    user : str
        Creator of what it submits.
    config : Path, optional
    read, write, net : tuple of str
        What was allowed beside the usual.
    limits : Limits
        Of each task.
    by_patient : bool
        Whether ``process`` gets a list of studies.
    aliases : tuple of pairs of str
        Where a script was brought to another machine: what a folder is called there, and what it is called here.
    relayed : bool
        Whether ``output`` is a passing one of another machine, so that what is written into the repository has to be
        told, before it is, to the process that began the task.
    """

    script: Path
    repo: str
    project: str
    output: Path
    run_id: str
    args: Mapping[str, str] = field(default_factory=dict)
    answers: Answers = field(default_factory=Answers)
    user: str = ""
    config: Path | None = None
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    net: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)
    by_patient: bool = False
    aliases: tuple[tuple[str, str], ...] = ()
    relayed: bool = False

    def named(self, value: Any) -> Any:
        """Return text, or the texts in lists and records, with folders called as they are where the batch began."""
        if not self.aliases:
            return value
        if isinstance(value, str):
            for there, here in self.aliases:
                value = value.replace(there, here)
            return value
        if isinstance(value, Mapping):
            return {self.named(key): self.named(each) for key, each in value.items()}
        return type(value)(map(self.named, value)) if isinstance(value, list | tuple) else value


@dataclass(frozen=True)
class Task:
    """One study, or the studies of one patient.

    Attributes
    ----------
    key : str
        The study's UID, or the UIDs of a patient's studies; the same in every run.
    index, size : int
        Its place among all, from 1, and how many there are.
    folder : str
        Name of its folder below the batch's.
    studies : tuple of Study
        Studies as scripts know them (``StudyInstanceUID PatientsName ...``).
    """

    key: str
    index: int
    size: int
    folder: str
    studies: tuple[Study, ...]

    @property
    def title(self) -> str:
        """Patient, ID and date for people to read."""
        first = self.studies[0]
        dates = sorted({study["StudyDate"] for study in self.studies})
        when = dates[0] if len(dates) == 1 else f"{dates[0]} .. {dates[-1]}"
        return " ".join(filter(None, (first["PatientsName"], first["PatientID"], when)))

    @property
    def columns(self) -> dict[str, str]:
        """What is added to each row of this task; several values are joined by ``;``."""
        return study_columns(self.studies)


def study_columns(studies: tuple[Study, ...]) -> dict[str, str]:
    """Return the columns that name studies in a table."""
    return {
        "study_uid": _joined(study["StudyInstanceUID"] for study in studies),
        "patient_id": _joined(study["PatientID"] for study in studies),
        "patient_name": _joined(study["PatientsName"] for study in studies),
        "study_date": _joined(study["StudyDate"] for study in studies),
    }


def _joined(values: Iterable[str]) -> str:
    return ";".join(dict.fromkeys(values))


@dataclass(frozen=True)
class Failure:
    """Why a task failed, for the report.

    Attributes
    ----------
    kind : str
        Class of the error, ``"WorkerLost"`` where the process ended.
    message, hint : str
    frames : tuple of str
        Lua frames of the user's files.
    transient : bool
        Whether trying again may help.
    """

    kind: str
    message: str
    hint: str = ""
    frames: tuple[str, ...] = ()
    transient: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a task; it is also the record that stands in its folder (``result.json``).

    Attributes
    ----------
    key, folder : str
    state : "done" or "failed"
    rows : list of dict
        With the columns that name the study; none of a failed task.
    failure : Failure, optional
    fingerprint : str
        Of the inputs, before the script ran; see :mod:`~vqscript.batch.fingerprint`.
    sources : mapping
        Path -> SHA-256 of the script and of each file it included or read.
    others : mapping
        UID -> hash of each study that the script looked into beside those of the task.
    trace : list of dict
        What the numbers come from: the series and ROI objects that were loaded, and what was done to them.
    files : list of str
        What the script wrote, relative to the task's folder.
    warnings : list of str
    started : str
        ISO 8601, local time with its offset.
    seconds : float
    attempt : int
        From 1; more where a passing trouble was met.
    """

    key: str
    folder: str
    state: State
    rows: list[dict[str, Any]] = field(default_factory=list)
    failure: Failure | None = None
    fingerprint: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, str] = field(default_factory=dict)
    trace: list[dict[str, Any]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    started: str = ""
    seconds: float = 0.0
    attempt: int = 1
