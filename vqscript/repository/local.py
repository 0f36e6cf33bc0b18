"""The local repository: a folder of DICOM files with an index, no server needed."""

from __future__ import annotations

import logging
import os
import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import quote

from vqscript.datapoints.records import DataPoint, Kind, latest_first
from vqscript.errors import Damaged, ImageError, NotARepository, NotFound, RepositoryError, UsageError
from vqscript.imaging.dicom.instance import Instance
from vqscript.repository import layout
from vqscript.repository.base import (
    Handle,
    Held,
    Progress,
    Series,
    SeriesFilter,
    StoreReport,
    Study,
    StudyFilter,
    normalise_project,
    project_matches,
)
from vqscript.repository.encoding import KINDS, decode_instance, decode_point, encode
from vqscript.repository.index import Index, Row
from vqscript.repository.selection import by_number, select_series, select_studies
from vqscript.repository.verify import Problem, verify

if TYPE_CHECKING:
    from pydicom import Dataset

log = logging.getLogger("vqscript")


@dataclass(frozen=True)
class StudyContents:
    """A study with all that is known of it: its projects, series, and data points (newest first)."""

    study: Study
    projects: tuple[str, ...]
    series: tuple[Series, ...]
    data_points: tuple[DataPoint, ...]


class LocalRepository:
    """A folder of studies; implements :class:`~vqscript.repository.base.Repository`.

    Made by :meth:`create`, opened by :meth:`open`, and a context manager. Several processes may use one
    at the same time.

    Attributes
    ----------
    root : Path
        The folder, resolved. Everything below it belongs to the repository alone.
    """

    def __init__(self, root: Path, index: Index) -> None:
        self.root = root
        self._index = index

    @classmethod
    def create(cls, path: Path) -> LocalRepository:
        """Make an empty repository in a new or empty folder, and open it.

        Raises
        ------
        RepositoryError
            If there is a repository already, the folder holds something else, or it cannot be made.
        """
        path = path.absolute()
        if (path / layout.INDEX).exists():
            raise RepositoryError(f"{path} is a repository already", hint="import into it as it is", path=path)
        if not path.parent.is_dir():
            raise RepositoryError(
                f"{path} cannot be made: there is no folder {path.parent}", hint="make it first", path=path
            )
        if path.exists() and not path.is_dir():
            raise RepositoryError(f"{path} is a file, no folder", hint="choose another name", path=path)
        ours = {layout.INSTANCES, layout.INCOMING, f"{layout.INDEX}.new"}  # an init that was stopped
        if path.exists() and any(entry.name not in ours for entry in path.iterdir()):
            raise RepositoryError(
                f"{path} is not empty, and no repository",
                hint="choose a new folder: vqscript repo init NAME",
                path=path,
            )
        with layout.writing(path):
            for folder in (path, path / layout.INSTANCES, path / layout.INCOMING):
                folder.mkdir(exist_ok=True)
        Index.create(path / layout.INDEX)
        return cls.open(path)

    @classmethod
    def open(cls, path: Path) -> LocalRepository:
        """Open an existing repository.

        Raises
        ------
        NotARepository
            If the folder is none.
        RepositoryError
            If a newer version made it, or it cannot be used; Damaged if its index is broken.
        """
        index = path / layout.INDEX
        if not index.is_file():
            found = "is no repository" if path.exists() else "does not exist"
            raise NotARepository(f"{path} {found}", hint=f'make one with: vqscript repo init "{path}"', path=path)
        return cls(path.resolve(), Index.open(index.resolve()))

    @property
    def url(self) -> str:
        """``ipacs:///folder``, with what a URL cannot hold in percent form."""
        path = self.root.as_posix()
        return "ipacs://" + quote(path if path.startswith("/") else f"/{path}", safe="/:")

    @property
    def kind(self) -> Literal["local"]:
        """Always "local"."""
        return "local"

    def close(self) -> None:
        """Close the index."""
        self._index.close()

    def __enter__(self) -> LocalRepository:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    # -- finding ------------------------------------------------------------------------------------------------

    def find_studies(self, filters: StudyFilter | None = None, project: str = "") -> list[Study]:
        """Return the studies of a project ("" for all) that the filters let through, in their order."""
        filters = filters or StudyFilter()
        studies = self._index.studies()
        if project.strip().strip("/"):
            members = self._index.studies_in(project_matches(project, self._index.projects()))
            studies = [study for study in studies if study.study_uid in members]
        return select_studies(studies, filters)

    def find_series(self, study_uid: str, filters: SeriesFilter | None = None) -> list[Series]:
        """Return the series of a study by number, then date, time and UID; NotFound without such a study."""
        self._study(study_uid)
        return select_series(self._index.series(study_uid), filters or SeriesFilter())

    def find_one(self, text: str) -> Study:
        """Return the study whose UID is, begins or ends with the text.

        Raises
        ------
        NotFound
            If there is none.
        UsageError
            If there are several.
        """
        exact = self._index.study(text)
        if exact:
            return exact
        studies = self.find_studies() if text else []
        found = [study for study in studies if study.study_uid.startswith(text)]
        found = found or [study for study in studies if study.study_uid.endswith(text)]
        if not found:
            raise NotFound(
                f'{self.root} has no study "{text}"', hint="vqscript repo ls shows the studies and their UIDs", uid=text
            )
        if len(found) > 1:
            raise UsageError(
                f'"{text}" fits {len(found)} studies', hint="among them " + ", ".join(s.study_uid for s in found[:3])
            )
        return found[0]

    def count(self) -> int:
        """Return the number of stored instances."""
        return self._index.count()

    def projects(self) -> list[str]:
        """Return the paths of all projects that hold a study, in order."""
        return self._index.projects()

    def projects_of(self, study_uid: str) -> list[str]:
        """Return the projects a study is in."""
        return self._index.projects(study_uid)

    def show(self, study_uid: str) -> StudyContents:
        """Return all that is known of a study; NotFound if there is none."""
        return StudyContents(
            study=self._study(study_uid),
            projects=tuple(self.projects_of(study_uid)),
            series=tuple(self.find_series(study_uid)),
            data_points=tuple(latest_first(point for kind in KINDS for point in self.data_points(study_uid, kind))),
        )

    def data_points(self, study_uid: str, kind: Kind) -> list[DataPoint]:
        """Return the data points of a study, newest first; NotFound if there is no such study."""
        self._study(study_uid)
        return latest_first(
            decode_point(kind, record, layout.instance_path(self.root, sop_uid))
            for sop_uid, record in self._index.data_points(study_uid, kind)
        )

    # -- reading ------------------------------------------------------------------------------------------------

    def fetch(self, study_uid: str, series_uid: str) -> Handle:
        """Return a series ready to open, by instance number; its headers are not parsed again.

        Raises
        ------
        NotFound
            If there is no such study, or no such series in it.
        Damaged
            If one of its files is missing, or is another object now.
        """
        study = self._study(study_uid)
        series = next((one for one in self._index.series(study_uid) if one.series_uid == series_uid), None)
        if series is None:
            raise NotFound(
                f"study {study_uid} has no series {series_uid}",
                hint=f"vqscript repo show lists its {len(self._index.series(study_uid))} series",
                uid=series_uid,
            )
        instances = [self._instance(row) for row in self._index.rows(study_uid, series_uid)]
        return Handle(study, series, by_number(instances))

    def instances(self, study_uid: str) -> dict[str, Held]:
        """Return all instances of a study by SOP Instance UID, as the index has them; {} without such a study."""
        return {uid: Held(series_uid, digest) for uid, series_uid, digest in self._index.instances(study_uid)}

    def tags(self, series_uid: str) -> dict[str, Any]:
        """Return DICOM keyword -> value of the first instance of a series (text, number, or a list of these)."""
        from vqscript.imaging.dicom.tags import tag_values

        study_uid = self.study_of_series(series_uid)
        return tag_values(_header(self.fetch(study_uid, series_uid).instances[0].path))

    def study_of_series(self, series_uid: str) -> str:
        """Return the StudyInstanceUID of a series (the first, in sloppy data); NotFound if there is no such series."""
        studies = self._index.studies_of_series(series_uid)
        if not studies:
            raise NotFound(f"{self.root} has no series {series_uid}", uid=series_uid)
        return studies[0]

    def locate(self, sop_uid: str) -> tuple[str, str]:
        """Return the UIDs of study and series of an instance; NotFound if there is no such instance."""
        row = self._index.row(sop_uid)
        if row is None:
            raise NotFound(f"{self.root} has no instance {sop_uid}", uid=sop_uid)
        instance = self._instance(row)
        return instance.study_uid, instance.series_uid

    def header(self, study_uid: str) -> Dataset:
        """Return a header of the study, of an image if it has one, for making objects that belong to the study."""
        handles = [self.fetch(study_uid, series.series_uid) for series in self.find_series(study_uid)]
        instances = [instance for handle in handles for instance in handle.instances]
        return _header(next((one for one in instances if one.frames), instances[0]).path)

    def verify(self, progress: Progress | None = None) -> list[Problem]:
        """Compare every stored file with the index; returns what does not fit, harmless traces included."""
        return verify(self.root, self._index, progress)

    # -- storing ------------------------------------------------------------------------------------------------

    def import_folder(
        self,
        paths: Path | Sequence[Path],
        project: str = "",
        progress: Progress | None = None,
        *,
        durable: bool = True,
    ) -> StoreReport:
        """Store every DICOM instance of files and folders; see :func:`~vqscript.repository.importing.import_files`."""
        from vqscript.repository.importing import import_files

        paths = [paths] if isinstance(paths, Path) else paths
        return import_files(self.root, self._index, paths, project, progress, durable=durable)

    def store(self, paths: Sequence[Path], project: str = "") -> StoreReport:
        """Store DICOM files; nothing that is stored is ever overwritten."""
        return self.import_folder(paths, project)

    def store_datasets(self, datasets: Sequence[Dataset], project: str = "") -> StoreReport:
        """Store DICOM objects made here; the report's paths are those in the repository.

        Raises
        ------
        RepositoryError
            If one of them cannot be stored; the others are.
        """
        with layout.incoming(self.root) as folder:
            stored = {}
            for dataset in datasets:
                path = folder / f"{uuid.uuid4().hex}.dcm"
                save_dataset(dataset, path)
                stored[path] = layout.instance_path(self.root, str(dataset.SOPInstanceUID))
            report = self.import_folder(list(stored), project)
        if report.skipped:
            path, reason = report.skipped[0]
            raise RepositoryError(f"an object could not be stored: {reason}", path=stored[path])
        report.added = [stored[path] for path in report.added]
        report.known = [stored[path] for path in report.known]
        report.notes = [(stored.get(path, path), note) for path, note in report.notes]
        return report

    def add_to_project(self, study_uid: str, project: str) -> None:
        """Put a study into one more project; NotFound if there is no such study, UsageError without a project."""
        path = normalise_project(project)
        if not path:
            raise UsageError("a project path is needed", hint="as in /oncology/pilot")
        self._index.add([], [(path, self._study(study_uid).study_uid)])

    def discard(self, study_uid: str, series_uid: str, only: Collection[str] = ()) -> None:
        """Forget a series, or some of its instances, and remove the files: for a cache, which can fetch them again.

        A study that has no series left is forgotten, too. Nothing happens if there is no such series.
        """
        # The rows go first: should this be cut short, files without rows are harmless, and can be stored again.
        for sop_uid in self._index.discard(study_uid, series_uid, only):
            path = layout.instance_path(self.root, sop_uid)
            with layout.writing(path):
                path.unlink(missing_ok=True)

    def damaged(self, study_uid: str, series_uid: str) -> list[str]:
        """Return the SOP Instance UIDs of a series whose file is missing, or is not what was stored."""
        return [row.sop_uid for row in self._index.rows(study_uid, series_uid) if not self._is_whole(row)]

    def size_of(self, study_uid: str, series_uid: str) -> int:
        """Return the bytes that the files of a series take."""
        return sum(row.size for row in self._index.rows(study_uid, series_uid))

    # -- inside -------------------------------------------------------------------------------------------------

    def _study(self, study_uid: str) -> Study:
        study = self._index.study(study_uid)
        if study is None:
            raise NotFound(
                f"{self.root} has no study {study_uid}", hint="vqscript repo ls shows the studies", uid=study_uid
            )
        return study

    def _instance(self, row: Row) -> Instance:
        """Return the instance of a row; the file is looked at again if it was touched since."""
        path = layout.instance_path(self.root, row.sop_uid)
        found = layout.stat_stored(path)
        instance = decode_instance(row.record, path)
        if instance and (found.st_size, found.st_mtime_ns) == (row.size, row.mtime_ns):
            return instance
        return self._read_again(path, row, found)

    def _is_whole(self, row: Row) -> bool:
        path = layout.instance_path(self.root, row.sop_uid)
        try:
            found = layout.stat_stored(path)
        except Damaged:
            return False
        if (found.st_size, found.st_mtime_ns) == (row.size, row.mtime_ns):
            return True
        return found.st_size == row.size and layout.hash_file(path) == row.sha256

    def _read_again(self, path: Path, row: Row, found: os.stat_result) -> Instance:
        from vqscript.imaging.dicom.header import read_instance

        try:
            instance = read_instance(path)
        except ImageError as error:
            raise Damaged(f"{error.message} (it was whole when it was stored)", hint=_RESTORE, path=path) from error
        if instance.sop_uid != row.sop_uid:
            raise Damaged(f"{path} holds another object than was stored", hint=_RESTORE, path=path)
        if layout.hash_file(path) == row.sha256:  # copied, restored, or the index is of an older version
            self._index.renew(row.sop_uid, found.st_size, found.st_mtime_ns, encode(instance))
        else:
            log.warning("%s is not what was stored; it was read again. vqscript repo verify says more", path)
        return instance


_RESTORE = "delete it and import it again; vqscript repo verify lists all such files"


def _header(path: Path) -> Dataset:
    from vqscript.imaging.dicom.header import read_header

    return read_header(path)[0]


def save_dataset(dataset: Dataset, path: Path) -> None:
    """Write a dataset as a DICOM file, as little endian if it does not say."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian

    if getattr(dataset, "file_meta", None) is None:
        dataset.file_meta = FileMetaDataset()
    if "TransferSyntaxUID" not in dataset.file_meta:
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    with layout.writing(path):
        dataset.save_as(path, enforce_file_format=True)
