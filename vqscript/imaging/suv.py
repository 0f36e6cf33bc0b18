"""From activity to dose-related units and back: SUV, %ID, %ID/g.

Nothing is done silently: a :class:`Conversion` says in words which dose, times, half-life and weight it used and
where they are from, and :func:`apply` changes a volume by that one factor only.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.administration import GIVEN, SUBJECT, Administration, Remark, from_header
from vqscript.imaging.body import LeanFormula
from vqscript.imaging.decay import decay_status as decay_status
from vqscript.imaging.decay import to_injection, to_time
from vqscript.imaging.unit_path import RELATIVE, UnitPath
from vqscript.imaging.units import BQ_PER_UCI, canonical
from vqscript.imaging.volume import Volume


@dataclass(frozen=True, eq=False)
class Conversion:
    """One factor to another unit, and what it is made of.

    Attributes
    ----------
    unit : str
        The unit reached.
    factor : float or ndarray
        To multiply values with; an array is ``(t, z, 1, 1)`` or broadcasts to it.
    notes : tuple of str
        Dose, times, half-life, weight, decay factor and their sources, in words.
    warnings : tuple of str
        What may be wrong with them.
    """

    unit: str
    factor: float | NDArray[np.float64]
    notes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def convert(
    volume: Volume,
    unit: str,
    *,
    subject: Administration | None = None,
    given: Administration | None = None,
    lean: LeanFormula | None = None,
) -> Conversion:
    """Return the conversion of a volume to another unit.

    Parameters
    ----------
    volume : Volume
        Not changed.
    unit : str
        One of Bq/mL, kBq/mL, uCi/mL, uCi (per voxel), %ID, %ID/g, SUVbw, SUVlbm, SUVbsa, SUVibw.
    subject, given : Administration, optional
        From the subject information and from the user. Field by field, what is given goes before the subject
        information, and that before the header.
    lean : {"Janmahasatian", "James", "James128"}, optional
        Formula for lean body mass, for SUVlbm. :func:`vqscript.imaging.unit_path.mark_lean` keeps it for the way back.

    Returns
    -------
    Conversion

    Raises
    ------
    UnitError
        If the units do not lead to each other, or a fact is missing.

    Notes
    -----
    ``SUVbw = A[Bq/mL] * weight[g] / dose[Bq]`` and ``%ID/g = 100 * A[Bq/mL] / dose[Bq]``, with 1 mL of tissue
    taken as 1 g and A decay-corrected to the injection. SUVlbm takes Janmahasatian's formula, unless the header
    has an SUVType of another one. Back in activity, A is again as the header says (see
    :func:`vqscript.imaging.decay.decay_status`), so that there and back changes nothing.
    """
    facts, remarks = _facts(volume, subject, given)
    path = UnitPath(volume, canonical(unit), facts, remarks, lean)
    factor: float | NDArray[np.float64] = path.scale()
    if path.crosses:
        dose = path.need("dose", "injected dose")
        path.note(f"Dose {_activity(dose)} at injection ({facts.sources.get('dose')})")
        decay = to_injection(volume, facts)
        path.use(*decay.used)
        path.note(decay.note)
        path.warnings += decay.warnings
        share = decay.factor / dose
        factor = factor * share if path.target in RELATIVE else factor / share
    return _conversion(path, factor)


def convert_net(volume: Volume, unit: str, net_activity_bq: float, weight_g: float | None = None) -> Conversion:
    """Return the conversion for a net activity in the body at scan time: no decay is applied at all.

    Parameters
    ----------
    volume : Volume
    unit : str
        As in :func:`convert`.
    net_activity_bq : float
        Activity in the body at the time to which the values are corrected, Bq.
    weight_g : float, optional
        Body weight in grams; else the header's.

    Raises
    ------
    UnitError
        As :func:`convert`, and if the net activity is needed and not above 0.
    """
    facts, remarks = _facts(volume, None, Administration(weight=weight_g))
    path = UnitPath(volume, canonical(unit), facts, remarks)
    factor = path.scale()
    if path.crosses:
        if not (math.isfinite(net_activity_bq) and net_activity_bq > 0):
            raise path.error(f"a net activity of {net_activity_bq:g} Bq is no dose", 'give it, as in "9.25 MBq"')
        path.note(f"Net activity {_activity(net_activity_bq)} at scan time ({GIVEN})")
        path.note("Decay: none applied, as the net activity is that of the scan")
        factor = factor / net_activity_bq if path.target in RELATIVE else factor * net_activity_bq
    return _conversion(path, factor)


def decay_correction(
    volume: Volume,
    when: datetime,
    *,
    subject: Administration | None = None,
    given: Administration | None = None,
) -> Conversion:
    """Return what takes a volume, in its unit, to values decay-corrected to a time.

    Parameters
    ----------
    volume : Volume
        In a unit of activity.
    when : datetime
        Local time of the scanner.
    subject, given : Administration, optional
        As in :func:`convert`; the half-life counts.

    Raises
    ------
    UnitError
        As :func:`vqscript.imaging.decay.to_time`, whose :func:`~vqscript.imaging.decay.mark` belongs after applying it.
    """
    facts, remarks = _facts(volume, subject, given)
    decay = to_time(volume, when, facts)
    warnings = [remark.text for remark in remarks if remark.field in decay.used]
    return Conversion(volume.unit, decay.factor, (decay.note,), (*warnings, *decay.warnings))


def apply(volume: Volume, conversion: Conversion) -> None:
    """Change a volume's values and unit, in place.

    One factor for all voxels of an integer volume goes into its slope, and no voxel is touched; else the values
    are float32 afterwards.
    """
    factor = conversion.factor
    if isinstance(factor, float) and not np.issubdtype(volume.stored.dtype, np.floating):
        volume.slope *= factor
        volume.intercept *= factor
    elif not (isinstance(factor, float) and factor == 1):
        values = volume.as_float()
        narrow = np.asarray(factor, dtype=np.float32)
        values *= narrow if values.ndim == 4 or narrow.ndim == 0 else narrow[0]
    volume.unit = conversion.unit


def injected_dose(volume: Volume, subject: Administration | None = None) -> tuple[float, str]:
    """Return the dose at injection in uCi and where it is from: "subject", "header" or "none" (then 0)."""
    if subject is not None and subject.dose:
        return subject.dose / BQ_PER_UCI, "subject"
    if volume.header is not None and (dose := from_header(volume.header)[0].dose):
        return dose / BQ_PER_UCI, "header"
    return 0.0, "none"


def _facts(
    volume: Volume, subject: Administration | None, given: Administration | None
) -> tuple[Administration, tuple[Remark, ...]]:
    """Return what is known, each fact from the best source, and the remarks on the header."""
    facts, remarks = from_header(volume.header) if volume.header is not None else (Administration(), ())
    if subject is not None:
        facts = facts.merged(subject.attributed(SUBJECT))
    if given is not None:
        facts = facts.merged(given.attributed(GIVEN))
    return facts, remarks


def _conversion(path: UnitPath, factor: float | NDArray[np.float64]) -> Conversion:
    path.look_at(factor)
    return Conversion(path.target, factor, tuple(path.notes), tuple(dict.fromkeys(path.warnings)))


def _activity(becquerel: float) -> str:
    return f"{becquerel / 1e6:.5g} MBq ({becquerel / BQ_PER_UCI:.5g} uCi)"
