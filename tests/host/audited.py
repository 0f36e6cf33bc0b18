"""Runs a script and prints, as JSON, every path that it wrote, made, renamed or removed, by Python's audit events.

Called as ``python audited.py SCRIPT REPOSITORY OUTPUT``; a process of its own, because a hook stays for good.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from urllib.parse import unquote

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
FIRST_IS_PATH = {
    "os.mkdir": 2,
    "os.remove": 1,
    "os.rmdir": 1,
    "os.truncate": None,
    "os.chmod": None,
    "os.chown": None,
    "os.utime": None,
    "os.setxattr": None,
    "os.mknod": None,
    "shutil.rmtree": None,
    "tempfile.mkstemp": None,
    "tempfile.mkdtemp": None,
    "sqlite3.connect": None,
}
"""Event -> where in its arguments the folder is that the path is relative to."""
TWO_PATHS = {"os.rename", "os.link", "os.symlink", "shutil.move", "shutil.copyfile", "shutil.copytree"}
BEYOND = ("subprocess.", "os.system", "os.exec", "os.posix_spawn", "os.startfile", "socket.", "ctypes.", "os.fork")

written: list[tuple[str, str]] = []


def note(event: str, path: object, folder: int = -1) -> None:
    """Keep the place that a path means now: the link itself where it is one, because none of these follow it."""
    if isinstance(path, int):
        return  # a file that was opened by its path before
    text = os.fsdecode(path)  # type: ignore[arg-type]
    if text.startswith("file:"):  # as SQLite takes it
        text = unquote(text.removeprefix("file:").partition("?")[0])
    base = Path(f"/proc/self/fd/{folder}").readlink() if folder >= 0 else Path.cwd()
    whole = base / text
    follows = event in ("open", "os.truncate", "sqlite3.connect")
    written.append((event, os.path.realpath(whole) if follows else str(whole.parent.resolve() / whole.name)))


def hook(event: str, args: tuple[object, ...]) -> None:
    """Keep what changes something."""
    if event == "open":
        path, mode, flags = args
        if (isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & WRITING):
            note(event, path)
    elif event in FIRST_IS_PATH:
        place = FIRST_IS_PATH[event]
        note(event, args[0], args[place] if place is not None else -1)  # type: ignore[arg-type]
    elif event in TWO_PATHS:
        note(event, args[0])
        note(event, args[1])
    elif event.startswith(BEYOND) and not event.startswith("ctypes.dl"):
        written.append((event, str(args)))


def main() -> None:
    """Run the script with the hook in place."""
    from vqscript.cli.run import run_script
    from vqscript.demo.project import PROJECT
    from vqscript.session.interaction import Prepared

    script, repository, output = sys.argv[1:]
    sys.addaudithook(hook)
    run_script(
        Path(script), repo=repository, project=PROJECT, output=Path(output), user="tester", interaction=Prepared()
    )
    seen = list(dict.fromkeys(written))
    print("AUDIT " + json.dumps(seen))


if __name__ == "__main__":
    main()
