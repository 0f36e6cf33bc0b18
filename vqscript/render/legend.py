"""The strip beside a picture: a colour bar for each layer, and the names of the ROIs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw

from vqscript.render import text
from vqscript.render.palettes import palette, rgb
from vqscript.render.scene import ImageLayer, Outline, Scene

_NARROWEST = 260
"""Pictures narrower than this, in pixels, have no room for a legend."""


def legend_width(scene: Scene) -> int:
    """Return the width in pixels that the legend takes from the picture; 0 if there is nothing to say."""
    wanted = scene.shown or (scene.outlines and scene.corner_info)
    return round(6.4 * text.font_size(min(scene.size))) if wanted and scene.size[0] >= _NARROWEST else 0


def draw_legend(scene: Scene) -> Image.Image:
    """Return the legend, :func:`legend_width` wide and as high as the picture."""
    width, height = legend_width(scene), scene.size[1]
    image = Image.new("RGB", (width, height))
    draw = ImageDraw.Draw(image)
    size = text.font_size(min(scene.size))
    bottom = height - size
    if scene.outlines and scene.corner_info:
        bottom = _draw_names(draw, scene.outlines, size, (width, height)) - size
    if scene.shown:
        share = (bottom - size) / len(scene.shown)
        # The topmost layer is the one looked at: its bar comes first.
        for position, layer in enumerate(reversed(scene.shown)):
            top = size + position * share
            _draw_bar(image, draw, layer, size, (round(top), round(top + share - size)))
    return image


def _draw_names(draw: ImageDraw.ImageDraw, outlines: Sequence[Outline], size: int, within: tuple[int, int]) -> int:
    """Write ROI names at the lower end, in at most two fifths of the height; return where they begin."""
    width, height = within
    line = round(size * 1.35)
    room = max(1, int(height * 0.4) // line)
    lines = [(outline.name, outline.color) for outline in outlines]
    if len(lines) > room:
        lines = [*lines[: room - 1], (f"and {len(outlines) - room + 1} more", "")]
    top = height - size // 2 - line * len(lines)
    box = round(size * 0.6)
    for row, (name, colour) in enumerate(lines):
        middle = top + line * row + line // 2
        if colour:
            corner = middle - box // 2
            draw.rounded_rectangle((0, corner, box, corner + box), radius=box // 4, fill=rgb(colour))
        words = text.fitted(name, size - 2, width - box * 2.2)
        text.write(draw, (box * 1.7, middle), words, size - 2, text.BRIGHT if colour else text.DIM, "lm")
    return top


def _draw_bar(
    image: Image.Image, draw: ImageDraw.ImageDraw, layer: ImageLayer, size: int, span: tuple[int, int]
) -> None:
    """Draw one colour bar between two heights: label, unit, colours and numbers."""
    top, bottom = span
    line = round(size * 1.3)
    for words, colour in ((layer.label, text.BRIGHT), (layer.volume.unit, text.DIM)):
        if words:
            text.write(draw, (0, top), text.fitted(words, size - 1, image.width), size - 1, colour)
            top += line
    top += size // 2
    bottom -= size // 2
    if bottom - top < size:
        return
    width = round(size * 0.95)
    steps = np.linspace(255, 0, bottom - top).round().astype(np.uint8)
    colours = np.repeat(palette(layer.palette)[steps][:, None], width, axis=1)
    image.paste(Image.fromarray(colours), (0, top))
    draw.rectangle((0, top, width - 1, bottom - 1), outline="#5a6068")
    for value, words in ticks(layer.window, (bottom - top) / size):
        low, high = layer.window
        level = bottom - 1 - (value - low) / ((high - low) or 1) * (bottom - 1 - top)
        draw.line((width, level, width + size // 4, level), fill="#8a9098")
        text.write(draw, (width + size * 0.45, level), words, size - 2, text.BRIGHT, "lm")


def ticks(window: tuple[float, float], lines: float) -> list[tuple[float, str]]:
    """Return values to be marked and how they are written: both ends, and round numbers where there is room.

    Parameters
    ----------
    window : tuple of float
    lines : float
        Height of the bar in lines of text.
    """
    low, high = window
    span = abs(high - low)
    if span == 0:
        return [(low, text.number(low, abs(low) / 100))]
    step = text.nice_step(span, max(1.0, min(6.0, lines / 2.2)))
    # The ends are no round numbers: three digits of the span are enough to tell them.
    ends = 10.0 ** (math.floor(math.log10(span)) - 2)
    marks = [(end, _end(end, ends)) for end in (low, high)]
    smallest, largest = min(window), max(window)
    clear = span * 1.3 / max(lines, 1.3)
    first = math.ceil((smallest + clear) / step)
    last = math.floor((largest - clear) / step)
    return marks + [(count * step, text.number(count * step, step)) for count in range(first, last + 1)]


def _end(value: float, step: float) -> str:
    words = text.number(value, step)
    return words.rstrip("0").rstrip(".") if "." in words and "e" not in words else words
