"""The header of a plain DICOM file, found without making a dataset of it.

Loading a folder asks for some thirty attributes of each file. A dataset is made for everything a file may hold, and
takes several times as long as reading the file; here, the places of the elements are noted, and a value is converted
when it is asked for. Whatever is not as the standard has it is :class:`Unusual`: reading it, and saying what is wrong
with it, is the business of :func:`vqscript.imaging.dicom.header.read_header`.
"""

from __future__ import annotations

import re
import struct
from functools import cache
from types import SimpleNamespace
from typing import BinaryIO

_IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"
_EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"

_FIRST, _MOST = 1 << 14, 1 << 19
"""Bytes of the file that are read at first, and at most."""

_TRANSFER_SYNTAX, _CHARACTER_SET = 0x00020010, 0x00080005
_DELIMITERS = 0xFFFE
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_STOP_AT = frozenset({0x7FE00008, 0x7FE00009, 0x7FE00010})  # float, double float, integer pixel data
_UNDEFINED = 0xFFFFFFFF
_DEEPEST = 16

# PS3.5, section 7.1.2: the value representations with a length of 32 bits, and those with one of 16 bits.
LONG = frozenset(b"OB OD OF OL OV OW SQ SV UC UN UR UT UV".split())
_SHORT = frozenset(b"AE AS AT CS DA DS DT FD FL IS LO LT PN SH SL SS ST TM UI UL US".split())

_IMPLICIT, _EXPLICIT, _LONG_LENGTH = struct.Struct("<HHL"), struct.Struct("<HH2sH"), struct.Struct("<L")

_PLAIN = re.compile(rb"[A-Z0-9_ \\]*")
_NUMBER = r" *[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)? *"
_FORMS = {
    "DS": re.compile(rf"{_NUMBER}(\\{_NUMBER})*"),
    "IS": re.compile(r" *[-+]?\d{1,11} *(\\ *[-+]?\d{1,11} *)*"),
}
_TEXT = frozenset({"CS", "DA", "DT", "TM", "UI"})  # of the default character set, whatever the file has for names


class Unusual(Exception):
    """A file that is not read here."""


def parse(file: BinaryIO) -> Elements:
    """Find the elements of a file before its pixel data, and leave the file there.

    Parameters
    ----------
    file : binary file
        At its beginning.

    Returns
    -------
    Elements
        Has of a Dataset what reading attributes takes: ``get(keyword)`` and ``file_meta.TransferSyntaxUID``. A
        number comes as its text; ``get`` raises Unusual for what it does not convert.

    Raises
    ------
    Unusual
        If the file is not Part 10, not plain little endian, has an element that breaks a rule, or a header of
        more than half a megabyte.
    """
    data = file.read(_FIRST)
    try:
        header = Elements(data)
    except _Short:
        data += file.read(_MOST - _FIRST)
        header = Elements(data, whole=len(data) < _MOST)
    file.seek(header.end)
    return header


class _Short(Unusual):
    """More of the file is needed."""


