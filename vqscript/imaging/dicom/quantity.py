"""What the values of a DICOM image mean: their unit, and the mapping that leads to it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vqscript.imaging.dicom import values

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# PS3.3, C.8.9.1: Units, and SUV Type, which is body weight where it is absent.
_PET_UNITS = {"BQML": "Bq/mL", "CNTS": "counts", "CM2ML": "SUVbsa"}
_SUV_TYPES = {"": "SUVbw", "BW": "SUVbw", "LBM": "SUVlbm", "BSA": "SUVbsa", "IBW": "SUVibw"}
_SUV_TYPES |= {"LBMJAMES128": "SUVlbm", "LBMJANMA": "SUVlbm"}  # the same, by formulas of other authors


@dataclass(frozen=True)
class Quantity:
    """Unit of the values, and a mapping that replaces the rescale slope and intercept where there is one."""

    unit: str
    mapping: tuple[float, float] | None = None
    warnings: tuple[str, ...] = ()


def quantity(header: Dataset) -> Quantity:
    """Return what the values of an image mean, by its modality."""
    modality = values.text(header, "Modality")
    if modality in {"CT", "MR", "PT"} and (unit := _rescaled_unit(header)) is not None:
        return Quantity(unit)
    if modality == "CT":
        return _ct(header)
    if modality == "PT":
        return _pet(header)
    if modality == "NM":
        return _nuclear(header)
    if modality == "RTDOSE":
        return _dose(header)
    return Quantity("")


def _holders(header: Dataset) -> list[Dataset]:
    """Return where attributes of an image may be: the header, and the functional groups of an enhanced object."""
    shared = values.items(header, "SharedFunctionalGroupsSequence")
    return [header, *shared, *values.items(header, "PerFrameFunctionalGroupsSequence")[:1]]


def _rescale(header: Dataset) -> tuple[float, float, str]:
    """Return rescale slope, intercept and type of an image, of its first frame if it is an enhanced object."""
    for holder in _holders(header):
        for place in (holder, *values.items(holder, "PixelValueTransformationSequence")):
            slope = values.number(place, "RescaleSlope")
            if slope is not None:
                intercept = values.number(place, "RescaleIntercept") or 0.0
                return slope, intercept, values.text(place, "RescaleType")
    return 1.0, 0.0, values.text(header, "RescaleType")


def _ct(header: Dataset) -> Quantity:
    # US is "unspecified", which some scanners write although their values are Hounsfield units.
    kind = _rescale(header)[2]
    if kind in {"", "HU", "US"}:
        return Quantity("HU")
    return Quantity("", warnings=(f'RescaleType "{kind}" is not HU: the values have no unit',))


def _pet(header: Dataset) -> Quantity:
    # Enhanced objects have no Units; some writers put its terms where the standard has HU.
    units = (values.text(header, "Units") or _rescale(header)[2]).upper()
    suv_type = values.text(header, "SUVType").upper()
    if units == "GML" and suv_type in _SUV_TYPES:
        return Quantity(_SUV_TYPES[suv_type])
    if units in _PET_UNITS:
        return Quantity(_PET_UNITS[units])
    told = f'Units "{units}"' + (f' with SUVType "{suv_type}"' if suv_type else "")
    return Quantity("", warnings=(f"{told} of the PET is not known: the values have no unit",))


def _dose(header: Dataset) -> Quantity:
    if values.text(header, "DoseUnits").upper() == "GY":
        return Quantity("Gy")
    return Quantity("", warnings=("the dose is not in Gy: the values have no unit",))


def _rescaled_unit(header: Dataset) -> str | None:
    """Return the unit of a real world value mapping that leads to the same values as the rescale attributes.

    It says more than the unit attribute of the modality can. A mapping to other values is an offer beside the
    image's own ones (an SUV, say), and is not taken.
    """
    slope, intercept, _ = _rescale(header)
    mappings = (one for holder in _holders(header) for one in values.items(holder, "RealWorldValueMappingSequence"))
    for mapping in mappings:
        other = values.number(mapping, "RealWorldValueSlope")
        same = other is not None and math.isclose(other, slope, rel_tol=1e-6)
        offset = values.number(mapping, "RealWorldValueIntercept") or 0.0
        if same and math.isclose(offset, intercept, rel_tol=1e-6, abs_tol=1e-6 * abs(slope)):
            unit = _mapped_unit(mapping)[0]
            if unit is not None:
                return unit
    return None


def _mapped_unit(mapping: Dataset) -> tuple[str | None, str]:
    """Return the unit of a real world value mapping, None if it is not known, and its code.

    A code that is nothing but an annotation (``{1/min}``) stands for the text that is its meaning.
    """
    from vqscript.imaging.units import from_ucum, label

    codes = values.items(mapping, "MeasurementUnitsCodeSequence")
    code = values.text(codes[0], "CodeValue") if codes else ""
    unit = from_ucum(code)
    if unit is None and code.startswith("{") and code.endswith("}"):
        unit = label(values.text(codes[0], "CodeMeaning")) or None
    return unit, code


def _nuclear(header: Dataset) -> Quantity:
    """Return the first real world value mapping whose unit is known, else counts (NM has no unit attribute)."""
    mappings = [
        mapping
        for holder in (header, *values.items(header, "SharedFunctionalGroupsSequence"))
        for mapping in values.items(holder, "RealWorldValueMappingSequence")
    ]
    refused = []
    for mapping in mappings:
        unit, code = _mapped_unit(mapping)
        slope = values.number(mapping, "RealWorldValueSlope")
        if unit is not None and slope:
            return Quantity(unit, (slope, values.number(mapping, "RealWorldValueIntercept") or 0.0))
        refused.append(f'"{code}"' + ("" if slope else " without a slope"))
    if refused:
        return Quantity("counts", warnings=(f"the real world value mapping to {', '.join(refused)} is not used",))
    return Quantity("counts")
