"""C-FIND over a local repository (PS3.4, annex C): identifiers in, answers out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from vqscript.errors import VqError
from vqscript.imaging.dicom.header import read_header
from vqscript.imaging.dicom.stream import IMPLICIT_LITTLE_ENDIAN
from vqscript.imaging.dicom.values import conversion_errors, quiet
from vqscript.network.dimse.fast import elements
from vqscript.network.dimse.fast.pdu import Malformed
from vqscript.pacs.listen.charset import replaced
from vqscript.pacs.listen.matching import fits
from vqscript.repository.attributes import text
from vqscript.repository.base import Series, Study
from vqscript.repository.local import LocalRepository

if TYPE_CHECKING:
    from pydicom import Dataset

    from vqscript.imaging.dicom.instance import Instance

BAD_IDENTIFIER = 0xA900
LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE")

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


class Refused(VqError):
    """A query or an order to send that cannot be followed; ``status`` is what to answer."""


@dataclass(frozen=True)
class Query:
    """What is asked for.

    Attributes
    ----------
    level : str
    keys : mapping
        DICOM keyword -> what to match, "" for anything.
    """

    level: str
    keys: Mapping[str, str]

    def uids(self, keyword: str) -> set[str]:
        """Return the UIDs that a key lists; none if it is not a list of UIDs."""
        value = self.keys.get(keyword, "")
        return set(value.split("\\")) - {""} if not set(value) & set("*?") else set()


def read(data: bytes, syntax: str, charset: str = "") -> Query:
    """Return what an identifier asks for.

    Parameters
    ----------
    data : bytes
    syntax : str
        Transfer syntax: explicit or implicit, little endian.
    charset : str
        Its character set, whatever it says; "" believes it.

    Raises
    ------
    Refused
        If it cannot be read, or asks at no level.
    """
    from io import BytesIO

    from pydicom.datadict import keyword_for_tag
    from pydicom.filereader import read_dataset

    implicit = syntax == IMPLICIT_LITTLE_ENDIAN
    try:
        if implicit:
            elements.check_lengths(data)
        with quiet(), _unreadable():
            found = read_dataset(BytesIO(replaced(data, charset, syntax) if charset else data), implicit, True)
            keys = {keyword: _value(found, keyword) for tag in found.keys() if (keyword := keyword_for_tag(tag))}  # noqa: SIM118
    except (Malformed, _Unreadable) as error:
        raise Refused(f"the identifier cannot be read: {error}", status=BAD_IDENTIFIER) from error
    level = keys.pop("QueryRetrieveLevel", "")
    keys.pop("SpecificCharacterSet", None)
    if level not in LEVELS:
        raise Refused(f'"{level[:16]}" is no QueryRetrieveLevel', status=BAD_IDENTIFIER)
    return Query(level, keys)


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
            yield _answer(entity, query, aet)


def encoded(answer: Dataset, syntax: str) -> bytes:
    """Return an answer in bytes."""
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    file = DicomBytesIO()
    file.is_implicit_VR = syntax == IMPLICIT_LITTLE_ENDIAN
    file.is_little_endian = True
    with quiet():
        write_dataset(file, answer)
    return file.getvalue()


class _Unreadable(Exception):
    """Bytes that are no data set."""


@contextmanager
def _unreadable() -> Iterator[None]:
    try:
        yield
    except conversion_errors() as error:
        raise _Unreadable(str(error)) from error


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
    return _Entity(_of_study(study), counted, _first_header(repository, study), _HELD["STUDY"])


def _series(repository: LocalRepository, study: Study, series: Series) -> _Entity:
    counted = {"NumberOfSeriesRelatedInstances": lambda: str(series.instances)}
    known = _of_study(study) | _of_series(series)
    return _Entity(known, counted, _first_header(repository, study, series), _HELD["SERIES"])


def _instance(study: Study, series: Series, instance: Instance) -> _Entity:
    known = _of_study(study) | _of_series(series)
    known |= {"SOPInstanceUID": instance.sop_uid, "SOPClassUID": instance.sop_class}
    if instance.instance_number is not None:
        known["InstanceNumber"] = str(instance.instance_number)
    return _Entity(known, {}, cache(lambda: read_header(instance.path)[0]))


def _of_study(study: Study) -> dict[str, str]:
    return {
        "StudyInstanceUID": study.study_uid,
        "PatientName": study.patient_name,
        "PatientID": study.patient_id,
        "PatientComments": study.patient_comments,
        "StudyDate": study.study_date,
        "StudyTime": study.study_time,
        "StudyDescription": study.study_description,
    }


def _of_series(series: Series) -> dict[str, str]:
    return {
        "SeriesInstanceUID": series.series_uid,
        "Modality": series.modality,
        "SeriesNumber": series.series_number,
        "SeriesDate": series.series_date,
        "SeriesTime": series.series_time,
        "SeriesDescription": series.series_description,
        "ManufacturerModelName": series.manufacturer_model_name,
    }


def _first_header(repository: LocalRepository, study: Study, series: Series | None = None) -> Callable[[], Dataset]:
    @cache
    def header() -> Dataset:
        one = series or repository.find_series(study.study_uid)[0]
        return read_header(repository.fetch(study.study_uid, one.series_uid).instances[0].path)[0]

    return header


def _answer(entity: _Entity, query: Query, aet: str) -> Dataset:
    from pydicom import Dataset
    from pydicom.datadict import dictionary_VR

    made = Dataset()
    made.QueryRetrieveLevel = query.level
    plain = True
    with quiet():
        for keyword in query.keys:
            kind = dictionary_VR(keyword)
            value = None if kind == "SQ" else entity.get(keyword)
            if value is None and kind != "SQ":
                continue
            plain = plain and (value is None or value.isascii())
            try:
                setattr(made, keyword, [] if kind == "SQ" else _typed(kind, value or ""))
            except conversion_errors():  # not what its type wants, as it stands in the file
                setattr(made, keyword, [] if kind == "SQ" else None)
        made.RetrieveAETitle = aet
        if "InstanceAvailability" in query.keys:
            made.InstanceAvailability = "ONLINE"
        if not plain:
            made.SpecificCharacterSet = "ISO_IR 192"
    return made


def _typed(kind: str, value: str) -> str | int | list[int] | None:
    if kind in ("US", "UL", "SS", "SL"):
        numbers = [int(one) for one in value.split("\\") if one]
        return numbers or None
    return value


def _value(found: Dataset, keyword: str) -> str:
    from pydicom.datadict import dictionary_VR

    return "" if dictionary_VR(keyword) == "SQ" else text(found, keyword)
