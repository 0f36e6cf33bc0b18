"""Texts that ought to be paths: refused, or resolved; and whether one path lies in another."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path

from vqscript import names
from vqscript.errors import PermissionDenied, UsageError

_DRIVE = re.compile(r"[A-Za-z]:[/\\]")
_SYSTEM = ("/proc", "/sys", "/dev")
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of files like any other


def check_text(text: str) -> None:
    """Refuse what is no path on this machine: empty, with a NUL, on another machine, of another system."""
    if not text.strip():
        raise UsageError("a path is empty")
    if "\0" in text:
        raise PermissionDenied(f"a path with a NUL character is refused: {text!r}")
    if text.replace("\\", "/").startswith("//"):
        raise PermissionDenied(f'network paths are refused: "{text}"', hint="mount it, and give the path of the mount")
    if os.name != "nt" and _DRIVE.match(text):  # it would become a folder called "C:"
        raise UsageError(f'"{text}" is a path of Windows', hint="write a relative one, as in pictures/heart.png")


def expanded(text: str) -> Path:
    """Return a path with the home folder in the place of ``~``."""
    try:
        return Path(text).expanduser()
    except RuntimeError as error:  # "~nobody"
        raise UsageError(
            f'"{text}" is no path: {error}', hint="a name that begins with ~ is written ./~name"
        ) from error


def resolved(path: Path, text: str) -> Path:
    """Return a path without links and ``..``; ``text`` is what the script wrote."""
    try:
        return Path(os.path.realpath(path))
    except (OSError, ValueError) as error:
        raise UsageError(f'"{text}" is no path: {error}') from error


def check_ordinary(path: Path, text: str) -> None:
    """Refuse devices, pipes and what the system shows as files: reading them may never end, or act.

    Parameters
    ----------
    path : Path
        Resolved: ``/dev/stdin`` and ``/proc/self/fd/0`` are what they lead to.
    text : str
        What the script wrote.
    """
    system = any(path.is_relative_to(folder) for folder in _SYSTEM) and not path.is_relative_to(_SHARED_MEMORY)
    device = os.name == "nt" and (str(path).startswith("\\\\.\\") or names.is_device(path.name))
    if system or device or (path.exists() and not path.is_file() and not path.is_dir()):
        raise PermissionDenied(f'"{text}" is part of the system, no file of data', path=path)


def inside(path: Path, folders: Iterable[Path]) -> Path | None:
    """Return the folder that a resolved path is or lies in by its name, or None."""
    return next((folder for folder in folders if path.is_relative_to(folder)), None)


def truly_inside(path: Path, folder: Path) -> bool:
    """Whether a path is or lies in a file or folder, by what is there instead of by name.

    What must not be written must not be reached by another spelling either: where case does not matter, by a
    short name of Windows, or through a second mount.
    """
    if path.is_relative_to(folder):
        return True
    if not folder.exists():
        return False
    return any(part.exists() and part.samefile(folder) for part in (path, *path.parents))
