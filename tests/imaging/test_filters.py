"""Filters: by hand, against SimpleITK and plain numpy, and around voxels that are NaN."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK

from vqscript.errors import GeometryError, UsageError
from vqscript.imaging.filters import FWHM_PER_SIGMA, gaussian, mean, median
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume

RNG = np.random.default_rng(11)


def volume(values: np.ndarray, spacing: tuple[float, float, float] = (1.0, 1.0, 1.0), **more: object) -> Volume:
    z, y, x = values.shape[-3:]
    return Volume(values, Grid((x, y, z), spacing), **more)  # type: ignore[arg-type]


def point(n: int = 41) -> np.ndarray:
    values = np.zeros((n, n, n), dtype=np.float32)
    values[n // 2, n // 2, n // 2] = 1000
    return values


def test_gaussian_of_a_point_has_that_width_in_mm_along_each_axis() -> None:
    spacing = (0.5, 1.0, 2.0)
    found = gaussian(volume(point(), spacing, unit="uCi"), 6.0)
    assert found.unit == "uCi"
    assert found.stored.dtype == np.float32
    assert float(found.stored.sum(dtype=np.float64)) == pytest.approx(1000, rel=1e-4)
    line = found.stored[20, 20]
    # Half of the maximum 3 mm, six voxels, beside the centre: exp(-4 ln 2 (3 / 6)^2).
    assert line[26] / line[20] == pytest.approx(0.5, rel=1e-3)
    assert found.stored[20, 23, 20] / line[20] == pytest.approx(0.5, rel=1e-3)
    assert found.stored[21, 20, 20] / line[20] == pytest.approx(math.exp(-4 * math.log(2) * (2 / 6) ** 2), rel=1e-3)


def test_gaussian_equals_simpleitk_away_from_the_edges() -> None:
    values = RNG.random((30, 30, 30), dtype=np.float32)
    image = SimpleITK.GetImageFromArray(values)
    image.SetSpacing((1.5, 1.0, 1.2))
    fwhm = 3.5
    variance = (fwhm / FWHM_PER_SIGMA) ** 2
    expected = SimpleITK.GetArrayFromImage(SimpleITK.DiscreteGaussian(image, variance, 64, 1e-5))
    inner = (slice(8, -8),) * 3
    found = gaussian(volume(values, (1.5, 1.0, 1.2)), fwhm).stored
    # Two kernels of one width: sampled, and the discrete analogue.
    assert np.abs(found - expected)[inner].max() < 0.1 * values[inner].std()
    assert np.abs(values - expected)[inner].max() > values[inner].std()


def test_width_per_axis_and_slices_left_apart() -> None:
    found = gaussian(volume(point()), (4.0, 4.0, 0.0)).stored
    assert found[20].sum() == pytest.approx(1000, rel=1e-4)
    assert not found[:20].any()


@pytest.mark.parametrize("smooth", [lambda v: gaussian(v, 4.0), lambda v: mean(v, 2)])
def test_totals_stay_at_the_edge_too(smooth: object) -> None:
    values = np.zeros((8, 9, 10), dtype=np.float32)
    values[0, 8, 9] = 100
    values[3, 0, 4] = 50
    found = smooth(volume(values, unit="counts"))  # type: ignore[operator]
    assert float(found.stored.sum(dtype=np.float64)) == pytest.approx(150, rel=1e-5)


def test_mean_by_hand() -> None:
    values = np.arange(5, dtype=np.int16).reshape(1, 1, 5) * 10
    found = mean(volume(values, slope=2.0, intercept=-4.0), (1, 0, 0))
    # Values -4, 16, 36, 56, 76; the outermost one counts twice at the edge.
    np.testing.assert_allclose(found.values()[0, 0], [8 / 3, 16, 36, 56, 208 / 3], rtol=1e-6)
    assert (found.slope, found.intercept) == (1.0, 0.0)


@pytest.mark.parametrize("radius", [1, (1, 1, 0), (0, 1, 0), (2, 0, 1), 2])
@pytest.mark.parametrize("dtype", [np.float32, np.int16])
def test_median_equals_numpy(radius: int | tuple[int, int, int], dtype: type) -> None:
    values = (RNG.random((7, 9, 12)) * 1000).astype(dtype)
    x, y, z = (radius,) * 3 if isinstance(radius, int) else radius
    padded = np.pad(values, [(z, z), (y, y), (x, x)], mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * z + 1, 2 * y + 1, 2 * x + 1))
    found = median(volume(values, slope=0.5, intercept=-10.0), radius)
    assert found.stored.dtype == dtype
    assert (found.slope, found.intercept) == (0.5, -10.0)
    np.testing.assert_array_equal(found.stored, np.median(windows, axis=(3, 4, 5)))


def test_median_removes_a_speck_and_keeps_an_edge() -> None:
    values = np.zeros((9, 9, 9), dtype=np.float32)
    values[:, :, 5:] = 10
    expected = values.copy()
    values[4, 4, 2] = 99
    np.testing.assert_array_equal(median(volume(values), 1).stored, expected)


@pytest.mark.parametrize("smooth", [lambda v: gaussian(v, 3.0), lambda v: mean(v, 1), lambda v: median(v, 1)])
def test_nan_stays_and_does_not_spread(smooth: object) -> None:
    values = np.full((9, 9, 9), 7.0, dtype=np.float32)
    values[4, 4, 4] = values[0, 0, 0] = np.nan
    values[:, :, 7:] = np.nan
    before = values.copy()
    found = smooth(volume(values)).stored  # type: ignore[operator]
    np.testing.assert_array_equal(np.isnan(found), np.isnan(values))
    np.testing.assert_allclose(found[~np.isnan(found)], 7.0, rtol=1e-6)
    np.testing.assert_array_equal(values, before)


@pytest.mark.parametrize("radius", [1, 2])
def test_median_beside_nan_is_that_of_the_others(radius: int) -> None:
    values = RNG.random((6, 7, 8)).astype(np.float32)
    values[RNG.random(values.shape) < 0.2] = np.nan
    padded = np.pad(values, radius, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (2 * radius + 1,) * 3)
    expected = np.nanmedian(windows, axis=(3, 4, 5))
    expected[np.isnan(values)] = np.nan
    np.testing.assert_allclose(median(volume(values), radius).stored, expected, rtol=1e-6)


@pytest.mark.parametrize("smooth", [lambda v: gaussian(v, 3.0), lambda v: mean(v, 1), lambda v: median(v, 1)])
def test_frames_are_filtered_apart_and_the_input_stays(smooth: object) -> None:
    values = RNG.random((3, 6, 7, 8), dtype=np.float32)
    before = values.copy()
    found = smooth(volume(values)).stored  # type: ignore[operator]
    for t in range(3):
        np.testing.assert_array_equal(found[t], smooth(volume(values[t])).stored)  # type: ignore[operator]
    np.testing.assert_array_equal(values, before)


def test_one_slice() -> None:
    values = RNG.random((1, 6, 7), dtype=np.float32)
    assert gaussian(volume(values), (2.0, 2.0, 0.0)).stored.shape == (1, 6, 7)
    assert median(volume(values), (1, 1, 0)).stored.shape == (1, 6, 7)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda v: gaussian(v, -1.0), "-1, -1, -1 mm"),
        (lambda v: gaussian(v, math.nan), "nan"),
        (lambda v: gaussian(v, (1.0, 1.0)), "1, 1 mm"),
        (lambda v: gaussian(v, 100.0), "wider than the volume, 6 mm"),
        (lambda v: mean(v, 1.5), "1.5 voxels"),
        (lambda v: mean(v, (1, 1, 99)), "99 voxels, and the volume has 6"),
        (lambda v: median(v, 6), "at most 5"),
    ],
)
def test_refused(call: object, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        call(volume(np.zeros((6, 6, 6), dtype=np.float32)))  # type: ignore[operator]
    assert caught.value.hint


def test_a_tilted_volume_is_resampled_first() -> None:
    direction = np.eye(3)
    direction[:, 2] = (0, math.sin(0.3), math.cos(0.3))
    tilted = Volume(np.zeros((4, 4, 4), np.float32), Grid((4, 4, 4), direction=direction))
    with pytest.raises(GeometryError, match="gantry tilt"):
        gaussian(tilted, 2.0)
