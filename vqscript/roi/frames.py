"""The frames of a volume as a time-activity curve needs them: when they were, and to when their values refer."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from vqscript.imaging.decay import ACTIVITY, decay_status
from vqscript.imaging.dicom.values import text
from vqscript.imaging.volume import Volume


class Frame(NamedTuple):
    """One frame: its number from 1, and its times in seconds after the start of the first one; None where unknown."""

    frame: int
    start: float | None = None
    duration: float | None = None
    mid: float | None = None


def frames(volume: Volume) -> list[Frame]:
    """Return the frames of a volume; a 3-D one has a single frame, which starts at 0.

    A duration is known where all slices of a frame have the same one. Gates, which share one acquisition, start after
    the trigger and have none.
    """
    starts = volume.frame_times if len(volume.frame_times) == volume.frames else ()
    if volume.frames == 1:
        starts = (0.0,)
    found = []
    for t in range(volume.frames):
        start = starts[t] if starts else None
        duration = _duration(volume, t)
        mid = None if start is None or duration is None else start + duration / 2
        found.append(Frame(t + 1, start, duration, mid))
    return found


def decay_said(volume: Volume) -> str:
    """Return in words to when the values of a volume are decay-corrected, and what says so; "" if nothing decays."""
    if volume.unit.startswith(("SUV", "%ID")):
        return "divided by the dose at the same time"
    if volume.unit not in ACTIVITY:
        return ""
    status, where = decay_status(volume)
    if status == "ADMIN":
        return f"corrected to the injection ({where})"
    if status == "START":
        moment = "" if volume.header is None else text(volume.header, "DecayCorrectionDateTime").partition(".")[0]
        when = "the start of the scan"
        if len(moment) == 14:
            day, clock = moment[:8], moment[8:]
            when = f"{day[:4]}-{day[4:6]}-{day[6:]} {clock[:2]}:{clock[2:4]}:{clock[4:]}"
        return f"corrected to {when} ({where})"
    return f"not corrected ({where})" if status == "NONE" else f"unknown ({where})"


def _duration(volume: Volume, t: int) -> float | None:
    timing = volume.timing
    if timing is None or len(timing.duration) != volume.frames:
        return None
    of_slices = timing.duration[t]
    first = float(of_slices[0])
    return first if first > 0 and bool(np.allclose(of_slices, first, rtol=1e-6, atol=0)) else None
