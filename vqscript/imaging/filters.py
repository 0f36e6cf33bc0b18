"""Filters that smooth a volume: Gaussian, mean and median, frame by frame.

At its edges a volume goes on as its mirror image, the outermost voxel repeated, so that the total of a Gaussian and
of a mean stays. A voxel that is NaN stays NaN; the others are filtered from those of their neighbours that are not.
Slices keep their acquisition times.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import GeometryError, UsageError
from vqscript.imaging.volume import Volume

Array = NDArray[Any]
Values = NDArray[np.float32]
Smooth = Callable[[Values, int, Values], None]

FWHM_PER_SIGMA = 2 * math.sqrt(2 * math.log(2))

# Beyond this many standard deviations a Gaussian is taken as 0.
_REACH = 4.0

MAX_RADIUS = 5
"""Voxels to each side that a median may take: its work grows with their cube, and more."""

# A median of up to so many voxels is found by minima and maxima of whole planes, of more by scipy; where it pays off.
_NETWORK = 27

# Voxels of one block of the median: the planes of its network stay in the processor's cache.
_BLOCK = 1 << 13


def gaussian(volume: Volume, fwhm_mm: float | Sequence[float]) -> Volume:
    """Return a volume smoothed by a Gaussian.

    Parameters
    ----------
    volume : Volume
    fwhm_mm : float or (x, y, z)
        Full width at half maximum in mm, the width by which the field speaks of resolution: 2.355 standard
        deviations. 0 leaves an axis as it is. Along the volume's own axes.

    Returns
    -------
    Volume
        float32, in the same unit.

    Raises
    ------
    UsageError
        For a width that is negative, or wider than the volume.
    GeometryError
        For a sheared volume (gantry tilt), on whose axes the blur would be skewed.
    """
    if volume.grid.sheared:
        raise GeometryError(
            "the axes of the volume are not at right angles (gantry tilt), so a Gaussian along them would be skewed",
            hint="resample it to an upright grid first",
        )
    widths = _three(fwhm_mm, "a full width at half maximum", "mm")
    extent = [n * s for n, s in zip(volume.grid.size, volume.grid.spacing, strict=True)]
    for width, length in zip(widths, extent, strict=True):
        if width > max(length, 0.0):
            raise UsageError(
                f"a Gaussian of {width:g} mm is wider than the volume, {length:g} mm",
                hint="the width is in mm; (x, y, 0) leaves the slices apart",
            )
    # Array axes are z, y, x.
    sigmas = [w / FWHM_PER_SIGMA / s for w, s in zip(widths, volume.grid.spacing, strict=True)][::-1]

    def smooth(values: Values, axis: int, out: Values) -> None:
        from scipy.ndimage import gaussian_filter1d

        gaussian_filter1d(values, sigmas[axis], axis=axis, output=out, mode="reflect", truncate=_REACH)

    return _separable(volume, smooth, [axis for axis in range(3) if sigmas[axis] > 0])


def mean(volume: Volume, radius: int | Sequence[int]) -> Volume:
    """Return the mean of the voxels within ``radius`` voxels to each side, a box of 2 radius + 1.

    Parameters
    ----------
    volume : Volume
    radius : int or (x, y, z)
        0 leaves an axis as it is.

    Returns
    -------
    Volume
        float32, in the same unit.

    Raises
    ------
    UsageError
        For a radius that is no whole number, negative, or larger than the volume.
    """
    radii = _radii(volume, radius)

    def smooth(values: Values, axis: int, out: Values) -> None:
        from scipy.ndimage import uniform_filter1d

        uniform_filter1d(values, 2 * radii[axis] + 1, axis=axis, output=out, mode="reflect")

    return _separable(volume, smooth, [axis for axis in range(3) if radii[axis]])


def median(volume: Volume, radius: int | Sequence[int]) -> Volume:
    """Return the median of the voxels within ``radius`` voxels to each side, a box of 2 radius + 1.

    Parameters
    ----------
    volume : Volume
    radius : int or (x, y, z)
        0 leaves an axis as it is; at most 5.

    Returns
    -------
    Volume
        In the same type, with the same slope and intercept: a median is one of the values, unless NaN among its
        neighbours leave an even number of them.

    Raises
    ------
    UsageError
        As :func:`mean`, and for a radius above 5.
    """
    radii = _radii(volume, radius)
    if max(radii) > MAX_RADIUS:
        raise UsageError(
            f"a median of radius {max(radii)}: at most {MAX_RADIUS} voxels",
            hint="resample to larger voxels first, or take the mean or a Gaussian",
        )
    stored = np.empty_like(volume.stored)
    for t in range(volume.frames):
        (stored[t] if stored.ndim == 4 else stored)[...] = _median(volume.frame(t), radii)
    return replace(volume, stored=stored)


def _separable(volume: Volume, smooth: Smooth, axes: list[int]) -> Volume:
    stored = volume.scaled(volume.stored)
    result = stored.copy() if np.shares_memory(stored, volume.stored) else stored
    for t in range(volume.frames):
        frame = result[t] if result.ndim == 4 else result
        missing = np.isnan(frame)
        if not missing.any():
            _along(frame, smooth, axes)
            continue
        # Filtered values over the filtered share of voxels that have one.
        weight = (~missing).astype(np.float32)
        frame[missing] = 0
        _along(frame, smooth, axes)
        _along(weight, smooth, axes)
        np.divide(frame, weight, out=frame, where=~missing)
        frame[missing] = np.nan
    return replace(volume, stored=result, slope=1.0, intercept=0.0)


def _along(values: Values, smooth: Smooth, axes: list[int]) -> None:
    """Filter along one axis after the other, in place; parts of the volume side by side in threads."""
    workers = min(os.cpu_count() or 1, 8)
    with ThreadPoolExecutor(workers) as pool:
        for axis in axes:
            across = 1 if axis == 0 else 0
            parts = np.array_split(np.arange(values.shape[across]), workers)
            slabs = [slice(part[0], part[-1] + 1) for part in parts if part.size]
            views = [values[:, slab] if across else values[slab] for slab in slabs]
            # scipy reads a line into a buffer before it writes it, so that it may write where it reads.
            list(pool.map(lambda view, axis=axis: smooth(view, axis, view), views))


def _median(frame: Array, radii: tuple[int, int, int]) -> Array:
    from scipy.ndimage import median_filter

    padded = np.pad(frame, [(r, r) for r in radii], mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, tuple(2 * r + 1 for r in radii))
    if math.prod(windows.shape[-3:]) > _NETWORK:
        result: Array = median_filter(frame, windows.shape[-3:], mode="reflect")
    else:
        result = _by_network(windows)
    if frame.dtype.kind == "f" and np.isnan(frame).any():
        _mend(result, frame, windows)
    return result


def _by_network(windows: Array) -> Array:
    planes, height, width = windows.shape[:3]
    result = np.empty((planes, height, width), dtype=windows.dtype)
    rows = max(1, _BLOCK // width)
    blocks = [(z, slice(y, y + rows)) for z in range(planes) for y in range(0, height, rows)]

    def work(block: tuple[int, slice]) -> None:
        part = windows[block]
        result[block] = _middle([part[..., k, j, i] for k, j, i in np.ndindex(part.shape[-3:])])

    with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
        list(pool.map(work, blocks))
    return result


def _middle(planes: list[Array]) -> Array:
    """Return the median of an odd number of planes, voxel by voxel.

    Of a little more than half of them the smallest and the largest can be neither the median nor needed any more:
    they are dropped, another plane comes in, and so on until one is left. Minima and maxima of whole planes are
    what numpy does fastest.
    """
    if len(planes) == 1:
        return planes[0]
    first = len(planes) // 2 + 2
    held = [plane.copy() for plane in planes[:first]]
    spare = np.empty_like(held[0])
    for plane in [*planes[first:], None]:
        # Pairs in order first: the smallest is then in the lower half, the largest in the upper one.
        half = len(held) // 2
        for i in range(half):
            spare = _order(held, i, len(held) - 1 - i, spare)
        for i in range(1, len(held) - half):
            spare = _order(held, 0, i, spare)
        for i in range(half, len(held) - 1):
            spare = _order(held, i, len(held) - 1, spare)
        held = held[1:-1]
        if plane is not None:
            held.append(plane.copy())
    return held[0]


def _order(planes: list[Array], low: int, high: int, spare: Array) -> Array:
    """Put the smaller values into one plane and the larger ones into the other; return the plane that is free."""
    np.minimum(planes[low], planes[high], out=spare)
    np.maximum(planes[low], planes[high], out=planes[high])
    planes[low], freed = spare, planes[low]
    return freed


def _mend(result: Array, frame: Array, windows: Array) -> None:
    """Take the median again, of what there is, where NaN is among the neighbours."""
    from scipy.ndimage import maximum_filter

    missing = np.isnan(frame)
    z, y, x = np.nonzero(maximum_filter(missing, windows.shape[-3:]) & ~missing)
    size = math.prod(windows.shape[-3:])
    step = max(1, (1 << 20) // size)
    for first in range(0, z.size, step):
        part = slice(first, first + step)
        around = windows[z[part], y[part], x[part]].reshape(-1, size)
        result[z[part], y[part], x[part]] = np.nanmedian(around, axis=1)
    result[missing] = np.nan


def _radii(volume: Volume, radius: int | Sequence[int]) -> tuple[int, int, int]:
    """Return the radius along z, y, x."""
    radii = _three(radius, "a radius", "voxels")
    for value, count in zip(radii, volume.grid.size, strict=True):
        if value != int(value):
            raise UsageError(f"a radius of {value:g} voxels", hint="whole voxels: a box of 3 has the radius 1")
        if value > count:
            raise UsageError(f"a radius of {value:g} voxels, and the volume has {count}", hint="it is in voxels")
    x, y, z = (int(value) for value in radii)
    return z, y, x


def _three(given: float | Sequence[float], what: str, unit: str) -> tuple[float, float, float]:
    values = (given,) * 3 if isinstance(given, int | float) else tuple(given)
    if len(values) != 3 or not all(math.isfinite(value) and value >= 0 for value in values):
        listed = ", ".join(f"{value:g}" for value in values)
        raise UsageError(
            f"{what} of {listed} {unit}", hint="one number for all axes, or three for x, y, z, none below 0"
        )
    x, y, z = (float(value) for value in values)
    return x, y, z
