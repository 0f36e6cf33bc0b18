"""Bring a sheared volume (gantry tilt) onto perpendicular axes, for whoever needs these."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np

from vqscript.imaging.grid import Grid
from vqscript.imaging.resample import resample
from vqscript.imaging.volume import Volume

_WHOLE = 1e-6  # voxels: what rounding may add to an extent


def straight_grid(grid: Grid) -> Grid:
    """Return the smallest grid with perpendicular axes that covers another.

    Parameters
    ----------
    grid : Grid
        With rows and columns at any angle to the slice axis.

    Returns
    -------
    Grid
        Of the same x axis, xy plane and pixel spacing, with its slices where the other has them: the distance of
        slices is that along their normal. ``grid`` itself if its axes are perpendicular.
    """
    if not grid.sheared:
        return grid
    x = grid.direction[:, 0]
    y = grid.direction[:, 1] - (grid.direction[:, 1] @ x) * x
    y = y / np.linalg.norm(y)
    z = np.cross(x, y)
    along = float(z @ grid.direction[:, 2])
    z *= math.copysign(1.0, along)
    axes = np.column_stack([x, y, z])
    spacing = np.array([grid.spacing[0], grid.spacing[1], grid.spacing[2] * abs(along)])
    ends = np.array(list(itertools.product(*((0, n - 1) for n in grid.size))))
    corners = grid.to_world(ends) @ axes
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = np.ceil((high - low) / spacing - _WHOLE).astype(int) + 1
    origin = axes @ low
    return Grid(
        (size[0], size[1], size[2]),
        (spacing[0], spacing[1], spacing[2]),
        (origin[0], origin[1], origin[2]),
        axes,
        grid.frame_of_reference,
    )


def straightened(volume: Volume, *, fill: float | None = None) -> Volume:
    """Return a volume resampled to perpendicular axes, by linear interpolation within its slices.

    Parameters
    ----------
    volume : Volume
    fill : float, optional
        Value of the voxels that the sheared volume does not reach; its lowest value by default (air in a CT,
        nothing in a PET).

    Returns
    -------
    Volume
        On :func:`straight_grid`, with as many slices, and a warning that says what was done. The volume itself if its
        axes are perpendicular.
    """
    grid = straight_grid(volume.grid)
    if grid is volume.grid:
        return volume
    outside = volume.range()[0] if fill is None else fill
    stored = (outside - volume.intercept) / volume.slope
    frames = [resample(volume.frame(t), volume.grid, grid, fill=stored) for t in range(volume.frames)]
    cosine = abs(float(grid.direction[:, 2] @ volume.grid.direction[:, 2]))
    tilt = math.degrees(math.acos(min(cosine, 1.0)))
    told = f"resampled to perpendicular axes: the slices were sheared by {tilt:.2f} degrees"
    return replace(
        volume,
        stored=np.stack(frames) if volume.stored.ndim == 4 else frames[0],
        grid=grid,
        warnings=(*(one for one in volume.warnings if "sheared" not in one), told),
    )
