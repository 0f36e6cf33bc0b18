"""What was injected, when, and into whom: the facts that a dose-related unit needs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from vqscript.errors import NotDicom, UnitError
from vqscript.imaging.dicom.values import number as number_of
from vqscript.imaging.dicom.values import text as text_of
from vqscript.imaging.dicom.values import value as value_of
from vqscript.imaging.moments import from_da_tm, from_dt
from vqscript.imaging.nuclides import half_life, nuclide_name

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

HEADER, SUBJECT, GIVEN = "DICOM header", "subject information", "given"

ENHANCED_PET = "1.2.840.10008.5.1.4.1.1.130"

# A PET header has Bq; below this it can only be MBq (10 kBq is less than any animal gets, 10 GBq more than any PET).
LEAST_BQ = 1e4
# An NM header has MBq; above this it can only be Bq (20 GBq is more than any therapy gives).
MOST_MBQ = 2e4
# A dynamic scan may begin some minutes before the injection.
EARLY_START = timedelta(minutes=10)


@dataclass(frozen=True)
class Administration:
    """Dose, subject and times; None (or "", or 0) where nothing is known.

    Attributes
    ----------
    dose : float or None
        Activity at the time of injection, Bq.
    weight : float or None
        Body weight, g.
    injection_time : datetime or None
        Local time of the scanner, without time zone.
    half_life : float or None
        Seconds.
    height : float or None
        Metres.
    sex : str
        ``"M"``, ``"F"``, ``"O"`` or "".
    sources : mapping
        Where each known field is from: ``"subject information"``, ``"DICOM header"`` or ``"given"``, perhaps
        with a remark after a comma.
    """

    dose: float | None = None
    weight: float | None = None
    injection_time: datetime | None = None
    half_life: float | None = None
    height: float | None = None
    sex: str = ""
    sources: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("dose", "weight", "half_life", "height"):
            number = getattr(self, name)
            if number is not None and not (math.isfinite(number) and number >= 0):
                raise UnitError(f"the {name.replace('_', '-')} {number:g} is no amount", hint="give one above 0")

    @property
    def known(self) -> tuple[str, ...]:
        """Names of the fields that are set."""
        return tuple(item.name for item in fields(self) if item.name != "sources" and getattr(self, item.name))

    def merged(self, over: Administration) -> Administration:
        """Return these facts with every field that ``over`` knows taken from there, and its source with it."""
        taken = {name: getattr(over, name) for name in over.known}
        sources = {**self.sources, **{name: over.sources.get(name, "") for name in taken}}
        return replace(self, **taken, sources=sources)

    def attributed(self, source: str) -> Administration:
        """Return these facts with ``source`` named for every known field that has no source yet."""
        return replace(self, sources={name: self.sources.get(name) or source for name in self.known})


class Remark(NamedTuple):
    """What had to be interpreted or left out to read one field of a header."""

    field: str
    text: str


def from_header(header: Dataset) -> tuple[Administration, tuple[Remark, ...]]:
    """Read the administration from the header of a PET or NM image.

    Parameters
    ----------
    header : pydicom.Dataset
        Of the first slice, or of a multi-frame object.

    Returns
    -------
    Administration
        With what the header has.
    tuple of Remark
        What had to be interpreted or left out, for the user to read.

    Notes
    -----
    RadionuclideTotalDose is in Bq in a PET image (PS3.3 C.8.9.2) and in MBq in an NM or an enhanced PET image
    (C.8.4.10.1.7, C.8.22.4). Values that can only be the other unit are read as such, with a warning.
    """
    found: dict[str, Any] = {}
    sources: dict[str, str] = {}
    remarks: list[Remark] = []

    def learn(name: str, read: Callable[[Dataset, list[str]], tuple[Any, str]], dataset: Dataset) -> None:
        warnings: list[str] = []
        value, detail = read(dataset, warnings)
        remarks.extend(Remark(name, text) for text in warnings)
        if value not in (None, ""):
            found[name] = value
            sources[name] = f"{HEADER}, {detail}" if detail else HEADER

    learn("weight", _weight, header)
    learn("height", _height, header)
    learn("sex", _sex, header)
    items = value_of(header, "RadiopharmaceuticalInformationSequence") or []
    if len(items) > 1:
        remarks.append(Remark("dose", f"the header has {len(items)} radiopharmaceuticals; the first one is taken"))
    if items:
        learn("dose", partial(_dose, header), items[0])
        learn("half_life", _half_life, items[0])
        learn("injection_time", partial(_injection_time, header, found.get("half_life")), items[0])
    return Administration(**found, sources=sources), tuple(remarks)


def _dose(header: Dataset, item: Dataset, warnings: list[str]) -> tuple[float | None, str]:
    number = _positive(item, "RadionuclideTotalDose", warnings)
    if number is None:
        return None, ""
    modality = text_of(header, "Modality")
    if modality == "NM" or text_of(header, "SOPClassUID") == ENHANCED_PET:
        if number < MOST_MBQ:
            return number * 1e6, f"{number:g} MBq, the unit of an {'NM' if modality == 'NM' else 'enhanced PET'} image"
        warnings.append(f"RadionuclideTotalDose {number:g} is too much for MBq, the unit of this image: read as Bq")
        return number, "read as Bq"
    if number < LEAST_BQ:
        warnings.append(f"RadionuclideTotalDose {number:g} is too little for Bq, the unit of a PET image: read as MBq")
        return number * 1e6, "read as MBq"
    return number, ""


def _half_life(item: Dataset, warnings: list[str]) -> tuple[float | None, str]:
    stated = _positive(item, "RadionuclideHalfLife", warnings)
    codes = value_of(item, "RadionuclideCodeSequence") or []
    texts = [text_of(codes[0], "CodeMeaning"), text_of(codes[0], "CodeValue")] if codes else []
    name = next((known for text in texts if (known := _known_nuclide(text))), "")
    if not name:
        if stated is None and any(texts):
            warnings.append(f'the half-life of "{next(filter(None, texts))}" is not known here')
        return stated, ""
    if stated is None:
        return half_life(name), f"nuclide {name}"
    if not math.isclose(stated, half_life(name), rel_tol=0.02):
        warnings.append(f"RadionuclideHalfLife {stated:g} s is not that of {name} ({half_life(name):g} s); it is used")
    return stated, ""


def _known_nuclide(text: str) -> str:
    try:
        return nuclide_name(text)
    except UnitError:
        return ""


def _injection_time(
    header: Dataset, half_life: float | None, item: Dataset, warnings: list[str]
) -> tuple[datetime | None, str]:
    stated = text_of(item, "RadiopharmaceuticalStartDateTime")
    if stated:
        when = from_dt(stated, text_of(header, "TimezoneOffsetFromUTC"))
        if when is not None:
            return when, ""
        warnings.append(f'RadiopharmaceuticalStartDateTime "{stated}" is no date and time: left out')
    time = text_of(item, "RadiopharmaceuticalStartTime")
    if not time:
        return None, ""
    date = next(filter(None, (text_of(header, f"{what}Date") for what in ("Acquisition", "Series", "Study"))), "")
    when = from_da_tm(date, time)
    if when is None:
        warnings.append(f'RadiopharmaceuticalStartTime "{time}" on date "{date}" is no moment: left out')
        return None, ""
    scan = from_da_tm(date, text_of(header, "AcquisitionTime") or text_of(header, "SeriesTime"))
    remark = "time only; day of the scan"
    if scan is not None and when > scan + EARLY_START:
        when -= timedelta(days=1)
        remark = "time only; day before the scan, as it is later than the scan's time"
    if half_life is not None and half_life > 12 * 3600:
        # F-18 is scanned on the day it is injected; In-111 is scanned for days.
        warnings.append(f"the header has no injection date; {when:%Y-%m-%d} is assumed, which may be days off")
    return when, remark


def _weight(header: Dataset, warnings: list[str]) -> tuple[float | None, str]:
    number = _positive(header, "PatientWeight", warnings)
    if number is None:
        return None, ""
    if number > 1000:
        warnings.append(f"PatientWeight {number:g} is too much for kg: read as g")
        return number, "read as g"
    return number * 1000, ""


def _height(header: Dataset, warnings: list[str]) -> tuple[float | None, str]:
    number = _positive(header, "PatientSize", warnings)
    if number is not None and number > 3:
        warnings.append(f"PatientSize {number:g} is too much for m: read as cm")
        return number / 100, "read as cm"
    return number, ""


def _sex(header: Dataset, warnings: list[str]) -> tuple[str, str]:
    return text_of(header, "PatientSex").upper(), ""


def _positive(dataset: Dataset, keyword: str, warnings: list[str]) -> float | None:
    """Return a number above 0; an absent, empty or zero attribute is None, anything else is warned about."""
    try:
        number = number_of(dataset, keyword)
    except NotDicom as error:
        warnings.append(f"left out: {error}")
        return None
    if number is not None and number < 0:
        warnings.append(f"left out: {keyword} {number:g} is below 0")
        return None
    return number or None
