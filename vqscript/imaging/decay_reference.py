"""The moment to which a header says that its values are decay-corrected."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import UnitError
from vqscript.imaging.dicom.private import private_text
from vqscript.imaging.dicom.values import text as text_of
from vqscript.imaging.moments import from_da_tm, from_dt
from vqscript.imaging.volume import Timing, Volume

Times = NDArray[np.datetime64]
Float = NDArray[np.float64]

# Acquisition times are often whole seconds, so reference times computed from them scatter by about as much.
SCATTER = 5.0

UNSAID = "the header has neither DecayCorrection nor CorrectedImage"
"""Where the status NONE of a PET or NM image is from when it is an assumption."""


class Reference(NamedTuple):
    """The moment at which the activity was what a volume says, or proportional to it.

    Attributes
    ----------
    at : datetime64[us] array
        0-dimensional, or ``(t, z)`` where frames or slices differ.
    loss : float array
        Activity at that moment over the volume's: above 1 where it decayed during a frame. Broadcasts with ``at``.
    text, lasted : str
        What says so, and for how long the frames lasted.
    warnings : tuple of str
    """

    at: Times
    loss: Float
    text: str
    lasted: str = ""
    warnings: tuple[str, ...] = ()


def decay_status(volume: Volume) -> tuple[str, str]:
    """Return to which moment the activity in a volume is decay-corrected, and what says so.

    Returns
    -------
    status : str
        ``"ADMIN"`` (injection), ``"START"`` (scan), ``"NONE"`` (not corrected) or "" (nothing says).
    where : str
        The attribute that says it.

    Notes
    -----
    PET has DecayCorrection (PS3.3 C.8.9.1), enhanced PET DecayCorrected (C.8.22.2). NM has neither; a writer may
    add DecayCorrection all the same, else DECY in CorrectedImage tells that a correction was made, not to when.
    Where none of them is there, NONE is an assumption, and each conversion that takes it warns.
    """
    header = volume.header
    if header is None:
        return "", "there is no DICOM header"
    stated = text_of(header, "DecayCorrection").upper()
    if stated in {"ADMIN", "START", "NONE"}:
        return stated, f"DecayCorrection is {stated}"
    if stated:
        return "", f'DecayCorrection "{stated}" is no value that DICOM has'
    enhanced = text_of(header, "DecayCorrected").upper()
    if enhanced in {"YES", "NO"}:
        return ("START" if enhanced == "YES" else "NONE"), f"DecayCorrected is {enhanced}"
    if "DECY" in text_of(header, "CorrectedImage").upper().split("\\"):
        return "START", "CorrectedImage lists DECY"
    if volume.modality in {"PT", "NM"}:
        return "NONE", "CorrectedImage does not list DECY" if text_of(header, "CorrectedImage") else UNSAID
    return "", "the header says nothing of decay correction"


def reference(volume: Volume, half_life: float) -> Reference:
    """Return the moment to which a volume of status START or NONE (see :func:`decay_status`) refers.

    Raises
    ------
    UnitError
        If the times that this takes are not known.

    Notes
    -----
    With the decay constant L and the frame duration T, activity averaged over a frame is ``L T / (1 - exp(-L T))``
    times smaller than it was at the frame's start.
    """
    status, where = decay_status(volume)
    return _of_start(volume, half_life, where) if status == "START" else _of_frames(volume, half_life, where)


def _of_start(volume: Volume, half_life: float, where: str) -> Reference:
    at, how, warnings = reference_time(volume, half_life)
    if where.startswith("CorrectedImage"):
        warnings += (f"{where}, but the header does not say to when: taken as the start of the scan, {how}",)
    return Reference(at, np.ones(()), f"corrected to {clock(at)} ({where}; time from {how}),", warnings=warnings)


def _of_frames(volume: Volume, half_life: float, where: str) -> Reference:
    timing = _timing(volume)
    if np.isnat(timing.start).any():
        raise UnitError(
            f"the values are not decay-corrected ({where}), and the acquisition time is not known",
            hint="give values that are decay-corrected to injection, and say so in DecayCorrection (0054,1102)",
            **about(volume),
        )
    duration = timing.duration
    known = bool((duration > 0).all())
    warnings: tuple[str, ...] = (
        () if known else ("no frame duration in the header: decay during the acquisition is left out",)
    )
    if where == UNSAID:
        warnings += (f"{where}: taken as not decay-corrected; if they are, say so in DecayCorrection (0054,1102)",)
    lasted = f" for {shown(duration)} s" if known else " for an unknown time"
    # Where the duration is unknown, 0 gives the limit: a frame so short that nothing decays in it.
    loss = _loss(math.log(2) / half_life * np.nan_to_num(np.maximum(duration, 0.0)))
    return Reference(timing.start, loss, f"not corrected ({where}); acquired", lasted, warnings)


def reference_time(volume: Volume, half_life: float) -> tuple[Times, str, tuple[str, ...]]:
    """Return the moment that DecayCorrection START means.

    The standard calls it the start of the scan, without an attribute that has it. In this order: the decay-correction
    time of an enhanced PET or of GE's private (0009,xx0D); acquisition time plus the moment of average count
    rate less FrameReferenceTime; SeriesTime, if it is not after the earliest acquisition; the earliest acquisition.

    Returns
    -------
    moment : datetime64[us] array
        0-dimensional, or ``(t, z)`` where frames or slices really differ.
    how : str
        Where it is from.
    warnings : tuple of str

    Raises
    ------
    UnitError
        If there is no time at all.
    """
    header = volume.header
    assert header is not None, "START is never the status of a volume without a header"
    for text, how in (
        (text_of(header, "DecayCorrectionDateTime"), "DecayCorrectionDateTime"),
        (private_text(header, 0x0009, "GEMS_PETD_01", 0x0D), "GE's private (0009,xx0D)"),
    ):
        when = from_dt(text)
        if when is not None:
            return np.asarray(np.datetime64(when, "us")), how, ()
    series = from_da_tm(text_of(header, "SeriesDate") or text_of(header, "StudyDate"), text_of(header, "SeriesTime"))
    timing = _timing(volume)
    started = timing.start[~np.isnat(timing.start)]
    # A FrameReferenceTime of 0 is filled in, not measured: counts are never collected in no time.
    if started.size == timing.start.size and (timing.reference > 0).all() and (timing.duration > 0).all():
        average = np.log(_loss(math.log(2) / half_life * timing.duration)) * half_life / math.log(2)
        found = timing.start + np.round((average - timing.reference) * 1e6).astype("timedelta64[us]")
        scatter = float(seconds(found - found.min()).max())
        if scatter <= SCATTER:
            return np.sort(found, axis=None)[found.size // 2], "AcquisitionTime and FrameReferenceTime", ()
        return (
            found,
            "AcquisitionTime and FrameReferenceTime of each slice",
            (f"the slices are decay-corrected to moments up to {scatter:.0f} s apart; each is taken as it says",),
        )
    earliest = started.min() if started.size else None
    if series is not None and (earliest is None or np.datetime64(series, "us") <= earliest):
        return np.asarray(np.datetime64(series, "us")), "SeriesTime", ()
    if earliest is not None:
        return np.asarray(earliest), "the earliest AcquisitionTime", ()
    raise UnitError(
        "the values are decay-corrected to the start of the scan, and the header has no time of it",
        hint="the header needs an AcquisitionTime or a SeriesTime with a date",
        **about(volume),
    )


def about(volume: Volume) -> dict[str, object]:
    """Return what an error about a volume carries: the file of its first slice and its series."""
    source = volume.source
    return {"path": source.paths[0] if source.paths else None, "uid": source.series_uid}


def _timing(volume: Volume) -> Timing:
    timing = volume.timing
    if timing is None:
        unknown = np.full((1, 1), np.nan)
        return Timing(np.full((1, 1), "NaT", dtype="datetime64[us]"), unknown, unknown)
    frames, slices = timing.start.shape
    if frames not in {1, volume.frames} or slices not in {1, volume.grid.shape[0]}:
        # Cropped along z, or one frame taken out: still sound if all slices have the same times.
        arrays = (timing.start, timing.duration, timing.reference)
        if any((array != array.flat[0]).any() for array in arrays if not _unknown(array).all()):
            raise UnitError(
                f"the times of {frames} x {slices} frames and slices do not fit {volume.frames} x "
                f"{volume.grid.shape[0]} of the volume",
                hint="convert the unit before cropping or resampling",
                **about(volume),
            )
        return Timing(timing.start[:1, :1], timing.duration[:1, :1], timing.reference[:1, :1])
    return timing


def _unknown(array: Times | Float) -> NDArray[np.bool_]:
    unknown: NDArray[np.bool_] = np.isnat(array) if array.dtype.kind == "M" else np.isnan(array)
    return unknown


def _loss(span: Float) -> Float:
    """Return x / (1 - exp(-x)): activity at the start of a frame over its average, for x = L T."""
    safe = np.where(span > 1e-12, span, 1.0)
    ratio: Float = np.where(span > 1e-12, safe / -np.expm1(-safe), 1.0)
    return ratio


def seconds(delta: NDArray[np.timedelta64]) -> Float:
    """Return time spans in seconds."""
    spans: Float = np.asarray(delta / np.timedelta64(1, "us"), dtype=np.float64) / 1e6
    return spans


def clock(when: datetime | Times) -> str:
    """Return a moment to the second, or the first and last of several."""
    if isinstance(when, datetime):
        return f"{when + timedelta(microseconds=500_000):%Y-%m-%d %H:%M:%S}"
    first, last = (clock(end.astype("datetime64[us]").item()) for end in (when.min(), when.max()))
    return first if first == last else f"{first} to {last}"


def shown(values: Float) -> str:
    """Return a number, or the least and largest of several."""
    low, high = f"{values.min():.5g}", f"{values.max():.5g}"
    return low if low == high else f"{low} to {high}"
