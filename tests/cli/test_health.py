"""``vqscript health`` as a process: what it prints, its exit code, on a terminal and in a pipe."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import vqscript as package

COMMAND = [sys.executable, "-m", "vqscript.cli.main", "health"]


@pytest.fixture
def environment(tmp_path):
    return {
        **os.environ,
        "PYTHONPATH": str(Path(package.__file__).parents[1]),
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
    }


@pytest.fixture
def health(tmp_path, environment):
    def run(*words, exit_code):
        done = subprocess.run(
            [*COMMAND, *words], capture_output=True, encoding="utf-8", cwd=tmp_path, env=environment, timeout=60
        )
        assert done.returncode == exit_code, done.stderr
        assert done.stderr == ""
        return done.stdout

    return run


def test_in_a_pipe_each_finding_is_a_line_and_its_advice_another(health, tmp_path):
    (tmp_path / "vqscript.toml").write_text('[repositories]\nlab = "absent.repo"\n')
    lines = health("--config", "vqscript.toml", exit_code=1).splitlines()
    assert lines[0].startswith("OK       package: vqscript ")
    at = lines.index(f"ERROR    repository lab: {tmp_path / 'absent.repo'} does not exist")
    assert lines[at + 1].strip() == f'make one with: vqscript repo init "{tmp_path / "absent.repo"}"'
    assert lines[-1].startswith("1 error, ")
    assert "OK       terminal: the output is none: plain text in UTF-8, and no questions are asked" in lines
    assert not (tmp_path / "vq-output").exists()


def test_json(health, tmp_path, mice):
    (tmp_path / "vqscript.toml").write_text(f'[repositories]\nlab = "{mice.path.as_posix()}"\n')
    found = json.loads(health("--json", "--config", "vqscript.toml", exit_code=0))
    assert found["healthy"] is True
    assert {"level", "topic", "text", "advice"} == set(found["findings"][0])
    assert {"package", "decoders", "extras", "configuration", "repository lab", "output", "clock", "terminal"} <= {
        each["topic"] for each in found["findings"]
    }


def test_an_output_that_is_a_file(health, tmp_path):
    (tmp_path / "file").write_text("")
    assert "is a file, not a folder" in health("--output", "file", exit_code=1)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"VQSCRIPT_GRAPHICS": "sixel", "PYTHONUTF8": "1"}, ["text in utf-8", "colours, pictures by sixels"]),
        ({"TERM": "dumb", "PYTHONIOENCODING": "latin-1"}, ["WARNING", "iso8859-1", "no colours, no pictures"]),
    ],
)
def test_on_a_terminal_it_says_what_that_can_show(tmp_path, environment, more, said):
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        COMMAND, stdin=theirs, stdout=theirs, stderr=theirs, cwd=tmp_path, env={**environment, **more}
    ) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                piece = os.read(ours, 1024)
            except OSError:  # Linux says so when the other end is closed
                break
            if not piece:
                break
            shown += piece
        assert process.wait(20) == 0
    os.close(ours)
    for part in said:
        assert part in shown.decode("utf-8", "replace").replace("latin-1", "iso8859-1")
