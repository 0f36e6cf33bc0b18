"""The handbook is complete: every name is described, with its parameters, options, results and errors."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest
from lupa.lua54 import LuaRuntime

from vqscript.errors import VqError
from vqscript.host.handbook import ClassEntry, Entry, Handbook
from vqscript.host.handbook.finding import functions

BOOK = Handbook.load()
FUNCTIONS = list(functions(BOOK))
each_function = pytest.mark.parametrize("entry", FUNCTIONS, ids=[entry.full_name for entry in FUNCTIONS])
TYPE_WORDS = {"any", "boolean", "false", "fun", "function", "integer", "nil", "number", "string", "table", "true"}


@each_function
def test_a_function_is_described(entry: Entry):
    assert entry.summary.endswith((".", "?")), "the first paragraph is a sentence"
    assert entry.example, "it lacks an example"
    assert entry.name in entry.example, "its example shows something else"
    parameters = [*entry.parameters, *([entry.rest] if entry.rest else []), *(entry.options or {}).values()]
    assert [each.name for each in parameters if not each.doc] == []
    assert [each.type_text for each in entry.results if not each.doc and each.type_text not in BOOK.classes] == []


@each_function
def test_a_function_of_the_host_says_since_when(entry: Entry):
    own = entry.owner in BOOK.classes and BOOK.classes[entry.owner].kind in ("object", "module")
    assert not own or re.fullmatch(r"\d+\.\d+", entry.since)


@each_function
def test_its_types_are_known(entry: Entry):
    parameters = [*entry.parameters, *(entry.options or {}).values(), *entry.results]
    for each in parameters:
        words = set(re.findall(r"[A-Za-z_]\w*", re.sub(r'"[^"]*"|\w+\??:', "", each.type_text)))
        named = {word for word in words if word not in TYPE_WORDS | set(BOOK.classes) | set(BOOK.aliases)}
        assert not named, f"{each.type_text}: {named}"


@each_function
def test_the_errors_it_names_exist(entry: Entry):
    kinds = {kind.__name__ for kind in errors(VqError)}
    assert {kind for kind, _ in entry.raises} <= kinds


def errors(kind: type[VqError]) -> list[type[VqError]]:
    return [kind, *(deeper for each in kind.__subclasses__() for deeper in errors(each))]


@pytest.mark.parametrize("entry", BOOK.classes.values(), ids=list(BOOK.classes))
def test_a_class_is_described(entry: ClassEntry):
    assert entry.doc or entry.name in {each.options_class for each in FUNCTIONS}
    assert [field.name for field in entry.fields.values() if not field.doc] == []


def test_the_environment_is_what_scripts_find(desk):
    """Nothing is described that is not there, and nothing is there that is not described."""
    printed = desk.run("""
        for name, value in pairs(_G) do
          print(name)
          if type(value) == "table" and value ~= _G and name ~= "VQ" and name ~= "args" then
            for member in pairs(value) do print(name .. "." .. member) end
          end
        end""")
    described = set(BOOK.globals)
    for name in ("string", "table", "math", "utf8", "os"):
        library = BOOK.classes[name]
        described |= {f"{name}.{member}" for member in (*library.members, *library.fields)}
    assert {name for name in printed if not name.startswith("__")} == described


def test_the_members_of_vq_are_those_that_scripts_find(desk):
    found = set(desk.run("for name in pairs(VQ) do print(name) end"))
    assert found == {*BOOK.classes["VQ"].members, *BOOK.classes["VQ"].fields}


def test_operators_and_the_choice_between_them():
    choice = BOOK.classes["Operator"]
    assert BOOK.classes["VQ"].members["currentOp"].returns_class == "Operator"
    assert list(BOOK.operators.values()) == list(choice.one_of)
    assert {"statistics", "executeCropping", "scalarMult"} <= set(choice.members)
    assert BOOK.operator_of("RoiTool") == "3D ROI Tool" and BOOK.operator_of("MainWin") == ""


def test_what_completion_goes_by():
    assert BOOK.globals["VQ"] == "VQ"
    assert BOOK.classes["VQ"].members["dataManager"].returns_class == "DataManager"
    assert BOOK.modules["ipacs"].members["iPACS"].returns_class == "iPACS"
    assert BOOK.classes["iPACS"].fields["dcmRep"].type_text == "DicomRepository"
    studies = BOOK.classes["iPACS"].members["getStudies"]
    assert studies.returns == "Study[]" and studies.returns_class is None
    assert set(studies.options or {}) == {"namefilter", "idfilter", "sort", "datestart", "dateend"}
    save = BOOK.classes["MainWin"].members["saveImage"]
    assert [each.type_text for each in save.parameters] == ["path", "integer|picture"]
    assert (save.required, save.parameters[1].default) == (1, "5")


def test_its_examples_are_lua():
    compile_only = LuaRuntime().eval("function(code) return load(code, 'example', 't') end")
    for entry in FUNCTIONS:
        assert not isinstance(compile_only(entry.example), tuple), entry.full_name


def test_reading_it_waits_for_no_array_library():
    code = (
        "import sys; from vqscript.host.handbook.help import explain; explain('units'); print('numpy' in sys.modules)"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
