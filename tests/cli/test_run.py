"""``vqscript run`` as a process: exit codes, Ctrl-C, questions, and what is shown where."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import vqscript as package
from vqscript.repository.local import LocalRepository

Run = Callable[..., subprocess.CompletedProcess[str]]

COMMAND = [sys.executable, "-m", "vqscript.cli.main", "run"]


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The package under test, and nothing of the user's."""
    return {
        **os.environ,
        "PYTHONPATH": str(Path(package.__file__).parents[1]),
        "PYTHONIOENCODING": "utf-8",
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], Path]:
    """Return a function that writes a script."""

    def write(code: str) -> Path:
        path = tmp_path / "main.lua"
        path.write_text(code, encoding="utf-8")
        return path

    return write


@pytest.fixture
def vqrun(tmp_path: Path, script: Callable[[str], Path], environment: dict[str, str]) -> Run:
    """Return a function that runs Lua in a process of its own and checks the exit code."""

    def run(code: str, *words: str, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*COMMAND, script(code).name, *words],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            env=environment,
            stdin=subprocess.DEVNULL,
            timeout=60,
            check=False,
        )
        assert done.returncode == exit_code, done.stderr
        return done

    return run


def test_arguments_output_and_streams(vqrun, tmp_path):
    done = vqrun(
        'print(args.repo, args.project, args.dose, args.note) VQ.log("aside") print(VQ.output, "µCi")',
        *("--repo", "lab.repo", "--project", "/p", "--arg", "dose=250 uCi", "--arg", "note=a=b", "--output", "out"),
    )
    assert done.stdout == f"lab.repo\t/p\t250 uCi\ta=b\n{tmp_path / 'out'}\tµCi\n"
    assert done.stderr == "note: aside\n"
    assert not (tmp_path / "out").exists()


def test_an_error_is_one_message_without_traceback(vqrun):
    code = 'local function f()\n  VQ.mainWin():setViewMode("Slice View", "Croping")\nend\nf()'
    done = vqrun(code, exit_code=1)
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        'main.lua:2: there is no operator "Croping"',
        "    main.lua:4: in main chunk",
        'hint: did you mean "Cropping"?',
    ]


def test_debug_adds_the_traceback_and_keeps_the_exit_code(vqrun):
    done = vqrun("VQ.index(3)", "--debug", exit_code=1)
    assert "Traceback (most recent call last)" in done.stderr
    assert "in index" in done.stderr
    assert done.stderr.endswith("hint: inputs are numbered from 0\n")


@pytest.mark.parametrize(
    "words", [["--arg", "novalue"], ["--answer", "x"], ["--config", "absent.toml"], ["--nonsense"]]
)
def test_wrong_use_exits_with_2(vqrun, words):
    assert "Traceback" not in vqrun("", *words, exit_code=2).stderr


def test_an_output_inside_a_repository_is_refused_before_the_script_runs(vqrun, tmp_path):
    LocalRepository.create(tmp_path / "lab.repo").close()
    done = vqrun("print('hello')", "--output", "lab.repo/out", exit_code=2)
    assert done.stdout == ""
    assert "lies in the repository" in done.stderr and "--output" in done.stderr


