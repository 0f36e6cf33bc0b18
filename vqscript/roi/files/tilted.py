"""Contours that are not parallel to the slices of the image: a grid in their own planes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from vqscript.imaging.grid import Float, Grid
from vqscript.roi.files.contours import Points, slice_distance

# mm that the corners of a contour may be off its plane.
_FLAT = 0.1
_MOST_VOXELS = 1 << 27


def is_tilted(contours: Sequence[Points], grid: Grid) -> bool:
    """Whether one of the contours crosses slices of a grid."""
    return any(np.ptp(grid.to_index(points)[:, 2]) > 0.5 for points in contours)


def plane_gaps(contours: Sequence[Points]) -> list[float]:
    """Return the distances in mm between the planes of contours that are parallel to the widest one."""
    normal = _normal(contours) if contours else None
    if normal is None:
        return []
    heights = [points @ normal for points in contours]
    planes = np.unique([height.mean() for height in heights if np.ptp(height) <= _FLAT])
    return [float(gap) for gap in np.diff(planes)]


def plane_grid(contours: Sequence[Points], grid: Grid, thickness: float | None) -> Grid | None:
    """Return a grid whose slices are the planes of contours, around all of them.

    Parameters
    ----------
    contours : sequence of (n, 3) array
        LPS mm.
    grid : Grid
        Of the image; pixels of the new grid are half as wide as its smallest voxel edge.
    thickness : float, optional
        Distance of the planes in mm; by default that of the image's slices.

    Returns
    -------
    Grid or None
        None where the contours are not parallel to each other, or span too much.
    """
    normal = _normal(contours)
    if normal is None or any(np.ptp(points @ normal) > _FLAT for points in contours):
        return None
    axis = grid.direction[:, 0] if abs(grid.direction[:, 0] @ normal) < 0.8 else grid.direction[:, 1]
    x = axis - (axis @ normal) * normal
    x /= np.linalg.norm(x)
    direction = np.column_stack([x, np.cross(normal, x), normal])
    corners = np.concatenate([*contours]) @ direction
    step = thickness or slice_distance(grid)
    pixel = min(grid.spacing) / 2
    low, high = corners.min(axis=0), corners.max(axis=0)
    size = [math.ceil((high[k] - low[k]) / pixel) + 3 for k in (0, 1)]
    size.append(round((high[2] - low[2]) / step) + 1)
    if math.prod(size) > _MOST_VOXELS:
        return None
    first = direction @ (low - (pixel, pixel, 0.0))
    return Grid(
        (size[0], size[1], size[2]),
        (pixel, pixel, step),
        (first[0], first[1], first[2]),
        direction,
        grid.frame_of_reference,
    )


def _normal(contours: Sequence[Points]) -> Float | None:
    """Return the unit normal of the widest contour; None where all are points or lines."""
    widest = max(contours, key=lambda points: float(np.ptp(points, axis=0).max()))
    _, lengths, axes = np.linalg.svd(widest - widest.mean(axis=0), full_matrices=False)
    return axes[2] if len(lengths) == 3 and lengths[1] > 1e-6 else None
