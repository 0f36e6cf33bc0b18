"""DICOM keywords and tags, and the JSON model (PS3.18, annex F) as plain text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vqscript.errors import UsageError

TAGS = {
    "SOPClassUID": "00080016",
    "SOPInstanceUID": "00080018",
    "StudyDate": "00080020",
    "SeriesDate": "00080021",
    "StudyTime": "00080030",
    "SeriesTime": "00080031",
    "Modality": "00080060",
    "StudyDescription": "00081030",
    "SeriesDescription": "0008103E",
    "ManufacturerModelName": "00081090",
    "PatientName": "00100010",
    "PatientID": "00100020",
    "PatientComments": "00104000",
    "StudyInstanceUID": "0020000D",
    "SeriesInstanceUID": "0020000E",
    "SeriesNumber": "00200011",
    "InstanceNumber": "00200013",
    "NumberOfSeriesRelatedInstances": "00201209",
}
"""What every search asks for; a script that only searches need not wait for pydicom to be imported."""


def tag_of(keyword: str) -> str:
    """Return the tag of a keyword as eight hexadecimal digits.

    Raises
    ------
    UsageError
        For a word that is no DICOM keyword.
    """
    known = TAGS.get(keyword)
    if known:
        return known
    from pydicom.datadict import tag_for_keyword

    tag = tag_for_keyword(keyword)
    if tag is None:
        raise UsageError(f'there is no DICOM attribute "{keyword}"', hint="as in StudyDescription")
    return f"{tag:08X}"


def answer_of(dataset: dict[str, Any], keywords: Iterable[str]) -> dict[str, str]:
    """Return keyword -> text of the attributes that a dataset of the JSON model has."""
    answer = {}
    for keyword in keywords:
        element = dataset.get(tag_of(keyword))
        if isinstance(element, dict):
            values = element.get("Value", [])
            answer[keyword] = "\\".join(map(_text, values)) if isinstance(values, list) else ""
    return answer


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, dict):  # a name, in up to three scripts
        groups = [str(value.get(group, "")) for group in ("Alphabetic", "Ideographic", "Phonetic")]
        return "=".join(groups).rstrip("=")
    return str(value).strip(" \0")
