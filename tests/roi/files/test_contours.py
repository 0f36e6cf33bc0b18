"""Filling contours: pixel centres, holes, keyholes, slices and planes."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.imaging.grid import Grid
from vqscript.roi.files.contours import fill, rasterize

GRID = Grid((12, 10, 5), (1.0, 1.0, 2.0))


def rectangle(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])


def at(outline: np.ndarray, z: float) -> np.ndarray:
    return np.column_stack([outline, np.full(len(outline), z)])


def filled(*regions: tuple[slice, slice]) -> np.ndarray:
    mask = np.zeros((10, 12), bool)
    for region in regions:
        mask[region] ^= True
    return mask


OUTER = rectangle(0.5, 0.5, 9.5, 8.5)
INNER = rectangle(2.5, 3.5, 5.5, 6.5)
RING = filled((slice(1, 9), slice(1, 10)), (slice(4, 7), slice(3, 6)))


def test_a_hole_is_a_contour_within() -> None:
    assert np.array_equal(fill([OUTER, INNER], (10, 12)), RING)
    assert np.array_equal(fill([INNER[::-1], OUTER], (10, 12)), RING)


def test_a_keyhole_is_joined_by_a_channel_without_width() -> None:
    start = np.array([[0.5, 4.2]])
    bridge = np.array([[2.5, 4.2]])
    # from the left edge: around the outside, back to the left edge, into the hole, around it and out again
    keyhole = np.concatenate([start, OUTER, start, bridge, INNER[3:0:-1], INNER[:1], bridge])
    assert np.array_equal(fill([keyhole], (10, 12)), RING)


def test_neighbours_share_no_pixel_and_leave_none_out() -> None:
    # edges run through pixel centres
    left, right = rectangle(1, 1, 5, 8), rectangle(5, 1, 11, 8)
    a, b = fill([left], (10, 12)), fill([right], (10, 12))
    assert not (a & b).any()
    assert np.array_equal(a | b, fill([rectangle(1, 1, 11, 8)], (10, 12)))
    assert np.count_nonzero(a) == 4 * 7


def test_a_polygon_agrees_with_the_half_planes_of_its_edges() -> None:
    angles = np.sort(np.random.default_rng(3).uniform(0, 2 * np.pi, 9))
    corners = np.column_stack([40 + 35.3 * np.cos(angles), 30 + 25.7 * np.sin(angles)])  # convex
    y, x = np.indices((60, 80))
    inside = np.ones((60, 80), bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        inside &= (bx - ax) * (y - ay) - (by - ay) * (x - ax) > 0
    assert inside.sum() > 1000
    assert np.array_equal(fill([corners], (60, 80)), inside)


def test_beyond_the_image_is_clipped() -> None:
    assert fill([rectangle(-1e6, -1e6, 1e6, 1e6)], (10, 12)).all()
    assert not fill([rectangle(-50, 0, -10, 9)], (10, 12)).any()
    assert not fill([rectangle(20, 0, 40, 9)], (10, 12)).any()
    assert np.array_equal(fill([rectangle(-5, 3.5, 2.5, 50)], (10, 12)), filled((slice(4, 10), slice(0, 3))))


def test_islands_on_several_slices() -> None:
    contours = [
        at(rectangle(0.5, 0.5, 2.5, 2.5), 2.0),
        at(rectangle(6.5, 5.5, 9.5, 7.5), 2.0),
        at(OUTER, 6.0),
        at(INNER, 6.0),
    ]
    (region, mask), notes = rasterize(contours, GRID)
    whole = np.zeros(GRID.shape, bool)
    whole[region] = mask
    expected = np.zeros(GRID.shape, bool)
    expected[1] = filled((slice(1, 3), slice(1, 3)), (slice(6, 8), slice(7, 10)))
    expected[3] = RING
    assert np.array_equal(whole, expected)
    assert notes == []


@pytest.mark.parametrize(("z", "k"), [(4.2, 2), (4.9, 2), (5.1, 3), (8.9, 4), (-0.9, 0)])
def test_a_plane_goes_to_the_nearest_slice(z: float, k: int) -> None:
    (region, _), notes = rasterize([at(INNER, z)], GRID)
    assert region[0] == slice(k, k + 1)
    assert notes == ["1 of 1 contour planes lie between slices: put on the nearest one"]


def test_two_planes_in_one_slice_do_not_undo_each_other() -> None:
    (_, mask), notes = rasterize([at(INNER, 4.1), at(OUTER, 4.6)], GRID)
    assert mask.sum() == 9
    assert "1 of 2 contour planes share a slice with a nearer one: left out" in notes


def test_rounded_planes_are_one_plane() -> None:
    # 0.025 slices off, where a fixed raster of planes would part them
    (_, mask), notes = rasterize([at(OUTER, 4.0499), at(INNER, 4.0501)], GRID)
    assert mask.sum() == RING.sum()
    assert notes == []


@pytest.mark.parametrize(
    ("contour", "note"),
    [
        (at(OUTER, 20.0), "outside the image"),
        (at(OUTER + 100, 4.0), "outside the image"),
        (OUTER @ [[0, 1, 0], [0, 0, 1]], "not parallel"),
    ],
)
def test_what_cannot_be_drawn_is_mentioned(contour: np.ndarray, note: str) -> None:
    part, notes = rasterize([contour, at(INNER, 4.0)], GRID)
    assert part is not None
    assert part[1].sum() == 9
    assert len(notes) == 1
    assert notes[0].startswith(f"1 of 2 contours {note}")
    assert rasterize([contour], GRID)[0] is None


def test_a_contour_given_twice_is_taken_once() -> None:
    (_, mask), notes = rasterize([at(INNER, 4.0), at(INNER, 4.0)], GRID)
    assert mask.sum() == 9
    assert "more than once" in notes[0]


def test_clipping_is_mentioned() -> None:
    (region, mask), notes = rasterize([at(rectangle(-5, 3.5, 2.5, 50), 4.0)], GRID)
    assert region == (slice(2, 3), slice(3, 10), slice(0, 4))
    assert mask.sum() == 6 * 3
    assert notes == ["1 of 1 contours reaching beyond the image: clipped"]


def test_a_rotated_and_sheared_grid() -> None:
    turn = np.array([[0, -1, 0.3], [1, 0, 0], [0, 0, 0.91**0.5]])
    grid = Grid((12, 10, 5), (0.5, 1.5, 2.0), (100.0, -50.0, 7.0), turn)
    outlines = [np.column_stack([outline, np.full(4, 3.0)]) for outline in (OUTER, INNER)]
    (region, mask), notes = rasterize([grid.to_world(outline) for outline in outlines], grid)
    whole = np.zeros(grid.shape, bool)
    whole[region] = mask
    assert np.array_equal(whole[3], RING)
    assert notes == []
