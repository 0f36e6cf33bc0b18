"""Segmentation: where it looks, limits in every stored type, other grids, frames, NaN; against SimpleITK."""

from __future__ import annotations

import math

import numpy as np
import pytest
import SimpleITK as sitk

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume
from vqscript.roi import scope as scope_module
from vqscript.roi.otsu import otsu
from vqscript.roi.roiset import RoiSet
from vqscript.roi.scope import Scope
from vqscript.roi.segmentation import connected, fill_holes, isocontour, keep_largest, threshold

GRID = Grid((12, 10, 8), (1.0, 1.5, 2.0))
RNG = np.random.default_rng(8)
VALUES = RNG.integers(-1000, 1000, GRID.shape).astype(np.int16)
BOX = np.zeros(GRID.shape, bool)
BOX[2:6, 3:8, 2:9] = True


@pytest.fixture
def rois() -> RoiSet:
    """An empty ROI, a box, and a locked one on a layer of its own."""
    rois = RoiSet(GRID)
    rois.add("Empty")
    rois.set_mask(rois.add("Box"), BOX)
    rois.add_layer()
    rois.set_mask(rois.add("Locked", layer=2), BOX)
    rois.edit(3, locked=True)
    return rois


@pytest.fixture(params=[1, 1 << 22])
def slabs(request, monkeypatch) -> None:
    """Values held slice by slice, and all at once."""
    monkeypatch.setattr(scope_module, "_SLAB", request.param)


CT = Volume(VALUES, GRID, "HU")


def test_an_empty_roi_looks_at_the_whole_image_and_one_with_voxels_at_these(slabs, rois: RoiSet) -> None:
    fits = (VALUES >= 100) & (VALUES <= 700)
    threshold(rois, 2, Scope.of(rois, CT, 0, 2), 100, 700)
    assert np.array_equal(rois.mask(2), fits & BOX)
    threshold(rois, 1, Scope.of(rois, CT, 0, 1), 100, 700)
    assert np.array_equal(rois.mask(1), fits)


def test_within_names_another_place_to_look(slabs, rois: RoiSet) -> None:
    fits = VALUES >= 0
    threshold(rois, 2, Scope.of(rois, CT, 0, 2, within=0), 0)
    assert np.array_equal(rois.mask(2), fits)
    threshold(rois, 2, Scope.of(rois, CT, 0, 2, within=3), high=-1)
    assert np.array_equal(rois.mask(2), ~fits & BOX)
    with pytest.raises(RoiError, match='ROI 1 "Empty" is empty'):
        Scope.of(rois, CT, 0, 2, within=1)


