"""What a script may use: time and memory."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

from vqscript.errors import Aborted, UsageError

LUA_MEMORY = 512 * 2**20
"""What the tables and texts of a script may take where no limit is given. Voxels are not among them."""

LEAST_MEMORY = 2**20

_SECONDS = {"": 1, "s": 1, "m": 60, "min": 60, "h": 3600}
_BYTES = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


@dataclass(frozen=True)
class Limits:
    """Time and memory that a script may use.

    Attributes
    ----------
    time : float or None
        Seconds, without those in which it waits for a person; None for no limit.
    memory : int or None
        Bytes of its tables and texts; None for :data:`LUA_MEMORY`. In a process that :func:`limit_process`
        was called in, also what the process may take in addition for everything else, voxels above all.
    """

    time: float | None = None
    memory: int | None = None

    @property
    def lua_memory(self) -> int:
        """Bytes that are the limit for Lua: where the process is held to the same limit, a quarter of it.

        The hard limit is twice that, and there has to be memory left then: Lua that gets none ends the process, or
        hangs, while Python hands it something.
        """
        if self.memory is None:
            return LUA_MEMORY
        return self.memory // 4 if process_is_limited() else self.memory

    def out_of_time(self) -> Aborted:
        """Return the error that ends a script at its time limit."""
        return Aborted(
            f"stopped at the time limit of {duration_text(self.time or 0)}",
            reason="time",
            hint="--time-limit 2h allows two hours",
        )

    def out_of_memory(self, used: int, *, asked: bool = False) -> Aborted:
        """Return the error that ends a script at its memory limit.

        Parameters
        ----------
        used : int
            Bytes.
        asked : bool
            Whether that is what was left after more was asked for at once than there is.
        """
        return Aborted(
            f"stopped at the memory limit of {size_text(self.lua_memory)}: "
            f"the script's tables and texts take {size_text(used)}" + (", and it asked for more" if asked else ""),
            reason="memory",
            hint="keep less at a time, or allow more, as in --memory-limit 2G",
        )


def read_limits(time: str = "", memory: str = "") -> Limits:
    """Return the limits that the flags ``--time-limit`` and ``--memory-limit`` mean; "" for none."""
    return Limits(
        duration(time, "--time-limit") if time else None,
        size(memory, "--memory-limit") if memory else None,
    )


def duration(text: str, name: str = "a time") -> float:
    """Return the seconds of ``90``, ``90s``, ``10m`` or ``2h``.

    Parameters
    ----------
    text : str
    name : str
        Whose value it is, for the message.

    Raises
    ------
    UsageError
        For anything else, and for a time that is not above 0.
    """
    return _quantity(text, _SECONDS, name, "a time", "as in 90, 90s, 10m or 2h")


def size(text: str, name: str = "a size") -> int:
    """Return the bytes of ``512M`` or ``2G``; K, M, G and T are powers of 1024.

    Parameters
    ----------
    text : str
    name : str
        Whose value it is, for the message.

    Raises
    ------
    UsageError
        For anything else, and for less than 1 MB: the host itself needs some.
    """
    found = int(_quantity(text, _BYTES, name, "a size", "as in 512M or 2G"))
    if found < LEAST_MEMORY:
        raise UsageError(
            f'{name} takes at least {size_text(LEAST_MEMORY)}, got "{text}"',
            hint="as in 512M or 2G; a number alone is bytes",
        )
    return found


def _quantity(text: str, units: dict[str, int], name: str, what: str, example: str) -> float:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([a-z]*)", text.strip().lower(), re.ASCII)
    unit = match[2] if match else ""
    if units is _BYTES:  # "2G", "2GB" and "2GiB" are one
        unit = re.sub("i?b$", "", unit)
    if not match or unit not in units or float(match[1]) <= 0:
        raise UsageError(f'{name} takes {what}, got "{text}"', hint=example)
    return float(match[1]) * units[unit]


def duration_text(seconds: float) -> str:
    """Return a time as a person writes it: ``90 s``, ``10 min``, ``2 h``."""
    for name, length in (("h", 3600), ("min", 60)):
        if seconds >= length and seconds % length == 0:
            return f"{seconds / length:g} {name}"
    return f"{seconds:g} s"


def size_text(count: int) -> str:
    """Return a number of bytes as a person writes it: ``512 MB``, ``1.5 GB``."""
    for name, length in (("GB", 2**30), ("MB", 2**20), ("KB", 2**10)):
        if count >= length:
            return f"{count / length:.3g} {name}" if count < 1000 * length else f"{count / length:.0f} {name}"
    return f"{count} bytes"


def process_is_limited() -> bool:
    """Whether the address space of this process is limited, by :func:`limit_process` or ``ulimit -v``."""
    if not sys.platform.startswith("linux"):
        return False
    import resource

    return resource.getrlimit(resource.RLIMIT_AS)[0] != resource.RLIM_INFINITY


def limit_process(limits: Limits) -> bool:
    """Hold this process to the memory limit, so that a NumPy array beyond it is a MemoryError.

    For processes that run scripts and nothing else: there is no way back. What is loaded already does not count.

    Returns
    -------
    bool
        Whether the limit is in force. Linux has one for the address space; macOS accepts it and does nothing,
        Windows has none that a process could set for its arrays alone.
    """
    if limits.memory is None or not sys.platform.startswith("linux"):
        return False
    import resource

    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    allowed = taken + limits.memory
    if hard != resource.RLIM_INFINITY:
        allowed = min(allowed, hard)
    resource.setrlimit(resource.RLIMIT_AS, (allowed, hard))
    return True
