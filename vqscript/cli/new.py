"""``vqscript new``: a folder to write a script in."""

from __future__ import annotations

import argparse
import json
import shlex
from pathlib import Path

from vqscript.errors import UsageError

SCRIPT = Path(__file__).with_name("new_script.lua")
"""What the new script says, with NAME for its own name."""

TYPES = "types"

SETTINGS = {
    "$schema": "https://raw.githubusercontent.com/LuaLS/vscode-lua/master/setting/schema.json",
    "runtime.version": "Lua 5.4",
    # What scripts do not have: the editor should not offer it.
    "runtime.builtin": dict.fromkeys(("coroutine", "debug", "ffi", "io", "jit", "package"), "disable"),
    "workspace.library": [TYPES],
    "workspace.checkThirdParty": False,
    # An #include makes it global, which the editor cannot see.
    "diagnostics.globals": ["iPACS"],
}
"""Settings of Lua's language server, as ``.luarc.json`` holds them."""


def add_subparser(subparsers: argparse._SubParsersAction, common: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    """Add ``new`` to the command line."""
    parser = subparsers.add_parser(
        "new",
        parents=[common],
        help="make a folder with a script to begin with, and settings for VS Code",
        description="Make a folder with a script that measures the ROIs of a project's studies, to be changed, and "
        "what VS Code needs to complete and check it.",
    )
    parser.add_argument(
        "folder", metavar="NAME", type=Path, help="name or path of the folder; the script gets its name"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Make the folder and say what to do next."""
    folder: Path = args.folder
    name = check_name(folder)
    make(folder, name)
    script = f"{name}.lua"
    print(
        f"Made {folder}\n"
        f"  {script}  reads studies, loads images and ROIs, measures, writes a table: change it as you need\n"
        f"  .luarc.json and {TYPES}  let VS Code (extension Lua, by sumneko) complete and check it\n\n"
        f"Next:\n"
        f"  cd {shlex.quote(str(folder))}\n"
        f"  vqscript check {shlex.quote(script)}\n"
        f"  vqscript run {shlex.quote(script)} --repo REPOSITORY --project /PROJECT\n"
        f"  vqscript repl --repo REPOSITORY --project /PROJECT    to try lines one by one; help() explains"
    )
    return 0


def check_name(folder: Path) -> str:
    """Return the name of the folder, and so of the script.

    Raises
    ------
    UsageError
        If the name is none that every system takes, or something is there already.
    """
    from vqscript import names

    name = folder.name
    fault = names.fault(name) if name.strip(" .") else "a name is needed"
    if not fault and name.startswith(("-", ".")):
        fault = "a name cannot begin with a dash or a dot"
    if fault:
        raise UsageError(
            f'"{folder}" is no name for a folder: {fault}', hint="letters, digits, dashes: vqscript new pilot-study"
        )
    if folder.is_dir() and any(folder.iterdir()):
        raise UsageError(f"{folder} is there already, and not empty", hint="choose another name", path=folder)
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{folder} is a file", hint="choose another name", path=folder)
    return name


def make(folder: Path, name: str) -> None:
    """Make the folder, whole or not at all."""
    from vqscript.files import whole_folder
    from vqscript.host.handbook import Handbook
    from vqscript.host.handbook.typefile import type_files

    contents = {f"{name}.lua": SCRIPT.read_text(encoding="utf-8").replace("NAME", name)}
    contents[".luarc.json"] = json.dumps(SETTINGS, indent=2) + "\n"
    contents |= {f"{TYPES}/{file}": text for file, text in type_files(Handbook.load()).items()}
    with whole_folder(folder) as fresh:
        (fresh / TYPES).mkdir()
        for file, text in contents.items():
            (fresh / file).write_text(text, encoding="utf-8", newline="\n")
