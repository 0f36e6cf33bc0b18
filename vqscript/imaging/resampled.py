"""A volume on another grid: all its frames, with unit, type and times kept as far as that is right."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import UsageError, did_you_mean
from vqscript.imaging.cubic import cubic
from vqscript.imaging.grid import Grid
from vqscript.imaging.resample import resample
from vqscript.imaging.units import per_voxel
from vqscript.imaging.volume import Timing, Volume

Method = Literal["nearest", "linear", "cubic"]
METHODS: tuple[str, ...] = get_args(Method)

MAX_VOXELS = 1 << 31
"""Of one frame; more is a spacing in the wrong unit."""


def to_grid(volume: Volume, grid: Grid, method: Method = "linear", *, fill: float = 0.0) -> Volume:
    """Return a volume on another grid.

    Parameters
    ----------
    volume : Volume
    grid : Grid
    method : {"linear", "nearest", "cubic"}
        ``nearest`` keeps type, slope and intercept; the others are float32. ``cubic`` is a spline through the
        voxels, which may go beyond their values beside an edge.
    fill : float
        Value, in the volume's unit, of what lies outside of it.

    Returns
    -------
    Volume
        Values of a unit per voxel (uCi, counts, %ID) are multiplied by the ratio of the voxel volumes, so that a
        total over a region stays. Times stay if all slices of a frame have the same; else a new slice, made of
        several old ones, has none of its own.

    Raises
    ------
    UsageError
        For an unknown method, or a grid of more than 2^31 voxels.
    """
    if method not in METHODS:
        raise UsageError(f'"{method}" is no way to resample', hint=did_you_mean(method, METHODS))
    if math.prod(grid.size) > MAX_VOXELS:
        raise UsageError(
            f"a grid of {' x '.join(map(str, grid.size))} voxels is too large", hint="is the spacing in mm?"
        )
    share = grid.voxel_volume / volume.grid.voxel_volume if per_voxel(volume.unit) else 1.0
    outside = (fill - volume.intercept) / volume.slope if volume.slope else 0.0
    if method == "nearest" and not _fits(outside, volume.stored.dtype):
        volume = replace(volume, stored=volume.scaled(volume.stored), slope=1.0, intercept=0.0)
        outside = fill
    values = _frames(volume, grid, method, outside)
    slope, intercept = volume.slope * share, volume.intercept * share
    if method != "nearest":
        # Stored voxels are interpolated, and what comes out is scaled: a CT needs no float copy of itself.
        if slope != 1:
            values *= np.float32(slope)
        if intercept:
            values += np.float32(intercept)
        slope, intercept = 1.0, 0.0
    timing = volume.timing and _of_frames(volume.timing)
    return replace(volume, stored=values, slope=slope, intercept=intercept, grid=grid, timing=timing)


def to_spacing(
    volume: Volume, spacing: float | Sequence[float], method: Method = "linear", *, fill: float = 0.0
) -> Volume:
    """Return a volume with voxels of another size.

    Parameters
    ----------
    volume : Volume
    spacing : float or (x, y, z)
        In mm; one number makes cubes.
    method, fill
        As in :func:`to_grid`.

    Returns
    -------
    Volume
        On :func:`grid_of_spacing`.

    Raises
    ------
    UsageError
        For a spacing that is not above 0, and as :func:`to_grid`.
    """
    return to_grid(volume, grid_of_spacing(volume.grid, spacing), method, fill=fill)


def grid_of_spacing(grid: Grid, spacing: float | Sequence[float]) -> Grid:
    """Return the grid of another spacing that fills the same space, in the same directions.

    Its outer faces begin where those of ``grid`` begin, and end there too, or up to half a voxel away where the
    extent is no whole number of voxels.

    Raises
    ------
    UsageError
        For a spacing that is not above 0, or so small that there would be more than 2^31 voxels.
    """
    wanted = (spacing,) * 3 if isinstance(spacing, int | float) else tuple(spacing)
    if len(wanted) != 3 or not all(math.isfinite(value) and value > 0 for value in wanted):
        listed = ", ".join(f"{value:g}" for value in wanted)
        raise UsageError(f"a spacing of {listed} mm", hint="one number above 0 in mm, or three for x, y, z")
    counts = [n * old / new for n, old, new in zip(grid.size, grid.spacing, wanted, strict=True)]
    if math.prod(max(count, 1.0) for count in counts) > MAX_VOXELS:
        raise UsageError(
            f"a spacing of {', '.join(f'{value:g}' for value in wanted)} mm makes too many voxels",
            hint=f"the volume has {', '.join(f'{value:g}' for value in grid.spacing)} mm",
        )
    # The centre of the first voxel, in voxels of the old grid: its outer face lies at -0.5.
    first = [new / old / 2 - 0.5 for old, new in zip(grid.spacing, wanted, strict=True)]
    x, y, z = (max(1, math.floor(count + 0.5)) for count in counts)
    origin = grid.to_world(first)
    return Grid(
        (x, y, z),
        (float(wanted[0]), float(wanted[1]), float(wanted[2])),
        (float(origin[0]), float(origin[1]), float(origin[2])),
        grid.direction,
        grid.frame_of_reference,
    )


def _frames(volume: Volume, grid: Grid, method: str, fill: float) -> NDArray[Any]:
    def one(values: NDArray[Any]) -> NDArray[Any]:
        if method == "cubic":
            return cubic(values, volume.grid, grid, fill=fill)
        return resample(values, volume.grid, grid, order=0 if method == "nearest" else 1, fill=fill)

    if volume.stored.ndim == 3:
        return one(volume.stored)
    first = one(volume.frame(0))
    frames = np.empty((volume.frames, *grid.shape), dtype=first.dtype)
    frames[0] = first
    for t in range(1, volume.frames):
        frames[t] = one(volume.frame(t))
    return frames


def _fits(value: float, dtype: np.dtype[Any]) -> bool:
    """Whether a type of voxels can hold a value as it is."""
    if dtype.kind == "f":
        return True
    limits = np.iinfo(dtype)
    return math.isfinite(value) and abs(value - round(value)) < 1e-6 and limits.min <= round(value) <= limits.max


def _of_frames(timing: Timing) -> Timing | None:
    """Return the timing of whole frames, or None where slices were acquired one after the other."""
    if all(_same_along_z(part) for part in (timing.start, timing.duration, timing.reference)):
        return Timing(timing.start[:, :1], timing.duration[:, :1], timing.reference[:, :1])
    return None


def _same_along_z(part: NDArray[Any]) -> bool:
    first = part[:, :1]
    unknown = (part != part) & (first != first)  # NaN and NaT
    return bool(((part == first) | unknown).all())
