"""The values of a volume at the voxels of an ROI's grid, whatever grid the volume lies on."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.grid import Grid
from vqscript.imaging.units import per_voxel
from vqscript.imaging.volume import Region, Volume
from vqscript.roi.region import Mask, footprint, nearest, shape_of, subgrid

Float = NDArray[np.float64]

# Voxels interpolated at a time.
_SLAB = 1 << 24


def sampling(volume: Volume, grid: Grid) -> str:
    """Return how values come to the voxels of a grid.

    Returns
    -------
    str
        ``"voxel"``: both grids agree, values are taken as they are; ``"linear"``: interpolated at the voxels' centres;
        ``"linear, total preserved"``: so were densities, for a unit per voxel.
    """
    if _agree(grid, volume.grid):
        return "voxel"
    return "linear, total preserved" if per_voxel(volume.unit) else "linear"


def values_in(volume: Volume, grid: Grid, region: Region, inside: Mask, t: int = 0) -> Float:
    """Return a volume's values at the true voxels of a mask, in the order of the array; NaN outside the volume.

    Parameters
    ----------
    volume : Volume
    grid : Grid
        Where the mask is.
    region : tuple of slice
        Concrete region of ``grid`` that the mask covers.
    inside : (z, y, x) bool array
    t : int
        Frame, 0-based.
    """
    planes = max(1, _SLAB // inside[0].size)
    if _agree(grid, volume.grid):
        return _scaled(volume.frame(t)[region][inside], volume)
    z, y, x = region
    parts = []
    for first in range(0, len(inside), planes):
        some = inside[first : first + planes]
        parts.append(box_values(volume, grid, (slice(z.start + first, z.start + first + len(some)), y, x), t)[some])
    return np.concatenate(parts)


def box_values(volume: Volume, grid: Grid, region: Region, t: int = 0) -> Float:
    """Return a volume's values ``(z, y, x)`` at all voxels of a concrete region of a grid; NaN outside the volume.

    Where the grids differ, values are interpolated linearly. For a unit per voxel (uCi, counts) it is the density that
    is interpolated, and multiplied by the volume of the grid's voxels, so that a sum does not depend on the grid.
    """
    from vqscript.imaging.resample import resample

    if _agree(grid, volume.grid):
        return _scaled(volume.frame(t)[region], volume)
    target = subgrid(grid, region)
    window = footprint(target, volume.grid)
    if window is None:
        return np.full(shape_of(region), np.nan)
    near = volume.values(window, t)
    values: Float = resample(near, subgrid(volume.grid, window), target, order=1, fill=np.nan).astype(np.float64)
    if per_voxel(volume.unit):
        values *= grid.voxel_volume / volume.grid.voxel_volume
    return values


def native(part: tuple[Region, Mask], grid: Grid, volume: Volume) -> tuple[Region, Mask] | None:
    """Return an ROI's part of its own grid as one of the volume's: the voxels whose centre lies in one of the ROI's.

    None where there is no such voxel.
    """
    if _agree(grid, volume.grid):
        return part
    moved = nearest(part[1].astype(np.uint8), part[0], grid, volume.grid)
    return None if moved is None or not moved[1].any() else (moved[0], moved[1] != 0)


@lru_cache(maxsize=64)
def _agree(grid: Grid, other: Grid) -> bool:
    # Asked for every ROI and frame, of grids that do not change.
    return grid.matches(other)


def _scaled(stored: NDArray[np.generic], volume: Volume) -> Float:
    values: Float = stored.astype(np.float64)
    if volume.slope != 1:
        values *= volume.slope
    if volume.intercept != 0:
        values += volume.intercept
    return values
