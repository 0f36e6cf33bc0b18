"""Time and memory of scripts: what stops them, where they were, and what is said."""

from __future__ import annotations

import sys
import time

import pytest

from vqscript.errors import Aborted, ScriptError, UsageError
from vqscript.host.limits import LUA_MEMORY, Limits, duration, duration_text, read_limits, size, size_text

SOON = Limits(time=0.15, memory=64 * 2**20)
SMALL = Limits(memory=16 * 2**20)


def stopped(home, code, limits) -> Aborted:
    """Run a script that has to be stopped; what follows a host that does not stop it is the test's own time limit."""
    runtime = home.runtime(limits=limits)
    with pytest.raises(Aborted) as caught:
        runtime.run_file(home.write("main.lua", code))
    assert home.lines == []
    return caught.value


# Texts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5 m", 90), ("10min", 600), ("2h", 7200), ("0.5", 0.5)]
)
def test_a_time_is_read(text, seconds):
    assert duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "count"),
    [("512M", 512 * 2**20), ("2G", 2**31), ("2GB", 2**31), ("2 GiB", 2**31), ("1.5g", 3 * 2**29), ("4194304", 2**22)],
)
def test_a_size_is_read(text, count):
    assert size(text) == count


@pytest.mark.parametrize("text", ["", "soon", "-1", "0", "1d", "10 m m", "1e3", "٣", "inf"])
def test_no_time(text):
    with pytest.raises(UsageError) as caught:
        duration(text, "--time-limit")
    assert str(caught.value) == f'--time-limit takes a time, got "{text}"'
    assert caught.value.hint == "as in 90, 90s, 10m or 2h"


@pytest.mark.parametrize(("text", "said"), [("much", 'takes a size, got "much"'), ("64K", "takes at least 1 MB")])
def test_no_size(text, said):
    with pytest.raises(UsageError, match=said):
        size(text, "--memory-limit")


def test_none_is_no_limit_of_time_and_the_usual_one_of_memory():
    assert read_limits() == Limits(None, None)
    assert read_limits().lua_memory == LUA_MEMORY
    assert read_limits("2m", "1G") == Limits(120.0, 2**30)


def test_quantities_are_told_as_a_person_writes_them():
    assert [duration_text(each) for each in (90, 600, 7200, 0.5)] == ["90 s", "10 min", "2 h", "0.5 s"]
    assert [size_text(each) for each in (100, 2**20, 3 * 2**29, 1023 * 2**20)] == [
        "100 bytes",
        "1 MB",
        "1.5 GB",
        "1023 MB",
    ]


# Time ---------------------------------------------------------------------------------------

ENDLESS = {
    "a loop": "while true do end",
    "recursion without end": "local function f() return f() end f()",
    "goto": "::again:: goto again",
    "held by pcall": "while true do pcall(function() while true do end end) end",
    "held by xpcall": "while true do xpcall(function() while true do end end, function() while true do end end) end",
    "a closing variable": (
        "while true do pcall(function()"
        " local x <close> = setmetatable({}, {__close = function() while true do end end}) error('x') end) end"
    ),
    "closing variables that make more of themselves": (
        "local function f() local x <close> = setmetatable({}, {__close = function() pcall(f) end})"
        " while true do end end f()"
    ),
    "a comparator": "while true do pcall(table.sort, {3, 1, 2}, function() while true do end end) end",
    "a replacement": "while true do pcall(string.gsub, 'aaa', 'a', function() while true do end end) end",
    "an iterator of gmatch": "for _ in ('a'):rep(10):gmatch('a') do while true do end end",
    "__index": "local t = setmetatable({}, {__index = function(t, k) while true do end end}) print(t.x)",
    "__index that asks itself": "local t = setmetatable({}, {__index = function(t, k) return pcall(t, t) end})"
    " while true do local x = t.y end",
    "__tostring of what is printed": "print(setmetatable({}, {__tostring = function() while true do end end}))",
    "__tostring of the error": "error(setmetatable({}, {__tostring = function() while true do end end}))",
    "__pairs": "for _ in pairs(setmetatable({}, {__pairs = function() while true do end end})) do end",
    "__lt in a sort": (
        "local m = {__lt = function() while true do end end} table.sort({setmetatable({}, m), setmetatable({}, m)})"
    ),
    "pieces of load": "load(function() while true do end end)",
    "loaded code": "load('while true do end')()",
    "a module": "require 'endless'",
    "calls into the host": "while true do pcall(VQ.index, 1) end",
    "prints": "local p = print while true do VQ.applicationName() end",
    "large texts": "local s = ('x'):rep(2^20) while true do local t = s .. 'y' end",
    "failing to get memory": "while true do pcall(string.rep, 'x', 1 << 30) end",
    "a generic for": "for _ in function() return 1 end do end",
}


