"""Regions: the box of slices (along z, y, x) that an ROI or an operation is confined to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region

Mask = NDArray[np.bool_]

Part = tuple[Region, Mask]
"""Voxels: a concrete region of a grid, and which of its voxels belong."""


def bounding(mask: Mask) -> Region | None:
    """Return the tight region of a mask's true voxels, relative to the mask; None if there are none."""
    z = np.flatnonzero(np.any(mask, axis=(1, 2)))
    if not z.size:
        return None
    plane: Mask = np.any(mask[z[0] : z[-1] + 1], axis=0)
    y, x = np.flatnonzero(np.any(plane, axis=1)), np.flatnonzero(np.any(plane, axis=0))
    return _from_first_to_last(z), _from_first_to_last(y), _from_first_to_last(x)


def _from_first_to_last(indices: NDArray[np.intp]) -> slice:
    return slice(int(indices[0]), int(indices[-1]) + 1)


def shifted(inner: Region, outer: Region) -> Region:
    """Return a region that is given relative to another one as a region of the whole grid."""
    z, y, x = (slice(o.start + i.start, o.start + i.stop) for i, o in zip(inner, outer, strict=True))
    return z, y, x


def relative(inner: Region, outer: Region) -> Region:
    """Return a region of the whole grid relative to another one."""
    z, y, x = (slice(i.start - o.start, i.stop - o.start) for i, o in zip(inner, outer, strict=True))
    return z, y, x


def common(one: Region, other: Region) -> Region | None:
    """Return what two concrete regions share; None if they share nothing."""
    z, y, x = (slice(max(a.start, b.start), min(a.stop, b.stop)) for a, b in zip(one, other, strict=True))
    return (z, y, x) if all(along.start < along.stop for along in (z, y, x)) else None


def grown(region: Region, by: Sequence[int], shape: tuple[int, int, int]) -> Region:
    """Return a concrete region that reaches ``by`` (z, y, x) voxels further on each side, within the grid."""
    z, y, x = (
        slice(max(along.start - n, 0), min(along.stop + n, size))
        for along, n, size in zip(region, by, shape, strict=True)
    )
    return z, y, x


def enclosing(regions: Sequence[Region]) -> Region:
    """Return the smallest region that holds all of the given ones."""
    z, y, x = (
        slice(min(along.start for along in axis), max(along.stop for along in axis))
        for axis in zip(*regions, strict=True)
    )
    return z, y, x


def concrete(region: Region | None, shape: tuple[int, int, int]) -> Region:
    """Return a region with explicit bounds, the whole grid for None; steps and what lies beyond are refused."""
    if region is None:
        region = slice(None), slice(None), slice(None)
    bounds = []
    for along, size in zip(region, shape, strict=True):
        start, stop = along.start or 0, size if along.stop is None else along.stop
        if along.step not in (None, 1) or not 0 <= start <= stop <= size:
            raise RoiError(f"region {region} (z, y, x) does not fit a grid of shape {shape}")
        bounds.append(slice(int(start), int(stop)))
    return bounds[0], bounds[1], bounds[2]


def shape_of(region: Region) -> tuple[int, int, int]:
    """Return the shape ``(z, y, x)`` of an array that covers a concrete region."""
    z, y, x = (along.stop - along.start for along in region)
    return z, y, x


def subgrid(grid: Grid, region: Region) -> Grid:
    """Return the grid of the voxels of a concrete region."""
    z, y, x = region
    depth, height, width = shape_of(region)
    return grid.cropped((x.start, y.start, z.start), (width, height, depth))


def center(region: Region, inside: Mask) -> tuple[float, float, float]:
    """Return the mean voxel index (x, y, z) of a mask, which may not be empty, in a concrete region."""
    total = np.count_nonzero(inside)
    z, y, x = (
        float(np.arange(along.start, along.stop) @ np.count_nonzero(inside, axis=others) / total)
        for along, others in zip(region, ((1, 2), (0, 2), (0, 1)), strict=True)
    )
    return x, y, z


def footprint(part: Grid, whole: Grid) -> Region | None:
    """Return the region of ``whole`` that holds all its voxels within reach of ``part``.

    Both may lie at any angle. One voxel of margin is included where there is one, so that interpolation in
    the region gives what interpolation in the whole grid gives. None if the grids lie apart.
    """
    ends = [(-0.5, n - 0.5) for n in part.size]
    corners = np.array([(x, y, z) for x in ends[0] for y in ends[1] for z in ends[2]])
    index = whole.to_index(part.to_world(corners))
    first = np.maximum(np.floor(index.min(axis=0)) - 1, 0)
    stop = np.minimum(np.ceil(index.max(axis=0)) + 2, whole.size)
    if (first >= stop).any():
        return None
    x, y, z = (slice(int(a), int(b)) for a, b in zip(first, stop, strict=True))
    return z, y, x


def nearest(labels: NDArray[Any], region: Region, grid: Grid, target: Grid) -> tuple[Region, NDArray[Any]] | None:
    """Return labels on another grid, each voxel as the nearest one here.

    Parameters
    ----------
    labels : array
        Labels in ``region``; outside it they are 0.
    region : tuple of slice
        Concrete region of ``grid``.
    grid, target : Grid

    Returns
    -------
    tuple of Region and array, or None
        Labels in a region of ``target``; None where it holds no label.
    """
    from vqscript.imaging.resample import resample

    # With a rim of background, a centre that lies just between two voxels is treated the same at all sides.
    z, y, x = (slice(along.start - 1, along.stop + 1) for along in region)
    rimmed = subgrid(grid, (z, y, x))
    found = footprint(rimmed, target)
    if found is None:
        return None
    return found, resample(np.pad(labels, 1), rimmed, subgrid(target, found), order=0)
