"""The data manager's display: scale and palette of an input."""

from __future__ import annotations

from vqscript.vq.catalog import script
from vqscript.vq.host_object import HostObject
from vqscript.vq.types import Input, Palette


class InputDisplay(HostObject):
    """How pictures show an input."""

    @script(example="print(dm:getMinCached(1))")
    def getMinCached(self, i: Input) -> float:
        """Return the lower end of the display scale.

        Returns
        -------
        float
            In the unit of the input: what :meth:`setMinMaxCache` set, else the smallest value.
        """
        return self._session.inputs[i].scale[0]

    @script(example="print(dm:getMaxCached(1))")
    def getMaxCached(self, i: Input) -> float:
        """Return the upper end of the display scale.

        Returns
        -------
        float
            In the unit of the input: what :meth:`setMinMaxCache` set, else the largest value.
        """
        return self._session.inputs[i].scale[1]

    @script(example="dm:setMinMaxCache(1, 0, 60)")
    def setMinMaxCache(self, i: Input, min: float, max: float) -> None:
        """Set the ends of the display scale.

        Parameters
        ----------
        min, max : float
            In the unit of the input.

        Raises
        ------
        UsageError
            `max` is not above `min`.
        """
        self._session.inputs[i].set_scale(min, max)

    @script(example='dm:setPalette(1, "hot")')
    def setPalette(self, idx: Input, name: Palette) -> None:
        """Choose the palette of an input."""
        self._session.inputs[idx].set_palette(name)

    @script(example="print(dm:getPaletteName(1))")
    def getPaletteName(self, idx: Input) -> str:
        """Return the name of an input's palette.

        Returns
        -------
        str
            One of `help "palettes"`.
        """
        return self._session.inputs[idx].palette

    @script(example="dm:setPaletteFromTo(1, 0.0, 0.8)")
    def setPaletteFromTo(self, idx: Input, from_: float, to: float) -> None:
        """Let the palette of an input span a part of its display scale.

        Parameters
        ----------
        from, to : float
            Fractions of the scale, 0 to 1.

        Raises
        ------
        UsageError
            The fractions are not 0 <= from < to <= 1.
        """
        self._session.inputs[idx].set_fractions(from_, to)
