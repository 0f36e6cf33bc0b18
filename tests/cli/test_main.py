"""The command's frame: what it imports, and how it answers errors."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import vqscript as package
from vqscript.cli import main as command
from vqscript.errors import Aborted, ConfigError, NotFound, ScriptError, UsageError

SLOW = ("numpy", "pydicom", "scipy", "lupa", "highdicom", "PIL", "rich", "sqlite3")


def imported_by(code: str, tmp_path: Path) -> set[str]:
    """Return which of the slow packages a piece of Python imports, in a process of its own."""
    report = f"import sys; print(*[name for name in {SLOW!r} if name in sys.modules])"
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.path.insert(0, {str(Path(package.__file__).parents[1])!r})\n{code}\n{report}",
        ],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["run", "--help"], ["repo", "--help"], ["demo", "--help"]]
)
def test_help_imports_nothing_slow(tmp_path, words):
    code = f"""
from vqscript.cli.main import main
try:
    main({words!r})
except SystemExit as end:
    assert not end.code"""
    assert imported_by(code, tmp_path) == set()


def test_a_script_that_queries_imports_no_imaging(tmp_path):
    (tmp_path / "query.lua").write_text(
        'local repo = require("ipacs").iPACS(args.repo, "/p/")\n'
        "for _, study in ipairs(repo:getStudies('-sort', 'StudyDate')) do repo:getSeries(study) end\n"
    )
    code = (
        "from pathlib import Path\nfrom vqscript.cli.main import main\n"
        "from vqscript.repository.local import LocalRepository\n"
        "LocalRepository.create(Path('lab.repo')).close()\n"
        "assert main(['run', 'query.lua', '--repo', 'lab.repo', '--project', '/p']) == 0"
    )
    assert imported_by(code, tmp_path) == {"lupa", "sqlite3"}


def test_version(capsys):
    with pytest.raises(SystemExit) as end:
        command.main(["--version"])
    assert not end.value.code
    assert capsys.readouterr().out == f"vqscript {package.__version__}\n"


@pytest.mark.parametrize("words", [[], ["nonsense"], ["run"]])
def test_wrong_use(words, capsys):
    with pytest.raises(SystemExit) as end:
        command.main(words)
    assert end.value.code == 2
    assert "usage: vqscript" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("x"), 2),
        (ConfigError("x"), 2),
        (ScriptError("x"), 1),
        (NotFound("x"), 1),
        (Aborted("x"), 130),
        (Aborted("x", reason="time"), 124),
    ],
)
def test_exit_codes(error, code):
    assert command.exit_code(error) == code
