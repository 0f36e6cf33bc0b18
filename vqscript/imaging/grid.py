"""Where voxels are: size, spacing, origin and direction in DICOM patient coordinates."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike, NDArray

Float = NDArray[np.float64]


def _identity() -> Float:
    return np.eye(3)


@dataclass(frozen=True, eq=False)
class Grid:
    """A regular grid of voxels in DICOM LPS coordinates (mm).

    Parameters
    ----------
    size : tuple of int
        Voxels along x, y, z (columns, rows, slices).
    spacing : tuple of float
        Distance between voxel centres along x, y, z in mm, all positive.
    origin : tuple of float
        LPS position in mm of the centre of voxel (0, 0, 0).
    direction : (3, 3) array
        Columns are the unit vectors of the x, y and z index axes in LPS. They need not be
        orthogonal: a CT with gantry tilt has a sheared z axis, and is described exactly.
    frame_of_reference : str
        Frame of Reference UID, or "" if the image has none.

    Notes
    -----
    Arrays on a grid are C-ordered ``(z, y, x)``: ``array.shape == grid.shape``.
    """

    size: tuple[int, int, int]
    spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)
    origin: tuple[float, float, float] = (0.0, 0.0, 0.0)
    direction: Float = field(default_factory=_identity)
    frame_of_reference: str = ""

    def __post_init__(self) -> None:
        direction = np.array(self.direction, dtype=np.float64).reshape(3, 3)
        direction.setflags(write=False)
        object.__setattr__(self, "direction", direction)
        object.__setattr__(self, "size", tuple(int(n) for n in self.size))
        object.__setattr__(self, "spacing", tuple(float(s) for s in self.spacing))
        object.__setattr__(self, "origin", tuple(float(o) for o in self.origin))

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape ``(z, y, x)`` of an array on this grid."""
        x, y, z = self.size
        return z, y, x

    @cached_property
    def affine(self) -> Float:
        """(4, 4) matrix that takes voxel indices ``(x, y, z, 1)`` to LPS mm."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.direction * np.asarray(self.spacing)
        matrix[:3, 3] = self.origin
        matrix.setflags(write=False)
        return matrix

    @cached_property
    def inverse(self) -> Float:
        """(4, 4) matrix that takes LPS mm to voxel indices."""
        matrix: Float = np.asarray(np.linalg.inv(self.affine), dtype=np.float64)
        matrix.setflags(write=False)
        return matrix

    @cached_property
    def voxel_volume(self) -> float:
        """Volume of one voxel in mm3 (exact for sheared grids as well)."""
        return math.prod(self.spacing) * float(abs(np.linalg.det(self.direction)))

    @cached_property
    def sheared(self) -> bool:
        """Whether the index axes are not orthogonal (gantry tilt)."""
        gram = self.direction.T @ self.direction
        return bool(np.abs(gram - np.diag(np.diag(gram))).max() > 1e-3)

    def to_world(self, index: ArrayLike) -> Float:
        """Return LPS mm for fractional voxel indices ``(..., 3)`` in x, y, z order."""
        points = np.asarray(index, dtype=np.float64)
        world: Float = points @ self.affine[:3, :3].T + self.affine[:3, 3]
        return world

    def to_index(self, world: ArrayLike) -> Float:
        """Return fractional voxel indices ``(..., 3)`` in x, y, z order for LPS mm."""
        points = np.asarray(world, dtype=np.float64)
        index: Float = points @ self.inverse[:3, :3].T + self.inverse[:3, 3]
        return index

    def matches(self, other: Grid, tolerance: float = 1e-3) -> bool:
        """Whether both grids put every voxel at the same place.

        Parameters
        ----------
        other : Grid
        tolerance : float
            Allowed distance in mm at the grid's corners, plus as much in relative spacing.
        """
        if self.size != other.size:
            return False
        far = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]) * (np.asarray(self.size) - 1)
        return bool(np.abs(self.to_world(far) - other.to_world(far)).max() <= tolerance)

    def cropped(self, start: tuple[int, int, int], size: tuple[int, int, int]) -> Grid:
        """Return the grid of the sub-volume that begins at voxel ``start`` (x, y, z).

        ``start`` may be negative and ``size`` larger than this grid's: that embeds it.
        """
        origin = self.to_world(start)
        return Grid(size, self.spacing, (origin[0], origin[1], origin[2]), self.direction, self.frame_of_reference)
