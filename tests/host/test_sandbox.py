"""What scripts cannot reach, and what they cannot break: after each attempt the host serves the same script on."""

from __future__ import annotations

import pytest

from vqscript.errors import Aborted, ScriptError
from vqscript.host.limits import Limits

LIMITS = Limits(time=20, memory=64 * 2**20)

ABSENT = [
    "python",
    "io",
    "package",
    "debug",
    "dofile",
    "loadfile",
    "loadstring",
    "collectgarbage",
    "coroutine",
    "warn",
    "newproxy",
    "os.execute",
    "os.getenv",
    "os.remove",
    "os.rename",
    "os.exit",
    "os.tmpname",
    "os.setlocale",
    "string.dump",
    "_G.debug",
    "_G._G.io",
    "_ENV.io",
    '("").dump',
    '("").rep.dump',
    'getmetatable("").__index',
    "getmetatable(VQ).__index",
    "getmetatable(VQ.size)",
    "(select(2, pcall(VQ.index, 3))).cause",
    "(select(2, pcall(VQ.index, 3))).args",
    "rawget(VQ, 'index')",
    "next(VQ)",
    "rawget(select(2, pcall(VQ.index, 3)), 'message')",
]


@pytest.mark.parametrize("name", ABSENT)
def test_is_not_there(home, name):
    home.run(f"local ok, value = pcall(function() return {name} end) assert(not ok or value == nil)")


