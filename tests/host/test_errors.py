"""What the user is told when a script fails: file, line, frames and hint, and what pcall gets."""

from __future__ import annotations

import pytest

from vqscript.errors import Aborted, ScriptError


def fails(home, code, **how) -> ScriptError:
    with pytest.raises(ScriptError) as caught:
        home.run(code, **how)
    return caught.value


PLACES = {
    "\n\nVQ.index(3)": (3, "there is no input 3; loaded: none"),
    "\n\nlocal x = nil\nprint(x.y)": (4, "attempt to index a nil value (local 'x')"),
    "\nreturn VQ.index(3)": (2, "there is no input 3; loaded: none"),
    "return VQ.index(3)": (1, "there is no input 3; loaded: none"),
    "\nerror('too bad')": (2, "too bad"),
    "\nerror('too bad', 0)": (2, "too bad"),
    "\nlocal function f() error('too bad', 2) end\n\nf()": (4, "too bad"),
    "\nerror({ code = 3 })": (2, "the script raised a table as its error"),
    "\nerror({ message = 'said so' })": (2, "said so"),
    "\nerror()": (2, "the script raised nil as its error"),
    "\nerror(setmetatable({}, {__tostring = function() return 'shown' end}))": (2, "shown"),
    "\nerror(setmetatable({}, {__tostring = function() error('x') end}))": (
        2,
        "the script raised a table as its error",
    ),
    "\nerror(nil)": (2, "the script raised nil as its error"),
    "\nerror({})": (2, "the script raised a table as its error"),
    "\nerror(42)": (2, "42"),
    "\nerror(true)": (2, "true"),
    "\ntable.sort({2, 1, 3}, function()\n  error('in the comparator') end)": (3, "in the comparator"),
    "\ntable.sort({2, 1, 3}, function()\n  VQ.index(3) end)": (3, "there is no input 3; loaded: none"),
    "\nlocal s = ('a'):gsub('a', function()\n  error('in the replacement') end)": (3, "in the replacement"),
    "\ndo local x <close> = setmetatable({}, {__close = function()\n  error('closing') end}) end": (3, "closing"),
    "\ndo local x <close> = setmetatable({}, {__close = function(_, e)\n  error(e, 0) end}) error('first') end": (
        3,
        "first",
    ),
    "\nlocal t = setmetatable({}, {__index = function()\n  error('in __index') end}) print(t.x)": (3, "in __index"),
    "\nsetmetatable(1, {})": (2, "bad argument #1 to 'setmetatable' (table expected, got number)"),
    "\nrawset(nil, 1, 2)": (2, "bad argument #1 to 'rawset' (table expected, got nil)"),
    "\npcall()": (2, "bad argument #1 to 'pcall' (value expected)"),
    "\nprint(setmetatable({}, {__tostring = function() return {} end}))": (2, "'__tostring' must return a string"),
    "\nlocal x = ('x'):rep(1 << 40)": (2, "resulting string too large"),
    "\nlocal f = assert(load(('('):rep(1000)))": (2, "C stack overflow"),
    "\nassert(false, 'not so')": (2, "not so"),
    "\nassert(nil)": (2, "assertion failed!"),
    "\nlocal ok, e = pcall(VQ.index, 3)\n\nerror(e)": (4, "there is no input 3; loaded: none"),
    "\n\nlocal = 3": (3, "<name> expected near '='"),
    "\nfor i = 1, 3 do": (2, "'end' expected near <eof>"),
    "\nlocal s = ('x'):rep(-1):bad()": (2, "attempt to call a nil value (method 'bad')"),
    "\n_, x = 1, 2\nerror('_ is a name like any other')": (3, "_ is a name like any other"),
    "string.match = nil string.gsub = nil string.sub = nil tostring = nil\nerror('too bad')": (2, "too bad"),
}


@pytest.mark.parametrize(("code", "place"), PLACES.items())
def test_line_and_message(home, code, place):
    error = fails(home, code)
    line, message = place
    assert str(error) == f"{home.folder / 'main.lua'}:{line}: {message}"
    assert (error.file, error.line) == (str(home.folder / "main.lua"), line)


def test_a_long_file_name_keeps_its_place(home):
    path = home.write("a" * 70 + ".lua", "\nlocal x = nil + 1")
    with pytest.raises(ScriptError) as caught:
        home.runtime().run_file(path)
    assert str(caught.value) == f"{path}:2: attempt to perform arithmetic on a nil value"


def test_frames_are_the_users_innermost_first(home):
    error = fails(home, "local function f()\n  VQ.index(9)\nend\n\nfunction g()\n  f()\nend\ng()")
    main = home.folder / "main.lua"
    assert error.line == 2
    assert error.frames == (f"{main}:6: in function 'g'", f"{main}:8: in main chunk")