@pytest.mark.parametrize("code", ENDLESS.values(), ids=ENDLESS.keys())
def test_nothing_holds_a_time_limit(home, code):
    home.write("endless.lua", "while true do end")
    begun = time.monotonic()
    error = stopped(home, f"\n{code}\nprint('went on')", SOON)
    assert error.reason == "time"
    assert "stopped at the time limit of 0.15 s" in str(error)
    assert time.monotonic() - begun < 30  # a guard against hanging, no measurement


def test_the_place_is_told(home):
    error = stopped(home, "local function turn()\n  while true do\n  end\nend\n\nturn()", SOON)
    main = home.folder / "main.lua"
    assert str(error).startswith((f"{main}:2: stopped at", f"{main}:3: stopped at"))
    assert f"{main}:6: in main chunk" in error.frames
    assert error.hint == "--time-limit 2h allows two hours"


def test_a_call_that_takes_longer_is_the_last(home, monkeypatch):
    from vqscript.vq.root import VQ

    calls = []

    def slow(self, i):
        calls.append(i)
        time.sleep(0.3)
        return i

    monkeypatch.setattr(VQ, "index", slow)
    error = stopped(home, "\nfor i = 1, 1000 do\n  pcall(VQ.index, i)\nend", SOON)
    assert error.reason == "time"
    assert calls == [1]


def test_a_script_that_is_done_in_time_is_left_alone(home):
    runtime = home.runtime(limits=Limits(time=60))
    runtime.run_text("print(1)")
    runtime.run_text("print(2)")
    assert home.lines == ["1", "2"]


def test_waiting_for_a_person_does_not_count(home, monkeypatch):
    from vqscript.session.interaction import Prepared

    def asked(self, key, prompt=""):
        time.sleep(0.3)
        return "yes"

    monkeypatch.setattr(Prepared, "answer", asked)
    runtime = home.runtime(limits=Limits(time=0.2))
    runtime.run_text('VQ.suspend("x") VQ.getText("x") print(VQ.askYesNoQuestion("x"))')
    assert home.lines == ["true"]
    with pytest.raises(Aborted):  # the clock goes on afterwards
        runtime.run_text('VQ.suspend("x") while true do end')


def test_anybody_may_stop_a_script(home):
    import threading

    runtime = home.runtime()
    threading.Timer(0.2, runtime.stop, [Aborted("the batch was cancelled", reason="interrupted")]).start()
    with pytest.raises(Aborted, match="the batch was cancelled"):
        runtime.run_text("while true do pcall(function() while true do end end) end")


# Memory -------------------------------------------------------------------------------------

GREEDY = {
    "a table": "local t = {} while true do t[#t + 1] = {} end",
    "held by pcall": "t = {} while true do pcall(function() while true do t[#t + 1] = {} end end) end",
    "a text that doubles": "local s = 'x' while true do s = s .. s end",
    "texts that are kept": "local t = {} while true do t[#t + 1] = ('x'):rep(2^20) .. #t end",
    "texts, held by pcall": "t = {} while true do pcall(function() t[#t + 1] = ('x'):rep(2^20) end) end",
    "closures": "local f = function() end while true do local g = f f = function() return g end end",
    "a replacement that grows": "local s = 'x' while true do s = s:gsub('x', 'xxxx') end",
    "table.concat": "local s = 'x' while true do s = table.concat({s, s, s, s}) end",
    "table.pack": "t = {} while true do t = table.pack(t, t, t, {t}) t[5] = ('x'):rep(2^20) end",
    "upvalues of errors": "t = {} while true do local ok, e = pcall(VQ.index, 3) t[#t + 1] = e end",
    "a closing variable": (
        "t = {} do local x <close> = setmetatable({}, {__close = function() while true do t[#t + 1] = {} end end}) end"
    ),
    "loaded code": "local s = 'x = 1 ' while true do s = s .. s load(s) end",
}


@pytest.mark.parametrize("code", GREEDY.values(), ids=GREEDY.keys())
def test_nothing_holds_a_memory_limit(home, code):
    error = stopped(home, f"\n{code}\nprint('went on')", SMALL)
    assert error.reason == "memory"
    assert str(error).startswith(f"{home.folder / 'main.lua'}:2: stopped at the memory limit of 16 MB: ")
    assert "--memory-limit 2G" in error.hint


def test_the_message_says_what_is_used(home):
    error = stopped(home, "t = {} while true do t[#t + 1] = ('x'):rep(2^20) .. #t end", SMALL)
    used = float(str(error).split("take ")[1].split(" MB")[0])
    assert 16 <= used < 2 * 16 + 64 + 32