def test_a_missing_script_and_a_file_as_output(vqrun, tmp_path, environment):
    done = subprocess.run([*COMMAND, "absent.lua"], capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert (done.returncode, done.stderr) == (2, "vqscript: there is no script absent.lua\n")
    (tmp_path / "file").write_text("")
    assert "is a file, not a folder" in vqrun("", "--output", "file", exit_code=2).stderr


def test_abort_ends_the_script(vqrun):
    done = vqrun("print('before')\npcall(VQ.abort)\nprint('after')", exit_code=130)
    assert done.stdout == "before\n"
    assert done.stderr.startswith("vqscript: main.lua:2: the script called VQ.abort()\n")


LOOPS = {
    "tight": "while true do end",
    "in pcall": "while true do pcall(function() while true do end end) end",
    "in an error handler": "while true do xpcall(error, function() while true do end end) end",
    "in __close": """
        pcall(function()
          local x <close> = setmetatable({}, {__close = function() error("held") end})
          while true do end
        end)
        print("went on")""",
    "in a host call": "while true do pcall(VQ.didYouMean, 'a', {'b', 'c', 'd', 'e'}) end",
}


@pytest.mark.skipif(sys.platform == "win32", reason="sends SIGINT")
@pytest.mark.parametrize("loop", LOOPS.values(), ids=LOOPS.keys())
def test_ctrl_c_ends_any_loop(script, tmp_path, environment, loop):
    path = script(f"VQ.log('running')\n{loop}\nprint('went on')")
    with subprocess.Popen(
        [*COMMAND, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
    ) as process:
        assert process.stderr.readline() == "note: running\n"
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        began = time.monotonic()
        out, err = process.communicate(timeout=20)
    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert out == ""
    assert "main.lua:" in err
    assert "interrupted" in err
    assert "Traceback" not in err


def test_a_reader_who_goes_away_is_no_error(script, tmp_path, environment):
    path = script("for i = 1, 100000 do print(i) end")
    with subprocess.Popen(
        [*COMMAND, path], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment
    ) as process:
        assert process.stdout.readline() == "1\n"
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(20) == 1


QUESTIONS = """
print(VQ.askYesNoQuestion("Go on?"))
print(VQ.getText("Study", "Name of the study"))
print(VQ.getItem("Organ", "Which one?", {"Heart", "Liver"}, 1))
print(VQ.getLocalPath("Where to?", "."))
VQ.suspend("draw the ROI")
print("done")"""


def test_questions_are_answered_on_the_command_line(vqrun):
    answers = ["Go on?=yes", "Study=S=1", "Organ=Heart", "Where to?=/data", "draw the ROI="]
    done = vqrun(QUESTIONS, *(word for answer in answers for word in ("--answer", answer)))
    assert done.stdout.split("\n") == ["true", "S=1", "Heart", "/data", "done", ""]


@pytest.mark.parametrize(
    ("call", "question", "key"),
    [
        ('VQ.askYesNoQuestion("Go on?")', "Go on?", "Go on?"),
        ('VQ.getText("Study", "Name it")', "Study: Name it", "Study"),
        ('VQ.getText("", "Name it")', "Name it", "Name it"),
        ('VQ.getItem("Organ", "Which?", {"Heart"})', "Organ: Which?", "Organ"),
        ('VQ.getLocalPath("Where to?")', "Where to?", "Where to?"),
        ('VQ.suspend("draw")', "draw", "draw"),
    ],
)
def test_without_answer_and_terminal_the_question_is_quoted(vqrun, call, question, key):
    done = vqrun(call, exit_code=1)
    assert done.stderr.splitlines() == [
        f'main.lua:1: the script asks "{question}", and nobody is there to answer',
        f'hint: answer with --answer "{key}=..."',
    ]


@pytest.mark.parametrize(("answer", "hint"), [("Organ=Hart", "it takes Heart, Liver"), ("Go on?=perhaps", "yes or no")])
def test_an_answer_that_does_not_fit(vqrun, answer, hint):
    code = 'VQ.getItem("Organ", "", {"Heart", "Liver"})' if "Organ" in answer else 'VQ.askYesNoQuestion("Go on?")'
    done = vqrun(code, "--answer", answer, exit_code=1)
    assert "is no answer to" in done.stderr
    assert done.stderr.endswith(f"hint: {hint}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_questions_are_asked_on_a_terminal(script, tmp_path, environment):
    import pty

    ours, theirs = pty.openpty()
    path = script(QUESTIONS)
    with subprocess.Popen(
        [*COMMAND, path], stdin=theirs, stdout=subprocess.PIPE, stderr=theirs, cwd=tmp_path, env=environment
    ) as process:
        os.close(theirs)
        shown = b""
        dialogue = [
            (b"Go on? [y/n] ", b"perhaps\n"),
            (b"Go on? [y/n] ", b"y\n"),
            (b"Study: Name of the study ", "Mäuse 1\n".encode()),
            (b"Organ: Which one? [Liver] ", b"7\n"),
            (b"Organ: Which one? [Liver] ", b"\n"),
            (b"Where to? [.] ", b"/data\n"),
            (b"draw the ROI [Enter goes on] ", b"\n"),
        ]
        for question, answer in dialogue:
            while not shown.endswith(question):
                shown += os.read(ours, 1024)
            os.write(ours, answer)
        out = process.stdout.read().decode()
        assert process.wait(20) == 0
    os.close(ours)
    assert out.split("\n") == ["true", "Mäuse 1", "Liver", "/data", "done", ""]
    assert b"  1  Heart" in shown
    assert b"a number from 1 to 2, or a name" in shown


def test_permission_flags(vqrun, tmp_path):
    other = tmp_path.parent / f"{tmp_path.name}-other"
    code = f'VQ.writeFile("{other}/a.txt", "x") print(VQ.readFile("{other}/a.txt"))'
    assert f"--allow-write {other}" in vqrun(code, exit_code=1).stderr
    assert not other.exists()
    assert vqrun(code, "--allow-write", str(other)).stdout == "x\n"
    reading = f'print(VQ.readFile("{other}/a.txt"))'
    assert f"--allow-read {other}" in vqrun(reading, exit_code=1).stderr
    assert vqrun(reading, "--allow-read", str(other)).stdout == "x\n"


def test_an_example_is_found_by_name_from_anywhere(tmp_path, environment):
    done = subprocess.run(
        [*COMMAND, "examples/list_project.lua", "--repo", "absent.repo"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert done.returncode == 1
    assert "list_project.lua:" in done.stderr
    assert "absent.repo does not exist" in done.stderr


def test_names_in_messages_cannot_steer_the_terminal(vqrun):
    done = vqrun('VQ.fail("name \\27[2J\\7 in a file")', exit_code=1)
    assert done.stderr == "main.lua:1: name \\x1b[2J\\x07 in a file\n"
