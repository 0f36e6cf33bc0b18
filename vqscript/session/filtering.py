"""Filtering of inputs: Gaussian, mean, median, and the bed taken out of a CT."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vqscript.errors import UsageError
from vqscript.imaging import filters
from vqscript.imaging.volume import Volume

if TYPE_CHECKING:
    from vqscript.session.session import Session


class Filtering:
    """Smooths inputs and cleans them; units stay."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def gaussian(self, i: int, fwhm_mm: float | Sequence[float]) -> None:
        """Smooth input ``i`` by a Gaussian of this full width at half maximum in mm."""
        self._apply(i, filters.gaussian(self._session.inputs[i].volume, fwhm_mm), f"Gaussian, FWHM {fwhm_mm} mm")

    def mean(self, i: int, radius: int | Sequence[int]) -> None:
        """Replace each voxel of input ``i`` by the mean of the box that reaches ``radius`` voxels to each side."""
        self._apply(i, filters.mean(self._session.inputs[i].volume, radius), f"mean, radius {radius} voxels")

    def median(self, i: int, radius: int | Sequence[int]) -> None:
        """Replace each voxel of input ``i`` by the median of the box that reaches ``radius`` voxels to each side."""
        self._apply(i, filters.median(self._session.inputs[i].volume, radius), f"median, radius {radius} voxels")

    def remove_bed(self, i: int) -> None:
        """Set what is not the body to the CT's minimum.

        Raises
        ------
        UsageError
            If input ``i`` is no CT, or no body is found in it; it stays as it was.
        """
        from vqscript.imaging.bed import without_bed

        volume = self._session.inputs[i].volume
        if volume.unit != "HU":
            raise UsageError(
                f"input {i} is no CT in HU: a bed is found by its density", hint="name the input of the CT"
            )
        cleaned = without_bed(volume)
        if cleaned is None:
            raise UsageError(f"no body is found in input {i}, so a bed cannot be told from it")
        freed, millilitres = cleaned
        self._apply(i, freed, f"bed removed: {millilitres:.4g} mL outside the body set to the minimum")

    def _apply(self, i: int, volume: Volume, what: str) -> None:
        self._session.replace_volume(i, volume, what)
