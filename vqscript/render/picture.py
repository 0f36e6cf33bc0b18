"""Pictures of a scene: a plane, a projection, a montage, or all planes together."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from vqscript.render import text
from vqscript.render.files import save_png
from vqscript.render.legend import draw_legend, legend_width
from vqscript.render.panel import Panel, draw_panel, fit, position
from vqscript.render.picture_modes import mode_name
from vqscript.render.scene import Scene
from vqscript.render.section import CORONAL, SAGITTAL, TRANSVERSE, Section, View

__all__ = ["draw", "save_png"]

_VIEWS = {view.name: view for view in (TRANSVERSE, CORONAL, SAGITTAL)}
_SEPARATOR = 3
"""Pixels between panels."""


def draw(scene: Scene, mode: int | str = "composite") -> Image.Image:
    """Return a picture of a scene.

    Parameters
    ----------
    scene : Scene
    mode : int or str
        Number or name out of :data:`~vqscript.render.picture_modes.MODES`. ``"mip"`` looks from the front;
        ``"montage"`` shows transverse slices from head to foot; ``"composite"`` the three planes through the cursor
        and the MIP.

    Returns
    -------
    PIL.Image.Image
        RGB, of the scene's size.

    Raises
    ------
    UsageError
        There is no such mode.
    """
    name = mode_name(mode)
    image = Image.new("RGB", scene.size)
    beside = legend_width(scene)
    area = scene.size[0] - (beside + text.font_size(min(scene.size)) // 2 if beside else 0), scene.size[1]
    if name == "composite":
        _draw_composite(image, scene, area)
    elif name == "montage":
        _draw_montage(image, scene, area)
    else:
        image.paste(draw_panel(scene, _panel(scene, name, alone=True), area), (0, 0))
    if beside:
        image.paste(draw_legend(scene), (scene.size[0] - beside, 0))
    if not scene.shown:
        centre = area[0] / 2, area[1] / 2
        size = text.font_size(min(scene.size))
        text.write(ImageDraw.Draw(image), centre, "no input is shown", size, text.DIM, "mm")
    return image


def _panel(scene: Scene, name: str, *, alone: bool) -> Panel:
    """Return the panel of a plane through the cursor, or of the MIP (alone or among others)."""
    view: View = _VIEWS.get(name, CORONAL)
    section = Section.of(scene.reference, view)
    index = None if name == "mip" else scene.cursor[section.normal]
    if not scene.corner_info:
        return Panel(section, index, crosshair=scene.crosshair, scale_bar=False)
    at = scene.reference.to_world(scene.cursor)
    world = float(at[0]), float(at[1]), float(at[2])
    if index is None:
        top: tuple[str, ...] = ("MIP", "from the front")
    else:
        axis = "xyz"[section.normal]
        where = position(world, (view.normal,), scene.reference)
        top = (name.capitalize(), f"{axis} {index} of 0-{section.count - 1}", where)
    bottom: tuple[str, ...] = ()
    if alone or index is None:
        in_plane, height = position(world, (0, 1), scene.reference), position(world, (2,), scene.reference)
        bottom = ("voxel {}, {}, {}".format(*scene.cursor), in_plane, height)
    return Panel(section, index, crosshair=scene.crosshair, top=top, bottom=bottom)


def _draw_composite(image: Image.Image, scene: Scene, area: tuple[int, int]) -> None:
    columns = 4 if scene.layout == "1x4" else 2
    rows = 4 // columns
    edges = [_edges(length, parts) for length, parts in zip(area, (columns, rows), strict=True)]
    for number, name in enumerate(("transverse", "coronal", "sagittal", "mip")):
        left, right = edges[0][number % columns]
        top, bottom = edges[1][number // columns]
        panel = draw_panel(scene, _panel(scene, name, alone=False), (right - left, bottom - top))
        image.paste(panel, (left, top))
    lines = ImageDraw.Draw(image)
    for (_, end), _next in zip(edges[0], edges[0][1:], strict=False):
        lines.rectangle((end, 0, end + _SEPARATOR - 1, area[1]), fill="#30343a")
    for (_, end), _next in zip(edges[1], edges[1][1:], strict=False):
        lines.rectangle((0, end, area[0], end + _SEPARATOR - 1), fill="#30343a")


def _draw_montage(image: Image.Image, scene: Scene, area: tuple[int, int]) -> None:
    section = Section.of(scene.reference, TRANSVERSE)
    columns, rows = _tiles(section, area)
    tiles = min(columns * rows, section.count)
    planes = ((np.arange(tiles) + 0.5) * section.count / tiles).astype(int)
    if section.grid.direction[2, section.normal] > 0:
        planes = planes[::-1]  # from head to foot
    across, down = _edges(area[0], columns), _edges(area[1], rows)
    for number, index in enumerate(planes.tolist()):
        (left, right), (top, bottom) = across[number % columns], down[number // columns]
        voxel = [0, 0, 0]
        voxel[section.normal] = index
        height = section.grid.to_world(voxel)
        where = position((0.0, 0.0, float(height[2])), (2,), scene.reference)
        panel = Panel(
            section,
            index,
            letters=number == 0,
            crosshair=False,
            top=(where,) if scene.corner_info else (),
            scale_bar=scene.corner_info and number == tiles - 1,
        )
        image.paste(draw_panel(scene, panel, (right - left, bottom - top)), (left, top))


def _tiles(section: Section, area: tuple[int, int]) -> tuple[int, int]:
    """Return columns and rows of a montage: of those with about twenty tiles, the one that wastes least room."""
    wanted = range(min(section.count, 12), 31)
    shapes = [(columns, rows) for columns in range(1, 31) for rows in range(1, 31) if columns * rows in wanted]

    def used(shape: tuple[int, int]) -> float:
        columns, rows = shape
        box = fit(section.extent, (max(1, area[0] // columns), max(1, area[1] // rows)))
        return box.width * box.height * min(columns * rows, section.count)

    return max(shapes, key=used)


def _edges(length: int, parts: int) -> list[tuple[int, int]]:
    """Return begin and end of equal parts of a length with separators between them."""
    each = (length - _SEPARATOR * (parts - 1)) / parts
    starts = [round(part * (each + _SEPARATOR)) for part in range(parts)]
    return [(start, round(start + each)) for start in starts]
