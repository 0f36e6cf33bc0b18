"""How a grid lies in the patient, in words: ``axial``, ``coronal (tilted 14.0°)``, and letters such as ``LPS``."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from vqscript.imaging.grid import Float, Grid

_LETTERS = ("RL", "AP", "IS")  # towards negative and positive LPS coordinates
_PLANES = ("sagittal", "coronal", "axial")
_NOTICED = 0.1  # degrees


def axis_letters(grid: Grid) -> str:
    """Return where the x, y and z index axes of a grid lead: ``LPS`` is towards left, posterior, superior."""
    axes = _patient_axes(grid.direction)
    return "".join(_LETTERS[axis][int(grid.direction[axis, k] > 0)] for k, axis in enumerate(axes))


def plane(grid: Grid) -> str:
    """Return the plane of the slices, with the angle if they lie obliquely.

    The angle is the largest one between an axis of the slices (rows, columns, normal) and the patient's axis that it
    is closest to, so that a turn within the plane counts as well.
    """
    x, y = grid.direction[:, 0], grid.direction[:, 1]
    normal = np.cross(x, y)
    slices = np.column_stack([x, y, normal / np.linalg.norm(normal)])
    axes = _patient_axes(slices)
    along = [abs(float(slices[axis, k])) for k, axis in enumerate(axes)]
    tilt = float(np.degrees(np.arccos(min(*along, 1.0))))
    return _PLANES[axes[2]] + (f" (tilted {tilt:.1f}°)" if tilt > _NOTICED else "")


def _patient_axes(direction: Float) -> tuple[int, ...]:
    """Return for each column the patient axis (0, 1, 2) that it follows, each axis once."""
    return max(permutations(range(3)), key=lambda axes: sum(abs(direction[axis, k]) for k, axis in enumerate(axes)))
