"""Collects ``test_*.lua`` beside this file: each runs in the real host, and each of its functions is a test.

A Lua test file returns a table of functions; a function that raises fails.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from vqscript import Session
from vqscript.errors import ScriptError
from vqscript.host.gate import Gate
from vqscript.host.runtime import Runtime
from vqscript.vq.root import VQ


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    if file_path.suffix == ".lua" and file_path.name.startswith("test_"):
        return LuaFile.from_parent(parent, path=file_path)
    return None


class LuaFile(pytest.File):
    """A file of Lua tests."""

    def collect(self) -> Iterator[pytest.Item]:
        """List what the file returns."""
        names: list[str] = []
        run(self.path, "for name in pairs(tests) do print(name) end", Path(), names)
        for name in sorted(names):
            yield LuaTest.from_parent(self, name=name)


class LuaTest(pytest.Item):
    """One function of a Lua test file."""

    def runtest(self) -> None:
        """Run it in a runtime and with an output folder of its own."""
        with tempfile.TemporaryDirectory() as output:
            run(self.path, f'tests["{self.name}"]()', Path(output), [])

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: str | None = None) -> str:
        """Show what a script's author would see."""
        error = excinfo.value
        if isinstance(error, ScriptError):
            return "\n".join([str(error), error.hint, *error.frames])
        return str(super().repr_failure(excinfo))

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Name file and test."""
        return self.path, None, f"{self.path.name}: {self.name}"


def run(path: Path, then: str, output: Path, printed: list[str]) -> None:
    """Load a test file as the module it is, then run a line on the ``tests`` it returned."""
    gate = Gate(output, path.parent)
    code = f'local tests = require("{path.stem}")\n{then}'
    Runtime(VQ(Session(output=output)), gate, write=printed.append).run_text(code, folder=path.parent)
