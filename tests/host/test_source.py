"""#include and require."""

from __future__ import annotations

import pytest

from vqscript.errors import ScriptError
from vqscript.host.source import find, prepare


@pytest.mark.parametrize(
    "line",
    [
        '#include "tools.lua"',
        "#include 'tools.lua'",
        "#include <tools.lua>",
        '  #  include  "tools.lua"  ',
        '#include "tools"',
        '#include "tools.lua" -- comment',
        '#include "tools.lua" // comment',
        '#include "tools.lua";',
        '#include ".\\tools.lua"',
    ],
)
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_an_include_line_runs_the_file_and_keeps_line_numbers(home, line, end):
    home.write("tools.lua", "answer = 42")
    home.run(f"local before = 1{end}{line}{end}assert(answer == 42)")
    with pytest.raises(ScriptError) as caught:
        home.run(f"local before = 1{end}{line}{end}{end}error('here')")
    assert caught.value.line == 4


@pytest.mark.parametrize(
    "code",
    [
        '-- #include "absent.lua"',
        '--[[\n#include "absent.lua"\n]]',
        'local s = [[\n#include "absent.lua"\n]] assert(s:sub(1, 8) == "#include")',
        'local s = [==[ ]]\n#include "absent.lua"\n]==] assert(#s > 20)',
        "local s = 'it\\'s'\nlocal t = \"--[[\"\nlocal u = '[['\nassert(u == '[[')",
        'local s = "\\\n#include \\"absent.lua\\""',
    ],
)
def test_comments_and_strings_are_left_alone(home, code):
    home.run(code)
    assert prepare(code).endswith(code)


def test_an_include_after_tricky_strings_is_found():
    assert '__include("a.lua")' in prepare('x = \'[[\' -- [[\ny = "--[["\n#include "a.lua"\n')
    assert '__include("a.lua")' in prepare("--[[ #include ]]\n#include 'a.lua'")


@pytest.mark.parametrize("name", ["ipacs.lua", "ipacs.vqs", "ipacs"])
def test_all_spellings_of_the_library_are_one(home, name):
    home.run(f'#include "{name}"\nassert(iPACS == require("ipacs").iPACS)')


def test_require_twice_gives_the_same(home):
    home.write("mine.lua", "count = (count or 0) + 1 return {}")
    home.run("assert(require('mine') == require('mine.lua') and count == 1)")
    home.run("assert(require 'ipacs' == require 'ipacs.vqs' and require 'csv' == require 'csv')")


def test_a_file_beside_the_script_comes_first(home):
    home.write("csv.lua", "return 'mine'")
    assert home.run("print(require 'csv')") == ["mine"]


def test_nested_files_are_found_beside_the_file_that_asks(home):
    home.write("lib/outer.lua", '#include "inner.lua"\nouter = require("deep.most")')
    home.write("lib/inner.lua", "inner = 'lib/inner'")
    home.write("inner.lua", "inner = 'wrong one'")
    home.write("lib/deep/most.lua", "return 'deep'")
    assert home.run('#include "lib/outer.lua"\nprint(inner, outer)') == ["lib/inner\tdeep"]


@pytest.mark.parametrize("by", ['#include "{}.lua"', 'require "{}"'])
def test_a_circle_is_refused(home, by):
    home.write("a.lua", "\n" + by.format("b"))
    home.write("b.lua", by.format("a"))
    with pytest.raises(ScriptError, match="includes itself") as caught:
        home.run(by.format("a"))
    assert caught.value.file == "b.lua"


def test_a_file_that_failed_can_be_tried_again(home):
    home.write("moody.lua", "if not ready then error('not yet') end return 'now'")
    assert home.run("pcall(require, 'moody') ready = true print(require 'moody')") == ["now"]


def test_a_missing_file_is_answered_with_the_closest(home):
    home.write("helpers.lua", "")
    for code, hint in {'#include "helper.lua"': "helpers", "require 'ipac'": "ipacs"}.items():
        with pytest.raises(ScriptError, match="there is no module") as caught:
            home.run(code)
        assert caught.value.hint == f'did you mean "{hint}"?'
        assert caught.value.line == 1


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "a/../../outside", "", "x\\0y", "C:/x", "..outside"])
def test_no_name_leads_out_of_the_folder(home, name):
    (home.folder.parent / "outside.lua").write_text("escaped = true")
    with pytest.raises(ScriptError):
        home.run(f'require "{name}"')


def test_a_link_out_of_the_folder_is_refused(home):
    (home.folder.parent / "outside.lua").write_text("escaped = true")
    (home.folder / "link.lua").symlink_to(home.folder.parent / "outside.lua")
    with pytest.raises(ScriptError, match="leads out"):
        home.run('require "link"')


def test_a_module_is_no_folder(home):
    (home.folder / "pack.lua").mkdir()
    assert find("pack", home.folder) is None


def test_byte_order_mark_shebang_and_line_ends(home):
    assert home.run(b"\xef\xbb\xbfprint('bom')") == ["bom"]
    assert home.run("#!/usr/bin/env -S vqscript run\nprint('shebang')") == ["shebang"]
    assert home.run("print('a')\r\nprint('b')\r\n") == ["a", "b"]


def test_a_binary_file_is_no_script(home):
    with pytest.raises(Exception, match="is not UTF-8 text"):
        home.run(b"\x1bLua\x80\xff")


def test_globals_are_shared_and_locals_are_not(home):
    home.write("part.lua", "shared = 1 local own = 2")
    assert home.run('#include "part.lua"\nprint(shared, own)') == ["1\tnil"]