def test_a_level_keeps_the_frame_that_raised(home):
    error = fails(home, "local function f()\n  error('x', 2)\nend\nf()")
    assert error.line == 4
    assert error.frames[0].startswith(f"{home.folder / 'main.lua'}:2: in ")


def test_endless_recursion_is_told_briefly(home):
    error = fails(home, "local function f()\n  local x = f()\n  return x\nend\nf()")
    assert "stack overflow" in str(error)
    assert error.line == 2
    assert len(error.frames) < 15


def test_an_error_in_an_include_names_its_own_file_and_line(home):
    home.write("lib/tools.lua", "\n\nfunction broken()\n  VQ.index(5)\nend")
    error = fails(home, '#include "lib/tools.lua"\n\nbroken()')
    assert str(error) == "lib/tools.lua:4: there is no input 5; loaded: none"
    assert error.frames == (f"{home.folder / 'main.lua'}:3: in main chunk",)


def test_two_files_of_one_name_are_told_apart(home):
    home.write("a/tools.lua", "function a()\n  error('in a')\nend")
    home.write("b/tools.lua", "function b()\n\n  error('in b')\nend")
    assert str(fails(home, '#include "a/tools.lua"\n#include "b/tools.lua"\nb()')) == "b/tools.lua:3: in b"
    assert str(fails(home, '#include "a/tools.lua"\n#include "b/tools.lua"\na()')) == "a/tools.lua:2: in a"


def test_an_error_in_a_module_names_its_own_file_and_line(home):
    home.write("tools.lua", "local M = {}\nfunction M.broken()\n  VQ.index(5)\nend\nreturn M")
    error = fails(home, "local tools = require 'tools'\n\nlocal function f()\n  return (tools.broken())\nend\nf()")
    main = home.folder / "main.lua"
    assert str(error) == "tools.lua:3: there is no input 5; loaded: none"
    assert error.frames == (f"{main}:4: in function 'f'", f"{main}:6: in main chunk")


def test_an_error_while_a_module_is_loaded(home):
    home.write("tools.lua", "\nlocal x = nil + 1")
    error = fails(home, "\nrequire 'tools'")
    assert str(error) == "tools.lua:2: attempt to perform arithmetic on a nil value"
    assert error.frames == (f"{home.folder / 'main.lua'}:2: in main chunk",)


def test_loaded_code_takes_no_name_of_a_file(home):
    error = fails(home, "\nlocal f = load('error(\"x\")', '@main.lua')\nf()")
    assert error.line == 3
    assert str(error).endswith("main.lua:3: (load):1: x")


def test_a_syntax_error_in_an_include(home):
    home.write("tools.lua", "x = 1\nx = = 2")
    error = fails(home, '\n#include "tools.lua"')
    assert str(error) == "tools.lua:2: unexpected symbol near '='"
    assert error.frames == (f"{home.folder / 'main.lua'}:2: in main chunk",)


def test_an_error_of_the_standard_library_is_shown_at_the_users_line(home, lab):
    code = f'local repo = require("ipacs").iPACS("{lab}")\n\nrepo:mergeROIs("-creator", "x")\n'
    error = fails(home, code)
    assert str(error) == f"{home.folder / 'main.lua'}:3: mergeROIs needs the names of the ROIs"
    assert error.hint.startswith("repo:mergeROIs(")
    assert error.frames == ()


def test_a_slip_inside_the_standard_library_names_both_places(home, tmp_path, monkeypatch):
    library = tmp_path / "stdlib"
    library.mkdir()
    (library / "sums.lua").write_text(
        "local M = {}\nfunction M.add(a, b)\n  local sum = a + b\n  return sum\nend\nreturn M"
    )
    monkeypatch.setattr("vqscript.resources.stdlib", lambda: library)
    error = fails(home, "local sums = require 'sums'\nsums.add(1, {})")
    assert error.line == 2
    assert str(error).endswith(
        "attempt to perform arithmetic on a table value (local 'b') (in the standard library, sums.lua:3)"
    )


def test_pcall_gets_message_type_and_hint(home):
    code = """
        local ok, e = pcall(VQ.mainWin().setViewMode, "Slice View", "Croping")
        print(ok, type(e), e.type, e.message, e.hint, tostring(e) == e.message, "E: " .. e)
        for _, key in ipairs { "cause", "__traceback__", "args" } do assert(e[key] == nil) end
        e = nil"""
    said = 'there is no operator "Croping"'
    assert home.run(code) == [f'false\ttable\tUsageError\t{said}\tdid you mean "Cropping"?\ttrue\tE: {said}']


