"""What scripts cannot reach."""

from __future__ import annotations

import pytest

ABSENT = [
    "python",
    "io",
    "package",
    "debug",
    "dofile",
    "loadfile",
    "collectgarbage",
    "coroutine",
    "warn",
    "os.execute",
    "os.getenv",
    "os.remove",
    "os.rename",
    "os.exit",
    "os.tmpname",
    "os.setlocale",
    "string.dump",
    "_G.debug",
    "_ENV.io",
    '("").dump',
    '("").rep.dump',
]


@pytest.mark.parametrize("name", ABSENT)
def test_is_not_there(home, name):
    home.run(f"local ok, value = pcall(function() return {name} end) assert(not ok or value == nil)")


REFUSED = [
    "assert(load('\\27Lua'))",
    "assert(load(function() return nil end, 'x', 'b'))()()",
    "setmetatable({}, { __gc = function() end })",
    "getmetatable('').__index.rep = nil",
    "setmetatable('', {})",
    "getmetatable(VQ).__index = nil",
    "require 'io'",
    "require 'debug'",
    "require 'object'",
    "require 'python'",
    "require 'os'",
    "VQ.mainWin.__self__.x()",
    "(VQ.mainWin).__globals__.x()",
    "VQ._session.x()",
    "VQ.__class__.x()",
    "select(2, pcall(VQ.index, 3)).__traceback__.x()",
    "select(2, pcall(VQ.index, 3)).message.__class__.x()",
    "string.rep('x', 1 << 60)",
]


@pytest.mark.parametrize("attempt", REFUSED)
def test_is_refused(home, attempt):
    code = f"local ok = pcall(function() {attempt} end) assert(not ok, 'it was let through')"
    home.run(code)
    assert home.run("print(('still'):upper(), VQ.dataManager():size())") == ["STILL\t0"]


def test_loaded_code_has_the_same_globals(home):
    code = """
        for _, source in ipairs { "return io", "return debug", "return _G.python", "return _ENV.package" } do
          assert(load(source)() == nil)
        end
        local parts = { "return ", "6 * 7" }
        assert(load(function() return table.remove(parts, 1) end)() == 42)
        assert(load("return x", "name", "t", { x = 5 })() == 5)
        assert(load("return 1 +") == nil)"""
    home.run(code)


def test_every_reachable_value_is_a_lua_value(home):
    """Walk everything that can be reached, with what comes back from calls and errors."""
    code = """
        local seen, count = {}, 0
        local function walk(value, path)
          assert(type(value) ~= "userdata" and type(value) ~= "thread", path)
          if type(value) ~= "table" or seen[value] then return end
          seen[value], count = true, count + 1
          for key, item in pairs(value) do
            walk(key, path) walk(item, path .. "." .. tostring(key))
            if type(item) == "function" and value ~= _G and path:find("VQ") then
              local results = table.pack(pcall(item, {}, {}, {}))
              for i = 1, results.n do walk(results[i], path .. "." .. tostring(key) .. "()") end
            end
          end
        end
        VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")
        for _, name in ipairs { "mainWin", "dataManager", "controler", "minMaxTool", "currentOp", "vtkViewer" } do
          walk(VQ[name](), "VQ." .. name)
        end
        walk(_G, "_G")
        assert(count > 20)
        print("walked")"""
    assert home.run(code) == ["walked"]


def test_a_closing_handler_sees_no_python_exception(home):
    code = """
        local seen
        pcall(function()
          local x <close> = setmetatable({}, { __close = function(_, e) seen = e end })
          VQ.index("a")
        end)
        print(type(seen), seen.type, getmetatable(seen))"""
    assert home.run(code) == ["table\tUsageError\terror"]


def test_an_interrupt_inside_the_host_is_no_object_for_the_script(home, monkeypatch):
    from vqscript.errors import Aborted
    from vqscript.vq.root import VQ

    def interrupted(self, i):
        raise KeyboardInterrupt

    monkeypatch.setattr(VQ, "index", interrupted)
    with pytest.raises(Aborted, match="interrupted"):
        home.run("""
            local x <close> = setmetatable({}, { __close = function(_, e) print(type(e)) end })
            pcall(VQ.index, 1)
            print("went on")""")
    assert home.lines in ([], ["table"])
