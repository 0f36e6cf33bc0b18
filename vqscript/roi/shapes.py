"""Shapes on a grid: sphere, ellipsoid, box, cylinder, polygon, and contours in patient coordinates.

Centres are voxel indices (x, y, z), 0-based and fractional; sizes are in mm. The axes of a shape are those of the grid;
on a sheared grid (gantry tilt) its y and z axes are turned until they stand at right angles. A voxel belongs to a
shape if its centre does. Boxes, ends of cylinders, and polygons hold their lower faces and not their upper ones, so
that a box of 10 mm holds 10 voxels of 1 mm wherever it lies.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region
from vqscript.roi.axes import upright
from vqscript.roi.region import Mask, Part, shape_of

Triple = tuple[float, float, float]
Float = NDArray[np.float64]

MAX_SIZE = 1e6
"""In mm; more is a size in another unit."""

AXES = "xyz"

# Of the smallest voxel size: a centre that lies on a face lies there whatever its last bit.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Shape:
    """A shape on a grid.

    Attributes
    ----------
    part : tuple of Region and mask
        Its voxels, at least one.
    notes : tuple of str
        What was left out, as the end of a sentence that begins with the ROI.
    """

    part: Part
    notes: tuple[str, ...] = ()


def sphere(grid: Grid, center: Triple, radius: float) -> Shape:
    """Return a sphere of a radius in mm; a centre at exactly this distance belongs."""
    return ellipsoid(grid, center, (radius, radius, radius), "sphere")


def ellipsoid(grid: Grid, center: Triple, radii: Triple, what: str = "ellipsoid") -> Shape:
    """Return an ellipsoid with radii (half axes) in mm along the axes of the grid."""
    _check_sizes(what, radii)
    rx, ry, rz = radii
    reach = np.linalg.norm(_to_index(grid) * np.asarray(radii), axis=1)
    limit = (1 + _ROUNDING) ** 2
    return _drawn(grid, what, center, reach, lambda x, y, z: (x / rx) ** 2 + (y / ry) ** 2 + (z / rz) ** 2 <= limit)


def box(grid: Grid, center: Triple, sizes: Triple) -> Shape:
    """Return a box with edges of these lengths in mm along the axes of the grid."""
    _check_sizes("box", sizes)
    half = np.asarray(sizes) / 2
    reach = np.abs(_to_index(grid)) @ half
    within = _half_open(grid)
    return _drawn(
        grid,
        "box",
        center,
        reach,
        lambda x, y, z: within(x, half[0]) & within(y, half[1]) & within(z, half[2]),
    )


def cylinder(grid: Grid, center: Triple, radius: float, length: float, axis: int = 2) -> Shape:
    """Return a cylinder around an axis of the grid (0, 1, 2 = x, y, z); radius and length are in mm."""
    _check_axis(axis)
    _check_sizes("cylinder", (radius, length))
    half = length / 2
    to_index = _to_index(grid)
    across = [other for other in range(3) if other != axis]
    reach = np.linalg.norm(to_index[:, across] * radius, axis=1) + np.abs(to_index[:, axis]) * half
    limit = (1 + _ROUNDING) ** 2
    within = _half_open(grid)

    def inside(*at: Float) -> Mask:
        round_: Mask = (at[across[0]] / radius) ** 2 + (at[across[1]] / radius) ** 2 <= limit
        return round_ & within(at[axis], half)

    return _drawn(grid, "cylinder", center, reach, inside)


def polygon(grid: Grid, points: ArrayLike, first: int, last: int | None = None, axis: int = 2) -> Shape:
    """Return the voxels inside a polygon, on one slice or on several.

    Parameters
    ----------
    grid : Grid
    points : (n, 2) array
        Corners in voxel indices, the last one is joined to the first: (x, y) on transverse slices (axis 2), (x, z) on
        coronal ones (axis 1), (y, z) on sagittal ones (axis 0). Where edges cross, the even-odd rule holds.
    first, last : int
        Slices along the axis, both included; one slice by default.
    axis : int
        0, 1, 2 = x, y, z.
    """
    from vqscript.roi.files.contours import fill

    _check_axis(axis)
    corners = _corners(points, 2)
    last = first if last is None else last
    if not 0 <= first <= last < grid.size[axis]:
        asked = f"is no slice {first}" if first == last else f"are no slices {first} to {last}"
        raise RoiError(
            f"there {asked} to draw on",
            hint=f"axis {axis} ({AXES[axis]}) has slices 0 to {grid.size[axis] - 1}",
        )
    across = [other for other in range(3) if other != axis]
    size = np.array([grid.size[other] for other in across])
    low, high = corners.min(axis=0), corners.max(axis=0)
    if (high < -0.5).any() or (low > size - 0.5).any():
        raise _outside("polygon", grid)
    start = np.clip(np.floor(low), 0, size).astype(int)
    stop = np.clip(np.ceil(high) + 1, 0, size).astype(int)
    plane = fill([corners - start], (int(stop[1] - start[1]), int(stop[0] - start[0])))
    if not plane.any():
        raise _too_small("polygon", grid)
    bounds = {axis: (first, last + 1), across[0]: (start[0], stop[0]), across[1]: (start[1], stop[1])}
    z, y, x = (slice(int(bounds[spatial][0]), int(bounds[spatial][1])) for spatial in (2, 1, 0))
    # The plane is (second, first) of the axes across; the array's axes are z, y, x.
    mask = np.repeat(np.expand_dims(plane, 2 - axis), last + 1 - first, axis=2 - axis)
    beyond = bool((low < -0.5).any() or (high > size - 0.5).any())
    return Shape(((z, y, x), mask), _clipped(beyond))


def contours(grid: Grid, outlines: Sequence[ArrayLike]) -> Shape:
    """Return the voxels inside closed planar contours in LPS mm, as an RTSTRUCT holds them.

    Each lies parallel to the slices of the grid and goes to the nearest one. Of contours on one slice the even-odd rule
    takes those within another one as holes.
    """
    from vqscript.roi.files.contours import rasterize

    if not outlines:
        raise RoiError("there is no contour to draw", hint="give lists of points {x, y, z} in mm")
    part, notes = rasterize([_corners(points, 3) for points in outlines], grid)
    if part is None:
        raise RoiError("; ".join(notes), hint="points are patient coordinates (LPS) in mm")
    if not part[1].any():
        raise _too_small("contour", grid)
    return Shape(part, tuple(notes))


def _drawn(grid: Grid, what: str, center: Triple, reach: Float, inside: Callable[[Float, Float, Float], Mask]) -> Shape:
    """Return the voxels whose offset from the centre, in mm along the shape's axes, fits."""
    if not all(math.isfinite(at) for at in center):
        raise RoiError(f"a {what} cannot lie at {_listed(center)}", hint="give voxel indices")
    size = np.asarray(grid.size)
    at = np.asarray(center, dtype=np.float64)
    low, high = at - reach, at + reach
    if (high < -0.5).any() or (low > size - 0.5).any():
        raise _outside(f"{what} at {_listed(center)}", grid)
    start = np.clip(np.ceil(low - _ROUNDING), 0, size).astype(int)
    stop = np.clip(np.floor(high + _ROUNDING) + 1, 0, size).astype(int)
    x, y, z = (slice(int(a), int(b)) for a, b in zip(start, stop, strict=True))
    region: Region = z, y, x
    if 0 in shape_of(region):
        raise _too_small(what, grid)
    axes = upright(grid)
    i, j = np.arange(start[0], stop[0]) - at[0], np.arange(start[1], stop[1])[:, None] - at[1]
    mask = np.empty(shape_of(region), np.bool_)
    for n, k in enumerate(np.arange(start[2], stop[2]) - at[2]):
        mask[n] = inside(
            axes[0, 0] * i + axes[0, 1] * j + axes[0, 2] * k, axes[1, 1] * j + axes[1, 2] * k, axes[2, 2] * k
        )
    if not mask.any():
        raise _too_small(what, grid)
    beyond = bool((low < -0.5 - _ROUNDING).any() or (high > size - 0.5 + _ROUNDING).any())
    return Shape((region, mask), _clipped(beyond))


