"""What is to be sent: how much that is, and its instances batch by batch, in the order in which they can be taken."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from vqscript.errors import Damaged, NotFound
from vqscript.imaging.dicom.instance import Instance
from vqscript.pacs.found import FoundStudy
from vqscript.pacs.sending import by_step
from vqscript.pacs.wanted import Wanted, as_found
from vqscript.repository import layout
from vqscript.repository.answers import of_series, of_study
from vqscript.repository.base import Series, Study
from vqscript.repository.local import LocalRepository

_OF_STUDY = ("PatientID", "PatientName", "StudyDate", "StudyTime", "StudyDescription", "StudyInstanceUID")
_OF_SERIES = (
    *("SeriesNumber", "Modality", "SeriesDescription", "SeriesDate", "SeriesTime"),
    *("NumberOfSeriesRelatedInstances", "SeriesInstanceUID"),
)
"""What find JSON tells of what a repository holds, in this order."""


@dataclass(frozen=True)
class Lost:
    """A series that cannot be sent.

    Attributes
    ----------
    path : Path
        The file that is in the way.
    reason : str
    sop_uids : list of str
        The instances that stay behind.
    """

    path: Path
    reason: str
    sop_uids: list[str]


class Consignment(Protocol):
    """Instances to send; :class:`OfFiles` and :class:`OfRepository`.

    Attributes
    ----------
    count : int
        How many instances there are, those that turn out to be lost included.
    lost : list of Lost
        What could not be sent; known once the batches are through.
    """

    count: int
    lost: list[Lost]

    def batches(self) -> Iterator[list[Instance]]:
        """Yield the instances: images of all first, then what refers to them, and what refers to that."""

    def found(self) -> list[FoundStudy]:
        """Return its studies and series as find JSON has them, for the next command."""

    def paths(self) -> list[str]:
        """Return the files, for the line of another program."""


class OfFiles:
    """Instances whose headers have been read.

    Parameters
    ----------
    instances : sequence of Instance
    studies : sequence of FoundStudy, optional
        What is known of their studies; without it only what their headers say.
    folder : str
        How to call the place of the files, if it is one that will not stay.
    """

    def __init__(self, instances: Sequence[Instance], studies: Sequence[FoundStudy] = (), folder: str = "") -> None:
        self._instances, self._studies, self._folder = instances, studies, folder
        self.count = len(instances)
        self.lost: list[Lost] = []

    def batches(self) -> Iterator[list[Instance]]:
        """Yield them step by step."""
        yield from by_step(self._instances).values()

    def found(self) -> list[FoundStudy]:
        """Return their studies."""
        if self._studies:
            return list(self._studies)
        modalities = {(one.study_uid, one.series_uid): one.modality for one in self._instances}
        return as_found(Wanted(*uids, tags={"Modality": modality}) for uids, modality in modalities.items())

    def paths(self) -> list[str]:
        """Return their files."""
        return [self._folder] if self._folder else [str(one.path) for batch in self.batches() for one in batch]


class OfRepository:
    """Series of a local repository, read study by study as they are sent, so that its size does not matter.

    Parameters
    ----------
    repository : LocalRepository
        It has to stay open.
    wanted : iterable of (str, str), optional
        UIDs of study and series; "" for all series of the study, or for the study that a series is in. None for the
        whole repository.

    Raises
    ------
    NotFound
        If the repository does not have one of them.
    """

    def __init__(self, repository: LocalRepository, wanted: Iterable[tuple[str, str]] | None = None) -> None:
        self._repository = repository
        self._series: dict[str, dict[str, None]] = {}
        self.count = 0
        self.lost: list[Lost] = []
        if wanted is None:
            wanted = ((study.study_uid, "") for study in repository.find_studies())
        for study_uid, series_uid in wanted:
            self._add(study_uid or repository.study_of_series(series_uid), series_uid)

    @property
    def studies(self) -> Collection[str]:
        """The UIDs of the studies."""
        return self._series.keys()

    def batches(self) -> Iterator[list[Instance]]:
        """Yield the images of a study after the other, then, again by study, what refers to images, and so on."""
        later: dict[int, dict[str, None]] = {}
        for study_uid in self._series:
            for number, instances in by_step(self._instances(study_uid, first=True)).items():
                if number:
                    later.setdefault(number, {})[study_uid] = None
                else:
                    yield instances
        for number in sorted(later):
            for study_uid in later[number]:
                yield by_step(self._instances(study_uid)).get(number, [])

    def found(self) -> list[FoundStudy]:
        """Return the studies with what the repository knows of them."""
        return [
            FoundStudy(
                _study_tags(self._repository.show(study_uid).study),
                tuple(_series_tags(one) for one in self._repository.find_series(study_uid) if one.series_uid in series),
            )
            for study_uid, series in self._series.items()
        ]

    def paths(self) -> list[str]:
        """Return the files that should be there."""
        return [
            str(layout.instance_path(self._repository.root, uid))
            for study_uid, series in self._series.items()
            for uid, one in self._repository.instances(study_uid).items()
            if one.series_uid in series
        ]

    def _add(self, study_uid: str, series_uid: str) -> None:
        there = {one.series_uid: one.instances for one in self._repository.find_series(study_uid)}
        if series_uid and series_uid not in there:
            raise NotFound(
                f"study {study_uid} of {self._repository.root} has no series {series_uid}",
                hint=f"vqscript repo show lists its {len(there)} series",
                uid=series_uid,
            )
        known = self._series.setdefault(study_uid, {})
        for uid in [series_uid] if series_uid else there:
            if uid not in known:
                known[uid] = None
                self.count += there[uid]

    def _instances(self, study_uid: str, *, first: bool = False) -> Iterator[Instance]:
        for series_uid in self._series[study_uid]:
            try:
                yield from self._repository.fetch(study_uid, series_uid).instances
            except Damaged as error:  # that one file is damaged is no reason to keep the other studies back
                if first:
                    held = self._repository.instances(study_uid)
                    uids = sorted(uid for uid, one in held.items() if one.series_uid == series_uid)
                    self.lost.append(Lost(Path(error.about["path"]), error.message, uids))


def _study_tags(study: Study) -> dict[str, str]:
    return _chosen(of_study(study), _OF_STUDY)


def _series_tags(series: Series) -> dict[str, str]:
    count = {"NumberOfSeriesRelatedInstances": str(series.instances)}
    return _chosen(of_series(series) | count, _OF_SERIES)


def _chosen(known: Mapping[str, str], keywords: Sequence[str]) -> dict[str, str]:
    return {keyword: value for keyword in keywords if (value := known[keyword])}
