"""Connected parts and holes: against SimpleITK."""

from __future__ import annotations

import numpy as np
import pytest
import SimpleITK as sitk

from vqscript.errors import RoiError
from vqscript.roi.components import around, filled, largest

RNG = np.random.default_rng(11)
CLOUD = RNG.random((24, 30, 40)) < 0.28


def image_of(mask: np.ndarray) -> sitk.Image:
    return sitk.GetImageFromArray(mask.astype(np.uint8))


@pytest.mark.parametrize("neighbours", [6, 26])
@pytest.mark.parametrize("share", [0.02, 0.2, 0.31])
def test_the_largest_part_is_that_of_simpleitk(neighbours: int, share: float) -> None:
    mask = np.random.default_rng(2).random((24, 30, 40)) < share
    components = sitk.ConnectedComponent(image_of(mask), neighbours == 26)
    sizes = np.bincount(sitk.GetArrayFromImage(components).ravel())[1:]
    found = largest(mask, neighbours)
    assert np.count_nonzero(found) == sizes.max()
    label = sitk.GetArrayFromImage(components)[found]
    assert (label == label[0]).all()


def test_of_equal_parts_the_first_is_taken_and_nothing_has_none() -> None:
    mask = np.zeros((3, 3, 3), bool)
    mask[0, 0, 0] = mask[2, 2, 2] = True
    assert np.argwhere(largest(mask)).tolist() == [[0, 0, 0]]
    assert not largest(np.zeros((3, 3, 3), bool)).any()
    # Over corners three in a row are one.
    mask[1, 1, 1] = True
    assert [np.count_nonzero(largest(mask, n)) for n in (6, 18, 26)] == [1, 1, 3]


@pytest.mark.parametrize("neighbours", [6, 26])
def test_what_is_connected_with_a_seed_is_that_of_simpleitk(neighbours: int) -> None:
    looked_at = []

    def inside(region: tuple[slice, slice, slice]) -> np.ndarray:
        looked_at.append(region)
        return CLOUD[region]

    seeds = np.argwhere(CLOUD)
    for n in range(0, len(seeds), len(seeds) // 12):
        seed = tuple(int(at) for at in seeds[n])
        region, mask = around(inside, seed, CLOUD.shape, neighbours)
        whole = np.zeros(CLOUD.shape, bool)
        whole[region] = mask
        expected = sitk.ConnectedThreshold(
            image_of(CLOUD),
            [seed[::-1]],
            1,
            1,
            1,
            sitk.ConnectedThresholdImageFilter.FullConnectivity
            if neighbours == 26
            else sitk.ConnectedThresholdImageFilter.FaceConnectivity,
        )
        assert np.array_equal(whole, sitk.GetArrayFromImage(expected) == 1)


def test_a_small_part_of_a_large_image_is_found_by_looking_around_it() -> None:
    voxels = []

    def inside(region: tuple[slice, slice, slice]) -> np.ndarray:
        mask = np.zeros([along.stop - along.start for along in region], bool)
        voxels.append(mask.size)
        z, y, x = np.ogrid[region]
        return mask | ((z - 500) ** 2 + (y - 500) ** 2 + (x - 500) ** 2 < 20**2)

    region, mask = around(inside, (500, 500, 515), (1000, 1000, 1000))
    assert region == (slice(481, 520),) * 3
    assert np.count_nonzero(mask) == pytest.approx(4 / 3 * np.pi * 8000, rel=0.01)
    assert sum(voxels) < 2e7


def test_a_winding_part_is_followed_to_its_end() -> None:
    path = np.zeros((3, 200, 200), bool)
    path[1, ::4] = True
    for n, row in enumerate(range(0, 196, 4)):
        path[1, row : row + 5, -1 if n % 2 == 0 else 0] = True
    region, mask = around(lambda region: path[region], (1, 0, 0), path.shape)
    assert np.count_nonzero(mask) == np.count_nonzero(path)
    assert region == (slice(1, 2), slice(0, 197), slice(0, 200))


def test_holes_are_those_of_simpleitk() -> None:
    for share in (0.3, 0.6, 0.8):
        mask = np.random.default_rng(4).random((12, 14, 16)) < share
        expected = sitk.GetArrayFromImage(sitk.BinaryFillhole(image_of(mask))) == 1
        assert np.array_equal(filled(mask), expected)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_holes_of_slices_are_those_of_each_slice(axis: int) -> None:
    mask = np.random.default_rng(6).random((12, 14, 16)) < 0.6
    found = np.moveaxis(filled(mask, axis), 2 - axis, 0)
    for plane, expected in zip(found, np.moveaxis(mask, 2 - axis, 0), strict=True):
        assert np.array_equal(plane, sitk.GetArrayFromImage(sitk.BinaryFillhole(image_of(expected))) == 1)


def test_a_tube_is_a_hole_of_its_slices_only() -> None:
    tube = np.zeros((5, 6, 6), bool)
    tube[:, 1:5, 1:5] = True
    tube[:, 2:4, 2:4] = False
    assert np.array_equal(filled(tube), tube)
    assert filled(tube, 2)[:, 2:4, 2:4].all()
    assert np.array_equal(filled(tube, 0), tube)
    full = np.ones((3, 3, 3), bool)
    assert filled(full).all()
    assert not filled(~full).any()


def test_other_neighbours_are_refused() -> None:
    with pytest.raises(RoiError, match="4 neighbours"):
        largest(CLOUD, 4)
