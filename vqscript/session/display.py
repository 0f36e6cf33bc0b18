"""What is shown: cursor, crosshair, layout; and the scene that pictures are drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vqscript.errors import UsageError

if TYPE_CHECKING:
    from vqscript.render.scene import Scene
    from vqscript.session.session import Session


Voxel = tuple[int, int, int]


@dataclass
class Display:
    """State of the viewer that a script sets and pictures obey.

    Attributes
    ----------
    cursor : (int, int, int) or None
        Voxel of the reference, x, y, z; None is the centre.
    layout : str
        ``"slice"`` (2 x 2) or ``"1x4"``.
    crosshair, corner_info, outlines : bool
    show_overlay : bool
        Whether input 2 and above are shown in slices (VivoQuant's toggle for input 2).
    size : (int, int)
        Picture size in pixels.
    """

    cursor: Voxel | None = None
    layout: str = "slice"
    crosshair: bool = True
    corner_info: bool = True
    outlines: bool = True
    show_overlay: bool = True
    size: tuple[int, int] = (1024, 895)

    def cursor_in(self, size: Voxel) -> Voxel:
        """Return the cursor in an image of this many voxels; the middle where none was set."""
        x, y, z = self.cursor or (size[0] // 2, size[1] // 2, size[2] // 2)
        return min(x, size[0] - 1), min(y, size[1] - 1), min(z, size[2] - 1)

    def move_cursor(self, axis: int, position: float, size: Voxel) -> None:
        """Move the cursor of an image of this many voxels along one axis, to a voxel index rounded half up.

        Raises
        ------
        UsageError
            If there is no such axis, or the position lies outside the image.
        """
        if axis not in (0, 1, 2):
            raise UsageError(f"there is no axis {axis}", hint="0, 1 and 2 are x, y and z")
        if not -0.5 <= position < size[axis] - 0.5:  # NaN fails as well
            raise UsageError(
                f"position {position:g} is outside the image", hint=f"axis {axis} has voxels 0 to {size[axis] - 1}"
            )
        at = list(self.cursor_in(size))
        at[axis] = math.floor(position + 0.5)
        self.cursor = (at[0], at[1], at[2])


def scene(session: Session) -> Scene:
    """Return the scene that shows a session as it stands."""
    from vqscript.render.scene import ImageLayer, Outline, Scene

    reference = session.reference.volume.grid
    layers = []
    for number, item in session.inputs:
        if not session.shown(number):
            continue
        session.look_at(number)
        opacity = item.opacity if item.opacity is not None else (1.0 if number == 0 else 0.6)
        layers.append(
            ImageLayer(
                volume=item.volume,
                palette=item.palette,
                window=item.window,
                opacity=opacity,
                label=item.volume.modality or f"input {number}",
                below_transparent=number > 0,
            )
        )
    outlines = []
    if session.display.outlines:
        for j, roi in enumerate(session.rois.rois, start=1):
            part = session.rois.part(j) if roi.visible else None
            if part is not None:
                region, mask = part
                outlines.append(Outline(mask=mask, region=region, color=roi.color, name=roi.name))
    return Scene(
        layers=layers,
        outlines=outlines,
        cursor=session.cursor,
        crosshair=session.display.crosshair,
        corner_info=session.display.corner_info,
        size=session.display.size,
        reference=reference,
        layout=session.display.layout,
    )
