"""The Filtering operator."""

from __future__ import annotations

from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator


class Filtering(Operator):
    """Smooths inputs and cleans them, frame by frame; units stay."""

    @script(example="op:gaussian(1, 1.5)")
    def gaussian(self, input: int, fwhm_mm: float) -> None:
        """Smooth an input by a Gaussian; its full width at half maximum is in mm (2.355 standard deviations)."""
        self._session.filtering.gaussian(input, fwhm_mm)

    @script(example="op:mean(1, 1)")
    def mean(self, input: int, radius: int) -> None:
        """Take the mean of the box that reaches ``radius`` voxels to each side."""
        self._session.filtering.mean(input, radius)

    @script(example="op:median(1, 1)")
    def median(self, input: int, radius: int) -> None:
        """Take the median of the box that reaches ``radius`` voxels to each side."""
        self._session.filtering.median(input, radius)

    @script(example="op:removeBed(0)")
    def removeBed(self, input: int) -> None:
        """Set what is not the body to the CT's minimum; a wall that lies close against the body stays."""
        self._session.filtering.remove_bed(input)
