"""A server as a repository: PACS, DICOMweb server or Orthanc, whatever it speaks."""

from __future__ import annotations

import logging
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vqscript.datapoints.records import DataPoint, Kind, latest_first
from vqscript.errors import Damaged, NotFound, PeerError, RepositoryError, Unreachable, UsageError
from vqscript.imaging.dicom.instance import Instance
from vqscript.network.peer import Answer, Peer, find_fitting
from vqscript.network.uid import is_uid
from vqscript.repository.answers import SERIES_KEYWORDS, STUDY_KEYWORDS, series_of, study_keys, study_of
from vqscript.repository.base import (
    Handle,
    Held,
    Series,
    SeriesFilter,
    StoreReport,
    Study,
    StudyFilter,
    normalise_project,
    project_matches,
)
from vqscript.repository.cache import Cache
from vqscript.repository.fetching import Fetcher
from vqscript.repository.projects import LABELS, ProjectRule, with_labels
from vqscript.repository.selection import select_series, select_studies

if TYPE_CHECKING:
    from pydicom import Dataset

log = logging.getLogger("vqscript")

MODALITIES: dict[Kind, tuple[str, ...]] = {
    "roi": ("SEG", "RTSTRUCT"),
    "quantification": ("SR",),
    "subject": ("SR",),
}
"""Series that may hold data points; their content is no query key, so they are fetched to be looked into."""

NO_IMAGES = frozenset({"SEG", "RTSTRUCT", "RTPLAN", "RTDOSE", "SR", "PR", "KO", "DOC", "REG", "ECG"})

SUCCESS = ("0000", "Success", "AlreadyStored")
"""What servers say of an instance that they have as it was sent; anything else that is an acceptance is a warning."""


