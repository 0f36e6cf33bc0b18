"""Statistics of an ROI against numbers worked out by hand and published ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume
from vqscript.roi.method import Method
from vqscript.roi.roiset import RoiSet
from vqscript.roi.statistics import measure, measure_frames

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
    volume = Volume(image, GRID, "kBq/mL", slope=2.0, intercept=-1.0)  # values 1, 3, 5, 19: mean 7
    fields = measure(
        roi_of(GRID, (0, 0, 0), (1, 0, 0), (2, 2, 1), (3, 2, 1)), 1, volume, 0, Method(bin_width=2)
    ).fields()

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
        "range": 18.0,
        "median": 4.0,
        "p5": 1 + 0.15 * 2,
        "p10": 1 + 0.3 * 2,
        "p25": 1 + 0.75 * 2,
        "p75": 5 + 0.25 * 14,
        "p90": 5 + 0.7 * 14,
        "p95": 5 + 0.85 * 14,
        "iqr": 8.5 - 2.5,
        "qcod": 6 / 11,
        "mad": (6 + 4 + 2 + 12) / 4,
        "robustMad": 1.0,  # of 3 and 5
        "medianMad": (3 + 1 + 1 + 15) / 4,
        "cov": (squares / 4) ** 0.5 / 7,
        "rms": ((1 + 9 + 25 + 361) / 4) ** 0.5,
        "energy": 396.0,
        "skewness": cubes / 4 / (squares / 4) ** 1.5,
        "kurtosis": fourths / 4 / (squares / 4) ** 2 - 3,
        "entropy": 2.0,  # bins 0, 1, 2 and 9
        "uniformity": 0.25,
        "entropyBinWidth": 2,
        "entropyBins": 10,
        "sum": 28.0,
        "integral": 0.28,
        "totalUptake": 0.28,
    }
    assert {key: fields.pop(key) for key in expected} == pytest.approx(expected)
    weighted = ((0 * 1 + 1 * 3 + 2 * 5 + 3 * 19) / 28, 2 * 24 / 28, 24 / 28)
    positions = {
        "com": (1.5, 1.0, 0.5),
        "comMm": (11.5, 22.0, 32.5),
        "weightedCom": weighted,
        "weightedComMm": (10 + weighted[0], 20 + 2 * weighted[1], 30 + 5 * weighted[2]),
        "minPosition": (0, 0, 0),
        "minPositionMm": (10, 20, 30),
        "maxPosition": (3, 2, 1),
        "maxPositionMm": (13, 24, 35),
    }
    for name, position in positions.items():
        assert fields.pop(name) == pytest.approx(position), name
    shift = np.subtract(positions["weightedComMm"], positions["comMm"])
    assert fields.pop("comShift") == pytest.approx(float(np.linalg.norm(shift)))
    assert fields.pop("integratedIntensity") == pytest.approx(7 * fields.pop("meshVolume"))
    assert fields.pop("surface") > 0
    assert fields == {"name": "Tumor", "unit": "kBq/mL", "sampling": "voxel"}


def test_an_empty_roi_has_a_volume_and_no_values() -> None:
    statistics = measure(roi_of(GRID), 1, Volume(np.ones(GRID.shape), GRID, "HU"), 0, Method(full=True))
    assert statistics.fields() == {
        "name": "Tumor", "voxels": 0, "volume": 0.0, "volumeML": 0.0, "unit": "HU", "sampling": "voxel",
    }  # fmt: skip


def test_one_voxel_has_no_sample_variance() -> None:
    fields = measure(roi_of(GRID, (1, 1, 1)), 1, Volume(np.full(GRID.shape, 3.0), GRID)).fields()
    assert not {"sd", "std", "variance"} & fields.keys()
    assert (fields["mean"], fields["variancePopulation"], fields["skewness"], fields["kurtosis"]) == (3.0, 0, 0, 0)
    assert (fields["entropy"], fields["uniformity"], fields["entropyBins"]) == (0, 1, 1)


def test_equal_values_have_no_spread() -> None:
    volume = Volume(np.full(GRID.shape, 0.1, np.float32), GRID)
    values = measure(roi_of(GRID, *((x, y, 0) for x in range(3) for y in range(3))), 1, volume).values
    assert [values[name] for name in ("sd", "skewness", "kurtosis", "mad", "iqr", "cov")] == [0] * 6


def test_nan_leaves_statistics_and_volume() -> None:
    image = np.arange(24, dtype=np.float32).reshape(GRID.shape)
    image[0, 0, 0] = np.nan
    values = measure(roi_of(GRID, (0, 0, 0), (1, 0, 0), (3, 0, 0)), 1, Volume(image, GRID)).values
    assert [values[name] for name in ("voxels", "volume", "mean", "com")] == [2, 20.0, 2.0, (2.0, 0.0, 0.0)]
    assert values["surface"] == measure(roi_of(GRID, (1, 0, 0), (3, 0, 0)), 1, Volume(image, GRID)).values["surface"]
    image[:] = np.nan
    assert "mean" not in measure(roi_of(GRID, (1, 1, 1)), 1, Volume(image, GRID)).fields()


def test_what_an_infinite_voxel_makes_undefined_is_absent() -> None:
    image = np.arange(24, dtype=np.float32).reshape(GRID.shape)
    image[0, 0, 0] = np.inf
    values = measure(roi_of(GRID, *((x, y, 0) for x in range(4) for y in range(3))), 1, Volume(image, GRID)).values
    assert values["voxels"] == 12
    assert values["max"] == values["mean"] == np.inf
    assert (values["min"], values["median"]) == (1, 6.5)
    assert not {"variance", "sd", "skewness", "entropy", "weightedCom", "comShift"} & values.keys()
    assert not [value for value in values.values() if isinstance(value, float) and np.isnan(value)]


def test_a_ratio_to_nothing_is_absent() -> None:
    image = np.zeros(GRID.shape)
    image[0, 0, :2] = -1, 1
    values = measure(roi_of(GRID, (0, 0, 0), (1, 0, 0), (2, 0, 0)), 1, Volume(image, GRID)).values
    assert values["mean"] == 0
    assert not {"cov", "qcod", "weightedCom", "comShift"} & values.keys()


@pytest.mark.parametrize(
    ("unit", "found"),
    [
        ("SUVbw", {"integral": "SUVbw*mL", "tlg": "SUVbw*mL", "totalUptake": None, "variance": "SUVbw^2"}),
        ("Bq/mL", {"integral": "Bq", "tlg": None, "totalUptake": "Bq", "variance": "(Bq/mL)^2"}),
        ("%ID/g", {"integral": "%ID/g*mL", "tlg": None, "totalUptake": "%ID"}),
        ("counts", {"integral": "counts*mL", "tlg": None, "totalUptake": "counts", "mean": "counts"}),
        ("HU", {"integral": "HU*mL", "tlg": None, "totalUptake": None, "integratedIntensity": "HU*mm3"}),
        ("", {"integral": "mL", "tlg": None, "totalUptake": None, "mean": "", "variance": "", "volume": "mm3"}),
    ],
)
def test_every_number_has_its_unit(unit: str, found: dict[str, str | None]) -> None:
    volume = Volume(np.full(GRID.shape, 3.0), GRID, unit)
    statistics = measure(roi_of(GRID, (0, 0, 0), (1, 0, 0)), 1, volume, 0, Method(full=True, percentiles=(2.5,)))
    units = statistics.units()
    assert units.keys() == statistics.values.keys()
    assert {name: units.get(name) for name in found} == found
    assert ("suvPeak" in units) == unit.startswith("SUV")
    if unit == "counts":
        assert statistics.values["totalUptake"] == statistics.values["sum"] == 6
    if unit == "%ID/g":
        assert statistics.values["totalUptake"] == statistics.values["integral"] == pytest.approx(3 * 0.02)


@pytest.mark.parametrize(
    ("unit", "width", "bins"), [("HU", 25, 5), ("SUVbw", 0.25, 401), ("Bq/mL", 100 / 64, 64), ("", 100 / 64, 64)]
)
def test_bins_follow_the_unit(unit: str, width: float, bins: int) -> None:
    grid = Grid((101, 1, 1))
    volume = Volume(np.arange(101.0).reshape(grid.shape), grid, unit)
    rois = RoiSet(grid)
    rois.set_mask(rois.add("All"), np.ones(grid.shape, bool))
    values = measure(rois, 1, volume).values
    assert (values["entropyBinWidth"], values["entropyBins"]) == (width, bins)
    counts = np.bincount(np.minimum((np.arange(101) / width).astype(int), bins - 1))
    shares = counts[counts > 0] / 101
    assert values["entropy"] == pytest.approx(-(shares * np.log2(shares)).sum())
    assert values["uniformity"] == pytest.approx((shares**2).sum())


def test_percentiles_that_were_asked_for() -> None:
    grid = Grid((101, 1, 1))
    rois = RoiSet(grid)
    rois.set_mask(rois.add("All"), np.ones(grid.shape, bool))
    volume = Volume(np.random.default_rng(0).permutation(np.arange(101.0)).reshape(grid.shape), grid)
    values = measure(rois, 1, volume, 0, Method(percentiles=(0, 2.5, 99, 100))).values
    assert [values[name] for name in ("p0", "p2.5", "p99", "p100", "p10")] == [0, 2.5, 99, 100, 10]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"percentiles": (101,)}, "no percentile 101"),
        ({"percentiles": (float("nan"),)}, "no percentile"),
        ({"bin_width": 0}, "bins of 0"),
        ({"bin_width": float("inf")}, "bins of inf"),
        ({"sampling": "naive"}, "no way to sample"),
    ],
)
def test_a_method_that_cannot_be(wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(RoiError, match=message):
        Method(**wrong)


def test_bins_too_narrow_to_be_counted() -> None:
    volume = Volume(np.full(GRID.shape, 1e30), GRID)
    with pytest.raises(RoiError, match="no histogram of bins of 1e-300"):
        measure(roi_of(GRID, (0, 0, 0)), 1, volume, 0, Method(bin_width=1e-300))


def test_a_number_by_name() -> None:
    statistics = measure(roi_of(GRID, (0, 0, 0)), 1, Volume(np.ones(GRID.shape), GRID))
    assert (statistics.number("mean"), statistics.number("sd"), statistics.number("p90.0")) == (1, None, 1)
    with pytest.raises(RoiError, match='no statistic is called "means"') as caught:
        statistics.number("means")
    assert caught.value.hint == 'did you mean "mean"?'
    with pytest.raises(RoiError, match="com is a position"):
        statistics.number("com")


def test_a_frame_of_a_dynamic_volume() -> None:
    image = np.stack([np.full(GRID.shape, t, np.int16) for t in (5, 6)])
    rois = roi_of(GRID, (0, 0, 0))
    assert [measure(rois, 1, Volume(image, GRID), t).number("mean") for t in (0, 1)] == [5, 6]
    with pytest.raises(RoiError, match="no frame 3; counted from 1, the input has 2"):
        measure(rois, 1, Volume(image, GRID), 2)


def test_sums_are_accumulated_in_double_precision() -> None:
    grid = Grid((300, 300, 20))
    image = np.full(grid.shape, 0.1, np.float32)
    image[0, 0, 0] = 1e6
    rois = RoiSet(grid)
    rois.set_mask(rois.add("All"), np.ones(grid.shape, bool))
    expected = (image.size - 1) * float(np.float32(0.1)) + 1e6
    assert measure(rois, 1, Volume(image, grid)).number("sum") == pytest.approx(expected, rel=1e-12)


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
    assert statistics.number("voxels") == 4
    assert statistics.number("volume") == pytest.approx(8.0)
    assert [statistics.number(name) for name in ("mean", "min", "max")] == pytest.approx(
        [at.mean(), at.min(), at.max()], rel=1e-5
    )


def test_totals_are_preserved_for_a_unit_per_voxel() -> None:
    ct = Grid((16, 16, 16), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
    nm = Grid((8, 8, 8), (2.0, 2.0, 2.0), (-3.0, -3.0, -3.0))
    rois = RoiSet(ct)
    rois.set_mask(rois.add("All"), np.ones(ct.shape, bool))
    volume = Volume(np.full(nm.shape, 3.0, np.float32), nm, "uCi")  # the ROI covers 8 x 8 x 8 mm: 64 NM voxels
    statistics = measure(rois, 1, volume)
    assert statistics.sampling == "linear, total preserved"
    assert statistics.number("sum") == pytest.approx(64 * 3.0)
    assert statistics.number("mean") == pytest.approx(3.0 / 64)
    assert measure(rois, 1, Volume(volume.stored, nm, "kBq/mL")).number("mean") == pytest.approx(3.0)


def test_voxels_outside_the_volume_are_not_counted() -> None:
    small = Grid((2, 3, 2), GRID.spacing, GRID.origin)
    volume = Volume(np.full(small.shape, 4.0, np.float32), small, "HU")
    inside_and_out = measure(roi_of(GRID, (1, 1, 1), (3, 1, 1)), 1, volume).values
    assert [inside_and_out[name] for name in ("voxels", "mean", "com")] == [1, 4.0, (1.0, 1.0, 1.0)]
    far = Volume(volume.stored, Grid(small.size, origin=(500.0, 0.0, 0.0)), "HU")
    assert measure(roi_of(GRID, (1, 1, 1)), 1, far).values["voxels"] == 0


@pytest.mark.parametrize("degrees", [0, 30])
def test_natively_the_voxels_of_the_input_are_measured(degrees: float) -> None:
    turn = rotated(degrees)
    ct = Grid((40, 40, 20), (1.0, 1.0, 2.0), tuple(turn @ (-19.5, -19.5, -19.0)), turn)
    pet = Grid((12, 13, 14), (4.0, 3.0, 3.5), (-22.3, -18.2, -22.1))
    rois = RoiSet(ct)
    mask = np.zeros(ct.shape, bool)
    mask[5:14, 8:30, 6:33] = True
    rois.set_mask(rois.add("Box"), mask)
    index = np.indices(pet.shape)[::-1].reshape(3, -1).T
    there = ct.to_index(pet.to_world(index))
    within = np.all((there > (5.5, 7.5, 4.5)) & (there < (32.5, 29.5, 13.5)), axis=1).reshape(pet.shape)
    image = np.random.default_rng(3).normal(size=pet.shape).astype(np.float32)
    statistics = measure(rois, 1, Volume(image, pet, "uCi"), 0, Method(sampling="native"))
    values = statistics.values
    assert statistics.sampling == "native"
    assert values["voxels"] == within.sum()
    assert values["volume"] == pytest.approx(within.sum() * pet.voxel_volume)
    assert values["sum"] == pytest.approx(image[within].astype(float).sum())
    assert values["max"] == image[within].max()
    k = np.argwhere(within & (image == values["max"]))[0][::-1]
    assert values["maxPositionMm"] == pytest.approx(tuple(pet.to_world(k)))
    assert values["maxPosition"] == pytest.approx(tuple(ct.to_index(pet.to_world(k))))  # as the cursor takes it


def test_natively_an_roi_between_the_voxels_is_empty() -> None:
    ct, pet = Grid((20, 20, 20)), Grid((5, 5, 5), (4.0, 4.0, 4.0))
    volume = Volume(np.ones(pet.shape), pet)
    assert measure(roi_of(ct, (2, 2, 2)), 1, volume, 0, Method(sampling="native")).values["voxels"] == 0
    assert measure(roi_of(ct, (2, 2, 2)), 1, volume).values["voxels"] == 1
    same = measure(roi_of(ct, (2, 2, 2)), 1, Volume(np.ones(ct.shape), ct), 0, Method(sampling="native"))
    assert same.sampling == "voxel"


def test_frames_are_measured_as_one_by_one() -> None:
    rng = np.random.default_rng(8)
    image = rng.normal(size=(4, *GRID.shape)).astype(np.float32)
    image[1, 0, 0, 0] = np.nan  # this frame has a shape of its own
    image[2] = np.nan
    rois = roi_of(GRID, (0, 0, 0), (1, 0, 0), (3, 2, 1))
    volume, method = Volume(image, GRID, "SUVbw"), Method(full=True)
    together = measure_frames(rois, 1, volume, range(4), method)
    assert together == [measure(rois, 1, Volume(image[t], GRID, "SUVbw"), 0, method) for t in range(4)]
    assert [one.values["voxels"] for one in together] == [3, 2, 0, 3]


@pytest.mark.parametrize("parts", [1, 1 << 24])
def test_a_large_roi_is_measured_in_parts(parts: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(9)
    mask = rng.random(GRID.shape) < 0.7
    image = rng.random(GRID.shape)
    rois = RoiSet(GRID)
    rois.set_mask(rois.add("Tumor"), mask)
    for module in ("position", "surface", "sampling", "peak"):
        monkeypatch.setattr(f"vqscript.roi.{module}._SLAB", parts)
    monkeypatch.setattr("vqscript.roi.intensity._PART", parts)
    values = measure(rois, 1, Volume(image, GRID), 0, Method(full=True)).values
    z, y, x = np.nonzero(mask)
    weights = image[mask]
    assert values["com"] == pytest.approx((x.mean(), y.mean(), z.mean()))
    assert values["weightedCom"] == pytest.approx(tuple(np.average(np.stack([x, y, z]), axis=1, weights=weights)))
    off = weights - weights.mean()
    assert values["kurtosis"] == pytest.approx((off**4).mean() / (off**2).mean() ** 2 - 3)
    assert values["mad"] == pytest.approx(np.abs(off).mean())
    k = int(weights.argmin())
    assert values["minPosition"] == (x[k], y[k], z[k])
