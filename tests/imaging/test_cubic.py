"""Cubic interpolation against SimpleITK's B-spline, and against a curve that it must meet."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK

from vqscript.imaging.cubic import cubic
from vqscript.imaging.grid import Grid

RNG = np.random.default_rng(5)


def turned(degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


def itk_image(values: np.ndarray, grid: Grid) -> SimpleITK.Image:
    image = SimpleITK.GetImageFromArray(values)
    image.SetSpacing(grid.spacing)
    image.SetOrigin(grid.origin)
    image.SetDirection(grid.direction.ravel().tolist())
    return image


SOURCE = Grid((20, 16, 12), (2.0, 2.5, 3.0), (-20.0, 5.0, 100.0), turned(20))
TARGETS = {
    "finer": Grid((50, 40, 30), (0.7, 0.9, 1.1), (-18.0, 8.0, 101.0), turned(20)),
    "coarser, larger": Grid((9, 9, 9), (6.0, 6.0, 6.0), (-25.0, 0.0, 95.0), turned(20)),
    "axes swapped": Grid((16, 12, 20), (2.2, 2.9, 2.1), (-18.0, 8.0, 101.0), turned(20)[:, [1, 2, 0]]),
    "oblique": Grid((22, 21, 20), (1.5, 1.6, 1.7), (-18.0, 9.0, 104.0), turned(35)),
}


@pytest.mark.parametrize("name", TARGETS)
@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_equals_simpleitk_between_the_outermost_centres(name: str, dtype: type) -> None:
    target = TARGETS[name]
    values = (RNG.random(SOURCE.shape) * 100).astype(dtype)
    expected = SimpleITK.GetArrayFromImage(
        SimpleITK.Resample(
            itk_image(values.astype(np.float32), SOURCE),
            itk_image(np.zeros(target.shape, np.float32), target),
            SimpleITK.Transform(),
            SimpleITK.sitkBSpline,
            -99.0,
        )
    )
    found = cubic(values, SOURCE, target, fill=-99.0)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found == -99, expected == -99)
    z, y, x = np.indices(target.shape)
    index = SOURCE.to_index(target.to_world(np.stack([x, y, z], axis=-1)))
    between = ((index >= 0) & (index <= np.asarray(SOURCE.size) - 1)).all(axis=-1)
    assert between.mean() > 0.05, "the case tests nothing"
    np.testing.assert_allclose(found[between], expected[between], atol=2e-3)


def test_goes_through_the_voxels_and_follows_a_parabola() -> None:
    x = np.arange(40, dtype=np.float32)
    values = np.broadcast_to((x - 17) ** 2, (3, 4, 40)).copy()
    grid = Grid((40, 4, 3))
    np.testing.assert_allclose(cubic(values, grid, grid), values, rtol=1e-4, atol=1e-2)
    between = cubic(values, grid, Grid((20, 4, 3), origin=(10.5, 0, 0)))
    np.testing.assert_allclose(between[1, 2], (np.arange(10.5, 30) - 17) ** 2, atol=0.01)


@pytest.mark.parametrize("length", [1, 2, 3])
def test_short_lines(length: int) -> None:
    values = np.arange(length, dtype=np.float32).reshape(length, 1, 1)
    grid = Grid((1, 1, length))
    np.testing.assert_allclose(cubic(values, grid, grid).ravel(), np.arange(length), atol=1e-6)
    # Up to the edge of the volume the outermost value holds, beyond it there is nothing.
    found = cubic(values + 5, grid, Grid((1, 1, 3), (1, 1, 0.4), (0, 0, length - 1)), fill=-1.0)
    np.testing.assert_allclose(found.ravel(), [length + 4, length + 4, -1], atol=1e-6)


@pytest.mark.parametrize("direction", [turned(0), turned(5)])
def test_nan_does_not_spread_further_than_its_neighbours(direction: np.ndarray) -> None:
    values = np.full((9, 9, 9), 3.0, dtype=np.float32)
    values[4, 4, 4] = np.nan
    target = Grid((13, 13, 13), (0.5, 0.5, 0.5), (1.1, 1.1, 1.1), direction)
    found = cubic(values, Grid((9, 9, 9)), target)
    z, y, x = np.indices(target.shape)
    far = np.abs(target.to_world(np.stack([x, y, z], axis=-1)) - 4).max(axis=-1)
    assert np.isnan(found[far < 0.99]).all()
    np.testing.assert_allclose(found[far > 1.01], 3.0, rtol=1e-6)
    assert np.isnan(cubic(np.full((3, 3, 3), np.nan, np.float32), Grid((3, 3, 3)), Grid((3, 3, 3)))).all()
