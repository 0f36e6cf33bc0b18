"""Cropping: inputs and ROIs cut to a range of the reference's voxels, or embedded in a larger grid."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import UsageError
from vqscript.imaging.grid import Grid

if TYPE_CHECKING:
    from vqscript.imaging.volume import Volume
    from vqscript.session.session import Session

Triple = tuple[int, int, int]
Box = tuple[Triple, Triple]
"""First voxel and number of voxels along x, y, z."""


class Cropping:
    """Cuts every input to the same box; the range is state that :meth:`execute` reads.

    Attributes
    ----------
    ranges : dict
        Axis -> (first, last) voxel of the reference, inclusive; an absent axis stays whole.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.ranges: dict[int, tuple[int, int]] = {}

    def set_range(self, axis: int, first: int, last: int) -> None:
        """Set the inclusive voxel bounds of one axis (0, 1, 2 = x, y, z)."""
        if axis not in (0, 1, 2):
            raise UsageError(f"there is no axis {axis}", hint="0, 1 and 2 are x, y and z")
        size = self._session.reference.volume.grid.size[axis]
        if not 0 <= first <= last < size:
            raise UsageError(
                f"{first} to {last} is no range of axis {axis}",
                hint=f"it has voxels 0 to {size - 1}, first before last",
            )
        self.ranges[axis] = (first, last)

    def auto(self, inputs: list[int], margin: float = 0.0) -> None:
        """Cut all inputs to where the named ones, in any frame, exceed a tenth of their range, plus a margin in mm."""
        if not 0 <= margin < np.inf:
            raise UsageError(f"a margin of {margin:g} mm is none", hint="0 mm or more")
        reference = self._session.reference.volume.grid
        found = [box for i in inputs if (box := self._filled(i)) is not None]
        if not found:
            raise UsageError(f"inputs {inputs} hold nothing to crop to: their values are all the same")
        starts = np.array([start for start, _ in found])
        ends = np.array([np.add(start, size) for start, size in found])
        pad = np.ceil(margin / np.asarray(reference.spacing) - 1e-6)
        low = np.clip(starts.min(0) - pad, 0, reference.size).astype(int)
        high = np.clip(ends.max(0) + pad, 0, reference.size).astype(int)
        self._cut(_triple(low), _triple(high - low))

    def execute(self) -> None:
        """Cut all inputs and the ROIs to the range; an input on another grid to the voxels that cover it."""
        size = self._session.reference.volume.grid.size
        bounds = [self.ranges.get(axis, (0, size[axis] - 1)) for axis in range(3)]
        self._cut(_triple(first for first, _ in bounds), _triple(last - first + 1 for first, last in bounds))

    def _filled(self, i: int) -> Box | None:
        """Return the box of the reference's voxels that covers what an input holds; None if it holds nothing."""
        item = self._session.inputs[i]
        low, high = item.range
        above = np.zeros(item.volume.grid.shape, dtype=np.bool_)
        for t in range(item.volume.frames):
            above |= item.volume.values(t=t) > low + 0.1 * (high - low)
        if not above.any():
            return None
        first, last = (ends[::-1] for ends in (np.argwhere(above).min(0), np.argwhere(above).max(0)))
        box = _triple(first), _triple(last - first + 1)
        return _cover(item.volume.grid, *box, self._session.reference.volume.grid)

    def _cut(self, start: Triple, size: Triple) -> None:
        reference = self._session.reference.volume.grid
        boxes = {}
        for i, item in self._session.inputs:
            same = item.volume.grid.matches(reference)
            box = (start, size) if same else _cover(reference, start, size, item.volume.grid)
            if box is None:
                raise UsageError(
                    f"input {i} lies outside the range: nothing of it would be left",
                    hint="remove it, or widen the range",
                )
            boxes[i] = box
        self._regrid(boxes)

    def embed(self, x: int, y: int, z: int) -> None:
        """Put the reference, and inputs on its grid, into the middle of x, y, z voxels, filled with the minimum."""
        reference = self._session.reference.volume.grid
        size = (x, y, z)
        if any(new < old for new, old in zip(size, reference.size, strict=True)):
            raise UsageError(f"{x} x {y} x {z} is smaller than the image", hint="setRange and executeCropping cut it")
        start = _triple(-((new - old) // 2) for new, old in zip(size, reference.size, strict=True))
        same = [i for i, item in self._session.inputs if item.volume.grid.matches(reference)]
        self._regrid(dict.fromkeys(same, (start, size)))

    def _regrid(self, boxes: dict[int, Box]) -> None:
        rois = self._session.rois
        for i, (start, size) in boxes.items():
            item = self._session.inputs[i]
            volume = item.volume
            item.volume = replace(
                volume,
                stored=_box_of(volume, start, size),
                grid=volume.grid.cropped(start, size),
                timing=volume.timing and volume.timing.along_z(start[2], size[2]),
            )
            item.changed("cut to {} x {} x {} voxels from {}, {}, {}".format(*size, *start), keeps_scale=True)
        self._session.rois = rois.regrid(self._session.reference.volume.grid)
        self._session.display.cursor = None
        self.ranges.clear()


def _triple(values: Any) -> Triple:
    x, y, z = (int(value) for value in values)
    return x, y, z


def _cover(reference: Grid, start: Triple, size: Triple, grid: Grid) -> Box | None:
    """Return the box of another grid whose voxels cover a box of the reference."""
    first = np.asarray(start) - 0.5
    last = first + np.asarray(size)
    corners = np.array(list(itertools.product(*zip(first, last, strict=True))))
    index = grid.to_index(reference.to_world(corners))
    low = np.clip(np.floor(index.min(0) + 0.5 + 1e-6), 0, grid.size).astype(int)
    high = np.clip(np.ceil(index.max(0) + 0.5 - 1e-6), 0, grid.size).astype(int)
    if (high <= low).any():
        return None
    return _triple(low), _triple(high - low)


def _box_of(volume: Volume, start: Triple, size: Triple) -> NDArray[Any]:
    """Return a copy of a box of the stored voxels; what lies outside of the volume gets its lowest value."""
    stored = volume.stored
    shape = stored.shape[-3:]
    inside: list[slice] = []
    target: list[slice] = []
    for n, first, count in zip(shape, start[::-1], size[::-1], strict=True):
        low, high = max(first, 0), min(first + count, n)
        inside.append(slice(low, high))
        target.append(slice(low - first, high - first))
    kept = stored[..., inside[0], inside[1], inside[2]]
    if kept.shape[-3:] == size[::-1]:
        return kept.copy()
    lowest = (volume.range()[0] - volume.intercept) / volume.slope if volume.slope else 0
    if np.issubdtype(stored.dtype, np.integer):
        lowest = round(lowest)
    whole = np.full((*stored.shape[:-3], *size[::-1]), lowest, stored.dtype)
    whole[..., target[0], target[1], target[2]] = kept
    return whole
