"""Otsu's thresholds: the ones that tell classes of values apart best."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import RoiError
from vqscript.roi.scope import Scope

Float = NDArray[np.float64]

BINS = 256
MAX_CLASSES = 16


def otsu(scope: Scope, classes: int = 2) -> list[float]:
    """Return the thresholds between classes of values, ascending; a value at a threshold belongs to the class above.

    Parameters
    ----------
    scope : Scope
    classes : int
        2 or more.

    Returns
    -------
    list of float
        One fewer than there are classes.

    Raises
    ------
    RoiError
        If there are not as many different values as classes.

    Notes
    -----
    N. Otsu, A threshold selection method from gray-level histograms, IEEE Trans. SMC 9 (1979): the variance between
    the classes of a histogram is made the largest, here of 256 bins between the lowest and the highest value, and over
    all choices of thresholds. Where bins between two classes are empty, the threshold is put into the middle of them.
    """
    if not 2 <= classes <= MAX_CLASSES:
        raise RoiError(f"values cannot be divided into {classes} classes", hint=f"2 to {MAX_CLASSES} are possible")
    counts, edges = _histogram(scope)
    if np.count_nonzero(counts) < classes:
        raise RoiError(f"the values there are too much alike to be divided into {classes} classes")
    return [float(edges[cut]) for cut in (_centred(cut, counts) for cut in _cuts(counts, classes))]


def _histogram(scope: Scope) -> tuple[NDArray[np.int64], Float]:
    ends = [(values.min(), values.max()) for slab in scope.slabs() if (values := scope.values(slab)).size]
    if not ends:
        raise RoiError("no voxel there has a value", hint="does the input cover the ROI?")
    low, high = min(low for low, _ in ends), max(high for _, high in ends)
    if low == high:
        raise RoiError(f"all values there are {low:g}: there are no classes")
    counts = np.zeros(BINS, np.int64)
    edges = np.linspace(low, high, BINS + 1)
    for slab in scope.slabs():
        counts += np.histogram(scope.values(slab), BINS, (low, high))[0]
    return counts, edges


def _cuts(counts: NDArray[np.int64], classes: int) -> list[int]:
    """Return the first bins of all classes but the lowest, so that the variance between classes is the largest."""
    bins = np.arange(len(counts))
    number = np.concatenate([[0.0], np.cumsum(counts, dtype=np.float64)])
    total = np.concatenate([[0.0], np.cumsum(counts * (bins - counts @ bins / counts.sum()))])
    # The variance between classes is, but for constants, the sum of (total of a class)^2 / number over classes.
    first, stop = np.ogrid[: len(number), : len(number)]
    held = number[stop] - number[first]
    with np.errstate(divide="ignore", invalid="ignore"):
        gain = np.where((stop > first) & (held > 0), (total[stop] - total[first]) ** 2 / held, -np.inf)
    # The best division of the bins below a stop into one class more, from the best ones into fewer.
    best = gain[0]
    choices = []
    for _ in range(classes - 1):
        sums = best[:, None] + gain
        choices.append(sums.argmax(axis=0))
        best = sums.max(axis=0)
    cuts = [len(counts)]
    for choice in reversed(choices):
        cuts.append(int(choice[cuts[-1]]))
    return cuts[:0:-1]


def _centred(cut: int, counts: NDArray[np.int64]) -> int:
    """Return the middle of the empty bins around a cut."""
    low = high = cut
    while counts[low - 1] == 0:
        low -= 1
    while counts[high] == 0:
        high += 1
    return (low + high) // 2