@pytest.mark.parametrize(
    ("stored", "slope", "intercept"),
    [
        (VALUES, 1.0, 0.0),
        (VALUES, 0.1, -24.0),
        (VALUES, -2.5, 3.0),
        ((VALUES + 1000).astype(np.uint16), 1.0, -1024.0),
        (VALUES.astype(np.float32) / 3, 1.0, 0.0),
        (VALUES.astype(np.float32) / 3, 0.7, 5.0),
        (VALUES.astype(np.float64) / 3, 0.7, 5.0),
        ((VALUES % 256).astype(np.uint8), 0.0, 7.0),
    ],
    ids=["int16", "scaled", "negative slope", "uint16", "float32", "scaled float32", "float64", "slope 0"],
)
def test_limits_are_values_and_belong(slabs, rois: RoiSet, stored, slope: float, intercept: float) -> None:
    volume = Volume(stored, GRID, slope=slope, intercept=intercept)
    values = stored.astype(np.float64) * slope + intercept
    ordered = np.unique(values)
    for low, high in (
        (ordered[len(ordered) // 3], ordered[2 * len(ordered) // 3]),
        (-math.inf, ordered[0]),
        (ordered[-1], math.inf),
        (-1e9, 1e9),
        (1e6, 1e9),
    ):
        threshold(rois, 1, Scope.of(rois, volume, 0, 1, within=0), low, high)
        assert np.array_equal(rois.mask(1), (values >= low) & (values <= high))


def test_an_isocontour_is_a_part_of_the_highest_value_where_it_looks(slabs, rois: RoiSet) -> None:
    _, level = isocontour(rois, 2, Scope.of(rois, CT, 0, 2), 41)
    assert level == pytest.approx(0.41 * VALUES[BOX].max())
    assert np.array_equal(rois.mask(2), BOX & (0.41 * VALUES[BOX].max() <= VALUES))
    isocontour(rois, 2, Scope.of(rois, CT, 0, 2, within=0), 100)
    assert np.array_equal(rois.mask(2), VALUES.max() == VALUES)
    isocontour(rois, 2, Scope.of(rois, CT, 0, 2, within=0), 60, connected=True)
    image = sitk.ConnectedThreshold(
        sitk.GetImageFromArray(VALUES),
        [np.argwhere(VALUES.max() == VALUES)[0][::-1].tolist()],
        math.ceil(0.6 * VALUES.max()),
        32767,
    )
    assert np.array_equal(rois.mask(2), sitk.GetArrayFromImage(image) == 1)


def test_connected_is_that_of_simpleitk_and_stays_in_its_scope(slabs, rois: RoiSet) -> None:
    z, y, x = (int(n) for n in np.argwhere(BOX & (VALUES > 0))[7])
    for within, place in ((0, np.ones(GRID.shape, bool)), (3, BOX)):
        for neighbours, full in ((6, False), (26, True)):
            connected(rois, 1, Scope.of(rois, CT, 0, 1, within), (x, y, z), -200, 1000, neighbours)
            image = sitk.GetImageFromArray(np.where(place, VALUES, -5000))
            kind = sitk.ConnectedThresholdImageFilter
            connectivity = kind.FullConnectivity if full else kind.FaceConnectivity
            expected = sitk.ConnectedThreshold(image, [[x, y, z]], -200, 1000, 1, connectivity)
            assert np.array_equal(rois.mask(1), sitk.GetArrayFromImage(expected) == 1)


def test_voxels_without_a_value_never_belong(slabs, rois: RoiSet) -> None:
    values = VALUES.astype(np.float32)
    values[3, 4, :] = np.nan
    values[4, 4, 4] = np.inf
    volume = Volume(values, GRID)
    threshold(rois, 1, Scope.of(rois, volume, 0, 1, within=0))
    assert np.array_equal(rois.mask(1), ~np.isnan(values))
    isocontour(rois, 1, Scope.of(rois, volume, 0, 1, within=0), 50)
    highest = values[np.isfinite(values)].max()
    assert np.array_equal(rois.mask(1), values >= highest / 2)
    assert len(otsu(Scope.of(rois, volume, 0, None, 0), 3)) == 2
    with pytest.raises(RoiError, match="the value no number"):
        connected(rois, 1, Scope.of(rois, volume, 0, 1, within=0), (0, 4, 3), -math.inf, math.inf)


def test_frames_and_other_grids_are_looked_at_where_the_rois_are(slabs, rois: RoiSet) -> None:
    frames = Volume(np.stack([VALUES, VALUES[::-1]]), GRID)
    threshold(rois, 1, Scope.of(rois, frames, 1, 1, within=0), 0)
    assert np.array_equal(rois.mask(1), VALUES[::-1] >= 0)
    # A ramp along x is interpolated exactly, whatever the grid.
    fine = Grid((40, 12, 6), (0.5, 2.0, 4.0), (-2.0, -1.0, -3.0))
    ramp = np.broadcast_to(fine.to_world([(n, 0, 0) for n in range(40)])[:, 0], fine.shape)
    volume = Volume(np.ascontiguousarray(ramp, dtype=np.float32), fine)
    threshold(rois, 1, Scope.of(rois, volume, 0, 1, within=0), 3.0, 7.5)
    expected = np.zeros(GRID.shape, bool)
    expected[..., 3:8] = True
    assert np.array_equal(rois.mask(1), expected)
    # In a unit per voxel, a voxel of the ROI's grid holds as many counts as its size is larger: 3 to 2 here.
    counts = Volume(volume.stored, fine, "counts")
    share = GRID.voxel_volume / fine.voxel_volume
    threshold(rois, 1, Scope.of(rois, counts, 0, 1, within=0), 3.0 * share - 1e-6, 7.5 * share)
    assert np.array_equal(rois.mask(1), expected)


def test_otsu_divides_as_simpleitk_does() -> None:
    grid = Grid((40, 30, 20))
    rng = np.random.default_rng(1)
    parts = [rng.normal(0, 1, 10000), rng.normal(8, 1, 8000), rng.normal(20, 3, 6000)]
    volume = Volume(np.concatenate(parts).astype(np.float32).reshape(grid.shape), grid)
    own = RoiSet(grid)
    for classes in (2, 3, 4):
        found = otsu(Scope.of(own, volume), classes)
        itk = sitk.OtsuMultipleThresholdsImageFilter()
        itk.SetNumberOfThresholds(classes - 1)
        itk.SetNumberOfHistogramBins(256)
        itk.SetReturnBinMidpoint(False)
        itk.Execute(sitk.GetImageFromArray(volume.stored))
        # A threshold may lie anywhere in empty bins; ITK takes an end of them, we the middle.
        assert found == pytest.approx(itk.GetThresholds(), abs=1.01 * float(np.ptp(volume.stored)) / 256)


def test_otsu_by_hand() -> None:
    grid = Grid((4, 3, 2))
    own = RoiSet(grid)
    values = np.repeat([0, 10, 30, 100], 6).reshape(grid.shape)
    # 3 classes: 0 and 10 are closest, then 30, then 100; each threshold lies in the middle between its neighbours.
    assert otsu(Scope.of(own, Volume(values.astype(np.int16), grid)), 3) == pytest.approx([20, 65], abs=0.5)
    assert otsu(Scope.of(own, Volume(values.astype(np.int16), grid)), 4) == pytest.approx([5, 20, 65], abs=0.5)
    own.set_mask(own.add("Low"), values < 30)
    assert otsu(Scope.of(own, Volume(values.astype(np.int16), grid), 0, None, 1), 2) == pytest.approx([5], abs=0.1)


def test_the_largest_part_and_holes(rois: RoiSet) -> None:
    mask = BOX.copy()
    mask[3:5, 4:7, 4:6] = False
    mask[0, 0, 0] = True
    rois.set_mask(2, mask)
    keep_largest(rois, 2)
    assert not rois.mask(2)[0, 0, 0]
    fill_holes(rois, 2)
    assert np.array_equal(rois.mask(2), BOX)
    keep_largest(rois, 1)
    fill_holes(rois, 1)
    assert rois.count(1) == 0


def scope(rois: RoiSet, **about) -> Scope:
    return Scope.of(rois, CT, about.pop("frame", 0), about.pop("j", 2), **about)


NOTHING = Volume(np.full(GRID.shape, np.nan, np.float32), GRID)
SAME = Volume(np.full(GRID.shape, 3, np.int16), GRID)
SEED = tuple(int(n) for n in np.argwhere(BOX & (VALUES < 0))[0][::-1])
BAD = {
    "there is no frame 2; counted from 1, the input has 1": lambda r: scope(r, frame=1),
    "there is no frame 0": lambda r: scope(r, frame=-1),
    "there is no ROI 9": lambda r: scope(r, within=9),
    "there is no ROI -1": lambda r: scope(r, within=-1),
    "no value lies from 5 to 4": lambda r: threshold(r, 2, scope(r), 5, 4),
    "no value lies from nan": lambda r: threshold(r, 2, scope(r), math.nan, 4),
    "0 % of the maximum": lambda r: isocontour(r, 2, scope(r), 0),
    "120 % of the maximum": lambda r: isocontour(r, 2, scope(r), 120),
    "nan % of the maximum": lambda r: isocontour(r, 2, scope(r), math.nan),
    "no voxel there has a value": lambda r: isocontour(r, 2, Scope.of(r, NOTHING), 41),
    "the highest value there is -1": lambda r: isocontour(r, 2, Scope.of(r, Volume(-np.ones(GRID.shape), GRID)), 41),
    r"the seed \(12, 0, 0\) lies outside the image": lambda r: connected(r, 2, scope(r), (12, 0, 0), 0, 1),
    r"the seed \(0, -1, 0\) lies outside the image": lambda r: connected(r, 2, scope(r), (0, -1, 0), 0, 1),
    r"the seed \(0, 0, 0\) lies outside the ROI": lambda r: connected(r, 2, scope(r), (0, 0, 0), 0, 1),
    f"has the value {VALUES[SEED[::-1]]} HU, which is not from 0 to 50": lambda r: connected(
        r, 2, scope(r), SEED, 0, 50
    ),
    "4 neighbours": lambda r: connected(r, 2, scope(r), SEED, -1000, 1000, 4),
    "1 classes": lambda r: otsu(scope(r), 1),
    "17 classes": lambda r: otsu(scope(r), 17),
    "all values there are 3": lambda r: otsu(Scope.of(r, SAME), 2),
    "too much alike": lambda r: otsu(Scope.of(r, Volume(BOX.astype(np.uint8), GRID)), 3),
    "no voxel there": lambda r: otsu(Scope.of(r, NOTHING), 3),
    "no axis 3": lambda r: fill_holes(r, 2, 3),
    'ROI "Locked" is locked': lambda r: threshold(r, 3, scope(r), 0),
}


@pytest.mark.parametrize("message", BAD)
def test_what_cannot_be_leaves_the_rois_as_they_were(rois: RoiSet, message: str) -> None:
    before = [layer.tobytes() for layer in rois.layers]
    with pytest.raises(RoiError, match=message):
        BAD[message](rois)
    assert [layer.tobytes() for layer in rois.layers] == before


@pytest.mark.parametrize(
    "change",
    [
        lambda r: isocontour(r, 3, scope(r), 41),
        lambda r: connected(r, 3, scope(r), SEED, -2000, 2000),
        lambda r: keep_largest(r, 3),
        lambda r: fill_holes(r, 3),
    ],
)
def test_a_locked_roi_is_refused(rois: RoiSet, change) -> None:
    with pytest.raises(RoiError, match="locked"):
        change(rois)
