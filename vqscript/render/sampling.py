"""Values of a layer on one plane of the reference, or projected onto it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.grid import Grid
from vqscript.imaging.resample import resample
from vqscript.imaging.volume import Region, Volume
from vqscript.render.scene import ImageLayer
from vqscript.render.section import Section

Values = NDArray[np.float32]

_FINEST = 8
"""Into how many parts a reference voxel is divided, at most, for a layer of finer voxels."""

_OBLIQUE_SIDE = 192
"""Voxels along the longest side of the grid on which layers that lie askew are projected."""


def plane(layer: ImageLayer, section: Section, index: int) -> Values:
    """Return a layer's values on plane ``index`` of a section, as a picture.

    Returns
    -------
    (rows, columns) float32 array
        Over the extent of the section's plane, with more pixels than the plane has voxels where the layer's
        voxels are finer; NaN outside the layer's image.
    """
    volume = layer.volume
    if volume.grid.matches(section.grid):
        return section.picture(_readable(volume.values(section.region(index), layer.frame), layer))
    target = section.plane_grid(index, _finer(volume.grid, section))
    region = _region_around(volume.grid, target)
    if region is None:
        return np.full(section.picture(np.empty(target.shape)).shape, np.nan, dtype=np.float32)
    part = _readable(volume.values(region, layer.frame), layer)
    return section.picture(resample(part, crop(volume.grid, region), target, order=1, fill=math.nan))


def projection(layer: ImageLayer, section: Section) -> Values:
    """Return a layer's maximum along the normal of a section, as a picture.

    Returns
    -------
    (rows, columns) float32 array
        As :func:`plane`.
    """
    volume, axis = layer.volume, section.normal
    if volume.grid.matches(section.grid):
        return section.picture(_readable(_maximum(volume, layer.frame, axis), layer))
    own = _parallel_axis(volume.grid, section)
    if own is None:
        coarse = _coarsened(section.grid, _OBLIQUE_SIDE)
        values = resample(_readable(volume.values(t=layer.frame), layer), volume.grid, coarse, order=1, fill=math.nan)
        return section.picture(_nan_max(values, 2 - axis))
    maximum = _readable(_maximum(volume, layer.frame, own), layer)
    target = section.plane_grid(section.count // 2, _finer(volume.grid, section))
    return section.picture(resample(maximum, _flattened(volume.grid, own, target), target, order=1, fill=math.nan))


def pooled(volume: Volume, t: int, factors: tuple[int, int, int]) -> tuple[Values, Grid]:
    """Return maxima over blocks of voxels, and their grid: small, and no hot voxel is lost.

    Parameters
    ----------
    volume : Volume
    t : int
        Frame, 0-based.
    factors : tuple of int
        Voxels per block along x, y, z.
    """
    stored: NDArray[Any] = volume.frame(t)
    largest = np.fmin if volume.slope < 0 else np.fmax
    for axis in range(3):
        stored = _pooled_along(axis, stored, factors[2 - axis], largest)
    grid = volume.grid
    origin = grid.to_world([(step - 1) / 2 for step in factors])
    z, y, x = stored.shape
    spacing = [distance * step for distance, step in zip(grid.spacing, factors, strict=True)]
    return volume.scaled(stored), Grid(
        (x, y, z), (spacing[0], spacing[1], spacing[2]), (origin[0], origin[1], origin[2]), grid.direction
    )


def _pooled_along(axis: int, stored: NDArray[Any], step: int, largest: np.ufunc) -> NDArray[Any]:
    """Return the largest of every ``step`` neighbours along an axis, the last block being what is left."""
    if step == 1:
        return stored
    lines = np.moveaxis(stored, axis, 0)
    result = lines[::step].copy()
    # Whole planes against each other: ten times as fast as ufunc.reduceat.
    for k in range(1, step):
        others = lines[k::step]
        largest(result[: len(others)], others, out=result[: len(others)])
    return np.moveaxis(result, 0, axis)


def crop(grid: Grid, region: Region) -> Grid:
    """Return the part of a grid that slices along z, y, x cut out."""
    z, y, x = region
    return grid.cropped((x.start, y.start, z.start), (x.stop - x.start, y.stop - y.start, z.stop - z.start))


def _readable(values: Values, layer: ImageLayer) -> Values:
    """Return values with NaN shown as the window's lower end, so that NaN can mean "outside" from here on."""
    if np.isfinite(values).all():
        return values
    low, high = layer.window
    filled: Values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    return filled


