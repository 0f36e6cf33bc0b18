"""Repositories as scripts see them: ``VQ.dicomRepository(url)``, ``repo.dcmRep``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NoReturn, TypedDict, Unpack

from vqscript.errors import NotFound, UsageError
from vqscript.vq.catalog import script
from vqscript.vq.host_object import HostObject
from vqscript.vq.records import DataPoint, PlanPackage, Series, Study, point_record, series_record, study_record
from vqscript.vq.types import ImagePath, Input, Record, SeriesRef, StudyRef

if TYPE_CHECKING:
    from collections.abc import Iterable

    from vqscript.repository.base import Handle, Repository, SeriesFilter
    from vqscript.session import Session


class StudyOptions(TypedDict, total=False):
    """Which studies to find. ``*`` and ``?`` match as in file names, on the whole value, whatever the case."""

    namefilter: str
    """Pattern for PatientsName."""
    idfilter: str
    """Pattern for PatientID."""
    sort: str
    """PatientsName, PatientID or StudyDate, ascending; ties by time, then UID."""
    datestart: str
    """First day, YYYYMMDD."""
    dateend: str
    """Last day, YYYYMMDD."""


class SeriesOptions(TypedDict, total=False):
    """Which series to find; patterns as for studies."""

    modality: str
    """Modality: CT, PT, NM, MR ..."""
    seriesdescription: str
    """Pattern for SeriesDescription."""


class SubjectFields(TypedDict, total=False):
    """Subject information; what is left out stays as it was."""

    injectedDose: str | float
    """Activity at injection: "250 uCi", "9.25 MBq"; a number is uCi."""
    weight: str | float
    """Body weight: "24 g"; a number is g."""
    injectionTime: str
    """Date and time of injection: "2024-03-04 09:30" or 20240304093000."""
    nuclide: str
    """Nuclide: In-111, F-18 ..."""


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


class DicomRepository(HostObject):
    """A repository of DICOM studies: a local folder, a PACS, a DICOMweb server or Orthanc."""

    def __init__(self, session: Session, repository: Repository) -> None:
        super().__init__(session)
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
    def findStudies(self, project: str = "", **options: Unpack[StudyOptions]) -> list[Study]:
        """Return the studies of a project.

        A project that holds no study at all is warned of.

        Parameters
        ----------
        project : str
            As in "/oncology/pilot"; "" for all. A trailing slash does not matter; sub-projects belong only if the
            project ends in `/*`.

        Returns
        -------
        list of Study
            As `-sort` says; an empty list if there are none.

        Raises
        ------
        UsageError
            An option is unknown, or a date is none.
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
    def findSeries(self, study: StudyRef, **options: Unpack[SeriesOptions]) -> list[Series]:
        """Return the series of a study.

        Parameters
        ----------
        study
            A study that was found, or its StudyInstanceUID.

        Returns
        -------
        list of Series
            By series number; an empty list if there are none.

        Raises
        ------
        NotFound
            There is no such study.
        """
        from vqscript.repository.base import SeriesFilter

        filters = SeriesFilter(options.get("modality", ""), options.get("seriesdescription", ""))
        found = self._repository.find_series(study, filters)
        if not found:
            self._missed[study] = filters
        return [series_record(series) for series in found]

    @script(example="dm:open(repository:fetch(study, ct[1]), 0)")
    def fetch(self, study: StudyRef, series: SeriesRef | None = None) -> FetchedSeries:
        """Bring a series to this machine.

        Parameters
        ----------
        study
            A study that was found, or its StudyInstanceUID.
        series
            A series that was found, or its SeriesInstanceUID.

        Returns
        -------
        FetchedSeries
            What `dm:open` takes.

        Raises
        ------
        NotFound
            There is no such series; if the last search found nothing, the error says what there is.
        """
        if series is None:
            self._fail_without(study)
        return FetchedSeries(self._repository.fetch(study, series), self._repository)

    @script(example='repository:store(1, "/oncology/pilot")')
    def store(self, what: Input | ImagePath | list[ImagePath], project: str = "") -> int:
        """Store an input as a new series of its study, or DICOM files.

        What is stored already is never overwritten.

        Parameters
        ----------
        what
            Number of an input, a DICOM file or folder, or a list of files. Those of a list are stored images first,
            then structure sets, plans and doses, as radiotherapy systems need it.
        project : str
            Project it belongs to from then on, as in "/oncology/pilot"; "" leaves it where its study is.

        Returns
        -------
        int
            How many instances are new.

        Raises
        ------
        PermissionDenied
            The repository is named neither on the command line nor in the configuration.
        """
        from vqscript.session.submission import store_files, store_input

        if isinstance(what, int):
            return store_input(self._session, what, self._repository, project)
        if isinstance(what, list):
            from vqscript.session.plans import store_in_order

            return store_in_order(self._session, what, self._repository, project)
        return store_files(self._session, what, self._repository, project)

    @script(example="print(repository:tags(ct[1]).KVP)")
    def tags(self, series: SeriesRef) -> Record:
        """Return the DICOM attributes of a series' first instance.

        Parameters
        ----------
        series
            A series that was found, or its SeriesInstanceUID.

        Returns
        -------
        dict
            Keyword to value.
        """
        return self._repository.tags(series)

    @script(example='for _, point in ipairs(repository:dataPoints(study, "roi")) do print(point.creator) end')
    def dataPoints(self, study: StudyRef, kind: Literal["roi", "quantification", "subject"]) -> list[DataPoint]:
        """Return the data points of a study.

        Parameters
        ----------
        study
            A study that was found, or its StudyInstanceUID.
        kind : str
            ROI objects, measurements, or subject information.

        Returns
        -------
        list of DataPoint
            Newest first.
        """
        return [point_record(point) for point in self._repository.data_points(study, kind)]

    @script(example="local package = repository:planPackage(plan)")
    def planPackage(self, plan: str, study: StudyRef | None = None) -> PlanPackage:
        """Load a radiotherapy plan: its images into input 0, its doses into the following ones, its structures as ROIs.

        Doses are those that refer to the plan; they are in Gy. What is in the ROI tool is replaced.

        Parameters
        ----------
        plan : str
            SOPInstanceUID of the plan.
        study
            Its study, for a server that cannot find it without; nil looks for it.

        Raises
        ------
        NotFound
            The plan is not there, or the structure set or images that it refers to.
        UsageError
            The UID is of something else, or the plan refers to no structure set.
        """
        from vqscript.session.plans import load_plan

        package, loaded = load_plan(self._session, self._repository, plan, study or "")
        return PlanPackage(
            plan=plan,
            label=package.label,
            structureSet=package.structures.sop_uid if package.structures else "",
            structures=loaded.structures,
            doses=loaded.doses,
            files=[str(instance.path) for step in package.steps() for instance in step],
        )

    @script(example="repository:submitROIs()")
    def submitROIs(self, project: str = "") -> int:
        """Store all ROIs as one object, and a measurement per ROI and input that is on.

        Parameters
        ----------
        project : str
            Project it belongs to from then on, as in "/oncology/pilot"; "" leaves it where its study is.

        Returns
        -------
        int
            How many measurements were stored.

        Raises
        ------
        UsageError
            There are no ROIs, or input 0 belongs to no study.
        PermissionDenied
            The repository is named neither on the command line nor in the configuration.
        """
        from vqscript.session.submission import submit

        return submit(self._session, self._repository, project).measurements

    @script(example='repository:setSubject(study, {injectedDose = "250 uCi", weight = "24 g"})')
    def setSubject(self, study: StudyRef, **fields: Unpack[SubjectFields]) -> None:
        """Write subject information as a data point; what is not named stays as it was.

        Parameters
        ----------
        study
            A study that was found, or its StudyInstanceUID.

        Raises
        ------
        UsageError
            A dose, weight or time cannot be read.
        PermissionDenied
            The repository is named neither on the command line nor in the configuration.
        """
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
            raise UsageError(
                "a series is needed, got nothing",
                hint="did getSeries find one? Test #series before taking series[1]",
            )
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
