"""The unit of a derived image: in the attribute of its modality where that can say it, else as a real world value.

A Real World Value Mapping (PS3.3, C.7.6.16.2.11) has the same slope and intercept as the rescale attributes, so
readers that do not know it show the same numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqscript.imaging.dicom import values
from vqscript.imaging.dicom.derived_header import code, decimal, fill, item
from vqscript.imaging.units import label, ucum
from vqscript.imaging.volume import Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# PS3.3, C.8.9.1.1.3. Activities other than Bq/mL are no term there; what is proportional to counts they still are,
# and no reader takes them for Bq/mL.
_PET_UNITS = {
    "Bq/mL": "BQML",
    "counts": "CNTS",
    "SUVbw": "GML",
    "SUVlbm": "GML",
    "SUVibw": "GML",
    "SUVbsa": "CM2ML",
    "kBq/mL": "PROPCNTS",
    "uCi/mL": "PROPCNTS",
    "uCi": "PROPCNTS",
    "%ID/g": "PROPCNTS",
    "%ID": "PCNT",
}
_SUV_TYPES = {"SUVbw": "BW", "SUVbsa": "BSA", "SUVibw": "IBW"}
_LEAN_TYPES = frozenset({"LBM", "LBMJAMES128", "LBMJANMA"})
_PET_ALONE = frozenset({"BQML", "CNTS", "GML", "CM2ML"})


def add_unit(dataset: Dataset, volume: Volume, slope: float, intercept: float, limits: tuple[int, int]) -> None:
    """Add unit, slope and intercept to an image.

    Parameters
    ----------
    dataset : pydicom.Dataset
        Gets the rescale attributes (not NM, which has none), the unit attributes of its modality, and a
        RealWorldValueMappingSequence where these do not say everything.
    volume : Volume
        Its modality and unit count.
    slope, intercept : float
        From stored to values.
    limits : (int, int)
        Lowest and highest number that can be stored.

    Notes
    -----
    MR has rescale attributes here although its classic IOD lacks them (an extended SOP class, as most scanners
    write): few readers know another way to values that are not whole numbers.
    """
    unit = label(volume.unit)
    if volume.modality == "NM":
        said = unit == "counts" and slope == 1 and intercept == 0
    else:
        fill(dataset, RescaleSlope=decimal(slope), RescaleIntercept=decimal(intercept))
        said = _ADD[volume.modality](dataset, volume, unit)
    if not said:
        dataset.RealWorldValueMappingSequence = [_mapping(unit, slope, intercept, limits)]


def _add_ct(dataset: Dataset, volume: Volume, unit: str) -> bool:
    dataset.RescaleType = "HU" if unit == "HU" else "US"
    return unit == "HU"


def _add_mr(dataset: Dataset, volume: Volume, unit: str) -> bool:
    dataset.RescaleType = "US"
    return unit == ""


def _add_pet(dataset: Dataset, volume: Volume, unit: str) -> bool:
    dataset.Units = _PET_UNITS.get(unit, "NONE")
    if unit == "SUVlbm":
        assert volume.header is not None
        stated = values.text(volume.header, "SUVType").upper()
        # SUVs computed here take Janmahasatian's formula; those that came with the image, what it says.
        dataset.SUVType = stated if stated in _LEAN_TYPES else "LBMJANMA"
    elif unit in _SUV_TYPES:
        dataset.SUVType = _SUV_TYPES[unit]
    return dataset.Units in _PET_ALONE


_ADD = {"CT": _add_ct, "MR": _add_mr, "PT": _add_pet}


def _mapping(unit: str, slope: float, intercept: float, limits: tuple[int, int]) -> Dataset:
    value, meaning = ucum(unit)
    result = item(
        RealWorldValueIntercept=float(intercept),
        RealWorldValueSlope=float(slope),
        LUTExplanation=meaning,
        LUTLabel=(unit or "none")[:16],
        MeasurementUnitsCodeSequence=[code(value, "UCUM", meaning)],
    )
    # Their type follows PixelRepresentation, which is not in the item.
    vr = "SS" if limits[0] < 0 else "US"
    result.add_new("RealWorldValueFirstValueMapped", vr, limits[0])
    result.add_new("RealWorldValueLastValueMapped", vr, limits[1])
    return result
