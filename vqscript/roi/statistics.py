"""What an ROI holds of a volume: first-order statistics, volume and centre of mass."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import RoiError
from vqscript.imaging.volume import Region, Volume
from vqscript.roi.region import Mask, center, footprint, subgrid
from vqscript.roi.roiset import RoiSet

Float = NDArray[np.float64]

# Voxels interpolated at a time.
_SLAB = 1 << 24


@dataclass(frozen=True)
class Statistics:
    """Statistics of one ROI on one frame of a volume.

    Attributes
    ----------
    name : str
        Of the ROI.
    unit : str
        Of mean, sd, min, max, median and sum.
    sampling : str
        ``"voxel"``: the ROI's own voxels; ``"linear"``: the volume lies on another grid and was interpolated at the
        centres of the ROI's voxels; ``"linear, total preserved"``: so were densities, for a unit per voxel.
    voxels : int
        Voxels with a value; those that are NaN, or lie outside the volume, are not counted anywhere.
    volume : float
        In mm3, by voxel count.
    com, com_mm : tuple of float
        Mean voxel index (x, y, z; 0-based) and the LPS position in mm that it stands for.
    mean, median, minimum, maximum, total : float
        None, like all that follow and the centres, if there are no voxels.
    variance : float
        Of the sample, divided by n - 1; None for a single voxel.
    variance_population : float
        Divided by n, as IBSI's.
    skewness, kurtosis : float
        Population moments; kurtosis is the excess. Both 0 where all values are the same (IBSI 3.3.3 and 3.3.4).
    """

    name: str
    unit: str
    sampling: str
    voxels: int = 0
    volume: float = 0.0
    com: tuple[float, float, float] | None = None
    com_mm: tuple[float, float, float] | None = None
    mean: float | None = None
    median: float | None = None
    minimum: float | None = None
    maximum: float | None = None
    total: float | None = None
    variance: float | None = None
    variance_population: float | None = None
    skewness: float | None = None
    kurtosis: float | None = None

    @property
    def volume_ml(self) -> float:
        """Volume in mL."""
        return self.volume / 1000

    @property
    def sd(self) -> float | None:
        """Standard deviation of the sample."""
        return None if self.variance is None else float(np.sqrt(self.variance))

    @property
    def integral(self) -> float | None:
        """Mean times volume in mL."""
        return None if self.mean is None else self.mean * self.volume_ml

    def fields(self) -> dict[str, float | str | tuple[float, float, float]]:
        """Return what is known under the names that scripts, tables and data points use."""
        named: dict[str, float | str | tuple[float, float, float] | None] = {
            "name": self.name,
            "voxels": self.voxels,
            "volume": self.volume,
            "volumeML": self.volume_ml,
            "mean": self.mean,
            "sd": self.sd,
            "std": self.sd,
            "variance": self.variance,
            "variancePopulation": self.variance_population,
            "min": self.minimum,
            "max": self.maximum,
            "median": self.median,
            "sum": self.total,
            "integral": self.integral,
            "skewness": self.skewness,
            "kurtosis": self.kurtosis,
            "com": self.com,
            "comMm": self.com_mm,
            "unit": self.unit,
            "sampling": self.sampling,
        }
        return {key: value for key, value in named.items() if value is not None}


def measure(rois: RoiSet, j: int, volume: Volume, t: int = 0) -> Statistics:
    """Measure ROI ``j`` on a volume.

    Parameters
    ----------
    rois : RoiSet
    j : int
        Number of the ROI, 1-based.
    volume : Volume
        On any grid. Where it is not the ROIs' own, values are interpolated linearly at the centres of the ROI's
        voxels. For a unit per voxel (uCi, counts) it is the density that is interpolated, and multiplied by the
        volume of the ROI's voxels, so that the sum over a region does not depend on the grid.
    t : int
        Frame, 0-based.
    """
    from vqscript.imaging.units import per_voxel

    name = rois.roi(j).name
    if not 0 <= t < volume.frames:
        raise RoiError(f"there is no frame {t} to measure; frames here: 0 to {volume.frames - 1}")
    own = rois.grid.matches(volume.grid)
    preserve = not own and per_voxel(volume.unit)
    sampling = "voxel" if own else "linear, total preserved" if preserve else "linear"

    part = rois.part(j)
    if part is None:
        return Statistics(name, volume.unit, sampling)
    region, inside = part
    if own:
        values = volume.frame(t)[region][inside].astype(np.float64) * volume.slope + volume.intercept
    else:
        values = _interpolated(rois, region, inside, volume, t)
        if preserve:
            values *= rois.grid.voxel_volume / volume.grid.voxel_volume

    valid = ~np.isnan(values)
    if not valid.any():
        return Statistics(name, volume.unit, sampling)
    if not valid.all():
        values = values[valid]
        inside[inside] = valid
    com = center(region, inside)
    com_mm = rois.grid.to_world(com)
    mean, variance, skewness, kurtosis = _moments(values)
    n = values.size
    return Statistics(
        name,
        volume.unit,
        sampling,
        voxels=n,
        volume=n * rois.grid.voxel_volume,
        com=com,
        com_mm=(float(com_mm[0]), float(com_mm[1]), float(com_mm[2])),
        mean=mean,
        median=float(np.median(values)),
        minimum=float(values.min()),
        maximum=float(values.max()),
        total=float(values.sum()),
        variance=variance * n / (n - 1) if n > 1 else None,
        variance_population=variance,
        skewness=skewness,
        kurtosis=kurtosis,
    )


def _interpolated(rois: RoiSet, region: Region, inside: Mask, volume: Volume, t: int) -> Float:
    """Return the volume's values at the centres of an ROI's voxels, NaN outside the volume."""
    from vqscript.imaging.resample import resample

    window = footprint(subgrid(rois.grid, region), volume.grid)
    if window is None:
        return np.full(np.count_nonzero(inside), np.nan)
    near = volume.values(window, t)
    source = subgrid(volume.grid, window)
    z, y, x = region
    planes = max(1, _SLAB // inside[0].size)
    parts = []
    for first in range(0, len(inside), planes):
        some = inside[first : first + planes]
        slab = subgrid(rois.grid, (slice(z.start + first, z.start + first + len(some)), y, x))
        parts.append(resample(near, source, slab, order=1, fill=np.nan)[some].astype(np.float64))
    return np.concatenate(parts)


def _moments(values: Float) -> tuple[float, float, float, float]:
    """Return mean, population variance, skewness and excess kurtosis."""
    # Of equal values the rounded mean may be off by a bit, and moments of that bit mean nothing.
    if values.min() == values.max():
        return float(values[0]), 0.0, 0.0, 0.0
    with np.errstate(invalid="ignore"):  # an infinite voxel makes the moments NaN, which says what there is to say
        mean = values.mean()
        off = values - mean
        squared = off * off
        variance = squared.mean()
        skewness = (squared * off).mean() / variance**1.5
        kurtosis = (squared * squared).mean() / variance**2 - 3
    return float(mean), float(variance), float(skewness), float(kurtosis)
