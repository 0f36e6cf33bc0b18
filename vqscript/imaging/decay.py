"""Physical decay: the factor that takes the activity in a volume to the injection, or to any other moment."""

from __future__ import annotations

import copy
import math
from datetime import datetime
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import UnitError
from vqscript.imaging.administration import Administration
from vqscript.imaging.decay_reference import Reference, clock, reference, seconds, shown
from vqscript.imaging.decay_reference import about as about
from vqscript.imaging.decay_reference import decay_status as decay_status
from vqscript.imaging.decay_reference import reference_time as reference_time
from vqscript.imaging.volume import Volume

Float = NDArray[np.float64]

LATEST_START = 3600.0
MANY_HALF_LIVES = 10.0
# A factor of 2^100 is beyond anything that was ever measured, and not far from what float32 can hold.
MOST_HALF_LIVES = 100.0

ACTIVITY = ("Bq/mL", "kBq/mL", "uCi/mL", "uCi", "counts")
"""Units of what decays; values relative to a dose refer to the injection already."""


class Decay(NamedTuple):
    """From the activity in a volume to the activity decay-corrected to the injection, or to another moment.

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
    found = reference(volume, facts.half_life)
    warnings = _check(seconds(found.at - np.datetime64(facts.injection_time, "us")), facts, volume) + found.warnings
    named = f"injection at {clock(facts.injection_time)} ({facts.sources.get('injection_time')})"
    factor, note = _factor(volume, found, facts.injection_time, facts, named, "injection")
    return Decay(factor, note, warnings, ("injection_time", "half_life"))


def to_time(volume: Volume, when: datetime, facts: Administration, *, corrected_to: datetime | None = None) -> Decay:
    """Return what takes the activity in a volume to activity decay-corrected to a given time.

    Parameters
    ----------
    volume : Volume
        In a unit of :data:`ACTIVITY`. Frames and slices that are not corrected yet get a factor each.
    when : datetime
        Local time of the scanner.
    facts : Administration
        The half-life is needed; the injection time only if the values are corrected to the injection.
    corrected_to : datetime, optional
        To when the values are corrected now, for a volume whose header does not say it.

    Raises
    ------
    UnitError
        If the values are no activity, or the half-life or the moment they refer to is not known.
    """
    if volume.unit not in ACTIVITY:
        raise UnitError(
            f"values in {volume.unit or 'no unit'} are no activity that decays",
            hint="convert them to Bq/mL first, or say what they are with setUnit",
            **about(volume),
        )
    if not facts.half_life:
        raise UnitError(
            "the half-life is not known, so nothing can be decay-corrected",
            hint="give the nuclide, or store it with the subject information of the study",
            **about(volume),
        )
    found = _present(volume, facts, corrected_to)
    elapsed = seconds(found.at - np.datetime64(when, "us"))
    warnings = found.warnings
    if float(np.abs(elapsed).max()) > MANY_HALF_LIVES * facts.half_life:
        lives = float(np.abs(elapsed).max()) / facts.half_life
        warnings += (f"{clock(when)} lies {lives:.0f} half-lives from the scan: check the times",)
    factor, note = _factor(volume, found, when, facts, clock(when), clock(when))
    used = ("half_life", "injection_time") if decay_status(volume)[0] == "ADMIN" else ("half_life",)
    return Decay(factor, note, warnings, used)


def mark(volume: Volume, when: datetime) -> None:
    """Write into a volume's header that its values are decay-corrected to a time, after :func:`to_time`.

    Without it a later conversion would correct them again. The header becomes one of the volume's own; a volume
    without a header has no place for it.
    """
    if volume.header is None:
        return
    header = copy.deepcopy(volume.header)
    header.DecayCorrection = "START"
    # An attribute of enhanced PET, and the only one of DICOM that names the moment; it goes before all others here.
    header.DecayCorrectionDateTime = f"{when:%Y%m%d%H%M%S.%f}"
    volume.header = header


def declare(volume: Volume, status: str) -> None:
    """Write into a volume's header what its values are, where the header does not say it or says it wrongly.

    Parameters
    ----------
    volume : Volume
        Its values stay; the header becomes one of its own.
    status : {"ADMIN", "START", "NONE"}
        Corrected to the injection, to the start of the scan, or not.

    Raises
    ------
    UnitError
        For another status, or a volume without a header to write into.
    """
    if status not in ("ADMIN", "START", "NONE"):
        raise UnitError(f'"{status}" is no decay correction', hint="ADMIN, START or NONE")
    if volume.header is None:
        raise UnitError(
            "an image without a DICOM header has no place to say to when it is corrected",
            hint="convertUnit takes its values as corrected to the injection",
            **about(volume),
        )
    header = copy.deepcopy(volume.header)
    header.DecayCorrection = status
    if "DecayCorrectionDateTime" in header:
        del header.DecayCorrectionDateTime
    volume.header = header


def _present(volume: Volume, facts: Administration, corrected_to: datetime | None) -> Reference:
    """Return the moment to which the values refer now."""
    assert facts.half_life
    status, where = decay_status(volume)
    if corrected_to is not None:
        if status:
            raise UnitError(
                f"it was said to when the values are decay-corrected, and the header says it too ({where})",
                hint="leave it out, and the header's is taken",
                **about(volume),
            )
        at = np.asarray(np.datetime64(corrected_to, "us"))
        return Reference(at, np.ones(()), f"corrected to {clock(corrected_to)} (given),")
    if status in {"START", "NONE"}:
        return reference(volume, facts.half_life)
    if status == "ADMIN" and facts.injection_time is not None:
        at = np.asarray(np.datetime64(facts.injection_time, "us"))
        source = facts.sources.get("injection_time")
        return Reference(at, np.ones(()), f"corrected to injection at {clock(at)} ({where}; time from {source}),")
    missing = "when the injection was" if status else "to when the values are decay-corrected"
    raise UnitError(
        f"it is not known {missing} ({where})",
        hint="give the injection time" if status else "say to when they are corrected now",
        **about(volume),
    )


def _factor(
    volume: Volume, found: Reference, when: datetime, facts: Administration, named: str, target: str
) -> tuple[float | Float, str]:
    assert facts.half_life
    elapsed = seconds(found.at - np.datetime64(when, "us"))
    lives = float(np.abs(elapsed).max()) / facts.half_life
    if lives > MOST_HALF_LIVES:
        raise UnitError(
            f"{clock(found.at)}, to which the values refer, and {named} lie {lives:.0f} half-lives apart: "
            "no activity lasts that long",
            hint=f"check the times, and the {_half_life(facts.half_life, facts)}",
            **about(volume),
        )
    factor = found.loss * np.exp(math.log(2) / facts.half_life * elapsed)
    apart = f"{shown(np.abs(elapsed) / 3600)} h {'before' if float(elapsed.max()) < 0 else 'after'}"
    note = (
        f"Decay: {found.text} {apart} {named}{found.lasted}; {_half_life(facts.half_life, facts)}; "
        f"times {shown(factor)} to {target}"
    )
    return _shaped(factor), note


def _check(elapsed: Float, facts: Administration, volume: Volume) -> tuple[str, ...]:
    assert facts.injection_time is not None
    assert facts.half_life
    first, last = float(elapsed.min()), float(elapsed.max())
    if first < -LATEST_START:
        raise UnitError(
            f"the injection at {clock(facts.injection_time)} lies {-first / 3600:.5g} h after the scan",
            hint="check the injection time and the date and time of the scan, or give the injection time",
            **about(volume),
        )
    if first < 0:
        return (f"the scan began {-first:.0f} s before the injection",)
    if last > MANY_HALF_LIVES * facts.half_life:
        return (f"the scan lies {last / facts.half_life:.0f} half-lives after the injection: check the times",)
    return ()


def _shaped(factor: Float) -> float | Float:
    if factor.size == 1 or np.ptp(factor) == 0:
        return float(factor.flat[0])
    return factor[:, :, None, None]


def _half_life(seconds: float, facts: Administration) -> str:
    unit, size = next(((u, s) for u, s in (("d", 86400), ("h", 3600), ("min", 60)) if seconds >= 2 * s), ("s", 1))
    return f"half-life {seconds / size:.5g} {unit} ({facts.sources.get('half_life')})"
