"""Which series, or instances of them, are to be fetched, sent or looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from vqscript.errors import NotFound
from vqscript.network.peer import Answer, Peer
from vqscript.pacs.found import FoundStudy, checked_uid

_TOLD = ("Modality", "SeriesDescription")


@dataclass(frozen=True)
class Wanted:
    """A series, or some instances of it.

    Attributes
    ----------
    study_uid, series_uid : str
    instances : tuple of str
        SOP Instance UIDs; none for the whole series.
    tags, study : dict
        What is known of the series and of its study, for people.
    """

    study_uid: str
    series_uid: str
    instances: tuple[str, ...] = ()
    tags: Answer = field(default_factory=dict, compare=False)
    study: Answer = field(default_factory=dict, compare=False)

    @property
    def title(self) -> str:
        """What a person knows it by."""
        return " ".join(filter(None, (self.tags.get(word, "") for word in _TOLD))) or self.series_uid


def of_found(peer: Peer, studies: Iterable[FoundStudy]) -> list[Wanted]:
    """Return the series of find JSON; those of a study that has none there are asked for."""
    wanted = []
    for study in studies:
        if study.series:
            wanted += [Wanted(study.uid, one["SeriesInstanceUID"], tags=one, study=study.tags) for one in study.series]
        else:
            wanted += [replace(one, study=study.tags) for one in of_uids(peer, study=study.uid)]
    return wanted


def of_uids(peer: Peer, *, study: str = "", series: str = "", instance: str = "") -> list[Wanted]:
    """Return what UIDs stand for; those of the levels above are asked for where they are not given.

    Raises
    ------
    UsageError
        For what is no UID.
    NotFound
        If the server has nothing under them.
    """
    given = {"StudyInstanceUID": study, "SeriesInstanceUID": series, "SOPInstanceUID": instance}
    keys = {keyword: checked_uid(uid, keyword) for keyword, uid in given.items() if uid}
    if instance:
        answers = peer.find("IMAGE", keys, ("StudyInstanceUID", "SeriesInstanceUID"))
        complete = [one for one in answers if one.get("StudyInstanceUID") and one.get("SeriesInstanceUID")]
        wanted = [Wanted(one["StudyInstanceUID"], one["SeriesInstanceUID"], (instance,)) for one in complete]
    else:
        answers = peer.find("SERIES", keys, ("StudyInstanceUID", *_TOLD))
        complete = [{**keys, **one} for one in answers if one.get("SeriesInstanceUID")]
        wanted = [
            Wanted(one["StudyInstanceUID"], one["SeriesInstanceUID"], tags=one)
            for one in complete
            if one.get("StudyInstanceUID")
        ]
    if not wanted:
        said = ", ".join(f"{keyword} {uid}" for keyword, uid in keys.items())
        raise NotFound(
            f"{peer.name} has nothing with {said}, or does not say of which study it is",
            hint="say the study as well" if not study else "vqscript pacs find shows what it has",
        )
    return list(dict.fromkeys(wanted))


def as_found(wanted: Iterable[Wanted]) -> list[FoundStudy]:
    """Return series as the studies of find JSON, for the next command."""
    studies: dict[str, Answer] = {}
    by_study: dict[str, list[Answer]] = {}
    for one in wanted:
        studies.setdefault(one.study_uid, {}).update(one.study)
        by_study.setdefault(one.study_uid, []).append({**one.tags, "SeriesInstanceUID": one.series_uid})
    return [FoundStudy({**studies[uid], "StudyInstanceUID": uid}, tuple(series)) for uid, series in by_study.items()]
