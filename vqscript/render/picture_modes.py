"""Kinds of picture by number and name; whoever asks only for names need not wait for NumPy."""

from __future__ import annotations

from vqscript.errors import UsageError, did_you_mean

MODES = {0: "mip", 1: "transverse", 2: "coronal", 3: "sagittal", 4: "montage", 5: "composite"}
"""Kinds of picture, by their number in scripts."""


def mode_name(value: int | str) -> str:
    """Return the name of a kind of picture from its number or its name.

    Raises
    ------
    UsageError
        There is no such kind.
    """
    if isinstance(value, str):
        name = value.strip().casefold()
        if name in MODES.values():
            return name
        raise UsageError(f'there is no picture mode "{value}"', hint=did_you_mean(value, MODES.values()))
    if isinstance(value, bool) or value not in MODES:
        listed = ", ".join(f"{number} {name}" for number, name in MODES.items())
        raise UsageError(f"there is no picture mode {value}", hint=f"modes: {listed}")
    return MODES[value]
