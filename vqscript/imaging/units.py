"""Units of voxel values, and activities and masses as people write them.

A per-voxel unit (uCi, counts, %ID) adds up over voxels; all others are densities or levels.
"""

from __future__ import annotations

import math
import re
import unicodedata

from vqscript.errors import UnitError, UsageError, did_you_mean
from vqscript.imaging.nuclides import half_life as half_life

BQ_PER_UCI = 37_000.0

# Unit -> UCUM code and meaning, as in DICOM CID 83, 84 and 85 where they have it. A Code Value holds 16 characters.
_UCUM = {
    "HU": ("[hnsf'U]", "Hounsfield unit"),
    "Bq/mL": ("Bq/ml", "Becquerels/milliliter"),
    "kBq/mL": ("kBq/ml", "Kilobecquerels/milliliter"),
    "uCi/mL": ("uCi/ml", "Microcuries/milliliter"),
    "uCi": ("uCi", "Microcuries"),
    "counts": ("{counts}", "Counts"),
    "%ID": ("%{ID}", "Percent injected dose"),
    "%ID/g": ("%{ID}/g", "Percent injected dose per gram"),
    "SUVbw": ("g/ml{SUVbw}", "Standardized Uptake Value body weight"),
    "SUVlbm": ("g/ml{SUVlbm}", "Standardized Uptake Value lean body mass"),
    "SUVbsa": ("cm2/ml{SUVbsa}", "Standardized Uptake Value body surface area"),
    "SUVibw": ("g/ml{SUVibw}", "Standardized Uptake Value ideal body weight"),
    "Gy": ("Gy", "Gray"),
    "": ("1", "no units"),
}

UNITS: tuple[str, ...] = tuple(_UCUM)
"""Every unit a volume can have; "" is a plain number."""

PER_VOXEL = frozenset({"uCi", "counts", "%ID"})

_ALIASES = {
    "hounsfield": "HU",
    "bqml": "Bq/mL",
    "bq/cc": "Bq/mL",
    "bq/cm3": "Bq/mL",
    "kbq/cc": "kBq/mL",
    "kbq/cm3": "kBq/mL",
    "uci/cc": "uCi/mL",
    "uci/cm3": "uCi/mL",
    "uci/voxel": "uCi",
    "count": "counts",
    "cnts": "counts",
    "suv": "SUVbw",
    "gray": "Gy",
}
_BY_FOLD = {unit.casefold(): unit for unit in UNITS} | _ALIASES

# How other writers spell the same codes: the order of annotation and unit changed between editions of CID 85.
_UCUM_ALIASES = {
    "{SUVbw}g/ml": "SUVbw",
    "{SUVlbm}g/ml": "SUVlbm",
    "{SUVlbm(James128)}g/ml": "SUVlbm",
    "{SUVlbm(Janma)}g/ml": "SUVlbm",
    "{SUVbsa}cm2/ml": "SUVbsa",
    "{SUVibw}g/ml": "SUVibw",
    "{propcounts}": "counts",
    "{no units}": "",
}
_BY_UCUM = {code: unit for unit, (code, _) in _UCUM.items()} | _UCUM_ALIASES

_ACTIVITY = {"Bq": 1.0, "kBq": 1e3, "MBq": 1e6, "GBq": 1e9, "TBq": 1e12}
_ACTIVITY |= {"nCi": 37.0, "uCi": BQ_PER_UCI, "mCi": 37e6, "Ci": 37e9}
_MASS = {"mg": 1e-3, "g": 1.0, "kg": 1e3}
_QUANTITY = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)\s*([a-z]*)", re.IGNORECASE)


def canonical(text: str) -> str:
    """Return the one spelling of a unit: whatever the case, ``SUV`` is ``SUVbw``, ``µCi`` is ``uCi``.

    Raises
    ------
    UnitError
        If the unit is not one of :data:`UNITS`.
    """
    unit = _BY_FOLD.get(_fold(text))
    if unit is None:
        raise UnitError(
            f'"{text.strip()}" is no unit that is known here',
            hint=did_you_mean(_ascii(text), (unit for unit in UNITS if unit), limit=len(UNITS)),
            unit=text,
        )
    return unit