@pytest.mark.parametrize(
    ("raised", "got"),
    [
        ("error('x', 0)", "string\tx"),
        ("error('x')", "string\tmain.lua:1: x"),
        ("error()", "nil\tnil"),
        ("error(42)", "number\t42"),
        ("local x = nil + 1", "string\tmain.lua:1: attempt to perform arithmetic on a nil value"),
        ("setmetatable(1, {})", "string\tbad argument #1 to 'setmetatable' (table expected, got number)"),
        ("local function f() return 1 + f() end f()", "string\tstack overflow"),
    ],
)
def test_pcall_gets_what_the_script_itself_raised(home, raised, got):
    home.run(f"local ok, e = pcall(function() {raised} end) print(type(e), tostring(e):match('[^\\n]*'):sub(1, 90))")
    assert home.lines[0].startswith(got)


def test_the_first_error_counts_where_closing_succeeds(home):
    code = """
        local closed
        local ok, e = pcall(function()
          local x <close> = setmetatable({}, {__close = function(_, why) closed = why end})
          VQ.index(3)
        end)
        print(e == closed, e.type, closed.message)"""
    assert home.run(code) == ["true\tUsageError\tthere is no input 3; loaded: none"]


def test_an_internal_error_keeps_its_traceback_for_debug(home, monkeypatch):
    from vqscript.vq.root import VQ

    def broken(self, i):
        raise KeyError("no such thing")

    monkeypatch.setattr(VQ, "index", broken)
    error = fails(home, "\nVQ.index(3)")
    assert str(error).endswith("main.lua:2: KeyError: 'no such thing'")
    assert error.hint == "this is a fault of vqscript: --debug shows where"
    assert error.__cause__.__traceback__.tb_next.tb_frame.f_code is broken.__code__


def test_the_host_tells_its_own_cause_to_python_only(home):
    error = fails(home, 'VQ.readFile("absent.txt")')
    assert type(error.__cause__).__name__ == "UsageError"
    assert error.kind == "UsageError"


def test_causes_do_not_pile_up(home):
    runtime = home.runtime()
    runtime.run_text("for i = 1, 200 do pcall(VQ.index, 3) end")
    assert len(runtime.bridge._causes) < 20


ABORTS = [
    "pcall(VQ.abort)",
    "pcall(pcall, VQ.abort)",
    "pcall(function() pcall(function() VQ.abort() end) end)",
    "xpcall(VQ.abort, function(e) print('handled') return e end)",
    "xpcall(VQ.abort, function(e) while true do end end)",
    "local x <close> = setmetatable({}, {__close = function() VQ.abort() end}) error('y')",
    "pcall(function() local x <close> = setmetatable({}, {__close = function() error('other') end}) VQ.abort() end)",
    "pcall(function() local x <close> = setmetatable({}, {__close = function() VQ.log('z') end}) VQ.abort() end)",
    "pcall(table.sort, {1, 2, 3}, function() VQ.abort() end)",
    "pcall(string.gsub, 'aaa', 'a', function() VQ.abort() end)",
    "pcall(load, function() VQ.abort() end)",
    "pcall(tostring, setmetatable({}, {__tostring = function() VQ.abort() end}))",
    "pcall(require, 'aborting')",
    "while true do pcall(VQ.abort) end",
]


@pytest.mark.parametrize("code", ABORTS)
def test_nothing_holds_an_abort(home, code):
    home.write("aborting.lua", "pcall(VQ.abort)")
    with pytest.raises(Aborted) as caught:
        home.run(f"{code}\nprint('went on')")
    assert home.lines == []
    assert "VQ.abort()" in str(caught.value)


def test_an_aborted_script_changes_nothing_more(home):
    code = """
        local x <close> = setmetatable({}, {__close = function() VQ.writeFile("late.txt", "x") end})
        VQ.abort()"""
    with pytest.raises(Aborted):
        home.run(code)
    assert not home.output.exists()


def test_what_is_closed_sees_the_error_and_not_what_the_host_makes_of_it(home):
    code = """
        local x <close> = setmetatable({}, {__close = function(_, e)
          print(type(e), e)
          pcall(load, ("("):rep(1000)) load(("("):rep(1000))
        end})
        error("first", 0)"""
    error = fails(home, code)
    assert str(error) == f"{home.folder / 'main.lua'}:6: first"
    assert home.lines == ["string\tfirst"]


@pytest.mark.parametrize("value", ["nil", "0/0", "{}", "print", "VQ", "setmetatable({}, {__eq = error})"])
def test_any_value_may_be_raised_and_raised_again_on_closing(home, value):
    code = f"local x <close> = setmetatable({{}}, {{__close = function(_, e) error(e) end}})\nerror({value})"
    assert fails(home, code).line in (1, 2)