class RemoteRepository:
    """A server; implements :class:`~vqscript.repository.base.Repository`.

    Parameters
    ----------
    peer : Peer
    cache : Cache
        What is fetched and stored is kept there.
    rule : ProjectRule, optional
        What "project" means; without it the server has none.
    """

    root: None = None

    def __init__(self, peer: Peer, cache: Cache, rule: ProjectRule | None = None) -> None:
        self._peer = peer
        self._cache = cache
        self._rule = rule
        self._fetcher = Fetcher(peer, cache)
        self._studies_of_series: dict[str, str] = {}
        self._told: set[str] = set()

    @property
    def url(self) -> str:
        """How to reach it again, without anything secret."""
        return self._peer.url

    @property
    def kind(self) -> Literal["dimse", "dicomweb", "orthanc"]:
        """What it speaks."""
        return self._peer.kind

    def close(self) -> None:
        """End connections, and let go of what was held in the cache."""
        try:
            self._peer.close()
        finally:
            self._cache.close()

    def __enter__(self) -> RemoteRepository:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # -- finding ------------------------------------------------------------------------------------------------

    def projects(self) -> list[str]:
        """Return the paths of all projects that hold a study, in order."""
        if self._rule is None:
            return []
        return sorted({project for each in self._in_projects({}) for project in each[1]})

    def find_studies(self, filters: StudyFilter | None = None, project: str = "") -> list[Study]:
        """Return the studies of a project ("" for all) that the filters let through, in their order.

        Raises
        ------
        UsageError, ConfigError
            If a project is named, but the configuration does not say what that means here, or something that the
            server does not have.
        """
        filters = filters or StudyFilter()
        keys = study_keys(filters)
        if project.strip().strip("/"):
            answers = [
                answer for answer, projects in self._in_projects(keys, project) if project_matches(project, projects)
            ]
        else:
            answers = self._studies(keys)
        return select_studies(map(study_of, answers), filters)

    def _studies(self, keys: Mapping[str, str], *more: str) -> list[Answer]:
        answers = find_fitting(self._peer, "STUDY", keys, (*STUDY_KEYWORDS, *more))
        return list({uid: answer for answer in answers if (uid := answer.get("StudyInstanceUID", ""))}.values())

    def _in_projects(self, keys: Mapping[str, str], project: str = "") -> list[tuple[Answer, list[str]]]:
        """Return studies with the projects that each is in; that none is in any is told, for the rule may be wrong."""
        rule = self._checked(project)
        answers = self._studies(keys, rule.attribute)
        found = [(answer, rule.projects(answer.get(rule.attribute, ""))) for answer in answers]
        if answers and not any(projects for _, projects in found):
            values = sorted({answer.get(rule.attribute, "") for answer in answers} - {""})
            example = f'as "{values[0]}" does not' if values else "the server tells none"
            self._tell(
                f"none of {len(answers)} studies of {self._peer.name} has a {rule.attribute} that fits "
                f'"{rule.pattern}", which the configuration takes for the project: {example}'
            )
        return found

    def _checked(self, project: str = "") -> ProjectRule:
        """Return what "project" means; an error if that is not said, or cannot be here."""
        if self._rule is None:
            raise UsageError(
                f'{self._peer.name} has no projects, so "{project}" cannot be found there',
                hint="the configuration can say what they are there: "
                'project = { attribute = "StudyDescription" }, below [repositories.NAME]',
            )
        if self._rule.attribute == LABELS:
            with_labels(self._peer)
        return self._rule

    def _tell(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            log.warning("%s", text)

    def find_series(self, study_uid: str, filters: SeriesFilter | None = None) -> list[Series]:
        """Return the series of a study by number, then date, time and UID; NotFound without such a study."""
        filters = filters or SeriesFilter()
        answers = self._series(study_uid)
        if filters.description:
            answers = [self._described(study_uid, answer) for answer in answers]
        return select_series((series_of(answer, study_uid) for answer in answers), filters)

    def _series(self, study_uid: str) -> list[Answer]:
        keys = {"StudyInstanceUID": study_uid}
        answers = find_fitting(self._peer, "SERIES", keys, SERIES_KEYWORDS) if is_uid(study_uid) else []
        found = {uid: answer for answer in answers if (uid := answer.get("SeriesInstanceUID", ""))}
        if not found:
            raise NotFound(f"{self._peer.name} has no study {study_uid}", uid=study_uid)
        self._studies_of_series.update(dict.fromkeys(found, study_uid))
        return list(found.values())

    def _described(self, study_uid: str, answer: Answer) -> Answer:
        """Return an answer with the description; where the server leaves it out, an instance of the series says it."""
        if "SeriesDescription" in answer:
            return answer
        header = self._first_header(study_uid, answer["SeriesInstanceUID"])
        return {**answer, "SeriesDescription": str(header.get("SeriesDescription", ""))}

    def instances(self, study_uid: str) -> dict[str, Held]:
        """Return all instances of a study by SOP Instance UID, nothing being fetched; {} without such a study."""
        try:
            answers = self._series(study_uid)
        except NotFound:
            return {}
        series = [answer["SeriesInstanceUID"] for answer in answers]
        return {uid: Held(each) for each in series for uid in self._fetcher.listed(study_uid, each)}

    # -- reading ------------------------------------------------------------------------------------------------

    def fetch(self, study_uid: str, series_uid: str) -> Handle:
        """Bring a series to this machine; what is here already is not fetched again.

        Raises
        ------
        NotFound
            If there is no such series in the study.
        PeerError
            If it did not arrive completely; the error names what is missing.
        """
        uids = self._fetcher.fetch(study_uid, series_uid)
        try:
            handle = self._cache.repository.fetch(study_uid, series_uid)
        except Damaged as error:  # since a moment ago
            log.warning("%s; it is fetched again", error.message)
            uids = self._fetcher.fetch(study_uid, series_uid)
            handle = self._cache.repository.fetch(study_uid, series_uid)
        # What the server has no longer may still be in the cache.
        return Handle(handle.study, handle.series, tuple(each for each in handle.instances if each.sop_uid in uids))

    def tags(self, series_uid: str) -> dict[str, Any]:
        """Return DICOM keyword -> value of the first instance of a series (text, number, or a list of these)."""
        from vqscript.imaging.dicom.tags import tag_values

        return tag_values(self._first_header(self._study_of(series_uid), series_uid))

    def locate(self, sop_uid: str) -> tuple[str, str]:
        """Return the UIDs of study and series of an instance; NotFound if there is no such instance.

        A server that wants to be asked level by level is, as long as it has not too many studies for that.
        """
        words = ("StudyInstanceUID", "SeriesInstanceUID")
        for answer in find_fitting(self._peer, "IMAGE", {"SOPInstanceUID": sop_uid}, words):
            study_uid, series_uid = (answer.get(word, "") for word in words)
            if study_uid and series_uid:
                return study_uid, series_uid
        raise NotFound(
            f"{self._peer.name} has no instance {sop_uid}, or does not say of which study it is", uid=sop_uid
        )

    def header(self, study_uid: str) -> Dataset:
        """Return a header of the study, of an image if it has one, for making objects that belong to the study."""
        answers = self._series(study_uid)
        images = [answer for answer in answers if answer.get("Modality", "") not in NO_IMAGES]
        return self._first_header(study_uid, (images or answers)[0]["SeriesInstanceUID"])

    def data_points(self, study_uid: str, kind: Kind) -> list[DataPoint]:
        """Return the data points of a study, newest first; NotFound if there is no such study."""
        series = [
            answer["SeriesInstanceUID"]
            for answer in self._series(study_uid)
            if answer.get("Modality", "") in MODALITIES[kind]
        ]
        uids = {uid for each in series for uid in self._fetcher.fetch(study_uid, each)}
        if not uids:
            return []
        points = self._cache.repository.data_points(study_uid, kind)
        return latest_first(point for point in points if point.sop_uid in uids)

    def _study_of(self, series_uid: str) -> str:
        """Return the study of a series: servers need not answer without it."""
        known = self._studies_of_series.get(series_uid)
        if known:
            return known
        answers: list[Answer] = []
        try:
            if is_uid(series_uid):
                answers = find_fitting(self._peer, "SERIES", {"SeriesInstanceUID": series_uid}, ("StudyInstanceUID",))
        except Unreachable:
            raise
        except PeerError as error:  # it wants to be asked level by level
            log.debug("%s", error)
        found = next((study for answer in answers if (study := answer.get("StudyInstanceUID", ""))), "")
        if not found:
            raise NotFound(
                f"{self._peer.name} does not say of which study series {series_uid} is, if it has it",
                hint="find the series of its study first (getSeries)",
                uid=series_uid,
            )
        return found

    def _first_header(self, study_uid: str, series_uid: str) -> Dataset:
        """Return the header of the first instance of a series; only this one is fetched."""
        from vqscript.imaging.dicom.header import read_header

        listed = self._fetcher.listed(study_uid, series_uid, "InstanceNumber")
        if not listed:
            raise NotFound(f"{self._peer.name} has no series {series_uid} in study {study_uid}", uid=series_uid)
        uid = min(listed, key=lambda each: (_number(listed[each].get("InstanceNumber", "")), each))
        self._fetcher.fetch(study_uid, series_uid, only=[uid])
        return read_header(self._cache.path_of(uid))[0]

    # -- storing ------------------------------------------------------------------------------------------------

    def store(self, paths: Sequence[Path], project: str = "") -> StoreReport:
        """Store DICOM files; nothing that is stored is ever overwritten.

        Files that the server refused are among those skipped, with its answer.
        """
        from vqscript.repository.sending import leave_out_known, read_files

        project = self._project(project)
        report = StoreReport()
        files = read_files(paths, self._cache.repository.root, report)
        self._put(leave_out_known(files, self._fetcher, self._cache, report), report)
        self._join(report, project)
        return report

    def store_datasets(self, datasets: Sequence[Dataset], project: str = "") -> StoreReport:
        """Store DICOM objects made here; the report's paths are those in the cache.

        Raises
        ------
        RepositoryError
            If the server refused one of them; the others are stored.
        """
        from vqscript.imaging.dicom.header import read_header
        from vqscript.repository.local import save_dataset

        project = self._project(project)
        report = StoreReport()
        with tempfile.TemporaryDirectory() as folder:
            files: dict[Path, Instance] = {}
            for number, dataset in enumerate(datasets):
                path = Path(folder, f"{number:06d}.dcm")
                save_dataset(dataset, path)
                files[path] = read_header(path)[1]
            self._put(files, report)
            stored = {path: self._cache.path_of(instance.sop_uid) for path, instance in files.items()}
        if report.failed:
            refused = [(stored[path], reason) for path, reason in report.skipped]
            raise RepositoryError(
                f"{len(refused)} of {len(files)} objects could not be stored: {refused[0][1]}", path=refused[0][0]
            )
        report.added = [stored[path] for path in report.added]
        self._join(report, project)
        return report

    def _put(self, files: Mapping[Path, Instance], report: StoreReport) -> None:
        """Send files; those that the server has taken as they are go into the cache as well."""
        from vqscript.repository.sending import send, skip

        as_it_was: list[Path] = []
        warnings: Counter[str] = Counter()
        for sent in send(self._peer, list(files)):
            instance = files[sent.path]
            if not sent.accepted:
                reason = f"{self._peer.name} refused instance {instance.sop_uid}: {sent.status}"
                skip(report, sent.path, reason, failed=True)
                continue
            report.added.append(sent.path)
            report.studies.add(instance.study_uid)
            if sent.status.startswith(SUCCESS):
                as_it_was.append(sent.path)
            else:  # it was coerced, perhaps: what the server has is not what was sent
                report.notes.append((sent.path, f"{self._peer.name} stored it with a warning: {sent.status}"))
                warnings[sent.status] += 1
        for status, count in warnings.items():
            log.warning("%s stored %d of %d instances with a warning: %s", self._peer.name, count, len(files), status)
        series = {(files[path].study_uid, files[path].series_uid) for path in as_it_was}
        for each in sorted(series):
            self._cache.hold(*each)
        if as_it_was:
            self._cache.add(as_it_was, sorted(series))

    def _project(self, project: str) -> str:
        """Return a project as it is written; an error where it can be none here, before anything is sent."""
        project = normalise_project(project)
        if project and self._rule is not None:
            rule = self._checked(project)
            if rule.attribute == LABELS:
                rule.label(project)
        return project

    def _join(self, report: StoreReport, project: str) -> None:
        """Put the stored studies into a project where the server can, else say where they are not in it."""
        if not project or not report.studies:
            return
        if self._rule is not None and self._rule.attribute == LABELS:
            for study_uid in sorted(report.studies):
                with_labels(self._peer).add_label(study_uid, self._rule.label(project))
            return
        inside = {study.study_uid for study in self.find_studies(None, project)} if self._rule else set()
        for study_uid in sorted(report.studies - inside):
            log.warning("%s stored study %s, which is not in project %s there", self._peer.name, study_uid, project)


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 1 << 31
