"""``vqscript repl`` as a process: piped, on a real pseudo-terminal, and in tmux."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import vqscript as package

COMMAND = [sys.executable, "-m", "vqscript.cli.main", "repl"]
ENOUGH = 60
"""Seconds after which something hangs."""

pty = pytest.importorskip("pty", reason="needs pseudo-terminals")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The package under test, a plain terminal, and nothing of the user's."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LD_LIBRARY_PATH", "SYSTEMROOT") if key in os.environ}
    return {
        **kept,
        "PYTHONPATH": str(Path(package.__file__).parents[1]),
        "PYTHONIOENCODING": "utf-8",
        "HOME": str(tmp_path / "home"),
        "TERM": "xterm-256color",
        "PROMPT_TOOLKIT_NO_CPR": "1",  # nobody answers where the cursor is
    }


# Piped ------------------------------------------------------------------------------------


@pytest.fixture
def piped(tmp_path: Path, environment: dict[str, str]) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Return a function that pipes lines into a session and checks the exit code."""

    def run(lines: str, *words: str, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*COMMAND, *words],
            input=lines,
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            env=environment,
            timeout=ENOUGH,
            check=False,
        )
        assert done.returncode == exit_code, done.stderr
        return done

    return run


def test_a_piped_line_prints_what_it_prints_and_nothing_else(piped):
    done = piped("print(1)\n")
    assert (done.stdout, done.stderr) == ("1\n", "")


def test_piped_lines_share_names_and_show_values(piped):
    done = piped("local x = {\n  1,\n  2,\n}\n\nx\n#x * 21\nfor _, n in ipairs(x) do\n  print(n)\nend\n-- done")
    assert done.stdout == "{ 1, 2 }\n42\n1\n2\n"


def test_piped_lines_go_on_after_an_error_and_end_with_1(piped):
    done = piped(
        "error('one')\n\nlocal function f()\n  error('two')\nend\nf()\ndm:unti(0)\nprint('still here')\n", exit_code=1
    )
    assert done.stdout == "still here\n"
    assert done.stderr.splitlines() == [
        "stdin:1: one",
        "stdin:4: two",
        "    stdin:6: in main chunk",
        'stdin:7: DataManager has no member "unti"',
        'hint: did you mean "unit"?',
    ]


def test_what_is_incomplete_at_the_end_is_an_error(piped):
    done = piped("print(1)\nif x then\n", exit_code=1)
    assert done.stdout == "1\n"
    assert re.fullmatch(r"stdin:3: 'end' expected \(to close 'if' at line 2\) near <eof>\n", done.stderr)


def test_debug_shows_where_in_python(piped):
    assert "Traceback (most recent call last)" in piped("VQ.index(3)\n", "--debug", exit_code=1).stderr


def test_an_abort_ends_what_is_piped(piped):
    done = piped("print(1)\nVQ.abort()\nprint(2)\n", exit_code=130)
    assert done.stdout == "1\n"
    assert "stdin:2: the script called VQ.abort()" in done.stderr


def test_a_time_limit_holds_for_each_line(piped):
    done = piped("local x = 1\nwhile true do end\n", "--time-limit", "0.2", exit_code=124)
    assert "time limit" in done.stderr


def test_flags_of_run_are_those_of_the_prompt(piped, tmp_path):
    done = piped(
        'args.dose\nVQ.output\nVQ.askYesNoQuestion("Go on?")\n'
        'VQ.writeFile("a.txt", "x")\nVQ.writeFile("../b.txt", "x")\n',
        *("--arg", "dose=250 uCi", "--output", "out", "--answer", "Go on?=yes"),
        exit_code=1,
    )
    assert done.stdout == f'"250 uCi"\n"{tmp_path / "out"}"\ntrue\n'
    assert (tmp_path / "out" / "a.txt").read_text() == "x"
    assert "--allow-write" in done.stderr


