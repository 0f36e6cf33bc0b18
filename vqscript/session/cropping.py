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
    from vqscript.session.session import Session

Triple = tuple[int, int, int]


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
        """Set the range to where the inputs are above a tenth of their range, plus a margin in mm."""
        reference = self._session.reference.volume.grid
        found: list[NDArray[Any]] = []
        for i in inputs:
            item = self._session.inputs[i]
            low, high = item.range
            above = np.argwhere(item.volume.values() > low + 0.1 * (high - low))
            if len(above):
                ends = np.array(list(itertools.product(*zip(above.min(0)[::-1], above.max(0)[::-1], strict=True))))
                found.append(reference.to_index(item.volume.grid.to_world(ends)))
        if not found:
            raise UsageError(f"inputs {inputs} hold nothing to crop to: their values are all the same")
        points = np.concatenate(found)
        pad = margin / np.asarray(reference.spacing)
        for axis in range(3):
            last = reference.size[axis] - 1
            first = int(np.clip(np.floor(points[:, axis].min() - pad[axis] + 1e-6), 0, last))
            self.set_range(axis, first, int(np.clip(np.ceil(points[:, axis].max() + pad[axis] - 1e-6), first, last)))

    def execute(self) -> None:
        """Cut all inputs and the ROIs to the range; an input on another grid to the voxels that cover it."""
        reference = self._session.reference.volume.grid
        bounds = [self.ranges.get(axis, (0, reference.size[axis] - 1)) for axis in range(3)]
        start = _triple(first for first, _ in bounds)
        size = _triple(last - first + 1 for first, last in bounds)
        boxes = {}
        for i, item in self._session.inputs:
            box = (
                (start, size)
                if item.volume.grid.matches(reference)
                else _cover(reference, start, size, item.volume.grid)
            )
            if box is None:
                raise UsageError(f"input {i} lies outside the range: nothing of it would be left")
            boxes[i] = box
        self._regrid(boxes)
        self.ranges.clear()

    def embed(self, x: int, y: int, z: int) -> None:
        """Put the reference, and inputs on its grid, into the middle of x, y, z voxels, filled with the minimum."""
        reference = self._session.reference.volume.grid
        size = (x, y, z)
        if any(new < old for new, old in zip(size, reference.size, strict=True)):
            raise UsageError(f"{x} x {y} x {z} is smaller than the image", hint="setRange and executeCropping cut it")
        start = _triple(-((new - old) // 2) for new, old in zip(size, reference.size, strict=True))
        same = [i for i, item in self._session.inputs if item.volume.grid.matches(reference)]
        self._regrid(dict.fromkeys(same, (start, size)))

    def _regrid(self, boxes: dict[int, tuple[Triple, Triple]]) -> None:
        rois = self._session.rois
        for i, (start, size) in boxes.items():
            item = self._session.inputs[i]
            volume = item.volume
            item.volume = replace(
                volume,
                stored=_cut(volume.stored, start, size),
                grid=volume.grid.cropped(start, size),
                timing=volume.timing and volume.timing.along_z(start[2], size[2]),
            )
            limits = item.limits
            item.changed(f"cropped to {size[0]} x {size[1]} x {size[2]} voxels from {start}")
            item.limits = limits
        if 0 in boxes:
            self._session.rois = rois.regrid(self._session.reference.volume.grid)
            self._session.display.cursor = None


def _triple(values: Any) -> Triple:
    x, y, z = (int(value) for value in values)
    return x, y, z


def _cover(reference: Grid, start: Triple, size: Triple, grid: Grid) -> tuple[Triple, Triple] | None:
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


def _cut(stored: NDArray[Any], start: Triple, size: Triple) -> NDArray[Any]:
    """Return a copy of the box; what lies outside of the array is filled with its minimum."""
    shape = stored.shape[-3:]
    inside: list[slice] = []
    target: list[slice] = []
    for n, first, count in zip(shape, start[::-1], size[::-1], strict=True):
        low, high = max(first, 0), min(first + count, n)
        inside.append(slice(low, high))
        target.append(slice(low - first, high - first))
    if all(part.stop - part.start == count for part, count in zip(inside, size[::-1], strict=True)):
        return np.ascontiguousarray(stored[..., inside[0], inside[1], inside[2]])
    whole = np.full((*stored.shape[:-3], *size[::-1]), stored.min(), stored.dtype)
    whole[..., target[0], target[1], target[2]] = stored[..., inside[0], inside[1], inside[2]]
    return whole
