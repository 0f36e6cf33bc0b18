"""A phantom whose every voxel follows from its world position, stored in whatever way is asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume

# Left, anterior and superior of the middle, by different amounts: any exchange or flip shows.
BLOB = (20.0, -15.0, 30.0)
RADIUS = 7.0
EXTENT = (100.0, 80.0, 120.0)

DIRECTIONS = {
    "identity": np.eye(3),
    "head first, slices downwards": np.diag([1.0, 1.0, -1.0]),
    "NIfTI": np.diag([-1.0, -1.0, 1.0]),
    "coronal": np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]]),
    "sagittal": np.array([[0.0, 0, 1], [1, 0, 0], [0, -1, 0]]),
}


class Phantom:
    blob = BLOB
    radius = RADIUS
    extent = EXTENT

    @staticmethod
    def grid(direction: NDArray[Any], spacing: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> Grid:
        """A grid over 100 x 80 x 120 mm (L, P, S) around the origin; spacing along L, P, S."""
        nearest = np.abs(direction).argmax(axis=0)
        along = [spacing[world] for world in nearest]
        size = [round(EXTENT[world] / spacing[world]) for world in nearest]
        half = (np.array(size) - 1) / 2 * along
        origin = -(direction @ half)
        return Grid(tuple(size), tuple(along), tuple(origin), direction)

    @staticmethod
    def volume(grid: Grid, unit: str = "") -> Volume:
        """1 inside the ball, 0 outside."""
        stored = np.zeros(grid.shape, np.int16)
        middle = np.rint(grid.to_index(BLOB)).astype(int)
        reach = np.ceil(RADIUS / np.array(grid.spacing)).astype(int) + 2
        first = np.maximum(middle - reach, 0)
        part = tuple(slice(first[axis], middle[axis] + reach[axis] + 1) for axis in (2, 1, 0))
        z, y, x = np.indices(stored[part].shape)
        world = grid.to_world(np.stack([x, y, z], axis=-1) + first)
        stored[part] = ((world - np.array(BLOB)) ** 2).sum(axis=-1) <= RADIUS**2
        return Volume(stored, grid, unit)


@pytest.fixture
def phantom() -> type[Phantom]:
    return Phantom


@pytest.fixture(params=DIRECTIONS.values(), ids=DIRECTIONS.keys())
def direction(request: pytest.FixtureRequest) -> NDArray[Any]:
    matrix: NDArray[Any] = request.param
    return matrix


@pytest.fixture
def where() -> Callable[..., tuple[float, float, int]]:
    """Find a colour, more or less: mean column, mean row and number of its pixels, left of the legend."""

    def find(image: Any, colour: tuple[int, int, int], within: int | None = None) -> tuple[float, float, int]:
        pixels = np.asarray(image)[:, :within].astype(int)
        rows, columns = np.nonzero((np.abs(pixels - np.array(colour)) <= 120).all(axis=2))
        assert rows.size, f"no pixel of colour {colour}"
        return float(columns.mean()), float(rows.mean()), int(rows.size)

    return find
