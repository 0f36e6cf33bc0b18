"""Syntax errors: Lua's own message, at the column of what it complains of."""

from __future__ import annotations

import pytest

from vqscript.host.check import check_text
from vqscript.host.check.syntax import complaint

COMPLAINTS = [
    ("x = = 3", 1, 5, "unexpected symbol near '='", ""),
    ("x = 3\n  local y = f(a, )", 2, 18, "unexpected symbol near ')'", ""),
    ("a=1 a=2 a a a=3", 1, 11, "syntax error near 'a'", ""),
    ("if a != b then end", 1, 6, "'then' expected near '!'", "~="),
    ("if x = 3 then end", 1, 6, "'then' expected near '='", "=="),
    ("x += 1", 1, 3, "syntax error near '+'", "x = x + 1"),
    ("x = a && b", 1, 8, "unexpected symbol near '&'", '"and"'),
    ("// a comment", 1, 1, "unexpected symbol near '//'", "--"),
    ("x = y ? 1 : 2", 1, 7, "unexpected symbol near '?'", "a and b or c"),
    ('#inclde "ipacs.lua"', 1, 1, "unexpected symbol near '#'", "#include"),
    ('print("a" "b")', 1, 11, "')' expected near '\"b\"'", ""),
    ("for i = 1, 2 do\n  print(i)", 2, 11, "'end' expected (to close 'for' at line 1) near <eof>", ""),
    (
        "if a then\n  b()\nelse if c then\n  d()\nend",
        5,
        4,
        "'end' expected (to close 'if' at line 1) near <eof>",
        "elseif",
    ),
    ('x = "abc\n', 1, 5, "unfinished string near '\"abc'", ""),
    ("x = 'a\\qb'", 1, 5, "invalid escape sequence near ''a\\q'", ""),
    ("x = 5 --[[ open", 1, 16, "unfinished long comment (starting at line 1) near <eof>", ""),
    ("x = 0xg", 1, 5, "malformed number near '0xg'", ""),
    ("return 1 x()", 1, 10, "<eof> expected near 'x'", ""),
    ("print(1)\n\n  goto done", 3, 3, "no visible label 'done' for <goto> at line 3", ""),
    ("print(1)\nbreak", 2, 1, "break outside loop at line 2", ""),
    ("local x <const> = 1; x = 2", 1, 22, "attempt to assign to const variable 'x'", ""),
    ("é = 1", 1, 1, "unexpected symbol near 'é'", ""),
    ('x = "é" é', 1, 9, "unexpected symbol near 'é'", ""),
    ("x = “a”", 1, 5, "unexpected symbol near '“'", ""),
    ("\tx = )", 1, 6, "unexpected symbol near ')'", ""),
    ("f(\n(\n", 3, 1, "unexpected symbol near <eof>", ""),
]


@pytest.mark.parametrize(
    ("code", "line", "column", "message", "hint"), COMPLAINTS, ids=[each[3] for each in COMPLAINTS]
)
def test_lua_says_what_and_the_column_says_where(code, line, column, message, hint):
    found = complaint(code)
    assert found is not None
    assert (found.line, found.column, found.message) == (line, column, message)
    assert hint in found.hint and bool(hint) == bool(found.hint)


def test_nothing_else_is_said_of_a_script_that_does_not_compile():
    (finding,) = check_text("foo()\nx = = 3\nbar()", "main.lua")
    assert str(finding) == "main.lua:2:5: unexpected symbol near '='"
    assert finding.kind == "syntax"


def test_a_string_that_does_not_end_is_not_quoted_at_length():
    (finding,) = check_text('x = "' + "a" * 5000 + "\n")
    assert len(finding.message) < 100
    assert finding.column == 5


def test_an_include_line_is_no_syntax_error():
    assert complaint('#!/usr/bin/env vqscript\n#include "ipacs.lua"\nprint(1)') is None
