"""Queries by any DICOM keyword: the studies that fit, then the series of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from vqscript.errors import UsageError, did_you_mean
from vqscript.network.peer import Answer, Peer
from vqscript.pacs.found import SERIES_KEYWORDS, STUDY_KEYWORDS, FoundStudy

Progress = Callable[[int, int, str], None]

# Attributes that a server keeps with the patient and the study (PS3.4, section C.6.2.1.3); all others are asked of
# the series.
_OF_STUDY = {
    *("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientBirthTime", "PatientSex"),
    *("PatientComments", "OtherPatientIDs", "OtherPatientNames", "EthnicGroup", "PatientAge", "PatientSize"),
    *("PatientWeight", "Occupation", "StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "StudyDescription"),
    *("AccessionNumber", "ModalitiesInStudy", "ReferringPhysicianName", "NameOfPhysiciansReadingStudy"),
    *("AdmittingDiagnosesDescription", "NumberOfStudyRelatedSeries", "NumberOfStudyRelatedInstances"),
    *("SOPClassesInStudy", "InstitutionName"),
}


def find(
    peer: Peer,
    keys: Mapping[str, str],
    wanted: Sequence[str] = (),
    *,
    with_series: bool = True,
    progress: Progress | None = None,
) -> list[FoundStudy]:
    """Return what fits a query.

    Parameters
    ----------
    peer : Peer
    keys : mapping
        DICOM keyword -> value; ``*`` and ``?`` match as DICOM says, ``20240101-20240131`` is a range of dates.
        Studies are left out that have no series with what is asked of series, as ``Modality``.
    wanted : sequence of str
        Keywords of further attributes to return.
    with_series : bool
        Whether the series are asked for, study by study.
    progress : callable, optional

    Raises
    ------
    UsageError
        Without any key, which would list the whole server, or for a word that is no keyword.
    """
    check_keywords((*keys, *wanted))
    if not any(keys.values()):
        raise UsageError(
            "a query needs something to look for", hint='as in --PatientID 7654321; --PatientID "*" lists everything'
        )
    upper = {keyword: value for keyword, value in keys.items() if of_study(keyword)}
    lower = {keyword: value for keyword, value in keys.items() if not of_study(keyword)}
    studies = _studies(peer, upper, lower, _joined(STUDY_KEYWORDS, filter(of_study, wanted)))
    if not with_series and not lower:
        return [FoundStudy(study) for study in studies]
    words = _joined(SERIES_KEYWORDS, (word for word in wanted if not of_study(word)))
    found = []
    for number, study in enumerate(studies):
        if progress:
            progress(number, len(studies), study.get("PatientID", ""))
        series = _series(peer, study["StudyInstanceUID"], lower, words)
        if series or not lower:
            found.append(FoundStudy(study, series if with_series else ()))
    return found


def of_study(keyword: str) -> bool:
    """Whether an attribute is asked of studies; all others are asked of their series."""
    return keyword in _OF_STUDY


def check_keywords(words: Sequence[str]) -> None:
    """Raise UsageError for a word that is no DICOM keyword; it says which was perhaps meant."""
    from pydicom.datadict import keyword_dict

    for word in words:
        if word not in keyword_dict:
            raise UsageError(
                f'there is no DICOM attribute "{word}"',
                hint=did_you_mean(word, keyword_dict, limit=0) or "as in PatientID",
            )


def _joined(usual: Sequence[str], further: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*usual, *further)))


def _studies(peer: Peer, upper: Mapping[str, str], lower: Mapping[str, str], wanted: Sequence[str]) -> list[Answer]:
    if any(upper.values()):
        answers = peer.find("STUDY", upper, wanted)
    else:  # only of series is something known: these tell the studies
        series = peer.find("SERIES", lower, ("StudyInstanceUID",))
        uids = dict.fromkeys(uid for one in series if (uid := one.get("StudyInstanceUID")))
        answers = [one for uid in uids for one in peer.find("STUDY", {**upper, "StudyInstanceUID": uid}, wanted)]
    return list({uid: one for one in answers if (uid := one.get("StudyInstanceUID"))}.values())


def _series(peer: Peer, study_uid: str, keys: Mapping[str, str], wanted: Sequence[str]) -> tuple[Answer, ...]:
    answers = peer.find("SERIES", {"StudyInstanceUID": study_uid, **keys}, wanted)
    unique = {uid: {"StudyInstanceUID": study_uid, **one} for one in answers if (uid := one.get("SeriesInstanceUID"))}
    return tuple(sorted(unique.values(), key=_order))


def _order(series: Answer) -> tuple[int, str, str, str]:
    number = series.get("SeriesNumber", "").strip()
    last = 1 << 31
    return (
        int(number) if number.isdecimal() else last,
        series.get("SeriesDate", ""),
        series.get("SeriesTime", ""),
        series["SeriesInstanceUID"],
    )
