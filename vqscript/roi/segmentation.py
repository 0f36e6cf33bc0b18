"""Segmenting ROIs by the values of a volume.

Each function gives an ROI the voxels it finds instead of those it had. Where it looks is its :class:`Scope`: by default
the voxels that the ROI has, so that one drawn generously around a lesion shrinks to it; the whole image if it has none.
Limits are in the volume's unit, as statistics of the ROI report them. Voxels without a value (NaN) never belong.
"""

from __future__ import annotations

import math

import numpy as np

from vqscript.errors import RoiError
from vqscript.roi.components import around, filled, largest
from vqscript.roi.record import Met
from vqscript.roi.region import Mask, Part, relative, shape_of
from vqscript.roi.roiset import RoiSet
from vqscript.roi.scope import Scope


def threshold(rois: RoiSet, j: int, scope: Scope, low: float = -math.inf, high: float = math.inf) -> Met:
    """Give ROI ``j`` the voxels of a scope whose values lie from ``low`` to ``high``, both included."""
    rois.editable(j)
    _check_limits(low, high)
    return rois.set_mask(j, scope.between(scope.region, low, high), scope.region)


def isocontour(rois: RoiSet, j: int, scope: Scope, percent: float, *, connected: bool = False) -> tuple[Met, float]:
    """Give ROI ``j`` the voxels of a scope that reach a percentage of the highest value in it.

    Parameters
    ----------
    rois : RoiSet
    j : int
    scope : Scope
    percent : float
        Of the highest value, above 0 and up to 100.
    connected : bool
        Only those connected over faces with the voxel of the highest value.

    Returns
    -------
    Met
    float
        The value at the contour.
    """
    rois.editable(j)
    if not 0 < percent <= 100:
        raise RoiError(f"{percent:g} % of the maximum is no isocontour", hint="give a percentage above 0, up to 100")
    highest = scope.maximum()
    if highest <= 0:
        raise RoiError(
            f"the highest value there is {highest:g}: a percentage of it is no contour", hint="use threshold instead"
        )
    # Voxels are compared as they are stored; in between, the highest value must not fall below itself.
    level = highest * percent / 100 if percent < 100 else highest
    if not connected:
        return rois.set_mask(j, scope.between(scope.region, level, math.inf), scope.region), level
    region, mask = _around(scope, _first(scope, highest), level, math.inf, 6)
    return rois.set_mask(j, mask, region), level


def connected(
    rois: RoiSet, j: int, scope: Scope, seed: tuple[int, int, int], low: float, high: float, neighbours: int = 6
) -> Met:
    """Give ROI ``j`` the voxels from ``low`` to ``high`` that are connected with a seed.

    Parameters
    ----------
    rois : RoiSet
    j : int
    scope : Scope
    seed : tuple of int
        Voxel (x, y, z); it has to lie in the scope, and its value between the limits.
    low, high : float
    neighbours : {6, 18, 26}
        Whether voxels are connected across faces, edges too, or corners too.
    """
    rois.editable(j)
    _check_limits(low, high)
    if not all(0 <= at < size for at, size in zip(seed, rois.grid.size, strict=True)):
        x, y, z = rois.grid.size
        raise RoiError(
            f"the seed {_listed(seed)} lies outside the image",
            hint=f"voxels of input 0 are x 0 to {x - 1}, y 0 to {y - 1}, z 0 to {z - 1}",
        )
    at = seed[::-1]
    z_, y_, x_ = (slice(n, n + 1) for n in at)
    voxel = z_, y_, x_
    if not all(along.start <= n < along.stop for n, along in zip(at, scope.region, strict=True)) or (
        scope.mask is not None and not scope.mask[relative(voxel, scope.region)].any()
    ):
        raise RoiError(
            f"the seed {_listed(seed)} lies outside the ROI", hint="the option -within 0 looks at the whole image"
        )
    if not scope.between(voxel, low, high).any():
        values = scope.values(voxel)
        found = f"{values[0]:g} {scope.volume.unit}".strip() if values.size else "no number"
        raise RoiError(f"the seed {_listed(seed)} has the value {found}, which is not from {low:g} to {high:g}")
    region, mask = _around(scope, at, low, high, neighbours)
    return rois.set_mask(j, mask, region)


def keep_largest(rois: RoiSet, j: int, neighbours: int = 6) -> Met:
    """Leave of ROI ``j`` its largest connected part; of equal ones the first along x, y, z."""
    rois.editable(j)
    part = rois.part(j)
    return Met() if part is None else rois.set_mask(j, largest(part[1], neighbours), part[0])


def fill_holes(rois: RoiSet, j: int, axis: int | None = None) -> Met:
    """Add to ROI ``j`` its holes: voxels from which no way over faces leads out of it.

    Parameters
    ----------
    rois : RoiSet
    j : int
    axis : int, optional
        0, 1, 2 = x, y, z: looks at each slice across this axis for itself.
    """
    rois.editable(j)
    if axis not in (None, 0, 1, 2):
        raise RoiError(f"there is no axis {axis}", hint="0, 1 and 2 are x, y and z")
    part = rois.part(j)
    return Met() if part is None else rois.set_mask(j, filled(part[1], axis), part[0])


def _around(scope: Scope, seed: tuple[int, int, int], low: float, high: float, neighbours: int) -> Part:
    """Return the connected voxels between two limits around a seed (z, y, x) that is one of them."""
    starts = tuple(along.start for along in scope.region)

    def inside(region: tuple[slice, slice, slice]) -> Mask:
        z, y, x = (slice(along.start + n, along.stop + n) for along, n in zip(region, starts, strict=True))
        return scope.between((z, y, x), low, high)

    z, y, x = (at - n for at, n in zip(seed, starts, strict=True))
    found, mask = around(inside, (z, y, x), shape_of(scope.region), neighbours)
    z_, y_, x_ = (slice(along.start + n, along.stop + n) for along, n in zip(found, starts, strict=True))
    return (z_, y_, x_), mask


def _first(scope: Scope, value: float) -> tuple[int, int, int]:
    """Return the first voxel (z, y, x) of a scope that has a value or more."""
    for slab in scope.slabs():
        found = np.argwhere(scope.between(slab, value, math.inf))
        if len(found):
            z, y, x = (int(n) + along.start for n, along in zip(found[0], slab, strict=True))
            return z, y, x
    raise AssertionError("the highest value is somewhere")


def _check_limits(low: float, high: float) -> None:
    if not low <= high:  # NaN fails as well
        raise RoiError(f"no value lies from {low:g} to {high:g}", hint="min first, then a max that is not below it")


def _listed(seed: tuple[int, int, int]) -> str:
    return "({}, {}, {})".format(*seed)
