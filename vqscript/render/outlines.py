"""ROI outlines, drawn at the resolution of the screen."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from vqscript.render.blend import Colour, resized
from vqscript.render.palettes import rgb
from vqscript.render.scene import Outline
from vqscript.render.section import Section


def draw_outline(canvas: Colour, outline: Outline, section: Section, index: int | None, width: float) -> None:
    """Draw where an ROI's surface cuts a plane, or the rim of its shadow.

    Parameters
    ----------
    canvas : (height, width, 3) float32 array
        RGB over the extent of the section's plane; changed in place.
    outline : Outline
    section : Section
    index : int or None
        The plane; None for a projection along the section's normal.
    width : float
        Line width in pixels.
    """
    axis = 2 - section.normal
    if index is None:
        mask: NDArray[np.bool_] = np.logical_or.reduce(outline.mask, axis=axis, keepdims=True)
    else:
        inside = index - outline.region[axis].start
        if not 0 <= inside < outline.mask.shape[axis]:
            return
        mask = outline.mask.take([inside], axis=axis)
    if not mask.any():
        return
    top, left = _corner(outline, section)
    _stroke(canvas, section.picture(mask), (top, left), section, np.array(rgb(outline.color), np.float32), width)


def _corner(outline: Outline, section: Section) -> tuple[int, int]:
    """Return row and column, in voxels of the section's picture, of the mask's upper left corner."""
    corner = []
    for axis, flip in ((section.rows, section.flip_rows), (section.columns, section.flip_columns)):
        part = outline.region[2 - axis]
        corner.append(section.grid.size[axis] - part.stop if flip else part.start)
    return corner[0], corner[1]


def _stroke(
    canvas: Colour, mask: NDArray[np.bool_], corner: tuple[int, int], section: Section, colour: Colour, width: float
) -> None:
    """Blend the line around a mask into the canvas; only the pixels around the mask are worked on."""
    pixels = canvas.shape[:2]
    voxels = section.grid.size[section.rows], section.grid.size[section.columns]
    first, last, begin, end = [], [], [], []
    for side in range(2):
        scale = pixels[side] / voxels[side]
        reach = 1 + (width + 1) / scale
        first.append(max(0, math.floor((corner[side] - reach) * scale)))
        last.append(min(pixels[side], math.ceil((corner[side] + mask.shape[side] + reach) * scale)))
        # In voxels of the picture: may hang over its edge, so that a line closes there.
        begin.append(first[side] / scale)
        end.append(last[side] / scale)
    origin = [min(math.floor(begin[side]), corner[side]) - 1 for side in range(2)]
    stop = [max(math.ceil(end[side]), corner[side] + mask.shape[side]) + 1 for side in range(2)]
    around = np.zeros((stop[0] - origin[0], stop[1] - origin[1]), dtype=np.float32)
    row, column = corner[0] - origin[0], corner[1] - origin[1]
    around[row : row + mask.shape[0], column : column + mask.shape[1]] = mask
    box = (begin[1] - origin[1], begin[0] - origin[0], end[1] - origin[1], end[0] - origin[0])
    size = (last[1] - first[1], last[0] - first[0])
    cover = _line(resized(around, size, box), width)[:, :, None]
    target = canvas[first[0] : last[0], first[1] : last[1]]
    target += cover * (colour - target)


def _line(inside: NDArray[np.float32], width: float) -> NDArray[np.float32]:
    """Return how much of each pixel the contour line covers (0-1).

    Parameters
    ----------
    inside : (rows, columns) float32 array
        Share of ROI at each pixel, interpolated: the surface is where it passes one half.
    width : float
        Of the line, in pixels.
    """
    # An ROI smaller than a pixel never reaches one half, and must not vanish.
    level = 0.5 * min(1.0, float(inside.max()))
    down, across = np.gradient(inside)
    slope = np.hypot(down, across)
    distance = np.abs(inside - level) / np.maximum(slope, 1e-6)
    cover: NDArray[np.float32] = np.clip(0.5 + width / 2 - distance, 0, 1).astype(np.float32)
    return cover
