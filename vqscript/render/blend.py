"""From values to colours: window, palette, opacity."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vqscript.render.palettes import palette
from vqscript.render.scene import ImageLayer

Values = NDArray[np.float32]
Colour = NDArray[np.float32]

_FADE = 0.1
"""Share of the window over which a layer comes in that is transparent below: with a hard edge, what is hardly above
nothing would darken the layers underneath in patches."""


def windowed(values: Values, window: tuple[float, float]) -> Values:
    """Return where values lie in a window: 0 at its lower end, 1 at its upper end, clipped to that.

    A window of no width is a step: 0 up to it, 1 above.
    """
    low, high = window
    if high == low:
        return (values > low).astype(np.float32)
    position: Values = np.clip((values - np.float32(low)) * np.float32(1 / (high - low)), 0, 1)
    return position


def fused(layers: Sequence[ImageLayer], pictures: Sequence[Values], size: tuple[int, int]) -> Colour:
    """Return layers drawn over each other on black.

    Values are interpolated before they become colours, so that no colour appears which its palette does not have.

    Parameters
    ----------
    layers : sequence of ImageLayer
        Bottom first.
    pictures : sequence of (rows, columns) float32 array
        The values of each layer over the same extent, of any resolution; NaN where a layer has none.
    size : tuple of int
        Width and height in pixels of the result.

    Returns
    -------
    (height, width, 3) float32 array
        RGB, 0-255.
    """
    width, height = size
    canvas = np.zeros((height, width, 3), dtype=np.float32)
    for layer, values in zip(layers, pictures, strict=True):
        missing = np.isnan(values)
        filled = np.where(missing, np.float32(layer.window[0]), values) if missing.any() else values
        screen = windowed(resized(filled, size), layer.window)
        cover = np.full(screen.shape, layer.opacity, dtype=np.float32)
        if missing.any():
            cover *= resized((~missing).astype(np.float32), size) > 0.5
        if layer.below_transparent:
            cover *= np.minimum(screen * np.float32(1 / _FADE), 1)
        levels = np.rint(screen * 255).astype(np.uint8)
        difference = palette(layer.palette).astype(np.float32).take(levels, axis=0)
        difference -= canvas
        difference *= cover[:, :, None]
        canvas += difference
    return canvas


def resized(values: Values, size: tuple[int, int], box: tuple[float, float, float, float] | None = None) -> Values:
    """Return a picture at another size, linearly interpolated; averaged where it shrinks.

    Parameters
    ----------
    values : (rows, columns) float32 array
    size : tuple of int
        Width and height in pixels.
    box : tuple of float, optional
        Left, top, right and bottom, in pixels of ``values``, of the part that is taken.
    """
    picture = Image.fromarray(np.ascontiguousarray(values, dtype=np.float32))
    return np.asarray(picture.resize(size, Image.Resampling.BILINEAR, box=box), dtype=np.float32)