# Attempt -> what the error says.
REFUSED = {
    # Lua's own ways out
    "assert(load('\\27Lua'))": "attempt to load a binary chunk",
    "assert(load(string.char(27) .. 'LuaT', 'x', 'b'))": "attempt to load a binary chunk",
    "local parts = {'\\27', 'Lua'} assert(load(function() return table.remove(parts, 1) end))": "binary",
    "load(nil)": "bad argument #1 to 'load'",
    "setmetatable({}, {__gc = function() end})": "__gc is not available",
    "setmetatable({}, {__gc = false})": "__gc is not available",
    "setmetatable({}, setmetatable({__gc = 1}, {}))": "__gc is not available",
    "getmetatable('').__index.rep = nil": "attempt to index a nil value",
    "setmetatable('', {})": "bad argument #1 to 'setmetatable'",
    "setmetatable(_G, 5)": "bad argument #2 to 'setmetatable'",
    "pcall()": "bad argument #1 to 'pcall' (value expected)",
    "local _ENV = nil return x": "attempt to index a nil value (local '_ENV')",
    "local _ENV = {} return print(1)": "attempt to call a nil value (global 'print')",
    # The objects of the host
    "getmetatable(VQ).__index = nil": "attempt to index a string value",
    "setmetatable(VQ, {})": "cannot change a protected metatable",
    "setmetatable(VQ.dataManager(), nil)": "cannot change a protected metatable",
    "rawset(VQ, 'index', print)": "rawset cannot change an object",
    "rawset(select(2, pcall(VQ.index, 3)), 'message', 'x')": "rawset cannot change an object",
    "VQ.index = print": "VQ.index cannot be assigned",
    "VQ.args = nil": "VQ.args cannot be assigned",
    "VQ.help = nil": "VQ.help cannot be assigned",
    "VQ.output = '/'": "VQ.output cannot be assigned",
    "local _ENV = VQ index = 1": "VQ.index cannot be assigned",
    "for key, value in pairs(VQ) do VQ[key] = value end": "cannot be assigned",
    "table.insert(VQ, 1)": "VQ.1 cannot be assigned",
    "table.move({1, 2}, 1, 2, 1, VQ)": "VQ.1 cannot be assigned",
    "table.remove(VQ)": 'VQ has no member "0"',
    "table.concat(VQ, ',', 1, 2)": 'VQ has no member "1"',
    "VQ._session.x()": 'VQ has no member "_session"',
    "VQ.__class__.x()": 'VQ has no member "__class__"',
    "VQ.__index.x()": 'VQ has no member "__index"',
    "VQ['index\\0']()": "VQ has no member",
    "VQ[('x'):rep(1e6)]()": "VQ has no member",
    "VQ[setmetatable({}, {__tostring = function() error('sly') end})]()": "sly",
    "VQ.mainWin.__self__.x()": "attempt to index a function value",
    "VQ.mainWin.__globals__.x()": "attempt to index a function value",
    "VQ()": "attempt to call a VQ value",
    "return VQ < VQ": "attempt to compare two VQ values",
    "return VQ + 1": "attempt to perform arithmetic on a VQ value",
    "return VQ .. ''": "attempt to concatenate a VQ value",
    "return string.format('%q', VQ)": "value has no literal form",
    "return string.pack('s', VQ)": "string expected",
    "VQ.index(VQ.dataManager())": "takes a whole number, got the DataManager object",
    "return VQ.dataManager().size(VQ)": "takes 0 arguments",
    # What comes back from it
    "select(2, pcall(VQ.index, 3)).__traceback__.x()": "attempt to index a nil value",
    "select(2, pcall(VQ.index, 3)).message.__class__.x()": "attempt to index a nil value",
    "select(2, pcall(VQ.index, 3)).message = 'x'": "an error value cannot be changed",
    "setmetatable(select(2, pcall(VQ.index, 3)), {})": "cannot change a protected metatable",
    "table.insert(select(2, pcall(VQ.index, 3)), 1)": "an error value cannot be changed",
    # Arguments that are more than data
    "VQ.index(setmetatable({}, {__index = function() error('sly') end}))": "takes a whole number, got a table",
    "VQ.index(setmetatable({}, {__eq = function() return true end}))": "index needs i",
    "VQ.index(setmetatable({}, {__eq = function() error('sly') end}))": "sly",
    "VQ.getText(setmetatable({}, {__tostring = function() return '/etc' end}))": "takes text, got a table",
    "VQ.log(print)": "takes a plain value, got a function",
    "local t = {} t.t = t VQ.log(t)": "nested at most 32 deep",
    "local t = {} for i = 1, 1e4 do t = {t} end VQ.log(t)": "nested at most 32 deep",
    "VQ.log({[print] = 1})": "text or number keys",
    "VQ.log(table.unpack({}, 1, 1e5))": "at most 250 arguments",
    "VQ.showMessage('\\xff')": "is not UTF-8 text",
    # Modules and files
    "require ''": "is no module name",
    "require '.'": "there is no module",
    "require '..'": "is no module name",
    "require '../outside'": "is no module name",
    "require 'sub/../../outside'": "is no module name",
    "require '/etc/passwd'": "is no module name",
    "require 'C:/outside'": "is no module name",
    "require 'a\\0b'": "is no module name",
    "require(('x'):rep(1e6))": "up to 200 characters",
    "require({})": "up to 200 characters",
    "require 'linked'": "leads out of",
    "require 'io'": "there is no module",
    "require 'debug'": "there is no module",
    "require 'os'": "there is no module",
    "require 'python'": "there is no module",
    "require 'object'": "there is no module",
    "local f = load('local o = require \"object\" return o', '@[vqscript]/ipacs.lua') require 'ipacs' f()": "no module",
    "require 'ipacs' pcall(require, 'object') error(select(2, pcall(require, 'object')))": "there is no module",
    "require('tables').map({ 'object' }, require)": "there is no module",
    "__include '../outside'": "is no module name",
    "__include '/etc/passwd'": "is no module name",
    "__include()": "up to 200 characters",
    "VQ.readFile('/etc/passwd')": "may not read",
    "VQ.readFile('../../../../etc/passwd')": "may not read",
    "VQ.writeFile('../outside.txt', 'x')": "may not write",
    # Too much of it
    "string.rep('x', 1 << 60)": "resulting string too large",
    "string.rep('x', -1):bad()": "attempt to call a nil value",
    "string.format('%99999999d', 1)": "invalid conversion",
    "string.format('%.99999999f', 1)": "invalid conversion",
    "string.byte(('x'):rep(1e7), 1, -1)": "string slice too long",
    "string.unpack('s8', ('\\255'):rep(7) .. '\\127')": "data string too short",
    "table.unpack({}, 1, 1e8)": "too many results to unpack",
    "table.unpack({}, math.mininteger, math.maxinteger)": "too many results to unpack",
    "table.concat({}, '', 1, math.maxinteger)": "invalid value (nil) at index 1",
    "table.move({}, 1, math.maxinteger, 2)": "destination wrap around",
    "utf8.char(1 << 40)": "value out of range",
    "utf8.codepoint('x', 1, 1 << 40)": "out of bounds",
    "os.date('%Ez')": "invalid conversion specifier",
    "os.time {year = 1 << 60, month = 1, day = 1}": "out-of-bound",
    "return 1 // 0": "attempt to",
    "local t = {} t[0/0] = 1": "index is NaN",
    "('a'):rep(1e6):find(('a?'):rep(1e6))": "pattern too complex",
    "('a'):find(('('):rep(100))": "too many captures",
    "assert(load(('('):rep(1e5) .. '1' .. (')'):rep(1e5)))": "overflow",
    "assert(load('return ' .. ('{'):rep(1e5)))": "overflow",
    "assert(load('return ' .. ('not '):rep(1e5) .. '1'))": "overflow",
    "local t = {1} for i = 1, 30 do t = {t, t} end VQ.log(t)": "log: argument takes less at a time",
    "local s, t = ('x'):rep(1e7), {} for i = 1, 1e4 do t[i] = s end VQ.didYouMean('x', t)": "takes less at a time",
    "local s, t = ('x'):rep(1e7), {} for i = 1, 200 do t[i] = s end VQ.log(table.unpack(t))": "less at a time",
    # Too deep
    "local function f() return 1 + f() end f()": "stack overflow",
    "local function f() local ok, e = pcall(f) if not ok then error(e, 0) end end f()": "C stack overflow",
    "local function f(s) return (s:gsub('.', f)) end f('x')": "C stack overflow",
    "local m = {} m.__index = setmetatable({}, m) return setmetatable({}, m).x": "loop",
    "local m = {} m.__index = function(t, k) return t[k] end return setmetatable({}, m).x": "stack overflow",
    "local m = {} m.__tostring = function(t) return tostring(t) end return tostring(setmetatable({}, m))": "overflow",
    "local m = {} m.__concat = function(a, b) return a .. b end return setmetatable({}, m) .. 1": "stack overflow",
    "local m = {} m.__eq = function(a, b) return a == b end return setmetatable({}, m) == {}": "overflow",
    "table.sort({3, 1, 2, 5, 4}, function() return true end)": "invalid order function",
    "__include 'itself'": "includes itself",
    # Traps in errors
    "error(setmetatable({}, {__tostring = function() error('again') end}))": "the script raised a table",
    "error(setmetatable({}, {__tostring = function() return {} end}))": "the script raised a table",
    "error(setmetatable({}, {__index = function() error('again') end}))": "the script raised a table",
    "error(setmetatable({}, {__name = 5}))": "the script raised a table",
    "error(('x'):rep(1e6))": "xxx",
    "error(print)": "function",
    "error(VQ)": "VQ",
    "error(nil)": "the script raised nil",
    "error({})": "the script raised a table",
    "error(42)": "42",
    "print(setmetatable({}, {__tostring = function() return {} end}))": "'__tostring' must return a string",
    "print(setmetatable({}, {__tostring = function() error('again') end}))": "again",
    "help(setmetatable({}, {__tostring = function() error('again') end}))": "help explains",
}

