"""Inputs: numbers, display, and what happens to ROIs and leftovers when the reference changes."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.errors import UsageError
from vqscript.imaging.grid import Grid

HERE = Grid((4, 3, 2), frame_of_reference="1.1")
THERE = Grid((4, 3, 2), frame_of_reference="1.2")
ZEROS = np.zeros(HERE.shape, np.int16)


def draw(session, name: str = "Heart") -> int:
    mask = np.zeros(session.rois.grid.shape, bool)
    mask[0, 1, 1:3] = True
    j = session.rois.add(name)
    session.rois.set_mask(j, mask)
    return j


def test_swapping_exchanges_values_and_display(desk, put):
    put(1, ZEROS, grid=HERE).palette = "hot"
    put(2, ZEROS + 5, grid=HERE, unit="HU")
    desk.session.swap(1, 2)
    assert desk.session.inputs[1].volume.unit == "HU"
    assert desk.session.inputs[2].palette == "hot"
    with pytest.raises(UsageError, match="no input 3"):
        desk.session.swap(1, 3)


def test_a_copy_is_independent(desk, put):
    put(0, ZEROS, grid=HERE)
    assert desk.session.duplicate(0) == 1
    desk.session.arithmetics.scalar("add", 1, 3)
    desk.session.inputs[1].volume.as_float()[:] = 7
    assert desk.session.inputs[0].volume.range() == (0, 0)
    assert desk.session.inputs[0].provenance == []


def test_numbers_need_not_be_contiguous_and_stay(desk, put):
    for i in (0, 1, 3):
        put(i, ZEROS, grid=HERE)
    desk.session.remove(1)
    assert [i for i, _ in desk.session.inputs] == [0, 3]
    assert len(desk.session.inputs) == 4


def test_inputs_above_two_follow_input_two(desk, put):
    for i in range(5):
        put(i, ZEROS, grid=HERE)
    session = desk.session
    session.inputs[2].show = False
    assert [session.shown(i) for i in range(5)] == [True, True, False, False, False]
    session.inputs[2].show, session.inputs[4].show = True, False
    assert [session.shown(i) for i in range(5)] == [True] * 5
    session.display.show_overlay = False
    assert [session.shown(i) for i in range(5)] == [True, True, False, False, False]


@pytest.mark.parametrize(("low", "high"), [(1, 1), (2, 1), (0, float("inf")), (float("nan"), 1)])
def test_a_display_scale_needs_two_ends(desk, put, low, high):
    item = put(0, ZEROS, grid=HERE)
    with pytest.raises(UsageError, match="no extent"):
        item.set_scale(low, high)
    assert item.limits is None


def test_rois_stay_with_the_same_place_and_go_with_another(desk, put):
    put(0, ZEROS, grid=HERE)
    draw(desk.session)
    put(0, ZEROS + 1, grid=HERE)
    assert desk.session.rois.names == ["Heart"]
    assert desk.logged == []
    put(0, ZEROS, grid=THERE)
    assert desk.session.rois.names == []
    assert desk.logged == ["warning: the new reference image lies elsewhere: the 1 ROIs on the old one were removed"]


def test_without_a_frame_of_reference_rois_do_not_pass_to_another_study(desk, put):
    grid = Grid(HERE.size)
    put(0, ZEROS, grid=grid, study="1")
    draw(desk.session)
    put(0, ZEROS, grid=grid, study="1")
    assert len(desk.session.rois) == 1
    put(0, ZEROS, grid=grid, study="2")
    assert len(desk.session.rois) == 0


def test_rois_and_cursor_go_with_the_reference(desk, put):
    put(0, ZEROS, grid=HERE)
    put(1, ZEROS, grid=HERE)
    draw(desk.session)
    desk.session.set_cursor(0, 3)
    desk.session.remove(0)
    assert desk.session.display.cursor is None
    assert "1 ROIs on the old one were removed" in desk.logged[0]
    with pytest.raises(UsageError, match="nothing is loaded in input 0"):
        _ = desk.session.rois


def test_clearing_forgets_all_that_was_set_by_number(desk, put):
    put(0, ZEROS, grid=HERE)
    put(1, ZEROS, grid=HERE)
    desk.session.roi_tool.input = 1
    desk.session.cropping.set_range(0, 1, 2)
    desk.session.clear()
    assert len(desk.session.inputs) == 0
    assert (desk.session.roi_tool.input, desk.session.cropping.ranges) == (0, {})


@pytest.mark.parametrize("how", ["statistics", "cut", "picture"])
def test_a_leftover_of_another_study_is_warned_of_once(desk, put, tmp_path, how):
    put(0, ZEROS, grid=HERE, study="1.9.2")
    put(1, ZEROS + 3, grid=HERE, study="1.9.1")
    j = draw(desk.session)
    for _ in range(2):
        if how == "statistics":
            desk.session.roi_tool.statistics(j, 1)
        elif how == "cut":
            desk.session.roi_tool.cut(1, j)
        else:
            desk.session.save_image(tmp_path / "a", 1)
    assert desk.logged == ["warning: input 1 is image 1, of another study than input 0, image 0"]


def test_another_frame_of_reference_is_warned_of(desk, put):
    put(0, ZEROS, grid=HERE, study="1.9.2")
    put(1, ZEROS + 3, grid=THERE, study="1.9.2")
    desk.session.roi_tool.statistics(draw(desk.session), 1)
    assert len(desk.logged) == 1
    assert "input 1 has another frame of reference than input 0" in desk.logged[0]


def test_what_an_image_does_not_say_is_not_held_against_it(desk, put):
    put(0, ZEROS, grid=HERE, study="1.9.2")
    put(1, ZEROS + 3, grid=Grid(HERE.size))
    desk.session.roi_tool.statistics(draw(desk.session), 1)
    assert desk.logged == []


def test_the_reference_is_not_moved_against_its_own_files(desk, put):
    put(0, ZEROS, grid=HERE)
    put(1, ZEROS, grid=HERE)
    with pytest.raises(UsageError, match="stays"):
        desk.session.reorientation.translate(0, (1, 0, 0))
    desk.session.reorientation.translate(1, (1, -2, 0.5))
    assert desk.session.inputs[1].volume.grid.origin == (1, -2, 0.5)
    assert desk.session.inputs[1].modified


@pytest.mark.parametrize("position", [-0.6, 3.5, float("nan"), float("inf"), 1e300])
def test_a_cursor_outside_is_refused(desk, put, position):
    put(0, ZEROS, grid=HERE)
    with pytest.raises(UsageError, match="is outside the image"):
        desk.session.set_cursor(0, position)
    assert desk.session.cursor == (2, 1, 1)


def test_the_cursor_is_rounded_half_up(desk, put):
    put(0, ZEROS, grid=HERE)
    for position, voxel in ((-0.5, 0), (0.4999, 0), (0.5, 1), (2.5, 3), (3.4999, 3)):
        desk.session.set_cursor(0, position)
        assert desk.session.cursor[0] == voxel
    assert desk.session.cursor[1:] == (1, 1)
    with pytest.raises(UsageError, match="no axis 3"):
        desk.session.set_cursor(3, 0)


def test_only_so_many_inputs(desk, put, mice):
    repository = desk.session.repository(mice.path)
    with pytest.raises(UsageError, match="input -1 is out of range"):
        put(-1, ZEROS, grid=HERE)
    with pytest.raises(UsageError, match="input 300 is out of range"):
        desk.session.open(mice.path, 300, repository)
    assert len(desk.session.inputs) == 0


def test_a_path_as_text_is_told_and_not_read_letter_by_letter(desk):
    with pytest.raises(UsageError, match="is text, not a path"):
        desk.session.open("ct_folder")
