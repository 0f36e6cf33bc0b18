"""Open a DICOM file and parse it up to its pixel data, whatever the file claims of its own size."""

from __future__ import annotations

import io
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vqscript.errors import ImageError, NotDicom, Unsupported
from vqscript.imaging.dicom import values

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

EXPLICIT_BIG_ENDIAN = "1.2.840.10008.1.2.2"
IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
NATIVE = frozenset({IMPLICIT_LITTLE_ENDIAN, EXPLICIT_LITTLE_ENDIAN, EXPLICIT_BIG_ENDIAN})
"""Transfer syntaxes whose pixel values can be read from the file at an offset."""

PIXEL_DATA = 0x7FE00010
UNDEFINED = 0xFFFFFFFF
MOST_INFLATED = 256 << 20  # bytes; deflate packs up to a thousand times, so the file's size is no bound

_STOP_AT = frozenset({0x7FE00008, 0x7FE00009, PIXEL_DATA})  # float, double float, integer pixel data


class Reader(io.BufferedReader):
    """A file that never allocates more than the file holds, and remembers a value that was cut short."""

    cut = False

    def __init__(self, raw: io.FileIO) -> None:
        super().__init__(raw)
        self.size = os.fstat(raw.fileno()).st_size

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            return super().read()
        data = super().read(min(size, self.size))
        self.cut = self.cut or _is_cut(data, size)
        return data


class Inflated(io.BytesIO):
    """The dataset of a deflated file, in memory; remembers a value that was cut short."""

    cut = False

    def __init__(self, data: bytes) -> None:
        super().__init__(data)
        self.size = len(data)

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.cut = self.cut or (size is not None and _is_cut(data, size))
        return data


Stream = Reader | Inflated


def _is_cut(data: bytes, size: int) -> bool:
    # Eight bytes are the next element's tag: none left is the regular end of a dataset.
    return len(data) < size and (bool(data) or size != 8)


@contextmanager
def opened(path: Path) -> Iterator[tuple[Dataset, Stream]]:
    """Open a DICOM file, and parse it up to its pixel data.

    Parameters
    ----------
    path : Path

    Yields
    ------
    header : pydicom.Dataset
        All elements before the pixel data, with ``file_meta``.
    stream : Stream
        At the first byte of the pixel data element, or at the end; inflated if the file is deflated.

    Raises
    ------
    NotDicom
        If the file is not DICOM, or is cut short.
    Unsupported
        If it inflates to more than 256 MiB.
    ImageError
        If the file cannot be opened or read.
    """
    try:
        with values.naming(path), values.quiet(), path.open("rb", buffering=0) as raw, Reader(raw) as file:
            yield _parse(file)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        raise ImageError(f"{path}: {reason}", path=path, reason=reason) from error


def _parse(file: Reader) -> tuple[Dataset, Stream]:
    from pydicom.dataset import FileMetaDataset
    from pydicom.filereader import read_dataset
    from pydicom.uid import UID

    stream: Stream = file
    try:
        if not _skip_preamble(file):
            raise NotDicom('is not DICOM: no "DICM" at byte 128')
        meta = FileMetaDataset(
            read_dataset(cast(Any, file), False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2)
        )
        syntax = values.uid(meta, "TransferSyntaxUID") or _guess_syntax(file)
        meta.TransferSyntaxUID = UID(syntax)
        if syntax == DEFLATED:
            stream = Inflated(_inflated(file))
        header = read_dataset(
            cast(Any, stream),
            syntax == IMPLICIT_LITTLE_ENDIAN,
            syntax != EXPLICIT_BIG_ENDIAN,
            stop_when=lambda tag, vr, length: tag in _STOP_AT,
        )
    except values.conversion_errors() as error:
        where = "is cut short in its header" if stream.tell() >= stream.size else "is no readable DICOM"
        raise NotDicom(f"{where}: {error}") from error
    if stream.cut or file.cut:
        raise NotDicom("is cut short in its header")
    header.file_meta = meta
    return header, stream


def _inflated(file: Reader) -> bytes:
    """Return the dataset behind the file meta information (PS3.5, annex A.5)."""
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(file.read(), MOST_INFLATED + 1)
    except zlib.error as error:
        raise NotDicom(f"cannot be inflated: {error}") from error
    if len(data) > MOST_INFLATED:
        raise Unsupported(
            f"inflates to more than {MOST_INFLATED >> 20} MiB, which is not read",
            hint="if the file is to be trusted, dcmconv +te makes it plain",
        )
    if not inflater.eof:
        raise NotDicom("is cut short: its deflated dataset has no end")
    return data


def _skip_preamble(file: Reader) -> bool:
    """Go to the first element; False if the file does not begin as DICOM does."""
    start = file.read(min(132, file.size))
    if start[128:] == b"DICM":
        return True
    # Written without a preamble: the first element is of group 0002 or 0008, with a low element number.
    file.seek(0)
    group, element = struct.unpack("<HH", start[:4]) if len(start) >= 132 else (0, 0)
    return group in {0x0002, 0x0008} and element <= 0x0018


def _guess_syntax(file: Reader) -> str:
    """Return the transfer syntax of a dataset that came without file meta information, by its first element."""
    place = file.tell()
    start = file.read(6)
    file.seek(place)
    if len(start) < 6 or not start[4:].isalpha():
        return IMPLICIT_LITTLE_ENDIAN
    return EXPLICIT_LITTLE_ENDIAN if start[0] else EXPLICIT_BIG_ENDIAN


def locate_pixels(stream: Stream, syntax: str) -> tuple[bool, int, int]:
    """Return where the native pixel data lies that the stream is at.

    Parameters
    ----------
    stream : Stream
        As :func:`opened` yields it.
    syntax : str
        Transfer syntax.

    Returns
    -------
    has_pixels : bool
    offset, length : int
        Within the stream, in bytes; both 0 where the pixel data is encapsulated, or no integers.

    Raises
    ------
    NotDicom
        If the file ends before its pixel data does.
    """
    order = ">" if syntax == EXPLICIT_BIG_ENDIAN else "<"
    start = stream.tell()
    element = stream.read(min(12, stream.size - start))
    if len(element) < 8:
        return False, 0, 0
    group, number = struct.unpack(order + "HH", element[:4])
    if group << 16 | number != PIXEL_DATA:
        return True, 0, 0
    # An implicit length cannot begin with these letters: it would be odd.
    explicit = element[4:6] in {b"OB", b"OW", b"UN"}
    if len(element) < 12 and explicit:
        raise NotDicom("is cut short before its pixel data")
    (length,) = struct.unpack(order + "L", element[8:12] if explicit else element[4:8])
    offset = start + (12 if explicit else 8)
    if length == UNDEFINED:
        _check_fragments(stream, offset)
        stream.seek(offset)
        return True, 0, 0
    held = stream.size - offset
    if length > held:
        raise NotDicom(f"is cut short: {length} bytes of pixel data are declared, {held} are there")
    stream.seek(offset)
    return True, offset, length


def _check_fragments(stream: Stream, offset: int) -> None:
    """Walk the items of encapsulated pixel data (PS3.5, annex A.4) to their delimiter."""
    while True:
        stream.seek(offset)
        item = stream.read(min(8, stream.size - offset)) if offset < stream.size else b""
        if len(item) < 8:
            raise NotDicom("is cut short: its compressed pixel data has no end")
        group, number, length = struct.unpack("<HHL", item)
        if (group, number) == (0xFFFE, 0xE0DD):
            return
        if (group, number) != (0xFFFE, 0xE000):
            raise NotDicom("has compressed pixel data that is not made of items")
        offset += 8 + length
