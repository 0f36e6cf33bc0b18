"""Which tasks a batch has: the studies of the project, in the order scripts get them."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from vqscript.batch.names import folder_name
from vqscript.batch.task import Task
from vqscript.errors import NotFound, UsageError, did_you_mean

if TYPE_CHECKING:
    from vqscript.batch.sent import Sent
    from vqscript.repository.base import Repository, StudyFilter
    from vqscript.vq.records import Study

_FIELDS = {
    "namefilter": "name",
    "idfilter": "patient_id",
    "datestart": "date_start",
    "dateend": "date_end",
    "sort": "sort",
}


def where(text: str) -> StudyFilter:
    """Read a filter as scripts write it: ``-namefilter *S1* -datestart 20240101``.

    Raises
    ------
    UsageError
        For an unknown option, or one without a value.
    """
    from vqscript.repository.base import StudyFilter

    try:
        words = shlex.split(text)
    except ValueError as error:
        raise UsageError(f'--where "{text}": {error}', hint="as in --where '-namefilter *S1*'") from error
    found: dict[str, str] = {}
    for key, value in zip(words[::2], [*words[1::2], None], strict=False):
        name = _FIELDS.get(key.removeprefix("-").casefold())
        if name is None:
            raise UsageError(f'--where has no option "{key}"', hint=did_you_mean(key, [f"-{each}" for each in _FIELDS]))
        if value is None:
            raise UsageError(f"--where: {key} has no value", hint="as in --where '-namefilter *S1*'")
        found[name] = value
    return StudyFilter(**found)


def plan(
    repository: Repository, project: str, filters: StudyFilter, *, by_patient: bool = False, own: Sent | None = None
) -> list[Task]:
    """Return the tasks of a project.

    Parameters
    ----------
    repository : Repository
    project : str
        "" for all.
    filters : StudyFilter
    by_patient : bool
        Whether a task is a patient.
    own : Sent, optional
        What the batch wrote before: a study that holds nothing else is none of its inputs.

    Raises
    ------
    NotFound
        If there is no study to process.
    """
    from vqscript.vq.records import study_record

    found = repository.find_studies(filters, project)
    studies = [study_record(study) for study in found if own is None or not _is_made(study.study_uid, repository, own)]
    if not studies:
        known = ", ".join(repository.projects()) or "none"
        raise NotFound(
            f'no study of project "{project}" fits' if project else "no study fits",
            hint=f"the projects are: {known}; without --project all studies are taken",
        )
    groups: dict[str, list[Study]] = {}
    for study in studies:
        groups.setdefault(_patient(study) if by_patient else study["StudyInstanceUID"], []).append(study)
    return [_task(number, len(groups), group) for number, group in enumerate(groups.values(), start=1)]


def _is_made(uid: str, repository: Repository, own: Sent) -> bool:
    """Whether a batch made a study."""
    written = own.uids(uid)
    return bool(written) and set(repository.instances(uid)) <= written


def _patient(study: Study) -> str:
    """Return what tells patients apart: the ID, else the name; a study with neither is a patient of its own."""
    return study["PatientID"] or study["PatientsName"] or study["StudyInstanceUID"]


def _task(index: int, size: int, studies: list[Study]) -> Task:
    key = " ".join(sorted(study["StudyInstanceUID"] for study in studies))
    first = studies[0]
    date = first["StudyDate"] if len(studies) == 1 else ""
    return Task(key, index, size, folder_name(key, first["PatientsName"], first["PatientID"], date), tuple(studies))
