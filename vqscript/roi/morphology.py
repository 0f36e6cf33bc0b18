"""Growing, shrinking and smoothing ROIs by millimetres.

Distances are those between centres of voxels; the structuring element is a ball in mm, an ellipsoid of voxels where
these are anisotropic. What lies beyond the image counts as outside. A distance less than the smallest voxel size
changes nothing. On its layer an ROI that grows takes over voxels of others, except of locked ones.
"""

from __future__ import annotations

import math

import numpy as np

from vqscript.errors import RoiError
from vqscript.roi.ball import Ball, closed, dilated, eroded, opened
from vqscript.roi.record import Met
from vqscript.roi.region import Part, grown, relative
from vqscript.roi.roiset import RoiSet

MAX_VOXELS = 1 << 28
"""What closing may have to look at: an ROI's box and as much around it as the ball reaches."""


def erode(rois: RoiSet, j: int, mm: float) -> Met:
    """Take off ROI ``j`` all voxels whose centre lies within ``mm`` of the centre of a voxel outside it."""
    ball, part = _prepared(rois, j, mm)
    return Met() if part is None else rois.set_mask(j, eroded(part[1], ball), part[0])


def dilate(rois: RoiSet, j: int, mm: float) -> Met:
    """Add to ROI ``j`` all voxels whose centre lies within ``mm`` of the centre of one of its voxels."""
    ball, part = _prepared(rois, j, mm)
    return Met() if part is None else _set(rois, j, _dilated(rois, part, ball))


def opening(rois: RoiSet, j: int, mm: float) -> Met:
    """Erode ROI ``j``, then dilate it: parts thinner than twice ``mm`` vanish."""
    ball, part = _prepared(rois, j, mm)
    return Met() if part is None else rois.set_mask(j, opened(part[1], ball), part[0])


def closing(rois: RoiSet, j: int, mm: float) -> Met:
    """Dilate ROI ``j``, then erode it: gaps and holes narrower than twice ``mm`` are filled."""
    ball, part = _prepared(rois, j, mm)
    if part is None:
        return Met()
    voxels = math.prod(n + 2 * r for n, r in zip(part[1].shape, ball.reach, strict=True))
    if voxels > MAX_VOXELS:
        raise RoiError(f"closing gaps of {2 * mm:g} mm takes more than this image", hint="is the distance in mm?")
    return rois.set_mask(j, closed(part[1], ball), part[0])


def margin(rois: RoiSet, j: int, x: float, y: float, z: float) -> Met:
    """Grow ROI ``j`` by margins in mm that may differ along the axes of the grid, 0 among them.

    It is dilated by the ellipsoid of these radii, as a planning target volume grows from a clinical one.
    """
    rois.editable(j)
    for mm in (x, y, z):
        _check_distance(mm, zero=True)
    if x == y == z == 0:
        raise RoiError("a margin of 0 mm along all axes changes nothing", hint="give millimetres above 0 along one")
    part = rois.part(j)
    return Met() if part is None else _set(rois, j, _dilated(rois, part, Ball.of(rois.grid, x, y, z)))


def shell(rois: RoiSet, j: int, mm: float, gap: float = 0.0) -> Met:
    """Turn ROI ``j`` into the shell around itself: further away than ``gap``, and within ``mm`` beyond that."""
    rois.editable(j)
    _check_distance(mm)
    _check_distance(gap, zero=True)
    part = rois.part(j)
    if part is None:
        return Met()
    region, mask = _dilated(rois, part, Ball.of(rois.grid, gap + mm))
    core = part if gap == 0 else _dilated(rois, part, Ball.of(rois.grid, gap))
    mask[relative(core[0], region)] &= ~core[1]
    return rois.set_mask(j, mask, region)


def apply_erode(rois: RoiSet, j: int = 0) -> list[int]:
    """Erode by one voxel: take off every voxel that shares a face with one outside.

    Parameters
    ----------
    rois : RoiSet
    j : int
        One ROI; 0 stands for all that are not locked.

    Returns
    -------
    list of int
        The ROIs that were eroded.
    """
    numbers = [j] if j else [k for k, roi in enumerate(rois.rois, 1) if not roi.locked]
    for k in numbers:
        part = rois.part(k)
        if part is not None:
            rois.set_mask(k, eroded(part[1], Ball(np.eye(3))), part[0])
    return numbers


def _prepared(rois: RoiSet, j: int, mm: float) -> tuple[Ball, Part | None]:
    rois.editable(j)
    _check_distance(mm)
    return Ball.of(rois.grid, mm), rois.part(j)


def _dilated(rois: RoiSet, part: Part, ball: Ball) -> Part:
    """Return a part grown by the ball, as far as there is image."""
    region, inside = part
    wide = grown(region, ball.reach, rois.grid.shape)
    z, y, x = ((r.start - w.start, w.stop - r.stop) for r, w in zip(region, wide, strict=True))
    return wide, dilated(inside, ball, (z, y, x))


def _set(rois: RoiSet, j: int, part: Part) -> Met:
    return rois.set_mask(j, part[1], part[0])


def _check_distance(mm: float, *, zero: bool = False) -> None:
    if not math.isfinite(mm) or mm < 0 or (mm == 0 and not zero):
        raise RoiError(
            f"a distance of {mm:g} mm is none to grow or shrink by",
            hint=f"give millimetres, {'0 or more' if zero else 'above 0'}",
        )
