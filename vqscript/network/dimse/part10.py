"""DICOM files (PS3.10) around data sets that stay bytes."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vqscript.errors import ImageError, NotDicom
from vqscript.imaging.dicom.quick import LONG

IMPLEMENTATION_UID = "2.25.186253739162619321757081375041063100048"
IMPLEMENTATION_NAME = "VQSCRIPT"

_LARGEST_META = 1 << 20


@dataclass(frozen=True)
class Part10:
    """A DICOM file that is to be sent.

    Attributes
    ----------
    path : Path
    sop_class, sop_uid : str
        As the data set has them, which is what a server will compare with.
    syntax : str
        Transfer syntax.
    start, size : int
        Where the data set begins in the file, and its bytes.
    """

    path: Path
    sop_class: str
    sop_uid: str
    syntax: str
    start: int
    size: int

    def pieces(self, size: int) -> Iterator[memoryview]:
        """Yield the data set in pieces; each is valid until the next one.

        Raises
        ------
        ImageError
            If the file cannot be read, or is shorter than it was.
        """
        left = self.size
        try:
            with self.path.open("rb", buffering=0) as file, memoryview(bytearray(min(size, left))) as buffer:
                file.seek(self.start)
                while left:
                    count = file.readinto(buffer[: min(size, left)])
                    if not count:
                        raise NotDicom(f"{self.path} was cut short while it was sent", path=self.path)
                    left -= count
                    yield buffer[:count]
        except OSError as error:
            raise ImageError(f"{self.path} cannot be read: {error.strerror or error}", path=self.path) from error


def describe(path: Path) -> Part10:
    """Return what a DICOM file is.

    Raises
    ------
    NotDicom
        If it has no file meta information, or does not say what it is.
    ImageError
        If it cannot be read.
    """
    from pydicom.filereader import read_partial

    from vqscript.imaging.dicom.values import conversion_errors, quiet, text

    after_sop_uid = 0x00080019
    try:
        with path.open("rb") as file:
            start = _end_of_meta(file)
            size = file.seek(0, 2) - start
            file.seek(0)
            with quiet():
                header = read_partial(file, stop_when=lambda tag, vr, length: tag >= after_sop_uid)
                syntax = text(header.file_meta, "TransferSyntaxUID")
                sop_class, sop_uid = (text(header, keyword) for keyword in ("SOPClassUID", "SOPInstanceUID"))
    except NotDicom:
        raise
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror or error}", path=path) from error
    except conversion_errors() as error:
        raise NotDicom(f"is damaged: {error}", path=path) from error
    for keyword, found in (("TransferSyntaxUID", syntax), ("SOPClassUID", sop_class), ("SOPInstanceUID", sop_uid)):
        if not found.isascii() or not 0 < len(found) <= 64:
            raise NotDicom(f"is no DICOM instance: {keyword} is {'no UID' if found else 'missing'}", path=path)
    return Part10(path, sop_class, sop_uid, syntax, start, size)


def head(sop_class: str, sop_uid: str, syntax: str) -> bytes:
    """Return what stands before a data set in a file: preamble, prefix and file meta information."""
    elements = _element(1, b"OB", b"\0\1") + b"".join(
        _element(number, vr, value.encode("ascii", "replace"))
        for number, vr, value in (
            (2, b"UI", sop_class),
            (3, b"UI", sop_uid),
            (0x10, b"UI", syntax),
            (0x12, b"UI", IMPLEMENTATION_UID),
            (0x13, b"SH", IMPLEMENTATION_NAME),
        )
    )
    return bytes(128) + b"DICM" + _element(0, b"UL", struct.pack("<L", len(elements))) + elements


def _element(number: int, vr: bytes, value: bytes) -> bytes:
    value += (b" " if vr == b"SH" else b"\0") * (len(value) % 2)
    if vr in LONG:
        return struct.pack("<HH2s2xL", 2, number, vr, len(value)) + value
    return struct.pack("<HH2sH", 2, number, vr, len(value)) + value


def _end_of_meta(file: BinaryIO) -> int:
    """Return where the data set begins: after the last element of group 2, whatever the group's length says."""
    if file.read(132)[128:] != b"DICM":
        raise NotDicom("is no DICOM file: it has no file meta information, and may be in any transfer syntax")
    while True:
        at = file.tell()
        header = file.read(8)
        if len(header) < 8 or header[:2] != b"\2\0":
            return at
        length = struct.unpack("<L", file.read(4))[0] if header[4:6] in LONG else header[6] | header[7] << 8
        if length > _LARGEST_META:
            raise NotDicom(f"is damaged: an element of {length} bytes in its file meta information")
        file.seek(length, 1)
