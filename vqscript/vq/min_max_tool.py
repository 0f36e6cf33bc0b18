"""The min/max tool: display scales in image units."""

from __future__ import annotations

from vqscript.vq.catalog import script
from vqscript.vq.host_object import HostObject
from vqscript.vq.types import Input


class MinMaxTool(HostObject):
    """Display scales, and clipping of values."""

    @script(example="mm:updateMIP()")
    def updateMIP(self) -> None:
        """Bring the projection up to date; pictures always are, so nothing is left to do."""

    @script(example="mm:setMinMax(1, 0, 60)")
    def setMinMax(self, i: Input, min: float, max: float) -> None:
        """Set the display scale of an input; the palette spans all of it.

        Parameters
        ----------
        min, max : float
            In the unit of the input.
        """
        item = self._session.inputs[i]
        item.set_scale(min, max)
        item.fractions = (0.0, 1.0)

    @script(example="mm:clipMin(1)")
    def clipMin(self, i: Input) -> None:
        """Set values below the display window to 0, as VivoQuant's button does."""
        self._session.arithmetics.clip_to_zero(i, below=self._session.inputs[i].window[0])

    @script(example="mm:clipMax(1)")
    def clipMax(self, i: Input) -> None:
        """Set values above the display window to 0, as VivoQuant's button does."""
        self._session.arithmetics.clip_to_zero(i, above=self._session.inputs[i].window[1])
