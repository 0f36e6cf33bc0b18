"""Where an ROI and its values are: centres of mass, and the voxel that holds a value."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.volume import Region
from vqscript.roi.region import Mask

Float = NDArray[np.float64]
Point = tuple[float, float, float]

# Voxels whose indices are made at a time.
_SLAB = 1 << 22


class Centers(NamedTuple):
    """Mean voxel index (x, y, z) of an ROI, and that weighted by the values; None where they have no positive sum."""

    plain: Point
    weighted: Point | None


def centers(region: Region, inside: Mask, values: Float) -> Centers:
    """Return the centres of mass of an ROI.

    Parameters
    ----------
    region, inside : tuple of slice, (z, y, x) bool array
        A concrete region, and the ROI's voxels within; at least one.
    values : (n,) array
        Of these voxels, in the order of the array.
    """
    total = float(values.sum())
    weigh = bool(np.isfinite(total)) and total > 0
    sums, weighted = np.zeros(3), np.zeros(3)
    done = 0
    planes = max(1, _SLAB // inside[0].size)
    for first in range(0, len(inside), planes):
        some = inside[first : first + planes]
        sums += _first_moments(some, first)
        if weigh:
            dense = np.zeros(some.shape)
            count = int(np.count_nonzero(some))
            dense[some] = values[done : done + count]
            done += count
            weighted += _first_moments(dense, first)
    start = np.array([along.start for along in region[::-1]])
    return Centers(_point(start + sums / values.size), _point(start + weighted / total) if weigh else None)


def _first_moments(weights: NDArray[Any], first: int) -> Float:
    """Return the sums of weight times index (x, y, z); the planes count from ``first``."""
    plane = weights.sum(axis=0, dtype=np.float64)
    z = weights.sum(axis=(1, 2), dtype=np.float64)
    along = (plane.sum(axis=0), plane.sum(axis=1), z)
    x, y, z = (np.arange(each.size, dtype=np.float64).dot(each) for each in along)
    return np.array([x, y, z + first * plane.sum()])


def voxels(region: Region, inside: Mask, numbers: Iterable[int]) -> list[tuple[int, int, int]]:
    """Return the indices (x, y, z) of voxels of an ROI by their numbers in the order of the array, from 0."""
    until = np.cumsum(np.count_nonzero(inside, axis=(1, 2)))
    found = []
    for k in numbers:
        z = int(np.searchsorted(until, k, side="right"))
        before = int(until[z - 1]) if z else 0
        y, x = divmod(int(np.flatnonzero(inside[z])[k - before]), inside.shape[2])
        found.append((region[2].start + x, region[1].start + y, region[0].start + z))
    return found


def _point(found: Float) -> Point:
    x, y, z = (float(n) for n in found)
    return x, y, z