def test_garbage_does_not_count(home):
    runtime = home.runtime(limits=SMALL)
    runtime.run_text("for i = 1, 100 do local s = ('x'):rep(2^22) .. i end print('done')")
    assert home.lines == ["done"]


def test_one_request_beyond_all_memory_is_an_error_that_a_script_can_handle(home):
    code = """
        local ok, e = pcall(string.rep, "x", 1 << 30)
        print(ok, e.type, e.message)
        print(#("x"):rep(1000))"""
    runtime = home.runtime(limits=SMALL)
    runtime.run_text(code)
    assert home.lines == ["false\tMemoryError\tnot enough memory: the limit is 16 MB", "1000"]


def test_what_the_host_hands_over_counts(home, monkeypatch):
    """Where Lua has no memory left while Python hands it a text, the process would end or hang."""
    from vqscript.vq.root import VQ

    monkeypatch.setattr(VQ, "applicationName", lambda self: "x" * 2**27)
    error = stopped(home, "\nlocal ok, text = pcall(VQ.applicationName)", SMALL)
    assert error.reason == "memory"


@pytest.mark.parametrize(
    "call",
    [
        "VQ.getText('title')",
        "VQ.didYouMean('Hart', {'Heart', 'Liver'})",
        "VQ.index(3)",
        "VQ.dataManager():size()",
        "VQ.mainWin()",
        "VQ.nothing",
        "VQ.log(t)",
        "require 'csv'",
        "VQ.fail(#keep[1] < 2^25 and keep[1] or 'x')",
        "print(1)",
    ],
)
def test_a_call_finds_memory_full_to_the_last_byte(home, call):
    """Fills memory with ever smaller texts until nothing fits, between two looks of the hook, then calls."""
    code = f"""
        local keep, size = {{}}, 1 << 26
        local t = {{}}
        for i = 1, 100 do keep[i] = false end
        local function fill()
          local n = 0
          while size >= 16 do
            local ok, s = pcall(string.rep, "x", size)
            if ok and n < 100 then n = n + 1 keep[n] = s else size = size // 2 end
          end
        end
        pcall(fill)
        pcall(function() return {call} end)
        keep = nil
        print("went on")"""
    runtime = home.runtime(answers={"title": "x" * 1000}, limits=SMALL)
    with pytest.raises(Aborted) as caught:
        runtime.run_text(code)
    assert caught.value.reason == "memory"


def test_a_prompt_goes_on_after_a_limit(home):
    runtime = home.runtime(limits=Limits(0.2, 16 * 2**20))
    with pytest.raises(Aborted):
        runtime.run_line("while true do end", shown="1")
    with pytest.raises(Aborted):
        runtime.run_line("t = {} while true do t[#t + 1] = {} end", shown="2")
    with pytest.raises(Aborted, match="memory limit"):  # it is still there
        runtime.run_line("local n = 0 for i = 1, 1e6 do n = n + 1 end", shown="3")
    runtime.run_line("t = nil", shown="4")
    runtime.run_line("for i = 1, 1e5 do local s = {} end print('fine')", shown="5")
    assert home.lines == ["fine"]


# The process --------------------------------------------------------------------------------


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux limits the address space")
def test_an_array_beyond_the_limit_is_an_error_of_the_script(process):
    code = """
from pathlib import Path
import numpy
from vqscript.errors import Aborted
from vqscript.host.gate import Gate
from vqscript.host.limits import Limits, limit_process
from vqscript.host.runtime import Runtime
from vqscript.session import Session
from vqscript.vq.catalog import script
from vqscript.vq.root import VQ

limits = Limits(memory=512 * 2**20)
assert limits.lua_memory == 512 * 2**20
assert limit_process(limits)
assert limits.lua_memory == 128 * 2**20
VQ.index = script()(lambda self, i: numpy.zeros(i * 2**20, numpy.uint8).size)
run = Runtime(VQ(Session(output=Path("out"))), Gate(Path("out")), limits=limits).run_line
run('print(VQ.index(1)) print(select(2, pcall(VQ.index, 2000)).type)', shown="1")
try:
    run('local t = {} while true do pcall(function() t[#t + 1] = ("x"):rep(2^20) .. #t end) end', shown="2")
except Aborted as error:
    print(error.reason)
run('VQ.index(2000)', shown="3")
"""
    printed, said = process("-c", code).communicate(timeout=120)
    assert printed.split() == [str(2**20), "MemoryError", "memory"]
    assert "ScriptError: 3:1: not enough memory" in said


def test_no_limit_is_none_for_the_process():
    from vqscript.host.limits import limit_process

    assert limit_process(Limits(time=5)) is False


def test_without_limits_a_script_error_stays_one(home):
    with pytest.raises(ScriptError):
        home.run("error('x')")
