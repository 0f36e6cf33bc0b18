"""Layers prepared to be projected from many angles around the head-foot axis."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.grid import Grid
from vqscript.imaging.resample import resample
from vqscript.render.blend import windowed
from vqscript.render.sampling import pooled
from vqscript.render.scene import ImageLayer
from vqscript.render.section import anatomical_axes

Levels = NDArray[np.uint8]

_SIDE = 176
"""Voxels along the longest side of the grid that is turned: what a film needs, and quick."""


class Turntable:
    """Layers on one grid of cubic voxels, to be projected from any side.

    Values are turned into palette positions first: the window is monotone, so the largest position is that of the
    largest value, and bytes are turned four times as fast as floats.

    Parameters
    ----------
    reference : Grid
        Its extent is what is turned; its axis nearest to head-foot is what it is turned around.
    layers : sequence of ImageLayer

    Attributes
    ----------
    extent : tuple of float
        Width and height in mm of each projection: nothing is cut off at any angle.
    """

    def __init__(self, reference: Grid, layers: Sequence[ImageLayer]) -> None:
        self._grid = _cubic(reference, [layer.volume.grid for layer in layers])
        self._layers = [_prepared(layer, self._grid) for layer in layers]
        across, deep, high = self._grid.size
        self._width = math.ceil(math.hypot(across, deep))
        edge = self._grid.spacing[0]
        self.extent = self._width * edge, high * edge

    def projections(self, degrees: float) -> list[Levels]:
        """Return the maximum of each layer as seen from an angle.

        Parameters
        ----------
        degrees : float
            0 looks from the front (patient right on the left), 90 from the patient's left (anterior on the left).

        Returns
        -------
        list of (rows, columns) uint8 array
            Palette positions, head on top.
        """
        return [self._projection(levels, math.radians(degrees)) for levels in self._layers]

    def _projection(self, levels: Levels, angle: float) -> Levels:
        # levels is (P, L, S) with a border of one empty voxel, so that neighbours outside are 0.
        rows, columns, high = levels.shape
        flat = levels.reshape(rows * columns, high)
        turn = np.arange(self._width) - (self._width - 1) / 2
        highest = np.zeros((self._width, high), dtype=np.uint16)
        for depth in turn:
            left = turn * math.cos(angle) - depth * math.sin(angle) + (columns - 1) / 2
            back = turn * math.sin(angle) + depth * math.cos(angle) + (rows - 1) / 2
            inside = np.flatnonzero((left >= 0) & (left < columns - 1) & (back >= 0) & (back < rows - 1))
            if not inside.size:
                continue
            span = slice(int(inside[0]), int(inside[-1]) + 1)  # a line cuts a rectangle in one piece
            column, row = left[span].astype(np.intp), back[span].astype(np.intp)
            # Linear interpolation in sixteenths: 255 * 16 * 16 fits 16 bits.
            along = ((left[span] - column) * 16).astype(np.uint16)[:, None]
            down = ((back[span] - row) * 16).astype(np.uint16)[:, None]
            first = row * columns + column
            near = flat[first] * (16 - along) + flat[first + 1] * along
            far = flat[first + columns] * (16 - along) + flat[first + columns + 1] * along
            np.maximum(highest[span], near * (16 - down) + far * down, out=highest[span])
        return np.ascontiguousarray((highest.T[::-1] >> 8).astype(np.uint8))


def _cubic(reference: Grid, grids: Sequence[Grid]) -> Grid:
    """Return a grid of cubic voxels over the reference, its axes running to L, P and S."""
    axes, signs = anatomical_axes(reference)
    lengths = np.array([reference.size[axis] * reference.spacing[axis] for axis in axes])
    finest = min(min(grid.spacing) for grid in (reference, *grids))
    # A multiple of the finest voxel: blocks of its maxima then become voxels without being blurred much.
    edge = finest * max(1, math.ceil(float(lengths.max()) / _SIDE / finest - 1e-6))
    size = np.maximum(np.ceil(lengths / edge - 1e-6), 1).astype(int)
    direction = reference.direction[:, list(axes)] * np.asarray(signs)
    centre = reference.to_world((np.asarray(reference.size) - 1) / 2)
    origin = centre - direction @ ((size - 1) / 2 * edge)
    return Grid(
        (int(size[0]), int(size[1]), int(size[2])),
        (edge, edge, edge),
        (float(origin[0]), float(origin[1]), float(origin[2])),
        direction,
    )


def _prepared(layer: ImageLayer, grid: Grid) -> Levels:
    """Return a layer's palette positions ``(P, L, S)``, with a border of zeros in the plane that is turned."""
    fine = layer.volume.grid
    factors = [max(1, int(grid.spacing[0] / spacing + 1e-6)) for spacing in fine.spacing]
    values, own = pooled(layer.volume, layer.frame, (factors[0], factors[1], factors[2]))
    low, high = layer.window
    values = np.nan_to_num(values, nan=low, posinf=high, neginf=low)
    turned = resample(values, own, grid, order=1, fill=low)
    levels = np.rint(windowed(turned, layer.window) * 255).astype(np.uint8)
    return np.ascontiguousarray(np.pad(levels.transpose(1, 2, 0), ((1, 1), (1, 1), (0, 0))))
