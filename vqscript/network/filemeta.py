"""The first bytes of a DICOM file: which instance it is, and how it is encoded (PS3.10, section 7.1)."""

from __future__ import annotations

import struct
from dataclasses import dataclass

from vqscript.errors import NotDicom
from vqscript.imaging.dicom.quick import LONG

MAX_META = 64 << 10
"""Bytes of a file's meta information that are looked through."""


@dataclass(frozen=True)
class FileMeta:
    """What a file says of its content before it begins: three UIDs, "" where it does not say."""

    sop_class: str
    sop_uid: str
    transfer_syntax: str


def file_meta(data: bytes | memoryview) -> FileMeta:
    """Return what is in the meta information of a DICOM file.

    Parameters
    ----------
    data : bytes or memoryview
        The file, or its beginning.

    Raises
    ------
    NotDicom
        If it is none.
    """
    start = bytes(data[:MAX_META])
    if start[128:132] != b"DICM":
        raise NotDicom("no DICOM file: DICM is missing at byte 128")
    found: dict[int, str] = {}
    position = 132
    while position + 8 <= len(start) and start[position : position + 2] == b"\x02\x00":
        (element,) = struct.unpack_from("<H", start, position + 2)
        if start[position + 4 : position + 6] in LONG:
            if position + 12 > len(start):
                break
            (length,) = struct.unpack_from("<I", start, position + 8)
            position += 12
        else:
            (length,) = struct.unpack_from("<H", start, position + 6)
            position += 8
        if element in (0x0002, 0x0003, 0x0010):
            found[element] = start[position : position + length].decode("ascii", "replace").strip(" \0")
        position += length
    return FileMeta(found.get(0x0002, ""), found.get(0x0003, ""), found.get(0x0010, ""))
