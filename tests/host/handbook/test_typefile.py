"""Types for editors: valid Lua that declares what the handbook holds."""

from __future__ import annotations

import re

import pytest
from lupa.lua54 import LuaRuntime

from vqscript.host.handbook import Handbook
from vqscript.host.handbook.typefile import MAIN, type_files

BOOK = Handbook.load()
FILES = type_files(BOOK)


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_lua_and_says_that_it_is_not_run(name):
    compiled = LuaRuntime().eval("function(code) return load(code, 'types', 't') end")(FILES[name])
    assert not isinstance(compiled, tuple), compiled
    assert FILES[name].startswith("---@meta" if name == MAIN else f"---@meta {name.removesuffix('.lua')}\n")


def test_a_module_has_a_file_that_returns_it():
    assert set(FILES) == {MAIN, *(f"{name}.lua" for name in BOOK.modules)}
    assert FILES["ipacs.lua"].rstrip().endswith("return ipacs")


def test_every_class_and_function_is_declared():
    text = FILES[MAIN]
    for entry in BOOK.classes.values():
        if entry.kind in ("object", "table"):
            assert f"---@class {entry.name}\n" in text
        if entry.kind == "object":
            assert all(f"function {entry.name}_class.{name}(" in text for name in entry.members)


def test_every_type_is_declared():
    text = "\n".join(FILES.values())
    declared = set(re.findall(r"---@(?:class|alias) (\w+)", text))
    used = set()
    for kind in re.findall(r"---@(?:param \S+|return|field \S+) ([\w.|?\[\]]+)", text):
        used |= set(re.findall(r"[A-Za-z_]\w*", kind))
    plain = {
        "any",
        "boolean",
        "false",
        "function",
        "integer",
        "module",
        "nil",
        "number",
        "string",
        "table",
        "true",
        "fun",
    }
    assert used - plain - declared - set(BOOK.modules) == set()


def block(name: str) -> list[str]:
    """Return the comment above a function."""
    lines = FILES[MAIN].splitlines()
    end = next(i for i, line in enumerate(lines) if line.startswith(f"function {name}("))
    start = max(i for i in range(end) if not lines[i].startswith("---"))
    return lines[start + 1 : end]


def test_options_come_as_pairs_or_as_one_table_with_a_dot_or_a_colon():
    said = block("DataManager_class.convertUnit")
    assert "---@param u unit" in "\n".join(said)
    assert "---@param ... ConversionOptionsPair '-name', value pairs" in said
    assert [line for line in said if "@overload" in line] == [
        "---@overload fun(self: DataManager, i: integer, u: unit, ...: ConversionOptionsPair)",
        "---@overload fun(i: integer, u: unit, options: ConversionOptions)",
        "---@overload fun(self: DataManager, i: integer, u: unit, options: ConversionOptions)",
    ]


def test_documentation_goes_along():
    said = block("MainWin_class.saveImage")
    assert said[0] == "---Save a picture (PNG) and return its path."
    assert '---mw:saveImage("mouse1-heart", 5)' in said
    assert any(line.startswith('---@param mode? integer|picture 0 "mip"') and "Default 5." in line for line in said)
    assert "---@return string # The file that was written." in said


def test_words_are_offered_and_others_allowed():
    text = FILES[MAIN]
    for name in ("unit", "palette", "operator", "view", "picture"):
        words = re.search(rf"---@alias {name}\n((?:---\| .*\n)+)", text)
        assert words and words[1].splitlines()[-1] == "---| string"
        assert [f'---| "{word}"' for word in BOOK.aliases[name].words] == words[1].splitlines()[:-1]


def test_the_operator_at_work_is_one_of_several():
    assert "---@overload fun(self: Operator, j: integer, mm: number): integer" in block("RoiTool_class.dilate")
    assert f"---@alias Operator {'|'.join(BOOK.classes['Operator'].one_of)}" in FILES[MAIN]
