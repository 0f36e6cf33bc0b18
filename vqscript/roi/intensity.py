"""The values of an ROI's voxels as numbers: moments, percentiles, histogram."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import RoiError
from vqscript.roi.fields import percentile_name

Float = NDArray[np.float64]

PERCENTILES = (5.0, 10.0, 25.0, 75.0, 90.0, 95.0)
BINS = 64

# Values worked on at a time: what is computed of them stays in the processor's cache.
_PART = 1 << 14


def intensity(ordered: Float, percentiles: Iterable[float] = ()) -> dict[str, float]:
    """Return first-order statistics.

    Parameters
    ----------
    ordered : (n,) array
        Values in ascending order, at least one, none of them NaN.
    percentiles : iterable of float
        Percentiles beyond :data:`PERCENTILES`.

    Returns
    -------
    dict
        By the names of :data:`~vqscript.roi.fields.FIELDS`. What is not defined is absent: the variance of a single
        voxel's sample, a ratio to 0, the moments where a voxel is infinite.

    Notes
    -----
    IBSI 3.3, of the population, but for ``sd`` and ``variance``. Skewness and kurtosis are 0 where all values are the
    same (3.3.3, 3.3.4).
    """
    n = ordered.size
    # What infinite voxels make undefined is NaN here, and left out below.
    with np.errstate(invalid="ignore", over="ignore"):
        found = _moments(ordered)
        found |= {"min": float(ordered[0]), "max": float(ordered[-1]), "range": float(ordered[-1] - ordered[0])}
        found["median"] = _percentile(ordered, 50)
        found |= {percentile_name(p): _percentile(ordered, p) for p in (*PERCENTILES, *percentiles)}
        p10, p25, p75, p90, median = (found[name] for name in ("p10", "p25", "p75", "p90", "median"))
        middle = ordered[np.searchsorted(ordered, p10) : np.searchsorted(ordered, p90, side="right")]
        found["medianMad"] = _mean_distance(ordered, median)
        if middle.size:
            found["robustMad"] = _mean_distance(middle, float(middle.mean()))
        found["iqr"] = p75 - p25
        if p75 + p25:
            found["qcod"] = (p75 - p25) / (p75 + p25)
        if found["mean"]:
            found["cov"] = math.sqrt(found["variancePopulation"]) / found["mean"]
        if n > 1:
            found["variance"] = found["variancePopulation"] * n / (n - 1)
            found["sd"] = found["std"] = math.sqrt(found["variance"])
    return {name: value for name, value in found.items() if not math.isnan(value)}


def histogram(ordered: Float, width: float | None) -> dict[str, float]:
    """Return entropy (in bits) and uniformity of a histogram, and its bins.

    Parameters
    ----------
    ordered : (n,) array
        Values in ascending order, at least one, none of them NaN.
    width : float or None
        Of a bin; an edge lies at 0, so that the bins of different ROIs agree. None divides the range into
        :data:`BINS`, from the least to the largest value.

    Returns
    -------
    dict
        By the names of :data:`~vqscript.roi.fields.FIELDS`; empty where a value is infinite.

    Raises
    ------
    RoiError
        If the bins are too narrow to be counted.

    Notes
    -----
    IBSI 2.7 (fixed bin size, fixed bin number), 3.4.18 (entropy, TLU2) and 3.4.19 (uniformity, BJ5W).
    """
    low, high = float(ordered[0]), float(ordered[-1])
    if not math.isfinite(high - low):
        return {}
    found: dict[str, float] = {}
    if width is not None:
        found["entropyBinWidth"] = width
        with np.errstate(over="ignore"):
            bins = ordered / width
            np.floor(bins, out=bins)
        if not (math.isfinite(bins[0]) and math.isfinite(bins[-1])):
            raise RoiError(f"values from {low:g} to {high:g} have no histogram of bins of {width:g}")
    elif high > low:
        found["entropyBinWidth"] = (high - low) / BINS
        bins = ordered - low
        bins /= high - low
        bins *= BINS
        np.floor(bins, out=bins)
        np.minimum(bins, BINS - 1, out=bins)
    else:
        bins = np.zeros(1)
    begins = np.flatnonzero(bins[1:] != bins[:-1]) + 1
    shares = np.diff(np.concatenate(([0], begins, [bins.size]))) / bins.size
    found["entropy"] = abs(_dot(shares, np.log2(shares)))
    found["uniformity"] = _dot(shares, shares)
    found["entropyBins"] = int(bins[-1] - bins[0]) + 1
    return found


def _moments(values: Float) -> dict[str, float]:
    n, total = values.size, float(values.sum())
    square = sum(_dot(part, part) for part in _parts(values))
    found = {"sum": total, "energy": square, "rms": math.sqrt(square / n)}
    # Of equal values the rounded mean may be off by a bit, and moments of that bit mean nothing.
    if values[0] == values[-1]:
        return found | {
            "mean": float(values[0]),
            "variancePopulation": 0.0,
            "mad": 0.0,
            "skewness": 0.0,
            "kurtosis": 0.0,
        }
    mean = total / n
    second = third = fourth = 0.0
    for part in _parts(values):
        off = part - mean
        squared = off * off
        second += float(squared.sum())
        third += _dot(squared, off)
        fourth += _dot(squared, squared)
    variance = second / n
    found |= {"mean": mean, "variancePopulation": variance, "mad": _mean_distance(values, mean)}
    if variance > 0:
        found["skewness"] = third / n / variance**1.5
        found["kurtosis"] = fourth / n / variance**2 - 3
    return found


def _mean_distance(values: Float, center: float) -> float:
    return sum(float(np.abs(part - center).sum()) for part in _parts(values)) / values.size


def _dot(one: Float, other: Float) -> float:
    """Return the sum of products on one core: BLAS waits for all of them, ever so long where others are at work."""
    return float(np.einsum("i,i", one, other))


def _parts(values: Float) -> Iterator[Float]:
    """Yield the values in parts that leave room for what is computed of them."""
    return (values[first : first + _PART] for first in range(0, values.size, _PART))


def _percentile(ordered: Float, percent: float) -> float:
    """Return a percentile by linear interpolation between values: of n, the k-th lies at 100 (k - 1) / (n - 1)."""
    place = (ordered.size - 1) * percent / 100
    below = int(place)
    share = place - below
    low = float(ordered[below])
    return low if share == 0 else low + share * (float(ordered[below + 1]) - low)
