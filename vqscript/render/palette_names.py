"""Names of palettes and their control points; whoever asks only for names need not wait for NumPy."""

from __future__ import annotations

from vqscript.errors import UsageError, did_you_mean

# Position in the palette (0-1) and the colour there; straight lines between.
CONTROL: dict[str, tuple[tuple[float, str], ...]] = {
    "gray": ((0, "#000000"), (1, "#ffffff")),
    "inverse_gray": ((0, "#ffffff"), (1, "#000000")),
    "pet": ((0, "#ffffff"), (1, "#000000")),
    "red": ((0, "#000000"), (1, "#ff0000")),
    "green": ((0, "#000000"), (1, "#00ff00")),
    "blue": ((0, "#000000"), (1, "#0000ff")),
    "cyan": ((0, "#000000"), (1, "#00ffff")),
    "magenta": ((0, "#000000"), (1, "#ff00ff")),
    "yellow": ((0, "#000000"), (1, "#ffff00")),
    "hot": ((0, "#000000"), (0.375, "#ff0000"), (0.75, "#ffff00"), (1, "#ffffff")),
    "hotblue": ((0, "#000000"), (0.375, "#0000ff"), (0.75, "#00ffff"), (1, "#ffffff")),
    "hotgreen": ((0, "#000000"), (0.375, "#007f00"), (0.75, "#7fff00"), (1, "#ffffff")),
    "nih_fire2": (
        (0, "#000000"),
        (0.12, "#10006c"),
        (0.28, "#7000a8"),
        (0.45, "#d01848"),
        (0.62, "#ff6a00"),
        (0.8, "#ffc800"),
        (0.92, "#ffff78"),
        (1, "#ffffff"),
    ),
    "inferno": ((0, "#000004"), (0.25, "#57106e"), (0.5, "#bc3754"), (0.75, "#f98e09"), (1, "#fcffa4")),
    "viridis": ((0, "#440154"), (0.25, "#3b528b"), (0.5, "#21918c"), (0.75, "#5ec962"), (1, "#fde725")),
    "jet": (
        (0, "#00007f"),
        (0.125, "#0000ff"),
        (0.375, "#00ffff"),
        (0.625, "#ffff00"),
        (0.875, "#ff0000"),
        (1, "#7f0000"),
    ),
    "rainbow": (
        (0, "#000000"),
        (0.15, "#5000a0"),
        (0.3, "#0000ff"),
        (0.45, "#00ffff"),
        (0.6, "#00ff00"),
        (0.8, "#ffff00"),
        (1, "#ff0000"),
    ),
}
_ALIASES = {"grey": "gray", "inverse_grey": "inverse_gray", "nih_fire": "nih_fire2", "hotred": "hot"}

PALETTES: tuple[str, ...] = tuple(sorted(CONTROL))
"""Names of all palettes."""


def palette_name(name: str) -> str:
    """Return the spelling used in :data:`PALETTES` of a palette's name in any case.

    Raises
    ------
    UsageError
        No palette has that name.
    """
    folded = name.strip().casefold().replace(" ", "_")
    folded = _ALIASES.get(folded, folded)
    if folded not in CONTROL:
        raise UsageError(f'there is no palette "{name}"', hint=did_you_mean(name, PALETTES, limit=len(PALETTES)))
    return folded
