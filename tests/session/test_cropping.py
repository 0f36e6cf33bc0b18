"""Cropping: what is left lies where it did, in every input and ROI."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.errors import UsageError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Timing

CT = Grid((10, 8, 6), (1.0, 1.0, 2.0), (-5.0, -4.0, 0.0), frame_of_reference="1.2")
NM = Grid((5, 4, 4), (2.0, 2.0, 3.0), (-4.5, -3.5, 0.5), frame_of_reference="1.2")


def ramp(grid: Grid) -> np.ndarray:
    """Every voxel another value."""
    return np.arange(np.prod(grid.shape), dtype=np.int16).reshape(grid.shape)


@pytest.fixture
def pair(desk, put):
    """A CT, an NM on another grid, and an ROI of three voxels."""
    put(0, ramp(CT), grid=CT, unit="HU")
    put(1, ramp(NM).astype(np.float32), grid=NM, unit="uCi")
    rois = desk.session.rois
    mask = np.zeros(CT.shape, bool)
    mask[3, 4, 5:8] = True
    rois.set_mask(rois.add("Heart"), mask)
    return desk.session


def values_by_place(session, i: int) -> dict[tuple[float, ...], float]:
    volume = session.inputs[i].volume
    index = np.argwhere(np.ones(volume.grid.shape, bool))
    world = volume.grid.to_world(index[:, ::-1]).round(6)
    return {tuple(at): float(volume.values()[tuple(k)]) for at, k in zip(world.tolist(), index, strict=True)}


def test_every_voxel_that_is_left_lies_where_it_did(pair):
    before = {i: values_by_place(pair, i) for i in (0, 1)}
    for axis, first, last in ((0, 4, 8), (1, 2, 6), (2, 2, 4)):
        pair.cropping.set_range(axis, first, last)
    pair.cropping.execute()
    assert pair.inputs[0].volume.grid.size == (5, 5, 3)
    assert pair.inputs[0].volume.stored.dtype == np.int16
    for i in (0, 1):
        after = values_by_place(pair, i)
        assert after.items() <= before[i].items()
    # What the CT shows is covered by the NM: x from -1.5 to 3.5 mm.
    nm = pair.inputs[1].volume.grid
    assert nm.origin[0] - 1 <= -1.5
    assert nm.to_world((nm.size[0] - 1, 0, 0))[0] + 1 >= 3.5
    assert nm.size[0] == 3
    assert [tuple(k[::-1]) for k in np.argwhere(pair.rois.mask(1)).tolist()] == [(1, 2, 1), (2, 2, 1), (3, 2, 1)]
    assert pair.inputs[1].provenance[0].startswith("cut to 3 x ")
    assert pair.cropping.ranges == {}


def test_the_times_of_the_slices_are_cut_along(desk, put):
    z = CT.size[2]
    start = (np.datetime64("2024-01-01T00:00:00", "us") + np.arange(z) * np.timedelta64(60, "s"))[None]
    put(0, ramp(CT), grid=CT, timing=Timing(start, np.full((1, z), 60.0), np.full((1, z), 30.0)))
    desk.session.cropping.set_range(2, 2, 3)
    desk.session.cropping.execute()
    assert (desk.session.inputs[0].volume.timing.start == start[:, 2:4]).all()


@pytest.mark.parametrize(
    ("axis", "first", "last"), [(3, 0, 1), (0, -1, 4), (0, 5, 4), (0, 0, 10)], ids=["axis", "below", "order", "above"]
)
def test_a_range_that_cannot_be_is_refused(pair, axis, first, last):
    with pytest.raises(UsageError):
        pair.cropping.set_range(axis, first, last)
    assert pair.cropping.ranges == {}


def test_an_input_of_which_nothing_would_be_left_stops_it_all(pair, put):
    far = Grid((2, 2, 2), (1.0, 1.0, 1.0), (100.0, 0.0, 0.0))
    put(2, np.zeros(far.shape, np.int16), grid=far)
    pair.cropping.set_range(0, 4, 8)
    with pytest.raises(UsageError, match="input 2 lies outside"):
        pair.cropping.execute()
    assert [item.volume.grid.size[0] for _, item in pair.inputs] == [10, 5, 2]
    assert not any(item.modified for _, item in pair.inputs)
    with pytest.raises(UsageError, match="input 2 lies outside"):
        pair.cropping.auto([0])
    assert pair.cropping.ranges == {0: (4, 8)}


def test_a_range_is_forgotten_with_the_image_it_was_set_on(pair, put):
    pair.cropping.set_range(0, 4, 8)
    other = Grid((6, 6, 6), frame_of_reference="1.3")
    put(0, np.zeros(other.shape, np.int16), grid=other)
    pair.remove(1)
    pair.cropping.execute()
    assert pair.inputs[0].volume.grid.size == (6, 6, 6)


def test_auto_crop_covers_all_of_a_coarse_hot_voxel(pair):
    pair.inputs[1].volume.stored[:] = 0
    pair.inputs[1].volume.stored[1, 2, 3] = 7
    pair.cropping.auto([1])
    # The NM voxel reaches from 0.5 to 2.5, -0.5 to 1.5 and 2 to 5 mm; CT voxels from -5.5, -4.5 and -1 on.
    grid = pair.inputs[0].volume.grid
    assert grid.size == (2, 2, 2)
    assert grid.origin == pytest.approx((1.0, 0.0, 2.0))


def test_auto_crop_takes_a_margin_and_looks_at_every_frame(desk, put):
    frames = np.zeros((2, *CT.shape), np.float32)
    frames[0, 2, 3, 4] = frames[1, 2, 3, 6] = 10
    put(0, frames, grid=CT)
    desk.session.cropping.auto([0], margin=1.5)
    grid = desk.session.inputs[0].volume.grid
    assert grid.size == (3 + 2 * 2, 1 + 2 * 2, 1 + 2 * 1)
    assert grid.origin == pytest.approx((CT.origin[0] + 2, CT.origin[1] + 1, CT.origin[2] + 2))


def test_auto_crop_needs_something_to_crop_to(desk, put):
    put(0, np.full((2, 2, 2), 5, np.int16))
    with pytest.raises(UsageError, match="nothing to crop to"):
        desk.session.cropping.auto([0])


def test_embedding_keeps_places_and_fills_with_the_lowest_value(pair):
    pair.inputs[0].volume.slope = -1.0  # the lowest value is the highest that is stored
    before = values_by_place(pair, 0)
    pair.cropping.set_range(0, 4, 8)
    pair.cropping.embed(13, 8, 9)
    volume = pair.inputs[0].volume
    assert volume.grid.size == (13, 8, 9)
    after = values_by_place(pair, 0)
    assert before.items() <= after.items()
    assert {after[at] for at in after.keys() - before.keys()} == {min(before.values())}
    assert pair.rois.count(1) == 3
    assert pair.inputs[1].volume.grid.size == NM.size
    assert pair.cropping.ranges == {}
    with pytest.raises(UsageError, match="smaller than the image"):
        pair.cropping.embed(12, 8, 9)
