"""Arithmetic on inputs, against values worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.errors import UnitError, UsageError
from vqscript.imaging.grid import Grid

COUNT = np.arange(1, 25, dtype=np.float32).reshape(2, 3, 4)


@pytest.mark.parametrize(
    ("name", "number", "expected"),
    [("add", 2, 5.0), ("sub", 2, 1.0), ("mult", 2.5, 7.5), ("div", 4, 0.75)],
)
@pytest.mark.parametrize("kind", [np.float32, np.int16])
def test_a_number_is_applied_to_every_voxel(desk, put, name, number, expected, kind):
    item = put(0, COUNT.astype(kind), unit="HU")
    desk.session.arithmetics.scalar(name, 0, number, "HU")
    values = item.volume.values()
    assert values[0, 0, 2] == expected
    change = {"add": COUNT + number, "sub": COUNT - number, "mult": COUNT * number, "div": COUNT / number}[name]
    assert values == pytest.approx(change)
    assert item.volume.value(3, 2, 1) == pytest.approx(change[1, 2, 3])
    assert item.range == (pytest.approx(change.min()), pytest.approx(change.max()))


def test_a_ct_keeps_its_integers_and_its_calibration(desk, put):
    item = put(0, COUNT.astype(np.int16), unit="HU", slope=2.0, intercept=-1024.0)
    desk.session.arithmetics.scalar("add", 0, 24, "HU")
    desk.session.arithmetics.scalar("mult", 0, -0.5, "HU")
    assert item.volume.stored.dtype == np.int16
    assert item.volume.values() == pytest.approx(-(COUNT * 2 - 1000) / 2)
    desk.session.arithmetics.scalar("mult", 0, 0, "HU")
    assert not item.volume.values().any()
    desk.session.arithmetics.scalar("add", 0, 3, "HU")
    assert (item.volume.values() == 3).all()


def test_percent_injected_dose_per_gram_by_hand(desk, put):
    item = put(0, COUNT, unit="uCi")
    desk.session.arithmetics.scalar("mult", 0, 100 / 250, "%ID")
    desk.session.arithmetics.scalar("div", 0, 0.006, "%ID/g")
    assert item.volume.unit == "%ID/g"
    assert item.volume.value(0, 0, 0) == pytest.approx(100 / 250 / 0.006)
    assert item.provenance == ["scalarMult by 0.4 (uCi -> %ID)", "scalarDiv by 0.006 (%ID -> %ID/g)"]
    assert desk.logged == []


def test_a_unit_that_is_not_named_is_lost_with_one_line(desk, put):
    item = put(0, COUNT, unit="uCi")
    for _ in range(3):
        desk.session.arithmetics.scalar("mult", 0, 2)
    assert item.volume.unit == ""
    assert len(desk.logged) == 1
    assert "no longer uCi" in desk.logged[0]
    desk.session.arithmetics.scalar("mult", 0, 2, "widgets")
    assert item.volume.unit == "widgets"


@pytest.mark.parametrize("number", [0.0, float("inf"), float("nan"), 1e300, 1e-60])
def test_a_division_that_has_no_result_changes_nothing(desk, put, number):
    item = put(0, COUNT.astype(np.int16), unit="uCi")
    with pytest.raises(UsageError, match=r"zero|finite"):
        desk.session.arithmetics.scalar("div", 0, number, "%ID")
    assert np.array_equal(item.volume.stored, COUNT)
    assert (item.volume.slope, item.volume.unit, item.modified, item.provenance) == (1.0, "uCi", False, [])


def test_two_inputs_by_hand(desk, put):
    put(0, COUNT, unit="HU")
    put(1, np.full(COUNT.shape, 2, np.int16), unit="HU", slope=2.0)
    operations = desk.session.arithmetics
    operations.binary("sub", 0, 1, 2)
    assert desk.session.inputs[2].volume.values() == pytest.approx(COUNT - 4)
    assert desk.session.inputs[2].volume.unit == "HU"
    operations.binary("mult", 0, 1, 3, "HU2")
    assert desk.session.inputs[3].volume.values() == pytest.approx(COUNT * 4)
    assert desk.session.inputs[0].volume.values() == pytest.approx(COUNT)
    operations.binary("add", 0, 1)
    assert desk.session.inputs[0].volume.values() == pytest.approx(COUNT + 4)


def test_units_that_do_not_fit_are_not_added(desk, put):
    put(0, COUNT, unit="HU")
    put(1, COUNT, unit="uCi")
    with pytest.raises(UnitError, match="HU and input 1 in uCi"):
        desk.session.arithmetics.binary("add", 0, 1)
    assert not desk.session.inputs[0].modified


def test_a_division_by_zero_voxels_gives_nan_which_leaves_the_range(desk, put):
    put(0, np.ones((1, 1, 3), np.float32), unit="uCi")
    put(1, np.array([[[0, 2, 4]]], np.float32), unit="uCi")
    desk.session.arithmetics.binary("div", 0, 1, unit="")
    values = desk.session.inputs[0].volume.values()
    assert np.isnan(values[0, 0, 0])
    assert values[0, 0, 1:] == pytest.approx([0.5, 0.25])
    assert desk.session.inputs[0].range == (0.25, 0.5)


def test_another_grid_is_resampled_and_a_total_per_voxel_is_kept(desk, put):
    fine = Grid((4, 4, 4), (1.0, 1.0, 1.0))
    coarse = Grid((2, 2, 2), (2.0, 2.0, 2.0), (0.5, 0.5, 0.5))
    put(0, np.zeros(fine.shape, np.float32), grid=fine, unit="uCi")
    put(1, np.full(coarse.shape, 8.0, np.float32), grid=coarse, unit="uCi")
    put(2, np.full(coarse.shape, 8.0, np.float32), grid=coarse, unit="uCi/mL")
    desk.session.arithmetics.binary("add", 0, 1, 3)
    assert desk.session.inputs[3].volume.values() == pytest.approx(np.ones(fine.shape))
    assert desk.session.inputs[3].volume.values().sum() == pytest.approx(8 * 8)
    put(0, np.zeros(fine.shape, np.float32), grid=fine, unit="uCi/mL")
    desk.session.arithmetics.binary("add", 0, 2, 3)
    assert desk.session.inputs[3].volume.values() == pytest.approx(np.full(fine.shape, 8.0))
    assert sum("resampled" in line for line in desk.logged) == 2


def test_frames_are_combined_one_by_one(desk, put):
    dynamic = np.stack([COUNT, COUNT * 10])
    put(0, COUNT)
    put(1, dynamic, frame_times=(0.0, 60.0))
    put(2, np.stack([COUNT] * 3), frame_times=(0.0, 1.0, 2.0))
    operations = desk.session.arithmetics
    operations.binary("sub", 1, 0, 3)
    assert desk.session.inputs[3].volume.values(t=1) == pytest.approx(COUNT * 9)
    operations.binary("mult", 0, 1, 4)
    made = desk.session.inputs[4].volume
    assert (made.frames, made.frame_times) == (2, (0.0, 60.0))
    assert made.values(t=1) == pytest.approx(COUNT * COUNT * 10)
    with pytest.raises(UsageError, match="2 frames and input 2 has 3"):
        operations.binary("add", 1, 2)


@pytest.mark.parametrize(
    ("name", "numbers", "expected"),
    [
        ("abs", (), [2, 0, 1, 4]),
        ("clip", (-1, 2), [-1, 0, 1, 2]),
        ("threshold", (0, 2), [0, 0, 1, 0]),
        ("invert", (), [4, 2, 1, -2]),
        ("pow", (2,), [4, 0, 1, 16]),
        ("exp", (), [np.exp(-2), 1, np.exp(1), np.exp(4)]),
    ],
)
def test_functions_by_hand(desk, put, name, numbers, expected):
    item = put(0, np.array([[[-2, 0, 1, 4]]], np.int16), unit="HU")
    desk.session.arithmetics.unary(name, 0, *numbers)
    assert item.volume.values().ravel() == pytest.approx(np.array(expected, np.float32))
    keeps = name in ("abs", "clip", "threshold", "invert")
    assert item.volume.unit == ("HU" if keeps else "")


@pytest.mark.parametrize(
    ("name", "numbers"), [("log", ()), ("sqrt", ()), ("pow", (0.5,)), ("pow", (-1,)), ("clip", (2, 1))]
)
def test_functions_without_a_result_change_nothing(desk, put, name, numbers):
    item = put(0, np.array([[[-2, 0, 1, 4]]], np.int16), unit="HU")
    with pytest.raises(UsageError, match=r"no finite result|no range"):
        desk.session.arithmetics.unary(name, 0, *numbers)
    assert item.volume.stored.dtype == np.int16
    assert item.volume.stored.ravel().tolist() == [-2, 0, 1, 4]
    assert not item.modified


def test_clipping_sets_what_lies_outside_to_zero(desk, put):
    item = put(0, np.array([[[-2, 0, 1, 4]]], np.int16), unit="HU")
    item.set_scale(-1, 2)
    desk.session.arithmetics.clip_to_zero(0, below=item.window[0])
    assert item.volume.values().ravel().tolist() == [0, 0, 1, 4]
    desk.session.arithmetics.clip_to_zero(0, above=item.window[1])
    assert item.volume.values().ravel().tolist() == [0, 0, 1, 0]
    assert item.scale == (-1, 2)


def test_an_input_that_cannot_be_is_refused_before_anything_is_computed(desk, put):
    put(0, COUNT)
    with pytest.raises(UsageError, match="input 256 is out of range"):
        desk.session.arithmetics.binary("add", 0, 0, 256)
    with pytest.raises(UsageError, match="no input 7; loaded: 0"):
        desk.session.arithmetics.scalar("add", 7, 1)


@pytest.mark.parametrize("name", ["abs", "clip", "threshold", "invert", "sqrt", "add", "div"])
def test_floats_are_changed_where_they_are(desk, put, name):
    item = put(0, np.arange(24, dtype=np.float32).reshape(2, 3, 4))
    put(1, np.full((2, 3, 4), 2, np.int16))
    voxels = item.volume.stored
    if name in ("add", "div"):
        desk.session.arithmetics.binary(name, 0, 1)
    else:
        desk.session.arithmetics.unary(name, 0, *((1, 3) if name in ("clip", "threshold") else ()))
    assert desk.session.inputs[0].volume.stored is voxels


def test_another_input_as_the_result_leaves_the_operands_alone(desk, put):
    put(0, np.arange(24, dtype=np.float32).reshape(2, 3, 4))
    put(1, np.full((2, 3, 4), 2, np.float32))
    desk.session.arithmetics.binary("mult", 0, 1, 2)
    assert desk.session.inputs[0].volume.value(3, 2, 1) == 23
    assert desk.session.inputs[1].volume.value(3, 2, 1) == 2
    assert desk.session.inputs[2].volume.value(3, 2, 1) == 46


def test_an_input_with_itself(desk, put):
    put(0, np.arange(24, dtype=np.int16).reshape(2, 3, 4), slope=0.5, intercept=1.0)
    desk.session.arithmetics.binary("mult", 0, 0)
    assert desk.session.inputs[0].volume.value(3, 2, 1) == 12.5**2
