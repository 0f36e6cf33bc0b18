"""Whether a value fits a key of a query (PS3.4, section C.2.2.2)."""

from __future__ import annotations

import re
from functools import lru_cache

_RANGED = {"DA", "TM", "DT"}
_WILD = {"AE", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}


def fits(keyword: str, key: str, value: str | None) -> bool:
    """Whether an attribute fits a key.

    Parameters
    ----------
    keyword : str
    key : str
        "" and "*" fit all; ``*`` and ``?`` in texts; ``A-B`` for dates and times; several UIDs joined by a backslash.
        Names are compared whatever their case.
    value : str or None
        One or several, joined by a backslash, of which one has to fit; None where the attribute is not kept, which
        fits all, as the standard has it.
    """
    if not key.strip("*") or value is None:
        return True
    from pydicom.datadict import dictionary_VR

    kind = dictionary_VR(keyword)
    if kind == "SQ":
        return True
    return any(_fits(kind, one, found) for found in value.split("\\") for one in key.split("\\"))


def _fits(kind: str, key: str, value: str) -> bool:
    if kind in _RANGED:
        return _in_range(key, value)
    if kind == "PN":
        # A caret at the end says only that the components behind it are empty.
        return bool(_pattern(key.rstrip("^").casefold()).fullmatch(value.rstrip("^").casefold()))
    if kind in _WILD:
        return bool(_pattern(key).fullmatch(value))
    if kind in ("IS", "DS"):
        return _same_number(key, value)
    return key == value


def _in_range(key: str, value: str) -> bool:
    key, value = key.replace(":", ""), value.replace(":", "")
    first, dash, last = key.partition("-")
    if not dash:
        return bool(value) and (value == key or _begins(value, key))
    # A time of 1030 is that minute until its end, and so is an end that is written short.
    return bool(value) and value >= first and (not last or value <= last or _begins(value, last))


def _begins(value: str, key: str) -> bool:
    """Whether a value is one that a key, written less precisely, means."""
    value, key = (text.rstrip("0").rstrip(".") if "." in text else text for text in (value, key))
    return value == key or value.startswith(key)


def _same_number(key: str, value: str) -> bool:
    try:
        return float(key) == float(value)
    except ValueError:
        return key == value


@lru_cache(maxsize=256)
def _pattern(key: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(character, re.escape(character)) for character in key), re.DOTALL)
