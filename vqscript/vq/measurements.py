"""What scripts get of a measurement: plain tables under the names of :mod:`vqscript.roi.fields`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict, cast

if TYPE_CHECKING:
    from vqscript.roi.statistics import Statistics as Measured
    from vqscript.session.roi_table import Measured as MeasuredFrame


class Statistics(TypedDict, total=False):
    """Statistics of an ROI on an input; what is not defined, or was not asked for, is nil.

    An empty ROI has `voxels` 0, `volume` and `volumeML` 0, and no values. Voxels that are NaN are not counted.
    """

    name: str
    """Name of the ROI."""
    unit: str
    """Unit of the input."""
    units: dict[str, str]
    """Unit of each number, by its name."""
    sampling: str
    """How values came to the voxels: "voxel", "linear", "linear, total preserved" or "native"."""
    voxels: int
    """Number of voxels with a value."""
    volume: float
    """Volume by voxel count, in mm3."""
    volumeML: float
    """Volume by voxel count, in mL."""
    mean: float
    """Mean, in `unit`."""
    sd: float
    """Standard deviation of the sample (n - 1), in `unit`."""
    std: float
    """Standard deviation of the sample, as sd, in `unit`."""
    variance: float
    """Variance of the sample (n - 1), in `unit` squared."""
    variancePopulation: float
    """Variance, divided by n, in `unit` squared."""
    min: float
    """Least value, in `unit`."""
    max: float
    """Largest value, in `unit`."""
    range: float
    """Largest minus least value, in `unit`."""
    median: float
    """Median, in `unit`."""
    p5: float
    """5th percentile, in `unit`."""
    p10: float
    """10th percentile, in `unit`."""
    p25: float
    """25th percentile, in `unit`."""
    p75: float
    """75th percentile, in `unit`."""
    p90: float
    """90th percentile, in `unit`."""
    p95: float
    """95th percentile, in `unit`."""
    iqr: float
    """P75 minus p25, in `unit`."""
    qcod: float
    """(p75 - p25) / (p75 + p25)."""
    mad: float
    """Mean distance from the mean, in `unit`."""
    robustMad: float
    """Mean distance from the mean, of the values from p10 to p90, in `unit`."""
    medianMad: float
    """Mean distance from the median, in `unit`."""
    cov: float
    """Standard deviation of the population / mean."""
    rms: float
    """Root of the mean square, in `unit`."""
    energy: float
    """Sum of the squares, in `unit` squared."""
    skewness: float
    """Third moment (population)."""
    kurtosis: float
    """Fourth moment (population), 0 for a normal distribution."""
    entropy: float
    """Entropy of the histogram, in bit."""
    uniformity: float
    """Sum of the squared shares of the histogram's bins."""
    entropyBinWidth: float
    """Width of the histogram's bins, in `unit`."""
    entropyBins: int
    """Number of the histogram's bins, from the least to the largest value."""
    sum: float
    """Sum over voxels, in `unit`."""
    integral: float
    """Mean x volumeML, in `unit` x mL."""
    tlg: float
    """Total lesion glycolysis, of an image in SUV: mean x volumeML, in `unit` x mL."""
    totalUptake: float
    """Activity in the ROI: mean x volumeML of a concentration, the sum of a unit per voxel."""
    com: list[float]
    """Centre of mass of the voxels: index of the reference from 0, fractional."""
    comMm: list[float]
    """Centre of mass of the voxels (LPS), in mm."""
    weightedCom: list[float]
    """Centre of mass of the values where their sum is above 0: index of the reference."""
    weightedComMm: list[float]
    """Centre of mass of the values (LPS), in mm."""
    comShift: float
    """From comMm to weightedComMm, in mm."""
    minPosition: list[float]
    """Voxel of the least value, the first of several: index of the reference."""
    minPositionMm: list[float]
    """Place of the least value (LPS), in mm."""
    maxPosition: list[float]
    """Voxel of the largest value, the first of several: index of the reference."""
    maxPositionMm: list[float]
    """Place of the largest value (LPS), in mm."""
    surface: float
    """Area of the marching-cubes mesh, in mm2."""
    meshVolume: float
    """Volume of the marching-cubes mesh, in mm3."""
    integratedIntensity: float
    """Mean x meshVolume, in `unit` x mm3."""
    maxDiameter: float
    """Largest distance between two points of the mesh, in mm."""
    localPeak: float
    """Mean of the 1 mL sphere around the voxel of the largest value, in `unit`."""
    globalPeak: float
    """Highest mean of a 1 mL sphere around a voxel of the ROI, in `unit`."""
    peakPosition: list[float]
    """Centre of the sphere of globalPeak: index of the reference."""
    peakPositionMm: list[float]
    """Centre of the sphere of globalPeak (LPS), in mm."""
    suvPeak: float
    """GlobalPeak of an image in SUV, in `unit`."""
    frame: int
    """Of a curve: number of the frame, from 1."""
    start: float
    """Of a curve: start of the frame after that of the first one, in s."""
    duration: float
    """Of a curve: how long the frame lasted, in s."""
    mid: float
    """Of a curve: middle of the frame, in s after the start of the first one."""
    decay: str
    """Of a curve: to when the values are decay-corrected, and what says so; "" for what does not decay."""


class StatisticField(TypedDict):
    """One of the numbers and positions that are measured."""

    name: str
    """As `Statistics` has it."""
    unit: str
    """Its unit on the input; "" for a plain number."""
    meaning: str
    """What it is."""
    source: str
    """Where it is defined: the code of the Image Biomarker Standardisation Initiative, or ""."""
    full: bool
    """Whether it takes longer, and is measured only with `-full`."""


def statistics_record(measured: Measured) -> Statistics:
    """Return statistics as scripts get them, with the unit of each number."""
    return cast(Statistics, {**measured.fields(), "units": measured.units()})


def curve_record(measured: MeasuredFrame) -> Statistics:
    """Return one frame of a curve; times that are not known are absent."""
    times = {name: value for name, value in measured.frame._asdict().items() if value is not None}
    return cast(Statistics, {**statistics_record(measured.statistics), **times, "decay": measured.decay})
