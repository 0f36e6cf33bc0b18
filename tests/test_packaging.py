"""What pip installs: the command, the Lua files, the types, and only what is needed."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest

import vqscript
from vqscript import resources

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = Path(vqscript.__file__).resolve().parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def lua_files(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.lua")}


@pytest.mark.skipif(not os.environ.get("VQSCRIPT_TEST_INSTALLED"), reason="asked for by VQSCRIPT_TEST_INSTALLED only")
def test_it_is_the_installed_package_that_is_tested():
    assert not PACKAGE.is_relative_to(ROOT), f"vqscript is imported from {PACKAGE}"
    assert "site-packages" in PACKAGE.parts
    assert (PACKAGE / "stdlib").is_dir()
    assert (PACKAGE / "examples").is_dir()


@pytest.mark.parametrize("folder", ["stdlib", "examples"])
def test_the_package_finds_every_lua_file_of_the_source_tree(folder):
    found = lua_files(getattr(resources, folder)())
    assert found == lua_files(ROOT / folder)
    assert {"stdlib": "ipacs.lua", "examples": "percent_id_per_gram.lua"}[folder] in found


def test_the_package_carries_its_driver_and_its_types():
    found = lua_files(PACKAGE / "host" / "lua")
    assert found == lua_files(ROOT / "vqscript" / "host" / "lua")
    assert "driver.lua" in found
    assert (PACKAGE / "py.typed").is_file()


def test_the_command_is_an_entry_point():
    assert PROJECT["scripts"] == {"vqscript": "vqscript.cli.main:main"}
    try:
        installed = metadata.distribution("vqscript")
    except metadata.PackageNotFoundError:
        pytest.skip("needs vqscript to be installed, not only imported")
    (command,) = (entry for entry in installed.entry_points if entry.group == "console_scripts")
    assert command.name == "vqscript"
    assert callable(command.load())
    assert installed.version == PROJECT["version"] == vqscript.__version__


def test_the_installed_command_starts():
    program = shutil.which("vqscript", path=str(Path(sys.executable).parent))
    if program is None:
        pytest.skip("needs vqscript to be installed, not only imported")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    assert said == f"vqscript {vqscript.__version__}\n"


def test_the_package_imports_no_more_and_no_less_than_its_dependencies():
    # The others bring decoders that pydicom finds by itself, or programs for developers.
    extras = ("registration", "parquet", "cluster", "keyring")
    brought = [
        *PROJECT["dependencies"],
        *(line for extra in extras for line in PROJECT["optional-dependencies"][extra]),
    ]
    named = {re.match(r"[\w.-]+", line).group().lower().replace("-", "_") for line in brought}
    imported = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
    outside = {name.lower() for name in imported if name not in sys.stdlib_module_names} - {"vqscript"}
    assert {"pillow" if name == "pil" else name for name in outside} == named


@pytest.mark.parametrize(
    "words", [["--help"], ["--version"], ["run", "--help"], ["repo", "--help"], ["demo", "--help"]]
)
def test_help_imports_nothing_that_takes_time(words):
    program = (
        "import sys; from vqscript.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted({'numpy', 'scipy', 'pydicom', 'PIL', 'rich', 'lupa'} & sys.modules.keys()))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program, *words],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)},
    ).stdout
    assert said.splitlines()[-1] == "[]"