def test_a_question_without_an_answer_is_an_error_that_quotes_it(piped):
    assert 'asks "Go on?"' in piped('VQ.askYesNoQuestion("Go on?")\n', exit_code=1).stderr


def test_a_project_needs_a_repository(piped):
    assert "--repo" in piped("", "--project", "/p", exit_code=2).stderr


def test_a_repository_is_ready(piped, mice):
    done = piped("#repo:getStudies()\n", "--repo", str(mice.path), "--project", mice.project)
    assert done.stdout == f"{len(mice.scans)}\n"


def test_commands_work_piped(piped, tmp_path, mice):
    (tmp_path / "twice.lua").write_text("function twice(n) return 2 * n end\n")
    done = piped(
        ":inputs\n:rois\nrepo:load(repo:getStudies()[1], repo:getSeries(repo:getStudies()[1])[1])\n"
        ":run twice.lua\ntwice(21)\n:show transverse\n:save mine\n:time 1 + 1\n"
        ":reset\ntwice, dm:size()\n:quit\nprint('never')",
        *("--repo", str(mice.path), "--project", mice.project),
    )
    lines = done.stdout.splitlines()
    picture = tmp_path / "vq-output" / "show-1.png"
    assert lines[:5] == ["no inputs", "no ROIs", "1", "42", str(picture.relative_to(tmp_path))]
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert lines[5:7] == ["mine.lua", "2"]
    assert re.fullmatch(r"[\d.e+-]+ m?s", lines[7])
    assert lines[8:] == ["nil  0"]
    script = (tmp_path / "mine.lua").read_text()
    assert '#include "twice.lua"' in script and "twice(21)" in script


def test_a_saved_session_runs_as_a_script(piped, tmp_path, environment, mice):
    piped(
        "local studies = repo:getStudies()\nlocal n = #studies\nn\n_ * 2\n:save counted.lua\n",
        *("--repo", str(mice.path), "--project", mice.project),
    )
    done = subprocess.run(
        [*COMMAND[:-1], "run", "counted.lua", "--repo", str(mice.path), "--project", mice.project],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
        timeout=ENOUGH,
        check=False,
    )
    count = len(mice.scans)
    assert (done.stdout, done.stderr) == (f"{count}\n{count * 2}\n", "")


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        (":inpust", "there is no command :inpust", 'did you mean "inputs"?'),
        (":rois 1", ':rois takes nothing, got "1"', ":rois"),
        (":run", ":run needs a file", ":run analysis.lua"),
        (":run absent.lua", "there is no script absent.lua", ""),
        (":show sideways", "there is no picture mode", "known: composite"),
        (":show", "nothing is loaded in input 0", "open an image into input 0 first"),
        (":save there.lua", "there.lua is there already", "choose another name"),
    ],
)
def test_a_command_that_does_not_fit_says_so(piped, tmp_path, line, message, hint):
    (tmp_path / "there.lua").write_text("-- mine")
    done = piped(f"{line}\nprint('went on')\n", exit_code=1)
    assert message in done.stderr and hint in done.stderr
    assert done.stdout == "went on\n"
    assert (tmp_path / "there.lua").read_text() == "-- mine"


def test_a_label_of_lua_is_no_command(piped):
    assert piped("::again:: print(1)\n").stdout == "1\n"


def test_ctrl_c_ends_what_is_piped(tmp_path, environment):
    process = subprocess.Popen(
        COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=tmp_path, env=environment
    )
    assert process.stdin is not None and process.stdout is not None
    process.stdin.write(b"print('begun')\nwhile true do end\nprint('never')\n")
    process.stdin.flush()
    assert process.stdout.readline() == b"begun\n"
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    out, problem = process.communicate(timeout=ENOUGH)
    assert (process.returncode, out) == (130, b"")
    assert b"interrupted" in problem


