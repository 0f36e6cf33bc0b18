"""Rigid motions by hand and against scipy's rotations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vqscript.imaging.grid import Grid
from vqscript.imaging.rigid import RigidTransform


def test_right_hand_rule_about_each_axis() -> None:
    quarter = {
        (90, 0, 0): ((0, 1, 0), (0, 0, 1)),
        (0, 90, 0): ((0, 0, 1), (1, 0, 0)),
        (0, 0, 90): ((1, 0, 0), (0, 1, 0)),
    }
    for degrees, (point, there) in quarter.items():
        np.testing.assert_allclose(RigidTransform.about((0, 0, 0), degrees).apply(point), there, atol=1e-12)


@pytest.mark.parametrize("degrees", [(10, -20, 30), (170, 60, -175), (0, 0, 0), (25, 90, 0), (-40, -90, 0)])
def test_angles_are_those_about_the_fixed_axes(degrees: tuple[float, float, float]) -> None:
    motion = RigidTransform.about((3, 4, 5), degrees)
    np.testing.assert_allclose(
        motion.rotation, Rotation.from_euler("xyz", degrees, degrees=True).as_matrix(), atol=1e-12
    )
    np.testing.assert_allclose(motion.apply((3, 4, 5)), (3, 4, 5), atol=1e-12)
    assert motion.degrees == pytest.approx(degrees, abs=1e-6)


def test_there_and_back_and_one_after_the_other() -> None:
    first = RigidTransform.about((1, 2, 3), (10, 20, 30))
    second = RigidTransform(first.rotation, (5.0, -6.0, 7.0))
    points = np.random.default_rng(0).random((20, 3)) * 100
    np.testing.assert_allclose(first.inverse.apply(first.apply(points)), points, atol=1e-12)
    np.testing.assert_allclose(second.after(first).apply(points), second.apply(first.apply(points)), atol=1e-12)


def test_a_grid_goes_where_its_voxels_go_sheared_ones_too() -> None:
    direction = np.eye(3)
    direction[:, 2] = (0, np.sin(0.3), np.cos(0.3))
    grid = Grid((4, 5, 6), (1, 2, 3), (7, 8, 9), direction, "1.2.3")
    motion = RigidTransform.about((1, 1, 1), (4, 5, 6))
    index = np.random.default_rng(0).random((20, 3)) * 5
    found = motion.moved(grid)
    np.testing.assert_allclose(found.to_world(index), motion.apply(grid.to_world(index)), atol=1e-12)
    assert (found.size, found.frame_of_reference) == (grid.size, "1.2.3")


@pytest.mark.parametrize("matrix", [np.diag([1, 1, -1]), np.diag([1, 1, 2]), np.ones((3, 3))])
def test_what_is_no_rotation(matrix: np.ndarray) -> None:
    with pytest.raises(ValueError, match="not a rotation"):
        RigidTransform(matrix)
