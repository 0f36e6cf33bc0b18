"""Files and folders that appear whole or not at all; every layer may use it."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from vqscript.errors import VqError


@contextlib.contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """Give a file to write to that takes the name ``path`` once all is written, and leaves nothing if that fails.

    Parameters
    ----------
    path : Path
        A file of that name is replaced; the folder is made if it is not there.

    Raises
    ------
    VqError
        The file cannot be written.
    """
    part = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("xb") as file:
                yield file
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise VqError(
            f"cannot write {path}: {error.strerror or error}",
            hint="is the folder writable, and the disk not full?",
            path=path,
        ) from error


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Give a folder to fill that takes the name ``path`` once the block succeeds, and leaves nothing if it fails.

    Parameters
    ----------
    path : Path
        A folder of that name is replaced; whether it may be is for the caller to decide. Its parent is made.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh, old = (path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.{end}") for end in ("part", "old"))
    fresh.mkdir()
    try:
        yield fresh
        if os.path.lexists(path):
            path.replace(old)
        fresh.replace(path)
    finally:
        if os.path.lexists(old) and not path.exists():
            old.replace(path)  # cut short between the two names: what was there is not lost
        for left in (fresh, old):
            if left.is_symlink():
                left.unlink()  # the link goes, what it led to stays
            elif left.exists():
                shutil.rmtree(left)
