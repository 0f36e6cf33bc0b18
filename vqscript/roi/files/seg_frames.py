"""Frames of a DICOM segmentation: which segment each shows, where it lies, and its voxels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import NotDicom, Unsupported
from vqscript.imaging.dicom import values

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from vqscript.imaging.dicom.instance import Instance

Float = NDArray[np.float64]
Mask = NDArray[np.bool_]


class Frame(NamedTuple):
    """One frame of a segmentation.

    Attributes
    ----------
    number : int
        Which frame of the object, 0-based.
    segment : int
        The segment it shows, 0 where its voxels tell (label map).
    position : (3,) array
        LPS mm of the centre of its first voxel.
    steps : (3, 2) array
        LPS mm from one column to the next, and from one row to the next.
    """

    number: int
    segment: int
    position: Float
    steps: Float


def read_frames(header: Dataset, count: int) -> list[Frame]:
    """Return all frames of a segmentation in the order of the object.

    Parameters
    ----------
    header : Dataset
    count : int
        NumberOfFrames.

    Raises
    ------
    NotDicom
        If a frame does not say where it lies or which segment it shows.
    """
    shared = _items(header, "SharedFunctionalGroupsSequence")[:1]
    each = _items(header, "PerFrameFunctionalGroupsSequence")
    if len(each) != count:
        raise NotDicom(f"has {count} frames but describes {len(each)}")
    label_map = values.text(header, "SegmentationType") == "LABELMAP"
    frames = []
    for index, groups in enumerate(each):
        levels = (groups, *shared)
        position = _numbers(levels, "PlanePositionSequence", "ImagePositionPatient", 3, index)
        orientation = _numbers(levels, "PlaneOrientationSequence", "ImageOrientationPatient", 6, index)
        between_rows, between_columns = _numbers(levels, "PixelMeasuresSequence", "PixelSpacing", 2, index)
        steps = orientation.reshape(2, 3).T * (between_columns, between_rows)
        if abs(np.linalg.norm(np.cross(*steps.T))) < 1e-9:
            raise NotDicom(f"has a frame {index + 1} without extent (orientation or pixel spacing is 0)")
        segment = 0 if label_map else _segment(levels, index)
        frames.append(Frame(index, segment, position, steps))
    return frames


def slice_spacing(header: Dataset) -> float | None:
    """Return the distance between the planes in mm, None where the object does not say."""
    for groups in _items(header, "SharedFunctionalGroupsSequence")[:1]:
        for measures in _items(groups, "PixelMeasuresSequence")[:1]:
            found = values.number(measures, "SpacingBetweenSlices")
            return abs(found) if found else None
    return None


class Pixels:
    """The voxels of a segmentation, frame by frame.

    Parameters
    ----------
    path : Path
    header : Dataset
    instance : Instance
        As :func:`~vqscript.imaging.dicom.header.read_header` returns them: its sizes fit the file.

    Raises
    ------
    Unsupported
        If the voxels are neither one bit nor one or two bytes each, or their compression has no decoder here.
    """

    def __init__(self, path: Path, header: Dataset, instance: Instance) -> None:
        self.shape = (instance.rows, instance.columns)
        self._bits = instance.bits_allocated
        if self._bits not in (1, 8, 16) or instance.samples != 1:
            raise Unsupported(f"{path}: segmentations of {self._bits} bits per voxel are not read", path=path)
        kind = values.text(header, "SegmentationType")
        highest = values.integer(header, "MaximumFractionalValue") or 255
        # A fraction or probability of one half and more is inside.
        self._threshold = highest / 2 if kind == "FRACTIONAL" else None
        self._data: NDArray[Any]
        if not instance.pixel_offset:
            self._bits = 0
            self._data = _decoded(path).reshape(-1, *self.shape)
            return
        order = ">" if instance.transfer_syntax == "1.2.840.10008.1.2.2" else "<"
        self._data = np.fromfile(
            path,
            dtype=f"{order}u2" if self._bits == 16 else np.uint8,
            count=instance.pixel_length // (2 if self._bits == 16 else 1),
            offset=instance.pixel_offset,
        )

    def frame(self, number: int, label: int) -> Mask:
        """Return where frame ``number`` shows a segment, ``(rows, columns)``; ``label`` is 0 but for label maps."""
        plane = self._plane(number)
        inside: Mask
        if label:
            inside = plane == label
        elif self._threshold is None:
            inside = plane != 0
        else:
            inside = plane >= self._threshold
        return inside

    def labels(self, number: int) -> Iterator[int]:
        """Yield the segment numbers that occur in a frame of a label map."""
        yield from (int(label) for label in np.unique(self._plane(number)) if label)

    def _plane(self, number: int) -> NDArray[Any]:
        if not self._bits:
            plane: NDArray[Any] = self._data[number]
            return plane
        size = self.shape[0] * self.shape[1]
        if self._bits > 1:
            return self._data[number * size : (number + 1) * size].reshape(self.shape)
        # Bits run on from frame to frame, lowest first (PS3.5, 8.1.1): a frame need not begin with a byte.
        byte, bit = divmod(number * size, 8)
        packed = self._data[byte : byte + (bit + size + 7) // 8]
        return np.unpackbits(packed, bitorder="little")[bit : bit + size].reshape(self.shape)


def _decoded(path: Path) -> NDArray[Any]:
    import pydicom

    try:
        with values.quiet():
            decoded: NDArray[Any] = pydicom.dcmread(path).pixel_array
    except values.decoding_errors() as error:
        raise Unsupported(
            f"{path}: the compressed voxels cannot be decoded ({error})",
            hint="dcmconv +te or a decoder for pydicom (pylibjpeg) makes it readable",
            path=path,
        ) from error
    return decoded


def _items(dataset: Dataset, keyword: str) -> list[Dataset]:
    from pydicom.sequence import Sequence

    found = values.value(dataset, keyword)
    return list(found) if isinstance(found, Sequence) else []


def _numbers(levels: tuple[Dataset, ...], group: str, keyword: str, count: int, index: int) -> Float:
    for level in levels:
        for item in _items(level, group)[:1]:
            found = values.numbers(item, keyword, count)
            if found:
                return np.array(found)
    raise NotDicom(f"does not say where its frame {index + 1} lies: {keyword} is missing")


def _segment(levels: tuple[Dataset, ...], index: int) -> int:
    for level in levels:
        for item in _items(level, "SegmentIdentificationSequence")[:1]:
            found = values.integer(item, "ReferencedSegmentNumber")
            if found:
                return found
    raise NotDicom(f"does not say which segment its frame {index + 1} shows")
