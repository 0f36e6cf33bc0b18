"""Growing and shrinking masks: against brute force and SimpleITK, and by what morphology promises."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import binary_dilation

from vqscript.imaging.grid import Grid
from vqscript.roi import ball as module
from vqscript.roi.ball import Ball, closed, dilated, eroded, opened

_TILT = np.array([[1, 0, 0], [0, 1, 0.5], [0, 0, 0.75**0.5]])
ANISOTROPIC = Grid((9, 8, 7), (1.0, 1.5, 2.5))
SHEARED = Grid((9, 8, 7), (1.0, 1.5, 2.5), direction=_TILT)
SHAPE = (7, 8, 9)

masks = arrays(bool, SHAPE, elements=st.integers(0, 9).map(lambda n: n == 0))
grids = st.sampled_from([ANISOTROPIC, SHEARED])
radii = st.sampled_from([0.5, 1.0, 1.5, 2.5, 3.2, 4.6])


def structure(grid: Grid, radii: tuple[float, float, float]) -> np.ndarray:
    """All offsets within an ellipsoid, one by one."""
    z, y, x = np.indices((11, 11, 11)) - 5
    # Axes at right angles: x as it is, z across the slices, y between them.
    across = np.cross(grid.direction[:, 0], grid.direction[:, 1])
    axes = np.stack([grid.direction[:, 0], np.cross(across, grid.direction[:, 0]), across], axis=1)
    offsets = np.abs(np.stack([x, y, z], axis=-1) * np.array(grid.spacing) @ grid.direction.T @ axes)
    inside = [
        np.where(r > 0, d / max(r, 1e-30), np.where(d > 1e-9, 9.0, 0.0)) ** 2
        for d, r in zip(np.moveaxis(offsets, -1, 0), radii, strict=True)
    ]
    return sum(inside) <= 1 + 1e-9


def brute(mask: np.ndarray, grid: Grid, radii: tuple[float, float, float]) -> np.ndarray:
    """Voxels within an ellipsoid around any true voxel, offset by offset."""
    return binary_dilation(mask, structure(grid, radii))


@pytest.fixture(params=["shifts", "distances"])
def way(request, monkeypatch) -> None:
    """Both ways of finding what is near."""
    monkeypatch.setattr(module, "_MANY_ROWS", 10**6 if request.param == "shifts" else -1)


@pytest.mark.parametrize("grid", [ANISOTROPIC, SHEARED], ids=["anisotropic", "sheared"])
@pytest.mark.parametrize("mm", [(0.9, 0.9, 0.9), (2.5, 2.5, 2.5), (4.6, 4.6, 4.6), (3.0, 1.5, 0.0), (0.0, 0.0, 5.0)])
def test_both_ways_give_what_brute_force_gives(way, grid: Grid, mm) -> None:
    rng = np.random.default_rng(3)
    for share in (0.01, 0.1, 0.6):
        mask = rng.random(SHAPE) < share
        ball = Ball.of(grid, *mm)
        assert np.array_equal(dilated(mask, ball), brute(mask, grid, mm))
        padded = np.pad(mask, 5)
        assert np.array_equal(eroded(mask, ball), ~brute(~padded, grid, mm)[5:-5, 5:-5, 5:-5])


def test_the_rim_is_what_a_larger_array_would_hold(way) -> None:
    mask = np.random.default_rng(1).random(SHAPE) < 0.05
    rim = ((2, 0), (0, 3), (4, 1))
    wide = brute(np.pad(mask, rim), ANISOTROPIC, (4.6, 4.6, 4.6))
    assert np.array_equal(dilated(mask, Ball.of(ANISOTROPIC, 4.6), rim), wide)


def test_nothing_grows_into_nothing(way) -> None:
    empty = np.zeros(SHAPE, bool)
    for grid in (ANISOTROPIC, SHEARED):
        assert not dilated(empty, Ball.of(grid, 3.0)).any()
        assert not eroded(empty, Ball.of(grid, 3.0)).any()
        assert eroded(~empty, Ball.of(grid, 0.2)).all()


def test_a_ball_is_counted_in_voxels_along_each_axis() -> None:
    assert Ball.of(ANISOTROPIC, 5.0).reach == (2, 3, 5)
    assert Ball.of(ANISOTROPIC, 2.0, 0.0, 5.0).reach == (2, 0, 2)
    voxels = sum(last - first + 1 for _, _, first, last in Ball.of(Grid((1, 1, 1), (0.5, 0.5, 0.5)), 5.0).rows())
    assert voxels * 0.125 == pytest.approx(4 / 3 * np.pi * 125, rel=0.01)


@pytest.mark.parametrize("mm", [1.0, 1.5, 2.5, 4.6])
def test_distances_are_those_of_simpleitk(way, mm: float) -> None:
    mask = np.random.default_rng(5).random(SHAPE) < 0.02
    image = sitk.GetImageFromArray(mask.astype(np.uint8))
    image.SetSpacing(ANISOTROPIC.spacing)
    distance = sitk.GetArrayFromImage(sitk.SignedMaurerDistanceMap(image, squaredDistance=False, useImageSpacing=True))
    assert np.array_equal(dilated(mask, Ball.of(ANISOTROPIC, mm)), distance <= mm + 1e-5)


@given(mask=masks, grid=grids, mm=radii)
@settings(max_examples=60, deadline=None)
def test_what_morphology_promises(mask, grid: Grid, mm: float) -> None:
    ball = Ball.of(grid, mm)
    smaller, larger, open_, close = eroded(mask, ball), dilated(mask, ball), opened(mask, ball), closed(mask, ball)
    assert not (smaller & ~open_).any()
    assert not (open_ & ~mask).any()
    assert not (mask & ~close).any()
    assert not (close & ~larger).any()
    assert np.array_equal(opened(open_, ball), open_)
    assert np.array_equal(closed(close, ball), close)
    # What is taken off is what the outside grows by.
    assert np.array_equal(smaller, ~dilated(np.pad(~mask, 9, constant_values=True), ball)[9:-9, 9:-9, 9:-9])
