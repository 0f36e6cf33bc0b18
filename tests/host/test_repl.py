"""Lines typed one after another in the real host, and the script that they make."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vqscript.errors import Aborted, ScriptError
from vqscript.host.gate import Gate
from vqscript.host.repl import Repl, Stage
from vqscript.host.runtime import Runtime
from vqscript.session import Session
from vqscript.vq.root import VQ


@pytest.fixture
def repl(home):
    """A session in the folder of the scripts, with `dm` ready."""

    def stage() -> Stage:
        session = Session(output=home.output)
        home.sessions.append(session)
        gate = Gate(home.output, None)
        return Stage(session, Runtime(VQ(session), gate, args={"repo": "lab.repo"}, write=home.lines.append))

    return Repl(stage, ["local dm = VQ.dataManager()", "local repo = args.repo"])


@pytest.fixture
def typed(repl) -> Callable[..., list[str]]:
    """Return a function that types lines and returns what each showed."""

    def run(*lines: str) -> list[str]:
        return [repl.run(repl.read(line, last=True)) for line in lines]

    return run


# Names that last --------------------------------------------------------------------------


def test_locals_and_globals_last(typed):
    assert typed("local x = 1", "y = 2", "x + y", "x = 5", "x")[-3:] == ["3", "", "5"]
    assert typed("local function twice(n) return 2 * n end", "twice(x)")[-1] == "10"
    assert typed("local function count() x = x + 1 return x end", "count()", "count()", "x")[-3:] == ["6", "7", "7"]


def test_a_local_hides_a_library_from_the_lines_but_not_from_modules(typed):
    typed('local table = "mine"', 'local string = "too"')
    assert typed("table") == ['"mine"']
    assert typed('local csv = require "csv"', 'csv.format { { "a", "b" } }')[-1].startswith("a,b")


def test_a_local_is_no_global(typed):
    assert typed("local x = 1", "y = 2", "_G.x, _G.y")[-1] == "nil  2"


def test_a_local_within_a_block_ends_with_it(typed):
    assert typed("do local inner = 1 end", "inner")[-1] == "nil"


def test_the_last_value_is_kept_until_there_is_another(typed):
    assert typed("6 * 7", "_ + 1", "x = 5", "_", "nil", "_", "dm:clear()", "_")[-1] == "43"


def test_included_functions_are_names_of_the_session(home, typed):
    home.write("tools.lua", "function half(n) return n / 2 end\nlocal hidden = 1")
    assert typed('#include "tools.lua"', "half(5)", "hidden")[1:] == ["2.5", "nil"]


# What is shown ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1 + 1", "2"),
        ("7 / 2, 4 / 2, 2^53", "3.5  2.0  9.007199254741e+15"),
        ("1/0, -1/0", "inf  -inf"),
        ("nil", "nil"),
        ("nothing", "nil"),
        ("true", "true"),
        ("'µCi \"x\"'", '"µCi \\"x\\""'),
        ("'a\\tb\\\\'", '"a\\tb\\\\"'),
        ("'line\\nline\\n'", "line\nline"),
        ("'\\27[31mred'", '"\\x1b[31mred"'),
        ("'\\xff'", '"\ufffd"'),
        ("{}", "{}"),
        ("{ 1, 2, { 3, x = 4 } }", "{ 1, 2, { 3, x = 4 } }"),
        ("{ b = 1, a = 2, ['the end'] = 3, ['end'] = 4, [7] = 5, [1.5] = 6, [true] = 7 }",
         '{ [1.5] = 6, [7] = 5, a = 2, b = 1, ["end"] = 4, ["the end"] = 3, [true] = 7 }'),
        ("{ [true] = 'yes', 'one' }", '{ "one", [true] = "yes" }'),
        ("{ 1, nil, 3 }", "{ 1, [3] = 3 }"),
        ("{ { { { { { { 1 } } } } } } }", "{ { { { { { {...} } } } } } }"),
        ("{ f = print }", "{ f = function print(...) }"),
        ("{ [{}] = 1, [dm] = 2 }", None),
        ("dm:clear()", ""),
        ("x = 1", ""),
        ("-- nothing", ""),
        ("", ""),
        ("return 1, 2", "1  2"),
        ("pcall(error, 'x')", 'false  "x"'),
        ("select(2, pcall(dm.unit, 3))", "error UsageError: there is no input 3; loaded: none"),
    ],
)  # fmt: skip
def test_values(typed, text, shown):
    (got,) = typed(text)
    if shown is None:
        assert "[table] = 1" in got and "[DataManager: no inputs; help(_)] = 2" in got
    else:
        assert got == shown


def test_tables_that_contain_themselves_end(typed):
    assert typed("t = {}", "t.t = t", "t")[-1] == "{ t = <the table itself> }"
    assert typed("t = { u = {} }", "t.u.t = t", "t")[-1] == "{ u = { t = <a table above> } }"


def test_a_table_that_is_seen_twice_is_shown_twice(typed):
    assert typed("local a = { 1 }", "{ a, a }")[-1] == "{ { 1 }, { 1 } }"


def test_long_tables_are_laid_out_within_the_width_and_cut(repl, typed):
    repl.width = 60
    (shown,) = typed("(function() local l = {} for i = 1, 5000 do l[i] = i * 1000 end return l end)()")
    lines = shown.splitlines()
    assert lines[0] == "{" and lines[-1] == "}"
    assert max(map(len, lines)) <= 60
    assert lines[1].startswith("  1000, 2000, 3000, ")
    assert lines[-2].endswith("100000, ... 4900 more,")


def test_nested_tables_take_a_line_each_where_one_is_too_short(repl, typed):
    repl.width = 40
    (shown,) = typed('{ name = "a study with a long name", list = { 1, 2 } }')
    assert shown == '{\n  list = { 1, 2 },\n  name = "a study with a long name",\n}'


def test_records_are_columns(typed):
    shown = typed('{ { name = "Heart", mean = 1.23456789, voxels = 12 }, { name = "心臓", mean = 10, voxels = 3 } }')
    assert shown[0].splitlines() == [
        "#  name   voxels     mean",
        "1  Heart      12  1.23457",
        "2  心臓        3       10",
    ]


def test_columns_that_have_no_room_are_named(repl, typed):
    repl.width = 40
    rows = ", ".join(
        f'{{ PatientID = "M{i}", StudyDate = "20240304", note = "{"x" * 30}", uid = "{i}" }}' for i in (1, 2)
    )
    (shown,) = typed(f"{{ {rows} }}")
    assert shown.splitlines()[0] == "#  PatientID  StudyDate  uid"
    assert shown.splitlines()[-1] == "also: note"


def test_what_records_hold_cannot_steer_the_terminal(typed):
    (shown,) = typed('{ { name = "a\\27[2J\\nb", names = { "x", "\\7" }, more = { {} } } }')
    assert "\x1b" not in shown and "\x07" not in shown
    assert shown.splitlines()[1] == "1  a\\x1b[2J b  x, \\x07  {...}"


def test_many_rows_are_cut(typed):
    (shown,) = typed("(function() local l = {} for i = 1, 150 do l[i] = { a = i, b = i } end return l end)()")
    assert shown.splitlines()[-1] == "... 50 more"


def test_a_table_can_say_how_it_is_shown(typed):
    assert typed("setmetatable({}, { __tostring = function() return 'mine' end })") == ["mine"]
    (shown,) = typed("setmetatable({}, { __tostring = function() error('no') end })")
    assert shown == "a table whose __tostring failed: no"


def test_showing_runs_no_metamethod_of_a_table(typed):
    (shown,) = typed("setmetatable({ 1, x = 2 }, { __index = error, __pairs = error, __len = error, __name = 'x' })")
    assert shown == "{ 1, x = 2 }"


def test_objects_say_what_they_hold(desk, mice):
    repl = Repl(lambda: Stage(desk.session, Runtime(VQ(desk.session), Gate(desk.output))), ["dm = VQ.dataManager()"])
    desk.load(mice, 0, "CT", "NM")

    def show(text: str) -> str:
        return repl.run(repl.read(text))

    assert show("dm") == "DataManager: 2 inputs (0 CT, 1 NM); help(_)"
    show('VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")')
    assert show("VQ.mainWin()") == 'MainWin: operator "3D ROI Tool"; help(_)'
    assert show("VQ.currentOp()") == "RoiTool: no ROIs; help(_)"
    show('VQ.currentOp():addROI("Heart")')
    assert show("VQ.currentOp()") == "RoiTool: 1 ROI (Heart); help(_)"
    assert show("VQ").startswith("VQ: output = ")
    header, ct, nm = repl.inputs().splitlines()
    assert header.split() == ["input", "image", "voxels", "spacing", "(mm)", "unit", "range", "from"]
    assert ct.split()[:14] == ["0", "CT", "96", "x", "80", "x", "70", "0.4", "x", "0.4", "x", "1", "HU", "-1024"]
    assert nm.split()[:2] == ["1", "NM"]
    assert repl.rois().splitlines()[1].split() == ["1", "Heart", "#e6194b", "1", "0", "0"]


def test_studies_and_series_are_tables(desk, mice):
    repl = Repl(
        lambda: Stage(desk.session, Runtime(VQ(desk.session), Gate(desk.output), args={"repo": str(mice.path)}))
    )

    def show(text: str) -> list[str]:
        return repl.run(repl.read(text)).splitlines()

    show('repo = require("ipacs").iPACS(args.repo, "/")')
    studies = show('repo:getStudies("-sort", "StudyDate")')
    assert studies[0].split()[:4] == ["#", "PatientsName", "PatientID", "StudyDate"]
    assert len([line for line in studies if line[:1].isdigit()]) == len(mice.scans)
    assert studies[-1].startswith("also: ") and "StudyInstanceUID" in studies[-1]
    series = show("repo:getSeries(_[1])")
    assert series[0].split()[:4] == ["#", "SeriesNumber", "Modality", "SeriesDescription"]


# Errors and aborts ------------------------------------------------------------------------


def test_an_error_names_the_line_and_the_session_goes_on(repl, typed):
    typed("function f()\n  error('no')\nend")
    with pytest.raises(ScriptError) as failed:
        typed("f()")
    assert str(failed.value) == "input 1:2: no"
    assert failed.value.frames == ("input 2:1: in main chunk",)
    assert typed("1 + 1") == ["2"]


def test_a_line_of_a_stream_has_the_number_it_has_there(repl):
    with pytest.raises(ScriptError, match=r"^stdin:7: no$"):
        repl.run(repl.read("error('no')"), shown="stdin", first=7)


def test_an_abort_ends_one_line(typed):
    with pytest.raises(Aborted):
        typed("x = 1 VQ.abort()")
    assert typed("x") == ["1"]


def test_a_line_that_was_aborted_cannot_go_on(home, typed):
    with pytest.raises(Aborted):
        typed("pcall(VQ.abort) print('went on')")
    assert home.lines == []


def test_lines_have_no_more_than_scripts_have(typed):
    assert typed("io, package, debug, python, os.execute, string.dump") == ["  ".join(["nil"] * 6)]
    assert typed("getmetatable(_ENV), rawget(_G, '_ENV')") == ['"prompt"  nil']
    with pytest.raises(ScriptError):
        typed("setmetatable(_ENV, {})")


# Files ------------------------------------------------------------------------------------


def test_a_file_runs_in_the_session_but_does_not_see_its_locals(home, repl, typed):
    typed("local secret = 1", "shared = 2")
    home.write("tools.lua", "made = 3")
    path = home.write("main.lua", '#include "tools.lua"\nprint(secret, shared, made, dm)\nlocal own = 4\nresult = 5')
    repl.run_file(path)
    assert home.lines == ["nil\t2\t3\tnil"]
    assert typed("result, own, made") == ["5  nil  3"]


def test_an_error_in_a_file_names_its_line(home, repl):
    path = home.write("wrong.lua", "\nerror('no')")
    with pytest.raises(ScriptError, match=r"wrong.lua:2: no"):
        repl.run_file(path)


# Beginning anew, and saving ---------------------------------------------------------------


def test_reset_forgets_all(repl, typed):
    typed("x = 1", "local y = 2")
    before = repl.session
    repl.reset()
    assert repl.session is not before
    assert typed("x, y, _")[0] == "nil  nil  nil"
    assert typed("dm") == ["DataManager: no inputs; help(_)"]


def body(script: str) -> list[str]:
    """Return a script's lines below its heading."""
    return script.split("\n\n", 1)[1].splitlines()


