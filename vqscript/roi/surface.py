"""The surface of an ROI and the volume within, by marching cubes, without making the mesh.

Marching cubes looks at each cube between eight voxel centres. On a mask the surface halves every edge between a voxel
inside and one outside, so that what it does in a cube depends on nothing but which of the eight corners are inside.
There are 256 such cases: it is enough to know area and volume of each, and how often it occurs.

The cases are derived, not listed. On each face of the cube the surface cuts off every run of corners inside; where two
corners inside lie across, each is cut off by itself. Neighbouring cubes agree on their common face, so the surface is
closed. Its segments join to loops around the cube, and these are divided into the triangles of the largest area, which
folds outwards and inwards alike; of several such divisions the mean counts. This gives the numbers of the tables that
Lorensen and Cline published (1987) wherever these are symmetric, and does not depend on how the mask lies.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.grid import Grid
from vqscript.roi.region import Mask

Float = NDArray[np.float64]
Point = tuple[float, float, float]
Triangle = tuple[Point, Point, Point]

CORNERS = tuple((n & 1, n >> 1 & 1, n >> 2 & 1) for n in range(8))
"""Places (x, y, z) of a cube's corners; corner ``n`` is bit ``n`` of a case."""

# Voxels looked at at a time.
_SLAB = 1 << 22


class Surface(NamedTuple):
    """Area in mm2, and the volume within in mm3."""

    area: float
    volume: float


class _Cases(NamedTuple):
    """Triangles of all cases with the case they belong to and their share, and each case's part of the cube."""

    case: NDArray[np.intp]
    share: Float
    triangles: Float
    volume: Float


def surface(inside: Mask, grid: Grid) -> Surface:
    """Return area and volume of the marching-cubes mesh of a mask, at the level of one half.

    Parameters
    ----------
    inside : (z, y, x) bool array
        Beyond its edges all is outside.
    grid : Grid
        Whose voxels they are; only spacing and direction matter.

    Notes
    -----
    IBSI 3.1.1 (volume of the mesh, RNU0) and 3.1.3 (surface area, C0JK).
    """
    counts = _counts(inside)
    areas = _areas(tuple(grid.affine[:3, :3].flat))
    return Surface(float(counts @ areas), float(counts @ _cases().volume) * grid.voxel_volume)


def _counts(inside: Mask) -> NDArray[np.int64]:
    """Return how often each case occurs; that of no corner inside, which adds nothing, is not counted."""
    total = np.zeros(256, np.int64)
    planes = max(1, _SLAB // inside[0].size)
    depth, height, width = (n + 2 for n in inside.shape)
    padded = np.zeros((depth, height, width), np.uint8)
    padded[1:-1, 1:-1, 1:-1] = inside
    for first in range(0, depth - 1, planes):
        # In a row, a step to the next voxel, line or plane is a shift; behind the last voxel of a line comes the rim.
        row = padded[first : first + planes + 1].ravel()
        for bits, step in ((1, 1), (2, width), (4, width * height)):
            row = row[:-step] | row[step:] << bits
        total[255] += np.count_nonzero(row == 255)
        total += np.bincount(row[row - 1 < 254], minlength=256)  # 1 to 254, for 0 becomes 255
    return total


@cache
def _cases() -> _Cases:
    case: list[int] = []
    share: list[float] = []
    triangles: list[Triangle] = []
    volume = np.zeros(256)
    # By the divergence theorem a face adds a third of its area times its distance from the corner (0, 0, 0).
    far = [face for face in _faces() if 0 not in face]
    for number in range(256):
        volume[number] = sum(_area_inside(face, number) for face in far) / 3
        for loop in _loops(number):
            divisions = _largest(loop)
            for division in divisions:
                triangles += division
                case += [number] * len(division)
                share += [1 / len(divisions)] * len(division)
    found, shares = np.array(triangles), np.array(share)
    np.add.at(volume, case, np.linalg.det(found) / 6 * shares)
    return _Cases(np.array(case), shares, found, volume)


@lru_cache(maxsize=16)
def _areas(matrix: tuple[float, ...]) -> Float:
    """Return the area of each case on a grid, given the matrix that takes voxels to mm."""
    cases = _cases()
    edges = np.diff(cases.triangles, axis=1) @ np.reshape(matrix, (3, 3)).T
    areas = np.linalg.norm(np.cross(edges[:, 0], edges[:, 1]), axis=1) / 2
    found = np.zeros(256)
    np.add.at(found, cases.case, areas * cases.share)
    return found


@cache
def _faces() -> tuple[tuple[int, ...], ...]:
    """Return the corners of each face, in turn, counter-clockwise as seen from outside."""
    faces: list[tuple[int, ...]] = []
    for axis in range(3):
        u, v = 1 << (axis + 1) % 3, 1 << (axis + 2) % 3
        ring = (0, u, u | v, v)
        faces.append(ring[::-1])
        faces.append(tuple(corner | 1 << axis for corner in ring))
    return tuple(faces)


def _loops(number: int) -> list[list[Point]]:
    """Return the loops of a case, counter-clockwise as seen from outside the ROI."""
    after: dict[Point, Point] = {}
    for face in _faces():
        for begin, end in _runs(face, number):
            after[_middle(face, begin)] = _middle(face, end)
    loops = []
    while after:
        loop = [next(iter(after))]
        while (point := after.pop(loop[-1])) != loop[0]:
            loop.append(point)
        loops.append(loop)
    return loops


def _runs(face: tuple[int, ...], number: int) -> list[tuple[int, int]]:
    """Return for each run of corners inside where in the ring it begins, and where it has ended."""
    bits = [number >> corner & 1 for corner in face]
    runs = []
    for begin in (i for i in range(4) if bits[i] and not bits[i - 1]):
        end = begin
        while bits[end % 4]:
            end += 1
        runs.append((begin, end % 4))
    return runs


def _middle(face: tuple[int, ...], i: int) -> Point:
    """Return the middle of the edge that ends at corner ``i`` of the ring."""
    x, y, z = ((a + b) / 2 for a, b in zip(CORNERS[face[i - 1]], CORNERS[face[i]], strict=True))
    return x, y, z


def _area_inside(face: tuple[int, ...], number: int) -> float:
    bits = [number >> corner & 1 for corner in face]
    return {0: 0.0, 1: 1 / 8, 2: 1 / 4 if bits[0] == bits[2] else 1 / 2, 3: 7 / 8, 4: 1.0}[sum(bits)]


def _largest(loop: list[Point]) -> list[list[Triangle]]:
    """Return the divisions of a loop into triangles whose area is the largest; several if they are equal."""
    divisions = [(sum(map(_area, division)), division) for division in _divisions(loop)]
    most = max(area for area, _ in divisions)
    return [division for area, division in divisions if area > most - 1e-9]


def _divisions(loop: list[Point]) -> Iterator[list[Triangle]]:
    """Yield each way to divide a loop into triangles."""
    if len(loop) < 3:
        yield []
        return
    for k in range(1, len(loop) - 1):  # the third corner of the triangle on the edge from the last point to the first
        for before in _divisions(loop[: k + 1]):
            for behind in _divisions(loop[k:]):
                yield [*before, (loop[0], loop[k], loop[-1]), *behind]


@cache
def _area(triangle: Triangle) -> float:
    (a, b, c), (d, e, f), (g, h, i) = triangle
    u, v, w, p, q, r = d - a, e - b, f - c, g - a, h - b, i - c
    return math.hypot(v * r - w * q, w * p - u * r, u * q - v * p) / 2
