"""Elements of command sets and of small identifiers: implicit VR, little endian (PS3.7, section 6.3)."""

from __future__ import annotations

import struct
from collections.abc import Mapping

from vqscript.network.dimse.fast.pdu import Malformed

GROUP_LENGTH = 0x00000000
AFFECTED_SOP_CLASS = 0x00000002
COMMAND = 0x00000100
MESSAGE_ID = 0x00000110
RESPONDED_TO = 0x00000120
PRIORITY = 0x00000700
DATA_SET_TYPE = 0x00000800
STATUS = 0x00000900
ERROR_COMMENT = 0x00000902
AFFECTED_SOP_INSTANCE = 0x00001000
COMPLETED, WARNED = 0x00001021, 0x00001023

C_STORE_RQ, C_STORE_RSP = 0x0001, 0x8001
C_GET_RQ, C_GET_RSP = 0x0010, 0x8010

NO_DATA_SET, A_DATA_SET = 0x0101, 0x0001

QUERY_LEVEL = 0x00080052
SOP_INSTANCE = 0x00080018
STUDY_INSTANCE = 0x0020000D
SERIES_INSTANCE = 0x0020000E

_HEADER = struct.Struct("<HHL")


def encode(elements: Mapping[int, str | int]) -> bytes:
    """Return elements by tag in bytes: a text padded to an even length as a UID is, a number in two bytes."""
    parts = []
    for tag, value in sorted(elements.items()):
        data = struct.pack("<H", value) if isinstance(value, int) else value.encode("ascii", "replace")
        padding = b" " if tag == QUERY_LEVEL else b"\0"
        data += padding * (len(data) % 2)
        parts.append(_HEADER.pack(tag >> 16, tag & 0xFFFF, len(data)) + data)
    return b"".join(parts)


def command(elements: Mapping[int, str | int]) -> bytes:
    """Return a command set in bytes, its length in front."""
    body = encode(elements)
    return _HEADER.pack(0, 0, 4) + struct.pack("<L", len(body)) + body


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
