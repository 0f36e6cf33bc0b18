"""Anatomical views, and how each one cuts a grid whatever its index order."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region

# Letters at the negative and the positive end of the LPS axes.
ENDS = (("R", "L"), ("A", "P"), ("I", "S"))


@dataclass(frozen=True)
class View:
    """A way to look at a patient, radiological convention.

    Attributes
    ----------
    name : str
    columns, rows : tuple of int
        LPS axis (0, 1, 2) along which a picture's columns run to the right, and its rows down; with the sense, 1 or -1.
    normal : int
        LPS axis that is looked along.
    """

    name: str
    columns: tuple[int, int]
    rows: tuple[int, int]
    normal: int

    @property
    def edges(self) -> tuple[str, str, str, str]:
        """Letters at the left, right, top and bottom edge."""
        left, right = ENDS[self.columns[0]][:: self.columns[1]]
        top, bottom = ENDS[self.rows[0]][:: self.rows[1]]
        return left, right, top, bottom


# Patient right on the left of the picture; anterior on top, or on the left; head on top.
TRANSVERSE = View("transverse", columns=(0, 1), rows=(1, 1), normal=2)
CORONAL = View("coronal", columns=(0, 1), rows=(2, -1), normal=1)
SAGITTAL = View("sagittal", columns=(1, 1), rows=(2, -1), normal=0)


def anatomical_axes(grid: Grid) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
    """Return, for L, P and S, the index axis closest to it, and its sense.

    Returns
    -------
    axes : tuple of int
        Index axis (0, 1, 2 for x, y, z) nearest to the L, P and S axis; each one once.
    signs : tuple of int
        1 where the index grows towards L, P or S, else -1.
    """
    cosines = np.abs(grid.direction)
    # One axis for each, together as close as can be: a 45 degree oblique still gets three different ones.
    axes = max(permutations(range(3)), key=lambda order: sum(cosines[world, order[world]] for world in range(3)))
    signs = tuple(1 if grid.direction[world, axes[world]] >= 0 else -1 for world in range(3))
    return (axes[0], axes[1], axes[2]), (signs[0], signs[1], signs[2])


@dataclass(frozen=True, eq=False)
class Section:
    """A view of one grid: which index axes become columns and rows of the picture.

    Oblique and sheared grids are shown along their own index axes, each taken for the anatomical axis nearest to it.

    Attributes
    ----------
    view : View
    grid : Grid
    columns, rows, normal : int
        Index axes (0, 1, 2 for x, y, z).
    flip_columns, flip_rows : bool
        Whether indices fall from left to right, or from top to bottom.
    """

    view: View
    grid: Grid
    columns: int
    rows: int
    normal: int
    flip_columns: bool
    flip_rows: bool

    @classmethod
    def of(cls, grid: Grid, view: View) -> Section:
        """Return how ``view`` cuts ``grid``."""
        axes, signs = anatomical_axes(grid)
        (across, right), (along, down) = view.columns, view.rows
        return cls(
            view,
            grid,
            columns=axes[across],
            rows=axes[along],
            normal=axes[view.normal],
            flip_columns=signs[across] != right,
            flip_rows=signs[along] != down,
        )

    @property
    def count(self) -> int:
        """Number of planes."""
        return self.grid.size[self.normal]

    @property
    def extent(self) -> tuple[float, float]:
        """Width and height of a plane in mm, voxel edge to voxel edge."""
        size, spacing = self.grid.size, self.grid.spacing
        return size[self.columns] * spacing[self.columns], size[self.rows] * spacing[self.rows]

    def region(self, index: int) -> Region:
        """Return the slices ``(z, y, x)`` of plane ``index``."""
        parts = [slice(0, n) for n in self.grid.size]
        parts[self.normal] = slice(index, index + 1)
        return parts[2], parts[1], parts[0]

    def picture(self, plane: NDArray[Any]) -> NDArray[Any]:
        """Return a ``(z, y, x)`` array that is one voxel thick along the normal as a picture, rows first."""
        # Array axis of an index axis: x is the last one.
        turned = plane.transpose(2 - self.rows, 2 - self.columns, 2 - self.normal)[:, :, 0]
        return turned[:: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]

    def place(self, voxel: tuple[float, float, float]) -> tuple[float, float]:
        """Return where the centre of a voxel ``(x, y, z)`` is, as fractions of the picture's width and height."""
        across = (voxel[self.columns] + 0.5) / self.grid.size[self.columns]
        down = (voxel[self.rows] + 0.5) / self.grid.size[self.rows]
        return 1 - across if self.flip_columns else across, 1 - down if self.flip_rows else down

    def plane_grid(self, index: int, finer: tuple[int, int] = (1, 1)) -> Grid:
        """Return the grid of plane ``index``, one voxel thick, over exactly its extent.

        Parameters
        ----------
        index : int
        finer : tuple of int
            Into how many voxels each one is divided along columns and rows.
        """
        start, size, spacing = [0.0, 0.0, 0.0], list(self.grid.size), list(self.grid.spacing)
        start[self.normal], size[self.normal] = index, 1
        for axis, parts in zip((self.columns, self.rows), finer, strict=True):
            start[axis] = -0.5 + 0.5 / parts
            size[axis] *= parts
            spacing[axis] /= parts
        origin = self.grid.to_world(start)
        return Grid(
            (size[0], size[1], size[2]),
            (spacing[0], spacing[1], spacing[2]),
            (origin[0], origin[1], origin[2]),
            self.grid.direction,
            self.grid.frame_of_reference,
        )
