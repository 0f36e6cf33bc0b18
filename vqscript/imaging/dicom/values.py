"""Attribute values of a DICOM dataset as plain Python values, with errors that name the attribute."""

from __future__ import annotations

import math
import re
import struct
import warnings
from collections.abc import Iterator, MutableSequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.errors import ImageError, NotDicom

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_UID = re.compile(r"[0-9]+(\.[0-9]+)*")
_PER_FRAME_GROUPS = 0x52009230
_DEEPEST = 16  # sequences within sequences; no IOD goes half as deep


# What pydicom raises when it turns the bytes of a damaged element into a value; the last ones come from sequences,
# which it parses when they are first looked at.
_PYTHONS = (
    ValueError,
    TypeError,
    OverflowError,
    AttributeError,
    KeyError,
    NotImplementedError,
    struct.error,
    EOFError,
    OSError,
    RecursionError,
)


@cache
def conversion_errors() -> tuple[type[Exception], ...]:
    """Return what pydicom raises on values of damaged elements: Python's exceptions and its own."""
    from pydicom.errors import BytesLengthException, InvalidDicomError

    return (BytesLengthException, InvalidDicomError, *_PYTHONS)


@cache
def decoding_errors() -> tuple[type[Exception], ...]:
    """Return what pydicom and its decoders raise on compressed voxels, where a decoder is missing too."""
    return (RuntimeError, *conversion_errors())


@contextmanager
def quiet() -> Iterator[None]:
    """Keep pydicom from warning of every value that breaks a rule of form; the readers check what matters."""
    from pydicom import config

    with config.disable_value_validation(), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


def settle(dataset: Dataset) -> None:
    """Convert every element of a header now, quietly, so that pydicom has nothing to warn of when it is read later.

    Values that cannot be converted stay as they are, for whoever needs them to report. The functional groups
    of single frames stay too: there may be thousands, and only :mod:`.multiframe` reads them.
    """
    with quiet():
        _settle(dataset, _DEEPEST)


def _settle(dataset: Dataset, depth: int) -> None:
    for tag in list(dataset.keys()):
        if tag == _PER_FRAME_GROUPS:
            continue
        try:
            element = dataset[tag]
        except conversion_errors():
            continue
        if element.VR == "SQ" and depth:
            for item in element.value:
                _settle(item, depth - 1)


def uid_name(uid: str) -> str:
    """Return the standard's name of a SOP class or transfer syntax, the UID itself where it has none."""
    from pydicom.uid import UID

    with quiet():
        return UID(uid).name


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file's name before the message of an ImageError that has none, and add ``path`` and ``reason``."""
    try:
        yield
    except ImageError as error:
        if "path" in error.about:
            raise
        about = {**error.about, "path": path, "reason": error.message}
        raise type(error)(f"{path}: {error.message}", hint=error.hint, **about) from error.__cause__


def value(dataset: Dataset, keyword: str) -> Any:
    """Return the value of an attribute, None where it is absent or empty.

    Raises
    ------
    NotDicom
        If the bytes in the file are no value of the attribute's type.
    """
    try:
        found = dataset.get(keyword)
    except conversion_errors() as error:
        raw = dataset.get_item(keyword, keep_deferred=True)
        stored = getattr(raw, "value", None)
        shown = stored[:60].decode("latin-1").strip("\0 ") if isinstance(stored, bytes) else str(stored)[:60]
        raise NotDicom(f'{keyword} "{shown}" cannot be read as a value ({error})') from error
    if found is None or (isinstance(found, str) and not found):
        return None
    return found


def text(dataset: Dataset, keyword: str) -> str:
    """Return an attribute as stripped text, several values joined by a backslash, "" where it is absent."""
    found = value(dataset, keyword)
    if found is None:
        return ""
    # A person name can be iterated over too, letter by letter.
    if isinstance(found, MutableSequence):
        if any(hasattr(one, "keys") for one in found):
            raise NotDicom(f"{keyword} is a sequence, not text")
        return "\\".join(str(one).strip(" \0") for one in found)
    return str(found).strip(" \0")


def number(dataset: Dataset, keyword: str) -> float | None:
    """Return a finite number (the first of several), None where it is absent; else NotDicom."""
    found = numbers(dataset, keyword)
    return found[0] if found else None


def integer(dataset: Dataset, keyword: str) -> int | None:
    """Return a whole number (the first of several), None where it is absent; else NotDicom."""
    found = number(dataset, keyword)
    if found is None:
        return None
    if not found.is_integer():
        raise NotDicom(f'{keyword} "{found:g}" is no whole number')
    return int(found)


def numbers(dataset: Dataset, keyword: str, count: int = 0) -> tuple[float, ...]:
    """Return an attribute's finite numbers, () where it is absent.

    Parameters
    ----------
    dataset : pydicom.Dataset
    keyword : str
    count : int
        How many there must be; 0 for any number.

    Raises
    ------
    NotDicom
        If one is no number (``"0,5"``), is not finite, or there are not ``count`` of them.
    """
    found = value(dataset, keyword)
    if found is None:
        return ()
    parts = found if isinstance(found, MutableSequence) else (found,)
    try:
        result = tuple(float(part) for part in parts)
    except (ValueError, TypeError) as error:
        raise NotDicom(f'{keyword} "{text(dataset, keyword)}" is not made of numbers') from error
    if not all(math.isfinite(part) for part in result):
        raise NotDicom(f'{keyword} "{text(dataset, keyword)}" is not finite')
    if result and count and len(result) != count:
        raise NotDicom(f"{keyword} has {len(result)} values, {count} were expected")
    return result


def items(dataset: Dataset, keyword: str) -> list[Dataset]:
    """Return the items of a sequence, [] where it is absent; NotDicom if the attribute is no sequence."""
    found = value(dataset, keyword)
    if found is None:
        return []
    from pydicom.sequence import Sequence

    if not isinstance(found, Sequence):
        raise NotDicom(f"{keyword} is no sequence")
    return list(found)


def uid(dataset: Dataset, keyword: str) -> str:
    """Return a UID, "" where it is absent.

    Raises
    ------
    NotDicom
        If it is longer than 64 characters or has others than digits and dots (PS3.5, section 9.1).
    """
    found = text(dataset, keyword)
    if found and (len(found) > 64 or not _UID.fullmatch(found)):
        raise NotDicom(f'{keyword} "{found[:80]}" is no UID')
    return found


def moment(dataset: Dataset, date: str, time: str) -> str:
    """Return ``YYYYMMDDHHMMSS[.ffffff]`` from a date and a time attribute, "" if either is absent.

    Colons and dots of the ACR-NEMA spelling (``2014.01.31``, ``09:15:00``) are dropped, and a time
    that ends early (``0915``) is filled with zeros.
    """
    day = text(dataset, date).replace(".", "")
    whole, dot, fraction = text(dataset, time).replace(":", "").partition(".")
    if not day or not whole:
        return ""
    return day + whole.ljust(6, "0") + dot + fraction


def date_time(dataset: Dataset, keyword: str) -> str:
    """Return a date and time attribute as ``YYYYMMDDHHMMSS[.ffffff]`` without its offset from UTC, "" if absent."""
    whole = re.split("[+-]", text(dataset, keyword))[0]
    if len(whole) < 10:
        return ""
    seconds, dot, fraction = whole.partition(".")
    return seconds.ljust(14, "0") + dot + fraction
