"""DICOM attributes of an input by name: today's keywords and VivoQuant's older spellings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING, Any

from vqscript.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from vqscript.session.inputs import Input

MAX_TEXT = 4096


def keyword(name: str) -> str:
    """Return the DICOM keyword that a name means, whatever its case.

    Until 2010 or so the standard's names carried a possessive: ``ManufacturersModelName`` and
    ``PatientsWeight`` are today's ``ManufacturerModelName`` and ``PatientWeight``.

    Raises
    ------
    UsageError
        For a name that is no DICOM attribute.
    """
    known = _keywords()
    folded = re.sub(r"[^a-z0-9]", "", name.casefold())
    if folded in known:
        return known[folded]
    modern = _without_possessive(folded)
    if modern in known:
        return known[modern]
    raise UsageError(f'there is no DICOM attribute "{name}"', hint=did_you_mean(name, known.values(), limit=0))


def text(item: Input, name: str) -> str:
    """Return an attribute of an input as text; "" if the header does not have it.

    An attribute that is not at the top level is sought in the first items of the sequences, so that
    ``RadionuclideTotalDose`` is found where PET and NM keep it. Several values are joined by a backslash.
    """
    word = keyword(name)
    header = item.volume.header
    if header is None:
        return ""
    for dataset in _levels(header):
        if word in dataset:
            value = dataset[word].value
            return as_text(value)
    return ""


def as_text(value: Any) -> str:
    """Return a DICOM value as one line of text."""
    if value is None or isinstance(value, bytes):
        return ""
    if isinstance(value, str):
        return value
    if hasattr(value, "original_string") and not hasattr(value, "components"):
        return str(value.original_string).strip()
    if isinstance(value, list | tuple) or type(value).__name__ == "MultiValue":
        return "\\".join(as_text(part) for part in value)
    return str(value)[:MAX_TEXT]


def _levels(header: Dataset, depth: int = 0) -> Iterator[Dataset]:
    yield header
    if depth >= 3:
        return
    for element in header:
        if element.VR == "SQ" and element.value:
            yield from _levels(element.value[0], depth + 1)


@cache
def _keywords() -> dict[str, str]:
    from pydicom.datadict import keyword_dict

    return {keyword.casefold(): keyword for keyword in keyword_dict if keyword}


def _without_possessive(folded: str) -> str:
    return re.sub(r"^(patient|manufacturer|physician|operator)s(?=[a-z])", r"\1", folded).replace(
        "physiciansname", "physicianname"
    )