def _maximum(volume: Volume, t: int, axis: int) -> Values:
    """Return the maximum along an index axis, which is kept with one voxel."""
    stored = volume.frame(t)
    # fmax passes over NaN; integers have none, and maximum is quicker.
    largest: np.ufunc = np.fmax if stored.dtype.kind == "f" else np.maximum
    if volume.slope < 0:
        largest = np.fmin if stored.dtype.kind == "f" else np.minimum
    return volume.scaled(largest.reduce(stored, axis=2 - axis, keepdims=True))


def _nan_max(values: Values, axis: int) -> Values:
    highest: Values = np.fmax.reduce(values, axis=axis, keepdims=True)
    return highest


def _finer(grid: Grid, section: Section) -> tuple[int, int]:
    """Return into how many parts a section's voxels are divided to show a layer on ``grid`` as fine as it is."""
    spacing = section.grid.spacing
    finest = min(grid.spacing)
    across, down = (
        min(_FINEST, max(1, math.ceil(spacing[axis] / finest - 1e-6))) for axis in (section.columns, section.rows)
    )
    return across, down


def _region_around(source: Grid, target: Grid) -> Region | None:
    """Return the part of ``source`` that its voxels in ``target`` are interpolated from; None if there is none."""
    far = np.asarray(target.size) - 1
    corners = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)]) * far
    index = source.to_index(target.to_world(corners))
    size = np.asarray(source.size)
    if (index.max(axis=0) < -0.5).any() or (index.min(axis=0) > size - 0.5).any():
        return None
    # Two voxels more than needed: interpolation never sees the edge that this cut makes.
    first = np.clip(np.floor(index.min(axis=0)).astype(int) - 2, 0, size - 1)
    last = np.clip(np.ceil(index.max(axis=0)).astype(int) + 2, 0, size - 1)
    x, y, z = (slice(int(a), int(b) + 1) for a, b in zip(first, last, strict=True))
    return z, y, x


def _parallel_axis(grid: Grid, section: Section) -> int | None:
    """Return the index axis of ``grid`` that runs along the section's normal; None if the axes lie askew."""
    cosines = np.abs(section.grid.direction.T @ grid.direction)
    if not np.allclose(np.sort(cosines, axis=0), [[0, 0, 0], [0, 0, 0], [1, 1, 1]], atol=2e-3):
        return None
    return int(cosines[section.normal].argmax())


def _flattened(grid: Grid, axis: int, target: Grid) -> Grid:
    """Return ``grid`` with one voxel along ``axis``, in the plane of ``target``."""
    start = [0.0, 0.0, 0.0]
    start[axis] = float(grid.to_index(target.origin)[axis])
    origin = grid.to_world(start)
    size = list(grid.size)
    size[axis] = 1
    return Grid((size[0], size[1], size[2]), grid.spacing, (origin[0], origin[1], origin[2]), grid.direction)


def _coarsened(grid: Grid, side: int) -> Grid:
    """Return a grid over the same extent with at most ``side`` voxels along each axis."""
    size = [min(n, side) for n in grid.size]
    ratio = [n / m for n, m in zip(grid.size, size, strict=True)]
    origin = grid.to_world([(r - 1) / 2 for r in ratio])
    spacing = [distance * r for distance, r in zip(grid.spacing, ratio, strict=True)]
    return Grid(
        (size[0], size[1], size[2]),
        (spacing[0], spacing[1], spacing[2]),
        (origin[0], origin[1], origin[2]),
        grid.direction,
    )
