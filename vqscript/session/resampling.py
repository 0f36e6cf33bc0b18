"""An input on another grid."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.resample import resample
from vqscript.imaging.units import per_voxel
from vqscript.imaging.volume import Timing

if TYPE_CHECKING:
    from vqscript.imaging.grid import Grid
    from vqscript.imaging.volume import Volume


def resampled(volume: Volume, grid: Grid, fill: float = 0.0) -> Volume:
    """Return a volume on another grid, linearly interpolated; all its frames.

    Parameters
    ----------
    volume : Volume
    grid : Grid
    fill : float
        Value outside the volume.

    Notes
    -----
    Values of a unit per voxel (uCi, counts) are multiplied by the ratio of the voxel volumes, so that totals stay.
    """
    frames = [resample(volume.values(t=t), volume.grid, grid, fill=fill) for t in range(volume.frames)]
    values = np.stack(frames) if volume.stored.ndim == 4 else frames[0]
    if per_voxel(volume.unit):
        values *= np.float32(grid.voxel_volume / volume.grid.voxel_volume)
    return replace(
        volume, stored=values, slope=1.0, intercept=0.0, grid=grid, timing=volume.timing and _per_frame(volume.timing)
    )


def _per_frame(timing: Timing) -> Timing | None:
    """Return the timing of whole frames, or None where slices were acquired one after the other.

    A slice of the new grid is made of several old ones, so that it has no time of its own.
    """
    if _constant(timing.start) and _constant(timing.duration) and _constant(timing.reference):
        return Timing(timing.start[:, :1], timing.duration[:, :1], timing.reference[:, :1])
    return None


def _constant(part: NDArray[Any]) -> bool:
    first = part[:, :1]
    unknown = (part != part) & (first != first)  # NaN and NaT
    return bool(((part == first) | unknown).all())
