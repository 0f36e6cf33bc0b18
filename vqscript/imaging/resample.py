"""Bring voxels from one grid to another, or sample them at points.

A voxel reaches half its size around its centre: between the outermost centres and the edge of the
volume the outermost value holds, beyond the edge there is nothing.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vqscript.errors import UsageError
from vqscript.imaging.grid import Grid

Array = NDArray[Any]
Float = NDArray[np.float64]

# Voxels (of the source) that axes may be out of parallel across the target, and rounding at the edge.
_PARALLEL = 1e-3
_EDGE = 1e-6


def resample(values: Array, source: Grid, target: Grid, *, order: int = 1, fill: float = 0.0) -> Array:
    """Return the values of a volume on another grid.

    Parameters
    ----------
    values : (z, y, x) array
        On ``source``.
    source, target : Grid
        A target of one plane costs little: only the source planes around it are touched.
    order : {1, 0}
        1 is trilinear; 0 takes the nearest voxel and is meant for labels.
    fill : float
        Value outside the source's voxels.

    Returns
    -------
    ndarray
        ``target.shape``; float32 for order 1, the type of ``values`` for order 0. NaN spreads to the
        voxels that are interpolated from it, and no further.
    """
    if order not in (0, 1):
        raise UsageError(f"resampling of order {order} was asked for", hint="0 (nearest) and 1 (linear) are possible")
    if values.shape != source.shape:
        raise ValueError(f"array {values.shape} does not lie on a grid of shape {source.shape}")
    if source.matches(target, tolerance=1e-6):
        return values.copy() if order == 0 else values.astype(np.float32)
    mapping = source.inverse @ target.affine
    axes = _parallel_axes(mapping, target)
    if axes is None:
        return _oblique(values, mapping, target, order, fill)
    return _separable(values, mapping, axes, target, order, fill)


def sample(values: Array, source: Grid, world: ArrayLike) -> Float:
    """Return trilinear samples of a volume at points.

    Parameters
    ----------
    values : (z, y, x) array
        On ``source``.
    source : Grid
    world : (n, 3) array
        LPS positions in mm.

    Returns
    -------
    (n,) float64 array
        NaN outside the volume.
    """
    index = source.to_index(np.asarray(world, dtype=np.float64).reshape(-1, 3))
    size = np.asarray(source.size)
    inside = _inside(index, size).all(axis=1)
    lower, weight = _neighbours(index[inside], size)
    upper = np.where(weight > 0, lower + 1, lower)
    result = np.full(len(index), np.nan)
    total = np.zeros(int(inside.sum()))
    for corner in range(8):
        high = np.array([corner & 1, corner >> 1 & 1, corner >> 2 & 1], dtype=bool)
        share = np.where(high, weight, 1 - weight).prod(axis=1)
        x, y, z = np.where(high, upper, lower).T
        # A neighbour of no weight must not bring its NaN along.
        total += np.where(share > 0, values[z, y, x] * share, 0.0)
    result[inside] = total
    return result


def _inside(index: Float, size: Any) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = (index >= -0.5 - _EDGE) & (index <= size - 0.5 + _EDGE)
    return found


def _neighbours(index: Float, size: Any) -> tuple[NDArray[np.intp], Float]:
    """Return the lower neighbour of fractional indices and the weight of the upper one (0 at the last voxel)."""
    clamped = np.clip(index, 0, np.asarray(size) - 1)
    lower = np.floor(clamped + _EDGE).astype(np.intp)
    weight = np.maximum(clamped - lower, 0.0)
    weight[weight < _EDGE] = 0.0
    return lower, weight


def _parallel_axes(mapping: Float, target: Grid) -> tuple[int, int, int] | None:
    """Return for each target axis (x, y, z) the source axis that it runs along, None if one runs across several."""
    linear = np.abs(mapping[:3, :3])
    axes = linear.argmax(axis=0)
    across = linear * np.asarray(target.size)
    across[axes, np.arange(3)] = 0
    if len(set(axes.tolist())) < 3 or across.max() > _PARALLEL:
        return None
    return int(axes[0]), int(axes[1]), int(axes[2])


def _separable(
    values: Array, mapping: Float, axes: tuple[int, int, int], target: Grid, order: int, fill: float
) -> Array:
    """Interpolate along one axis after the other.

    Axes that lose voxels come first, then x, y and z: whole planes are what numpy adds fastest.
    """
    # Array axes are z, y, x: array axis a of the target is spatial axis 2 - a, and so for the source.
    result = values.transpose([2 - axes[2 - a] for a in range(3)])
    outside: list[NDArray[np.bool_]] = []
    plan: list[tuple[float, int, Float]] = []
    for axis in range(3):
        spatial = 2 - axis
        along = axes[spatial]
        length, count = result.shape[axis], target.shape[axis]
        index = mapping[along, spatial] * np.arange(count) + mapping[along, 3]
        outside.append(~_inside(index, length))
        plan.append((min(count / length, 1.0), axis, index))
    for _, axis, index in sorted(plan, key=lambda step: (step[0], -step[1])):
        result = _nearest(result, axis, index) if order == 0 else _linear(result, axis, index)
    result = np.ascontiguousarray(result, dtype=values.dtype if order == 0 else np.float32)
    if any(mask.any() for mask in outside):
        if np.shares_memory(result, values):
            result = result.copy()
        result[outside[0]] = fill
        result[:, outside[1]] = fill
        result[:, :, outside[2]] = fill
    return result


def _nearest(values: Array, axis: int, index: Float) -> Array:
    rounded = np.clip(np.floor(index + 0.5).astype(np.intp), 0, values.shape[axis] - 1)
    return values.take(rounded, axis=axis)


def _linear(values: Array, axis: int, index: Float) -> Array:
    """Interpolate along one axis at fractional indices, as float32."""
    lower, weight = _neighbours(index, values.shape[axis])
    if axis == 2:
        return _linear_rows(values, lower, weight)
    shape = (len(index), *values.shape[1:]) if axis == 0 else (values.shape[0], len(index), values.shape[2])
    result = np.empty(shape, dtype=np.float32)
    source, sink = (values, result) if axis == 0 else (values.swapaxes(0, 1), result.swapaxes(0, 1))
    scratch = np.empty(sink.shape[1:], dtype=np.float32)
    for place, (low, share) in enumerate(zip(lower, weight, strict=True)):
        if share == 0:
            sink[place] = source[low]
            continue
        np.multiply(source[low], np.float32(1 - share), out=sink[place], casting="unsafe")
        np.multiply(source[low + 1], np.float32(share), out=scratch, casting="unsafe")
        sink[place] += scratch
    return result


def _linear_rows(values: Array, lower: NDArray[np.intp], weight: Float) -> Array:
    """Interpolate along x, plane by plane so that the work stays in the processor's cache."""
    upper = np.where(weight > 0, lower + 1, lower)
    share = weight.astype(np.float32)
    rest = np.float32(1) - share
    result = np.empty((*values.shape[:2], len(lower)), dtype=np.float32)
    for plane, sink in zip(values, result, strict=True):
        np.multiply(plane.take(lower, axis=1), rest, out=sink, casting="unsafe")
        sink += plane.take(upper, axis=1).astype(np.float32, copy=False) * share
    return result


def _oblique(values: Array, mapping: Float, target: Grid, order: int, fill: float) -> Array:
    from scipy.ndimage import affine_transform

    # scipy counts axes z, y, x where the mapping has x, y, z.
    matrix = mapping[:3, :3][::-1, ::-1]
    offset = mapping[:3, 3][::-1]
    result: Array = affine_transform(
        values,
        matrix,
        offset,
        output_shape=target.shape,
        output=values.dtype if order == 0 else np.float32,
        order=order,
        mode="nearest",
        prefilter=False,
    )
    y, x = np.indices(target.shape[1:]).reshape(2, -1)
    extent = np.asarray(values.shape)[:, None]
    for z in range(target.shape[0]):
        index = matrix @ np.stack([np.full(x.size, z), y, x]) + offset[:, None]
        inside = _inside(index, extent).all(axis=0)
        if not inside.all():
            result[z][~inside.reshape(target.shape[1:])] = fill
    return result
