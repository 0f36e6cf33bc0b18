"""What the index keeps of a header: the study and series a file says it belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqscript.imaging.dicom.values import conversion_errors
from vqscript.repository.base import Series, Study

if TYPE_CHECKING:
    from pydicom import Dataset

KEYWORDS = (
    "SpecificCharacterSet",
    "StudyInstanceUID",
    "PatientName",
    "PatientID",
    "PatientComments",
    "StudyDate",
    "StudyTime",
    "StudyDescription",
    "SeriesInstanceUID",
    "Modality",
    "SeriesNumber",
    "SeriesDate",
    "SeriesTime",
    "SeriesDescription",
    "ManufacturerModelName",
)
"""All that the functions below look at: headers that agree in these are of the same study and series."""


def study_of(header: Dataset) -> Study:
    """Return the study attributes of a header, decoded in its character set; absent ones are ""."""
    return Study(
        study_uid=text(header, "StudyInstanceUID"),
        patient_name=text(header, "PatientName"),
        patient_id=text(header, "PatientID"),
        patient_comments=text(header, "PatientComments"),
        study_date=date(header, "StudyDate"),
        study_time=time(header, "StudyTime"),
        study_description=text(header, "StudyDescription"),
    )


def series_of(header: Dataset) -> Series:
    """Return the series attributes of a header; absent ones are ""."""
    return Series(
        series_uid=text(header, "SeriesInstanceUID"),
        study_uid=text(header, "StudyInstanceUID"),
        modality=text(header, "Modality"),
        series_number=text(header, "SeriesNumber"),
        series_date=date(header, "SeriesDate"),
        series_time=time(header, "SeriesTime"),
        series_description=text(header, "SeriesDescription"),
        manufacturer_model_name=text(header, "ManufacturerModelName"),
    )


def other_patient(kept: Study, said: Study) -> list[tuple[str, str]]:
    """Return what is said of a study's patient otherwise than is known of it, each with a remark on that."""
    uid = kept.study_uid
    return [
        (other, f'its {what} is "{other}", but study {uid} has "{known}", which is kept')
        for what, known, other, same in (
            ("patient name", kept.patient_name, said.patient_name, same_name(kept.patient_name, said.patient_name)),
            ("patient ID", kept.patient_id, said.patient_id, kept.patient_id == said.patient_id),
        )
        if known and other and not same
    ]


def same_name(one: str, other: str) -> bool:
    """Whether two names are one: neither case nor empty components at the end tell patients apart."""
    return one.casefold().rstrip("^ ") == other.casefold().rstrip("^ ")


def text(header: Dataset, keyword: str) -> str:
    """Return an attribute as text, stripped of padding; several values are joined by a backslash."""
    try:
        value = header.get(keyword)
    except conversion_errors():  # a SeriesNumber of "1a": keep what the file says
        raw = header.get_item(keyword).value
        value = raw.decode("latin-1") if isinstance(raw, bytes) else raw
    if value is None:
        return ""
    if not isinstance(value, str) and hasattr(value, "__iter__") and type(value).__name__ != "PersonName":
        value = "\\".join(str(part) for part in value)
    return str(value).strip(" \0")


def date(header: Dataset, keyword: str) -> str:
    """Return a date as YYYYMMDD, also where an old file has written YYYY.MM.DD."""
    return text(header, keyword).replace(".", "").replace("-", "")


def time(header: Dataset, keyword: str) -> str:
    """Return a time as HHMMSS[.ffffff], also where an old file has written HH:MM:SS."""
    return text(header, keyword).replace(":", "")
