"""Ctrl-C stops a script in whatever it does; one that cannot be stopped ends with its process."""

from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from vqscript.errors import Aborted
from vqscript.host.limits import Limits
from vqscript.host.watchdog import EXIT_WATCHDOG

HANG = 120  # seconds until a test gives up on a process

SEARCH = 'local _ = ("a"):rep(1e5):find((".-"):rep(40) .. "b")'

# The command, with less patience, and with a method that does what no script could.
IMPATIENT = """
import sys
from vqscript.cli.main import main
from vqscript.host import watchdog
from vqscript.vq.catalog import script
from vqscript.vq.root import VQ

class Stubborn(VQ):
    def index(self, i):
        {body}

VQ.index = script()(Stubborn.index)
watchdog.GRACE = watchdog.LAST_RESORT = 0.5
sys.exit(main(sys.argv[1:]))
"""

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a console's Ctrl-C cannot be sent to one process")


def run(home, process, code, *flags, body="return i"):
    home.write("main.lua", code)
    return process("-c", IMPATIENT.format(body=body), "run", "main.lua", *flags)


def interrupted_once_it_runs(started):
    assert started.stdout.readline() == "begun\n"
    time.sleep(0.3)  # it is in the line after
    started.send_signal(signal.SIGINT)
    return started.communicate(timeout=HANG)


STOPPABLE = {
    "a loop": "while true do end",
    "held by pcall": "while true do pcall(function() while true do end end) end",
    "held by xpcall": "while true do xpcall(function() while true do end end, print) end",
    "a closing variable": (
        "while true do pcall(function() local x <close> ="
        " setmetatable({}, {__close = function() while true do end end}) end) end"
    ),
    "a comparator": "while true do pcall(table.sort, {3, 1, 2}, function() while true do end end) end",
    "a replacement": "while true do pcall(string.gsub, 'aaa', 'a', function() while true do end end) end",
    "calls": "while true do pcall(VQ.index, 3) end",
}


@pytest.mark.parametrize("code", STOPPABLE.values(), ids=STOPPABLE.keys())
def test_ctrl_c_stops_a_script_at_its_line(home, process, code):
    printed, said = interrupted_once_it_runs(run(home, process, f"print('begun')\n{code}\nprint('went on')"))
    assert said == "vqscript: main.lua:2: interrupted\n" or said.startswith(
        "vqscript: main.lua:2: interrupted\n    main"
    )
    assert printed == ""


def test_ctrl_c_ends_the_process_where_a_script_cannot_be_stopped(home, process):
    started = run(home, process, f"print('begun')\n{SEARCH}")
    _, said = interrupted_once_it_runs(started)
    assert started.returncode == EXIT_WATCHDOG
    assert said.startswith("vqscript: the script did not stop after Ctrl-C, so the process was ended\n")


def test_the_time_limit_ends_the_process_where_a_script_cannot_be_stopped(home, process):
    started = run(home, process, f"print('begun')\nfor i = 1, 1e5 do end\n{SEARCH}", "--time-limit", "0.5")
    printed, said = started.communicate(timeout=HANG)
    assert started.returncode == EXIT_WATCHDOG
    assert "did not stop at its time limit of 0.5 s" in said
    assert "last seen at main.lua:2\n" in said
    assert printed == "begun\n"  # what was printed is not lost


def test_a_long_call_is_named(home, process):
    code = "print('begun')\nfor i = 1, 1e5 do end\nVQ.index(1)"
    body = "__import__('hashlib').pbkdf2_hmac('sha256', b'a', b'b', 10**9)"  # one call of C that lets threads run
    started = run(home, process, code, body=body)
    _, said = interrupted_once_it_runs(started)
    assert started.returncode == EXIT_WATCHDOG
    assert said.endswith("\n    last seen at main.lua:2\n    in Stubborn.index\n")


def test_a_call_that_lets_no_other_thread_run_ends_as_well(home, process):
    started = run(home, process, "VQ.index(1)", "--time-limit", "0.5", body="sum(range(10**12))")
    _, said = started.communicate(timeout=HANG)
    assert started.returncode == 1
    assert "in index" in said  # Python's own traceback


def test_the_command_itself_has_patience_for_a_few_seconds(home, process):
    home.write("main.lua", SEARCH)
    begun = time.monotonic()
    started = process("-m", "vqscript.cli.main", "run", "main.lua", "--time-limit", "0.1")
    started.communicate(timeout=HANG)
    assert started.returncode == EXIT_WATCHDOG
    assert time.monotonic() - begun > 3


def test_a_limit_that_is_obeyed_has_its_own_exit_code(home, process):
    started = run(home, process, "\nwhile true do end", "--time-limit", "0.2")
    _, said = started.communicate(timeout=HANG)
    assert started.returncode == 124
    assert said.startswith("vqscript: main.lua:2: stopped at the time limit of 0.2 s\n")


def test_the_watchdog_of_one_script_watches_the_next(home):
    def watching() -> int:
        return sum(thread.name == "vqscript-watchdog" for thread in threading.enumerate())

    before = watching()
    runtime = home.runtime(limits=Limits(time=60))
    handler = signal.getsignal(signal.SIGINT)
    with runtime.interruptible():
        for i in range(20):
            runtime.run_text(f"print({i})")
    assert home.lines == [str(i) for i in range(20)]
    # The last one may not have come to rest before the next begins, so a few are there.
    assert watching() < before + 10
    with pytest.raises(Aborted):
        home.runtime(limits=Limits(time=0.1)).run_text("while true do end")
    assert signal.getsignal(signal.SIGINT) is handler
    assert signal.set_wakeup_fd(-1) == -1
