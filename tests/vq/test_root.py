"""VQ itself: the host, questions, files, preProcess; and the operators that change images."""

from __future__ import annotations

import numpy as np
import pytest

import vqscript


def test_objects_are_always_the_same(lua):
    assert lua("""
        for _, name in ipairs{"dataManager", "mainWin", "minMaxTool", "controler", "sliceViewer", "vtkController",
                              "vtkViewer", "currentOp"} do
          assert(VQ[name]() == VQ[name](VQ), name)
        end
        print(VQ.controler() == VQ.controller(), VQ.applicationName(), VQ.index(1))
    """) == [f"true\tvqscript {vqscript.__version__}\t1"]


def test_the_log_shows_values_as_lua_writes_them(lua, loaded):
    lua('VQ.log("dose", 2.5, nil, true, 3, 1/3)')
    assert loaded.logged == ["info: dose 2.5 nil true 3 0.33333333333333"]


def test_files(lua, loaded):
    assert lua("""
        VQ.writeFile("notes.txt", "µCi\\n")
        print(VQ.fileExists("notes.txt"), VQ.folderExists("notes.txt"), VQ.readFile("notes.txt") == "µCi\\n")
        print(VQ.mkdir("pictures", "day 1"), VQ.folderExists("pictures/day 1"))
        print(VQ.mkdir(VQ.output, "pictures"))
    """) == [
        "true\tfalse\ttrue",
        f"{loaded.output / 'pictures' / 'day 1'}\ttrue",
        str(loaded.output / "pictures"),
    ]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('VQ.mkdir("a", "../b")', "no folder name"),
        ('VQ.writeFile("../up.txt", "")', "may not write"),
        ('VQ.readFile("nothing.txt")', "no file"),
        ('VQ.askYesNoQuestion("Go on?")', 'asks "Go on?"'),
        ('VQ.getText("Study", "Which one?")', 'asks "Study: Which one?"'),
        ('VQ.getItem("Organ", "Which?", {"Heart"}, 1)', "no item 1"),
        ("VQ.index(4)", "no input 4"),
        ('VQ.fail("no dose", "enter one")', "no dose"),
        ('VQ.preProcess("calibFactor=true")', "does not know the factor"),
        ('VQ.dicomRepository("nowhere.repo")', "nowhere.repo"),
    ],
)
def test_what_cannot_be_is_told_at_the_users_line(fails, call, message):
    error = fails(call)
    assert message in str(error)
    assert error.line == 4


def test_preprocess_converts_by_net_activity(lua, loaded):
    nm = loaded.session.inputs[1].volume
    high = nm.range()[1]
    (unit_and_max,) = lua("""
        VQ.preProcess("convertUnit=true|convertUnitUnit=%ID/g|injDose=100 uCi|bedRemoval=false")
        print(dm:unit(1) .. " " .. dm:getMax(1))
    """)
    unit, value = unit_and_max.split()
    assert unit == "%ID/g"
    assert float(value) == pytest.approx(high / (nm.grid.voxel_volume / 1000), rel=1e-5)


def test_arithmetics(lua, loaded):
    _, high = loaded.session.inputs[1].volume.range()
    printed = lua("""
        local op = op("Arithmetics")
        op:scalarMult(1, 100, "%ID") op:scalarDiv(1, 50, "%ID") op:scalarAdd(1, 1, "%ID") op:scalarSub(1, 1, "%ID")
        print(dm:getMax(1), dm:unit(1))
        op:mult(1, 1, 2, "x") op:sqrt(2, "%ID") op:sub(2, 1)
        print(dm:getMax(2))
        op:pow(1, 2, "a") op:clip(1, 0.5, 2) op:threshold(1, 1, 2) op:abs(1) op:invert(1) op:exp(1, "b") op:log(1, "c")
        op:add(1, 1) op:div(1, 1)
        print(dm:unit(1))
    """)
    assert float(printed[0].split()[0]) == pytest.approx(2 * high, rel=1e-5)
    assert float(printed[1]) == pytest.approx(0, abs=1e-5 * high)


def test_a_division_by_zero_is_refused_in_the_users_words(fails, loaded):
    values = loaded.session.inputs[1].volume.values().copy()
    error = fails('local dose = 0\nop("Arithmetics"):scalarDiv(1, dose, "%ID")')
    assert "divided by zero" in str(error)
    assert np.array_equal(loaded.session.inputs[1].volume.values(), values)


def test_cropping(lua, loaded):
    before = loaded.session.inputs[0].volume
    assert lua("""
        local crop = op("Cropping")
        crop:setRange(0, 10, 49) crop:setRange(2, 5, 14)
        crop:executeCropping()
        print(dm:dim(0))
        crop:embed(60, 80, 20)
        print(dm:dim(0))
        crop:autoCrop({0}, 1)
    """) == ["40\t80\t10\t1", "60\t80\t20\t1"]
    after = loaded.session.inputs[0].volume
    assert after.stored.dtype == before.stored.dtype == np.int16
    index = np.array([3, 4, 2])
    there = before.grid.to_index(after.grid.to_world(index)).round().astype(int)
    assert after.value(*index) == before.value(*there)


def test_registration_moves_an_input_against_the_reference(lua, loaded):
    x, y, z = loaded.session.inputs[1].volume.grid.origin
    lua('op("Reorientation/Registration"):translate(1, 1, 2, -3)')
    assert loaded.session.inputs[1].volume.grid.origin == pytest.approx((x + 1, y + 2, z - 3))
