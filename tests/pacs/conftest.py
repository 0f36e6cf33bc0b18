"""The servers of tests/network, and the pacs commands: in this process, and as processes of their own."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import vqscript as package
from vqscript.cli.main import main
from vqscript.network.dimse import DimsePeer

from ..network.conftest import Made, orthanc, proxy, qrscp, series, start_orthanc, write_series

__all__ = ["Made", "orthanc", "proxy", "qrscp", "series", "start_orthanc", "write_series"]


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)

    def checked(self, code: int) -> Done:
        """Itself, if it ended so, and printed nothing that only a terminal may get."""
        assert "Traceback" not in self.err, self.err
        assert self.code == code, self.out + self.err
        assert "\x1b" not in self.out + self.err, "no colours in a pipe"
        return self


Pacs = Callable[..., Done]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty current folder, with a configuration that calls us VQ."""
    (tmp_path / "vqscript.toml").write_text('aet = "VQ"\n[timeouts]\nconnect = 3\nanswer = 20\n')
    monkeypatch.setenv("VQSCRIPT_CONFIG", str(tmp_path / "vqscript.toml"))
    monkeypatch.setenv("VQSCRIPT_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def pacs(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Pacs:
    """Return a function that runs ``vqscript pacs`` as VQ in an empty folder, and checks the exit code."""

    def run(*words: str | Path, code: int = 0, text: str | bytes = "", lines: Sequence[str] = ()) -> Done:
        if lines:
            (place / "vqscript.toml").write_text("\n".join(lines))
        given = text.encode() if isinstance(text, str) else text
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        capsys.readouterr()
        try:
            ended = main(["pacs", *map(str, words)])
        except SystemExit as error:  # argparse's
            ended = int(error.code or 0)
        out, err = capsys.readouterr()
        return Done(ended, out, err).checked(code)

    return run


@pytest.fixture
def process(place: Path) -> Pacs:
    """The same as a process of its own."""

    def run(*words: str | Path, code: int = 0, text: str = "") -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "vqscript.cli.main", "pacs", *map(str, words)],
            input=text.encode(),
            capture_output=True,
            cwd=place,
            env={**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])},
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode()).checked(code)

    return run


def sent(url: str, made: Made) -> None:
    """Put a series into a server."""
    assert all(one.accepted for one in DimsePeer(url, calling="VQ").send(made.paths))
