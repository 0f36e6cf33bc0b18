"""Which values an ROI is segmented from: a frame of a volume, at the voxels of the whole grid or of an ROI."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region, Volume
from vqscript.roi.region import Mask, Part, concrete, relative, shape_of
from vqscript.roi.roiset import RoiSet
from vqscript.roi.sampling import box_values

Float = NDArray[np.float64]

# Voxels whose values are held at a time.
_SLAB = 1 << 22
# Relative; whether a limit is a stored value is not to depend on its last bit.
_ROUNDING = 1e-9
_ROUNDING_FLOAT = 1e-14


@dataclass(frozen=True)
class Scope:
    """A part of a grid, and the values of a volume there.

    Attributes
    ----------
    volume : Volume
        On any grid; values at the grid's voxels are those of :func:`~vqscript.roi.sampling.box_values`.
    grid : Grid
        Of the ROIs.
    frame : int
        0-based.
    region : tuple of slice
        Concrete.
    mask : (z, y, x) bool array or None
        The voxels of the region; None stands for all of them.
    """

    volume: Volume
    grid: Grid
    frame: int
    region: Region
    mask: Mask | None = None

    @classmethod
    def of(cls, rois: RoiSet, volume: Volume, frame: int = 0, j: int | None = None, within: int | None = None) -> Scope:
        """Return what an ROI is segmented from.

        Parameters
        ----------
        rois : RoiSet
        volume : Volume
        frame : int
            0-based.
        j : int, optional
            The ROI to be segmented.
        within : int, optional
            An ROI to stay within; 0 is the whole image. By default the voxels that ``j`` has, or the whole image if it
            has none.

        Raises
        ------
        RoiError
            If there is no such frame or ROI, or the ROI to stay within is empty.
        """
        if not 0 <= frame < volume.frames:
            raise RoiError(f"there is no frame {frame + 1}; counted from 1, the input has {volume.frames}")
        part: Part | None = None
        if within:
            part = rois.part(within)
            if part is None:
                raise RoiError(
                    f'ROI {within} "{rois.roi(within).name}" is empty: there is nothing within it',
                    hint="0 is the image",
                )
        elif within is None and j is not None:
            part = rois.part(j)
        if part is None:
            return cls(volume, rois.grid, frame, concrete(None, rois.grid.shape))
        return cls(volume, rois.grid, frame, *part)

    @cached_property
    def native(self) -> bool:
        """Whether the volume lies on the ROIs' grid."""
        return self.grid.matches(self.volume.grid)

    def slabs(self) -> list[Region]:
        """Return the region in pieces whose values fit into little memory."""
        z, y, x = self.region
        planes = max(1, _SLAB // max(1, (y.stop - y.start) * (x.stop - x.start)))
        return [(slice(first, min(first + planes, z.stop)), y, x) for first in range(z.start, z.stop, planes)]

    def values(self, region: Region) -> Float:
        """Return the finite values of a region's voxels that belong, in a row."""
        values = box_values(self.volume, self.grid, region, self.frame)
        finite = np.isfinite(values)
        if self.mask is not None:
            finite &= self.mask[relative(region, self.region)]
        return values[finite]

    def maximum(self) -> float:
        """Return the highest finite value.

        Raises
        ------
        RoiError
            If there is none.
        """
        highest = [values.max() for region in self.slabs() if (values := self.values(region)).size]
        if not highest:
            raise RoiError("no voxel there has a value", hint="does the input cover the ROI?")
        return float(max(highest))

    def between(self, region: Region, low: float, high: float) -> Mask:
        """Return the voxels of a part of the scope whose values lie from ``low`` to ``high``, both included."""
        found = self._stored_between(region, low, high) if self.native and self.volume.slope else None
        if found is None:
            found = np.empty(shape_of(region), np.bool_)
            for slab in Scope(self.volume, self.grid, self.frame, region).slabs():
                values = box_values(self.volume, self.grid, slab, self.frame)
                found[relative(slab, region)] = (values >= low) & (values <= high)
        if self.mask is not None:
            found &= self.mask[relative(region, self.region)]
        return found

    def _stored_between(self, region: Region, low: float, high: float) -> Mask | None:
        """Compare stored voxels with what the limits are stored as: no voxel is scaled. None if that cannot be."""
        volume = self.volume
        ends = sorted((end - volume.intercept) / volume.slope for end in (low, high))
        stored = volume.frame(self.frame)[region]
        found: Mask
        if stored.dtype.kind == "f":
            off = _ROUNDING_FLOAT * abs(volume.intercept / volume.slope) if volume.intercept else 0.0
            low, high = (end + way * (off + _ROUNDING_FLOAT * abs(end)) for end, way in zip(ends, (-1, 1), strict=True))
            found = (stored >= low) & (stored <= high)
            return found
        if stored.dtype.kind not in "iu":
            return None
        limits = np.iinfo(stored.dtype)
        first, last = _whole(ends[0], math.ceil), _whole(ends[1], math.floor)
        if first > limits.max or last < limits.min or first > last:
            return np.zeros(stored.shape, np.bool_)
        found = stored >= max(first, limits.min)
        if last < limits.max:
            found &= stored <= last
        return found


def _whole(end: float, rounded: Callable[[float], int]) -> float:
    """Return a limit as a whole number; one that is nearly whole is that."""
    if math.isinf(end):
        return end
    nearest = round(end)
    return nearest if abs(end - nearest) <= _ROUNDING * max(1.0, abs(end)) else rounded(end)
