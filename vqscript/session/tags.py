"""DICOM attributes of an input by name: today's keywords and VivoQuant's older spellings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from vqscript.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from vqscript.session.inputs import Input

MAX_TEXT = 4096

_NO_TEXT = frozenset({"SQ", "OB", "OD", "OF", "OL", "OV", "OW", "UN"})


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
    ``RadionuclideTotalDose`` is found where PET and NM keep it. Several values are joined by a backslash;
    sequences and binary values are no text.

    Raises
    ------
    UsageError
        For a name that is no DICOM attribute.
    NotDicom
        If the bytes in the file are no value of the attribute's type.
    """
    from pydicom.datadict import dictionary_VR

    from vqscript.imaging.dicom import values

    word = keyword(name)
    header = item.volume.header
    if header is None or dictionary_VR(word) in _NO_TEXT:
        return ""
    return next((values.text(dataset, word)[:MAX_TEXT] for dataset in _levels(header) if word in dataset), "")


def _levels(header: Dataset, depth: int = 0) -> Iterator[Dataset]:
    """Yield a dataset, then the first items of its sequences, to a depth of three."""
    from vqscript.imaging.dicom.values import conversion_errors

    yield header
    if depth >= 3:
        return
    for tag in sorted(header.keys()):
        try:
            element = header[tag]
            first = element.value[0] if element.VR == "SQ" and element.value else None
        except conversion_errors():  # one malformed attribute must not hide the others
            continue
        if first is not None:
            yield from _levels(first, depth + 1)


@cache
def _keywords() -> dict[str, str]:
    from pydicom.datadict import keyword_dict

    return {keyword.casefold(): keyword for keyword in keyword_dict if keyword}


def _without_possessive(folded: str) -> str:
    return re.sub(r"^(patient|manufacturer|physician|operator)s(?=[a-z])", r"\1", folded).replace(
        "physiciansname", "physicianname"
    )
