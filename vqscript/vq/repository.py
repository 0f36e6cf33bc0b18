"""Repositories as scripts see them: ``VQ.dicomRepository(url)``, ``repo.dcmRep``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypedDict, Unpack

from vqscript.errors import NotFound, UsageError
from vqscript.vq.catalog import script
from vqscript.vq.types import ImagePath, Record, SeriesRef, StudyRef

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vqscript.datapoints.records import DataPoint
    from vqscript.repository.base import Handle, Repository, Series, SeriesFilter, Study
    from vqscript.session import Session


class StudyOptions(TypedDict, total=False):
    """Which studies to find. ``*`` and ``?`` match as in file names, on the whole value, whatever the case."""

    namefilter: str
    """Pattern for PatientsName."""
    idfilter: str
    """Pattern for PatientID."""
    sort: str
    """PatientsName, PatientID or StudyDate; ascending."""
    datestart: str
    """YYYYMMDD, this day included."""
    dateend: str
    """YYYYMMDD, this day included."""


class SeriesOptions(TypedDict, total=False):
    """Which series to find; patterns as for studies."""

    modality: str
    """CT, PT, NM, MR ..."""
    seriesdescription: str
    """Pattern for SeriesDescription."""


class SubjectFields(TypedDict, total=False):
    """Subject information; what is left out stays as it was."""

    injectedDose: str | float
    """Activity at injection: "250 uCi", "9.25 MBq"; a number is uCi."""
    weight: str | float
    """Body weight: "24 g"; a number is g."""
    injectionTime: str
    """Date and time, YYYYMMDDHHMMSS."""
    nuclide: str
    """In-111, F-18 ..."""


class FetchedSeries:
    """A series that is at hand; ``dm:open`` takes it."""

    def __init__(self, handle: Handle, repository: Repository) -> None:
        self.repository = repository
        self._handle: Handle | None = handle
        self._uids = (handle.study.study_uid, handle.series.series_uid)
        self._files = len(handle.instances)

    def take(self) -> Handle:
        """Hand the records of its files over, and keep none of them: a script may fetch thousands of series."""
        handle, self._handle = self._handle, None
        return handle or self.repository.fetch(*self._uids)

    @property
    @script(example="print(repository:fetch(study, series).files)")
    def files(self) -> int:
        """How many files it has."""
        return self._files


class DicomRepository:
    """A repository of DICOM studies: a local folder, a PACS, a DICOMweb server or Orthanc."""

    def __init__(self, session: Session, repository: Repository) -> None:
        self._session = session
        self._repository = repository
        self._studies: dict[str, str] = {}  # UID -> name and date, for messages
        self._missed: dict[str, SeriesFilter] = {}  # UID of a study -> what the last search there found nothing for

    @property
    @script(example="print(repo.dcmRep.url)")
    def url(self) -> str:
        """How to reach it."""
        return self._repository.url

    @property
    @script(example="print(repo.dcmRep.kind)")
    def kind(self) -> str:
        """Which kind it is: "local", "dimse", "dicomweb" or "orthanc"."""
        return self._repository.kind

    @script(example='local studies = repository:findStudies("/oncology/pilot", "-namefilter", "*S1*")')
    def findStudies(self, project: str = "", **options: Unpack[StudyOptions]) -> list[Record]:
        """Return the studies of a project ("" for all).

        A trailing slash does not matter; sub-projects belong only if the project ends in ``/*``. A project that
        holds no study at all is warned of.
        """
        from vqscript.repository.base import StudyFilter

        filters = StudyFilter(
            name=options.get("namefilter", ""),
            patient_id=options.get("idfilter", ""),
            date_start=options.get("datestart", ""),
            date_end=options.get("dateend", ""),
            sort=options.get("sort", ""),
        )
        found = self._repository.find_studies(filters, project)
        if not found and not self._repository.find_studies(None, project):
            known = ", ".join(self._repository.projects()) or "none"
            self._session.say_once(f'no study is in project "{project}"; the projects are: {known}', "warning")
        self._studies.update((study.study_uid, f"{study.patient_name} of {study.study_date}") for study in found)
        return [study_record(study) for study in found]

    @script(example='local ct = repository:findSeries(study, "-modality", "CT")')
    def findSeries(self, study: StudyRef, **options: Unpack[SeriesOptions]) -> list[Record]:
        """Return the series of a study, by series number."""
        from vqscript.repository.base import SeriesFilter

        filters = SeriesFilter(options.get("modality", ""), options.get("seriesdescription", ""))
        found = self._repository.find_series(study, filters)
        if not found:
            self._missed[study] = filters
        return [series_record(series) for series in found]

    @script(example="dm:open(repository:fetch(study, ct[1]), 0)")
    def fetch(self, study: StudyRef, series: SeriesRef | None = None) -> FetchedSeries:
        """Bring a series to this machine; ``dm:open`` takes what is returned."""
        if series is None:
            self._fail_without(study)
        return FetchedSeries(self._repository.fetch(study, series), self._repository)

    @script(example='repository:store(1, "/oncology/pilot")')
    def store(self, what: int | ImagePath, project: str = "") -> int:
        """Store an input as a new series of its study, or DICOM files; returns how many instances are new."""
        from vqscript.session.submission import store_files, store_input

        if isinstance(what, int):
            return store_input(self._session, what, self._repository, project)
        return store_files(self._session, what, self._repository, project)

    @script(example="print(repository:tags(ct[1]).KVP)")
    def tags(self, series: SeriesRef) -> Record:
        """Return the DICOM attributes of a series' first instance: keyword to value."""
        return self._repository.tags(series)

    @script(example='for _, point in ipairs(repository:dataPoints(study, "roi")) do print(point.creator) end')
    def dataPoints(self, study: StudyRef, kind: Literal["roi", "quantification", "subject"]) -> list[Record]:
        """Return the data points of a study, newest first.

        All have ``creator date time sopInstanceUID``; ROI objects also ``names path format
        frameOfReference referencedSeries`` (what they were drawn on), quantification
        ``name unit input seriesInstanceUID`` and the statistics (``mean sd volume ...``), subject
        information ``injectedDose`` (uCi) ``weight`` (g) ``injectionTime nuclide``.
        """
        return [point_record(point) for point in self._repository.data_points(study, kind)]

    @script(example="repository:submitROIs()")
    def submitROIs(self, project: str = "") -> int:
        """Store all ROIs as one object, and a measurement per ROI and input that is on; returns how many of these."""
        from vqscript.session.submission import submit

        return submit(self._session, self._repository, project).measurements

    @script(example='repository:setSubject(study, {injectedDose = "250 uCi", weight = "24 g"})')
    def setSubject(self, study: StudyRef, **fields: Unpack[SubjectFields]) -> None:
        """Write subject information as a data point; what is not named stays as it was."""
        from vqscript.session.subject import set_subject

        self._session.permissions.store(self._repository)
        set_subject(
            self._repository,
            study,
            creator=self._session.creator,
            dose=fields.get("injectedDose"),
            weight=fields.get("weight"),
            injection_time=fields.get("injectionTime", ""),
            nuclide=fields.get("nuclide", ""),
        )

    def _fail_without(self, study: str) -> NoReturn:
        """Say why there is no series to fetch: nothing was given, most often because nothing was found."""
        filters = self._missed.get(study)
        if filters is None:
            raise UsageError("a series is needed, got nothing", hint="did getSeries find one? Test #series before taking series[1]")
        there = self._repository.find_series(study)
        name = self._studies.get(study, study)
        if not there:
            raise NotFound(f"study {name} has no series", uid=study)
        asked, known = [], []
        if filters.modality:
            asked.append(f'-modality "{filters.modality}"')
            known.append("modalities there: " + _each(series.modality for series in there))
        if filters.description:
            asked.append(f'-seriesdescription "{filters.description}"')
            known.append("descriptions there: " + _each(series.series_description for series in there))
        raise NotFound(
            f"no series matches {' '.join(asked)} in study {name}; {'; '.join(known)}",
            hint="test #series before taking series[1], if some studies lack it",
            uid=study,
        )


def _each(values: Iterable[str]) -> str:
    return ", ".join(sorted({value or '""' for value in values}))


def study_record(study: Study) -> Record:
    """Return a study under the names that scripts know."""
    return {
        "PatientComments": study.patient_comments,
        "PatientID": study.patient_id,
        "PatientsName": study.patient_name,
        "StudyDate": study.study_date,
        "StudyDescription": study.study_description,
        "StudyInstanceUID": study.study_uid,
        "StudyTime": study.study_time,
    }


def series_record(series: Series) -> Record:
    """Return a series under the names that scripts know."""
    return {
        "ManufacturersModelName": series.manufacturer_model_name,
        "Modality": series.modality,
        "SeriesDate": series.series_date,
        "SeriesDescription": series.series_description,
        "SeriesInstanceUID": series.series_uid,
        "SeriesNumber": series.series_number,
        "SeriesTime": series.series_time,
        "StudyInstanceUID": series.study_uid,
    }


def point_record(point: DataPoint) -> Record:
    """Return a data point under the names that scripts know; what is not entered is absent."""
    from vqscript.datapoints.records import Quantification, RoiObject, Subject

    record: dict[str, Any] = {
        "creator": point.creator,
        "date": point.date,
        "time": point.time,
        "sopInstanceUID": point.sop_uid,
        "studyInstanceUID": point.study_uid,
    }
    if isinstance(point, RoiObject):
        record |= {"format": point.format, "names": list(point.names), "path": str(point.path or "")}
        record["frameOfReference"] = point.frame_of_reference
        record["referencedSeries"] = list(point.referenced_series)
    elif isinstance(point, Quantification):
        record |= {"name": point.name, "unit": point.unit, "input": point.input}
        record |= {"seriesInstanceUID": point.image_series, "roiObject": point.roi_sop_uid}
        record |= point.values
        if "sd" in point.values:
            record["std"] = point.values["sd"]
        if "volume" in point.values:
            record["volumeML"] = point.values["volume"] / 1000
    elif isinstance(point, Subject):
        entered = {
            "injectedDose": point.injected_dose,
            "weight": point.weight,
            "injectionTime": point.injection_time or None,
            "nuclide": point.nuclide or None,
        }
        record |= {key: value for key, value in entered.items() if value is not None}
    return record
