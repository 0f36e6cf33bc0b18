"""Colours of ROIs."""

from __future__ import annotations

import re
from collections.abc import Sequence

from vqscript.errors import RoiError

# Told apart on black as on gray, neighbours in the list most of all.
COLORS = (
    "#e6194b",
    "#3cb44b",
    "#4363d8",
    "#ffe119",
    "#f58231",
    "#42d4f4",
    "#f032e6",
    "#bfef45",
    "#911eb4",
    "#fabed4",
    "#469990",
    "#dcbeff",
    "#9a6324",
    "#fffac8",
    "#aaffc3",
    "#808000",
)

_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")


def free_color(used: Sequence[str]) -> str:
    """Return the first of :data:`COLORS` that is not in use, or one of them in turn."""
    return next((color for color in COLORS if color not in used), COLORS[len(used) % len(COLORS)])


def checked_color(color: str) -> str:
    """Return a colour as ``#rrggbb`` in lower case; anything else is refused."""
    found = read_color(color.strip())
    if found is None:
        raise RoiError(f'"{color}" is no colour', hint='write it as "#rrggbb", e.g. "#ff8000"')
    return found


def read_color(text: str) -> str | None:
    """Return a colour of a file as ``#rrggbb`` in lower case, None if it is none."""
    return text.lower() if _COLOR.fullmatch(text) else None
