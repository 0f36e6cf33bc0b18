"""``vqscript check`` as a command, and what ``vqscript run`` adds to an error."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import vqscript as package
from vqscript.cli import main

Command = Callable[..., tuple[list[str], list[str]]]


@pytest.fixture
def command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs a command in an empty folder, checks its exit code and returns what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*words: str, code: int = 0) -> tuple[list[str], list[str]]:
        assert main.main(words) == code
        printed = capsys.readouterr()
        return printed.out.splitlines(), printed.err.splitlines()

    return run


def test_a_line_for_each_mistake_and_exit_code_1(command):
    Path("main.lua").write_text("local dm = VQ.dataManager()\nprint(dm:siez())\nfoo()\n")
    out, err = command("check", "main.lua", code=1)
    assert out == [
        'main.lua:2:10: DataManager has no member "siez" (did you mean "size"?)',
        'main.lua:3:1: the variable "foo" is never given a value',
    ]
    assert err == []


def test_a_script_without_mistakes_is_passed_over_in_silence(command):
    Path("main.lua").write_text("print(VQ.dataManager():size())")
    assert command("check", "main.lua") == ([], [])
    assert command("check", "pet_suv.lua") == ([], [])  # an example


def test_warnings_do_not_fail(command):
    Path("main.lua").write_text("if DEBUG then print(1) end")
    out, _ = command("check", "main.lua")
    assert out == ['main.lua:1:4: warning: the variable "DEBUG" is never given a value']


def test_several_scripts(command):
    Path("a.lua").write_text('#include "tools.lua"\nx = y')
    Path("b.lua").write_text("x = = 1")
    Path("tools.lua").write_text("print(x)")
    out, _ = command("check", "b.lua", "tools.lua", "a.lua", code=1)
    assert [line.split(" ")[0] for line in out] == ["b.lua:1:5:", "a.lua:2:5:"]


def test_what_a_script_holds_cannot_steer_the_terminal(command):
    Path("main.lua").write_text('VQ["\x1b[2Jsize"]()')
    out, _ = command("check", "main.lua", code=1)
    assert "\x1b" not in out[0]
    assert "[2Jsize" in out[0]


def test_json(command):
    Path("main.lua").write_text("if µ then end")
    out, _ = command("check", "main.lua", "--json", code=1)
    finding = {"file": "main.lua", "line": 1, "column": 4, "severity": "error", "kind": "syntax", "hint": ""}
    assert json.loads("\n".join(out)) == {
        "errors": 1,
        "findings": [finding | {"message": "unexpected symbol near 'µ'"}],
    }
    Path("main.lua").write_text("print(1)")
    out, _ = command("check", "main.lua", "--json")
    assert json.loads("\n".join(out)) == {"errors": 0, "findings": []}


def test_a_script_that_is_not_there_is_wrong_use(command):
    out, err = command("check", "nothing.lua", code=2)
    assert (out, err) == ([], ["vqscript: there is no script nothing.lua"])


def test_nothing_of_a_script_runs(command):
    Path("main.lua").write_text('VQ.writeFile("ran.txt", "x")\nprint("ran")\nwhile true do end')
    assert command("check", "main.lua") == ([], [])
    assert [path.name for path in Path().iterdir()] == ["main.lua"]


def test_a_check_waits_for_nothing_heavy(tmp_path):
    (tmp_path / "main.lua").write_text('VQ.dataManager():setPalette(0, "hot")')
    code = (
        "import sys; from vqscript.cli.main import main; assert main(['check', 'main.lua']) == 0; "
        "print([name for name in ('numpy', 'pydicom', 'scipy', 'PIL') if name in sys.modules])"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_the_page_on_checking_shows_what_is_printed(command):
    page = Path(__file__).resolve().parents[2] / "docs" / "checking.md"
    code, printed = re.findall(r"```(?:lua check|text printed)\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)
    Path("study.lua").write_text(code)
    out, _ = command("check", "study.lua", code=1)
    assert out == printed.splitlines()


def test_python_runs_the_package_as_the_command(tmp_path):
    (tmp_path / "main.lua").write_text("foo()")
    environment = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])}
    words = [sys.executable, "-m", "vqscript", "check", "main.lua"]
    done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout.startswith("main.lua:1:1: ")


# ---- vqscript run ------------------------------------------------------------------------------------


def test_a_run_that_fails_is_told_what_lua_does_not_know(command):
    Path("main.lua").write_text("local total = 1\nprnt(total)")
    _, err = command("run", "main.lua", code=1)
    assert err == ["main.lua:2: attempt to call a nil value (global 'prnt')", 'hint: did you mean "print"?']


HABITS = {
    "if x = 3 then end": "compared with ==",
    "x = 1 x += 1": "x = x + 1",
    "if 1 != 2 then end": "~=",
    "local x\nprint(x.y)": "x is nil",
    "local studies = require('ipacs').iPACS('absent')": "vqscript repo init",
}


@pytest.mark.parametrize("code", HABITS)
def test_a_run_that_fails_says_what_to_write(command, code):
    Path("main.lua").write_text(code)
    _, err = command("run", "main.lua", code=1)
    assert HABITS[code] in err[1]
    assert err[1].startswith("hint: ")
    assert len(err) == 2


def test_a_run_that_fails_is_told_of_the_next_mistakes_too(command):
    Path("main.lua").write_text("local dm = VQ.dataManager()\nprint(dm:unit(3))\ndm:siez()\ndm:foo()")
    _, err = command("run", "main.lua", code=1)
    assert err[:2] == ["main.lua:2: there is no input 3; loaded: none", "hint: inputs are numbered from 0"]
    (more,) = err[2:]
    assert more.startswith('vqscript check also finds main.lua:3:4: DataManager has no member "siez"')
    assert more.endswith("(and 1 more)")


@pytest.mark.parametrize(
    "code", ["VQ.dataManager():siez()", "x = = 1", 'error("no dose")', 'VQ.fail("no dose")', "VQ.dataManager():unit(3)"]
)
def test_nothing_is_said_twice(command, code):
    Path("main.lua").write_text(code)
    _, err = command("run", "main.lua", code=1)
    assert "check" not in "".join(err)
    assert len([line for line in err if line.startswith("hint: ")]) <= 1
