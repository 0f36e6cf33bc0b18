"""What is typed, read as Lua: whole or not, a value or not, and locals that outlast their line."""

from __future__ import annotations

import pytest

from vqscript.host.chunk import Chunk, outlasting, read
from vqscript.host.source import OPENING


@pytest.fixture
def reading(home):
    """Return a function that reads a text."""
    runtime = home.runtime()
    return lambda text, **how: read(text, runtime.syntax, **how)


@pytest.mark.parametrize(
    "text",
    [
        "f(",
        "x =",
        "x = {",
        "1 +",
        "local",
        "if x then",
        "if x then y = 1 else",
        "for i = 1, 3 do",
        "function f()",
        "f = function(a)",
        "repeat",
        "[[ text",
        "--[[ a comment",
        "x = [==[ ]]",
        '"a\\',
    ],
)
def test_incomplete_lines_wait_for_more(reading, text):
    assert reading(text) is None
    assert reading(text, last=True) is not None


@pytest.mark.parametrize("text", ["a b", ")", "x = = 1", "end", "'abc", '"a" "b"', "break", "goto nowhere", "local 5"])
def test_what_is_no_lua_is_not_waited_for(reading, text):
    chunk = reading(text)
    assert not chunk.value


@pytest.mark.parametrize(
    ("text", "call"),
    [
        ("1 + 1", False),
        ("dm", False),
        ("dm:size()", True),
        ("require 'csv'", True),
        ("f { 1 }", True),
        ("dm:dim(0) -- x y z t", True),
        ("return 5", False),
        ("return f()", True),
        ("1, 2", False),
        ("function() end", False),
        ('#include "ipacs.lua"', True),
    ],
)
def test_an_expression_is_tried_first(reading, text, call):
    chunk = reading(text)
    assert (chunk.value, chunk.call) == (True, call)


@pytest.mark.parametrize("text", ["x = 1", "local x = 1", "f() g()", "if x then end", "x = 1 return x"])
def test_statements_are_no_value(reading, text):
    assert not reading(text).value


@pytest.mark.parametrize("text", ["", "   ", "-- only a comment"])
def test_nothing_is_whole(reading, text):
    assert reading(text) == Chunk(text, f"{OPENING}return {text}", value=False, call=True)


def test_an_include_at_the_prompt_runs(reading):
    assert reading('#include "ipacs.lua"').code == OPENING + 'return __include("ipacs.lua")'


@pytest.mark.parametrize(
    ("text", "rewritten", "names"),
    [
        ("local x = 1", " x = 1", "x"),
        ("local x", " x = nil", "x"),
        ("local a, b = f()", " a, b = f()", "a b"),
        ("local a, b; c = 1", " a, b = nil; c = 1", "a b"),
        ("local x <const> = 1", " x  = 1", "x"),
        ("local function f() return 1 end", " function f() return 1 end", "f"),
        ("x = 1 local y = 2 local z = 3", "x = 1  y = 2  z = 3", "y z"),
        ("local x = 1 local x = 2", " x = 1  x = 2", "x"),
        ("local\nx\n=\n1", "\nx\n=\n1", "x"),
        ("local s = 'local t = 1'", " s = 'local t = 1'", "s"),
        ("local s = [[ local t ]] local u", " s = [[ local t ]]  u = nil", "s u"),
        ("local x --[[ local y ]] = 1", " x --[[ local y ]] = 1", "x"),
        ("f(function() local y = 1 end) local z = 2", "f(function() local y = 1 end)  z = 2", "z"),
        ("local f = function() local y end", " f = function() local y end", "f"),
        ("repeat local i = 1 until i local j = 2", "repeat local i = 1 until i  j = 2", "j"),
        ("if a then local b elseif c then local d else local e end local g", None, "g"),
    ],
)
def test_locals_of_the_outermost_block_outlast_it(text, rewritten, names):
    code, declared = outlasting(text)
    if rewritten is not None:
        assert code == rewritten
    assert declared == tuple(names.split())
    assert code.count("\n") == text.count("\n")


@pytest.mark.parametrize(
    "text",
    [
        "do local x = 1 end",
        "for i = 1, 3 do local x = i end",
        "while true do local x = 1 break end",
        "function f() local x = 1 end",
        "local f <close> = open()",
        "local a, b <close> = 1, open()",
        "local _ENV = {}",
        "local 5",
        "local",
        "-- local x = 1",
        "x = 'local y = 1'",
    ],
)
def test_other_locals_stay(text):
    assert outlasting(text) == (text, ())
