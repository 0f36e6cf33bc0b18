"""Erosion and dilation in mm, on anisotropic and sheared grids."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.roi.morphology import apply_erode, dilate, erode
from vqscript.roi.roiset import RoiSet

ANISOTROPIC = Grid((15, 13, 9), (1.0, 1.5, 3.0))
_TILTED = np.array([[1, 0, 0], [0, 1, 0.5], [0, 0, 0.75**0.5]])
SHEARED = Grid((15, 13, 9), (1.0, 1.5, 3.0), direction=_TILTED)


def positions(grid: Grid) -> np.ndarray:
    z, y, x = np.indices(grid.shape)
    return grid.to_world(np.stack([x, y, z], axis=-1).reshape(-1, 3))


def within(grid: Grid, sources: np.ndarray, mm: float) -> np.ndarray:
    """Voxels within a distance of any true voxel, by comparing all with all."""
    at = positions(grid)
    near = np.zeros(len(at), bool)
    for source in at[sources.ravel()]:
        near |= np.linalg.norm(at - source, axis=1) <= mm + 1e-9
    return near.reshape(grid.shape)


def blob(grid: Grid) -> np.ndarray:
    mask = np.zeros(grid.shape, bool)
    mask[2:7, 4:10, 5:11] = True
    mask[4, 6, 3:5] = True
    return mask


@pytest.mark.parametrize("grid", [ANISOTROPIC, SHEARED], ids=["anisotropic", "sheared"])
@pytest.mark.parametrize("mm", [0.9, 1.0, 3.0, 4.4])
def test_both_use_a_ball_in_mm(grid: Grid, mm: float) -> None:
    rois = RoiSet(grid)
    j = rois.add("Blob")
    rois.set_mask(j, blob(grid))
    dilate(rois, j, mm)
    assert np.array_equal(rois.mask(j), within(grid, blob(grid), mm))

    rois.set_mask(j, blob(grid))
    erode(rois, j, mm)
    assert np.array_equal(rois.mask(j), ~within(grid, ~blob(grid), mm))


def test_the_edge_of_the_image_counts_as_outside() -> None:
    rois = RoiSet(ANISOTROPIC)
    rois.set_mask(rois.add("All"), np.ones(ANISOTROPIC.shape))
    erode(rois, 1, 3.0)
    assert rois.box(1) == (slice(1, 8), slice(2, 11), slice(3, 12))
    dilate(rois, 1, 1000.0)
    assert rois.mask(1).all()
    erode(rois, 1, 1000.0)
    assert rois.count(1) == 0


def test_one_voxel_off_all_that_are_not_locked() -> None:
    rois = RoiSet(ANISOTROPIC)
    for n, name in enumerate(("First", "Second", "Locked")):
        mask = np.zeros(ANISOTROPIC.shape)
        mask[2:5, 4 * n : 4 * n + 3, 2:6] = 1
        rois.set_mask(rois.add(name), mask)
    rois.edit(3, locked=True)
    assert apply_erode(rois) == [1, 2]
    assert [rois.count(j) for j in (1, 2, 3)] == [2, 2, 36]
    assert rois.box(1) == (slice(3, 4), slice(1, 2), slice(3, 5))
    with pytest.raises(RoiError, match="locked"):
        apply_erode(rois, 3)


@pytest.mark.parametrize("mm", [0.0, -1.0, float("nan"), float("inf")])
def test_a_distance_has_to_be_positive(mm: float) -> None:
    rois = RoiSet(ANISOTROPIC)
    rois.set_mask(rois.add("Blob"), blob(ANISOTROPIC))
    for operation in (erode, dilate):
        with pytest.raises(RoiError, match="distance"):
            operation(rois, 1, mm)
    assert np.array_equal(rois.mask(1), blob(ANISOTROPIC))
