"""A picture as text for terminals: the protocols of kitty and iTerm2, sixels, coloured half blocks.

Sources: https://sw.kovidgoyal.net/kitty/graphics-protocol, https://iterm2.com/documentation-images.html,
DEC STD 070 (sixels).
"""

from __future__ import annotations

import re
from base64 import b64encode
from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

ESCAPE, END = "\x1b", "\x1b\\"
CHUNK = 4096
"""Characters of data in one command of kitty's protocol."""

PLACEHOLDER = "\U0010eeee"
ROWS = (
    "\u0305\u030d\u030e\u0310\u0312\u033d\u033e\u033f\u0346\u034a\u034b\u034c\u0350\u0351\u0352\u0357\u035b\u0363\u0364"
    "\u0365\u0366\u0367\u0368\u0369\u036a\u036b\u036c\u036d\u036e\u036f\u0483\u0484\u0485\u0486\u0487"
)
"""The marks by which a placeholder says which row of the picture it stands for."""

IMAGE = 86
"""Number of our picture in the terminal; a later one takes its place."""


def kitty(image: Image, columns: int) -> str:
    """Return a picture in kitty's protocol, scaled to so many columns."""
    return "".join(_kitty_commands(image, f"a=T,f=100,q=2,c={columns}")) + "\n"


def kitty_in_tmux(image: Image, columns: int, rows: int) -> str:
    """Return a picture in kitty's protocol as tmux can keep it: sent past tmux, and shown where placeholders stand."""
    rows = min(rows, len(ROWS))
    sent = _kitty_commands(image, f"a=T,U=1,i={IMAGE},f=100,q=2,c={columns},r={rows}")
    lines = [f"{ESCAPE}[38;5;{IMAGE}m{PLACEHOLDER}{mark}{PLACEHOLDER * (columns - 1)}\n" for mark in ROWS[:rows]]
    return "".join(past_tmux(command) for command in sent) + "".join(lines) + f"{ESCAPE}[39m"


def iterm2(image: Image, columns: int) -> str:
    """Return a picture in iTerm2's protocol, scaled to so many columns."""
    data = _png(image)
    how = f"inline=1;width={columns};preserveAspectRatio=1;size={len(data)}"
    return f"{ESCAPE}]1337;File={how}:{b64encode(data).decode()}\x07"


def past_tmux(command: str) -> str:
    """Return a command for the terminal that tmux runs in (tmux's option allow-passthrough has to be on)."""
    return f"{ESCAPE}Ptmux;{command.replace(ESCAPE, ESCAPE * 2)}{END}"


def sixel(image: Image) -> str:
    """Return a picture in sixels, of at most 255 colours."""
    import numpy as np

    indexed = image.convert("RGB").quantize(255)
    palette = indexed.getpalette() or []
    pixels = np.asarray(indexed)
    height, width = pixels.shape
    parts = [f'{ESCAPE}P0;1q"1;1;{width};{height}']
    for color in range(len(palette) // 3):
        red, green, blue = (round(value * 100 / 255) for value in palette[3 * color : 3 * color + 3])
        parts.append(f"#{color};2;{red};{green};{blue}")
    parts += ["$".join(_band(pixels[top : top + 6])) + "-" for top in range(0, height, 6)]
    return "".join(parts) + END


def blocks(image: Image, columns: int, rows: int, *, true_color: bool) -> str:
    """Return a picture in half blocks, two pixels to a character, that fits into columns and rows."""
    scale = min(columns / image.width, 2 * rows / image.height)
    small = image.convert("RGB").resize(
        (max(1, round(image.width * scale)), 2 * max(1, round(image.height * scale / 2)))
    )
    data = small.tobytes()
    lines = []
    for y in range(0, small.height, 2):
        line, before = "", ("", "")
        for x in range(small.width):
            upper, lower = (3 * (row * small.width + x) for row in (y, y + 1))
            now = _color(data[upper : upper + 3], true_color), _color(data[lower : lower + 3], true_color)
            line += (f"{ESCAPE}[38;{now[0]};48;{now[1]}m" if now != before else "") + "▀"
            before = now
        lines.append(f"{line}{ESCAPE}[0m\n")
    return "".join(lines)


def _kitty_commands(image: Image, control: str) -> Iterator[str]:
    data = b64encode(_png(image)).decode()
    for start in range(0, len(data), CHUNK):
        keys = f"{control}," if start == 0 else ""
        yield f"{ESCAPE}_G{keys}m={int(start + CHUNK < len(data))};{data[start : start + CHUNK]}{END}"


def _png(image: Image) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def _band(rows: NDArray[np.uint8]) -> Iterator[str]:
    """Yield, for each colour of up to six rows, its columns as characters: bit n is row n, "?" is an empty column."""
    import numpy as np

    bits = 1 << np.arange(len(rows), dtype=np.uint8)[:, None]
    for color in np.unique(rows):
        columns = (((rows == color) * bits).sum(axis=0) + ord("?")).astype(np.uint8).tobytes().decode().rstrip("?")
        yield f"#{color}" + re.sub(r"(.)\1{3,}", lambda run: f"!{len(run[0])}{run[1]}", columns)


def _color(rgb: bytes, true_color: bool) -> str:
    """Return the parameters that choose a colour, out of 256 where the terminal has no more."""
    red, green, blue = rgb
    if true_color:
        return f"2;{red};{green};{blue}"
    if max(rgb) - min(rgb) < 12:  # the ramp of grays is finer than the cube
        gray = round((red + green + blue) / 3)
        return f"5;{16 if gray < 4 else 231 if gray > 246 else 232 + min(23, max(0, round((gray - 8) / 10)))}"
    levels = [0 if value < 48 else 1 if value < 115 else (value - 35) // 40 for value in rgb]
    return f"5;{16 + 36 * levels[0] + 6 * levels[1] + levels[2]}"
