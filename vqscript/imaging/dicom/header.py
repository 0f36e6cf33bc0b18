"""Read DICOM headers: where the pixels are, without reading them, and what the file says of itself."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vqscript.errors import ImageError, NotDicom
from vqscript.imaging.dicom import quick, values
from vqscript.imaging.dicom.instance import Instance
from vqscript.imaging.dicom.stream import NATIVE, Reader, Stream, locate_pixels, opened

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Progress = Callable[[int, int, str], None]

_UIDS = ("SOPClassUID", "SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")


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
    Unsupported
        If it is deflated, and inflates to more than 256 MiB.
    ImageError
        If the file cannot be opened.
    """
    with opened(path) as (header, stream):
        return header, _instance(path, header, stream)


def read_instance(path: Path) -> Instance:
    """Return the record of a DICOM file; raises as :func:`read_header`."""
    found = read_quickly(path)
    return found[1] if found else read_header(path)[1]


def read_quickly(path: Path) -> tuple[quick.Elements, Instance] | None:
    """Return the elements of a plain file and its record; None where there is more to read, or to say."""
    try:
        with path.open("rb", buffering=0) as raw, Reader(raw) as file:
            elements = quick.parse(file)
            return elements, _instance(path, cast("Dataset", elements), file)
    except (quick.Unusual, ImageError, OSError):
        return None


def read_uids(path: Path) -> dict[str, str]:
    """Return the UIDs of a DICOM file by keyword: SOPClassUID, SOPInstanceUID, SeriesInstanceUID, StudyInstanceUID.

    Raises
    ------
    NotDicom, Unsupported, ImageError
        As :func:`read_header`, but for numbers that are none, which are not looked at in a plain file.
    """
    try:
        with path.open("rb", buffering=0) as raw, Reader(raw) as file:
            elements = quick.parse(file)
            locate_pixels(file, str(elements.file_meta.TransferSyntaxUID))
            return _uids(cast("Dataset", elements))
    except (quick.Unusual, ImageError, OSError):
        instance = read_header(path)[1]
    found = (instance.sop_class, instance.sop_uid, instance.series_uid, instance.study_uid)
    return dict(zip(_UIDS, found, strict=True))


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


def _instance(path: Path, header: Dataset, stream: Stream) -> Instance:
    syntax = str(header.file_meta.TransferSyntaxUID)
    has_pixels, offset, length = locate_pixels(stream, syntax)
    uids = _uids(header)
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
        transfer_syntax=syntax,
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
    _check_size(instance, stream.size)
    # What lies in a deflated dataset has no place in the file.
    return instance if syntax in NATIVE else replace(instance, pixel_offset=0, pixel_length=0)


def _uids(header: Dataset) -> dict[str, str]:
    uids = {keyword: values.uid(header, keyword) for keyword in _UIDS}
    missing = [keyword for keyword, found in uids.items() if not found]
    if missing:
        raise NotDicom(f"is no DICOM instance: {missing[0]} is missing")
    return uids


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
