"""One plane or projection of a scene, with letters, crosshair and corner text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

from vqscript.imaging.grid import Grid
from vqscript.render import text
from vqscript.render.blend import Colour, fused
from vqscript.render.outlines import draw_outline
from vqscript.render.sampling import plane, projection
from vqscript.render.scene import Scene
from vqscript.render.section import ENDS, Section

_CROSSHAIR = np.array([86, 204, 255], dtype=np.float32)
_CROSSHAIR_COVER = 0.6


@dataclass(frozen=True, eq=False)
class Panel:
    """What one panel shows.

    Attributes
    ----------
    section : Section
    index : int or None
        The plane; None is the maximum-intensity projection along the section's normal.
    letters : bool
        Orientation letters at the edges of the image.
    crosshair : bool
    top, bottom : tuple of str
        Lines for the upper and lower left corner.
    scale_bar : bool
    """

    section: Section
    index: int | None
    letters: bool = True
    crosshair: bool = True
    top: tuple[str, ...] = ()
    bottom: tuple[str, ...] = ()
    scale_bar: bool = True


@dataclass(frozen=True)
class Box:
    """Where the image lies in its panel, in pixels."""

    left: int
    top: int
    width: int
    height: int


def draw_panel(scene: Scene, panel: Panel, size: tuple[int, int]) -> Image.Image:
    """Return a panel of ``size`` (width, height) pixels, the image as large as fits, in its true proportions."""
    section = panel.section
    box = fit(section.extent, size)
    pictures = [
        projection(layer, section) if panel.index is None else plane(layer, section, panel.index)
        for layer in scene.shown
    ]
    canvas = fused(scene.shown, pictures, (box.width, box.height))
    line = 2.0 if min(size) >= 300 else 1.4
    for outline in scene.outlines:
        draw_outline(canvas, outline, section, panel.index, line)
    if panel.crosshair:
        x, y, z = scene.cursor
        letters = 1.6 * text.font_size(min(size)) if panel.letters else 0.0
        _draw_crosshair(canvas, section.place((x, y, z)), gap=max(4.0, min(size) * 0.025), margin=letters)
    image = Image.new("RGB", size)
    image.paste(Image.fromarray(np.rint(canvas).astype(np.uint8)), (box.left, box.top))
    _annotate(image, panel, box)
    return image


def fit(extent: tuple[float, float], size: tuple[int, int]) -> Box:
    """Return where an image of some extent in mm lies, centred, in a panel of some pixels."""
    scale = min(size[0] / extent[0], size[1] / extent[1])
    width, height = (max(1, round(length * scale)) for length in extent)
    return Box((size[0] - width) // 2, (size[1] - height) // 2, width, height)


def position(world: tuple[float, float, float], axes: tuple[int, ...], grid: Grid) -> str:
    """Return a position in mm as people say it: ``L 12.5  A 3.0 mm``.

    Parameters
    ----------
    world : tuple of float
        LPS in mm.
    axes : tuple of int
        Which of L, P, S are wanted.
    grid : Grid
        Fine grids are told with more decimals.
    """
    decimals = 2 if min(grid.spacing) < 0.5 else 1
    words = []
    for axis in axes:
        value = round(world[axis], decimals)
        words.append(f"{ENDS[axis][1 if value >= 0 else 0]} {abs(value):.{decimals}f}")
    return "  ".join(words) + " mm"


def _draw_crosshair(canvas: Colour, place: tuple[float, float], gap: float, margin: float) -> None:
    """Draw thin lines through a place (fractions of width and height), a gap around it and a margin for letters."""
    height, width = canvas.shape[:2]
    across, down = place[0] * width, place[1] * height
    column, row = min(int(across), width - 1), min(int(down), height - 1)
    rows, columns = np.arange(height) + 0.5, np.arange(width) + 0.5
    far_rows = (np.abs(rows - down) > gap) & (rows > margin) & (rows < height - margin)
    far_columns = (np.abs(columns - across) > gap) & (columns > margin) & (columns < width - margin)
    canvas[far_rows, column] += _CROSSHAIR_COVER * (_CROSSHAIR - canvas[far_rows, column])
    canvas[row, far_columns] += _CROSSHAIR_COVER * (_CROSSHAIR - canvas[row, far_columns])


def _annotate(image: Image.Image, panel: Panel, box: Box) -> None:
    draw = ImageDraw.Draw(image)
    width, height = image.size
    size = text.font_size(min(image.size))
    pad = max(3, size // 3)
    if panel.letters:
        draw_letters(draw, panel.section.view.edges, box, image.size, size)
    small = max(11, size - 3)
    for row, words in enumerate(panel.top):
        text.write(draw, (pad, pad + row * size * 1.2), words, small, text.BRIGHT if row == 0 else text.DIM)
    for row, words in enumerate(reversed(panel.bottom)):
        text.write(draw, (pad, height - pad - row * size * 1.2), words, small, text.DIM, "ld")
    if panel.scale_bar:
        _draw_scale_bar(draw, panel.section, box, (width - pad, height - pad), small)


def draw_letters(
    draw: ImageDraw.ImageDraw, letters: tuple[str, str, str, str], box: Box, within: tuple[int, int], size: int
) -> None:
    """Write the left, right, top and bottom letters: beside the image where the panel has room, else on its edge."""
    left, right, top, bottom = letters
    pad = max(2, size // 4)
    room = size + pad
    middle, centre = box.top + box.height / 2, box.left + box.width / 2
    west, east = box.left, box.left + box.width
    beside = west >= room and within[0] - east >= room
    text.write(draw, (west - pad if beside else west + pad, middle), left, size, text.LETTER, "rm" if beside else "lm")
    text.write(draw, (east + pad if beside else east - pad, middle), right, size, text.LETTER, "lm" if beside else "rm")
    text.write(draw, (centre, max(pad, box.top - room)), top, size, text.LETTER, "ma")
    text.write(draw, (centre, min(within[1] - pad, box.top + box.height + room)), bottom, size, text.LETTER, "md")


def _draw_scale_bar(
    draw: ImageDraw.ImageDraw, section: Section, box: Box, corner: tuple[float, float], size: int
) -> None:
    """Draw a bar of a round length whose right end lies in the lower right corner."""
    per_mm = box.width / section.extent[0]
    length = text.nice_step(box.width / per_mm, 8)
    right, bottom = corner
    left = right - length * per_mm
    thick = max(2, size // 5)
    draw.rectangle((left - 1, bottom - thick - 1, right + 1, bottom + 1), fill="#000000")
    draw.rectangle((left, bottom - thick, right, bottom), fill=text.BRIGHT)
    words = f"{length / 10:g} cm" if length >= 10 else f"{length:g} mm"
    text.write(draw, (right, bottom - thick - size * 0.3), words, size, text.DIM, "rd")
