"""Comments of Lua modules are read as Lua's language server reads them."""

from __future__ import annotations

import pytest

from vqscript.host.handbook.luals import read_module

MODULE = """--- Curves.
---
--- For decay.
--- ```lua
--- local curves = require "curves"
--- ```

local curves = {}

---@class FitOptions
---@field weights? number[] one per point
---@field model "exp" | "line" what to fit

--- Not for others.
local function helper(x) return x end

--- Fit a curve.
---
--- Points that are NaN
--- are left out.
--- ```lua
--- local fit = curves.fit({ 1, 2 }, { 3, 4 })
--- print(fit)
--- ```
---@param x number[] times
---@param y table<string, number> | nil values, by name
---@param guess? fun(x: number): number where to begin
---@param ... FitOptions
---@return number slope of the line
---@return string? # what went wrong
---@raise UsageError x is empty
---@since 0.2
function curves.fit(x, y, guess, ...) end

--- Join.
---@param first string text
---@param ... string more of it
function curves.join(first, ...) end

function curves.undocumented() end

return curves
"""


@pytest.fixture(scope="module")
def curves():
    return read_module("curves", MODULE)


def test_the_module_itself(curves):
    assert curves.module.doc == "Curves.\n\nFor decay."
    assert curves.module.example == 'local curves = require "curves"'
    assert list(curves.module.members) == ["fit", "join"]


def test_a_function(curves):
    fit = curves.module.members["fit"]
    assert fit.signature == "fit(x, y [, guess], ...)"
    assert fit.doc == "Fit a curve.\n\nPoints that are NaN are left out."
    assert fit.example == "local fit = curves.fit({ 1, 2 }, { 3, 4 })\nprint(fit)"
    assert [(p.name, p.type_text, p.optional, p.doc) for p in fit.parameters] == [
        ("x", "number[]", False, "Times."),
        ("y", "table<string, number>|nil", False, "Values, by name."),
        ("guess", "fun(x: number): number", True, "Where to begin."),
    ]
    assert [(r.type_text, r.doc) for r in fit.results] == [
        ("number", "Slope of the line."),
        ("string?", "What went wrong."),
    ]
    assert fit.raises == (("UsageError", "x is empty."),)
    assert (fit.since, fit.required) == ("0.2", 2)


def test_options_are_the_fields_of_the_class_of_further_arguments(curves):
    fit = curves.module.members["fit"]
    assert fit.rest is None and fit.options_class == "FitOptions"
    assert {name: (o.type_text, o.doc) for name, o in fit.options.items()} == {
        "weights": ("number[]", "One per point."),
        "model": ('"exp"|"line"', "What to fit."),
    }


def test_further_arguments_of_a_plain_type(curves):
    join = curves.module.members["join"]
    assert join.options is None and join.rest is not None
    assert (join.rest.type_text, join.rest.doc) == ("string", "More of it.")


def test_classes_of_objects_take_the_functions_of_their_table():
    read = read_module(
        "m",
        "local function make()\n"
        "  --- A thing.\n  ---@class Thing\n  ---@field size integer how large\n  local methods = {}\n"
        "  --- Grow it.\n  ---@param by integer how much\n  function methods.grow(by) end\n"
        "  return methods\nend\n"
        "--- Make one.\n---@return Thing the thing\nlocal function create() return make() end\n"
        "return { create = create }\n",
    )
    thing = read.classes["Thing"]
    assert thing.kind == "object" and thing.module == "m"
    assert thing.members["grow"].signature == "grow(by)" and thing.fields["size"].type_text == "integer"
    assert read.module.members["create"].returns_class == "Thing"


def test_values_and_names_keep_their_case():
    read = read_module("m", "local m = {}\n--- F.\n---@return number uCi at injection\nfunction m.f() end\nreturn m\n")
    assert read.module.members["f"].results[0].doc == "uCi at injection."


@pytest.mark.parametrize("text", ["", "return", "---", "---@class", "---@param", "--- x\n---@field", "\0", "return {"])
def test_odd_files_are_read(text):
    assert read_module("odd", text).module.name == "odd"
