"""The size that a compressed frame gives for itself, which decoders allocate before anyone else can object."""

from __future__ import annotations

import struct
from typing import NamedTuple

from vqscript.errors import NotDicom

# Start-of-frame markers of JPEG (ISO 10918-1, table B.1: without DHT, JPG and DAC) and JPEG-LS (ISO 14495-1).
_FRAME_MARKERS = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC} | {0xF7})
_SCAN = 0xDA
_JFIF, _JFIF_VERSION = b"JFIF\0", 1
_ALONE = frozenset({0x01, *range(0xD0, 0xD8)})  # markers without a length: TEM, restart intervals
_JPEG_START = b"\xff\xd8"
_JPEG_2000_START = b"\xff\x4f\xff\x51"  # start of codestream, then at once its size (ISO 15444-1, A.4.1 and A.5.1)


class FrameSize(NamedTuple):
    """What a codestream says it holds."""

    rows: int
    columns: int
    components: int
    bits: int


def frame_size(data: bytes) -> FrameSize:
    """Return the size of a JPEG, JPEG-LS or JPEG 2000 codestream.

    Raises
    ------
    NotDicom
        If it is none, ends before its first scan, or has something else than segments up to there: libjpeg warns
        of that, and GDCM ends the whole process for a warning at this point.
    """
    try:
        if data.startswith(_JPEG_START):
            return _jpeg(data)
        # Some writers put the whole JP2 file there, boxes and all.
        start = data.find(_JPEG_2000_START, 0, 4096)
        if start >= 0:
            return _jpeg_2000(data, start + 4)
    except struct.error as error:
        raise NotDicom("a compressed frame ends before its image begins") from error
    raise NotDicom("a compressed frame is no JPEG, JPEG-LS or JPEG 2000")


def _jpeg(data: bytes) -> FrameSize:
    place, size = 2, None
    while True:
        marker, code = struct.unpack_from("BB", data, place)
        if marker != 0xFF or code == 0x00:
            raise NotDicom("a compressed frame has no JPEG marker where one should be")
        place += 1 if code == 0xFF else 2  # fill bytes may come before a marker
        if code == 0xFF or code in _ALONE:
            continue
        (length,) = struct.unpack_from(">H", data, place)
        if code in _FRAME_MARKERS and size is None:
            bits, rows, columns, components = struct.unpack_from(">BHHB", data, place + 2)
            size = FrameSize(rows, columns, components, bits)
        elif data.startswith(_JFIF, place + 2) and data[place + 7 : place + 8] != bytes([_JFIF_VERSION]):
            raise NotDicom("a compressed frame is a JFIF of an unknown version")
        elif code == _SCAN:
            if size is None:
                raise NotDicom("a compressed frame does not say its size")
            return size
        place += max(length, 2)


def _jpeg_2000(data: bytes, place: int) -> FrameSize:
    right, bottom, left, top = struct.unpack_from(">4L", data, place + 4)
    components, depth = struct.unpack_from(">HB", data, place + 36)
    return FrameSize(bottom - top, right - left, components, (depth & 0x7F) + 1)
