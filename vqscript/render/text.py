"""Writing on pictures."""

from __future__ import annotations

import math
import unicodedata
from functools import cache
from unicodedata import combining

from PIL import ImageDraw, ImageFont

BRIGHT = "#f2f2f2"
DIM = "#b8bec6"
LETTER = "#ffd75e"

# What Pillow's font has no shape for, and how it is written without.
_PLAIN = str.maketrans({"µ": "u", "μ": "u", "–": "-", "—": "-", "−": "-", "×": "x", "ß": "ss", "ø": "o", "æ": "ae"})

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


@cache
def font(size: int) -> Font:
    """Return Pillow's built-in font at a size in pixels."""
    return ImageFont.load_default(size=size)


def font_size(side: int) -> int:
    """Return the size of normal text, in pixels, on a picture or panel whose shorter side has so many pixels."""
    return round(max(11, min(side / 22, 22), side / 45))


def write(
    draw: ImageDraw.ImageDraw, at: tuple[float, float], words: str, size: int, fill: str = BRIGHT, anchor: str = "la"
) -> None:
    """Write one line with a thin dark rim, so that it reads on bright tissue as well.

    Parameters
    ----------
    draw : ImageDraw
    at : tuple of float
        Pixel that the anchor is put on.
    words : str
    size : int
        Font size in pixels.
    fill : str
    anchor : str
        Pillow's two letters: ``l m r`` across, ``a m s d`` down.
    """
    rim = 1 if size < 20 else 2
    draw.text(at, drawable(words), fill=fill, font=font(size), anchor=anchor, stroke_width=rim, stroke_fill="#000000")


def drawable(words: str) -> str:
    """Return text in letters that the font has: accents are dropped, and ``?`` stands for what remains."""
    plain = unicodedata.normalize("NFKD", words.translate(_PLAIN))
    return "".join(
        letter if _has_shape(letter) else "?" for letter in plain if letter.isprintable() and not combining(letter)
    )


@cache
def _has_shape(letter: str) -> bool:
    letters = font(20)
    # U+FFFF is no character: what is drawn for it is the box.
    return letter.isspace() or bytes(letters.getmask(letter)) != bytes(letters.getmask("\uffff"))


def fitted(words: str, size: int, width: float) -> str:
    """Return a line cut short with an ellipsis where it is wider than ``width`` pixels."""
    letters = font(size)
    words = drawable(words[:200])
    if letters.getlength(words) <= width:
        return words
    while words and letters.getlength(words + "...") > width:
        words = words[:-1]
    return words.rstrip() + "..."


def number(value: float, step: float) -> str:
    """Return a number with the decimals that steps of ``step`` need."""
    if value == 0:
        return "0"
    if not 1e-4 <= abs(value) < 1e6:
        return f"{value:.3g}"
    decimals = max(0, -math.floor(math.log10(step) + 1e-9)) if step > 0 else 2
    return f"{value:.{min(decimals, 6)}f}"


def nice_step(span: float, parts: float) -> float:
    """Return the 1, 2 or 5 times a power of ten that divides ``span`` into about ``parts`` parts."""
    rough = span / parts
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.9)
