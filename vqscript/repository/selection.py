"""Which studies and series a filter lets through, and in which order they come: the same for every backend."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from vqscript.imaging.dicom.instance import Instance
from vqscript.repository.base import SORT_KEYS, Series, SeriesFilter, Study, StudyFilter, matches


def select_studies(studies: Iterable[Study], filters: StudyFilter) -> list[Study]:
    """Return the studies that the filters let through, in the order that they say."""
    key = SORT_KEYS[filters.sort_key] if filters.sort else "study_date"
    return sorted(
        (study for study in studies if _passes(study, filters)),
        key=lambda study: (getattr(study, key).casefold(), study.study_date, study.study_time, study.study_uid),
    )


def select_series(series: Iterable[Series], filters: SeriesFilter) -> list[Series]:
    """Return the series that the filters let through, by number, then date, time and UID."""
    found = (
        one
        for one in series
        if matches(filters.modality, one.modality) and matches(filters.description, one.series_description)
    )
    return sorted(found, key=_series_order)


def by_number(instances: Iterable[Instance]) -> tuple[Instance, ...]:
    """Return instances by InstanceNumber, those without one last."""
    return tuple(sorted(instances, key=_instance_order))


def _passes(study: Study, filters: StudyFilter) -> bool:
    if not matches(filters.name, study.patient_name) or not matches(filters.patient_id, study.patient_id):
        return False
    # A study without a date is in no span of dates, as in a DICOM query.
    if filters.date_start and not study.study_date >= filters.date_start:
        return False
    return not filters.date_end or "" < study.study_date <= filters.date_end


def _series_order(series: Series) -> tuple[Any, ...]:
    number = int(series.series_number) if series.series_number.lstrip("+-").isdecimal() else 1 << 31  # none: last
    return number, series.series_date, series.series_time, series.series_uid


def _instance_order(instance: Instance) -> tuple[int, str]:
    return (1 << 31 if instance.instance_number is None else instance.instance_number), instance.sop_uid
