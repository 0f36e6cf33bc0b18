"""How an ROI is to be measured, where there is a choice."""

from __future__ import annotations

import math
from dataclasses import dataclass

from vqscript.errors import RoiError, did_you_mean

SAMPLINGS = ("linear", "native")


@dataclass(frozen=True)
class Method:
    """The choices of a measurement.

    Attributes
    ----------
    full : bool
        Measure what takes longer as well: peaks and the largest diameter.
    sampling : str
        On an input of another grid: ``"linear"`` interpolates at the ROI's voxels, ``"native"`` takes those voxels of
        the input whose centre lies in a voxel of the ROI.
    percentiles : tuple of float
        Percentiles beyond those always there, 0 to 100.
    bin_width : float, optional
        Of the histogram that ``entropy`` is of, in the input's unit. Default: 25 HU, 0.25 of SUV, else a 64th of the
        ROI's range.

    Raises
    ------
    RoiError
        If one of them cannot be.
    """

    full: bool = False
    sampling: str = "linear"
    percentiles: tuple[float, ...] = ()
    bin_width: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "percentiles", tuple(self.percentiles))
        if self.sampling not in SAMPLINGS:
            raise RoiError(f'"{self.sampling}" is no way to sample', hint=did_you_mean(self.sampling, SAMPLINGS))
        for percent in self.percentiles:
            if not 0 <= percent <= 100:
                raise RoiError(f"there is no percentile {percent:g}", hint="percentiles are 0 to 100")
        if self.bin_width is not None and not (math.isfinite(self.bin_width) and self.bin_width > 0):
            raise RoiError(f"a histogram cannot have bins of {self.bin_width:g}", hint="give a width above 0")

    def bins_of(self, unit: str) -> float | None:
        """Return the bin width for a unit; None stands for a 64th of the range."""
        if self.bin_width is not None:
            return self.bin_width
        return 25.0 if unit == "HU" else 0.25 if unit.startswith("SUV") else None


USUAL = Method()
"""What is measured where nothing is said."""
