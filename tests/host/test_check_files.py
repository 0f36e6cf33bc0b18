"""A script with the files that it includes: each is looked at, and all share their globals."""

from __future__ import annotations

from pathlib import Path

import pytest

from vqscript.errors import UsageError
from vqscript.host.check import check_files


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, which is the current one."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found(**files: str | bytes) -> list[str]:
    """Write files (``lib_x`` is lib/x.lua) and return what is found in the script ``main``."""
    for name, code in files.items():
        path = Path(name.replace("_", "/")).with_suffix(".lua")
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(code if isinstance(code, bytes) else code.encode())
    return [str(finding) for finding in check_files([Path("main.lua")])]


def test_an_included_file_is_looked_at(folder):
    assert found(main='#include "tools.lua"\ngreet()', tools="function greet()\n  VQ.foo()\nend")[0].startswith(
        'tools.lua:2:6: VQ has no member "foo"'
    )
    assert found(main='require "lib.x"', lib_x="VQ.foo()")[0].startswith("lib/x.lua:1:4: ")


def test_files_share_their_globals(folder):
    tools = "function greet() print(name) end"
    assert found(main='#include "tools.lua"\nname = "Anna"\ngreet()', tools=tools) == []
    assert found(main='require("tools")\nname = "Anna"\ngreet()', tools=tools) == []
    assert found(main='require("tools")\ngreet()', tools=tools) == [
        'tools.lua:1:24: the variable "name" is never given a value'
    ]


def test_what_a_file_makes_is_known_in_the_others(folder):
    both = found(main='#include "objects.lua"\ndm:siez()', objects="dm = VQ.dataManager()")
    assert both == ['main.lua:2:4: DataManager has no member "siez" (did you mean "size"?)']


def test_an_include_of_the_standard_library_brings_its_names(folder):
    assert (
        found(main='#include "ipacs.vqs"\nlocal repo = iPACS(args.repo)\nrepo:getStudies("-sort", "PatientID")') == []
    )
    (finding,) = found(main='#include "ipacs.lua"\niPACS(args.repo):getStudys()')
    assert "getStudies" in finding


def test_a_file_beside_the_script_goes_before_the_standard_library(folder):
    assert found(main='local csv = require "csv"\ncsv.mine()', csv="return { mine = print }") == []


def test_files_may_include_each_other(folder):
    assert (
        found(main='#include "a.lua"\nx()', a='require "b"\nfunction x() y() end', b='require "a"\nfunction y() end')
        == []
    )


def test_a_file_that_does_not_compile_is_told_and_hides_what_it_defines(folder):
    assert found(main='#include "tools.lua"\ngreet()', tools="function greet( end") == [
        "tools.lua:1:17: <name> or '...' expected near 'end'"
    ]


def test_an_argument_that_another_one_includes_is_looked_at_as_its_part(folder):
    found(main='#include "tools.lua"\nname = 1', tools="print(name)")
    assert check_files([Path("tools.lua"), Path("main.lua")]) == []
    assert len(check_files([Path("tools.lua")])) == 1


def test_a_module_that_is_missing_leaves_globals_open(folder):
    assert [each.split(" ")[0] for each in found(main='require "nothing"\nprint(x)')] == ["main.lua:1:9:"]
    assert found(main="local name = args.m\nrequire(name)\nprint(x)") == []
    assert found(main='pcall(require, "nothing")\nprint(x)') == []


def test_what_is_not_utf8_is_told_with_its_place(folder):
    assert found(main=b"print(1)\nprint('\xb5Ci')") == [
        "main.lua:2:8: the file is not UTF-8 text from here on (save it as UTF-8)"
    ]
    assert found(main='#include "tools.lua"', tools=b"-- \xe9")[0].startswith("tools.lua:1:4: ")


def test_line_ends_and_marks_of_windows_move_no_line(folder):
    assert found(main=b"\xef\xbb\xbfprint(1)\r\nprint(x)\r\n") == [
        'main.lua:2:7: the variable "x" is never given a value'
    ]


def test_a_first_line_for_the_shell_is_none_of_the_script(folder):
    assert found(main="#!/usr/bin/env vqscript\nprint(x)")[0].startswith("main.lua:2:7: ")


def test_a_script_that_is_not_there(folder):
    with pytest.raises(UsageError, match=r"there is no script main\.lua"):
        check_files([Path("main.lua")])
