"""Subject information of a study as an Enhanced SR: what was injected, when, into how heavy a subject."""

from __future__ import annotations

import math
import re
from datetime import datetime
from typing import TYPE_CHECKING

from vqscript.datapoints import codes, sr
from vqscript.datapoints.derived import derived_instance
from vqscript.datapoints.identity import identity
from vqscript.datapoints.people import from_person_name
from vqscript.datapoints.records import Subject
from vqscript.errors import UsageError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

ENHANCED_SR = "1.2.840.10008.5.1.4.1.1.88.22"
_DATETIME = re.compile(r"(\d{14})(\.\d{1,6})?([+-]\d{4})?")


def build(
    header: Dataset,
    *,
    injected_dose: float | None = None,
    weight: float | None = None,
    injection_time: str = "",
    nuclide: str = "",
    creator: str = "",
) -> Dataset:
    """Return subject information as an Enhanced SR, ready to be saved.

    Parameters
    ----------
    header : Dataset
        Header of any instance of the study.
    injected_dose : float, optional
        Activity at the time of injection, uCi.
    weight : float, optional
        Body weight, g.
    injection_time : str
        DICOM DT, to the second: ``YYYYMMDDHHMMSS[.ffffff][+zzzz]``.
    nuclide : str
        ``In-111``, ``F-18`` ...
    creator : str

    Raises
    ------
    UsageError
        If nothing is given, or a value is impossible.

    Notes
    -----
    The root is Patient Characteristics without a template: TID 3602 of that name has no place for a radionuclide.
    """
    _check(injected_dose, weight, injection_time, nuclide)
    content = sr.observer(creator)
    if weight is not None:
        content.append(sr.number(codes.BODY_WEIGHT, weight, codes.GRAM))
    if injected_dose is not None:
        content.append(sr.number(codes.ADMINISTERED_ACTIVITY, injected_dose, codes.MICROCURIE))
    if injection_time:
        content.append(sr.moment(codes.INJECTION_TIME, injection_time))
    if nuclide:
        content.append(sr.text(codes.RADIONUCLIDE, nuclide))
    ds = derived_instance(header, sop_class=ENHANCED_SR, modality="SR", description="Subject information", offset=3000)
    sr.complete(ds, sr.container(codes.PATIENT_CHARACTERISTICS, content))
    return ds


def is_subject(ds: Dataset) -> bool:
    """Whether a report is subject information as :func:`build` writes it."""
    return sr.concept(ds).key == codes.PATIENT_CHARACTERISTICS.key


def read(ds: Dataset) -> Subject:
    """Return the record of a subject information report."""
    creator = from_person_name(sr.first_text(ds, codes.OBSERVER_NAME, "PersonName"))
    return Subject(
        **identity(ds, creator),
        injected_dose=_value(ds, codes.ADMINISTERED_ACTIVITY, codes.MICROCURIE),
        weight=_value(ds, codes.BODY_WEIGHT, codes.GRAM),
        injection_time=sr.first_text(ds, codes.INJECTION_TIME, "DateTime"),
        nuclide=sr.first_text(ds, codes.RADIONUCLIDE, "TextValue"),
    )


def _value(ds: Dataset, name: codes.Concept, unit: codes.Concept) -> float | None:
    # Another unit is not guessed at: a dose in the wrong unit would go unnoticed into every %ID/g.
    found = (sr.measured(item) for item in sr.children(ds, name))
    return next((value[0] for value in found if value and value[1].key == unit.key), None)


def _check(injected_dose: float | None, weight: float | None, injection_time: str, nuclide: str) -> None:
    if injected_dose is None and weight is None and not injection_time and not nuclide:
        raise UsageError("there is no subject information to store", hint="give an injected dose, a weight ...")
    if injected_dose is not None and not (math.isfinite(injected_dose) and injected_dose >= 0):
        raise UsageError(f"the injected dose cannot be {injected_dose:g} uCi")
    if weight is not None and not (math.isfinite(weight) and weight > 0):
        raise UsageError(f"the weight cannot be {weight:g} g")
    if injection_time and not _is_datetime(injection_time):
        raise UsageError(
            f'the injection time "{injection_time}" is none', hint="write YYYYMMDDHHMMSS, as in 20140131093000"
        )


def _is_datetime(text: str) -> bool:
    parts = _DATETIME.fullmatch(text)
    if not parts:
        return False
    try:
        datetime.strptime(parts[1], "%Y%m%d%H%M%S")
    except ValueError:
        return False
    return True
