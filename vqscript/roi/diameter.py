"""The largest distance across an ROI."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.grid import Grid
from vqscript.roi.region import Mask

Float = NDArray[np.float64]

# Distances computed at a time.
_PAIRS = 1 << 22


def max_diameter(inside: Mask, grid: Grid) -> float:
    """Return the largest distance in mm between two points of a mask's surface.

    Parameters
    ----------
    inside : (z, y, x) bool array
        With at least one voxel; beyond its edges all is outside.
    grid : Grid
        Whose voxels they are; only spacing and direction matter.

    Notes
    -----
    IBSI 3.1.11 (L0JK): between vertices of the marching-cubes mesh, which lie half-way between voxels inside and
    outside. A single voxel is as long as its longest side.
    """
    from scipy.spatial import ConvexHull

    points = _outermost(inside) @ grid.affine[:3, :3].T
    corners = points[ConvexHull(points).vertices]
    squared = 0.0
    some = max(1, _PAIRS // len(corners))
    for first in range(0, len(corners), some):
        apart = corners[first : first + some, None] - corners[None]
        squared = max(squared, float(np.einsum("...i,...i", apart, apart).max()))
    return float(np.sqrt(squared))


def _outermost(inside: Mask) -> Float:
    """Return the first and the last vertex (x, y, z) of every line of voxels along each axis.

    Those between lie on the line from the one to the other, and are further from nothing than both.
    """
    found = []
    for axis in range(3):
        lines = np.argwhere(inside.any(axis=axis))
        first = inside.argmax(axis=axis)[tuple(lines.T)] - 0.5
        last = inside.shape[axis] - np.flip(inside, axis).argmax(axis=axis)[tuple(lines.T)] - 0.5
        found += [np.insert(lines.astype(np.float64), axis, end, axis=1) for end in (first, last)]
    return np.concatenate(found)[:, ::-1]
