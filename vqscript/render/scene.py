"""What a picture is made of: layers, ROI outlines, the cursor and what is written beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import UsageError, did_you_mean
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region, Volume
from vqscript.render.palette_names import palette_name
from vqscript.render.palettes import rgb

LAYOUTS = ("slice", "1x4")
"""Layouts of the composite: two by two, or four in a row."""

SMALLEST, LARGEST = 64, 8192
"""Bounds in pixels of either side of a picture."""


@dataclass(frozen=True, eq=False)
class ImageLayer:
    """One input as it is shown.

    Parameters
    ----------
    volume : Volume
        On any grid.
    palette : str
        Name of a palette.
    window : tuple of float
        Values, in the volume's unit, shown in the first and the last colour of the palette.
    opacity : float
        0 (invisible) to 1.
    label : str
        What the colour bar says.
    frame : int
        Time frame, 0-based.
    below_transparent : bool
        Whether values at or below the window's lower end let the layers underneath through. The layer comes in
        over the first tenth of the window.
    """

    volume: Volume
    palette: str
    window: tuple[float, float]
    opacity: float = 1.0
    label: str = ""
    frame: int = 0
    below_transparent: bool = False

    def __post_init__(self) -> None:
        palette_name(self.palette)
        if not np.isfinite(self.window).all():
            raise UsageError(f"a display range needs two finite numbers, not {self.window[0]} and {self.window[1]}")
        if not 0 <= self.opacity <= 1:
            raise UsageError(f"an opacity lies between 0 and 1, not {self.opacity:g}")
        if not 0 <= self.frame < self.volume.frames:
            raise UsageError(f"frame {self.frame} of an image with {self.volume.frames} (counted from 0)")


@dataclass(frozen=True, eq=False)
class Outline:
    """One ROI to be outlined.

    Parameters
    ----------
    mask : (z, y, x) bool array
        Of the region only.
    region : tuple of slice
        Where the mask lies on the reference grid, along z, y, x.
    color : str
        ``"#rrggbb"``.
    name : str
    """

    mask: NDArray[np.bool_]
    region: Region
    color: str
    name: str

    def __post_init__(self) -> None:
        rgb(self.color)
        if self.mask.shape != tuple(part.stop - part.start for part in self.region):
            raise ValueError(f"a mask of shape {self.mask.shape} does not fill the region {self.region}")


@dataclass(frozen=True, eq=False)
class Scene:
    """Everything a picture shows.

    Parameters
    ----------
    reference : Grid
        The grid whose planes are shown, also where its own image is hidden.
    layers : sequence of ImageLayer
        Bottom first; may be empty.
    outlines : sequence of Outline
    cursor : tuple of int
        Voxel ``(x, y, z)`` of the reference that the planes go through.
    crosshair : bool
    corner_info : bool
        Whether plane, slice and position are written into the corners, and ROI names beside the picture.
    size : tuple of int
        Width and height of the picture in pixels.
    layout : str
        One of :data:`LAYOUTS`, for the composite.
    """

    reference: Grid
    layers: Sequence[ImageLayer] = ()
    outlines: Sequence[Outline] = ()
    cursor: tuple[int, int, int] = (0, 0, 0)
    crosshair: bool = True
    corner_info: bool = True
    size: tuple[int, int] = (1024, 895)
    layout: str = field(default="slice")

    def __post_init__(self) -> None:
        if not all(0 <= at < n for at, n in zip(self.cursor, self.reference.size, strict=True)):
            raise UsageError(
                f"the cursor {self.cursor} lies outside the image",
                hint="voxels are counted from 0; the image has {} x {} x {}".format(*self.reference.size),
            )
        if not all(SMALLEST <= side <= LARGEST for side in self.size):
            raise UsageError(
                f"a picture of {self.size[0]} x {self.size[1]} pixels cannot be made",
                hint=f"each side may have {SMALLEST} to {LARGEST} pixels",
            )
        if self.layout not in LAYOUTS:
            raise UsageError(f'there is no layout "{self.layout}"', hint=did_you_mean(self.layout, LAYOUTS))

    @property
    def shown(self) -> list[ImageLayer]:
        """Layers that are not wholly transparent, bottom first."""
        return [layer for layer in self.layers if layer.opacity > 0]