def _to_index(grid: Grid) -> Float:
    inverse: Float = np.asarray(np.linalg.inv(upright(grid)), dtype=np.float64)
    return inverse


def _half_open(grid: Grid) -> Callable[[Float, float], Mask]:
    """Return the test whether a distance lies from -half on, up to below half."""
    rounding = _ROUNDING * min(grid.spacing)

    def within(distance: Float, half: float) -> Mask:
        found: Mask = (distance >= -half - rounding) & (distance < half - rounding)
        return found

    return within


def _corners(points: ArrayLike, dimensions: int) -> Float:
    try:
        corners = np.array(points, dtype=np.float64)
    except ValueError:  # rows of different lengths
        corners = np.empty(0)
    if corners.ndim != 2 or corners.shape[1] != dimensions or len(corners) < 3:
        shown = "{x, y}" if dimensions == 2 else "{x, y, z}"
        raise RoiError(f"a polygon is a list of three or more points {shown}", hint="the last is joined to the first")
    if not np.isfinite(corners).all():
        raise RoiError("a corner of a polygon is not a finite number")
    return corners


def _check_sizes(what: str, sizes: Sequence[float]) -> None:
    for size in sizes:
        if not 0 < size <= MAX_SIZE:  # NaN fails as well
            raise RoiError(
                f"a {what} cannot have a size of {size:g} mm", hint=f"sizes are in mm, above 0 and up to {MAX_SIZE:g}"
            )


def _check_axis(axis: int) -> None:
    if axis not in (0, 1, 2):
        raise RoiError(f"there is no axis {axis}", hint="0, 1 and 2 are x, y and z")


def _outside(what: str, grid: Grid) -> RoiError:
    x, y, z = grid.size
    return RoiError(
        f"the {what} lies outside the image",
        hint=f"voxels of input 0 are x 0 to {x - 1}, y 0 to {y - 1}, z 0 to {z - 1}",
    )


def _too_small(what: str, grid: Grid) -> RoiError:
    return RoiError(
        f"the {what} holds no voxel: none has its centre in it",
        hint=f"voxels of input 0 are {' x '.join(f'{mm:g}' for mm in grid.spacing)} mm",
    )


def _clipped(beyond: bool) -> tuple[str, ...]:
    return ("reaches beyond the image: clipped",) if beyond else ()


def _listed(center: Triple) -> str:
    return ", ".join(f"{at:g}" for at in center)
