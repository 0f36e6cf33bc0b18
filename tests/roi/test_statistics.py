"""Statistics of an ROI against numbers worked out by hand and published ones."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume
from vqscript.roi.roiset import RoiSet
from vqscript.roi.statistics import measure

GRID = Grid((4, 3, 2), (1.0, 2.0, 5.0), (10.0, 20.0, 30.0))


def roi_of(grid: Grid, *voxels: tuple[int, int, int]) -> RoiSet:
    """One ROI with the given voxels (x, y, z)."""
    rois = RoiSet(grid)
    mask = np.zeros(grid.shape, bool)
    for x, y, z in voxels:
        mask[z, y, x] = True
    rois.set_mask(rois.add("Tumor"), mask)
    return rois


def test_hand_computed() -> None:
    image = np.zeros(GRID.shape, np.int16)
    for (x, y, z), value in {(0, 0, 0): 1, (1, 0, 0): 2, (2, 2, 1): 3, (3, 2, 1): 10}.items():
        image[z, y, x] = value
    volume = Volume(image, GRID, "HU", slope=2.0, intercept=-1.0)  # values 1, 3, 5, 19: mean 7
    fields = measure(roi_of(GRID, (0, 0, 0), (1, 0, 0), (2, 2, 1), (3, 2, 1)), 1, volume).fields()

    squares = 36 + 16 + 4 + 144
    cubes = -216 - 64 - 8 + 1728
    fourths = 1296 + 256 + 16 + 20736
    expected = {
        "voxels": 4,
        "volume": 40.0,
        "volumeML": 0.04,
        "mean": 7.0,
        "sd": (squares / 3) ** 0.5,
        "std": (squares / 3) ** 0.5,
        "variance": squares / 3,
        "variancePopulation": squares / 4,
        "min": 1.0,
        "max": 19.0,
        "median": 4.0,
        "sum": 28.0,
        "integral": 0.28,
        "skewness": cubes / 4 / (squares / 4) ** 1.5,
        "kurtosis": fourths / 4 / (squares / 4) ** 2 - 3,
    }
    assert fields.pop("com") == pytest.approx((1.5, 1.0, 0.5))
    assert fields.pop("comMm") == pytest.approx((11.5, 22.0, 32.5))
    assert {key: fields.pop(key) for key in expected} == pytest.approx(expected)
    assert fields == {"name": "Tumor", "unit": "HU", "sampling": "voxel"}


def test_an_empty_roi_has_a_volume_and_no_values() -> None:
    fields = measure(roi_of(GRID), 1, Volume(np.ones(GRID.shape), GRID, "HU")).fields()
    assert fields == {"name": "Tumor", "voxels": 0, "volume": 0.0, "volumeML": 0.0, "unit": "HU", "sampling": "voxel"}


def test_one_voxel_has_no_sample_variance() -> None:
    fields = measure(roi_of(GRID, (1, 1, 1)), 1, Volume(np.full(GRID.shape, 3.0), GRID)).fields()
    assert not {"sd", "std", "variance"} & fields.keys()
    assert (fields["mean"], fields["variancePopulation"], fields["skewness"], fields["kurtosis"]) == (3.0, 0, 0, 0)


def test_equal_values_have_no_spread() -> None:
    volume = Volume(np.full(GRID.shape, 0.1, np.float32), GRID)
    statistics = measure(roi_of(GRID, *((x, y, 0) for x in range(3) for y in range(3))), 1, volume)
    assert (statistics.sd, statistics.skewness, statistics.kurtosis) == (0, 0, 0)


def test_nan_leaves_statistics_and_volume() -> None:
    image = np.arange(24, dtype=np.float32).reshape(GRID.shape)
    image[0, 0, 0] = np.nan
    statistics = measure(roi_of(GRID, (0, 0, 0), (1, 0, 0), (3, 0, 0)), 1, Volume(image, GRID))
    assert (statistics.voxels, statistics.volume, statistics.mean, statistics.com) == (2, 20.0, 2.0, (2.0, 0.0, 0.0))
    image[:] = np.nan
    assert "mean" not in measure(roi_of(GRID, (1, 1, 1)), 1, Volume(image, GRID)).fields()


def test_a_frame_of_a_dynamic_volume() -> None:
    image = np.stack([np.full(GRID.shape, t, np.int16) for t in (5, 6)])
    rois = roi_of(GRID, (0, 0, 0))
    assert [measure(rois, 1, Volume(image, GRID), t).mean for t in (0, 1)] == [5, 6]
    with pytest.raises(RoiError, match="no frame 2"):
        measure(rois, 1, Volume(image, GRID), 2)


def test_sums_are_accumulated_in_double_precision() -> None:
    grid = Grid((300, 300, 20))
    image = np.full(grid.shape, 0.1, np.float32)
    image[0, 0, 0] = 1e6
    rois = RoiSet(grid)
    rois.set_mask(rois.add("All"), np.ones(grid.shape, bool))
    expected = (image.size - 1) * float(np.float32(0.1)) + 1e6
    assert measure(rois, 1, Volume(image, grid)).total == pytest.approx(expected, rel=1e-12)


def gradient(grid: Grid) -> np.ndarray:
    """2x + 3y - z + 100 in mm: linear interpolation gives it back everywhere between centres."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in grid.size), indexing="ij"), axis=-1).transpose(2, 1, 0, 3)
    return grid.to_world(index) @ [2.0, 3.0, -1.0] + 100


