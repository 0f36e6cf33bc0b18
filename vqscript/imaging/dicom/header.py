"""Read DICOM headers: where the pixels are, without reading them, and what the file says of itself."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vqscript.errors import ImageError, NotDicom
from vqscript.imaging.dicom import values
from vqscript.imaging.dicom.instance import Instance

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Progress = Callable[[int, int, str], None]

EXPLICIT_BIG_ENDIAN = "1.2.840.10008.1.2.2"
IMPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2"
EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
NATIVE = frozenset({IMPLICIT_LITTLE_ENDIAN, EXPLICIT_LITTLE_ENDIAN, EXPLICIT_BIG_ENDIAN})

_PIXEL_DATA = 0x7FE00010
_STOP_AT = frozenset({0x7FE00008, 0x7FE00009, _PIXEL_DATA})  # float, double float, integer pixel data
_UNDEFINED = 0xFFFFFFFF
_PARSE_ERRORS = (*values.CONVERSION_ERRORS, OSError, EOFError, struct.error, RecursionError)


class _Reader(io.BufferedReader):
    """A file that never allocates more than the file holds, and remembers a value that was cut short."""

    cut = False

    def __init__(self, raw: io.FileIO) -> None:
        super().__init__(raw)
        self.size = os.fstat(raw.fileno()).st_size

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0:
            return super().read()
        data = super().read(min(size, self.size))
        # Eight bytes are the next element's tag: none left is the regular end of a dataset.
        if len(data) < size and (data or size != 8):
            self.cut = True
        return data


def read_header(path: Path) -> tuple[Dataset, Instance]:
    """Parse a DICOM file up to its pixel data, which never enters memory.

    Parameters
    ----------
    path : Path
        A DICOM file, image or not (SEG, RTSTRUCT and SR too). One without the preamble is read if its
        first element is plainly one of DICOM.

    Returns
    -------
    header : pydicom.Dataset
        All elements before the pixel data, with ``file_meta``.
    instance : Instance

    Raises
    ------
    NotDicom
        If the file is not DICOM, is cut short, lacks a UID, or has a number that is none. The attributes
        are ``path`` and ``reason`` (the message without the file's name).
    ImageError
        If the file cannot be opened.
    """
    from pydicom import config

    try:
        # pydicom warns of every value that breaks a rule of form; what matters is checked here instead.
        with (
            values.naming(path),
            config.disable_value_validation(),
            path.open("rb", buffering=0) as raw,
            _Reader(raw) as file,
        ):
            header = _parse(file)
            location = _locate_pixels(file, header)
            return header, _instance(path, header, *location)
    except OSError as error:
        reason = f"cannot be read: {error.strerror or error}"
        raise ImageError(f"{path}: {reason}", path=path, reason=reason) from error


def read_instance(path: Path) -> Instance:
    """Return the record of a DICOM file; raises as :func:`read_header`."""
    return read_header(path)[1]


def scan(
    path: Path | Sequence[Path], progress: Progress | None = None
) -> tuple[list[Instance], list[tuple[Path, str]]]:
    """Read the headers of all DICOM files in files and folders.

    Parameters
    ----------
    path : Path or sequence of Path
        Folders are walked in sorted order, however deep; links to folders are not followed.
    progress : callable, optional
        Called with (done, total, file name).

    Returns
    -------
    instances : list of Instance
    skipped : list of (Path, str)
        Files left out, each with the reason.
    """
    tops = [path] if isinstance(path, Path) else list(path)
    files = list(dict.fromkeys(file for top in tops for file in _files(top)))
    instances: list[Instance] = []
    skipped: list[tuple[Path, str]] = []
    for done, file in enumerate(files, start=1):
        try:
            instances.append(read_instance(file))
        except ImageError as error:
            skipped.append((file, error.reason))
        if progress is not None:
            progress(done, len(files), file.name)
    return instances, skipped


def _files(top: Path) -> Iterator[Path]:
    if not top.is_dir():
        yield top
        return
    for folder, folders, names in os.walk(top):
        folders.sort()
        # Pipes and sockets would block the reader for ever.
        yield from (file for name in sorted(names) if (file := Path(folder, name)).is_file())


def _parse(file: _Reader) -> Dataset:
    """Return the dataset up to the pixel data, and leave the file there."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.filereader import read_dataset
    from pydicom.uid import UID

    binary = cast(Any, file)
    try:
        if not _skip_preamble(file):
            raise NotDicom('is not DICOM: no "DICM" at byte 128')
        meta = FileMetaDataset(read_dataset(binary, False, True, stop_when=lambda tag, vr, length: tag >> 16 != 2))
        syntax = values.uid(meta, "TransferSyntaxUID") or _guess_syntax(file)
        if syntax == DEFLATED:
            # Inflating has no bound that the file's size gives.
            raise NotDicom("is deflated DICOM, which is not read (dcmconv +te makes it plain)")
        meta.TransferSyntaxUID = UID(syntax)
        header = read_dataset(
            binary,
            syntax == IMPLICIT_LITTLE_ENDIAN,
            syntax != EXPLICIT_BIG_ENDIAN,
            stop_when=lambda tag, vr, length: tag in _STOP_AT,
        )
    except _PARSE_ERRORS as error:
        where = "is cut short in its header" if file.tell() >= file.size else "is no readable DICOM"
        raise NotDicom(f"{where}: {error}") from error
    if file.cut:
        raise NotDicom("is cut short in its header")
    header.file_meta = meta
    return header


def _skip_preamble(file: _Reader) -> bool:
    """Go to the first element; False if the file does not begin as DICOM does."""
    start = file.read(min(132, file.size))
    if start[128:] == b"DICM":
        return True
    # Written without a preamble: the first element is of group 0002 or 0008, with a low element number.
    file.seek(0)
    group, element = struct.unpack("<HH", start[:4]) if len(start) >= 132 else (0, 0)
    return group in {0x0002, 0x0008} and element <= 0x0018


def _guess_syntax(file: _Reader) -> str:
    """Return the transfer syntax of a dataset that came without file meta information, by its first element."""
    place = file.tell()
    start = file.read(6)
    file.seek(place)
    if len(start) < 6 or not start[4:].isalpha():
        return IMPLICIT_LITTLE_ENDIAN
    return EXPLICIT_LITTLE_ENDIAN if start[0] else EXPLICIT_BIG_ENDIAN


def _locate_pixels(file: _Reader, header: Dataset) -> tuple[bool, int, int]:
    """Return (has pixel data, offset, length); offset and length are 0 where it is encapsulated.

    Raises
    ------
    NotDicom
        If the file ends before its pixel data does.
    """
    order = ">" if header.file_meta.TransferSyntaxUID == EXPLICIT_BIG_ENDIAN else "<"
    start = file.tell()
    element = file.read(min(12, file.size - start))
    if len(element) < 8:
        return False, 0, 0
    group, number = struct.unpack(order + "HH", element[:4])
    if group << 16 | number != _PIXEL_DATA:
        return True, 0, 0
    # An implicit length cannot begin with these letters: it would be odd.
    explicit = element[4:6] in {b"OB", b"OW", b"UN"}
    if len(element) < 12 and explicit:
        raise NotDicom("is cut short before its pixel data")
    (length,) = struct.unpack(order + "L", element[8:12] if explicit else element[4:8])
    offset = start + (12 if explicit else 8)
    if length == _UNDEFINED:
        _check_fragments(file, offset)
        return True, 0, 0
    held = file.size - offset
    if length > held:
        raise NotDicom(f"is cut short: {length} bytes of pixel data are declared, {held} are there")
    return True, offset, length


def _check_fragments(file: _Reader, offset: int) -> None:
    """Walk the items of encapsulated pixel data (PS3.5, annex A.4) to their delimiter."""
    while True:
        file.seek(offset)
        item = file.read(min(8, file.size - offset)) if offset < file.size else b""
        if len(item) < 8:
            raise NotDicom("is cut short: its compressed pixel data has no end")
        group, number, length = struct.unpack("<HHL", item)
        if (group, number) == (0xFFFE, 0xE0DD):
            return
        if (group, number) != (0xFFFE, 0xE000):
            raise NotDicom("has compressed pixel data that is not made of items")
        offset += 8 + length


def _instance(path: Path, header: Dataset, has_pixels: bool, offset: int, length: int) -> Instance:
    uids = {
        keyword: values.uid(header, keyword)
        for keyword in ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")
    }
    missing = [keyword for keyword, found in uids.items() if not found]
    if missing:
        raise NotDicom(f"is no DICOM instance: {missing[0]} is missing")
    rows, columns = values.integer(header, "Rows") or 0, values.integer(header, "Columns") or 0
    frames = values.integer(header, "NumberOfFrames")
    if rows and columns and not has_pixels:
        raise NotDicom("is cut short: it describes an image but has no pixel data")
    position = values.numbers(header, "ImagePositionPatient", 3)
    orientation = values.numbers(header, "ImageOrientationPatient", 6)
    spacing = values.numbers(header, "PixelSpacing", 2)
    slope, intercept = values.number(header, "RescaleSlope"), values.number(header, "RescaleIntercept")
    instance = Instance(
        path=path,
        sop_class=uids["SOPClassUID"],
        sop_uid=uids["SOPInstanceUID"],
        series_uid=uids["SeriesInstanceUID"],
        study_uid=uids["StudyInstanceUID"],
        modality=values.text(header, "Modality"),
        transfer_syntax=str(header.file_meta.TransferSyntaxUID),
        rows=rows,
        columns=columns,
        frames=(frames or 1) if has_pixels else 0,
        samples=values.integer(header, "SamplesPerPixel") or 1,
        photometric=values.text(header, "PhotometricInterpretation"),
        bits_allocated=values.integer(header, "BitsAllocated") or 0,
        bits_stored=values.integer(header, "BitsStored") or 0,
        signed=values.integer(header, "PixelRepresentation") == 1,
        pixel_offset=offset,
        pixel_length=length,
        slope=1.0 if slope is None else slope,
        intercept=0.0 if intercept is None else intercept,
        position=(position[0], position[1], position[2]) if position else None,
        orientation=cast(Any, orientation) or None,
        pixel_spacing=(spacing[0], spacing[1]) if spacing else None,
        slice_thickness=values.number(header, "SliceThickness"),
        frame_of_reference=values.uid(header, "FrameOfReferenceUID"),
        image_type=values.text(header, "ImageType"),
        acquisition_time=_acquisition_time(header),
        frame_reference_time=values.number(header, "FrameReferenceTime"),
        frame_duration=values.number(header, "ActualFrameDuration"),
        temporal_position=values.integer(header, "TemporalPositionIdentifier"),
        acquisition_number=values.integer(header, "AcquisitionNumber"),
        instance_number=values.integer(header, "InstanceNumber"),
        echo_number=values.integer(header, "EchoNumbers"),
        content_time=values.text(header, "TriggerTime") or values.text(header, "ContentTime"),
    )
    _check_size(instance, path.stat().st_size)
    return instance


def _acquisition_time(header: Dataset) -> str:
    if found := values.date_time(header, "AcquisitionDateTime"):
        return found
    for date in ("AcquisitionDate", "SeriesDate", "StudyDate"):
        if found := values.moment(header, date, "AcquisitionTime"):
            return found
    return ""


def _check_size(instance: Instance, file_size: int) -> None:
    """Raise NotDicom if the header promises more voxels than the file can hold, before anyone allocates them."""
    voxels = instance.rows * instance.columns * instance.frames * instance.samples
    size = f"{instance.columns} x {instance.rows} x {instance.frames} voxels of {instance.bits_allocated} bits"
    needed = (voxels * instance.bits_allocated + 7) // 8
    if instance.photometric.startswith("YBR") and instance.photometric.endswith(("422", "420")):
        needed //= 2  # chroma is stored for every other pixel
    if instance.pixel_offset and needed > instance.pixel_length:
        raise NotDicom(f"is cut short: {size} need {needed} bytes, its pixel data has {instance.pixel_length}")
    # No codec in DICOM packs an image of this size more than a few thousand times.
    if not instance.pixel_offset and needed > max(1 << 28, 4096 * file_size):
        raise NotDicom(f"is damaged: {size} cannot come out of a file of {file_size} bytes")
