"""C-FIND over a local repository (PS3.4, annex C): what of it fits a query."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING

from vqscript.imaging.dicom.header import read_header
from vqscript.imaging.dicom.values import quiet
from vqscript.pacs.listen.identifiers import Query, answer
from vqscript.pacs.listen.matching import fits
from vqscript.repository.answers import of_series, of_study
from vqscript.repository.attributes import text
from vqscript.repository.base import Series, Study
from vqscript.repository.local import LocalRepository

if TYPE_CHECKING:
    from pydicom import Dataset

    from vqscript.imaging.dicom.instance import Instance


# What a header says of the whole patient, study or series, and not of the one instance that is looked at: no other
# attributes can be asked for at these levels.
_OF_PATIENT = {
    *("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientBirthTime", "PatientSex"),
    *("OtherPatientIDs", "OtherPatientNames", "EthnicGroup", "PatientComments", "PatientSpeciesDescription"),
}
_OF_STUDY = _OF_PATIENT | {
    *("StudyDate", "StudyTime", "AccessionNumber", "StudyID", "StudyInstanceUID", "StudyDescription"),
    *("ReferringPhysicianName", "NameOfPhysiciansReadingStudy", "AdmittingDiagnosesDescription", "InstitutionName"),
    *("PatientAge", "PatientSize", "PatientWeight", "Occupation", "AdditionalPatientHistory"),
}
_OF_SERIES = _OF_STUDY | {
    *("BodyPartExamined", "ProtocolName", "Laterality", "OperatorsName", "PerformingPhysicianName", "Manufacturer"),
    *("StationName", "DeviceSerialNumber", "SoftwareVersions", "FrameOfReferenceUID", "PatientPosition"),
    *("PerformedProcedureStepStartDate", "PerformedProcedureStepStartTime", "PerformedProcedureStepID"),
    *("PerformedProcedureStepDescription", "SeriesType", "Units", "ManufacturerModelName"),
}
_HELD = {"PATIENT": _OF_PATIENT, "STUDY": _OF_STUDY, "SERIES": _OF_SERIES}


def answers(repository: LocalRepository, query: Query, aet: str) -> Iterator[Dataset]:
    """Yield what fits a query, with all that was asked for.

    Parameters
    ----------
    repository : LocalRepository
    query : Query
    aet : str
        Who can be asked to send it: ourselves.
    """
    for entity in _entities(repository, query):
        # What the index knows is compared first: for the rest a file has to be opened.
        keys = sorted(query.keys, key=lambda keyword: not entity.knows(keyword))
        if all(fits(keyword, query.keys[keyword], entity.get(keyword)) for keyword in keys):
            yield answer({keyword: entity.get(keyword) for keyword in query.keys}, query, aet)


class _Entity:
    """A patient, study, series or instance: what the index knows, what can be counted, what a header says.

    ``get`` returns None for an attribute that it is not asked about at its level.
    """

    def __init__(
        self,
        known: Mapping[str, str],
        counted: Mapping[str, Callable[[], str]],
        header: Callable[[], Dataset],
        held: set[str] | None = None,
    ) -> None:
        self._known = known
        self._counted = counted
        self._header = header
        self._held = held

    def knows(self, keyword: str) -> bool:
        """Whether no file has to be opened for an attribute."""
        return keyword in self._known or (self._held is not None and keyword not in self._held | set(self._counted))

    def get(self, keyword: str) -> str | None:
        """Return an attribute as text."""
        if self._known.get(keyword):
            return self._known[keyword]
        if keyword in self._counted:
            return self._counted[keyword]()
        if self._held is not None and keyword not in self._held:
            return self._known.get(keyword)
        with quiet():
            return text(self._header(), keyword)


def _entities(repository: LocalRepository, query: Query) -> Iterator[_Entity]:
    studies = repository.find_studies()
    asked = query.uids("StudyInstanceUID")
    if asked:
        studies = [study for study in studies if study.study_uid in asked]
    if query.level == "PATIENT":
        patients: dict[tuple[str, str], list[Study]] = {}
        for study in studies:
            patients.setdefault((study.patient_id, study.patient_name), []).append(study)
        yield from (_patient(repository, found) for found in patients.values())
    for study in studies if query.level != "PATIENT" else ():
        if query.level == "STUDY":
            yield _study(repository, study)
            continue
        for series in repository.find_series(study.study_uid):
            if (wanted := query.uids("SeriesInstanceUID")) and series.series_uid not in wanted:
                continue
            if query.level == "SERIES":
                yield _series(repository, study, series)
                continue
            for instance in repository.fetch(study.study_uid, series.series_uid).instances:
                yield _instance(study, series, instance)


def _patient(repository: LocalRepository, studies: list[Study]) -> _Entity:
    first = studies[0]
    known = {"PatientName": first.patient_name, "PatientID": first.patient_id}

    @cache
    def series() -> list[Series]:
        return [one for study in studies for one in repository.find_series(study.study_uid)]

    counted = {
        "NumberOfPatientRelatedStudies": lambda: str(len(studies)),
        "NumberOfPatientRelatedSeries": lambda: str(len(series())),
        "NumberOfPatientRelatedInstances": lambda: str(sum(one.instances for one in series())),
    }
    return _Entity(known, counted, _first_header(repository, first), _HELD["PATIENT"])


def _study(repository: LocalRepository, study: Study) -> _Entity:
    @cache
    def series() -> list[Series]:
        return repository.find_series(study.study_uid)

    counted = {
        "ModalitiesInStudy": lambda: "\\".join(sorted({one.modality for one in series()} - {""})),
        "NumberOfStudyRelatedSeries": lambda: str(len(series())),
        "NumberOfStudyRelatedInstances": lambda: str(sum(one.instances for one in series())),
    }
    return _Entity(of_study(study), counted, _first_header(repository, study), _HELD["STUDY"])


def _series(repository: LocalRepository, study: Study, series: Series) -> _Entity:
    counted = {"NumberOfSeriesRelatedInstances": lambda: str(series.instances)}
    known = of_study(study) | of_series(series)
    return _Entity(known, counted, _first_header(repository, study, series), _HELD["SERIES"])


def _instance(study: Study, series: Series, instance: Instance) -> _Entity:
    known = of_study(study) | of_series(series)
    known |= {"SOPInstanceUID": instance.sop_uid, "SOPClassUID": instance.sop_class}
    if instance.instance_number is not None:
        known["InstanceNumber"] = str(instance.instance_number)
    return _Entity(known, {}, cache(lambda: read_header(instance.path)[0]))


def _first_header(repository: LocalRepository, study: Study, series: Series | None = None) -> Callable[[], Dataset]:
    @cache
    def header() -> Dataset:
        one = series or repository.find_series(study.study_uid)[0]
        return read_header(repository.fetch(study.study_uid, one.series_uid).instances[0].path)[0]

    return header
