"""Names of files and folders that every system takes; every layer may use it."""

from __future__ import annotations

FORBIDDEN = '<>:"|?*/\\'
"""Characters that Windows takes in no name; the colon would begin an alternate data stream."""

DEVICES = frozenset(
    {"con", "prn", "aux", "nul", "conin$", "conout$"}
    | {f"{port}{number}" for port in ("com", "lpt") for number in "123456789¹²³"}
)
"""Names that mean a device on Windows, whatever the extension: ``aux.csv`` is one, too."""


def is_device(name: str) -> bool:
    """Whether a name means a device on Windows."""
    return name.partition(".")[0].rstrip(" ").casefold() in DEVICES


def fault(name: str) -> str:
    """Return why a name cannot be that of a file on every system, "" if it can.

    A name that only some systems take is refused on all of them, so that a script does the same everywhere and its
    results can be copied anywhere.
    """
    bad = next((char for char in name if char in FORBIDDEN or ord(char) < 32), "")
    if bad:
        return f"{bad!r} cannot stand in the name of a file"
    if name.endswith((".", " ")):
        return "a name cannot end in a dot or a space"
    return "Windows takes that for a device" if is_device(name) else ""
