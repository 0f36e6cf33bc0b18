"""The Filtering operator."""

from __future__ import annotations

from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator
from vqscript.vq.types import Input


class Filtering(Operator):
    """Smooths inputs and cleans them, frame by frame; units stay."""

    @script(example="op:gaussian(1, 1.5)")
    def gaussian(self, input: Input, fwhm_mm: float) -> None:
        """Smooth an input by a Gaussian.

        Parameters
        ----------
        fwhm_mm : float
            Full width at half maximum in mm: 2.355 standard deviations.
        """
        self._session.filtering.gaussian(input, fwhm_mm)

    @script(example="op:mean(1, 1)")
    def mean(self, input: Input, radius: int) -> None:
        """Take the mean of the box around each voxel.

        Parameters
        ----------
        radius : int
            How many voxels the box reaches to each side: 1 is a box of 3 x 3 x 3.
        """
        self._session.filtering.mean(input, radius)

    @script(example="op:median(1, 1)")
    def median(self, input: Input, radius: int) -> None:
        """Take the median of the box around each voxel.

        Parameters
        ----------
        radius : int
            How many voxels the box reaches to each side: 1 is a box of 3 x 3 x 3.
        """
        self._session.filtering.median(input, radius)

    @script(example="op:removeBed(0)")
    def removeBed(self, input: Input) -> None:
        """Set what is not the body to the smallest value of the CT.

        A wall that lies close against the body stays.

        Raises
        ------
        UsageError
            The input is no CT in HU, or no body is found in it.
        """
        self._session.filtering.remove_bed(input)