# The same, with what the host might use taken away before.
TAMPERING = {
    "for name in pairs(string) do string[name] = nil end VQ.index(3)": "there is no input",
    "tostring, type, next, error, pcall, select, pairs = nil VQ.index(3)": "there is no input",
    "table.concat, table.unpack, table.pack = nil VQ.nothing()": 'VQ has no member "nothing"',
    "setmetatable(_G, {__index = function() error('sly') end, __newindex = print}) VQ.index(3)": "there is no input",
    "__include = nil require = nil load = nil VQ.index(3)": "there is no input",
}


# Attempt -> why the script was stopped.
STOPPED = {
    "local s = 'x' while true do s = s .. s end": "memory",
    "local t = {} while true do t[#t + 1] = {} end": "memory",
    "return ('x'):rep(1e9)": "memory",
    "local s = ('x'):rep(1e6) local t = {} for i = 1, 1000 do t[i] = s end return table.concat(t)": "memory",
    "return ('x'):rep(100, ('y'):rep(1e7))": "memory",
    "return (('x'):rep(1e4):gsub('x', ('y'):rep(1e5)))": "memory",
    "return load(function() return 'x = 1 ' end)": "memory",
    "pcall(VQ.abort)": "script",
    "pcall(pcall, VQ.abort)": "script",
    "xpcall(VQ.abort, function() while true do end end)": "script",
    "local x <close> = setmetatable({}, {__close = function() VQ.abort() end}) error('y')": "script",
    "pcall(function() local x <close> = setmetatable({}, {__close = error}) VQ.abort() end)": "script",
    "pcall(table.sort, {1, 2, 3}, function() VQ.abort() end)": "script",
    "pcall(string.gsub, 'aaa', 'a', function() VQ.abort() end)": "script",
    "pcall(load, function() VQ.abort() end)": "script",
    "print(setmetatable({}, {__tostring = function() pcall(VQ.abort) return '' end}))": "script",
    "error(setmetatable({}, {__tostring = function() VQ.abort() end}))": "script",
}

