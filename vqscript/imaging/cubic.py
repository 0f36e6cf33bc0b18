"""Interpolation by a cubic B-spline: a smooth curve through the voxels (Unser, IEEE SPM 16(6), 1999).

As in linear interpolation, the outermost value holds from the outermost centres to the edge of the volume. For the
spline, the volume goes on beyond them as its mirror image about the outermost centres.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.grid import Grid
from vqscript.imaging.resample import resample

Array = NDArray[Any]
Float = NDArray[np.float64]
Values = NDArray[np.float32]

# Voxels of the source that an axis may be out of parallel across the target.
_PARALLEL = 1e-3


def cubic(values: Array, source: Grid, target: Grid, *, fill: float = 0.0) -> Values:
    """Return the values of a volume on another grid, by a cubic spline.

    Parameters
    ----------
    values : (z, y, x) array
        On ``source``.
    source, target : Grid
    fill : float
        Value outside the source's voxels.

    Returns
    -------
    float32 array
        ``target.shape``. It goes through the voxels, and beyond their values beside an edge. NaN spreads as in
        linear interpolation, to what lies between it and its neighbours.
    """
    missing = ~np.isfinite(values) if values.dtype.kind == "f" else np.zeros((), bool)
    known = _filled(values, missing) if missing.any() else values
    mapping = source.inverse @ target.affine
    axes = _along(mapping, target)
    result = _oblique(known, mapping, target) if axes is None else _by_axes(known, mapping, axes, target)
    if missing.any():
        result[resample(missing.astype(np.float32), source, target) > 0] = np.nan
    if not _covered(mapping, source, target):
        result[resample(np.ones(values.shape, np.uint8), source, target, order=0) == 0] = fill
    return result


def _covered(mapping: Float, source: Grid, target: Grid) -> bool:
    """Whether all of the target lies within the source: its corners do, and both are convex."""
    corners = np.array(list(np.ndindex(2, 2, 2))) * (np.asarray(target.size) - 1)
    index = corners @ mapping[:3, :3].T + mapping[:3, 3]
    return bool(((index >= -0.5) & (index <= np.asarray(source.size) - 0.5)).all())


def _filled(values: Array, missing: NDArray[np.bool_]) -> Array:
    """Return the values with NaN replaced by the nearest voxel, as a spline depends on far voxels too."""
    from scipy.ndimage import distance_transform_edt

    if missing.all():
        return np.zeros_like(values)
    z, y, x = distance_transform_edt(missing, return_distances=False, return_indices=True)
    nearest: Array = values[z, y, x]
    return nearest


def _along(mapping: Float, target: Grid) -> tuple[int, int, int] | None:
    """Return for each target axis (x, y, z) the source axis that it runs along, None if one runs across several."""
    linear = np.abs(mapping[:3, :3])
    axes = linear.argmax(axis=0)
    across = linear * np.asarray(target.size)
    across[axes, np.arange(3)] = 0
    x, y, z = axes.tolist()
    return (x, y, z) if len({x, y, z}) == 3 and across.max() <= _PARALLEL else None


def _by_axes(values: Array, mapping: Float, axes: tuple[int, int, int], target: Grid) -> Values:
    """Interpolate along one axis after the other, each a product with a matrix; axes that lose voxels first."""
    # Array axes are z, y, x: array axis a of the target is spatial axis 2 - a, and so for the source.
    result = np.ascontiguousarray(values.transpose([2 - axes[2 - a] for a in range(3)]), dtype=np.float32)
    for axis in sorted(range(3), key=lambda a: target.shape[a] / result.shape[a]):
        spatial = 2 - axis
        index = mapping[axes[spatial], spatial] * np.arange(target.shape[axis]) + mapping[axes[spatial], 3]
        matrix = _interpolation(index, result.shape[axis])
        if axis == 2:
            result = result @ matrix.T
        elif axis == 1:
            result = matrix @ result
        else:
            result = (matrix @ result.reshape(result.shape[0], -1)).reshape(-1, *result.shape[1:])
    return result


def _interpolation(index: Float, length: int) -> Values:
    """Return the matrix ``(len(index), length)`` that takes voxels of a line to the spline at fractional indices."""
    if length == 1:
        return np.ones((len(index), 1), dtype=np.float32)
    clamped = np.clip(index, 0, length - 1)
    # The spline's coefficients are those whose curve goes through the voxels.
    through = _curve(np.arange(length, dtype=np.float64), length)
    return np.ascontiguousarray(np.linalg.solve(through.T, _curve(clamped, length).T).T, dtype=np.float32)


def _curve(index: Float, length: int) -> Float:
    """Return the weights ``(len(index), length)`` of the coefficients in the spline's values."""
    lower = np.floor(index).astype(np.intp)
    t = index - lower
    weights = ((1 - t) ** 3 / 6, (4 - 6 * t**2 + 3 * t**3) / 6, (1 + 3 * t + 3 * t**2 - 3 * t**3) / 6, t**3 / 6)
    curve = np.zeros((len(index), length))
    for step, weight in zip((-1, 0, 1, 2), weights, strict=True):
        mirrored = np.abs(lower + step)
        mirrored = np.where(mirrored > length - 1, 2 * (length - 1) - mirrored, mirrored)
        # At the last voxel of a line of two, the coefficient furthest away is mirrored twice; its weight is 0.
        np.add.at(curve, (np.arange(len(index)), np.abs(mirrored)), weight)
    return curve


def _oblique(values: Array, mapping: Float, target: Grid) -> Values:
    from scipy.ndimage import map_coordinates, spline_filter

    coefficients = spline_filter(values, order=3, output=np.float32, mode="mirror")
    # scipy counts axes z, y, x where the mapping has x, y, z.
    matrix, offset = mapping[:3, :3][::-1, ::-1], mapping[:3, 3][::-1]
    last = np.asarray(values.shape)[:, None] - 1
    y, x = np.indices(target.shape[1:]).reshape(2, -1)
    result = np.empty(target.shape, dtype=np.float32)
    for z in range(target.shape[0]):
        index = np.clip(matrix @ np.stack([np.full(x.size, z), y, x]) + offset[:, None], 0, last)
        plane = map_coordinates(coefficients, index, np.float32, order=3, mode="mirror", prefilter=False)
        result[z] = plane.reshape(target.shape[1:])
    return result
