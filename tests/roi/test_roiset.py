"""RoiSet: numbers, names, layers, locks, and that an error leaves everything as it was."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.roi.colors import COLORS
from vqscript.roi.layers import MAX_LAYERS, MAX_ROIS
from vqscript.roi.roiset import Met, RoiSet

GRID = Grid((6, 5, 4), (1.0, 2.0, 3.0))


def box(z: slice, y: slice, x: slice) -> np.ndarray:
    mask = np.zeros(GRID.shape, bool)
    mask[z, y, x] = True
    return mask


LEFT = box(slice(1, 3), slice(1, 4), slice(0, 3))
RIGHT = box(slice(1, 3), slice(1, 4), slice(2, 6))


@pytest.fixture
def two() -> RoiSet:
    rois = RoiSet(GRID)
    rois.set_mask(rois.add("Left"), LEFT)
    rois.set_mask(rois.add("Far", "#00FF00"), box(slice(3, 4), slice(0, 1), slice(5, 6)))
    return rois


def state(rois: RoiSet) -> tuple:
    return (
        [tuple(vars(roi).items()) for roi in rois.rois],
        [layer.tobytes() for layer in rois.layers],
        rois.active_layer,
        [rois.box(j) for j in range(1, len(rois) + 1)],
    )


def test_numbers_names_and_colours(two: RoiSet) -> None:
    assert len(two) == 2
    assert two.names == ["Left", "Far"]
    assert (two.find("Far"), two.find("far")) == (2, 0)
    assert [roi.color for roi in two.rois] == [COLORS[0], "#00ff00"]
    third = two.add(" Third ")
    assert two.roi(third).name == "Third"
    assert two.roi(third).color == COLORS[1]
    assert len(set(COLORS)) == len(COLORS)


def test_removing_moves_the_others_up_and_frees_the_voxels(two: RoiSet) -> None:
    two.remove(1)
    assert two.names == ["Far"]
    assert two.count(1) == 1
    assert np.count_nonzero(two.layers[0]) == 1
    # the label that became free is used again without inheriting voxels
    assert two.count(two.add("New")) == 0


def test_masks_parts_and_centres(two: RoiSet) -> None:
    assert np.array_equal(two.mask(1), LEFT)
    assert two.box(1) == (slice(1, 3), slice(1, 4), slice(0, 3))
    assert two.count(1) == 18
    assert two.center_of_mass(1) == (1.0, 2.0, 1.5)
    region, inside = two.part(1)
    assert region == two.box(1)
    assert inside.shape == (2, 3, 3)
    assert inside.all()
    empty = two.add("Empty")
    assert (two.part(empty), two.box(empty), two.count(empty)) == (None, None, 0)
    with pytest.raises(RoiError, match="empty"):
        two.center_of_mass(empty)


def test_center_of_mass_of_an_asymmetric_roi() -> None:
    rois = RoiSet(GRID)
    mask = np.zeros(GRID.shape, bool)
    voxels = [(0, 0, 0), (0, 0, 1), (0, 4, 1), (3, 1, 5)]  # z, y, x
    for voxel in voxels:
        mask[voxel] = True
    rois.set_mask(rois.add("L"), mask)
    assert rois.center_of_mass(1) == pytest.approx((7 / 4, 5 / 4, 3 / 4))


def test_a_mask_in_a_region_replaces_the_whole_roi(two: RoiSet) -> None:
    region = (slice(0, 1), slice(2, 4), slice(1, 3))
    two.set_mask(1, [[[0, 7], [1, 0]]], region)
    assert sorted(map(tuple, np.argwhere(two.mask(1)).tolist())) == [(0, 2, 2), (0, 3, 1)]
    assert two.box(1) == region
    two.set_mask(1, np.zeros(GRID.shape))
    assert two.count(1) == 0


def test_one_layer_takes_over_and_another_overlaps(two: RoiSet) -> None:
    two.set_mask(two.add("Right"), RIGHT)
    assert two.count(3) == 24
    assert np.array_equal(two.mask(1), LEFT & ~RIGHT)
    assert two.box(1) == (slice(1, 3), slice(1, 4), slice(0, 2))

    two.active_layer = two.add_layer()
    two.set_mask(two.add("Above"), LEFT)
    assert two.roi(4).layer == 2
    assert two.count(4) == 18
    assert two.count(3) == 24


def test_voxels_of_a_locked_roi_stay(two: RoiSet) -> None:
    two.edit(1, locked=True)
    two.set_mask(two.add("Right"), RIGHT)
    assert np.array_equal(two.mask(1), LEFT)
    assert np.array_equal(two.mask(3), RIGHT & ~LEFT)


def test_a_locked_roi_can_only_be_shown_hidden_and_unlocked(two: RoiSet) -> None:
    two.edit(1, locked=True)
    two.edit(1, name="Left", color=COLORS[0], visible=False)
    assert not two.roi(1).visible
    before = state(two)
    for change in (
        lambda: two.edit(1, name="Other"),
        lambda: two.edit(1, color="#123456", visible=True),
        lambda: two.remove(1),
        lambda: two.set_mask(1, RIGHT),
    ):
        with pytest.raises(RoiError, match="locked"):
            change()
        assert state(two) == before
    two.edit(1, name="Other", locked=False)
    assert two.names == ["Other", "Far"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda r: r.add("Left"), "already"),
        (lambda r: r.add("  "), "needs a name"),
        (lambda r: r.add("a\nb"), "needs a name"),
        (lambda r: r.add("New", "green"), "no colour"),
        (lambda r: r.add("New", "#12345"), "no colour"),
        (lambda r: r.add("New", layer=2), "no layer 2"),
        (lambda r: r.edit(2, name="Left", visible=False), "already"),
        (lambda r: r.edit(2, name="New", color="#zzzzzz"), "no colour"),
        (lambda r: r.remove(3), "no ROI 3; ROIs here: 1 to 2"),
        (lambda r: r.mask(0), "background"),
        (lambda r: r.set_mask(1, np.ones((4, 5, 5))), "shape"),
        (lambda r: r.set_mask(1, np.ones((1, 1, 1)), (slice(4, 5), slice(0, 1), slice(0, 1))), "does not fit"),
        (lambda r: r.set_mask(1, np.ones((1, 1, 2)), (slice(0, 1), slice(0, 1), slice(0, 4, 2))), "does not fit"),
        (lambda r: setattr(r, "active_layer", 2), "no layer 2"),
        (lambda r: r.keep_only(["Far", "Lfet"]), 'no ROI "Lfet"'),
    ],
)
def test_an_error_changes_nothing(two: RoiSet, change, message: str) -> None:
    before = state(two)
    with pytest.raises(RoiError, match=message):
        change(two)
    assert state(two) == before


def test_layers_cannot_be_written_past_the_set(two: RoiSet) -> None:
    with pytest.raises(ValueError, match="read-only"):
        two.layers[0][0, 0, 0] = 1


def test_adopting_uses_the_first_vacant_layer(two: RoiSet) -> None:
    other = RoiSet(GRID)
    other.set_mask(other.add("Right", "#abcdef"), RIGHT)
    other.set_mask(other.add("Corner"), box(slice(0, 1), slice(0, 1), slice(0, 1)))
    other.edit(1, visible=False, locked=True)

    assert two.adopt(other, 2) == 3
    assert two.adopt(other, 1) == 4
    assert two.roi(3).layer == 1
    right = two.roi(4)
    assert (right.name, right.color, right.visible, right.locked, right.layer) == ("Right", "#abcdef", False, True, 2)
    assert np.array_equal(two.mask(4), RIGHT)
    assert np.array_equal(two.mask(1), LEFT)


def test_adopting_fails_whole(two: RoiSet) -> None:
    other = RoiSet(GRID)
    for n in range(MAX_LAYERS):
        if n:
            other.active_layer = other.add_layer()
        other.set_mask(other.add(f"Full {n}"), np.ones(GRID.shape))
    for k in range(1, MAX_LAYERS):
        two.adopt(other, k)
    before = state(two)
    with pytest.raises(RoiError, match="overlaps"):
        two.adopt(other, MAX_LAYERS)
    assert state(two) == before

    elsewhere = RoiSet(Grid((6, 5, 4), (1.0, 2.0, 3.5)))
    elsewhere.add("There")
    with pytest.raises(RoiError, match="another grid"):
        two.adopt(elsewhere, 1)
    namesake = RoiSet(GRID)
    namesake.add("Left")
    with pytest.raises(RoiError, match="already"):
        two.adopt(namesake, 1)
    assert state(two) == before


def test_a_copy_is_independent(two: RoiSet) -> None:
    two.active_layer = two.add_layer()
    two.set_mask(two.add("Above"), RIGHT)
    twin = two.copy()
    assert state(twin) == state(two)
    before = state(two)
    twin.set_mask(1, RIGHT)
    twin.edit(2, name="Renamed")
    twin.add("More")
    assert state(two) == before


def test_clear_and_keep_only(two: RoiSet) -> None:
    two.edit(1, locked=True)
    two.add("Third")
    two.keep_only(["Third", "Far"])
    assert two.names == ["Far", "Third"]
    two.add_layer()
    two.clear()
    assert (len(two), len(two.layers), two.active_layer) == (0, 1, 1)
    assert not two.layers[0].any()


def test_free_names_count_up(two: RoiSet) -> None:
    assert two.free_name("New") == "New"
    two.add("Left (2)")
    assert two.free_name("Left") == "Left (3)"


def test_regrid_takes_the_nearest_voxel(two: RoiSet) -> None:
    pytest.importorskip("vqscript.imaging.resample")
    fine = Grid((12, 10, 8), (0.5, 1.0, 1.5), (-0.25, -0.5, -0.75))
    twin = two.regrid(fine)
    assert twin.names == two.names
    assert np.array_equal(twin.mask(1), LEFT.repeat(2, 0).repeat(2, 1).repeat(2, 2))
    assert twin.count(2) == 8
    assert two.count(1) == 18


def test_a_change_says_which_rois_it_met(two: RoiSet) -> None:
    assert two.set_mask(two.add("Right"), RIGHT) == Met(lost=("Left",))
    two.edit(3, locked=True)
    assert two.set_mask(1, LEFT) == Met(kept=("Right",))
    assert np.array_equal(two.mask(1), LEFT & ~RIGHT)
    assert two.set_mask(2, LEFT & ~RIGHT) == Met(lost=("Left",))
    assert two.set_mask(2, two.mask(2)) == Met()


def test_a_mask_that_meets_locked_rois_stays_as_it_was(two: RoiSet) -> None:
    two.edit(1, locked=True)
    mine = np.ones(GRID.shape, bool)
    assert two.set_mask(2, mine) == Met(kept=("Left",))
    assert mine.all()


def test_emptying_leaves_name_and_colour(two: RoiSet) -> None:
    two.empty(1)
    assert (two.count(1), two.roi(1).name, two.roi(1).color) == (0, "Left", COLORS[0])
    assert not two.layers[0][LEFT].any()


def test_moving_between_layers(two: RoiSet) -> None:
    two.add_layer()
    two.move(1, 2)
    assert (two.roi(1).layer, two.count(1)) == (2, 18)
    assert not two.layers[0][LEFT].any()
    two.set_mask(two.add("Right", layer=1), RIGHT)
    before = state(two)
    with pytest.raises(RoiError, match='on layer 1 it would overlap "Right"'):
        two.move(1, 1)
    with pytest.raises(RoiError, match="no layer 3"):
        two.move(1, 3)
    assert state(two) == before
    two.move(1, 2)
    assert state(two) == before
    empty = two.add("Empty")
    two.move(empty, 2)
    assert two.roi(empty).layer == 2


def test_copies_lie_where_there_is_room(two: RoiSet) -> None:
    two.edit(1, locked=True, visible=False)
    k = two.duplicate(1)
    copied = two.roi(k)
    assert (copied.name, copied.layer, copied.visible, copied.locked) == ("Left (2)", 2, False, False)
    assert np.array_equal(two.mask(k), two.mask(1))
    assert copied.color != two.roi(1).color
    assert two.roi(two.duplicate(2, name="Far again")).layer == 2
    assert two.roi(two.duplicate(1)).layer == 3
    before = state(two)
    for change, message in (
        (lambda: two.duplicate(1, 1), 'overlap "Left"'),
        (lambda: two.duplicate(1, 9), "no layer 9"),
        (lambda: two.duplicate(1, name="Far"), "already"),
        (lambda: two.duplicate(7), "no ROI 7"),
    ):
        with pytest.raises(RoiError, match=message):
            change()
        assert state(two) == before


def test_settling_takes_nothing_from_others(two: RoiSet) -> None:
    region = (slice(0, 4), slice(0, 5), slice(0, 6))
    assert not two.settle(1, (region, LEFT))
    assert two.settle(2, (region, RIGHT))
    assert (two.roi(2).layer, two.count(1), two.count(2)) == (2, 18, 24)
    # Its own layer is kept as long as it has room there.
    assert not two.settle(2, (region, LEFT | RIGHT))
    with pytest.raises(RoiError, match="locked"):
        two.edit(2, locked=True)
        two.settle(2, (region, LEFT))


def test_there_is_an_end_of_layers_and_rois(two: RoiSet) -> None:
    for _ in range(MAX_LAYERS - 1):
        two.add_layer()
    with pytest.raises(RoiError, match="at most 8"):
        two.add_layer()
    assert len(two.layers) == MAX_LAYERS
    many = RoiSet(Grid((MAX_ROIS, 1, 1)))
    for n in range(MAX_ROIS):
        mask = np.zeros((1, 1, 1), bool)
        mask[...] = True
        many.set_mask(many.add(f"ROI {n}"), mask, (slice(0, 1), slice(0, 1), slice(n, n + 1)))
    assert all(many.count(j) == 1 for j in (1, 1000, MAX_ROIS))
    with pytest.raises(RoiError, match="at most 2048"):
        many.add("One more")