class Elements:
    """Where each element of the outermost level has its value.

    Parameters
    ----------
    data : bytes
        The beginning of the file.
    whole : bool
        Whether it is the whole file, which may end without pixel data.
    """

    def __init__(self, data: bytes, *, whole: bool = False) -> None:
        if data[128:132] != b"DICM":
            raise Unusual
        self._data = data
        self._places: dict[int, tuple[bytes, int, int]] = {}
        try:
            start = self._note_meta(132)
            syntax = self._syntax()
            implicit = syntax == _IMPLICIT_LITTLE_ENDIAN
            # Some writers say the one and do the other.
            if implicit and data[start + 4 : start + 6].isalpha():
                raise Unusual
            self.end = self._note(start, implicit, whole)
        except struct.error as error:
            raise _Short from error
        self.file_meta = SimpleNamespace(TransferSyntaxUID=syntax)

    def get(self, keyword: str) -> str | int | list[str] | None:
        """Return a value, None where it is absent or empty."""
        tag, vr = _attribute(keyword)
        place = self._places.get(tag)
        if place is None:
            return None
        stated, start, end = place
        if stated and stated != vr.encode():
            raise Unusual
        if start == end:
            return None
        if vr == "US":
            if end - start != 2:
                raise Unusual
            return int.from_bytes(self._data[start:end], "little")
        text = self._text(start, end)
        form = _FORMS.get(vr)
        if (form and not form.fullmatch(text)) or not (form or vr in _TEXT):
            raise Unusual
        return text.split("\\") if "\\" in text else text

    def raw(self, keyword: str) -> bytes:
        """Return a value as it stands in the file, b"" where it is absent."""
        _, start, end = self._places.get(_attribute(keyword)[0], (b"", 0, 0))
        return self._data[start:end]

    def _text(self, start: int, end: int) -> str:
        try:
            return self._data[start:end].decode("ascii").rstrip("\0 ")
        except UnicodeDecodeError as error:
            raise Unusual from error

    def _syntax(self) -> str:
        _, start, end = self._places.get(_TRANSFER_SYNTAX, (b"", 0, 0))
        syntax = self._text(start, end)
        if syntax not in (_IMPLICIT_LITTLE_ENDIAN, _EXPLICIT_LITTLE_ENDIAN):
            raise Unusual
        return syntax

    def _note_meta(self, at: int) -> int:
        """Note the elements of the file meta information, which begins at ``at``; returns where it ends."""
        while int.from_bytes(self._data[at : at + 2], "little") == 2:
            tag, vr, start, at = _element(self._data, at, implicit=False)
            self._places[tag] = vr, start, at
        return at

    def _note(self, at: int, implicit: bool, whole: bool) -> int:
        """Note the elements of the dataset, which begins at ``at``; returns where they end."""
        data, size = self._data, len(self._data)
        while not (whole and at == size):
            tag, vr, start, end = _element(data, at, implicit)
            if tag in _STOP_AT:
                return at
            if end > size:
                raise _Short
            self._places[tag] = vr, start, end
            at = end
        return at


def _element(data: bytes, at: int, implicit: bool, depth: int = 0) -> tuple[int, bytes, int, int]:
    """Return tag, value representation (empty if implicit), start and end of the value of an element."""
    if implicit:
        group, number, length = _IMPLICIT.unpack_from(data, at)
        vr, start = b"", at + 8
    else:
        group, number, vr, length = _EXPLICIT.unpack_from(data, at)
        start = at + 8
        if vr not in _SHORT:
            if vr not in LONG:
                raise Unusual
            (length,) = _LONG_LENGTH.unpack_from(data, start)
            start += 4
    tag = group << 16 | number
    if group == _DELIMITERS or (tag == _CHARACTER_SET and not _PLAIN.fullmatch(data, start, start + length)):
        raise Unusual
    if length != _UNDEFINED or tag in _STOP_AT:
        return tag, vr, start, start + length
    if vr not in (b"SQ", b"") or depth >= _DEEPEST or not _may_be_sequence(tag):
        raise Unusual
    return tag, vr, start, _end_of_items(data, start, implicit, depth + 1)


def _end_of_items(data: bytes, at: int, implicit: bool, depth: int) -> int:
    """Return where a sequence of undefined length ends (PS3.5, section 7.5)."""
    while True:
        group, number, length = _IMPLICIT.unpack_from(data, at)
        tag = group << 16 | number
        at += 8
        if tag == _SEQUENCE_END:
            return at
        if tag != _ITEM:
            raise Unusual
        at = _end_of_item(data, at, implicit, depth) if length == _UNDEFINED else at + length


def _end_of_item(data: bytes, at: int, implicit: bool, depth: int) -> int:
    while True:
        group, number, _ = _IMPLICIT.unpack_from(data, at)
        if group << 16 | number == _ITEM_END:
            return at + 8
        at = _element(data, at, implicit, depth)[3]


@cache
def _attribute(keyword: str) -> tuple[int, str]:
    from pydicom.datadict import dictionary_VR, tag_for_keyword

    tag = tag_for_keyword(keyword)
    if tag is None:
        raise Unusual
    return int(tag), str(dictionary_VR(tag))


@cache
def _may_be_sequence(tag: int) -> bool:
    from pydicom.datadict import dictionary_has_tag, dictionary_VR

    return not dictionary_has_tag(tag) or dictionary_VR(tag) == "SQ"
