"""Data points as plain records: what a DICOM object says, without pydicom.

"Latest" everywhere means :func:`latest_first`: content date and time, then SOP Instance UID.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, TypeVar

Kind = Literal["roi", "quantification", "subject"]


@dataclass(frozen=True)
class DataPoint:
    """What all data points have in common.

    Attributes
    ----------
    sop_uid, series_uid, study_uid : str
    creator : str
        Who made it, as given (``anovicki``, without DICOM's caret); "" if the object does not say.
    date, time : str
        ContentDate ``YYYYMMDD`` and ContentTime ``HHMMSS[.ffffff]``.
    path : Path, optional
        The file, where the repository has one at hand.
    """

    sop_uid: str
    series_uid: str = ""
    study_uid: str = ""
    creator: str = ""
    date: str = ""
    time: str = ""
    path: Path | None = field(default=None, compare=False)


@dataclass(frozen=True)
class RoiObject(DataPoint):
    """A SEG or RTSTRUCT: which ROIs it holds and what it was drawn on.

    Attributes
    ----------
    format : str
        ``"SEG"`` or ``"RTSTRUCT"``.
    names : tuple of str
        ROI names, in the order of the object.
    frame_of_reference : str
    referenced_series : tuple of str
        Series Instance UIDs of the images it was drawn on.
    """

    format: str = "SEG"
    names: tuple[str, ...] = ()
    frame_of_reference: str = ""
    referenced_series: tuple[str, ...] = ()


@dataclass(frozen=True)
class Quantification(DataPoint):
    """One ROI measured on one input.

    Attributes
    ----------
    name : str
        ROI name.
    image_series : str
        Series Instance UID of the measured image.
    input : int
        Number of the input it was measured in, -1 if the object does not say.
    unit : str
        Unit of ``mean`` and its like, in vqscript's spelling (``%ID/g``).
    values : dict
        Statistics by field name (``voxels volume mean sd min max median sum integral ...``).
    roi_sop_uid : str
        The SEG that was measured, "" if not given.
    """

    name: str = ""
    image_series: str = ""
    input: int = -1
    unit: str = ""
    values: dict[str, float] = field(default_factory=dict)
    roi_sop_uid: str = ""


@dataclass(frozen=True)
class Subject(DataPoint):
    """Subject information of a study; None where nothing is entered.

    Attributes
    ----------
    injected_dose : float or None
        Activity at the time of injection, uCi.
    weight : float or None
        Body weight, g.
    injection_time : str
        DICOM DT ``YYYYMMDDHHMMSS``, or "".
    nuclide : str
        ``In-111``, ``F-18`` ..., or "".
    """

    injected_dose: float | None = None
    weight: float | None = None
    injection_time: str = ""
    nuclide: str = ""


P = TypeVar("P", bound=DataPoint)


def latest_first(points: Iterable[P]) -> list[P]:
    """Return data points newest first; ties of date and time are broken by SOP Instance UID (highest first)."""
    return sorted(points, key=_age, reverse=True)


def _age(point: DataPoint) -> tuple[Any, ...]:
    # "0915" and "091500.000" are the same moment: compare the digits padded to microseconds.
    whole, _, fraction = point.time.partition(".")
    return point.date, whole.ljust(6, "0"), fraction.ljust(6, "0"), point.sop_uid
