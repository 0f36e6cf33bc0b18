"""The character sets that DICOM has (PS3.3, C.12.1.1.2), but for Latin-9 (203), which pydicom does not read."""

from __future__ import annotations

SINGLE = (
    "ISO_IR 6",
    *(f"ISO_IR {number}" for number in (100, 101, 109, 110, 144, 127, 126, 138, 148, 13, 166)),
    "ISO_IR 192",
    "GB18030",
    "GBK",
)
"""Defined terms of sets that stand alone; ``ISO_IR 6`` is nobody's duty to write, but understood."""

EXTENDED = (
    *(f"ISO 2022 IR {number}" for number in (6, 100, 101, 109, 110, 144, 127, 126, 138, 148, 13, 166)),
    *(f"ISO 2022 IR {number}" for number in (87, 159, 149, 58)),
)
"""Defined terms of sets that stand beside others, after a backslash."""

TERMS = (*SINGLE, *EXTENDED)


def unknown_term(charset: str) -> str | None:
    r"""Return the first term of a SpecificCharacterSet (``\ISO 2022 IR 87``) that is none, else None.

    An empty term stands for the default repertoire.
    """
    return next((term for term in charset.split("\\") if term and term not in TERMS), None)
