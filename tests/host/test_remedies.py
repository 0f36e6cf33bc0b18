"""What to write instead of what Lua itself refuses."""

from __future__ import annotations

import pytest

from vqscript.errors import ScriptError

REMEDIES = """
for s in {} do end                          | ipairs(list)
for i, s in ipairs(nil) do end              | it is nil
for i, s in pairs(nil) do end               | it is nil
for i, s in pairs(VQ.dataManager) do end    | with brackets
local list = {} print(list[0].x)            | a list begins at 1
local list = {} local s = list[0] print(s.x) | s is nil
local t = {} t.x.y = 1                      | x is nil
VQ.dataManager.open("x")                    | with brackets
print("a" + 1)                              | texts are joined with ..
print(1 - "b")                              | texts are joined with ..
print("a" .. nil)                           | one of the two is nil
local x print("a" .. x)                     | x is nil
local x print(1 + x)                        | x is nil
print("a" .. {})                            | tostring(x)
print(1 < "2")                              | tonumber(text)
print(1 < nil)                              | one of the two is nil
print(("%d"):format(1.5))                   | math.floor(x)
pritn("x")                                  | did you mean "print"?
dm:size()                                   | local dm = VQ.dataManager()
mine = {} mien.x = 1                        | did you mean "mine"?
"""


@pytest.mark.parametrize("row", REMEDIES.strip().splitlines(), ids=lambda row: row.partition("|")[0].strip())
def test_an_error_of_lua_is_told_with_the_way_out(home, row):
    line, hint = (part.strip() for part in row.rsplit("|", 1))
    with pytest.raises(ScriptError) as caught:
        home.run(line)
    assert hint in caught.value.hint


def test_an_error_of_the_user_has_no_hint(home):
    with pytest.raises(ScriptError) as caught:
        home.run('error("the dose is missing")')
    assert caught.value.hint == ""
