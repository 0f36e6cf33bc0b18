"""Growing and shrinking masks by a ball or an ellipsoid in mm, on anisotropic and sheared grids."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.grid import Grid
from vqscript.roi.axes import upright
from vqscript.roi.region import Mask

Float = NDArray[np.float64]

Rim = tuple[tuple[int, int], tuple[int, int], tuple[int, int]]
NO_RIM: Rim = ((0, 0), (0, 0), (0, 0))

# A distance that equals the radius belongs to it, whatever its last bit.
_ROUNDING = 1e-6
# An axis that the ball does not reach along: a part of a voxel that no other centre lies in.
_FLAT = 1e-3
# Rows of voxels in a ball up to which shifting masks about is faster than computing distances.
_MANY_ROWS = 600


@dataclass(frozen=True, eq=False)
class Ball:
    """All offsets from one voxel to others within a distance, which may differ along the axes.

    Attributes
    ----------
    matrix : (3, 3) array
        Takes offsets in voxels (x, y, z) to a space where the ball has radius 1.
    """

    matrix: Float

    @classmethod
    def of(cls, grid: Grid, x: float, y: float | None = None, z: float | None = None) -> Ball:
        """Return the ball of a radius in mm, or the ellipsoid of three radii along the axes of a grid.

        A radius of 0 along an axis reaches no other voxel along it.
        """
        radii = np.array([x, x if y is None else y, x if z is None else z])
        radii = np.maximum(radii, _FLAT * min(grid.spacing))
        return cls(upright(grid) / radii[:, None])

    @property
    def reach(self) -> tuple[int, int, int]:
        """How many voxels it reaches along z, y, x."""
        x, y, z = np.floor(np.linalg.norm(np.linalg.inv(self.matrix), axis=1) * (1 + _ROUNDING))
        return int(z), int(y), int(x)

    def rows(self) -> Iterator[tuple[int, int, int, int]]:
        """Yield its rows of voxels: offsets along z and y, first and last offset along x."""
        deep, high, _ = self.reach
        along = self.matrix[:, 0]
        square = along @ along
        for dz in range(-deep, deep + 1):
            for dy in range(-high, high + 1):
                start = self.matrix[:, 1] * dy + self.matrix[:, 2] * dz
                # |start + dx along| <= 1 holds between the two roots of a quadratic equation.
                half = along @ start
                under_root = half**2 - square * (start @ start - (1 + _ROUNDING) ** 2)
                if under_root < 0:
                    continue
                root = np.sqrt(under_root)
                first, last = np.ceil((-half - root) / square), np.floor((-half + root) / square)
                if first <= last:
                    yield dz, dy, int(first), int(last)

    @property
    def sheared(self) -> bool:
        """Whether the axes of the grid are not at right angles."""
        return bool((self.matrix != np.diag(np.diag(self.matrix))).any())


def dilated(mask: Mask, ball: Ball, rim: Rim = NO_RIM) -> Mask:
    """Return all voxels within the ball around any true voxel.

    Parameters
    ----------
    mask : (z, y, x) bool array
    ball : Ball
    rim : three pairs of int
        How far the result goes beyond the mask's array, before and behind it along z, y, x.
    """
    deep, high, _ = ball.reach
    # A ball has about 0.79 of the rows of its box; counting those of a huge one would take long.
    rows = list(ball.rows()) if 0.79 * (2 * deep + 1) * (2 * high + 1) <= _MANY_ROWS else []
    if not rows:
        return _near(np.pad(mask, rim), ball)
    shape = tuple(before + n + behind for n, (before, behind) in zip(mask.shape, rim, strict=True))
    result = np.zeros(shape, np.bool_)
    length, runs = 1, mask
    for dz, dy, first, last in sorted(rows, key=lambda row: row[3] - row[2]):
        while length < last - first + 1:
            runs, length = _longer(runs, length, last - first + 1)
        z, y, x = (
            _overlap(offset + before, n, size)
            for offset, (before, _), n, size in zip((dz, dy, first), rim, runs.shape, shape, strict=True)
        )
        target = result[z[0], y[0], x[0]]
        np.logical_or(target, runs[z[1], y[1], x[1]], out=target)
    return result


def eroded(mask: Mask, ball: Ball) -> Mask:
    """Return the true voxels all of whose ball is true; what lies beyond the array counts as false."""
    # The nearest voxel outside is at most one beyond the edge; across a sheared one it may be further along it.
    n = 1 if not ball.sheared else max(1, min(max(ball.reach), max(mask.shape)))
    kept: Mask = ~dilated(np.pad(~mask, n, constant_values=True), ball)
    return kept[n:-n, n:-n, n:-n]


def opened(mask: Mask, ball: Ball) -> Mask:
    """Return what the ball covers that fits into the mask: it goes round inside, and thin parts vanish."""
    return dilated(eroded(mask, ball), ball)


def closed(mask: Mask, ball: Ball) -> Mask:
    """Return what no ball that fits beside the mask reaches: gaps, cracks and small holes are closed.

    Nothing beyond the array is reached either: a ball fits beside any of its faces.
    """
    z, y, x = ball.reach
    wide = eroded(dilated(mask, ball, ((z, z), (y, y), (x, x))), ball)
    return wide[z : z + mask.shape[0], y : y + mask.shape[1], x : x + mask.shape[2]]


def _overlap(start: int, n: int, size: int) -> tuple[slice, slice]:
    """Return which part of a row of ``size`` n voxels that begin at ``start`` fall on, and which of them that are."""
    first, stop = max(start, 0), max(min(start + n, size), 0)
    stop = max(first, stop)
    return slice(first, stop), slice(first - start, stop - start)


def _longer(runs: Mask, length: int, wanted: int) -> tuple[Mask, int]:
    """Return runs along x of up to twice the length: each true voxel sets the ones after it as well."""
    shift = min(length, wanted - length)
    longer = np.zeros((*runs.shape[:2], runs.shape[2] + shift), np.bool_)
    longer[:, :, : runs.shape[2]] = runs
    longer[:, :, shift:] |= runs
    return longer, length + shift


def _near(mask: Mask, ball: Ball) -> Mask:
    """Return the voxels within the ball around any true voxel, by distances."""
    if not mask.any():
        return mask
    if ball.sheared:
        from scipy.spatial import cKDTree

        near = mask.copy()
        tree = cKDTree(np.argwhere(mask)[:, ::-1] @ ball.matrix.T)
        near[~mask] = tree.query(np.argwhere(~mask)[:, ::-1] @ ball.matrix.T)[0] <= 1 + _ROUNDING
        return near
    from scipy.ndimage import distance_transform_edt

    found: Mask = distance_transform_edt(~mask, sampling=np.diag(ball.matrix)[::-1]) <= 1 + _ROUNDING
    return found
