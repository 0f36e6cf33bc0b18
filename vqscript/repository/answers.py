"""Between the words of a Repository and those of a query to a server."""

from __future__ import annotations

from vqscript.network.peer import Answer
from vqscript.repository.base import Series, Study, StudyFilter

STUDY_KEYWORDS = ("PatientName", "PatientID", "PatientComments", "StudyDate", "StudyTime", "StudyDescription")
SERIES_KEYWORDS = (
    "Modality",
    "SeriesNumber",
    "SeriesDate",
    "SeriesTime",
    "SeriesDescription",
    "ManufacturerModelName",
    "NumberOfSeriesRelatedInstances",
)


def study_of(answer: Answer) -> Study:
    """Return the study that a server answered with; what it left out is ""."""
    return Study(
        study_uid=answer.get("StudyInstanceUID", ""),
        patient_name=answer.get("PatientName", ""),
        patient_id=answer.get("PatientID", ""),
        patient_comments=answer.get("PatientComments", ""),
        study_date=_date(answer.get("StudyDate", "")),
        study_time=_time(answer.get("StudyTime", "")),
        study_description=answer.get("StudyDescription", ""),
    )


def series_of(answer: Answer, study_uid: str) -> Series:
    """Return the series that a server answered with; what it left out is "", the number of its instances 0."""
    count = answer.get("NumberOfSeriesRelatedInstances", "")
    return Series(
        series_uid=answer.get("SeriesInstanceUID", ""),
        study_uid=study_uid,
        modality=answer.get("Modality", ""),
        series_number=answer.get("SeriesNumber", ""),
        series_date=_date(answer.get("SeriesDate", "")),
        series_time=_time(answer.get("SeriesTime", "")),
        series_description=answer.get("SeriesDescription", ""),
        manufacturer_model_name=answer.get("ManufacturerModelName", ""),
        instances=int(count) if count.isdecimal() else 0,
    )


def of_study(study: Study) -> dict[str, str]:
    """Return what a repository knows of a study, by keyword."""
    return {
        "StudyInstanceUID": study.study_uid,
        "PatientName": study.patient_name,
        "PatientID": study.patient_id,
        "PatientComments": study.patient_comments,
        "StudyDate": study.study_date,
        "StudyTime": study.study_time,
        "StudyDescription": study.study_description,
    }


def of_series(series: Series) -> dict[str, str]:
    """Return what a repository knows of a series, by keyword; not the number of its instances."""
    return {
        "SeriesInstanceUID": series.series_uid,
        "Modality": series.modality,
        "SeriesNumber": series.series_number,
        "SeriesDate": series.series_date,
        "SeriesTime": series.series_time,
        "SeriesDescription": series.series_description,
        "ManufacturerModelName": series.manufacturer_model_name,
    }


def study_keys(filters: StudyFilter) -> dict[str, str]:
    """Return a query that finds at least the studies that a filter lets through.

    What servers make of case differs from one to the next and from name to ID, so a letter becomes ``?`` in the query,
    and the filter itself is applied to the answers.
    """
    dates = filters.date_start, filters.date_end
    keys = {
        "PatientName": loosened(filters.name),
        "PatientID": loosened(filters.patient_id),
        "StudyDate": "-".join(dates) if any(dates) else "",
    }
    return {keyword: value for keyword, value in keys.items() if value}


def loosened(pattern: str) -> str:
    """Return a pattern without letters that fits whatever the given one fits, in any case; "" if it fits everything."""
    text = "".join(_loose(character) for character in pattern)
    while "**" in text:
        text = text.replace("**", "*")
    return "" if text == "*" else text


def _loose(character: str) -> str:
    if character in "0123456789.-_*?":
        return character
    # Of another letter a server may count the bytes.
    return "?" if character.isascii() else "*"


def _date(text: str) -> str:
    return text.replace(".", "").replace("-", "")


def _time(text: str) -> str:
    return text.replace(":", "")
