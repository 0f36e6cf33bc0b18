"""Where the voxels of an NM object lie (PS3.3, C.8.4.11 and C.8.4.15)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vqscript.errors import GeometryError
from vqscript.imaging.dicom import values
from vqscript.imaging.dicom.instance import Instance
from vqscript.imaging.geometry import plane_axes
from vqscript.imaging.grid import Float, Grid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

PLANAR_DEPTH = 1.0
"""What the slice of a planar image is taken to be thick, in mm."""

Place = tuple[tuple[float, ...], tuple[float, ...]]


def reconstructed(header: Dataset, instance: Instance, slices: int) -> tuple[Grid, bool]:
    """Return the grid of reconstructed slices, and whether the file has them against the normal.

    SpacingBetweenSlices is signed: negative steps go against the normal (PS3.3, C.8.4.15).

    Raises
    ------
    GeometryError
        If the position, orientation or slice distance is missing or cannot be.
    """
    position, orientation = _place(header, instance, 1)
    step = values.number(header, "SpacingBetweenSlices") or instance.slice_thickness
    for name, found in (
        ("ImagePositionPatient", position),
        ("ImageOrientationPatient", orientation),
        ("SpacingBetweenSlices", step),
    ):
        if not found:
            raise GeometryError(f"an NM object without {name} has no known place")
    assert step
    spacing = _pixel_spacing(instance)
    axes = plane_axes(orientation)
    origin: Float = np.asarray(position, dtype=np.float64)
    if step < 0:
        origin = origin + (slices - 1) * step * axes[:, 2]
    grid = Grid(
        (instance.columns, instance.rows, slices),
        (spacing[1], spacing[0], abs(step)),
        (origin[0], origin[1], origin[2]),
        axes,
        instance.frame_of_reference,
    )
    return grid, step < 0


def planar(header: Dataset, instance: Instance, detector: int) -> tuple[Grid, tuple[str, ...]]:
    """Return the grid of a planar image, one slice of 1 mm, and what is to be said of it.

    Parameters
    ----------
    header : pydicom.Dataset
    instance : Instance
    detector : int
        1-based number of the detector that took it; each may have a place of its own.

    Raises
    ------
    GeometryError
        If the pixel spacing is missing or cannot be, or the orientation cannot be.
    """
    position, orientation = _place(header, instance, detector)
    spacing = _pixel_spacing(instance)
    warning = "a planar image: each pixel holds the counts of the whole depth, and the 1 mm of its slice are assumed"
    if not position or not orientation:
        position, orientation = (0.0, 0.0, 0.0), (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)
        warning += "; where it lies in the patient is not known"
    grid = Grid(
        (instance.columns, instance.rows, 1),
        (spacing[1], spacing[0], PLANAR_DEPTH),
        (position[0], position[1], position[2]),
        plane_axes(orientation),
        instance.frame_of_reference,
    )
    return grid, (warning,)


def _place(header: Dataset, instance: Instance, detector: int) -> Place:
    """Return position and orientation, () where they are missing: the detector's, else those of the object itself."""
    detectors = values.items(header, "DetectorInformationSequence")
    own = detectors[detector - 1] if 0 < detector <= len(detectors) else header
    position = values.numbers(own, "ImagePositionPatient", 3) or instance.position or ()
    orientation = values.numbers(own, "ImageOrientationPatient", 6) or instance.orientation or ()
    return position, orientation


def _pixel_spacing(instance: Instance) -> tuple[float, float]:
    if not instance.pixel_spacing:
        raise GeometryError("an NM object without PixelSpacing has no known place")
    if min(instance.pixel_spacing) <= 0:
        row, column = instance.pixel_spacing
        raise GeometryError(f"PixelSpacing {row:g} x {column:g} mm is not positive")
    return instance.pixel_spacing
