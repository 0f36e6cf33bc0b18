"""What a query found, study by study, and the find JSON in which the commands hand it to each other.

::

    {
      "status": true,
      "command": "find",
      "data": [
        {
          "PatientID": {"tag": "0010,0020", "value": "7654321", "label": "Patient ID"},
          ...
          "series": [{"SeriesInstanceUID": {...}, "Modality": {...}, ...}]
        }
      ],
      "args": {"pacs": "archive", "PatientID": "7654321"},
      "then": []
    }

An attribute that the server left out is absent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vqscript.errors import UsageError
from vqscript.network.keywords import tag_of
from vqscript.network.peer import Answer

STUDY_KEYWORDS = (
    *("PatientID", "PatientName", "PatientBirthDate", "PatientSex"),
    *("StudyDate", "StudyTime", "StudyDescription", "AccessionNumber", "StudyInstanceUID"),
)
SERIES_KEYWORDS = (
    *("SeriesNumber", "Modality", "SeriesDescription", "SeriesDate", "SeriesTime"),
    *("NumberOfSeriesRelatedInstances", "SeriesInstanceUID"),
)
LONGEST_UID = 128
"""The standard allows 64; what servers made longer is still theirs."""

_UID = re.compile(r"[A-Za-z0-9._+-]+")


@dataclass(frozen=True)
class FoundStudy:
    """A study and its series, as the server described them.

    Attributes
    ----------
    tags : dict
        DICOM keyword -> text.
    series : tuple of dict
        The same of each series.
    """

    tags: Answer
    series: tuple[Answer, ...] = field(default=())

    @property
    def uid(self) -> str:
        """StudyInstanceUID."""
        return self.tags.get("StudyInstanceUID", "")


def to_json(
    studies: Iterable[FoundStudy],
    *,
    command: str = "find",
    args: Mapping[str, Any],
    then: Sequence[str] = (),
    good: bool = True,
) -> dict[str, Any]:
    """Return find JSON; good is whether all was done that was asked for."""
    data = [{**_described(study.tags), "series": [_described(one) for one in study.series]} for study in studies]
    return {"status": good, "command": command, "data": data, "args": dict(args), "then": list(then)}


@dataclass(frozen=True)
class Found:
    """What find JSON says.

    Attributes
    ----------
    studies : list of FoundStudy
    good : bool
        Whether the command that wrote it had done all it was asked for.
    """

    studies: list[FoundStudy]
    good: bool


def from_json(text: str) -> Found:
    """Read find JSON, as ``pacs find --json`` writes it.

    Raises
    ------
    UsageError
        If the text is none, a study or series has no UID, or a UID is one that no server can mean.
    """
    hint = "what vqscript pacs find --json prints is read"
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        found = "nothing came" if not text.strip() else f"it is no JSON: {error}"
        raise UsageError(f"find JSON was expected, but {found}", hint=hint) from error
    data = whole.get("data") if isinstance(whole, dict) else None
    if not isinstance(data, list) or not all(isinstance(one, dict) for one in data):
        raise UsageError('this is no find JSON: it has no list "data"', hint=hint)
    return Found([_study(one) for one in data], good=whole.get("status") is not False)


def checked_uid(uid: str, what: str) -> str:
    """Return a UID; UsageError for what cannot be one, such as a wildcard that would match everything."""
    if not _UID.fullmatch(uid) or len(uid) > LONGEST_UID:
        shown = uid if len(uid) <= LONGEST_UID else f"{uid[:40]}..."
        raise UsageError(f'{what} "{shown}" is no UID', hint="digits and dots, as in 1.2.840.113619.2.55")
    return uid


def _study(record: dict[str, Any]) -> FoundStudy:
    tags = _values(record)
    checked_uid(tags.get("StudyInstanceUID", ""), "StudyInstanceUID")
    listed = record.get("series", [])
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise UsageError('"series" of a study in the find JSON is no list of series')
    series = tuple(_values(one) for one in listed)
    for one in series:
        checked_uid(one.get("SeriesInstanceUID", ""), "SeriesInstanceUID")
    return FoundStudy(tags, series)


def _values(record: dict[str, Any]) -> Answer:
    return {
        keyword: str(entry["value"])
        for keyword, entry in record.items()
        if isinstance(entry, dict) and isinstance(entry.get("value"), str | int | float)
    }


def _described(tags: Answer) -> dict[str, dict[str, str]]:
    from pydicom.datadict import dictionary_description

    described = {}
    for keyword, value in tags.items():
        tag = tag_of(keyword)
        described[keyword] = {
            "tag": f"{tag[:4]},{tag[4:]}",
            "value": value,
            "label": dictionary_description(int(tag, 16)),
        }
    return described
