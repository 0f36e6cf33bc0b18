"""Blanking inside and outside an ROI: stored types, frames, other grids."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume
from vqscript.roi.cut import cut
from vqscript.roi.roiset import RoiSet

GRID = Grid((6, 5, 4), (1.0, 2.0, 3.0))
MASK = np.zeros(GRID.shape, bool)
MASK[1:3, 1:4, 2:5] = True


@pytest.fixture
def rois() -> RoiSet:
    rois = RoiSet(GRID)
    rois.set_mask(rois.add("Bed"), MASK)
    return rois


@pytest.mark.parametrize("inside", [True, False])
def test_a_ct_keeps_its_type(rois: RoiSet, inside: bool) -> None:
    volume = Volume(np.full(GRID.shape, 1100, np.int16), GRID, "HU", intercept=-1024.0)
    cut(rois, 1, volume, inside=inside)
    assert volume.stored.dtype == np.int16
    assert np.array_equal(volume.values(), np.where(inside == MASK, 0, 76))


def test_a_value_that_the_type_cannot_hold(rois: RoiSet) -> None:
    volume = Volume(np.full(GRID.shape, 10, np.uint8), GRID, slope=2.0)
    cut(rois, 1, volume, fill=-5.0)
    assert np.array_equal(volume.values(), np.where(MASK, -5, 20))


def test_all_frames_and_read_only_voxels(rois: RoiSet) -> None:
    stored = np.ones((2, *GRID.shape), np.float32)
    stored.setflags(write=False)
    volume = Volume(stored, GRID)
    cut(rois, 1, volume, fill=np.pi)
    for t in (0, 1):
        assert np.array_equal(volume.values(t=t), np.where(MASK, np.float32(np.pi), 1))
    assert (stored == 1).all()


def test_another_grid_takes_the_nearest_voxel(rois: RoiSet) -> None:
    fine = Grid((12, 10, 8), (0.5, 1.0, 1.5), (-0.25, -0.5, -0.75))
    expected = MASK.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    for inside in (True, False):
        volume = Volume(np.ones(fine.shape, np.float32), fine)
        cut(rois, 1, volume, inside=inside)
        assert np.array_equal(volume.stored == 0, expected == inside)


def test_an_roi_beside_the_volume(rois: RoiSet) -> None:
    far = Grid((3, 3, 3), origin=(500.0, 0.0, 0.0))
    volume = Volume(np.ones(far.shape, np.float32), far)
    cut(rois, 1, volume)
    assert (volume.stored == 1).all()
    cut(rois, 1, volume, inside=False)
    assert (volume.stored == 0).all()


def test_errors_leave_the_volume(rois: RoiSet) -> None:
    volume = Volume(np.ones(GRID.shape, np.float32), GRID)
    for j, fill in ((2, 0.0), (0, 0.0), (1, float("nan"))):
        with pytest.raises(RoiError):
            cut(rois, j, volume, fill=fill)
    assert (volume.stored == 1).all()
