"""When the frames of an NM object were acquired (PS3.3, C.8.4.10 to C.8.4.15)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from vqscript.imaging.dicom import values
from vqscript.imaging.dicom.instance import Instance
from vqscript.imaging.dicom.timing import instant
from vqscript.imaging.volume import Timing

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Moment = Mapping[str, int]
"""What counts a time frame: keyword of the vector (``PhaseVector``) -> its 1-based number."""


def timing(header: Dataset, instance: Instance, moments: Sequence[Moment]) -> tuple[Timing, tuple[float, ...]]:
    """Return when the time frames of an NM image were acquired.

    Parameters
    ----------
    header : pydicom.Dataset
    instance : Instance
    moments : sequence of Moment
        One for each time frame, in order.

    Returns
    -------
    timing : Timing
        Arrays of shape ``(t, 1)``, or ``(1, 1)`` where all frames come from one acquisition (gates). The duration
        is that of all views: ActualFrameDuration is one view's where rotations are described, and the
        frame's own elsewhere.
    frame_times : tuple of float
        Start of each frame in seconds after the first one; empty for one frame, and where the header does not say.
        Gates count from the trigger.
    """
    counted = set().union(*moments)
    if "PhaseVector" in counted or "TimeSliceVector" in counted:
        spans = _phases(header, moments)
    elif "RotationVector" in counted and len(moments) > 1:
        spans = _rotations(header, moments)
    else:
        spans = None
    start = instant(instance.acquisition_time)
    if spans is None:
        whole = np.array([[start]], dtype="datetime64[us]")
        return Timing(whole, np.array([[_whole(header, instance)]]), np.array([[np.nan]])), _gates(header, moments)
    offsets, durations = (np.array(column) for column in zip(*spans, strict=True))
    starts = start + np.round(1e3 * offsets).astype("timedelta64[us]")
    after = tuple(float(ms) / 1000 for ms in offsets - offsets[0]) if len(moments) > 1 else ()
    return Timing(starts[:, None], durations[:, None] / 1000, np.full((len(moments), 1), np.nan)), after


def _whole(header: Dataset, instance: Instance) -> float:
    """Return the duration of the acquisition in seconds, NaN where unknown."""
    views = [
        (values.number(one, "ActualFrameDuration"), values.integer(one, "NumberOfFramesInRotation"))
        for one in values.items(header, "RotationInformationSequence")
    ]
    known = [duration * count for duration, count in views if duration is not None and count]
    milliseconds = sum(known) if known and len(known) == len(views) else instance.frame_duration
    return np.nan if milliseconds is None else milliseconds / 1000


def _phases(header: Dataset, moments: Sequence[Moment]) -> list[tuple[float, float]] | None:
    """Return (start, duration) in ms of the frames of a dynamic study, None where the header does not say."""
    begins: list[tuple[float, float, float]] = []
    end = 0.0
    for phase in values.items(header, "PhaseInformationSequence"):
        duration, count = values.number(phase, "ActualFrameDuration"), values.integer(phase, "NumberOfFramesInPhase")
        if duration is None or not count:
            return None
        pause = values.number(phase, "PauseBetweenFrames") or 0.0
        begin = end + (values.number(phase, "PhaseDelay") or 0.0)
        begins.append((begin, duration, pause))
        end = begin + count * duration + (count - 1) * pause
    spans = []
    for moment in moments:
        phase_number = moment.get("PhaseVector", 1)
        if not 0 < phase_number <= len(begins):
            return None
        begin, duration, pause = begins[phase_number - 1]
        spans.append((begin + (moment.get("TimeSliceVector", 1) - 1) * (duration + pause), duration))
    return spans


def _rotations(header: Dataset, moments: Sequence[Moment]) -> list[tuple[float, float]] | None:
    """Return (start, duration) in ms of rotations that follow each other at once; NM has no times for them."""
    lengths = []
    for rotation in values.items(header, "RotationInformationSequence"):
        duration = values.number(rotation, "ActualFrameDuration")
        count = values.integer(rotation, "NumberOfFramesInRotation")
        if duration is None or not count:
            return None
        lengths.append(duration * count)
    numbers = [moment["RotationVector"] for moment in moments]
    if not all(0 < number <= len(lengths) for number in numbers):
        return None
    return [(sum(lengths[: number - 1]), lengths[number - 1]) for number in numbers]


def _gates(header: Dataset, moments: Sequence[Moment]) -> tuple[float, ...]:
    """Return the start of each gate in seconds after the first one, () where the header does not say."""
    windows = [
        window
        for gated in values.items(header, "GatedInformationSequence")
        for window in values.items(gated, "DataInformationSequence")
    ]
    length = values.number(windows[0], "FrameTime") if len(windows) == 1 else None
    slots = [moment.get("TimeSlotVector", 0) for moment in moments]
    if length is None or len(slots) < 2 or len(set(slots)) < len(slots):
        return ()
    return tuple((slot - slots[0]) * length / 1000 for slot in slots)