def test_the_lines_that_worked_become_a_script_that_does_the_same(home, repl, typed):
    typed("local x = 2", "local function f(n)\n  return n * x\nend", "f(21)", "_ + 1", "print(f(1))")
    with pytest.raises(ScriptError):
        typed("error('left out')")
    script = repl.script("mine.lua")
    assert body(script) == [
        "local x = 2",
        "local function f(n)",
        "  return n * x",
        "end",
        "_ = f(21)",
        "print(_ + 1)",
        "print(f(1))",
    ]
    assert home.run(script) == ["43", "2"]


def test_a_script_begins_with_what_it_needs(repl, typed):
    typed("dm:size()")
    script = repl.script("size.lua")
    assert script.startswith("-- size.lua: ")
    assert "--   vqscript run size.lua\n" in script
    assert body(script) == ["local dm = VQ.dataManager()", "dm:size()"]
    typed("repo")
    assert "--   vqscript run size.lua --repo REPO --project PROJECT\n" in repl.script("size.lua")


def test_a_script_is_right_where_lines_alone_are_not(home, repl, typed):
    typed("g = f", "(function() print('called') end)()", "return 5", "1 -- one", "local x = 1 return x", "print(2)")
    home.lines.clear()
    script = repl.script("odd.lua")
    assert home.run(script) == ["called", "5", "1", "2"]


def test_more_locals_than_lua_allows_become_globals(home, repl, typed):
    typed(*(f"local name{i} = {i}" for i in range(250)), "name249")
    assert home.run(repl.script("many.lua")) == ["249"]


def test_files_that_ran_are_included_where_that_is_possible(home, repl, tmp_path):
    home.write("near.lua", "x = 1")
    far = tmp_path / "far.lua"
    far.write_text("y = 2")
    repl.run_file(Path("near.lua"))
    repl.run_file(far)
    repl.run(repl.read("x, y"))
    script = repl.script("all.lua")
    assert body(script) == ['#include "near.lua"', f'-- #include "{far.as_posix()}"', "print(x, y)"]
    assert home.run(script) == ["1\tnil"]
