"""Subject information: entered once per study, kept as a data point, the newest one counts."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from vqscript.errors import UsageError
from vqscript.imaging.nuclides import nuclide_name
from vqscript.imaging.units import BQ_PER_UCI, parse_activity, parse_mass

if TYPE_CHECKING:
    from vqscript.datapoints.records import Subject
    from vqscript.repository.base import Repository


def set_subject(
    repository: Repository,
    study_uid: str,
    *,
    creator: str,
    dose: str | float | None = None,
    weight: str | float | None = None,
    injection_time: str = "",
    nuclide: str = "",
) -> Subject:
    """Store subject information for a study; what is not given stays as it was entered before.

    Parameters
    ----------
    repository : Repository
    study_uid : str
    creator : str
    dose : str or float, optional
        Activity at injection: ``"250 uCi"``, ``"9.25 MBq"``; a number is uCi.
    weight : str or float, optional
        ``"24 g"``; a number is g.
    injection_time : str
        ``YYYYMMDDHHMMSS``.
    nuclide : str
        ``"In-111"``.

    Raises
    ------
    UsageError
        If nothing is given, or something cannot be read as what it is.
    """
    from vqscript.datapoints.subject import build
    from vqscript.session.quantities import moment

    if dose is None and weight is None and not injection_time and not nuclide:
        raise UsageError("there is nothing to set", hint="give an injected dose, weight, injection time or nuclide")
    given_dose = None if dose is None else parse_activity(dose) / BQ_PER_UCI
    given_weight = None if weight is None else parse_mass(weight)
    given_time = moment(injection_time).strftime("%Y%m%d%H%M%S") if injection_time else ""
    given_nuclide = nuclide_name(nuclide) if nuclide else ""
    header = repository.header(study_uid)
    points = cast("list[Subject]", repository.data_points(study_uid, "subject"))
    before = points[0] if points else None
    dataset = build(
        header,
        injected_dose=given_dose if before is None or given_dose is not None else before.injected_dose,
        weight=given_weight if before is None or given_weight is not None else before.weight,
        injection_time=given_time or (before.injection_time if before else ""),
        nuclide=given_nuclide or (before.nuclide if before else ""),
        creator=creator,
    )
    repository.store_datasets([dataset])
    return cast("list[Subject]", repository.data_points(study_uid, "subject"))[0]
