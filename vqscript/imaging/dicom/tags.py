"""A DICOM header as a plain table: keyword -> value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from vqscript.imaging.dicom import values

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN", "SQ"})
_WHOLE = frozenset({"IS", "SL", "SS", "SV", "UL", "US", "UV"})
_DECIMAL = frozenset({"DS", "FD", "FL"})


def tag_values(header: Dataset) -> dict[str, Any]:
    """Return what a header says, as text and numbers.

    Parameters
    ----------
    header : Dataset

    Returns
    -------
    dict
        DICOM keyword -> str, int, float, or a list of these where the attribute has several values; "" where it
        is empty. Sequences, binary values, private attributes, and values that cannot be read are left out.
    """
    table: dict[str, Any] = {}
    with values.quiet():  # too long a StudyID is no reason to warn whoever wants the others
        for tag in sorted(header.keys()):
            try:
                element = header[tag]
                if element.keyword and element.VR not in _BINARY:
                    table[element.keyword] = _plain(element)
            except values.conversion_errors():  # one malformed attribute must not hide the others
                continue
    return table


def _plain(element: DataElement) -> Any:
    value = element.value
    if element.VM > 1:
        return [_one(element.VR, part) for part in value]
    return _one(element.VR, value)


def _one(vr: str, value: Any) -> str | int | float:
    if value is None or value == "":
        return ""
    if vr in _WHOLE:
        return int(value)
    if vr in _DECIMAL:
        number = float(value)
        return number if math.isfinite(number) else str(value)
    if vr == "AT":
        return f"{int(value):08X}"
    return str(value).strip(" \0")