def label(text: str) -> str:
    """Return the unit's one spelling if it is known, else the text as it is, without outer spaces.

    For results that have a unit of their own (``1/min``); such a unit cannot be converted.
    """
    return _BY_FOLD.get(_fold(text), text.strip())


def per_voxel(unit: str) -> bool:
    """Whether values add up over voxels (uCi, counts, %ID), so that resampling has to keep their total."""
    return _BY_FOLD.get(_fold(unit)) in PER_VOXEL


def ucum(unit: str) -> tuple[str, str]:
    """Return the UCUM code and its meaning, for a DICOM code sequence (scheme ``UCUM``).

    A label that is no known unit becomes an annotation, UCUM's way to carry any text: ``{1/min}``; its full
    text is the meaning.
    """
    known = label(unit)
    if known in _UCUM:
        return _UCUM[known]
    # An annotation holds printable ASCII without braces; a DICOM Code Value ends at 16 characters.
    plain = "".join(c if "!" <= c <= "~" and c not in "{}\\" else "_" for c in _ascii(known))
    return f"{{{plain[:14]}}}", known[:64]


def from_ucum(code: str) -> str | None:
    """Return the unit that a UCUM code stands for, or None if it is none of :data:`UNITS`."""
    # UCUM has "l" and "L" for the litre, and both are written.
    return _BY_UCUM.get(code.strip().replace("/mL", "/ml"))


def parse_activity(text: str | float, *, bare: str = "") -> float:
    """Return an activity in Bq.

    Parameters
    ----------
    text : str or float
        ``"250 uCi"``, ``"9.25 MBq"``, ``"370e6 Bq"``; a number is uCi, as in scripts.
    bare : str
        Unit of a text without one; without ``bare`` such a text is refused, as it may mean anything.

    Raises
    ------
    UsageError
        For text without a unit, an unknown unit, or a value that is not above 0.
    """
    return _quantity(text, _ACTIVITY, bare, default="uCi", what="activity", example="250 uCi or 9.25 MBq")


def parse_mass(text: str | float, *, bare: str = "") -> float:
    """Return a mass in grams.

    Parameters
    ----------
    text : str or float
        ``"24 g"``, ``"70 kg"``; a number is grams, as in scripts.
    bare : str
        Unit of a text without one; without ``bare`` such a text is refused, as it may mean anything.

    Raises
    ------
    UsageError
        For text without a unit, an unknown unit, or a value that is not above 0.
    """
    return _quantity(text, _MASS, bare, default="g", what="mass", example="24 g or 70 kg")


def _quantity(text: str | float, units: dict[str, float], bare: str, *, default: str, what: str, example: str) -> float:
    if isinstance(text, str):
        found = _QUANTITY.fullmatch(_ascii(text))
        if found is None:
            raise UsageError(f'"{text}" is no {what}', hint=f"write a number and a unit, as in {example}")
        number, unit = float(found[1]), found[2] or bare
        if not unit:
            raise UsageError(f'the {what} "{text}" has no unit', hint=f"write it with one, as in {example}")
        # No two units of a table differ in case alone, so "mbq" can only be MBq.
        by_fold = {name.casefold(): name for name in units}
        name = by_fold.get(unit.casefold())
        if name is None:
            raise UsageError(f'"{unit}" is no unit of {what}', hint=did_you_mean(unit, units))
    elif isinstance(text, bool) or not isinstance(text, int | float):
        raise UsageError(f"{text!r} is no {what}", hint=f"a number is {default}; text carries its unit: {example}")
    else:
        number, name = float(text), default
    value = number * units[name]
    if not (math.isfinite(value) and value > 0):
        raise UsageError(f"the {what} {text} is not above 0", hint=f"as in {example}")
    return value


def _ascii(text: str) -> str:
    # Unicode has two micro signs (U+00B5 and the Greek letter); NFKC makes them one.
    return unicodedata.normalize("NFKC", text).replace("μ", "u").strip()


def _fold(text: str) -> str:
    return "".join(_ascii(text).casefold().split())
