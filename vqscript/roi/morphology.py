"""Eroding and dilating ROIs by millimetres."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region
from vqscript.roi.region import Mask, shape_of
from vqscript.roi.roiset import RoiSet

# A distance that equals the radius belongs to it, whatever its last bit.
_ROUNDING = 1e-6


def erode(rois: RoiSet, j: int, mm: float) -> None:
    """Take off ROI ``j`` all voxels whose centre lies within ``mm`` of the centre of a voxel outside it.

    The structuring element is a ball in mm: an ellipsoid of voxels where these are anisotropic. What lies beyond the
    image counts as outside. A distance less than the smallest voxel size changes nothing.
    """
    _check_radius(mm)
    part = rois.part(j)
    if part is not None:
        region, inside = part
        rois.set_mask(j, eroded(inside, rois.grid, mm), region)


def dilate(rois: RoiSet, j: int, mm: float) -> None:
    """Add to ROI ``j`` all voxels whose centre lies within ``mm`` of the centre of one of its voxels.

    On its layer it takes over voxels of other ROIs, except of locked ones.
    """
    _check_radius(mm)
    part = rois.part(j)
    if part is not None:
        region, inside = part
        wide = _widened(region, rois.grid, mm)
        mask = np.zeros(shape_of(wide), np.bool_)
        mask[_within(region, wide)] = inside
        rois.set_mask(j, _distance(mask, rois.grid) <= mm * (1 + _ROUNDING), wide)


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
    from scipy.ndimage import binary_erosion

    numbers = [j] if j else [k for k, roi in enumerate(rois.rois, 1) if not roi.locked]
    for k in numbers:
        part = rois.part(k)
        if part is not None:
            rois.set_mask(k, binary_erosion(part[1]), part[0])
    return numbers


def eroded(mask: Mask, grid: Grid, mm: float) -> Mask:
    """Return the true voxels of a mask that are further than ``mm`` from any other voxel, or from the mask's edge."""
    # The nearest voxel outside is at most one beyond the edge; across a sheared one it may be further along it.
    n = 1 if not grid.sheared else int(min(_reach(grid, mm).max(), max(mask.shape)))
    padded = np.pad(mask, n)
    kept: Mask = _distance(~padded, grid)[n:-n, n:-n, n:-n] > mm * (1 + _ROUNDING)
    return kept


def _distance(mask: Mask, grid: Grid) -> NDArray[np.float64]:
    """Return the distance in mm of each voxel's centre to the nearest centre of a true voxel."""
    if grid.sheared:
        return _distance_on_sheared_grid(mask, grid)
    from scipy.ndimage import distance_transform_edt

    distance: NDArray[np.float64] = distance_transform_edt(~mask, sampling=grid.spacing[::-1])
    return distance


def _distance_on_sheared_grid(mask: Mask, grid: Grid) -> NDArray[np.float64]:
    from scipy.spatial import cKDTree

    distance = np.zeros(mask.shape)
    matrix = grid.affine[:3, :3].T
    tree = cKDTree(np.argwhere(mask)[:, ::-1] @ matrix)
    distance[~mask] = tree.query(np.argwhere(~mask)[:, ::-1] @ matrix)[0]
    return distance


def _widened(region: Region, grid: Grid, mm: float) -> Region:
    """Return a region that reaches ``mm`` further in all directions, as far as there is image."""
    z, y, x = (
        slice(max(int(along.start - r), 0), min(int(along.stop + r), size))
        for along, r, size in zip(region, _reach(grid, mm), grid.shape, strict=True)
    )
    return z, y, x


def _reach(grid: Grid, mm: float) -> NDArray[np.float64]:
    """Return how many voxels along z, y, x a ball of radius ``mm`` reaches, rounded up."""
    # Along an index axis it spans the radius times the norm of the inverse's row: more than r / spacing if sheared.
    voxels: NDArray[np.float64] = np.ceil(np.linalg.norm(grid.inverse[:3, :3], axis=1)[::-1] * mm * (1 + _ROUNDING))
    return voxels


def _within(inner: Region, outer: Region) -> Region:
    z, y, x = (slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True))
    return z, y, x


def _check_radius(mm: float) -> None:
    if not (np.isfinite(mm) and mm > 0):
        raise RoiError(f"a distance of {mm:g} mm is none to erode or dilate by", hint="give millimetres above 0")
