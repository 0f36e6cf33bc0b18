"""Palettes: 256 colours each, piecewise linear between the control points of their names."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import UsageError
from vqscript.render.palette_names import CONTROL, palette_name

Colours = NDArray[np.uint8]


def palette(name: str) -> Colours:
    """Return a palette's colours, darkest value first.

    Parameters
    ----------
    name : str
        One of :data:`~vqscript.render.palette_names.PALETTES`, in any case.

    Returns
    -------
    (256, 3) uint8 array
        RGB; shared and read-only.

    Raises
    ------
    UsageError
        No palette has that name.
    """
    return _table(palette_name(name))


def rgb(colour: str) -> tuple[int, int, int]:
    """Return red, green and blue (0-255) of ``"#rrggbb"``.

    Raises
    ------
    UsageError
        The text is no such colour.
    """
    digits = colour.removeprefix("#")
    if len(digits) != 6 or set(digits.lower()) - set("0123456789abcdef"):
        raise UsageError(f'"{colour}" is no colour', hint='colours are written "#rrggbb", e.g. "#ff8000"')
    red, green, blue = bytes.fromhex(digits)
    return red, green, blue


@cache
def _table(name: str) -> Colours:
    positions, colours = zip(*CONTROL[name], strict=True)
    points = np.array([rgb(colour) for colour in colours])
    steps = np.linspace(0, 1, 256)
    table = np.stack([np.interp(steps, positions, points[:, channel]) for channel in range(3)], axis=1)
    rounded: Colours = np.rint(table).astype(np.uint8)
    rounded.setflags(write=False)
    return rounded
