"""Small volumes with known values."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vqscript import Session
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Source, Volume
from vqscript.session.inputs import Input

GRID = Grid((4, 3, 2), (1.0, 2.0, 3.0), (10.0, 20.0, 30.0))

Put = Callable[..., Input]


@pytest.fixture
def put(desk) -> Put:
    """Put a volume into an input: values of any shape that ends in (z, y, x), on a grid of that size."""

    def put(i: int, values, *, unit: str = "", grid: Grid | None = None, study: str = "", **about) -> Input:
        session: Session = desk.session
        stored = np.array(values)
        if grid is None:
            grid = Grid(stored.shape[:-4:-1], GRID.spacing, GRID.origin)
        volume = Volume(stored, grid, unit=unit, source=Source(study_uid=study), **about)
        session.place(i, Input(volume, name=f"image {i}"))
        return session.inputs[i]

    return put
