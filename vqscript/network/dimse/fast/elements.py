"""Elements of command sets and of small identifiers: implicit VR, little endian (PS3.7, section 6.3)."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from vqscript.network.dimse.fast.pdu import Malformed

IMPLICIT = "1.2.840.10008.1.2"
"""The transfer syntax that every server has to know; command sets are always in it."""

AFFECTED_SOP_CLASS = 0x00000002
COMMAND = 0x00000100
MESSAGE_ID = 0x00000110
RESPONDED_TO = 0x00000120
MOVE_DESTINATION = 0x00000600
PRIORITY = 0x00000700
DATA_SET_TYPE = 0x00000800
STATUS = 0x00000900
ERROR_COMMENT = 0x00000902
AFFECTED_SOP_INSTANCE = 0x00001000
COMPLETED, FAILED, WARNED = 0x00001021, 0x00001022, 0x00001023

C_STORE_RQ, C_STORE_RSP = 0x0001, 0x8001
C_GET_RQ, C_GET_RSP = 0x0010, 0x8010
C_FIND_RQ, C_FIND_RSP = 0x0020, 0x8020
C_MOVE_RQ, C_MOVE_RSP = 0x0021, 0x8021
C_ECHO_RQ, C_ECHO_RSP = 0x0030, 0x8030

NO_DATA_SET, A_DATA_SET = 0x0101, 0x0001

QUERY_LEVEL = 0x00080052
SOP_INSTANCE = 0x00080018
STUDY_INSTANCE = 0x0020000D
SERIES_INSTANCE = 0x0020000E

_UNDEFINED = 0xFFFFFFFF
_HEADER = struct.Struct("<HHL")


def encode(elements: Mapping[int, str | int]) -> bytes:
    """Return elements by tag in bytes: a text padded to an even length, a number in two bytes."""
    parts = []
    for tag, value in sorted(elements.items()):
        data = struct.pack("<H", value) if isinstance(value, int) else value.encode("ascii", "replace")
        padding = b" " if tag in (QUERY_LEVEL, MOVE_DESTINATION) else b"\0"  # all others are UIDs
        data += padding * (len(data) % 2)
        parts.append(_HEADER.pack(tag >> 16, tag & 0xFFFF, len(data)) + data)
    return b"".join(parts)


def command(elements: Mapping[int, str | int]) -> bytes:
    """Return a command set in bytes, its length in front."""
    body = encode(elements)
    return _HEADER.pack(0, 0, 4) + struct.pack("<L", len(body)) + body


def check_lengths(data: bytes) -> None:
    """Raise Malformed for a data set that ends within an element; up to its first sequence of undefined length."""
    at = 0
    while at < len(data):
        if len(data) - at < _HEADER.size:
            raise Malformed("an element that is cut short")
        group, element, length = _HEADER.unpack_from(data, at)
        if length == _UNDEFINED:
            return
        at += _HEADER.size + length
        if at > len(data):
            raise Malformed(f"an element ({group:04X},{element:04X}) of {length} bytes, which are not there")


def request(kind: int, message: int, sop_class: str, *, dataset: bool = False) -> dict[int, str | int]:
    """Return the elements of a request for a service; what a service has besides is for the caller to add."""
    elements: dict[int, str | int] = {
        AFFECTED_SOP_CLASS: sop_class,
        COMMAND: kind,
        MESSAGE_ID: message,
        DATA_SET_TYPE: A_DATA_SET if dataset else NO_DATA_SET,
    }
    return {**elements, PRIORITY: 0} if dataset else elements


class Command:
    """A command set that came.

    Raises
    ------
    Malformed
        From the constructor and ``number``, if it breaks the rules.
    """

    def __init__(self, data: bytes) -> None:
        self._values: dict[int, bytes] = {}
        at = 0
        while at < len(data):
            if len(data) - at < _HEADER.size:
                raise Malformed("a command element that is cut short")
            group, element, length = _HEADER.unpack_from(data, at)
            at += _HEADER.size
            if group or length > len(data) - at:
                raise Malformed(f"a command element ({group:04X},{element:04X}) of {length} bytes")
            self._values[element] = data[at : at + length]
            at += length

    def number(self, tag: int, default: int | None = None) -> int:
        """Return a number of two bytes; Malformed if it is not there and there is no default."""
        data = self._values.get(tag)
        if data is None and default is not None:
            return default
        if data is None or len(data) != 2:
            raise Malformed(f"a command set without a number ({tag >> 16:04X},{tag & 0xFFFF:04X})")
        return int.from_bytes(data, "little")

    def text(self, tag: int) -> str:
        """Return a text, "" if it is not there."""
        return self._values.get(tag, b"").decode("ascii", "replace").strip("\0 ")
