"""What is shown: cursor, crosshair, layout; and the scene that pictures are drawn from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vqscript.render.scene import Scene
    from vqscript.session.session import Session


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

    cursor: tuple[int, int, int] | None = None
    layout: str = "slice"
    crosshair: bool = True
    corner_info: bool = True
    outlines: bool = True
    show_overlay: bool = True
    size: tuple[int, int] = (1024, 895)


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
