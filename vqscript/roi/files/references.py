"""The image that ROIs were drawn on, as objects made of it refer to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqscript.errors import RoiError
from vqscript.imaging.volume import Volume
from vqscript.roi.roiset import RoiSet

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

MAX_NAME = 64
"""Characters that a segment's label and a structure's name may have (LO, PS3.5 6.2)."""


def checked(rois: RoiSet, image: Volume) -> Dataset:
    """Return the header of an image that ROIs can be stored with.

    Raises
    ------
    RoiError
        If the image is none from DICOM, or lies elsewhere than the ROIs, or no ROI has voxels.
    """
    if image.header is None:
        raise RoiError(
            "the ROIs cannot become a DICOM object: the reference is no DICOM image, so there is no study for them",
            hint="save them as .rmha or .nii.gz",
        )
    if not rois.grid.matches(image.grid):
        raise RoiError("the ROIs do not lie on the grid of the image they are to be stored with", hint="regrid them")
    if all(rois.part(j) is None for j in range(1, len(rois) + 1)):
        raise RoiError("there is nothing to store: no ROI has voxels")
    return image.header


def check_name(name: str) -> None:
    """Refuse a name that no DICOM label can be."""
    if len(name) > MAX_NAME or "\\" in name:
        raise RoiError(
            f'"{name}" cannot be the label of a segment or structure',
            hint=f"at most {MAX_NAME} characters, and no backslash",
        )


def sop_uids(image: Volume) -> list[str]:
    """Return the SOP Instance UIDs of all instances of the image."""
    assert image.header is not None
    return list(dict.fromkeys(image.source.sop_uids)) or [image.header.SOPInstanceUID]


def slice_by_slice(image: Volume) -> bool:
    """Whether each slice is a file; not so for a multi-frame object, nor once slices were cropped or resampled."""
    return len(image.source.sop_uids) == image.grid.size[2] * image.frames


def series_uid(image: Volume) -> str:
    """Return the series of the image."""
    assert image.header is not None
    return image.source.series_uid or str(image.header.SeriesInstanceUID)
