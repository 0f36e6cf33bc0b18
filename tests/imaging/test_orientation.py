"""How a grid lies, in words."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from vqscript.imaging.grid import Grid
from vqscript.imaging.orientation import axis_letters, plane

AXIAL = np.eye(3)
CORONAL = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])
SAGITTAL = np.array([[0.0, 0, -1], [1, 0, 0], [0, -1, 0]])


@pytest.mark.parametrize(
    ("direction", "letters", "name"),
    [
        (AXIAL, "LPS", "axial"),
        (CORONAL, "LIP", "coronal"),
        (SAGITTAL, "PIR", "sagittal"),
        (np.diag([-1, -1, 1]), "RAS", "axial"),
        (np.diag([1, -1, 1]), "LAS", "axial"),
    ],
)
def test_the_three_planes(direction, letters, name):
    grid = Grid((2, 3, 4), direction=direction)
    assert (axis_letters(grid), plane(grid)) == (letters, name)


@pytest.mark.parametrize("axis", ["x", "y", "z"])
def test_a_tilt_is_told_about_every_axis(axis):
    turned = Rotation.from_euler(axis, 14, degrees=True).as_matrix() @ CORONAL
    assert plane(Grid((2, 3, 4), direction=turned)) == "coronal (tilted 14.0°)"
    assert axis_letters(Grid((2, 3, 4), direction=turned)) == "LIP"


def test_letters_name_each_patient_axis_once():
    for degrees in range(0, 360, 15):
        turned = Rotation.from_euler("xyz", [45, 45, degrees], degrees=True).as_matrix()
        letters = axis_letters(Grid((2, 3, 4), direction=turned))
        assert sorted("LR".find(c) >= 0 for c in letters) == [False, False, True]
        assert sorted("AP".find(c) >= 0 for c in letters) == [False, False, True]


def test_a_sheared_grid_has_the_plane_of_its_slices():
    sheared = AXIAL.copy()
    sheared[:, 2] = [0, np.sin(0.3), np.cos(0.3)]
    assert plane(Grid((2, 3, 4), direction=sheared)) == "axial"
