"""Whether a value fits a key of a query (PS3.4, section C.2.2.2)."""

from __future__ import annotations

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
        Names are compared whatever their case, and by any of their spellings.
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
    if kind == "UI":
        return not listed(key).isdisjoint(value.split("\\"))
    return any(_fits(kind, one, found) for found in value.split("\\") for one in key.split("\\"))


@lru_cache(maxsize=8)
def listed(key: str) -> frozenset[str]:
    """Return the values of a key; kept, for each instance may be looked up in a list of tens of thousands."""
    return frozenset(key.split("\\")) - {""}


def _fits(kind: str, key: str, value: str) -> bool:
    if kind in _RANGED:
        if kind == "DA":  # 2024.01.31 is how dates were written before DICOM
            key, value = key.replace(".", ""), value.replace(".", "")
        return _in_range(key, value)
    if kind == "PN":
        return _is_named(key, value)
    if kind in _WILD:
        return _like(key, value)
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


def _like(key: str, value: str) -> bool:
    """Whether a text is what a key with wildcards describes.

    No regular expression: what a caller sends as a key could keep one busy for ever. Only the last ``*`` is ever tried
    again, further on, since whatever an earlier one could take, a later one can.
    """
    at = here = 0
    star, tried = -1, 0
    while at < len(value):
        if here < len(key) and key[here] == "*":
            star, tried = here, at
            here += 1
        elif here < len(key) and key[here] in ("?", value[at]):
            here, at = here + 1, at + 1
        elif star >= 0:
            tried += 1
            here, at = star + 1, tried
        else:
            return False
    return not key[here:].strip("*")


def _is_named(key: str, name: str) -> bool:
    """Whether a name, or one of its spellings (alphabetic, ideographic, phonetic), fits a key, whatever its case."""
    key = key.casefold()
    spellings = [name.casefold()]
    if "=" not in key:
        spellings += spellings[0].split("=")
    # Components at the end that are empty may be written or not.
    shortest = key.rstrip("^")
    missing = (one.ljust(len(one) + key.count("^") - one.count("^"), "^") for one in spellings)
    return any(_like(shortest, one.rstrip("^")) for one in spellings) or any(_like(key, one) for one in missing)
