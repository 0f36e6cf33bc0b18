"""Shapes: against brute force on every kind of grid, and against the volumes of geometry."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.roi.region import bounding, shape_of
from vqscript.roi.shapes import Shape, box, contours, cylinder, ellipsoid, polygon, sphere

_TURN = np.linalg.qr(np.array([[0.9, 0.2, -0.1], [-0.25, 0.8, 0.3], [0.1, -0.3, 1.0]]))[0]
_TILT = np.array([[1, 0, 0], [0, 1, 0.5], [0, 0, 0.75**0.5]])
ANISOTROPIC = Grid((17, 15, 11), (1.0, 1.5, 3.0), (-4.0, 7.0, 20.0))
OBLIQUE = Grid((17, 15, 11), (1.0, 1.5, 3.0), (5.0, -3.0, 2.0), direction=_TURN)
SHEARED = Grid((17, 15, 11), (1.0, 1.5, 3.0), direction=_TILT)
FINE = Grid((80, 60, 50), (0.5, 0.7, 0.9), (1.0, 2.0, 3.0), direction=_TURN)

every_grid = pytest.mark.parametrize("grid", [ANISOTROPIC, OBLIQUE, SHEARED], ids=["anisotropic", "oblique", "sheared"])


def mask_of(shape: Shape, grid: Grid) -> np.ndarray:
    region, inside = shape.part
    mask = np.zeros(grid.shape, bool)
    mask[region] = inside
    return mask


def offsets(grid: Grid, center: tuple[float, float, float]) -> np.ndarray:
    """LPS mm from a voxel index to the centre of each voxel, as (z, y, x, 3)."""
    z, y, x = np.indices(grid.shape)
    return grid.to_world(np.stack([x, y, z], axis=-1)) - grid.to_world(center)


def along_axes(grid: Grid, center: tuple[float, float, float]) -> np.ndarray:
    """The same along x, y and z of the grid; on a sheared one y and z are turned to right angles."""
    x = grid.direction[:, 0]
    z = np.cross(x, grid.direction[:, 1])
    z = z / np.linalg.norm(z) * np.sign(z @ grid.direction[:, 2])
    y = np.cross(z, x)
    y = y * np.sign(y @ grid.direction[:, 1])
    return offsets(grid, center) @ np.stack([x, y, z], axis=1)


@every_grid
@pytest.mark.parametrize("center", [(8, 7, 5), (7.5, 6.2, 4.9), (1, 13.6, 0.3)])
@pytest.mark.parametrize("radius", [1.0, 4.5, 9.0])
def test_a_sphere_holds_the_centres_within_its_radius(grid: Grid, center, radius: float) -> None:
    expected = np.linalg.norm(offsets(grid, center), axis=-1) <= radius + 1e-9
    if not expected.any():
        with pytest.raises(RoiError, match="holds no voxel"):
            sphere(grid, center, radius)
        return
    assert np.array_equal(mask_of(sphere(grid, center, radius), grid), expected)


@every_grid
@pytest.mark.parametrize("center", [(8, 7, 5), (7.6, 6.3, 4.9), (2.1, 12.6, 9.7)])
def test_ellipsoid_box_and_cylinder_stand_along_the_axes(grid: Grid, center) -> None:
    x, y, z = np.moveaxis(along_axes(grid, center), -1, 0)
    assert np.array_equal(
        mask_of(ellipsoid(grid, center, (3.3, 5.1, 8.2)), grid),
        (x / 3.3) ** 2 + (y / 5.1) ** 2 + (z / 8.2) ** 2 <= 1 + 1e-9,
    )

    def within(at: np.ndarray, half: float) -> np.ndarray:
        return (at >= -half - 1e-9) & (at < half - 1e-9)

    assert np.array_equal(
        mask_of(box(grid, center, (6.1, 7.2, 11.3)), grid), within(x, 3.05) & within(y, 3.6) & within(z, 5.65)
    )
    for axis, (a, b, c) in enumerate([(y, z, x), (x, z, y), (x, y, z)]):
        expected = (np.hypot(a, b) <= 4.4 + 1e-9) & within(c, 3.7)
        assert np.array_equal(mask_of(cylinder(grid, center, 4.4, 7.4, axis), grid), expected)


@pytest.mark.parametrize(
    ("make", "volume"),
    [
        (lambda: sphere(FINE, (40, 30, 25), 9.0), 4 / 3 * math.pi * 9**3),
        (lambda: ellipsoid(FINE, (40, 30, 25), (9.0, 6.0, 12.0)), 4 / 3 * math.pi * 9 * 6 * 12),
        (lambda: cylinder(FINE, (40, 30, 25), 8.0, 20 * 0.9), math.pi * 64 * 18),
        (lambda: cylinder(FINE, (40, 30, 25), 8.0, 20 * 0.5, 0), math.pi * 64 * 10),
    ],
)
def test_volumes_are_those_of_geometry(make, volume: float) -> None:
    assert np.count_nonzero(make().part[1]) * FINE.voxel_volume == pytest.approx(volume, rel=0.01)


@given(
    center=st.tuples(*[st.floats(20, 30)] * 3),
    counts=st.tuples(*[st.integers(1, 20)] * 3),
)
def test_a_box_of_whole_voxels_has_its_volume_wherever_it_lies(center, counts) -> None:
    grid = Grid((50, 50, 50), (0.3, 0.7, 1.1))
    sizes = [n * mm for n, mm in zip(counts, grid.spacing, strict=True)]
    _, inside = box(grid, center, (sizes[0], sizes[1], sizes[2])).part
    assert np.count_nonzero(inside) == np.prod(counts)
    tight = bounding(inside)
    assert tight is not None and shape_of(tight) == counts[::-1]


@every_grid
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_a_polygon_fills_slices_by_the_even_odd_rule(grid: Grid, axis: int) -> None:
    # A bow tie: its two triangles belong, whichever way they run.
    corners = np.array([(1, 2), (7, 6), (7, 2), (1, 6)])
    mask = mask_of(polygon(grid, corners, 3, 5, axis), grid)
    planes = np.moveaxis(mask, 2 - axis, 0)
    assert [bool(plane.any()) for plane in planes] == [3 <= n <= 5 for n in range(len(planes))]
    for plane in planes[3:6]:
        first, second = np.meshgrid(*(np.arange(n) for n in plane.shape[::-1]))
        odd = np.zeros(plane.shape, bool)
        for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
            crosses = (ay > second) != (by > second)
            with np.errstate(divide="ignore", invalid="ignore"):
                odd ^= crosses & (first < (bx - ax) * (second - ay) / (by - ay) + ax)
        # On an edge both are right; the bow tie's vertical edges hold the lower side only.
        assert np.count_nonzero(plane ^ odd) <= 4
        assert plane[3, 2] == odd[3, 2] and not plane[2, 4] and not plane[6, 4]


def test_neighbouring_polygons_share_no_voxel() -> None:
    left = mask_of(polygon(ANISOTROPIC, [(2, 2), (6, 2), (6, 9), (2, 9)], 4), ANISOTROPIC)
    right = mask_of(polygon(ANISOTROPIC, [(6, 2), (9, 2), (9, 9), (6, 9)], 4), ANISOTROPIC)
    assert not (left & right).any()
    assert np.count_nonzero(left) == 4 * 7
    assert np.count_nonzero(right) == 3 * 7


@every_grid
def test_contours_in_mm_have_holes(grid: Grid) -> None:
    def square(low: float, high: float, k: int) -> np.ndarray:
        return grid.to_world([(low, low, k), (high, low, k), (high, high, k), (low, high, k)])

    outer, inner, other = square(1.5, 9.5, 4), square(3.5, 6.5, 4), square(1.5, 3.5, 6)
    expected = np.zeros(grid.shape, bool)
    expected[4, 2:10, 2:10] = True
    expected[4, 4:7, 4:7] = False
    expected[6, 2:4, 2:4] = True
    assert np.array_equal(mask_of(contours(grid, [outer, inner, other]), grid), expected)


def test_what_reaches_beyond_the_image_is_clipped_with_a_note() -> None:
    for shape in (
        sphere(ANISOTROPIC, (0, 0, 0), 5.0),
        box(ANISOTROPIC, (16, 14, 10), (9.0, 1.5, 3.0)),
        polygon(ANISOTROPIC, [(-5, 2), (4, 2), (4, 8), (-5, 8)], 0),
        sphere(ANISOTROPIC, (8, 7, 5), 1e6),
    ):
        assert shape.notes == ("reaches beyond the image: clipped",)
    assert sphere(ANISOTROPIC, (8, 7, 5), 1e6).part[1].all()
    assert sphere(ANISOTROPIC, (8, 7, 5), 4.0).notes == ()
    # The image ends at the outer faces of its voxels.
    assert box(Grid((4, 4, 4)), (1.5, 1.5, 1.5), (4, 4, 4)).notes == ()


BAD = [
    (lambda: sphere(ANISOTROPIC, (-9, 7, 5), 5.0), "outside the image"),
    (lambda: sphere(ANISOTROPIC, (8, 7, 1e300), 5.0), "outside the image"),
    (lambda: box(ANISOTROPIC, (8, 60, 5), (5.0, 5.0, 5.0)), "outside the image"),
    (lambda: polygon(ANISOTROPIC, [(30, 2), (40, 2), (40, 8)], 0), "outside the image"),
    (lambda: contours(ANISOTROPIC, [[(1e4, 0, 0), (1e4, 5, 0), (1.1e4, 5, 0)]]), "outside the image"),
    (lambda: contours(ANISOTROPIC, []), "no contour"),
    (lambda: sphere(ANISOTROPIC, (8, 7, 5.5), 0.5), "holds no voxel"),
    (lambda: polygon(ANISOTROPIC, [(2.1, 2.1), (2.2, 2.1), (2.2, 2.9)], 0), "holds no voxel"),
    (lambda: sphere(ANISOTROPIC, (8, 7, math.inf), 5.0), "cannot lie at"),
    (lambda: sphere(ANISOTROPIC, (8, 7, math.nan), 5.0), "cannot lie at"),
    (lambda: sphere(ANISOTROPIC, (8, 7, 5), 0.0), "size of 0 mm"),
    (lambda: sphere(ANISOTROPIC, (8, 7, 5), -1.0), "size of -1 mm"),
    (lambda: sphere(ANISOTROPIC, (8, 7, 5), math.inf), "size of inf mm"),
    (lambda: ellipsoid(ANISOTROPIC, (8, 7, 5), (1, math.nan, 1)), "size of nan mm"),
    (lambda: box(ANISOTROPIC, (8, 7, 5), (5, 5, 1e9)), "size of 1e[+]09 mm"),
    (lambda: cylinder(ANISOTROPIC, (8, 7, 5), 5, 5, 3), "no axis 3"),
    (lambda: polygon(ANISOTROPIC, [(1, 1), (2, 2)], 0), "three or more points"),
    (lambda: polygon(ANISOTROPIC, [(1, 1, 1), (2, 2, 1), (3, 4, 1)], 0), "three or more points"),
    (lambda: polygon(ANISOTROPIC, [(1, 1), (2, 2, 1), (3, 4)], 0), "three or more points"),
    (lambda: polygon(ANISOTROPIC, [(1, 1), (2, math.inf), (3, 4)], 0), "not a finite number"),
    (lambda: polygon(ANISOTROPIC, [(1, 1), (9, 2), (3, 9)], 11), "slices 0 to 10"),
    (lambda: polygon(ANISOTROPIC, [(1, 1), (9, 2), (3, 9)], -1), "slices 0 to 10"),
    (lambda: polygon(ANISOTROPIC, [(1, 1), (9, 2), (3, 9)], 4, 2), "no slices 4 to 2"),
    (lambda: polygon(ANISOTROPIC, [(1, 1), (9, 2), (3, 9)], 4, axis=-1), "no axis -1"),
]


@pytest.mark.parametrize(("make", "message"), BAD, ids=[f"{n} {message}" for n, (_, message) in enumerate(BAD)])
def test_what_cannot_be_drawn_is_refused(make, message: str) -> None:
    with pytest.raises(RoiError) as caught:
        make()
    assert re.search(message, f"{caught.value} {caught.value.hint}")
