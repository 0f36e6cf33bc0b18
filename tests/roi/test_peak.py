"""The peak sphere against the plain definition: for every voxel of the ROI, the mean of all voxels within reach."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region, Volume
from vqscript.roi.peak import Peak, peak_sphere

SIZE = (11, 9, 7)
SHEAR = np.array([[1, 0, 0], [0, 1, 0.3], [0, 0, 0.9539392014169456]])
RNG = np.random.default_rng(5)
IMAGE = RNG.normal(size=SIZE[::-1]).astype(np.float32)


def brute(image: np.ndarray, grid: Grid, where: np.ndarray, ml: float) -> tuple[float, tuple[int, ...]]:
    """Highest mean, and the voxel (x, y, z) at its centre."""
    radius = (3000 * ml / (4 * np.pi)) ** (1 / 3)
    index = np.argwhere(np.ones(image.shape, bool))
    points = grid.to_world(index[:, ::-1])
    best = (-np.inf, (0, 0, 0))
    for z, y, x in np.argwhere(where & np.isfinite(image)):
        near = np.linalg.norm(points - grid.to_world((x, y, z)), axis=1) <= radius
        mean = np.nanmean(image[tuple(index[near].T)].astype(float))
        best = max(best, (mean, (int(x), int(y), int(z))))
    return best


def find(image: np.ndarray, grid: Grid, where: np.ndarray, ml: float = 1.0) -> Peak | None:
    region: Region = (slice(1, 6), slice(0, 8), slice(2, 11))
    assert not where.any() or where.sum() == where[region].sum()
    return peak_sphere(Volume(image, grid), grid, region, where[region], ml=ml)


@pytest.fixture
def where() -> np.ndarray:
    mask = np.zeros(IMAGE.shape, bool)
    mask[1:6, 0:8, 2:11] = RNG.random((5, 8, 9)) < 0.4
    return mask


@pytest.mark.parametrize("ml", [0.3, 1.0, 2.0])
@pytest.mark.parametrize(
    "grid", [Grid(SIZE, (3.0, 3.0, 3.0)), Grid(SIZE, (2.0, 3.0, 5.0)), Grid(SIZE, (4.0, 4.0, 4.0), direction=SHEAR)]
)
def test_it_is_the_highest_mean_of_all(grid, where, ml):
    mean, center = brute(IMAGE, grid, where, ml)
    found = find(IMAGE, grid, where, ml)
    assert found is not None
    assert found.center == center
    assert found.mean == pytest.approx(mean, rel=1e-12)
    assert IMAGE[found.region][found.mask].astype(float).mean() == pytest.approx(mean, rel=1e-12)


def test_voxels_without_a_value_are_left_out(where):
    image = IMAGE.copy()
    image[RNG.random(image.shape) < 0.3] = np.nan
    grid = Grid(SIZE, (3.0, 3.0, 3.0))
    found = find(image, grid, where)
    assert found is not None
    mean, center = brute(image, grid, where, 1.0)
    assert found.center == center
    assert found.mean == pytest.approx(mean, rel=1e-12)
    assert find(np.full_like(image, np.nan), grid, where) is None
    assert find(image, grid, np.zeros_like(where)) is None


def test_a_large_roi_is_searched_in_parts(where, monkeypatch):
    monkeypatch.setattr("vqscript.roi.peak._SLAB", 1)
    grid = Grid(SIZE, (4.0, 4.0, 6.0))  # the ball is three planes deep, the ROI five
    found = find(IMAGE, grid, where)
    assert found is not None
    mean, center = brute(IMAGE, grid, where, 1.0)
    assert found.center == center
    assert found.mean == pytest.approx(mean, rel=1e-12)


def test_on_a_plateau_it_is_the_first_voxel(where):
    found = find(np.full_like(IMAGE, 0.1), Grid(SIZE, (3.0, 3.0, 3.0)), where)
    z, y, x = np.argwhere(where)[0]
    assert found is not None
    assert found.center == (x, y, z)
    assert found.mean == pytest.approx(np.float32(0.1), rel=1e-12)


def test_its_volume_is_about_what_was_asked():
    grid = Grid((60, 60, 60), (0.5, 0.5, 0.5))
    at = (slice(30, 31),) * 3
    found = peak_sphere(Volume(np.ones(grid.shape), grid), grid, at, np.ones((1, 1, 1), bool))
    assert found is not None
    assert found.mask.sum() * grid.voxel_volume == pytest.approx(1000, rel=0.01)


def test_an_input_of_another_grid_is_interpolated_around_the_roi():
    pet = Grid((20, 20, 20), (4.0, 4.0, 4.0))
    index = np.indices(pet.shape)[::-1].reshape(3, -1).T
    ramp = pet.to_world(index).reshape(*pet.shape, 3) @ [1.0, 2.0, 0.5]
    ct = Grid((60, 60, 60), (1.0, 1.0, 1.0), (9.5, 9.5, 9.5))
    region = (slice(20, 30), slice(20, 30), slice(20, 30))
    found = peak_sphere(Volume(ramp.astype(np.float32), pet), ct, region, np.ones((10, 10, 10), bool))
    assert found is not None
    assert found.center == (29, 29, 29)  # a ramp is highest at its end, and a sphere's mean is that of its centre
    assert found.mean == pytest.approx(ct.to_world((29, 29, 29)) @ [1.0, 2.0, 0.5], rel=1e-5)


@pytest.mark.parametrize("ml", [0, -1.0, float("nan"), float("inf"), 1e9])
def test_a_sphere_that_cannot_be(where, ml):
    with pytest.raises(RoiError, match="a sphere of"):
        find(IMAGE, Grid(SIZE, (3.0, 3.0, 3.0)), where, ml)
