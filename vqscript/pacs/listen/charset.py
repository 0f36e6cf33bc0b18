"""Another SpecificCharacterSet in a data set, for a sender that states a wrong one; nothing is decoded for it."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator

from vqscript.imaging.dicom.stream import EXPLICIT_BIG_ENDIAN, IMPLICIT_LITTLE_ENDIAN

_GROUP_LENGTH, _CHARSET = 0x00080000, 0x00080005
_ENOUGH = 1 << 12
"""Bytes in which the element stands, or those behind it: only the length of its group may come before it."""


def with_charset(pieces: Iterable[bytes | memoryview], charset: str, syntax: str) -> Iterator[bytes | memoryview]:
    """Yield a data set with another character set; each piece is valid until the next one."""
    start = bytearray()
    begun = False
    for piece in pieces:
        if begun:
            yield piece
            continue
        start += piece
        if len(start) >= _ENOUGH:
            begun = True
            yield replaced(bytes(start), charset, syntax)
    if not begun:
        yield replaced(bytes(start), charset, syntax)


def replaced(data: bytes, charset: str, syntax: str) -> bytes:
    """Return the beginning of a data set with another SpecificCharacterSet, and without the length of its group.

    Parameters
    ----------
    data : bytes
        From the first element on; those of group 8 before the character set have to be whole.
    charset : str
        Defined terms, joined by a backslash.
    syntax : str
        Transfer syntax; not deflated.
    """
    order = ">" if syntax == EXPLICIT_BIG_ENDIAN else "<"
    implicit = syntax == IMPLICIT_LITTLE_ENDIAN
    value = charset.encode("ascii")
    value += b" " * (len(value) % 2)
    head = struct.pack(f"{order}HH", 8, 5)
    head += struct.pack("<L", len(value)) if implicit else b"CS" + struct.pack(f"{order}H", len(value))
    kept, at = b"", 0
    while at + 8 <= len(data):
        group, element = struct.unpack_from(f"{order}HH", data, at)
        tag = group << 16 | element
        if tag > _CHARSET:
            break
        length = struct.unpack_from("<L" if implicit else f"{order}H", data, at + (4 if implicit else 6))[0]
        end = at + 8 + length
        if tag not in (_GROUP_LENGTH, _CHARSET):
            kept += data[at:end]
        at = end
    return kept + head + value + data[at:]
