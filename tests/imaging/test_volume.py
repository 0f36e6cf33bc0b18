from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vqscript.imaging.administration import Administration
from vqscript.imaging.grid import Grid
from vqscript.imaging.unit_path import UnitPath
from vqscript.imaging.volume import Volume


def ramp(slices: int = 5) -> Volume:
    grid = Grid((3, 2, slices))
    return Volume(np.arange(6 * slices, dtype=np.float32).reshape(grid.shape) - 4, grid)


def test_range_applies_slope_and_intercept():
    volume = replace(ramp(), stored=np.arange(-6, 24, dtype=np.int16).reshape(5, 2, 3), slope=-2.0, intercept=1.0)
    assert volume.range() == (-45.0, 13.0)


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_range_leaves_out_what_is_not_finite(odd):
    volume = ramp()
    volume.stored[0, 0, 0] = volume.stored[-1, -1, -1] = odd
    assert volume.range() == (-3.0, 24.0)
    volume.stored[:] = odd
    assert volume.range() == (0.0, 0.0)


def test_range_of_every_other_slice_and_of_all_frames():
    assert ramp(4).range(every=2) == (-4.0, 13.0)
    values = np.stack([ramp(4).stored, ramp(4).stored + 100])
    assert replace(ramp(4), stored=values).range() == (-4.0, 119.0)


@pytest.mark.parametrize(("weight", "warned"), [(70_000.0, False), (70.0, True), (7e8, True)])
def test_a_large_volume_is_glimpsed_at_but_judged_by_its_true_maximum(weight, warned):
    grid = Grid((256, 256, 96))
    values = np.full(grid.shape, 1000.0, dtype=np.float32)
    values[1, 2, 3] = 30_000.0  # not in a slice that is glimpsed at
    volume = Volume(values, grid, unit="Bq/mL")
    path = UnitPath(volume, "SUVbw", Administration(weight=weight, dose=370e6))
    factor = path.scale() / path.need("dose", "injected dose")
    path.look_at(factor)
    assert [f"{30_000 * factor:.3g}" in text for text in path.warnings] == ([True] if warned else [])