# What is let through, and gives nothing.
HARMLESS = [
    "assert(VQ.didYouMean('x', setmetatable({}, {__len = function() return 1e9 end, __index = VQ.abort})) == '')",
    "assert(#VQ == 0 and rawlen(VQ) == 0 and next(VQ) == nil)",
    "assert(setmetatable({}, VQ).index == nil)",
    "local copy = {} for key, value in pairs(VQ) do copy[key] = value end copy.index = nil assert(VQ.index)",
    "assert(getmetatable(VQ) == 'VQ' and getmetatable('') == 'string')",
    "assert(VQ ~= setmetatable({}, {__eq = function() return false end}))",
    "args = nil assert(VQ.args.day == '3')",
    "args.day = 'never' setmetatable(args, {__index = function() return 'x' end})",
    "help = nil",
    "setmetatable(_G, {__index = function(_, key) return key end}) assert(python == 'python')",
    "assert(load('return io', 'x', 't', {})() == nil and load('return _ENV', 'x', 't', {a = 1})().a == 1)",
    "assert(load('return ...', 'x', 'b')(5) == 5)",
    "assert(select('#', table.unpack({}, 1, 9e5)) == 9e5)",
    "assert(#('x'):rep(-1) == 0 and math.mininteger // -1 == math.mininteger)",
    "local s = '' for i = 1, 1000 do s = s .. i end assert(#s > 1000)",
    "pcall(string.rep, 'x', 1 << 30)",
    "local function f(n) return pcall(f, n + 1) end f(1)",
    "xpcall(error, function(e) error(e) end)",
    "xpcall(error, nil)",
    "local t = setmetatable({}, {__mode = 'k'}) for i = 1, 1e4 do t[{}] = i end",
    "local t = setmetatable({}, {}) getmetatable(t).__gc = function() VQ.abort() end t = nil"
    " for i = 1, 1e5 do local x = {} end",
    "goto past ::past:: do local x <const> = 1 end",
]


