"""The repository as a task sees it: what the batch wrote before is hidden, what it writes is written once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vqscript.batch.sent import Sent
from vqscript.errors import RepositoryError
from vqscript.repository.base import Handle, Held, Repository, Series, SeriesFilter, StoreReport, Study, StudyFilter

if TYPE_CHECKING:
    from pydicom import Dataset

    from vqscript.datapoints.records import DataPoint, Kind


class Ledger:
    """A repository that keeps account of what is written through it.

    A task that is tried again meets the repository as the first try met it: what the batch itself wrote before is
    not found, and what it writes again is known by its UIDs, which follow from the content (see
    :mod:`~vqscript.batch.identity`), and is not stored a second time.

    Parameters
    ----------
    repository : Repository
    sent : Sent
        Where writing is recorded, before it happens.
    salt : str
        The batch.
    made_in : Path, optional
        DICOM files in this folder were made by the task, and have made-up UIDs.

    Attributes
    ----------
    looked_into : set of str
        UIDs of the studies that were asked for anything they hold.
    """

    def __init__(self, repository: Repository, sent: Sent, salt: str, made_in: Path | None = None) -> None:
        self._repository = repository
        self._sent = sent
        self._salt = salt
        self._made_in = made_in
        self._written: set[str] = set()  # in this attempt: these the script may find
        self.looked_into: set[str] = set()

    # Writing ------------------------------------------------------------------------------

    def store_datasets(self, datasets: Sequence[Dataset], project: str = "") -> StoreReport:
        """Store objects made here, those that an earlier attempt did not."""
        from vqscript.batch.identity import settle

        settle(datasets, self._salt)
        self._record([(str(dataset.StudyInstanceUID), str(dataset.SOPInstanceUID)) for dataset in datasets])
        studies = {str(dataset.StudyInstanceUID) for dataset in datasets}
        held = self._held(studies)
        missing = [dataset for dataset in datasets if str(dataset.SOPInstanceUID) not in held]
        if missing:
            try:
                return self._repository.store_datasets(missing, project)
            except RepositoryError:
                # An attempt that was killed may have left files that the index knows only now: the repository took
                # them in when it met them. They were made at another moment, and hold the same.
                if not {str(dataset.SOPInstanceUID) for dataset in missing} <= self._held(studies):
                    raise
        return StoreReport(studies=studies)

    def store(self, paths: Sequence[Path], project: str = "") -> StoreReport:
        """Store DICOM files. Those of others have UIDs of their own, so that a second time adds nothing.

        What an earlier attempt stored is reported as added: scripts get the same number each time.
        """
        files = _files(paths)
        if self._made_in and files and all(path.is_relative_to(self._made_in) for path in files):
            return self._store_made(list(files), project)
        before = {uid for study_uid in {study for study, _ in files.values()} for uid in self._sent.uids(study_uid)}
        self._record(list(files.values()))
        report = self._repository.store(paths, project)
        again = [path for path in report.known if path in files and files[path][1] in before]
        known = [path for path in report.known if path not in again]
        return replace(report, added=[*report.added, *again], known=known)

    def _store_made(self, paths: list[Path], project: str) -> StoreReport:
        from pydicom import dcmread

        report = self.store_datasets([dcmread(path) for path in paths], project)
        return replace(report, added=paths, known=[])

    def _record(self, objects: Sequence[tuple[str, str]]) -> None:
        for study_uid in {study for study, _ in objects}:
            uids = {uid for study, uid in objects if study == study_uid}
            # What is there and was not written by this batch stays somebody else's.
            theirs = self._held({study_uid}) - self._sent.uids(study_uid)
            self._sent.add(study_uid, uids - theirs)
            self._written |= uids

    def _held(self, studies: set[str]) -> set[str]:
        return {uid for study_uid in studies for uid in self._repository.instances(study_uid)}

    # Finding ------------------------------------------------------------------------------

    def find_series(self, study_uid: str, filters: SeriesFilter | None = None) -> list[Series]:
        """Return the series of a study, without those that earlier attempts stored."""
        self.looked_into.add(study_uid)
        found = self._repository.find_series(study_uid, filters)
        hidden = self._hidden(study_uid)
        if not hidden:
            return found
        held = self._repository.instances(study_uid)
        left = Counter(each.series_uid for uid, each in held.items() if uid not in hidden)
        return [replace(each, instances=left[each.series_uid]) for each in found if left[each.series_uid]]

    def data_points(self, study_uid: str, kind: Kind) -> list[DataPoint]:
        """Return the data points of a study, newest first, without those of earlier attempts."""
        self.looked_into.add(study_uid)
        hidden = self._hidden(study_uid)
        return [point for point in self._repository.data_points(study_uid, kind) if point.sop_uid not in hidden]

    def _hidden(self, study_uid: str) -> set[str]:
        return self._sent.uids(study_uid) - self._written

    # As it is -----------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """How to reach it again."""
        return self._repository.url

    @property
    def kind(self) -> Literal["local", "dimse", "dicomweb", "orthanc"]:
        """Which backend it is."""
        return self._repository.kind

    @property
    def root(self) -> Path | None:
        """The folder that only the repository writes in; None for a server."""
        return self._repository.root

    def projects(self) -> list[str]:
        """Return the paths of all projects that hold a study."""
        return self._repository.projects()

    def find_studies(self, filters: StudyFilter | None = None, project: str = "") -> list[Study]:
        """Return the studies of a project."""
        return self._repository.find_studies(filters, project)

    def fetch(self, study_uid: str, series_uid: str) -> Handle:
        """Bring a series to this machine."""
        self.looked_into.add(study_uid)
        return self._repository.fetch(study_uid, series_uid)

    def instances(self, study_uid: str) -> dict[str, Held]:
        """Return all instances of a study by SOP Instance UID, hidden ones included."""
        return self._repository.instances(study_uid)

    def tags(self, series_uid: str) -> dict[str, Any]:
        """Return DICOM keyword -> value of the first instance of a series."""
        return self._repository.tags(series_uid)

    def locate(self, sop_uid: str) -> tuple[str, str]:
        """Return the UIDs of study and series of an instance."""
        return self._repository.locate(sop_uid)

    def header(self, study_uid: str) -> Dataset:
        """Return the header of one instance of a study."""
        self.looked_into.add(study_uid)
        return self._repository.header(study_uid)

    def close(self) -> None:
        """Release files and connections."""
        self._repository.close()


def _files(paths: Sequence[Path]) -> dict[Path, tuple[str, str]]:
    """Return path -> study and instance UID of each DICOM file among files and folders."""
    from pydicom import dcmread
    from pydicom.errors import InvalidDicomError

    found = {}
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if not file.is_file():
                continue
            try:
                ds = dcmread(file, stop_before_pixels=True, specific_tags=["StudyInstanceUID", "SOPInstanceUID"])
                found[file] = str(ds.StudyInstanceUID), str(ds.SOPInstanceUID)
            except (InvalidDicomError, OSError, EOFError, AttributeError, ValueError):
                continue  # the repository says what is wrong with it
    return found
