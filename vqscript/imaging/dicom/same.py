"""Whether two DICOM files hold the same object, however each is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vqscript.imaging.dicom.values import conversion_errors, quiet

if TYPE_CHECKING:
    from pydicom import Dataset

_PADDING = 0xFFFCFFFC


def same_content(one: Path | BinaryIO, other: Path | BinaryIO) -> bool:
    """Whether two files have the same elements with the same values.

    Who passed a file on may have written it again: with other lengths of sequences and groups, explicit or implicit VR,
    compressed or not. Meta information is not part of the object. Where one image is compressed and the other is not,
    decoded pixels are compared; without a decoder for that it counts as another object.

    Parameters
    ----------
    one, other : Path or binary file
        A file that cannot be read is the same as no other.
    """
    from pydicom import dcmread

    try:
        with quiet():
            first, second = (_bare(dcmread(file, force=True)) for file in (one, other))
            if "SOPInstanceUID" not in first:  # bytes that are no DICOM at all
                return False
            if _compression(first) == _compression(second):
                return bool(first == second)
            pixels = [dataset.pop("PixelData", None) for dataset in (first, second)]
            # First, for it may be an image of another size, and one that no memory holds.
            if first != second or None in pixels:
                return bool(first == second) and pixels == [None, None]
            for dataset, element in zip((first, second), pixels, strict=True):
                dataset["PixelData"] = element
            return _same_pixels(first, second)
    except conversion_errors():
        return False


def _bare(dataset: Dataset) -> Dataset:
    """Return a data set without what only says how it is written."""
    for element in [tag for tag in dataset.keys() if tag.element == 0 or tag == _PADDING]:  # noqa: SIM118
        del dataset[element]
    return dataset


def _compression(dataset: Dataset) -> str:
    """Return the transfer syntax of compressed pixels, "" for others."""
    syntax = dataset.file_meta.get("TransferSyntaxUID")
    return str(syntax) if syntax is not None and syntax.is_compressed and not syntax.is_deflated else ""


def _same_pixels(first: Dataset, second: Dataset) -> bool:
    import numpy as np

    try:
        return np.array_equal(first.pixel_array, second.pixel_array)
    except (RuntimeError, NotImplementedError):  # no decoder
        return False
