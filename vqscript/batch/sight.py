"""Whether a repository in a folder can be used from several machines."""

from __future__ import annotations

import os
import platform
import re
import sys
from dataclasses import dataclass
from pathlib import Path

from vqscript.errors import RepositoryError, VqError


@dataclass(frozen=True)
class Sight:
    """A repository as a machine sees it.

    Attributes
    ----------
    host : str
        Name of the machine.
    system : str
        Tells the running system from all others; the containers of a machine have one in common.
    there : bool
        Whether there is a repository.
    writable : bool
    pending : bool
        Whether its write-ahead log still holds what the index does not.
    file_system : str
        As in ``nfs4``, "" if that is not known.
    """

    host: str
    system: str
    there: bool
    writable: bool
    pending: bool
    file_system: str


def sight(root: Path) -> Sight:
    """Look at the repository in a folder."""
    from vqscript.repository.layout import INDEX

    index = root / INDEX
    log = index.with_name(f"{index.name}-wal")
    return Sight(
        host=platform.node(),
        system=_system(),
        there=index.is_file(),
        writable=os.access(index, os.W_OK) and os.access(root, os.W_OK),
        pending=log.exists() and log.stat().st_size > 0,
        file_system=file_system(root),
    )


def problem(root: Path, ours: Sight, theirs: Sight, worker: str) -> VqError | None:
    """Return why a worker cannot use a repository, None if it can.

    Parameters
    ----------
    root : Path
    ours, theirs : Sight
        As the machine that leads the batch sees it, and as the worker does.
    worker : str
        What it is called in the message.
    """
    if not theirs.there:
        return RepositoryError(
            f"worker {worker} on {theirs.host} sees no repository {root}",
            hint="the folder has to be there under the same path on every worker",
            path=root,
        )
    if ours.system == theirs.system:
        return None
    where = f" ({theirs.file_system})" if theirs.file_system else ""
    if theirs.writable:
        # SQLite, "Write-Ahead Logging": all processes using a database must be on the same host computer.
        return RepositoryError(
            f"worker {worker} on {theirs.host} would use the repository {root} over the network{where}: "
            "the write-ahead log of its index works on one machine only",
            hint="share the folder read-only, for scripts that store nothing; run all workers on its own machine; "
            "or have a server between (dicomweb+https://...)",
            path=root,
        )
    if theirs.pending:
        return RepositoryError(
            f"worker {worker} on {theirs.host} cannot read all of the repository {root}{where}: "
            "somebody writes to it, or was stopped while writing",
            hint=f"on its own machine, with nobody writing: vqscript repo ls {root}",
            path=root,
        )
    return None


def file_system(path: Path) -> str:
    """Return the type of the file system that a path is on, "" where that is not known."""
    if sys.platform.startswith("linux"):
        return mounted(path, Path("/proc/self/mounts").read_text(encoding="utf-8", errors="replace"))
    if sys.platform == "win32":
        import ctypes

        remote = 4  # DRIVE_REMOTE
        kernel = ctypes.windll.kernel32
        return "network drive" if kernel.GetDriveTypeW(path.resolve().anchor) == remote else ""
    return ""


def mounted(path: Path, mounts: str) -> str:
    """Return the type of the deepest mount above a path, from the text of /proc/self/mounts."""
    best, found = -1, ""
    resolved = path.resolve()
    for line in mounts.splitlines():
        _, place, kind, *_ = line.split(" ")
        point = Path(re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), place))  # a space is \040
        if resolved.is_relative_to(point) and len(point.parts) >= best:  # a later mount covers an earlier one
            best, found = len(point.parts), kind
    return found


def _system() -> str:
    boot = Path("/proc/sys/kernel/random/boot_id")
    return boot.read_text().strip() if boot.exists() else platform.node()
