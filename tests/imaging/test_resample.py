"""Resampling against SimpleITK, and against values that are known."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from vqscript.errors import UsageError
from vqscript.imaging.grid import Grid
from vqscript.imaging.resample import resample, sample

RNG = np.random.default_rng(7)


def rotation(degrees: float, axis: tuple[float, float, float]) -> np.ndarray:
    n = np.asarray(axis) / np.linalg.norm(axis)
    K = np.array([[0, -n[2], n[1]], [n[2], 0, -n[0]], [-n[1], n[0], 0]])
    a = np.radians(degrees)
    return np.eye(3) + np.sin(a) * K + (1 - np.cos(a)) * K @ K


def itk_image(values: np.ndarray, grid: Grid) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(values)
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction.ravel().tolist())
    return image


def by_itk(values: np.ndarray, source: Grid, target: Grid, nearest: bool = False) -> np.ndarray:
    reference = itk_image(np.zeros(target.shape, np.float32), target)
    how = SimpleITK.sitkNearestNeighbor if nearest else SimpleITK.sitkLinear
    return SimpleITK.GetArrayFromImage(
        SimpleITK.Resample(itk_image(values, source), reference, SimpleITK.Transform(), how, -99.0)
    )


@pytest.fixture
def source() -> Grid:
    return Grid((20, 16, 12), (2.0, 2.5, 3.0), (-20.0, 5.0, 100.0), rotation(20, (0, 0, 1)))


TARGETS = {
    "finer": Grid((50, 40, 30), (0.7, 0.9, 1.1), (-18.0, 8.0, 101.0), rotation(20, (0, 0, 1))),
    "coarser, larger": Grid((9, 9, 9), (6.0, 6.0, 6.0), (-25.0, 0.0, 95.0), rotation(20, (0, 0, 1))),
    "flipped": Grid((20, 16, 12), (2.0, 2.5, 3.0), (10.0, 42.0, 131.0), rotation(20, (0, 0, 1)) @ np.diag([-1, -1, 1])),
    "axes swapped": Grid((16, 12, 20), (2.2, 2.9, 2.1), (-18.0, 8.0, 101.0), rotation(20, (0, 0, 1))[:, [1, 2, 0]]),
    "oblique": Grid((22, 21, 20), (1.5, 1.6, 1.7), (-18.0, 9.0, 104.0), rotation(35, (1, 2, 3))),
}


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_linear_equals_simpleitk(source: Grid, name: str, dtype: type) -> None:
    values = (RNG.random(source.shape) * 1000).astype(dtype)
    found = resample(values, source, TARGETS[name], fill=-99.0)
    expected = by_itk(values.astype(np.float32), source, TARGETS[name])
    assert found.dtype == np.float32
    assert found.shape == TARGETS[name].shape
    assert (expected != -99).mean() > 0.05, "the case tests nothing"
    np.testing.assert_allclose(found, expected, atol=2e-3)


@pytest.mark.parametrize("name", ["finer", "coarser, larger", "oblique"])
def test_nearest_keeps_labels(source: Grid, name: str) -> None:
    labels = RNG.integers(0, 5, source.shape, dtype=np.uint8)
    found = resample(labels, source, TARGETS[name], order=0, fill=9)
    expected = by_itk(labels.astype(np.float32), source, TARGETS[name], nearest=True)
    expected[expected == -99] = 9
    assert found.dtype == np.uint8
    # A point halfway between two centres may go to either.
    assert (found == expected).mean() > 0.995


def test_same_grid_is_a_copy(source: Grid) -> None:
    values = RNG.random(source.shape, dtype=np.float32)
    found = resample(values, source, source)
    np.testing.assert_array_equal(found, values)
    assert not np.shares_memory(found, values)


def test_shifted_by_whole_voxels_does_not_write_into_the_source(source: Grid) -> None:
    values = RNG.random(source.shape, dtype=np.float32)
    before = values.copy()
    found = resample(values, source, source.cropped((-2, -1, 3), source.size), fill=-1.0)
    np.testing.assert_array_equal(values, before)
    np.testing.assert_allclose(found[:9, 1:, 2:], values[3:, :-1, :-2], rtol=1e-6)
    assert (found[9:] == -1).all()
    assert (found[:, :, :2] == -1).all()


def test_a_single_plane_equals_that_plane_of_the_whole(source: Grid) -> None:
    values = RNG.random(source.shape, dtype=np.float32)
    target = TARGETS["finer"]
    whole = resample(values, source, target)
    x, y, z = target.size
    np.testing.assert_allclose(resample(values, source, target.cropped((0, 0, 7), (x, y, 1)))[0], whole[7], atol=1e-5)
    np.testing.assert_allclose(
        resample(values, source, target.cropped((0, 9, 0), (x, 1, z)))[:, 0], whole[:, 9], atol=1e-5
    )


def test_value_holds_to_the_edge_of_the_outermost_voxel() -> None:
    grid = Grid((4, 1, 1))
    values = np.array([1, 2, 3, 4], np.float32).reshape(1, 1, 4)
    target = Grid((6, 1, 1), (1.0, 1.0, 1.0), (-0.9, 0.0, 0.0))
    found = resample(values, grid, Grid((10, 1, 1), (0.5, 1.0, 1.0), (-0.75, 0.0, 0.0)), fill=0.0)
    np.testing.assert_allclose(found.ravel(), [0, 1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4, 0])
    assert resample(values, grid, target)[0, 0, 0] == 0
    # One plane, and a point half a slice beside it.
    np.testing.assert_allclose(resample(values, grid, Grid((4, 1, 1), origin=(0, 0, 0.4))), values)


def test_nan_does_not_spread_beyond_its_neighbours() -> None:
    grid = Grid((5, 5, 5))
    values = np.ones(grid.shape, np.float32)
    values[2, 2, 2] = np.nan
    found = resample(values, grid, Grid((9, 9, 9), (0.5, 0.5, 0.5)))
    assert np.isnan(found).sum() == 27
    assert not np.isnan(found[2]).any()


def test_sample_reads_world_positions(source: Grid) -> None:
    values = RNG.random(source.shape)
    index = np.array([[3, 4, 5], [3.25, 4.5, 5.75], [19.4, 15.4, 11.4], [-1, 0, 0], [0, 0, 11.6]])
    found = sample(values, source, source.to_world(index))
    assert found.dtype == np.float64
    assert found[0] == pytest.approx(values[5, 4, 3])
    x, y, z = 0.25, 0.5, 0.75
    corners = sum(
        values[5 + k, 4 + j, 3 + i] * (x if i else 1 - x) * (y if j else 1 - y) * (z if k else 1 - z)
        for i in (0, 1)
        for j in (0, 1)
        for k in (0, 1)
    )
    assert found[1] == pytest.approx(corners)
    assert found[2] == pytest.approx(values[11, 15, 19])
    assert np.isnan(found[3:]).all()


def test_what_cannot_be_done_is_said(source: Grid) -> None:
    with pytest.raises(UsageError, match="order 3"):
        resample(np.zeros(source.shape), source, source, order=3)
    with pytest.raises(ValueError, match="does not lie"):
        resample(np.zeros((2, 2, 2)), source, source)
