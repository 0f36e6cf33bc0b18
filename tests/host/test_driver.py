"""The Lua half of the host: its chunks are all put in, and what they share stays out of the reach of scripts."""

from __future__ import annotations

import re

from lupa.lua54 import LuaRuntime

from vqscript.host import driver

CHUNKS = driver.chunks()

WALK = """
    local seen = {}
    local function walk(value)
      if type(value) ~= "table" or seen[value] then return end
      seen[value] = true
      print(("%p"):format(value))
      for key, item in pairs(value) do walk(key) walk(item) end
      for key, item in next, value do walk(key) walk(item) end
      walk(getmetatable(value))
    end
    walk(_G) walk(_ENV) walk(getmetatable("")) walk(require "ipacs") walk(require "csv")
    walk(select(2, pcall(error, {}))) walk(select(2, pcall(VQ.currentOp, 1, 2, 3))) walk(VQ.dataManager())"""


def test_each_chunk_is_put_in_once():
    assert sorted(re.findall(r'chunk\("(\w+)"', CHUNKS["driver"])) == sorted(CHUNKS.keys() - {"driver"})


def test_chunks_leave_no_globals_in_lua_itself():
    lua = LuaRuntime(register_eval=False, register_builtins=False)
    before = set(lua.globals())
    made = driver.make_driver(lua, {"memory": 1e6})
    assert set(lua.globals()) == before
    assert made["defines"]("print")  # in the globals of scripts


def test_scripts_reach_no_table_that_chunks_share(home, monkeypatch):
    shared = ["host", "texts", "locked", *re.findall(r"^local (\w+) = chunk", CHUNKS["driver"], re.MULTILINE)]
    open_driver = CHUNKS["driver"].replace("\nreturn {", f"\nreturn {{ shared = {{ {', '.join(shared)} }},")
    monkeypatch.setattr(driver, "chunks", lambda: {**CHUNKS, "driver": open_driver})
    runtime = home.runtime()
    runtime.run_text(WALK)
    lua = runtime.bridge.driver
    private = [table for each in lua["shared"].values() for table in (each, *each.values())]
    addresses = {lua.address(each) for each in private if runtime.bridge.is_table(each)}
    assert len(addresses) > len(shared)
    assert lua.address(lua["env"]) in home.lines
    assert not addresses & set(home.lines)
