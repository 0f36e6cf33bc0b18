"""Named regions of interest on the layers of one grid."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from vqscript.datapoints.roi_names import free_name
from vqscript.errors import RoiError, did_you_mean
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region
from vqscript.roi.colors import checked_color, free_color
from vqscript.roi.layers import MAX_LAYERS, MAX_ROIS, Labels, Layers
from vqscript.roi.record import Met, Roi
from vqscript.roi.region import Mask, Part, center, concrete, relative, shape_of


class RoiSet:
    """ROIs of one grid, numbered from 1; number 0 is the background.

    A voxel belongs to at most one ROI of a layer; ROIs on different layers may overlap. Each operation is
    done whole or, when it raises :class:`~vqscript.errors.RoiError`, not at all.

    Parameters
    ----------
    grid : Grid
        Where the voxels are.

    Attributes
    ----------
    rois : list of Roi
        ROI number ``j`` is ``rois[j - 1]``.
    """

    def __init__(self, grid: Grid) -> None:
        self.grid = grid
        self.rois: list[Roi] = []
        self._layers = Layers(grid)
        self._active = 1

    def __len__(self) -> int:
        return len(self.rois)

    @property
    def names(self) -> list[str]:
        """Names in the order of the ROI numbers."""
        return [roi.name for roi in self.rois]

    @property
    def layers(self) -> list[Labels]:
        """Read-only views ``(z, y, x)`` of the layers; a voxel holds the label of its ROI or 0."""
        return self._layers.views()

    @property
    def active_layer(self) -> int:
        """Layer (1-based) that new ROIs are put on."""
        return self._active

    @active_layer.setter
    def active_layer(self, n: int) -> None:
        self._layers.check(n)
        self._active = n

    # ---- the list -------------------------------------------------------------------------------------

    def roi(self, j: int) -> Roi:
        """Return ROI number ``j`` (1-based)."""
        if not 1 <= j <= len(self.rois):
            held = f"1 to {len(self.rois)}" if self.rois else "none yet"
            what = "0 is the background, not an ROI" if j == 0 else f"there is no ROI {j}"
            raise RoiError(f"{what}; ROIs here: {held}")
        return self.rois[j - 1]

    def editable(self, j: int) -> Roi:
        """Return ROI number ``j``; a locked one is refused."""
        roi = self.roi(j)
        if roi.locked:
            raise _locked(roi)
        return roi

    def find(self, name: str) -> int:
        """Return the number of the ROI called ``name``, 0 if there is none."""
        return next((j for j, roi in enumerate(self.rois, 1) if roi.name == name), 0)

    def free_name(self, name: str) -> str:
        """Return ``name``, or "name (2)", "name (3)" ... if it is in use; for readers of files."""
        return free_name(name, {roi.name for roi in self.rois})

    def next_color(self) -> str:
        """Return the colour that an ROI gets where none is given: one that no other has, as far as they go."""
        return free_color([roi.color for roi in self.rois])

    def add(self, name: str, color: str | None = None, layer: int | None = None) -> int:
        """Add an empty ROI and return its number.

        Parameters
        ----------
        name : str
            Not in use yet.
        color : str, optional
            ``#rrggbb``; by default the first of :data:`~vqscript.roi.colors.COLORS` that no ROI has.
        layer : int, optional
            By default the active one.
        """
        layer = self._active if layer is None else layer
        name = self._checked_name(name)
        self._layers.check(layer)
        if len(self.rois) >= MAX_ROIS:
            raise RoiError(f'no room for ROI "{name}": a set holds at most {MAX_ROIS}', hint="remove some first")
        color = self.next_color() if color is None else checked_color(color)
        used = {roi.label for roi in self.rois}
        label = next(n for n in range(1, MAX_ROIS + 1) if n not in used)
        self.rois.append(Roi(name, color, layer=layer, label=label))
        return len(self.rois)

    def edit(
        self,
        j: int,
        name: str | None = None,
        color: str | None = None,
        visible: bool | None = None,
        locked: bool | None = None,
    ) -> None:
        """Change what is given of ROI ``j``.

        A locked ROI can be shown, hidden and unlocked; a new name or colour is refused unless the same call unlocks it.
        """
        roi = self.roi(j)
        name = roi.name if name is None or name == roi.name else self._checked_name(name)
        color = roi.color if color is None else checked_color(color)
        if roi.locked and locked is not False and (name, color) != (roi.name, roi.color):
            raise _locked(roi)
        roi.name, roi.color = name, color
        roi.visible = roi.visible if visible is None else visible
        roi.locked = roi.locked if locked is None else locked

    def remove(self, j: int) -> None:
        """Remove ROI ``j``; the ones behind it move up by one number. A locked ROI is refused."""
        self._drop(self.editable(j))

    def clear(self) -> None:
        """Remove all ROIs, locked ones too, and all layers but the first."""
        self.rois = []
        self._layers = Layers(self.grid)
        self._active = 1

    def keep_only(self, names: Collection[str]) -> None:
        """Remove all ROIs, locked ones too, but those named; a name that no ROI has is an error."""
        for name in names:
            if not self.find(name):
                raise RoiError(f'there is no ROI "{name}" to keep', hint=did_you_mean(name, self.names))
        for roi in [roi for roi in self.rois if roi.name not in names]:
            self._drop(roi)

    def add_layer(self) -> int:
        """Add an empty layer and return its number; the active layer stays."""
        return self._layers.add()

    # ---- voxels ---------------------------------------------------------------------------------------

    def part(self, j: int) -> Part | None:
        """Return the tight bounding region of ROI ``j`` and its mask within; None if it is empty."""
        return self._layers.part(self.roi(j))

    def mask(self, j: int) -> Mask:
        """Return the voxels of ROI ``j`` as a new array ``(z, y, x)``."""
        mask = np.zeros(self.grid.shape, np.bool_)
        part = self.part(j)
        if part is not None:
            mask[part[0]] = part[1]
        return mask

    def box(self, j: int) -> Region | None:
        """Return the tight bounding region (slices along z, y, x) of ROI ``j``; None if it is empty."""
        part = self.part(j)
        return None if part is None else part[0]

    def count(self, j: int) -> int:
        """Return the number of voxels of ROI ``j``."""
        part = self.part(j)
        return 0 if part is None else int(np.count_nonzero(part[1]))

    def center_of_mass(self, j: int) -> tuple[float, float, float]:
        """Return the mean voxel index (x, y, z) of ROI ``j``, 0-based and fractional."""
        part = self.part(j)
        if part is None:
            raise RoiError(f'ROI {j} "{self.roi(j).name}" is empty: it has no centre of mass')
        return center(*part)

    def set_mask(self, j: int, mask: ArrayLike, region: Region | None = None) -> Met:
        """Give ROI ``j`` the voxels of a mask instead of those it had.

        On its layer it takes over voxels of other ROIs, except of locked ones.

        Parameters
        ----------
        j : int
        mask : array
            ``(z, y, x)`` of the grid, or of the region; voxels that are not 0 belong to the ROI.
        region : tuple of slice, optional
            Slices along z, y, x that the mask covers; outside it the ROI has no voxels.

        Returns
        -------
        Met
            The other ROIs that it met on its layer.
        """
        roi = self.editable(j)
        region = concrete(region, self.grid.shape)
        inside = np.asarray(mask, dtype=np.bool_)
        if inside.shape != shape_of(region):
            raise RoiError(f"the mask has shape {inside.shape}, where {shape_of(region)} (z, y, x) is to be set")
        lost, kept = [], []
        for other, shared, theirs in self._met(roi.layer, (region, inside), roi):
            if other.locked:
                kept.append(other.name)
                inside = inside.copy()  # the caller's mask stays as it is
                inside[relative(shared, region)] &= ~theirs
            else:
                lost.append(other.name)
        self._layers.give(roi, (region, inside))
        return Met(tuple(lost), tuple(kept))

    def empty(self, j: int) -> None:
        """Take all voxels off ROI ``j``; a locked one is refused."""
        self._layers.erase(self.editable(j))

    def settle(self, j: int, part: Part) -> bool:
        """Give ROI ``j`` voxels without taking any from other ROIs: it moves to another layer where it has to.

        Its own layer comes first, then the others in turn, then a new one.

        Returns
        -------
        bool
            Whether it moved.

        Raises
        ------
        RoiError
            If the ROI is locked, or there is no room on any layer and no further layer.
        """
        roi = self.editable(j)
        layer = self._layers.room(part, roi)
        if not layer:
            raise RoiError(
                f'ROI "{roi.name}" would overlap others on all {MAX_LAYERS} layers', hint="remove some that overlap"
            )
        moved = layer != roi.layer
        self._place(j, layer, part)
        return moved

    def move(self, j: int, layer: int) -> None:
        """Put ROI ``j`` on another layer; refused where it would overlap ROIs there."""
        roi = self.editable(j)
        self._layers.check(layer)
        part = self.part(j)
        if part is not None and layer != roi.layer:
            self._check_room(layer, part, roi)
            self._place(j, layer, part)
        roi.layer = layer

    def duplicate(self, j: int, layer: int | None = None, name: str | None = None) -> int:
        """Copy ROI ``j`` and return the number of the copy.

        Parameters
        ----------
        j : int
            It may be locked; the copy is not.
        layer : int, optional
            Where it would overlap ROIs there, it is refused. By default the first layer with room; one is added
            where none has.
        name : str, optional
            By default the old one with a number: "Heart (2)".
        """
        part = self.part(j)
        if part is not None and layer is not None:
            self._check_room(layer, part)
        elif part is not None and not self._layers.room(part):
            raise RoiError(f"there is no room for a copy on any of the {MAX_LAYERS} layers")
        k = self.add(self.free_name(self.roi(j).name) if name is None else name, layer=layer or 1)
        self.roi(k).visible, self.roi(k).extra = self.roi(j).visible, self.roi(j).extra
        if part is not None:
            self.settle(k, part)
        return k

    # ---- whole sets -----------------------------------------------------------------------------------

    def adopt(self, other: RoiSet, k: int) -> int:
        """Take ROI ``k`` of another set on the same grid, with name, colour and flags; return its number here.

        It is put on the first layer where it overlaps no ROI; layers are added as needed.
        """
        theirs = other.roi(k)
        if not self.grid.matches(other.grid):
            raise RoiError(f'ROI "{theirs.name}" lies on another grid', hint="regrid its set first")
        part = other.part(k)
        layer = 1 if part is None else self._layers.room(part)
        if not layer:
            raise RoiError(
                f'ROI "{theirs.name}" overlaps others on all {MAX_LAYERS} layers', hint="leave some of them out"
            )
        j = self.add(theirs.name, theirs.color, layer=1)
        if part is not None:
            self._place(j, layer, part)
        roi = self.roi(j)
        roi.visible, roi.locked, roi.extra = theirs.visible, theirs.locked, theirs.extra
        return j

    def copy(self) -> RoiSet:
        """Return an independent copy."""
        twin = RoiSet(self.grid)
        twin._active = self._active
        twin.rois = [replace(roi) for roi in self.rois]
        twin._layers = self._layers.copy(self.rois)
        return twin

    def regrid(self, grid: Grid) -> RoiSet:
        """Return the set on another grid, each voxel labelled as the nearest one here.

        An ROI that is smaller than a voxel of the new grid may end up empty; none is left out.
        """
        twin = RoiSet(grid)
        twin._active = self._active
        twin.rois = [replace(roi) for roi in self.rois]
        twin._layers = self._layers.regrid(self.rois, grid)
        return twin

    # ---- inside ---------------------------------------------------------------------------------------

    def _place(self, j: int, n: int, part: Part) -> None:
        """Put ROI ``j`` with these voxels on layer ``n``, which is added if it is the next one."""
        roi = self.roi(j)
        self._layers.erase(roi)
        roi.layer = n if n <= len(self._layers) else self.add_layer()
        self.set_mask(j, part[1], part[0])

    def _met(self, n: int, part: Part, besides: Roi | None) -> Iterator[tuple[Roi, Region, Mask]]:
        return self._layers.met(n, part, (roi for roi in self.rois if roi is not besides))

    def _check_room(self, n: int, part: Part, besides: Roi | None = None) -> None:
        self._layers.check(n)
        names = [f'"{other.name}"' for other, _, _ in self._met(n, part, besides)]
        if names:
            raise RoiError(f"on layer {n} it would overlap {', '.join(names)}", hint="choose another layer, or add one")

    def _drop(self, roi: Roi) -> None:
        self._layers.erase(roi)
        self.rois = [other for other in self.rois if other is not roi]

    def _checked_name(self, name: str) -> str:
        name = name.strip()
        if not name or not name.isprintable():
            raise RoiError(f"an ROI needs a name of printable characters, not {name!r}")
        if self.find(name):
            raise RoiError(f'there is an ROI "{name}" already', hint=f'"{self.free_name(name)}" is free')
        return name


def _locked(roi: Roi) -> RoiError:
    return RoiError(f'ROI "{roi.name}" is locked', hint="unlock it first")
