"""What tests of batches share: the command in a process of its own, on a repository of mice."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import vqscript

HANG_GUARD = 240

ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(vqscript.__file__).parents[1])}

PROCESS = """
function process(repo, study, batch)
  local nm = repo:getSeries(study, "-modality", "NM")
  repo:load(study, nm[1], 0)
  local dm = VQ.dataManager()
  VQ.log("maximum", dm:getMax(0))
  return {roi = "all", max = dm:getMax(0), unit = dm:unit(0)}
end
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str


class Bench:
    """A folder with a script, and ``vqscript batch`` run on it."""

    def __init__(self, folder: Path, repo: Path) -> None:
        self.folder = folder
        self.repo = repo
        self.output = folder / "out"
        self.script = folder / "quantify.lua"

    def write(self, code: str = PROCESS) -> Path:
        """Write the script."""
        self.script.write_text(code, encoding="utf-8")
        return self.script

    def command(self, *flags: str) -> list[str]:
        """Return the command line of a batch."""
        base = [sys.executable, "-m", "vqscript.cli.main", "batch"]
        return [*base, str(self.script), "--repo", str(self.repo), "--output", str(self.output), *flags]

    def start(self, *flags: str) -> subprocess.Popen[str]:
        """Start a batch and return its process."""
        pipe = subprocess.PIPE
        return subprocess.Popen(
            self.command(*flags),
            cwd=self.folder,
            stdout=pipe,
            stderr=pipe,
            text=True,
            encoding="utf-8",
            env=ENVIRONMENT,
        )

    def run(self, *flags: str) -> Ended:
        """Run a batch to its end."""
        process = self.start(*flags)
        out, err = process.communicate(timeout=HANG_GUARD)
        return Ended(process.returncode, out, err)

    def ask(self, *words: str) -> Ended:
        """Run another form of the command."""
        done = subprocess.run(
            [sys.executable, "-m", "vqscript.cli.main", "batch", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            env=ENVIRONMENT,
            timeout=HANG_GUARD,
            check=False,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    # Results ------------------------------------------------------------------------------

    def rows(self, name: str = "results.csv") -> list[dict[str, str]]:
        """Return the rows of a table."""
        with (self.output / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    @property
    def run_json(self) -> dict[str, Any]:
        """What run.json says."""
        found: dict[str, Any] = json.loads((self.output / "run.json").read_text(encoding="utf-8"))
        return found

    def study(self, n: int) -> Path:
        """Return the folder of study ``n`` (from 0), in the order of the batch."""
        return self.output / "studies" / str(self.run_json["studies"][n]["folder"])

    def result(self, n: int) -> dict[str, Any]:
        """Return the record of study ``n``."""
        found: dict[str, Any] = json.loads((self.study(n) / "result.json").read_text(encoding="utf-8"))
        return found

    def log(self, n: int) -> str:
        """Return the log of study ``n``."""
        return (self.study(n) / "log.txt").read_text(encoding="utf-8")


@pytest.fixture
def bench(tmp_path, mice) -> Bench:
    """A bench on the mice, to read from."""
    return Bench(tmp_path, mice.path)


@pytest.fixture
def own_bench(tmp_path, mice) -> Bench:
    """A bench on a copy of the mice, to store into."""
    return Bench(tmp_path, mice.copied(tmp_path / "own.repo").path)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Wait until something is so."""
    import time

    def wait(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + HANG_GUARD
        while not condition():
            assert time.monotonic() < end, "it did not come about"
            time.sleep(0.02)

    return wait