def test_the_session_of_the_page_goes_as_it_says(mice, desk):
    """docs/repl.md shows a session; its lines give what stands below them."""
    from vqscript.cli.repl import OPENING, WITH_REPOSITORY
    from vqscript.errors import ScriptError
    from vqscript.host.gate import Gate
    from vqscript.host.repl import Repl, Stage
    from vqscript.host.runtime import Runtime
    from vqscript.vq.root import VQ

    def stage() -> Stage:
        given = {"repo": str(mice.path), "project": mice.project}
        return Stage(desk.session, Runtime(VQ(desk.session), Gate(desk.output), args=given))

    page = (Path(__file__).parents[2] / "docs" / "repl.md").read_text(encoding="utf-8")
    session = re.findall(r"```text\n(.*?)```", page, re.DOTALL)[0]
    repl = Repl(stage, OPENING + WITH_REPOSITORY, width=84)
    turns = re.findall(r"^vq> (.*\n(?:\.\.\. .*\n)*)((?:(?!vq> ).*\n)*)", session, re.MULTILINE)
    assert len(turns) > 8
    for typed, shown in turns:
        text = typed.replace("\n... ", "\n").strip()
        try:
            got = repl.run(repl.read(text))
        except ScriptError as error:
            got = f"{error.message.partition(': ')[2]}\nhint: {error.hint}"
        assert got == shown.rstrip("\n"), text


# On a terminal ----------------------------------------------------------------------------


