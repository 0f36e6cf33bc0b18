"""Whatever a file holds, a check of it ends soon and says something sensible."""

from __future__ import annotations

import random
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vqscript import resources
from vqscript.host.check import check_files, check_text

EXAMPLE = resources.example("percent_id_per_gram.lua").read_text(encoding="utf-8")
WORDS = """
    local function end if then else elseif for in do while repeat until return break goto and or not nil true
    VQ dm mw VQ.dataManager() VQ.currentOp() require _G _ENV pcall args 'text' 1 0x1p4 1e999 ... # x y.z f(1) :m()
    ( ) { } [ ] [[ ]] -- --[[ = == ~= :: : . .. , ; + - * / // % ^ & | ~ << >> < > <close> <const>
"""
PIECES = [*WORDS.split(), "\n", '"', "'", "\\", "\0", "é", "\ufeff", "\r\n", "\t", '\n#include "csv.lua"\n']
HANG = 20.0
"""Seconds; far more than any of these takes."""

DEEP = {
    "brackets": "x = " + "(" * 150 + "1" + ")" * 150,
    "tables": "x = " + "{" * 150 + "}" * 150,
    "calls": "x = " + "f(" * 150 + ")" * 150 + " function f() end",
    "functions": "x = " + "function() return " * 150 + "1" + " end" * 150,
    "blocks": "do " * 150 + "end " * 150,
    "too deep for Lua": "x = " + "(" * 100_000,
    "a long sum": "x = 1" + " + 1" * 20_000,
    "a long chain": "x = args" + ".a" * 20_000,
    "a long chain of calls": "x = tostring(1)" + ":lower()" * 5_000,
    "many branches": "if a then\n" + "elseif a then\n" * 10_000 + "end a = 1",
    "a wide table": "x = {" + "1, " * 100_000 + "}",
    "many locals": "\n".join(f"do local v{i} = VQ.dataManager() v{i}:size() end" for i in range(5_000)),
    "one defined by the next": "\n".join(f"v{i} = v{i + 1}" for i in range(3_000)) + "\nv3000 = v0\nv0:foo()",
    "one long line of mistakes": "x = " + "1) " * 50_000,
}


@pytest.mark.parametrize("code", DEEP.values(), ids=DEEP)
def test_what_is_deep_or_long_comes_to_an_end(code):
    start = time.monotonic()
    found = check_text(code)
    assert time.monotonic() - start < HANG
    assert all(finding.line >= 1 and finding.column >= 1 for finding in found)


def test_twenty_thousand_lines():
    code = f"do\n{EXAMPLE}\nend\n" * 140
    start = time.monotonic()
    found = check_text(code + "prnt(1)")
    assert time.monotonic() - start < HANG
    assert [(each.line, each.column) for each in found] == [(code.count("\n") + 1, 1)]


@given(st.lists(st.sampled_from(PIECES), max_size=30).map(" ".join))
@settings(max_examples=150, deadline=None)
def test_any_words(code):
    check_text(code)


@given(st.binary(max_size=200))
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes(tmp_path, content):
    script = tmp_path / "main.lua"
    script.write_bytes(content)
    check_files([script])


def test_any_damage_to_a_script():
    chance = random.Random(3)
    for _ in range(60):
        at = chance.randrange(len(EXAMPLE))
        damage = chance.choice(PIECES)
        check_text(EXAMPLE[:at] + damage + EXAMPLE[at + chance.randrange(12) :])
