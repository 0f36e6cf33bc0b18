"""Writing files whole: a temporary name beside the target, flushed, then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.errors import UsageError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path that becomes ``path`` if the block succeeds, and is removed if it fails."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp makes files private; results are as public as the user's others
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> Path:
    """Write a text file (UTF-8) whole; returns its path."""
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")
    return path


def write_dataset(path: Path, dataset: Dataset) -> Path:
    """Write a DICOM dataset whole; returns its path."""
    with whole(path) as temporary:
        dataset.save_as(temporary, enforce_file_format=True, overwrite=True)
    return path


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises
    ------
    UsageError
        If there is none, or it is not UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}", path=path) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start})", path=path) from error
