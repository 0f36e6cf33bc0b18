"""``help`` in scripts: what it is asked, and what it says."""

from __future__ import annotations

import pytest

from vqscript.errors import ScriptError
from vqscript.host.handbook import Handbook
from vqscript.host.handbook.finding import names
from vqscript.host.handbook.help import explain
from vqscript.host.handbook.layout import WIDTH

CSV = 'local csv = require "csv"\n'


@pytest.fixture
def says(desk):
    """Run Lua and return what it printed as one text."""
    return lambda code: "\n".join(desk.run(code))


@pytest.mark.parametrize(
    ("call", "first", "more"),
    [
        ("help(VQ)", "VQ (object)", "dataManager()"),
        ("help(VQ.dataManager())", "DataManager (object)", "convertUnit(i, u, ...)"),
        ("help(VQ.dataManager().convertUnit)", "DataManager.convertUnit(i, u, ...)", "-dose"),
        ("help(VQ.currentOp())", "Navigation, the operator Navigation", "center()"),
        ("help(VQ.dataManager)", "VQ.dataManager()", 'See help "DataManager"'),
        ('help "convertUnit"', "DataManager.convertUnit(i, u, ...)", "UnitError"),
        ('help "CONVERTUNIT"', "DataManager.convertUnit(i, u, ...)", "UnitError"),
        ('help "dm"', "DataManager (object)", "VQ.dataManager()"),
        ('help "dm:size"', "DataManager.size()", "integer"),
        ('help "repo"', "iPACS (object)", "mergeROIs(...)"),
        ('help "getROIs"', "iPACS.getROIs(...)", "-savepath"),
        ('help "ipacs"', "ipacs (module of the standard library)", 'require "ipacs"'),
        ('help "stats"', "stats (module of the standard library)", "mean(values)"),
        ('help "-namefilter"', "-namefilter is an option of", "iPACS.getStudies"),
        ('help "3D ROI Tool"', "RoiTool, the operator 3D ROI Tool", "statistics(j"),
        ('help "units"', "unit: string", '"%ID/g"'),
        ('help "%ID/g"', "unit: string", '"%ID/g"'),
        ('help "palettes"', "palette: string", '"nih_fire2"'),
        ('help "operators"', "operator: string", '"Cropping"'),
        ('help "modes"', "Pictures that saveImage makes:", '5 or "composite"'),
        ('help "errors"', "Kinds of errors: e.type after local ok, e = pcall(...)", "UnitError"),
        ('help "globals"', "What a script finds without including anything:", "pcall(f, ...)"),
        ('help "options"', "Options come behind the other arguments", "namefilter"),
        ('help "paths"', "Files that a script writes lie under the output folder", "--allow-write"),
        ('help "Study"', "Study (table)", "PatientsName"),
        ('help "size"', "DataManager.size()", "Example"),
        ("help(print)", "print(...)", "tabs"),
        ("help(help)", "help([subject])", "topic"),
        ("help(string.format)", "string.format(format, ...)", "printf"),
        ("help(string)", "string (Lua's library)", "split("),
        ("VQ.help(VQ.mainWin())", "MainWin (object)", "saveImage(path [, mode])"),
        ('VQ:help("print")', "print(...)", "tabs"),
        ("help()", "Everything begins with VQ. Its objects:", "VQ.dataManager()"),
        (CSV + "help(csv)", "csv (module of the standard library)", "write(path, rows"),
        (CSV + "help(csv.write)", "csv.write(path, rows", "Returns"),
        ('#include "ipacs.lua"\nhelp(iPACS)', "iPACS (object)", "ipacs.iPACS(url [, project])"),
        ("local size = VQ.dataManager().size\nhelp(size)", "DataManager.size()", "integer"),
    ],
)
def test_what_it_says(says, call, first, more):
    text = says(call)
    assert text.startswith(first)
    assert more in text


def test_an_object_written_in_lua_explains_itself(desk, mice):
    lines = desk.run(
        'local repo = require("ipacs").iPACS(args.repo)\nhelp(repo)\nhelp(repo.getSeries)\nhelp(repo.dcmRep)',
        repo=str(mice.path),
    )
    assert lines[0] == "iPACS (object)"
    assert "iPACS.getSeries(study, ...)" in lines
    assert "DicomRepository (object)" in lines


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        ('help "convertUnits"', 'there is no help on "convertUnits"', 'did you mean "convertUnit"?'),
        ('help "-modaltiy"', 'there is no help on "-modaltiy"', 'did you mean "-modality"?'),
        ('help "3D ROI Toll"', 'there is no help on "3D ROI Toll"', 'did you mean "3D ROI Tool"?'),
        ('help "qqqq"', 'there is no help on "qqqq"', "help() lists what there is"),
        ("help(nothing)", "help explains objects, functions and topics, got nothing", 'help "name"'),
        ("help(3)", "help explains objects, functions and topics, got a number", 'help "name"'),
        ("help({})", "help explains objects, functions and topics, got a table", 'help "name"'),
        ("help(function() end)", "help explains objects, functions and topics, got a function", 'help "name"'),
        ("function mine() end help(mine)", 'there is no help on "mine"', "?"),
    ],
)
def test_what_it_cannot_explain(desk, call, message, hint):
    with pytest.raises(ScriptError) as caught:
        desk.run(call)
    assert message in str(caught.value)
    assert hint in caught.value.hint


def test_a_name_in_several_places_lists_them(says):
    text = says('help "load"')
    assert text.startswith("load is in several places")
    assert "iPACS.load(" in text and "RoiTool.load(" in text


def test_every_name_it_offers_is_explained_in_readable_lines():
    for name in names(Handbook.load()):
        lines = explain(name)
        assert lines and lines[0].strip(), name
        assert all(line == line.rstrip() and "`" not in line for line in lines), name
        assert all(len(line) <= WIDTH or line.startswith("    ") for line in lines), name


def test_a_script_cannot_change_what_help_says(says):
    assert says("local h = VQ.help\nhelp = nil\nh(VQ.mainWin().saveImage)").startswith("MainWin.saveImage(")
    with pytest.raises(ScriptError, match="cannot be assigned"):
        says("VQ.help = print")
