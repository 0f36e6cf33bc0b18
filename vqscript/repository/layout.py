"""Where a local repository keeps its files, and how one comes to be there whole or not at all.

::

    lab.repo/
      index.sqlite                       what is known of every instance
      instances/3f/3f9c...a1.dcm         named by the SHA-256 of the SOP Instance UID, read-only
      incoming/7be0.../                  one folder per running import, for files not yet whole

A name made from a hash can hold nothing that a file system or a hostile UID could make a path of.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
import stat
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from vqscript.errors import Damaged, ImageError, RepositoryError

try:
    import fcntl
except ImportError:  # Windows has no locks of this kind
    fcntl = None  # type: ignore[assignment]

INDEX = "index.sqlite"
INSTANCES = "instances"
INCOMING = "incoming"

LOCK = "lock"

READ_ONLY = 0o444
CHUNK = 1 << 20
SILENCE = 3600.0
"""Where locks do not tell: seconds without a write after which an import is taken to be dead."""

_INSTANCE_NAME = re.compile(r"[0-9a-f]{64}\.dcm")


def instance_path(root: Path, sop_uid: str) -> Path:
    """Return where the instance of this UID is, or will be."""
    name = hashlib.sha256(sop_uid.encode()).hexdigest()
    return root / INSTANCES / name[:2] / f"{name}.dcm"


def instance_files(root: Path) -> Iterator[Path]:
    """Yield every file below ``instances``, whatever its name, in order."""
    for folder, folders, files in os.walk(root / INSTANCES):
        folders.sort()
        for name in sorted(files):
            yield Path(folder, name)


def is_instance_name(path: Path) -> bool:
    """Whether a file below ``instances`` is named and placed as this package names and places them."""
    return bool(_INSTANCE_NAME.fullmatch(path.name)) and path.parent.name == path.name[:2]


@contextmanager
def incoming(root: Path) -> Iterator[Path]:
    """Make a folder for files on their way in; it is gone afterwards, with whatever is left in it.

    While it is in use its lock is held, so that others can tell a running import from one that was killed.
    """
    folder = root / INCOMING / uuid.uuid4().hex
    unready = folder.with_suffix(".new")
    with writing(root):
        unready.mkdir(parents=True)
        lock = (unready / LOCK).open("wb")
    try:
        with writing(root):
            if fcntl:
                fcntl.flock(lock, fcntl.LOCK_EX)
                unready.rename(folder)  # nobody sees it under this name without its lock
            else:
                lock.close()
                unready.rename(folder)
        yield folder
    finally:
        lock.close()
        for made in (unready, folder):
            if made.exists():
                # Since its lock is gone, another import may take it for left behind and tidy it up as well.
                with contextlib.suppress(FileNotFoundError):
                    _remove(made)


def left_behind(root: Path) -> list[Path]:
    """Return the folders of ``incoming`` whose import was killed."""
    parent = root / INCOMING
    return sorted(folder for folder in parent.iterdir() if _is_abandoned(folder)) if parent.is_dir() else []


def remove_left_behind(folders: list[Path]) -> None:
    """Remove what :func:`left_behind` found."""
    for folder in folders:
        with contextlib.suppress(FileNotFoundError):  # another import may be tidying up as well
            _remove(folder)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's content in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def copy_hashed(source: Path, seen: os.stat_result, target: Path, *, durable: bool = True) -> str:
    """Copy a file in one read, flush it to the disk if that is wanted, and return the SHA-256 of what was copied.

    Parameters
    ----------
    source, target : Path
        ``target`` must not exist yet.
    seen : os.stat_result
        What the source was when its header was read.

    Raises
    ------
    ImageError
        If the source is no longer the file that was seen: what was read of its header may not hold.
    OSError
        If the source cannot be read.
    RepositoryError
        If the target cannot be written.
    """
    digest = hashlib.sha256()
    with source.open("rb") as reader:
        with writing(target):
            writer = target.open("xb")
        with writer:
            while chunk := reader.read(CHUNK):
                digest.update(chunk)
                with writing(target):
                    writer.write(chunk)
            if _identity(os.fstat(reader.fileno())) != _identity(seen):
                raise ImageError(f"{source} changed while it was read", hint="import it again", path=source)
            with writing(target):
                writer.flush()
                if durable:
                    os.fsync(writer.fileno())
    return digest.hexdigest()


def publish(ready: Path, target: Path) -> None:
    """Give a finished file its final name, read-only.

    Raises
    ------
    FileExistsError
        If the name is taken: a stored file is never replaced, not even by another process at this moment.
    RepositoryError
        If the repository cannot be written.
    """
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(ready, target)
        except FileExistsError:
            raise
        except OSError:  # a file system without hard links: renaming is as atomic, but would replace
            if target.exists():
                raise FileExistsError(target) from None
            ready.rename(target)
        else:
            ready.unlink()
        target.chmod(READ_ONLY)


@contextmanager
def writing(where: Path) -> Iterator[None]:
    """Turn a failure to write into an error that says so; FileExistsError passes.

    Raises
    ------
    RepositoryError
        In place of any other OSError.
    """
    try:
        yield
    except FileExistsError:
        raise
    except OSError as error:
        full = error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
        reason = f"cannot write to the repository: {error.strerror or error}"
        raise RepositoryError(
            f"{reason}: {where}",
            hint="free some space and import again: what was stored so far stays"
            if full
            else "check that the folder can be written by you",
            path=where,
            reason=reason,
        ) from error


def sync_folders(folders: set[Path]) -> None:
    """Flush folder entries to the disk, so that no index row outlives the name of its file."""
    if os.name == "nt":  # folders cannot be opened there, and need not be
        return
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def stat_stored(path: Path) -> os.stat_result:
    """Return what a stored file is.

    Raises
    ------
    Damaged
        If it is missing, or no plain file.
    """
    try:
        found = path.stat(follow_symlinks=False)
    except FileNotFoundError:
        raise Damaged(
            f"the repository has lost {path}", hint="vqscript repo verify lists all that is missing", path=path
        ) from None
    if not stat.S_ISREG(found.st_mode):
        raise Damaged(f"{path} is no plain file", hint="a repository holds copies, no links", path=path)
    return found


def _identity(found: os.stat_result) -> tuple[int, int, int]:
    return found.st_ino, found.st_size, found.st_mtime_ns


def _is_abandoned(folder: Path) -> bool:
    """Whether the import that made this folder is no more; in doubt it is taken to be alive."""
    if fcntl and not folder.suffix:
        try:
            with (folder / LOCK).open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:  # held, or gone with its folder meanwhile
            return False
        return True
    # Without locks, or killed in the microseconds before it took its lock.
    try:
        newest = max(entry.stat().st_mtime for entry in (folder, *folder.iterdir()))
    except (FileNotFoundError, NotADirectoryError):
        return False
    return time.time() - newest > SILENCE


def _remove(folder: Path) -> None:
    for entry in folder.iterdir():
        entry.unlink(missing_ok=True)
    folder.rmdir()
