"""The turning projection as an animated GIF."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from vqscript.errors import UsageError
from vqscript.files import whole_file
from vqscript.render import text
from vqscript.render.blend import fused
from vqscript.render.legend import draw_legend, legend_width
from vqscript.render.palettes import Colours, palette
from vqscript.render.panel import draw_letters, fit
from vqscript.render.scene import Scene
from vqscript.render.section import ENDS
from vqscript.render.turntable import Levels, Turntable

_LARGEST_SIDE = 640
"""Pixels of a film's longer side: larger ones make files that nobody can mail."""

_MOST_FRAMES = 360
_TURN_SECONDS = 3.6


def save_gif(scene: Scene, path: Path, frames: int = 36) -> None:
    """Write a full turn of the maximum-intensity projection around the head-foot axis as a GIF that repeats.

    Parameters
    ----------
    scene : Scene
        Its layers are shown; a film has neither outlines nor crosshair. A size above 640 pixels is scaled down to that.
    path : Path
        Its folder exists; a file of that name is replaced.
    frames : int
        Projections per turn, 2 to 360.

    Raises
    ------
    UsageError
        The number of frames cannot be.
    VqError
        The file cannot be written.
    """
    if not 2 <= frames <= _MOST_FRAMES:
        raise UsageError(f"a film of {frames} frames cannot be made", hint=f"2 to {_MOST_FRAMES} frames make one turn")
    pictures = turn(scene, frames)
    bars = [palette(layer.palette)[::12] for layer in scene.shown]
    colours = _common_palette([pictures[frames * quarter // 4] for quarter in range(4)], bars)
    indexed = [picture.quantize(palette=colours, dither=Image.Dither.FLOYDSTEINBERG) for picture in pictures]
    with whole_file(path) as file:
        indexed[0].save(
            file,
            "GIF",
            save_all=True,
            append_images=indexed[1:],
            duration=max(20, round(_TURN_SECONDS * 1000 / frames)),
            loop=0,
            optimize=False,
        )


def turn(scene: Scene, frames: int) -> list[Image.Image]:
    """Return the pictures of a full turn, the first one from the front.

    Parameters
    ----------
    scene : Scene
    frames : int

    Returns
    -------
    list of PIL.Image.Image
        RGB, in the proportions of the scene's size.
    """
    scale = min(1.0, _LARGEST_SIDE / max(scene.size))
    small = Scene(
        scene.reference,
        scene.shown,
        cursor=scene.cursor,
        corner_info=scene.corner_info,
        size=(max(64, round(scene.size[0] * scale)), max(64, round(scene.size[1] * scale))),
    )
    table = Turntable(scene.reference, scene.shown)
    legend = draw_legend(small) if legend_width(small) else None
    angles = [360 * number / frames for number in range(frames)]
    seen: dict[int, list[Levels]] = {}
    pictures = []
    for number, degrees in enumerate(angles):
        opposite = number - frames // 2
        if frames % 2 == 0 and opposite >= 0:
            # From behind a maximum looks the same, mirrored.
            levels = [picture[:, ::-1] for picture in seen[opposite]]
        else:
            levels = seen[number] = table.projections(degrees)
        pictures.append(_frame(small, table, levels, degrees, legend))
    return pictures


def _common_palette(views: list[Image.Image], bars: list[Colours]) -> Image.Image:
    """Return a picture whose 256 colours serve all frames, so that colours do not flicker.

    Black, white and the colour bars are kept as they are (those of the first three), the rest is shared out.
    """
    fixed = np.concatenate([np.array([[0, 0, 0], [255, 255, 255]], dtype=np.uint8), *bars[:3]])
    pixels = np.concatenate([np.asarray(view).reshape(-1, 3) for view in views])
    # Every colour counts once: by their pixels, black and one tissue would take most of the 256.
    packed = np.unique(pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32))
    once = np.stack([packed >> 16, packed >> 8 & 255, packed & 255], axis=1).astype(np.uint8)
    reduced = Image.fromarray(once[None]).quantize(256 - len(fixed), method=Image.Quantize.MEDIANCUT)
    common = Image.new("P", (1, 1))
    common.putpalette(fixed.tobytes() + bytes(reduced.getpalette() or []))
    return common


def _frame(
    scene: Scene, table: Turntable, levels: list[Levels], degrees: float, legend: Image.Image | None
) -> Image.Image:
    image = Image.new("RGB", scene.size)
    size = text.font_size(min(scene.size))
    width = scene.size[0] - (legend.width + size // 2 if legend else 0)
    box = fit(table.extent, (width, scene.size[1]))
    values = []
    for layer, picture in zip(scene.layers, levels, strict=True):
        low, high = layer.window
        values.append((low + picture.astype(np.float32) / 255 * (high - low)).astype(np.float32))
    canvas = fused(scene.layers, values, (box.width, box.height))
    image.paste(Image.fromarray(np.rint(canvas).astype(np.uint8)), (box.left, box.top))
    draw = ImageDraw.Draw(image)
    draw_letters(draw, (*_sides(degrees), "S", "I"), box, (width, scene.size[1]), size)
    if scene.corner_info:
        text.write(draw, (size // 3, size // 3), f"MIP  {degrees:.0f}°", max(11, size - 3))
    if legend:
        image.paste(legend, (scene.size[0] - legend.width, 0))
    return image


def _sides(degrees: float) -> tuple[str, str]:
    """Return the letters at the left and right edge, as seen from an angle."""
    across = (math.cos(math.radians(degrees)), math.sin(math.radians(degrees)))
    axis = 0 if abs(across[0]) >= abs(across[1]) - 1e-9 else 1
    left, right = ENDS[axis] if across[axis] > 0 else ENDS[axis][::-1]
    return left, right
