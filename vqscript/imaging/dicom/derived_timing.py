"""When the slices of a derived image were acquired, and what a PET says of decay with it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from vqscript.errors import Unsupported
from vqscript.imaging.decay import decay_status
from vqscript.imaging.dicom import values
from vqscript.imaging.dicom.derived_header import decimal, fill
from vqscript.imaging.volume import Timing, Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def timing_of_slices(volume: Volume) -> Timing | None:
    """Return the times of each frame and slice, arrays (t, z).

    Where the volume has other slices than it was read with, slice 0 stands for all. Its start, duration and
    reference time belong together, so they still lead to the moment to which decay is corrected.

    Raises
    ------
    Unsupported
        If the values are not decay-corrected, and it is not known when the slices were acquired.
    """
    timing = volume.timing
    if timing is None:
        return None
    shape = (volume.frames, volume.grid.size[2])
    frames, slices = timing.start.shape
    start, duration, reference = timing.start, timing.duration, timing.reference
    if frames not in {1, shape[0]} or slices not in {1, shape[1]}:
        differ = any(len(np.unique(array)) > 1 for array in (start, duration, reference))
        if differ and (frames not in {1, shape[0]} or decay_status(volume)[0] == "NONE"):
            raise Unsupported(
                f"the times of {frames} x {slices} frames and slices do not fit {shape[0]} x {shape[1]} of the volume",
                hint="store the volume before it is cropped or resampled, or convert its unit before",
                uid=volume.source.series_uid,
            )
        one = slice(None) if frames == shape[0] else slice(1)
        start, duration, reference = start[one, :1], duration[one, :1], reference[one, :1]
    return Timing(np.broadcast_to(start, shape), np.broadcast_to(duration, shape), np.broadcast_to(reference, shape))


def add_time(dataset: Dataset, timing: Timing, t: int, z: int) -> None:
    """Add the times of slice ``z`` of frame ``t``; in PET also its duration, reference time and decay factor."""
    start, duration, reference = timing.start[t, z], timing.duration[t, z], timing.reference[t, z]
    if not np.isnat(start):
        moment = start.astype("datetime64[us]").item()
        fill(dataset, AcquisitionDate=f"{moment:%Y%m%d}", AcquisitionTime=f"{moment:%H%M%S.%f}")
    if dataset.Modality != "PT":
        return
    if math.isfinite(duration):
        fill(dataset, ActualFrameDuration=round(duration * 1000))
    if math.isfinite(reference):
        _add_decay_factor(dataset, reference)
        fill(dataset, FrameReferenceTime=decimal(reference * 1000))


def _add_decay_factor(dataset: Dataset, reference: float) -> None:
    """Take DecayFactor, which is that of the first slice, to the reference time (s) of this one."""
    factor, first = values.number(dataset, "DecayFactor"), values.number(dataset, "FrameReferenceTime")
    drugs = dataset.get("RadiopharmaceuticalInformationSequence") or ()
    half_life = values.number(drugs[0], "RadionuclideHalfLife") if drugs else None
    if factor and first is not None and half_life:
        fill(dataset, DecayFactor=decimal(factor * 2 ** ((reference - first / 1000) / half_life)))
