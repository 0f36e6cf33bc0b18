"""Blanking a volume inside or outside an ROI."""

from __future__ import annotations

import numpy as np

from vqscript.errors import RoiError
from vqscript.imaging.volume import Region, Volume
from vqscript.roi.region import Mask, nearest
from vqscript.roi.roiset import RoiSet


def cut(rois: RoiSet, j: int, volume: Volume, *, inside: bool = True, fill: float = 0.0) -> None:
    """Set the voxels of a volume inside ROI ``j`` to one value, in place and in all frames.

    Parameters
    ----------
    rois : RoiSet
    j : int
        Number of the ROI, 1-based.
    volume : Volume
        On any grid; on another one than the ROIs', a voxel is inside where its centre lies in a voxel of the ROI.
        It keeps its stored type where that can hold the value, and turns to float32 where it cannot.
    inside : bool
        False blanks what lies outside instead.
    fill : float
        In the volume's unit.
    """
    if not np.isfinite(fill):
        raise RoiError(f"voxels cannot be set to {fill}", hint="give a finite number")
    found = _on_grid_of(volume, rois, j)
    stored = _storable(volume, fill)
    if found is None:
        if not inside:
            volume.stored[...] = stored
        return
    region, mask = found
    window = volume.stored[(..., *region)]
    if inside:
        window[..., mask] = stored
    else:
        kept = window[..., mask]
        volume.stored[...] = stored
        window[..., mask] = kept


def _on_grid_of(volume: Volume, rois: RoiSet, j: int) -> tuple[Region, Mask] | None:
    """Return the ROI as a region and mask of the volume's grid; None where it holds no voxel of it."""
    part = rois.part(j)
    if part is None or rois.grid.matches(volume.grid):
        return part
    moved = nearest(part[1].astype(np.uint8), part[0], rois.grid, volume.grid)
    return None if moved is None else (moved[0], moved[1] != 0)


def _storable(volume: Volume, fill: float) -> float:
    """Return the stored value that stands for ``fill``, after making the volume hold such values."""
    kind = volume.stored.dtype
    stored = (fill - volume.intercept) / volume.slope
    if np.issubdtype(kind, np.integer):
        limits = np.iinfo(kind)
        if stored != round(stored) or not limits.min <= stored <= limits.max:
            volume.as_float()
            return fill
    if not volume.stored.flags.writeable:
        volume.stored = volume.stored.copy()
    return stored
