"""Layers: the label images that hold the voxels of ROIs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region
from vqscript.roi.record import Roi
from vqscript.roi.region import Mask, Part, bounding, common, enclosing, nearest, relative, shifted

MAX_LAYERS = 8
MAX_ROIS = 2048
"""A label each, from 1."""

Labels = NDArray[np.uint16]


class Layers:
    """Label images on one grid, numbered from 1.

    An ROI says by its ``layer`` and ``label`` which voxels are its own; a label occurs on one layer only. Names and
    locks are the business of :class:`~vqscript.roi.roiset.RoiSet`.

    Parameters
    ----------
    grid : Grid
        Where the voxels are.
    count : int
        How many layers there are, all empty.
    """

    def __init__(self, grid: Grid, count: int = 1) -> None:
        self._grid = grid
        # np.zeros takes memory only where something is written.
        self._labels: list[Labels] = [np.zeros(grid.shape, np.uint16) for _ in range(count)]
        # A region per label that holds all its voxels; it may be larger than needed, never too small.
        self._extents: dict[int, Region] = {}

    def __len__(self) -> int:
        return len(self._labels)

    def views(self) -> list[Labels]:
        """Return read-only views ``(z, y, x)``; a voxel holds the label of its ROI or 0."""
        views = [labels.view() for labels in self._labels]
        for view in views:
            view.setflags(write=False)
        return views

    def check(self, n: int) -> None:
        """Raise RoiError unless there is a layer ``n``."""
        if not 1 <= n <= len(self):
            raise RoiError(f"there is no layer {n}; layers here: 1 to {len(self)}", hint="add a layer first")

    def add(self) -> int:
        """Add an empty layer and return its number."""
        if len(self) >= MAX_LAYERS:
            raise RoiError(f"no further layer: a set has at most {MAX_LAYERS}", hint="remove ROIs that overlap")
        self._labels.append(np.zeros(self._grid.shape, np.uint16))
        return len(self)

    # ---- the voxels of an ROI -------------------------------------------------------------------------

    def part(self, roi: Roi) -> Part | None:
        """Return the tight bounding region of an ROI and its mask within; None if it is empty."""
        extent = self._extents.get(roi.label)
        if extent is None:
            return None
        inside: Mask = self._labels[roi.layer - 1][extent] == roi.label
        box = bounding(inside)
        if box is None:
            del self._extents[roi.label]
            return None
        region = shifted(box, extent)
        self._extents[roi.label] = region
        return region, inside[box]

    def give(self, roi: Roi, part: Part) -> None:
        """Give an ROI these voxels instead of those it had, whoever holds them on its layer."""
        self.erase(roi)
        region, inside = part
        box = bounding(inside)
        if box is not None:
            target = shifted(box, region)
            self._labels[roi.layer - 1][target][inside[box]] = roi.label
            self._extents[roi.label] = target

    def erase(self, roi: Roi) -> None:
        """Take all voxels off an ROI."""
        extent = self._extents.pop(roi.label, None)
        if extent is not None:
            window = self._labels[roi.layer - 1][extent]
            window[window == roi.label] = 0

    # ---- voxels of others -----------------------------------------------------------------------------

    def met(self, n: int, part: Part, others: Iterable[Roi]) -> Iterator[tuple[Roi, Region, Mask]]:
        """Yield which of other ROIs hold some of these voxels of layer ``n``, and which: a region and its mask."""
        region, inside = part
        labels = self._labels[n - 1]
        held = labels[region][inside]
        if not held.any():  # as nearly always
            return
        seen = np.zeros(MAX_ROIS + 1, np.bool_)
        seen[held] = True
        for other in others:
            if other.layer != n or not seen[other.label]:
                continue
            shared = common(self._extents[other.label], region)
            assert shared is not None
            theirs: Mask = (labels[shared] == other.label) & inside[relative(shared, region)]
            yield other, shared, theirs

    def room(self, part: Part, roi: Roi | None = None) -> int:
        """Return the first layer where voxels are free, or held by one ROI only, whose layer is looked at first.

        Returns
        -------
        int
            One more than there are layers, where a new one has to be added; 0 where none can be.
        """
        first, own = (roi.layer, roi.label) if roi else (1, 0)
        for n in (first, *(n for n in range(1, len(self) + 1) if n != first)):
            if self._vacant(n, part, own):
                return n
        return len(self) + 1 if len(self) < MAX_LAYERS else 0

    def _vacant(self, n: int, part: Part, own: int) -> bool:
        region, inside = part
        held = self._labels[n - 1][region][inside]
        return not held.any() if own == 0 else bool(((held == 0) | (held == own)).all())

    # ---- all layers -----------------------------------------------------------------------------------

    def copy(self, rois: Iterable[Roi]) -> Layers:
        """Return an independent copy with the voxels of these ROIs, which are all there are."""
        twin = Layers(self._grid, len(self))
        twin._extents = dict(self._extents)
        for roi in rois:
            extent = self._extents.get(roi.label)
            if extent is not None:
                twin._labels[roi.layer - 1][extent] = self._labels[roi.layer - 1][extent]
        return twin

    def regrid(self, rois: Iterable[Roi], grid: Grid) -> Layers:
        """Return the layers with these ROIs, which are all there are, on another grid: voxels as the nearest here."""
        from scipy.ndimage import find_objects

        twin = Layers(grid, len(self))
        boxes: list[list[Region]] = [[] for _ in self._labels]
        for roi in rois:
            part = self.part(roi)
            if part is not None:
                boxes[roi.layer - 1].append(part[0])
        for old, new, held in zip(self._labels, twin._labels, boxes, strict=True):
            if not held:
                continue
            # Only the part with ROIs is looked at; together, so that a voxel between two of them goes to one.
            source = enclosing(held)
            moved = nearest(old[source], source, self._grid, grid)
            if moved is not None:
                new[moved[0]] = moved[1]
                extents = find_objects(moved[1])
                twin._extents |= {label: shifted(box, moved[0]) for label, box in enumerate(extents, 1) if box}
        return twin
