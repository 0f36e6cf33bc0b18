"""VQ itself: the host, questions, files, preProcess; and the operators that change images."""

from __future__ import annotations

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
