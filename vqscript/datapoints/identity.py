"""What all data points have in common, read off a DICOM object."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from vqscript.datapoints.sr import string

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


class Identity(TypedDict):
    """Fields of :class:`~vqscript.datapoints.records.DataPoint` that stand in the header."""

    sop_uid: str
    series_uid: str
    study_uid: str
    creator: str
    date: str
    time: str


def identity(ds: Dataset, creator: str) -> Identity:
    """Return UIDs and content date of an object; creation or series date stand in for an absent content date."""
    date, time = next(
        (
            (found, string(ds, f"{module}Time"))
            for module in ("Content", "StructureSet", "InstanceCreation", "Series")
            if (found := string(ds, f"{module}Date"))
        ),
        ("", ""),
    )
    return Identity(
        sop_uid=string(ds, "SOPInstanceUID"),
        series_uid=string(ds, "SeriesInstanceUID"),
        study_uid=string(ds, "StudyInstanceUID"),
        creator=creator,
        date=date,
        time=time,
    )
