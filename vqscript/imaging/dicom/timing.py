"""When slices and frames were acquired."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.dicom.instance import Instance
from vqscript.imaging.moments import from_dt
from vqscript.imaging.volume import Timing


def instant(text: str) -> np.datetime64:
    """Return ``YYYYMMDDHHMMSS[.ffffff]`` as a datetime64[us], NaT if it is empty or no real moment."""
    return np.datetime64(from_dt(text) or "NaT", "us")


def slice_timing(instances: Sequence[Instance], order: NDArray[np.intp]) -> Timing:
    """Return the timing of single-frame instances, arrays of shape ``(t, z)`` as ``order`` has them."""
    start = np.array([instant(one.acquisition_time) for one in instances], dtype="datetime64[us]")
    duration = np.array([_milliseconds(one.frame_duration) for one in instances])
    reference = np.array([_milliseconds(one.frame_reference_time) for one in instances])
    return Timing(start[order], duration[order], reference[order])


def frame_times(timing: Timing) -> tuple[float, ...]:
    """Return the start of each frame in seconds after the first one.

    Frame reference times stand in where acquisition times do not tell frames apart; the result is
    empty for a single frame, or if neither says when the frames began.
    """
    if len(timing.start) < 2:
        return ()
    if not np.isnat(timing.start).any():
        first = timing.start.min(axis=1)
        seconds = (first - first[0]) / np.timedelta64(1, "s")
        if (np.diff(seconds) > 0).all():
            return tuple(float(s) for s in seconds)
    reference = timing.reference.min(axis=1)
    if (np.diff(reference) > 0).all():
        return tuple(float(s) for s in reference - reference[0])
    return ()


def _milliseconds(time: float | None) -> float:
    return np.nan if time is None else time / 1000
