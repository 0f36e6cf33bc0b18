"""Planes into grids, and the planes that form none."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.errors import GeometryError
from vqscript.imaging.geometry import Stack, alike, angle_between, plane_axes, stack

AXIAL = (1, 0, 0, 0, 1, 0)


def along_z(*z: float) -> np.ndarray:
    return np.array([(-10.0, -20.0, value) for value in z])


def made(points: np.ndarray, orientation: tuple[float, ...] = AXIAL, **more: object) -> Stack:
    return stack(points, orientation, (2.0, 1.5), (6, 4), **more)  # type: ignore[arg-type]


def test_slices_are_ordered_along_the_normal_whatever_the_file_order() -> None:
    found = made(along_z(15, 0, 10, 5))
    assert found.order.tolist() == [[1, 3, 2, 0]]
    assert found.grid.size == (4, 6, 4)
    assert found.grid.spacing == (1.5, 2.0, 5.0)
    assert found.grid.origin == (-10, -20, 0)
    assert found.warnings == ()


def test_an_oblique_stack_keeps_every_position() -> None:
    orientation = (0.8, 0.6, 0, 0, 0, -1)
    normal = np.cross(orientation[:3], orientation[3:])
    points = np.array([5.0, 6.0, 7.0]) + np.arange(4)[:, None] * 2.5 * normal
    found = made(points[::-1], orientation)
    np.testing.assert_allclose(found.grid.to_world([(0, 0, k) for k in range(4)]), points)
    np.testing.assert_allclose(found.grid.to_world([3, 0, 0]), points[0] + 3 * 1.5 * np.array(orientation[:3]))
    np.testing.assert_allclose(found.grid.to_world([0, 2, 0]), points[0] + 2 * 2.0 * np.array(orientation[3:]))
    assert not found.grid.sheared


@pytest.mark.parametrize(("z", "missing"), [((0, 5, 15), "1 slice"), ((0, 5, 10, 25, 30), "2 slices")])
def test_a_missing_slice_is_refused_with_numbers(z: tuple[float, ...], missing: str) -> None:
    with pytest.raises(GeometryError, match=f"mm apart where 5.000 mm is usual: {missing}") as caught:
        made(along_z(*z))
    assert "(-10.00, -20.00," in caught.value.message
    assert caught.value.hint


def test_uneven_steps_are_refused() -> None:
    with pytest.raises(GeometryError, match=r"vary from 3\.000 to 4\.000 mm"):
        made(along_z(0, 3, 6, 9, 13, 17))


def test_many_small_differences_that_add_up_are_refused() -> None:
    steps = [3.0] * 30 + [3.2] * 30
    with pytest.raises(GeometryError, match="from an even grid"):
        made(along_z(0, *np.cumsum(steps)))


def test_bed_overlap_is_tolerated_with_a_warning() -> None:
    z = np.cumsum([0, *([3.27] * 10 + [3.19] + [3.27] * 10 + [3.29])])
    found = made(along_z(*z))
    assert found.grid.spacing[2] == pytest.approx(z[-1] / 22)
    assert "3.190 to 3.290 mm apart" in found.warnings[0]
    ends = found.grid.to_world([[0, 0, 0], [0, 0, 22]])
    np.testing.assert_allclose(ends[:, 2], [0, z[-1]])


def test_rounded_positions_are_no_jitter() -> None:
    assert made(along_z(*np.round(np.arange(50) * 3.2699, 3))).warnings == ()


def test_gantry_tilt_is_kept_and_told() -> None:
    tilt = np.radians(14)
    found = made(along_z(0, 5, 10, 15), (1, 0, 0, 0, np.cos(tilt), -np.sin(tilt)))
    assert found.grid.sheared
    assert "14.00 degrees" in found.warnings[0]
    np.testing.assert_allclose(found.grid.to_world([0, 0, 3]), [-10, -20, 15])
    np.testing.assert_allclose(found.grid.voxel_volume, 1.5 * 2.0 * 5 * np.cos(tilt))


def test_a_slice_shifted_sideways_is_refused() -> None:
    points = along_z(0, 5, 10, 15)
    points[2, 0] += 3
    with pytest.raises(GeometryError, match=r"slice 3 of 4 .* shifted sideways by 3\.00 mm"):
        made(points)


def test_repeated_positions_become_frames_by_the_first_clue_that_tells() -> None:
    points = along_z(0, 5, 0, 5, 0, 5)
    clues = [("time", [7, 7, 7, 7, 7, 7]), ("phase", [30, 30, 10, 10, 20, 20]), ("number", range(6))]
    found = made(points, clues=clues)
    assert found.order.tolist() == [[2, 3], [4, 5], [0, 1]]
    assert found.grid.size == (4, 6, 2)


def test_unequal_numbers_of_images_are_refused() -> None:
    with pytest.raises(GeometryError, match=r"1 image is at \(-10.00, -20.00, 5.00\), but 2 at"):
        made(along_z(0, 5, 10, 0, 10), clues=[("number", range(5))])


def test_images_that_nothing_tells_apart_are_refused() -> None:
    with pytest.raises(GeometryError, match=r"nothing tells them apart \(time, number\)"):
        made(along_z(0, 5, 0, 5), clues=[("time", [None] * 4), ("number", [1, 2, 1, 2])])


def test_images_in_one_plane_that_begin_elsewhere_are_refused() -> None:
    points = along_z(0, 5, 0, 5)
    points[2:, 0] += 50
    with pytest.raises(GeometryError, match="begin at different points"):
        made(points, clues=[("number", range(4))])


def test_a_single_slice_takes_its_thickness() -> None:
    assert made(along_z(3), thickness=4.0).grid.spacing[2] == 4
    found = made(along_z(3))
    assert found.grid.spacing[2] == 1
    assert "1 mm is assumed" in found.warnings[0]


@pytest.mark.parametrize("orientation", [(1, 0, 0, 1, 0, 0), (2, 0, 0, 0, 1, 0), (np.nan, 0, 0, 0, 1, 0), (0,) * 6])
def test_impossible_orientations_are_refused(orientation: tuple[float, ...]) -> None:
    with pytest.raises(GeometryError, match="no pair of perpendicular unit vectors"):
        plane_axes(orientation)


def test_impossible_numbers_are_refused() -> None:
    with pytest.raises(GeometryError, match="not finite"):
        made(along_z(0, np.inf))
    with pytest.raises(GeometryError, match="not positive"):
        stack(along_z(0, 5), AXIAL, (0.0, 1.0), (6, 4))


def test_the_angle_between_orientations() -> None:
    small = np.radians(0.001)
    assert angle_between(AXIAL, (1, 0, 0, 0, np.cos(small), np.sin(small))) == pytest.approx(0.001)
    assert angle_between(AXIAL, (1, 0, 0, 0, 0, -1)) == pytest.approx(90)
    assert angle_between(AXIAL, (-1, 0, 0, 0, 1, 0)) == pytest.approx(180)


def test_orientations_are_grouped_by_what_rounding_may_do() -> None:
    other = (1, 0, 0, 0, 0, -1)
    assert alike([AXIAL, other, (1, 0, 0, 0, 1, 0.0009), None, (1, 0, 0, 0, 1, 0.002), None]) == [0, 1, 0, 3, 4, 3]
