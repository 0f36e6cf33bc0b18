"""Units of inputs: doses, weights and times from where they are entered, and conversion by them."""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from vqscript.errors import UsageError
from vqscript.imaging import units

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vqscript.datapoints.records import Subject
    from vqscript.imaging.administration import Administration
    from vqscript.imaging.body import LeanFormula
    from vqscript.session.inputs import Input
    from vqscript.session.session import Session

_WRITTEN = re.compile(r"(\d{4}-\d\d-\d\d|\d{8})\D\d")


class Quantities:
    """Unit conversion of inputs, with subject information taken from the repository they came from."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def set_unit(self, i: int, unit: str) -> None:
        """Say what the values of input ``i`` are; the values stay."""
        item = self._session.inputs[i]
        before, item.volume.unit = item.volume.unit, units.canonical(unit)
        item.provenance.append(f"unit declared as {item.volume.unit or 'none'} (was {before or 'none'})")

    def convert(self, i: int, unit: str, given: Administration | None = None, lean: LeanFormula | None = None) -> None:
        """Convert input ``i`` to a unit, in place.

        Dose, weight, times and half-life are taken, one by one, from ``given``, which the input remembers for later
        conversions, else from the study's subject information, else from the DICOM header; what was used is in the
        input's provenance.
        ``lean`` is the formula for lean body mass, for SUVlbm.

        Raises
        ------
        UnitError
            If something is missing or the unit cannot be reached; the input stays as it was.
        """
        from vqscript.imaging.suv import apply, convert
        from vqscript.imaging.unit_path import mark_lean

        item = self._session.inputs[i]
        before = item.volume.unit
        known = _together(item.given, given)
        conversion = convert(item.volume, units.canonical(unit), subject=self.subject(item), given=known, lean=lean)
        item.given = known
        if conversion.unit == before:
            item.provenance.append(f"asked for {before}: the values are in it already")
            return
        apply(item.volume, conversion)
        if lean and conversion.unit == "SUVlbm":
            mark_lean(item.volume, lean)
        item.changed(f"converted from {before or 'no unit'} to {conversion.unit}: " + "; ".join(conversion.notes))
        self._warn(i, conversion.warnings)

    def decay_correct(self, i: int, when: str, given: Administration | None = None) -> None:
        """Decay-correct input ``i`` to a time (local time of the scanner); frames and slices get a factor each.

        Raises
        ------
        UnitError
            If the values are no activity, or half-life or times are not known; the input stays as it was.
        """
        from vqscript.imaging.decay import mark
        from vqscript.imaging.suv import apply, decay_correction

        item = self._session.inputs[i]
        time = moment(when, "date and time")
        known = _together(item.given, given)
        conversion = decay_correction(item.volume, time, subject=self.subject(item), given=known)
        item.given = known
        apply(item.volume, conversion)
        mark(item.volume, time)
        item.changed("decay-corrected: " + "; ".join(conversion.notes))
        self._warn(i, conversion.warnings)

    def declare_decay(self, i: int, status: str) -> None:
        """Say to when the values of input ``i`` are decay-corrected: "ADMIN", "START" or "NONE"; the values stay."""
        from vqscript.imaging.decay import declare

        item = self._session.inputs[i]
        before = self.decay_status(i)[0]
        declare(item.volume, status)
        item.provenance.append(f"decay correction declared as {status} (was {before or 'not known'})")

    def _warn(self, i: int, warnings: Sequence[str]) -> None:
        for warning in warnings:
            self._session.inputs[i].provenance.append(f"warning: {warning}")
            self._session.interaction.log(f"input {i}: {warning}", "warning")

    def injected_dose(self, i: int) -> tuple[float, str]:
        """Return the dose at injection in uCi and where it is from: "subject", "header" or "none" (then 0).

        Warns, once, if a header's dose had to be interpreted, as one in a unit that it can hardly be in.
        """
        from vqscript.imaging.administration import from_header
        from vqscript.imaging.suv import injected_dose

        item = self._session.inputs[i]
        dose, source = injected_dose(item.volume, self.subject(item))
        if source == "header" and item.volume.header is not None:
            for remark in from_header(item.volume.header)[1]:
                if remark.field == "dose":
                    self._session.say_once(f"input {i} ({item.name}): {remark.text}", "warning")
        return dose, source

    def decay_status(self, i: int) -> tuple[str, str]:
        """Return to when the values are decay-corrected, and where that is said.

        ``"ADMIN"`` is the injection, ``"START"`` the start of the scan, ``"NONE"`` not at all, "" unknown.
        """
        from vqscript.imaging.suv import decay_status

        return decay_status(self._session.inputs[i].volume)

    def subject(self, item: Input) -> Administration | None:
        """Return the latest subject information of an input's study, or None."""
        if item.repository is None or item.study is None:
            return None
        points = item.repository.data_points(item.study.study_uid, "subject")
        return administration(points[0]) if points else None  # type: ignore[arg-type]


def _together(earlier: Administration | None, now: Administration | None) -> Administration | None:
    """Return what was given for an input earlier and what is given now, which goes before it."""
    return earlier.merged(now) if earlier and now else now or earlier


def administration(subject: Subject) -> Administration:
    """Return a subject-information data point as what unit conversion takes."""
    from vqscript.imaging.administration import Administration
    from vqscript.imaging.nuclides import half_life

    return Administration(
        dose=None if subject.injected_dose is None else subject.injected_dose * units.BQ_PER_UCI,
        weight=subject.weight,
        injection_time=moment(subject.injection_time) if subject.injection_time else None,
        half_life=half_life(subject.nuclide) if subject.nuclide else None,
    ).attributed("subject information")


def given(
    *,
    dose: str | float | None = None,
    weight: str | float | None = None,
    injection_time: str = "",
    nuclide: str = "",
    seconds: float | None = None,
    height: float | None = None,
    sex: str = "",
) -> Administration:
    """Return what a user gives explicitly; a bare dose is uCi, a bare weight g.

    The half-life is that of the nuclide, else ``seconds``; the height is in metres.
    """
    from vqscript.imaging.administration import Administration
    from vqscript.imaging.nuclides import half_life

    return Administration(
        dose=None if dose is None else units.parse_activity(dose),
        weight=None if weight is None else units.parse_mass(weight),
        injection_time=moment(injection_time) if injection_time else None,
        half_life=half_life(nuclide) if nuclide else seconds,
        height=height,
        sex=sex,
    ).attributed("given")


def moment(text: str, what: str = "injection time") -> datetime:
    """Read a time as people write it (``2014-01-31 09:30``) or as a DICOM DT (``20140131093000.5``).

    A time zone is dropped: scanners write local time. ``what`` says in an error what it was to be.

    Raises
    ------
    UsageError
        If it is none, or a date alone.
    """
    from vqscript.imaging.moments import from_dt

    written = text.strip()
    found = from_dt(written)
    # Python takes any character between date and time, digits too: 2024030410930, a digit short, would be 09:30.
    if found is None and _WRITTEN.match(written):
        with suppress(ValueError):
            found = datetime.fromisoformat(written).replace(tzinfo=None)
    if found is None:
        raise UsageError(f'"{text}" is no {what}', hint='write "2014-01-31 09:30", or 20140131093000')
    return found