def rotated(degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])


@pytest.mark.parametrize("degrees", [0, 30, 90])
def test_another_grid_is_interpolated_at_the_centres(degrees: float) -> None:
    turn = rotated(degrees)
    ct = Grid((20, 20, 10), (1.0, 1.0, 2.0), tuple(turn @ (-9.5, -9.5, -9.0)), turn)
    pet = Grid((12, 13, 14), (4.0, 3.0, 3.5), (-22.0, -19.0, -22.0))
    rois = roi_of(ct, (5, 5, 5), (5, 6, 5), (15, 3, 7), (0, 19, 9))
    volume = Volume(gradient(pet).astype(np.float32), pet, "SUVbw")
    statistics = measure(rois, 1, volume)
    at = gradient(ct)[rois.mask(1)]
    assert statistics.sampling == "linear"
    assert statistics.voxels == 4
    assert statistics.volume == pytest.approx(8.0)
    assert (statistics.mean, statistics.minimum, statistics.maximum) == pytest.approx(
        (at.mean(), at.min(), at.max()), rel=1e-5
    )


def test_totals_are_preserved_for_a_unit_per_voxel() -> None:
    ct = Grid((16, 16, 16), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    nm = Grid((8, 8, 8), (2.0, 2.0, 2.0), (-3.0, -3.0, -3.0))
    rois = RoiSet(ct)
    rois.set_mask(rois.add("All"), np.ones(ct.shape, bool))
    volume = Volume(np.full(nm.shape, 3.0, np.float32), nm, "uCi")  # the ROI covers 8 x 8 x 8 mm: 64 NM voxels
    statistics = measure(rois, 1, volume)
    assert statistics.sampling == "linear, total preserved"
    assert statistics.total == pytest.approx(64 * 3.0)
    assert statistics.mean == pytest.approx(3.0 / 64)
    assert measure(rois, 1, Volume(volume.stored, nm, "kBq/mL")).mean == pytest.approx(3.0)


def test_voxels_outside_the_volume_are_not_counted() -> None:
    small = Grid((2, 3, 2), GRID.spacing, GRID.origin)
    volume = Volume(np.full(small.shape, 4.0, np.float32), small, "HU")
    inside_and_out = measure(roi_of(GRID, (1, 1, 1), (3, 1, 1)), 1, volume)
    assert (inside_and_out.voxels, inside_and_out.mean, inside_and_out.com) == (1, 4.0, (1.0, 1.0, 1.0))
    far = Volume(volume.stored, Grid(small.size, origin=(500.0, 0.0, 0.0)), "HU")
    assert measure(roi_of(GRID, (1, 1, 1)), 1, far).voxels == 0


def test_ibsi_digital_phantom(data: Path) -> None:
    nibabel = pytest.importorskip("nibabel")
    folder = data / "ibsi"
    image = nibabel.load(folder / "digital_phantom/nifti/image/phantom.nii.gz")
    mask = np.asarray(nibabel.load(folder / "digital_phantom/nifti/mask/mask.nii.gz").dataobj).T > 0
    grid = Grid(image.shape, tuple(float(s) for s in image.header.get_zooms()))
    rois = RoiSet(grid)
    rois.set_mask(rois.add("Phantom"), mask)
    fields = measure(rois, 1, Volume(np.ascontiguousarray(np.asarray(image.dataobj).T), grid)).fields()

    with (folder / "reference_values_digital_phantom.csv").open() as file:
        reference = {row["tag"]: row for row in csv.DictReader(file, delimiter=";")}
    for tag, name in {
        "stat_mean": "mean",
        "stat_var": "variancePopulation",
        "stat_skew": "skewness",
        "stat_kurt": "kurtosis",
        "stat_median": "median",
        "stat_min": "min",
        "stat_max": "max",
        "morph_vol_approx": "volume",
    }.items():
        # published to three digits
        assert float(f"{fields[name]:.3g}") == float(reference[tag]["reference value"]), tag
