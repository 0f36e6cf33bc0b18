"""Rigid motions in patient coordinates: a turn and a shift."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vqscript.imaging.grid import Grid

Float = NDArray[np.float64]


def _identity() -> Float:
    return np.eye(3)


@dataclass(frozen=True, eq=False)
class RigidTransform:
    """A motion ``p -> rotation @ p + translation`` of points in DICOM LPS mm.

    Parameters
    ----------
    rotation : (3, 3) array
        Orthonormal, with determinant 1.
    translation : (x, y, z)
        mm.
    """

    rotation: Float = field(default_factory=_identity)
    translation: tuple[float, float, float] = (0.0, 0.0, 0.0)

    def __post_init__(self) -> None:
        rotation = np.array(self.rotation, dtype=np.float64).reshape(3, 3)
        if np.abs(rotation @ rotation.T - np.eye(3)).max() > 1e-6 or np.linalg.det(rotation) < 0:
            raise ValueError("not a rotation: its columns are not orthonormal and right-handed")
        rotation.setflags(write=False)
        x, y, z = (float(value) for value in self.translation)
        object.__setattr__(self, "rotation", rotation)
        object.__setattr__(self, "translation", (x, y, z))

    @classmethod
    def about(cls, centre: ArrayLike, degrees: Sequence[float]) -> RigidTransform:
        """Return the turn about a point by angles about the patient's x, then y, then z axis.

        Positive angles turn counter-clockwise as seen from the tip of the axis (right-hand rule): about z, from
        the patient's left towards the back.
        """
        (cx, cy, cz), (sx, sy, sz) = (
            [function(math.radians(angle)) for angle in degrees] for function in (math.cos, math.sin)
        )
        X = np.array([[1, 0, 0], [0, cx, -sx], [0, sx, cx]])
        Y = np.array([[cy, 0, sy], [0, 1, 0], [-sy, 0, cy]])
        Z = np.array([[cz, -sz, 0], [sz, cz, 0], [0, 0, 1]])
        rotation = Z @ Y @ X
        middle = np.asarray(centre, dtype=np.float64)
        x, y, z = middle - rotation @ middle
        return cls(rotation, (x, y, z))

    @property
    def degrees(self) -> tuple[float, float, float]:
        """The angles about x, then y, then z that make up the rotation (y from -90 to 90)."""
        R = self.rotation
        y = math.asin(min(1.0, max(-1.0, -R[2, 0])))
        if abs(R[2, 0]) > 1 - 1e-12:
            # Turned by 90 degrees about y, x and z turn about one line: all of it is given to x.
            x, z = math.atan2(-R[1, 2], R[1, 1]), 0.0
        else:
            x, z = math.atan2(R[2, 1], R[2, 2]), math.atan2(R[1, 0], R[0, 0])
        return math.degrees(x), math.degrees(y), math.degrees(z)

    @property
    def inverse(self) -> RigidTransform:
        """The motion back."""
        x, y, z = -self.rotation.T @ np.asarray(self.translation)
        return RigidTransform(self.rotation.T, (x, y, z))

    def after(self, first: RigidTransform) -> RigidTransform:
        """Return the motion that is ``first`` and then this one."""
        x, y, z = self.apply(first.translation)
        return RigidTransform(self.rotation @ first.rotation, (x, y, z))

    def apply(self, points: ArrayLike) -> Float:
        """Return where points ``(..., 3)`` in LPS mm are moved to."""
        moved: Float = np.asarray(points, dtype=np.float64) @ self.rotation.T + np.asarray(self.translation)
        return moved

    def moved(self, grid: Grid) -> Grid:
        """Return a grid whose voxels lie where this motion takes those of ``grid``; exact, also where it is sheared."""
        x, y, z = self.apply(grid.origin)
        return replace(grid, origin=(x, y, z), direction=self.rotation @ grid.direction)
