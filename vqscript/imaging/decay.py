"""Physical decay: what a header says of its correction, and the factor back to the injection."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import UnitError
from vqscript.imaging.administration import Administration, moment
from vqscript.imaging.dicom.private import private_text
from vqscript.imaging.dicom.values import text as text_of
from vqscript.imaging.volume import Timing, Volume

Times = NDArray[np.datetime64]
Float = NDArray[np.float64]

# Acquisition times are often whole seconds, so reference times computed from them scatter by about as much.
SCATTER = 5.0
LATEST_START = 3600.0
MANY_HALF_LIVES = 10.0


class Decay(NamedTuple):
    """From the activity in a volume to the activity decay-corrected to the injection.

    Attributes
    ----------
    factor : float or ndarray
        To multiply with; an array is ``(t, z, 1, 1)`` or ``(t, 1, 1, 1)``.
    note : str
        What was done and why, with numbers and their sources.
    warnings : tuple of str
    used : tuple of str
        Fields of :class:`Administration` that it took.
    """

    factor: float | Float
    note: str
    warnings: tuple[str, ...] = ()
    used: tuple[str, ...] = ()


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
        return "NONE", "CorrectedImage does not list DECY"
    return "", "the header says nothing of decay correction"


def to_injection(volume: Volume, facts: Administration) -> Decay:
    """Return what takes the activity in a volume to activity decay-corrected to the injection.

    Parameters
    ----------
    volume : Volume
    facts : Administration
        Injection time and half-life are needed unless the status is ADMIN.

    Raises
    ------
    UnitError
        If a time or the half-life is needed and not known, or the scan lies before the injection.

    Notes
    -----
    With the decay constant L and the frame duration T, activity averaged over a frame that began at t is
    ``L T / (1 - exp(-L T)) * exp(L (t - t_injection))`` times smaller than it was at injection.
    """
    status, where = decay_status(volume)
    if status == "ADMIN":
        return Decay(1.0, f"Decay: corrected to injection already ({where})")
    if status == "":
        note = f"Decay: no factor; the values are taken as corrected to injection ({where})"
        return Decay(1.0, note, (f"taken as decay-corrected to injection: {where}",))
    if facts.injection_time is None or not facts.half_life:
        missing = "injection time" if facts.injection_time is None else "half-life"
        state = "corrected to the scan" if status == "START" else "not decay-corrected"
        raise UnitError(
            f"the {missing} is not known, and the values are {state} ({where})",
            hint=f"give the {missing}, or store it with the subject information of the study",
            **about(volume),
        )
    if status == "START":
        return _from_start(volume, facts.injection_time, facts.half_life, facts, where)
    return _from_frames(volume, facts.injection_time, facts.half_life, facts, where)


def _from_start(volume: Volume, injected: datetime, half_life: float, facts: Administration, where: str) -> Decay:
    reference, how, warnings = reference_time(volume, half_life)
    elapsed = _seconds(reference - np.datetime64(injected, "us"))
    warnings += _check(elapsed, half_life, injected, volume)
    factor = np.exp(math.log(2) / half_life * elapsed)
    if where.startswith("CorrectedImage"):
        warnings += (f"{where}, but the header does not say to when: taken as the start of the scan, {how}",)
    note = (
        f"Decay: corrected to {_clock(reference)} ({where}; time from {how}), {_span(elapsed)} after injection at "
        f"{_clock(injected)} ({facts.sources.get('injection_time')}); {_half_life(half_life, facts)}; "
        f"times {_range(factor)} to injection"
    )
    return Decay(_shaped(factor), note, warnings, ("injection_time", "half_life"))


def _from_frames(volume: Volume, injected: datetime, half_life: float, facts: Administration, where: str) -> Decay:
    timing = _timing(volume)
    if np.isnat(timing.start).any():
        raise UnitError(
            f"the values are not decay-corrected ({where}), and the acquisition time is not known",
            hint="give values that are decay-corrected to injection, and say so in DecayCorrection (0054,1102)",
            **about(volume),
        )
    elapsed = _seconds(timing.start - np.datetime64(injected, "us"))
    warnings = _check(elapsed, half_life, injected, volume)
    duration = timing.duration
    known = bool((duration > 0).all())
    if not known:
        warnings += ("no frame duration in the header: decay during the acquisition is left out",)
    lasted = f"{_range(duration)} s" if known else "an unknown time"
    # Where the duration is unknown, 0 gives the limit: a frame so short that nothing decays in it.
    span = math.log(2) / half_life * np.nan_to_num(np.maximum(duration, 0.0))
    factor = _loss(span) * np.exp(math.log(2) / half_life * elapsed)
    note = (
        f"Decay: not corrected ({where}); acquired {_span(elapsed)} after injection at {_clock(injected)} "
        f"({facts.sources.get('injection_time')}) for {lasted}; {_half_life(half_life, facts)}; "
        f"times {_range(factor)} to injection"
    )
    return Decay(_shaped(factor), note, warnings, ("injection_time", "half_life"))


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
        when = moment(text[:8], text[8:].partition("+")[0].partition("-")[0])
        if when is not None:
            return np.asarray(np.datetime64(when, "us")), how, ()
    series = moment(text_of(header, "SeriesDate") or text_of(header, "StudyDate"), text_of(header, "SeriesTime"))
    timing = _timing(volume)
    started = timing.start[~np.isnat(timing.start)]
    # A FrameReferenceTime of 0 is filled in, not measured: counts are never collected in no time.
    if started.size == timing.start.size and (timing.reference > 0).all() and (timing.duration > 0).all():
        average = np.log(_loss(math.log(2) / half_life * timing.duration)) * half_life / math.log(2)
        found = timing.start + np.round((average - timing.reference) * 1e6).astype("timedelta64[us]")
        scatter = float(_seconds(found - found.min()).max())
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


def _check(elapsed: Float, half_life: float, injected: datetime, volume: Volume) -> tuple[str, ...]:
    first, last = float(elapsed.min()), float(elapsed.max())
    if first < -LATEST_START:
        raise UnitError(
            f"the injection at {_clock(injected)} lies {_span(np.asarray(-first))} after the scan",
            hint="check the injection time and the date and time of the scan, or give the injection time",
            **about(volume),
        )
    if first < 0:
        return (f"the scan began {-first:.0f} s before the injection",)
    if last > MANY_HALF_LIVES * half_life:
        return (f"the scan lies {last / half_life:.0f} half-lives after the injection: check the times",)
    return ()


def _seconds(delta: NDArray[np.timedelta64]) -> Float:
    seconds: Float = np.asarray(delta / np.timedelta64(1, "us"), dtype=np.float64) / 1e6
    return seconds


def _shaped(factor: Float) -> float | Float:
    if factor.size == 1 or np.ptp(factor) == 0:
        return float(factor.flat[0])
    return factor[:, :, None, None]


def _clock(when: datetime | Times) -> str:
    if isinstance(when, datetime):
        return f"{when + timedelta(microseconds=500_000):%Y-%m-%d %H:%M:%S}"
    first, last = (_clock(end.astype("datetime64[us]").item()) for end in (when.min(), when.max()))
    return first if first == last else f"{first} to {last}"


def _span(seconds: Float) -> str:
    return f"{_range(seconds / 3600)} h"


def _range(values: Float) -> str:
    low, high = f"{values.min():.5g}", f"{values.max():.5g}"
    return low if low == high else f"{low} to {high}"


def _half_life(seconds: float, facts: Administration) -> str:
    unit, size = next(((u, s) for u, s in (("d", 86400), ("h", 3600), ("min", 60)) if seconds >= 2 * s), ("s", 1))
    return f"half-life {seconds / size:.5g} {unit} ({facts.sources.get('half_life')})"
