"""The visual controler: cursor, palettes, and what is shown."""

from __future__ import annotations

from vqscript.errors import UsageError
from vqscript.vq.catalog import script
from vqscript.vq.host_object import HostObject
from vqscript.vq.types import Axis, Input, Palette, Switch


class Controler(HostObject):
    """Cursor, palettes, and which inputs and ROIs are shown."""

    @script(example="ctl:setPos(0, 63.5)")
    def setPos(self, axis: Axis, pos: float | str) -> None:
        """Move the cursor along an axis.

        Parameters
        ----------
        pos : float or str
            Voxel index of the reference, from 0; rounded. Text is taken as well, because the parts of
            `getROICenterOfMass` are text.

        Raises
        ------
        UsageError
            The position is outside the reference.
        """
        if isinstance(pos, str):
            try:
                pos = float(pos)
            except ValueError:
                raise UsageError(f'setPos: "{pos}" is no position', hint="a voxel index") from None
        self._session.set_cursor(axis, pos)

    @script(example="ctl:setRange(1, 0.0, 0.8)")
    def setRange(self, i: Input, from_: float, to: float) -> None:
        """Let the palette of an input span a part of its display scale.

        Parameters
        ----------
        from, to : float
            Fractions of the scale, 0 to 1.
        """
        self._session.inputs[i].set_fractions(from_, to)

    @script(example='ctl:setPal(1, "hot")')
    def setPal(self, i: Input, name: Palette) -> None:
        """Choose the palette of an input."""
        self._session.inputs[i].set_palette(name)

    @script(example="ctl:setShowROIs(1)")
    def setShowROIs(self, on: Switch) -> None:
        """Draw the outlines of visible ROIs or not."""
        self._session.display.outlines = bool(on)

    @script(example="ctl:setShow(1, false)")
    def setShow(self, i: Input, on: Switch) -> None:
        """Switch an input on or off in pictures and in what is submitted; inputs above 2 follow input 2."""
        self._session.inputs[i].show = bool(on)

    @script(example="ctl:setOpacity(1, 0.5)")
    def setOpacity(self, i: Input, opacity: float) -> None:
        """Set how far an input covers those below it.

        Parameters
        ----------
        opacity : float
            0 (invisible) to 1.
        """
        if not 0 <= opacity <= 1:
            raise UsageError(f"an opacity of {opacity:g} is out of range", hint="0 (invisible) to 1")
        self._session.inputs[i].opacity = opacity