@pytest.fixture
def room(home):
    """A folder with files that attempts may find, and one outside it that they must not."""
    (home.folder.parent / "outside.lua").write_text("return 'outside'")
    home.write("itself.lua", "require 'itself'")
    (home.folder / "linked.lua").symlink_to(home.folder.parent / "outside.lua")
    return home


def serves_on(runtime, lines):
    """What the host itself does, whatever the script made of its own names."""
    lines.clear()
    assert runtime.run_line("return VQ.dataManager():size()", shown="after") == [0]
    with pytest.raises(ScriptError, match="there is no input 7"):
        runtime.run_line("VQ.index(7)", shown="after")
    runtime.run_line("print(VQ.applicationName())", shown="after")
    assert lines[0].startswith("vqscript ")


@pytest.mark.parametrize("attempt", REFUSED | TAMPERING)
def test_is_refused(room, attempt):
    runtime = room.runtime(limits=LIMITS)
    with pytest.raises(ScriptError) as caught:
        runtime.run_text(attempt, folder=room.folder)
    assert (REFUSED | TAMPERING)[attempt] in str(caught.value)
    assert caught.value.kind != "InternalError"
    serves_on(runtime, room.lines)


@pytest.mark.parametrize("attempt", REFUSED | TAMPERING)
def test_is_refused_to_pcall_as_well(room, attempt):
    runtime = room.runtime(limits=LIMITS)
    runtime.run_text(f"if pcall(function() {attempt} end) then print('let through') end", folder=room.folder)
    assert "let through" not in room.lines
    serves_on(runtime, room.lines)


@pytest.mark.parametrize("attempt", STOPPED)
def test_is_stopped(room, attempt):
    runtime = room.runtime(limits=LIMITS)
    with pytest.raises(Aborted) as caught:
        runtime.run_text(f"do {attempt} end print('went on')", folder=room.folder)
    assert caught.value.reason == STOPPED[attempt]
    assert room.lines == []
    serves_on(runtime, room.lines)


@pytest.mark.parametrize("attempt", HARMLESS)
def test_gains_nothing(room, attempt):
    runtime = room.runtime(limits=LIMITS)
    runtime.run_text(attempt, folder=room.folder)
    serves_on(runtime, room.lines)


def test_the_list_is_long():
    assert len(ABSENT) + len(REFUSED) + len(STOPPED) + len(HARMLESS) >= 180


def test_all_of_them_one_after_another(room):
    """One runtime for all: what one attempt leaves behind helps no other."""
    runtime = room.runtime(limits=LIMITS)
    for attempt in (*REFUSED, *STOPPED):
        with pytest.raises((ScriptError, Aborted)):
            runtime.run_line(f"do {attempt} end", shown="attempt")
    serves_on(runtime, room.lines)


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


# What a script put into a file that the host reads, and what the host quotes of it.
SESSIONS = {
    "nested": '("["):rep(1e5)',
    "a long number": '"[" .. ("1"):rep(5000) .. "]"',
    "infinity": '\'{"format": 1, "inputs": [{"number": 1e999}], "rois": []}\'',
    "half a letter": '\'{"format": 1, "inputs": [], "rois": [], "display": {"\\\\ud800": 1}}\'',
    "half a letter as a path": '\'{"format": 1, "inputs": [{"number": 0, "repository": "", "paths": ["\\\\udfff"]}]}\'',
    "half a letter as a repository": '\'{"format": 1, "inputs": [{"number": 0, "repository": "\\\\udfffx"}]}\'',
}


@pytest.mark.parametrize("text", SESSIONS.values(), ids=SESSIONS)
def test_a_saved_session_that_the_script_wrote_itself_breaks_nothing(home, text):
    code = f"""
        VQ.writeFile("s.vqsession/session.json", {text})
        local ok, e = pcall(VQ.mainWin().loadSession, "s")
        print(ok, e.type, getmetatable(e))"""
    (line,) = home.run(code)
    assert line in ("false\tUsageError\terror", "false\tNotARepository\terror", "false\tImageError\terror")