class Terminal:
    """A process on a pseudo-terminal of our own, and what it wrote."""

    def __init__(self, words: list[str], folder: Path, environment: dict[str, str]) -> None:
        import fcntl
        import struct
        import termios

        self.folder = folder
        # That pasted text be marked is asked for once at each prompt; the prompt itself is drawn more often.
        self.prompt = "vq> " if environment["TERM"] == "dumb" else "\x1b[?2004h"
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
        self.process = subprocess.Popen(
            words,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=folder,
            env=environment,
            start_new_session=True,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that Ctrl-C is a signal for it
        )
        os.close(slave)
        self.raw = ""
        self._seen = 0

    def send(self, keys: str) -> None:
        """Type."""
        os.write(self._master, keys.encode())

    def until(self, text: str) -> str:
        """Wait for a text behind what was waited for before; returns what came until then, escapes included."""
        deadline = time.monotonic() + ENOUGH
        while (found := self.raw.find(text, self._seen)) < 0:
            ready, _, _ = select.select([self._master], [], [], max(0, deadline - time.monotonic()))
            assert ready, f"{text!r} did not come; there was {self.raw[self._seen :]!r}"
            try:
                self.raw += os.read(self._master, 65536).decode("utf-8", "replace")
            except OSError:  # Linux says so when the other side is closed
                pytest.fail(f"{text!r} did not come before the end: {self.raw[self._seen :]!r}")
        start, self._seen = self._seen, found + len(text)
        return self.raw[start : self._seen]

    def type(self, line: str) -> None:
        """Type a line at a prompt, and Enter."""
        self.until(self.prompt)
        self.send(f"{line}\r")

    def end(self) -> int:
        """Wait until the process ended; returns its exit code."""
        deadline = time.monotonic() + ENOUGH
        while self.process.poll() is None and time.monotonic() < deadline:
            ready, _, _ = select.select([self._master], [], [], 0.05)
            if ready:
                try:
                    self.raw += os.read(self._master, 65536).decode("utf-8", "replace")
                except OSError:
                    break
        return self.process.wait(timeout=ENOUGH)

    def close(self) -> None:
        """End the process, if it is still there."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._master)


@pytest.fixture
def terminal(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[..., Terminal]]:
    """Return a function that begins a session on a terminal."""
    begun: list[Terminal] = []

    def begin(*words: str, **variables: str) -> Terminal:
        begun.append(Terminal([*COMMAND, *words], tmp_path, {**environment, **variables}))
        return begun[-1]

    yield begin
    for each in begun:
        each.close()


def test_a_session_on_a_terminal(terminal, mice):
    repl = terminal("--repo", str(mice.path), "--project", mice.project)
    repl.until(":help lists the commands")
    repl.until(f"{mice.project}: {len(mice.scans)} studies.")
    repl.type("local x = 6")
    repl.type("x * 7")
    repl.until("42\r\n")
    repl.type("_ + 1")
    repl.until("43\r\n")
    repl.until(repl.prompt)
    repl.send("\x04")
    assert repl.end() == 0


def test_lines_go_on_until_they_make_a_whole_and_are_indented(terminal):
    repl = terminal()
    repl.type("for i = 1, 2 do")
    repl.until("...")
    repl.send("print(i * 21)\r")
    repl.until("...")
    repl.send("end\r")
    repl.until("42\r\n")
    repl.type(":save loop.lua")
    repl.type(":quit")
    assert repl.end() == 0
    assert "for i = 1, 2 do\n  print(i * 21)\nend\n" in (repl.folder / "loop.lua").read_text()


def test_ctrl_c_drops_a_line_that_is_typed_and_the_session_stays(terminal):
    repl = terminal()
    repl.type("function f()")
    repl.until("...")
    repl.send("\x03")
    repl.type("6 * 7")
    repl.until("42\r\n")


@pytest.mark.parametrize(
    "line",
    [
        "while true do end",
        "pcall(function() while true do end end) while true do end",
        "repeat until pcall(VQ.suspend, 'never')",
        'VQ.suspend("draw")',
        'string.rep("x", 100):gsub("x", function() while true do end end)',
        "table.sort({ 3, 2, 1 }, function() while true do end end)",
        "setmetatable({}, { __tostring = function() while true do end end })",
    ],
)
def test_ctrl_c_stops_the_line_and_not_the_session(terminal, line):
    repl = terminal()
    repl.type("local x = 42")
    repl.type(f"print('be' .. 'gun') {line}" if "metatable" not in line else f"{line}, print('be' .. 'gun')")
    repl.until("begun")
    time.sleep(0.2)  # until it is well within the line
    repl.send("\x03")
    repl.until("interrupted")
    repl.type("x")
    repl.until("42\r\n")
    repl.type(":quit")
    assert repl.end() == 0


def test_what_cannot_be_stopped_ends_the_session_on_the_second_ctrl_c_only(terminal):
    repl = terminal()
    repl.type("print('be' .. 'gun') ; (('a'):rep(1e5)):find((('.-'):rep(40)) .. 'b')")
    repl.until("begun")
    time.sleep(0.2)
    repl.send("\x03")
    repl.until("Ctrl-C again ends the session")
    assert repl.process.poll() is None
    repl.send("\x03")
    repl.until("so the process was ended")
    assert repl.end() == 125


def test_an_error_is_told_with_its_hint_in_red_and_the_session_goes_on(terminal):
    repl = terminal()
    repl.type("dm:unti(0)")
    repl.until('\x1b[31mDataManager has no member "unti"\x1b[0m')
    repl.until('hint: did you mean "unit"?')
    repl.type("6 * 7")
    repl.until("42\r\n")


def test_an_error_in_several_lines_names_its_line(terminal):
    repl = terminal()
    repl.type("do")
    repl.until("...")
    repl.send("local x = nil + 1 end\r")
    repl.until("line 2: attempt to perform arithmetic on a nil value")


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        ("VQ.applicationN\t()", '"vqscript '),
        ("dm:getPaletteN\t(3)", "there is no input 3"),
        ("local alphabet = 4\rprint(alphab\t * 10 + 2)", "42\r\n"),
        ('require "ipac\t".iPACS', "function iPACS("),
        (":run twic\t\rtwice(21)", "42\r\n"),
        (":tim\t 6 * 7", "42\r\n"),
    ],
)
def test_tab_completes(terminal, tmp_path, keys, shown):
    (tmp_path / "twice.lua").write_text("function twice(n) return 2 * n end\n")
    repl = terminal()
    for line in keys.split("\r"):
        repl.type(line)
    repl.until(shown)


def test_tab_lists_options_with_what_they_mean(terminal, mice):
    repl = terminal("--repo", str(mice.path))
    repl.until(repl.prompt)
    repl.send('repo:getStudies("-\t')
    repl.until("-namefilter")
    repl.until("Pattern for PatientsName.")
    repl.until("-dateend")


def test_lua_has_colors_unless_they_are_not_wanted(terminal):
    keyword = "\x1b[0;35mlocal"
    repl = terminal()
    repl.type("local answer = 6 * 7 -- all")
    repl.type("answer")
    repl.until("42\r\n")
    assert keyword in repl.raw
    plain = terminal(NO_COLOR="1")
    plain.type("local answer = 6 * 7")
    plain.type("answer")
    plain.until("42\r\n")
    assert keyword not in plain.raw and "local" in plain.raw


def test_lines_of_earlier_sessions_come_back_and_nobody_else_reads_them(terminal, tmp_path):
    first = terminal()
    first.type("6 * 7")
    first.type(":quit")
    assert first.end() == 0
    history = tmp_path / "home" / ".local" / "state" / "vqscript" / "history"
    assert "+6 * 7" in history.read_text()
    assert (history.stat().st_mode & 0o777, history.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    second = terminal()
    second.until(second.prompt)
    second.send("\x1b[A\x1b[A\r")  # up, over :quit
    second.until("42\r\n")


def test_history_that_cannot_be_kept_is_told_once(terminal, tmp_path):
    (tmp_path / "file").write_text("no folder")
    repl = terminal(XDG_STATE_HOME=str(tmp_path / "file"))
    repl.until("note: lines are not kept for later sessions")
    repl.type("6 * 7")
    repl.until("42\r\n")


def test_a_question_is_asked_on_the_terminal(terminal):
    repl = terminal()
    repl.type('VQ.askYesNoQuestion("Go " .. "on?") and "it went on"')
    repl.until("Go on? [y/n] ")
    repl.send("y\r")
    repl.until('"it went on"')


def test_a_dumb_terminal_gets_no_escapes(terminal):
    repl = terminal(TERM="dumb")
    repl.type("for i = 1, 2 do")
    repl.until("...")
    repl.send("print(i * 21) end\r")
    repl.until("42\r\n")
    repl.type("dm:unti(0)")
    repl.until("hint: ")
    repl.until(repl.prompt)
    time.sleep(0.3)  # Python does not hear it between the prompt and the waiting
    repl.send("\x03")  # which gives a new prompt
    repl.type("6 * 7")
    repl.until("42\r\n")
    repl.until(repl.prompt)
    repl.send("\x04")
    assert repl.end() == 0
    assert "\x1b" not in repl.raw


def test_lines_are_timed_on_request(terminal):
    repl = terminal()
    repl.type(":time")
    repl.until("lines are timed")
    repl.type("6 * 7")
    assert re.search(r"42\r\n[\d.]+ m?s", repl.until(repl.prompt))


def test_help_lists_every_command(terminal):
    repl = terminal()
    repl.type(":help")
    shown = repl.until("Ctrl-D ends the session.")
    for name in ("help", "inputs", "rois", "show", "run", "save", "time", "reset", "quit"):
        assert f":{name}" in shown
    repl.type("help(dm.save)")
    repl.until("DataManager.save(i, path [, format])")


# Pictures ---------------------------------------------------------------------------------

QUESTION = "\x1b[c"


@pytest.fixture
def showing(terminal, mice):
    """Return a function that begins a session with an image and asks for its picture."""

    def begin(command: str = ":show", **variables: str) -> Terminal:
        repl = terminal("--repo", str(mice.path), "--project", mice.project, **variables)
        repl.type("repo:load(repo:getStudies()[1], repo:getSeries(repo:getStudies()[1])[1])")
        repl.until("\x1b[?2004l1\r\n")
        repl.type(command)
        return repl

    return begin


@pytest.mark.parametrize(
    ("answer", "begins", "ends"),
    [
        ("\x1b_Gi=31;OK\x1b\\\x1b[?62;22c", "\x1b_Ga=T,f=100,", "\x1b\\"),
        ("\x1b[?62;4;22c", "\x1bP0;1q", "\x1b\\"),
        ("\x1b[?1;2c", "\x1b[38;5;", "▀"),
    ],
)
def test_the_terminal_is_asked_what_it_shows(showing, answer, begins, ends):
    repl = showing()
    repl.until(QUESTION)
    repl.send(answer)
    repl.until(begins)
    repl.until(ends)
    repl.type("6 * 7")  # the answer was not taken for something typed
    repl.until("42\r\n")


def test_a_terminal_that_does_not_answer_gets_half_blocks(showing):
    repl = showing(":show mip", COLORTERM="truecolor")
    repl.until(QUESTION)
    repl.until("\x1b[38;2;")
    repl.until("▀")
    repl.type("6 * 7")
    repl.until("42\r\n")


@pytest.mark.parametrize(
    ("variables", "begins"),
    [
        ({"KITTY_WINDOW_ID": "1"}, "\x1b_Ga=T,f=100,"),
        ({"TERM_PROGRAM": "iTerm.app"}, "\x1b]1337;File=inline=1;"),
        ({"VQSCRIPT_GRAPHICS": "sixel"}, "\x1bP0;1q"),
    ],
)
def test_a_terminal_that_names_itself_is_not_asked(showing, variables, begins):
    assert QUESTION not in showing(**variables).until(begins)


def test_without_colors_the_picture_is_a_file(showing):
    repl = showing(NO_COLOR="1")
    repl.until(QUESTION)
    repl.send("\x1b[?1;2c")
    repl.until("vq-output/show-1.png")


def test_a_mode_that_is_none_is_refused(showing):
    repl = showing(":show sideways", VQSCRIPT_GRAPHICS="blocks")
    repl.until('there is no picture mode "sideways"')


# tmux -------------------------------------------------------------------------------------


@pytest.fixture
def tmux(tmp_path: Path, environment: dict[str, str]) -> Iterator[Callable[..., str]]:
    """Return a function that calls a tmux of our own, in which a session was begun."""
    program = shutil.which("tmux")
    if program is None:
        pytest.skip("needs tmux")
    socket = str(tmp_path / "tmux")

    def call(*words: str) -> str:
        done = subprocess.run(
            [program, "-S", socket, "-f", os.devnull, *words],
            capture_output=True,
            encoding="utf-8",
            env=environment,
            cwd=tmp_path,
            timeout=ENOUGH,
            check=False,
        )
        return done.stdout

    call("new-session", "-d", "-x", "100", "-y", "30", *COMMAND)
    yield call
    call("kill-server")


def test_a_session_in_tmux(tmux):
    def until(text: str) -> str:
        deadline = time.monotonic() + ENOUGH
        while text not in (shown := tmux("capture-pane", "-p")):
            assert time.monotonic() < deadline, shown
            time.sleep(0.1)
        return shown

    until("vq>")
    tmux("send-keys", "-l", "local x = 6")
    tmux("send-keys", "Enter")
    tmux("send-keys", "-l", "x * 7")
    tmux("send-keys", "Enter")
    until("\n42\n")
    tmux("send-keys", "-l", "print('be' .. 'gun') while true do end")
    tmux("send-keys", "Enter")
    until("\nbegun\n")
    tmux("send-keys", "C-c")
    until("\ninterrupted\n")
    tmux("send-keys", "-l", "VQ.applicationN")
    tmux("send-keys", "Tab")
    until("VQ.applicationName")
