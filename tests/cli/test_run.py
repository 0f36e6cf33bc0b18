"""``vqscript run`` as a process: exit codes, Ctrl-C, questions, and what is shown where."""

from __future__ import annotations

import contextlib
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


def test_titles_and_answers_may_hold_equals_signs(vqrun):
    code = 'print(VQ.getText("a=b"), VQ.getText("a"), VQ.getText("k = v "))'
    done = vqrun(code, "--answer", "a=b=c=d", "--answer", "a=x", "--answer", "k = v=1")
    assert done.stdout == "c=d\tx\t1\n"


def test_answers_come_from_a_file_too_and_the_command_line_goes_first(vqrun, tmp_path):
    (tmp_path / "answers.toml").write_text(
        '# of the pilot\n"Go on?" = true\nStudy = "S=1"\nOrgan = "Heart"\n"Where to?" = "."\n"draw the ROI" = ""\n'
    )
    done = vqrun(QUESTIONS, "--answers", "answers.toml", "--answer", "Organ=Liver")
    assert done.stdout.split("\n") == ["true", "S=1", "Liver", str(tmp_path), "done", ""]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"Organ = Heart", "no valid TOML"),
        (b"[Organ]\nname = 1", 'the answer to "Organ" is no text'),
        (b"\xff", "no valid TOML"),
        (None, "cannot be read: No such file"),
    ],
)
def test_a_file_that_holds_no_answers(vqrun, tmp_path, text, message):
    if text is not None:
        (tmp_path / "answers.toml").write_bytes(text)
    done = vqrun("", "--answers", "answers.toml", exit_code=2)
    assert message in done.stderr and "answers.toml" in done.stderr


def test_an_answer_to_another_question_is_told(vqrun):
    done = vqrun('VQ.getText("Organ")', "--answer", "Orgn=Liver", exit_code=1)
    assert done.stderr.endswith('hint: answer with --answer "Organ=..."; there is an answer to "Orgn"\n')


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        ("/absent-folder/x", "a path that is there"),
        ("", "a path of a file or folder"),
        ("~nobody-here/x", "whole path"),
    ],
)
def test_a_path_that_cannot_be_is_no_answer(vqrun, answer, hint):
    done = vqrun('VQ.getLocalPath("Where to?")', "--answer", f"Where to?={answer}", exit_code=1)
    assert f'"{answer}" is no answer to "Where to?"' in done.stderr
    assert hint in done.stderr


def test_of_many_items_the_closest_is_told(vqrun):
    code = 'local t = {} for i = 1, 50 do t[i] = "organ " .. i end VQ.getItem("Organ", "", t)'
    done = vqrun(code, "--answer", "Organ=orgn 7", exit_code=1)
    assert done.stderr.endswith('hint: did you mean "organ 7"?\n')


def test_what_is_piped_in_is_no_answer(script, tmp_path, environment):
    done = subprocess.run(
        [*COMMAND, script('VQ.askYesNoQuestion("Go on?")')],
        input="yes\n",
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=environment,
    )
    assert done.returncode == 1
    assert 'the script asks "Go on?", and nobody is there to answer' in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_terminal_is_not_steered_by_names_and_asks_until_the_answer_fits(script, tmp_path, environment):
    import pty

    ours, theirs = pty.openpty()
    path = script(
        'VQ.log("name\\27[2J") print("printed\\27]0;title\\7") VQ.progress(1, 3) '
        'print(VQ.getLocalPath("Where\\27[31m to?", ".")) VQ.getText("Name")'
    )
    with subprocess.Popen(
        [*COMMAND, path], stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path, env=environment
    ) as process:
        os.close(theirs)
        shown = b""
        for question, answer in [
            (b"Where\\x1b[31m to? [.] ", b"/absent-folder/x\n"),
            (b"Where\\x1b[31m to? [.] ", b"\n"),
            (b"Name ", b"\x04"),
        ]:
            while not shown.endswith(question):
                shown += os.read(ours, 1024)
            os.write(ours, answer)
            shown += b"|"
        with contextlib.suppress(OSError):  # Linux says so when the other end is closed
            while piece := os.read(ours, 1024):
                shown += piece
        assert process.wait(20) == 1
    os.close(ours)
    text = shown.decode()
    assert "\x1b" not in text and "\x07" not in text
    assert "note: name\\x1b[2J" in text and "printed\\x1b]0;title\\x07" in text
    assert "1/3\r\nWhere" in text  # not behind the progress
    assert '"/absent-folder/x" is no answer' in text and "there is no folder /absent-folder" in text
    assert f"\r\n{tmp_path}\r\n" in text
    assert 'the terminal was closed before "Name" was answered' in text


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


@pytest.mark.parametrize("flag", ["--allow-read", "--allow-write", "--output", "--answers"])
def test_an_empty_path_is_not_the_current_folder(vqrun, flag):
    """As of a variable of the shell that is not set."""
    assert "the path is empty" in vqrun("", flag, "", exit_code=2).stderr


def test_network_flags(vqrun):
    code = 'VQ.dicomRepository("https://pacs.example.org/x")'
    refused = vqrun(code, exit_code=1).stderr
    assert "may not reach pacs.example.org" in refused and "--allow-net pacs.example.org" in refused
    assert "cannot be reached" in vqrun(code, "--allow-net", "pacs.example.org", exit_code=1).stderr
    assert "HOST:PORT" in vqrun(code, "--allow-net", "https://pacs.example.org", exit_code=2).stderr


def test_only_repositories_of_the_command_line_are_stored_into(vqrun, mice, tmp_path):
    mice.copied(tmp_path / "lab.repo")
    code = """
        local repository = VQ.dicomRepository("lab.repo")
        local study = repository:findStudies()[1]
        repository:setSubject(study, { weight = "24 g" })
        print(#repository:dataPoints(study, "subject"))"""
    assert "may not store into the repository" in vqrun(code, exit_code=1).stderr
    before = int(vqrun(code, "--repo", "lab.repo").stdout)
    assert int(vqrun(code, "--allow-write", "lab.repo").stdout) == before + 1


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
