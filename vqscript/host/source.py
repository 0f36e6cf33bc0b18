"""Script sources: reading them, ``#include``, where modules are found, and what Lua calls them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

from vqscript import resources
from vqscript.errors import UsageError, did_you_mean

INCLUDE = r"""^[ \t]*\#[ \t]*include[ \t]+["'<](?P<name>[^"'<>\r\n]+)["'>][ \t]*;?[ \t]*(?:(?:--|//)[^\n]*)?\r?$"""

# What may hold an "#include" line that is none: comments and strings. A long one that stays open ends with the text.
QUOTED = r"""--\[(?P<c>=*)\[.*?(?:\](?P=c)\]|\Z) | --[^\n]* | \[(?P<s>=*)\[.*?(?:\](?P=s)\]|\Z)
    | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'"""

_TOKENS = re.compile(f"{INCLUDE} | {QUOTED}", re.VERBOSE | re.MULTILINE | re.DOTALL)

# A chunk that begins with a to-be-closed variable makes no tail calls: "return dm:open(...)" keeps its line.
OPENING = "local __opening <close> = nil; "

MAX_SOURCE = 16 * 1024 * 1024


def read_script(path: Path) -> str:
    """Return the text of a script.

    Raises
    ------
    UsageError
        If there is none, it is not UTF-8 text, or larger than 16 MB.
    """
    try:
        if path.stat().st_size > MAX_SOURCE:
            raise UsageError(f"{path} is too large for a script", path=path)
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"there is no script {path}", path=path) from None
    except IsADirectoryError:
        raise UsageError(f"{path} is a folder, not a script", path=path) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start})", path=path) from error
    return text


def prepare(text: str) -> str:
    """Return Lua for a script: each ``#include`` line becomes a call, so that line numbers stay true."""
    if text.startswith("#!"):  # "#!/usr/bin/env vqscript"
        text = "--" + text

    def call(match: re.Match[str]) -> str:
        if match["name"] is None:
            return match[0]
        name = match["name"].replace("\\", "/")
        return f'__include("{name}")'

    return OPENING + _TOKENS.sub(call, text)


def module_name(name: str) -> str:
    """Return the module a name means: ``ipacs.vqs``, ``ipacs.lua`` and ``ipacs`` are one."""
    return re.sub(r"\.(vqs|lua)$", "", name)


def find(name: str, folder: Path) -> Path | None:
    """Return the file that a ``require`` or ``#include`` means, or None.

    A file beside the including script comes first, then the standard library. A name cannot lead
    out of these two: parts such as ``..`` are refused.

    Parameters
    ----------
    name : str
        Module name (``lib.tools`` or ``lib/tools``) or file name (``tools.lua``).
    folder : Path
        Folder of the file that asks.
    """
    parts = [part for part in name.split("/") if part]
    if name.startswith("/") or ":" in name or "\0" in name or ".." in parts or not parts:
        raise UsageError(f'"{name}" is no module name', hint='write the name alone, as in require "ipacs"')
    stem = module_name(name)
    beside = [folder / name, folder / f"{stem}.lua", folder / f"{stem.replace('.', '/')}.lua"]
    known = [resources.stdlib() / f"{stem}.lua"]
    for path in (*beside, *known):
        if path.suffix in {".lua", ".vqs"} and path.is_file():
            home = folder if path in beside else resources.stdlib()
            if not path.resolve().is_relative_to(home.resolve()):
                raise UsageError(f'"{name}" leads out of {home}', path=path)
            return path
    return None


def modules(folder: Path) -> list[str]:
    """Return the names of the modules beside a script and in the standard library."""
    beside = [path.stem for ending in ("*.lua", "*.vqs") for path in folder.glob(ending)]
    return sorted({*beside, *(path.stem for path in resources.stdlib().glob("*.lua"))})


class Module(NamedTuple):
    """What an include or require means.

    Attributes
    ----------
    code : str
        Lua, as :func:`prepare` returns it.
    chunk : str
        Its name in Lua's own messages.
    shown : str
        Its name for the user, "" for the standard library, whose frames users do not see.
    folder : str
        Where its own includes are sought.
    path : str
        What it is known by, so that it is required once.
    """

    code: str
    chunk: str
    shown: str
    folder: str
    path: str


class Sources:
    """The files whose code one runtime runs, by what Lua calls them.

    Attributes
    ----------
    by_chunk : dict of Path
        The user's files so far, the script and what it included or required, by the names of their chunks.
    """

    def __init__(self) -> None:
        self.by_chunk: dict[str, Path] = {}

    def chunk(self, path: Path) -> str:
        """Return the name of a file in Lua's own messages: the file name alone, because Lua shortens long ones."""
        name = base = "@" + path.name[-40:]
        number = 1
        while self.by_chunk.setdefault(name, path) != path:
            number += 1
            name = f"{base}#{number}"
        return name

    def module(self, name: str, folder: Path) -> Module:
        """Find, read and prepare what an include or require in a folder means.

        Raises
        ------
        UsageError
            If there is no such module, or it cannot be read.
        """
        path = find(name, folder)
        if path is None:
            raise UsageError(
                f'there is no module "{name}": neither beside the script nor in the standard library',
                hint=did_you_mean(module_name(name), modules(folder)),
            )
        library = path.parent == resources.stdlib()
        chunk = "@[vqscript]/" + path.name if library else self.chunk(path.resolve())
        shown = "" if library else _short(path)
        return Module(prepare(read_script(path)), chunk, shown, str(path.parent), str(path.resolve()))


def _short(path: Path) -> str:
    """Return a path as the user would write it: relative to the current folder where that is shorter."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)
