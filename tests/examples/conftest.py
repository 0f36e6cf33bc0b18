"""Scripts run from their files, and the real studies as a repository."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vqscript import resources
from vqscript.cli.run import run_script
from vqscript.repository.local import LocalRepository

RunScript = Callable[..., list[str]]


@pytest.fixture(scope="session")
def sts(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The four patients of ``sts`` in one project, /sts."""
    path = tmp_path_factory.mktemp("sts") / "sts.repo"
    with LocalRepository.create(path) as repository:
        report = repository.import_folder([data / "sts"], project="/sts")
    assert not report.failed
    return path


@pytest.fixture
def run(tmp_path: Path) -> RunScript:
    """Run an example by name, or a script by path; returns what it printed. Output lands in ``tmp_path / "out"``."""

    def run(script: str | Path, repo: Path, project: str, **args: str) -> list[str]:
        path = script if isinstance(script, Path) else resources.example(script)
        printed: list[str] = []
        run_script(path, repo=str(repo), project=project, output=tmp_path / "out", args=args, write=printed.append)
        return printed

    return run
