"""Scripts through the real host, in this process."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

import vqscript
from vqscript.host.gate import Gate
from vqscript.host.limits import Limits
from vqscript.host.runtime import Runtime
from vqscript.repository.local import LocalRepository
from vqscript.session import Session
from vqscript.session.interaction import Prepared
from vqscript.vq.root import VQ


@dataclass
class Home:
    """A folder with scripts and an output folder, and what runs them.

    Attributes
    ----------
    folder, output : Path
        Of the scripts, which is the current folder too; of what they write.
    lines : list of str
        What the last script printed.
    """

    folder: Path
    output: Path
    lines: list[str] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)

    def write(self, name: str, code: str | bytes) -> Path:
        """Write a script or module."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(code if isinstance(code, bytes) else code.encode())
        return path

    def runtime(self, answers: dict[str, str] | None = None, limits: Limits | None = None, **allowed: Any) -> Runtime:
        """Return a fresh runtime on a fresh session."""
        self.lines = []
        gate = Gate(self.output, self.folder, **allowed)
        session = Session(output=self.output, interaction=Prepared(answers), permissions=gate)
        self.sessions.append(session)
        return Runtime(VQ(session), gate, args={"repo": "", "day": "3"}, write=self.lines.append, limits=limits)

    def run(self, code: str | bytes, **how: Any) -> list[str]:
        """Run a script called main.lua and return the lines it printed."""
        self.runtime(**how).run_file(self.write("main.lua", code))
        return self.lines


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """An empty folder, which is the current one."""
    folder = tmp_path / "scripts"
    folder.mkdir()
    monkeypatch.chdir(folder)
    home = Home(folder, folder / "vq-output")
    yield home
    for session in home.sessions:
        session.close()


@pytest.fixture
def lab(home: Home) -> str:
    """Return the name of an empty repository in the current folder."""
    LocalRepository.create(Path("lab.repo")).close()
    return "lab.repo"


@pytest.fixture
def refusal(home: Home) -> Callable[[str], tuple[str, str, str]]:
    """Return a function that evaluates Lua in pcall and returns type, message and hint of its error."""

    def failing(expression: str) -> tuple[str, str, str]:
        home.run(
            f"local ok, e = pcall(function() return {expression} end)\n"
            'assert(not ok, "it was not refused")\n'
            'if type(e) ~= "table" then e = { type = "LuaError", message = e, hint = "" } end\n'
            "print(e.type) print(e.message) print(e.hint)"
        )
        kind, message, hint = home.lines
        return kind, message, hint

    return failing


@pytest.fixture
def process(home: Home) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Return a function that starts Python, with this vqscript, in the folder of the scripts."""
    running = []
    places = [str(Path(vqscript.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(places)}

    def start(*words: str) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        started = subprocess.Popen(
            [sys.executable, *words], stdout=pipe, stderr=pipe, text=True, cwd=home.folder, env=environment
        )
        running.append(started)
        return started

    yield start
    for each in running:
        each.kill()
        each.communicate()
