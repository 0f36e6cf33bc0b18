"""Script sources: reading them, ``#include``, and where modules are found."""

from __future__ import annotations

import re
from pathlib import Path

from vqscript import resources
from vqscript.errors import UsageError

INCLUDE = re.compile(r"""^[ \t]*#[ \t]*include[ \t]+(["'<])(?P<name>[^"'>\r\n]+)["'>][ \t]*;?[ \t]*(--.*|//.*)?$""")

# A chunk that begins with a to-be-closed variable makes no tail calls: "return dm:open(...)" keeps its line.
OPENING = "local _ <close> = nil; "

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
    lines = text.split("\n")
    for number, line in enumerate(lines):
        match = INCLUDE.match(line.rstrip("\r"))
        if match:
            name = match["name"].replace("\\", "/").replace('"', "")
            lines[number] = f'__include("{name}")'
        elif number == 0 and line.startswith("#"):
            lines[number] = ""  # "#!/usr/bin/env vqscript"
    return OPENING + "\n".join(lines)


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


def modules() -> list[str]:
    """Return the names of the modules in the standard library."""
    return sorted(path.stem for path in resources.stdlib().glob("*.lua"))
