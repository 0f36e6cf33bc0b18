"""Subject information as Enhanced SR."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from vqscript.datapoints import subject
from vqscript.datapoints.parse import parse
from vqscript.datapoints.records import Subject
from vqscript.errors import UsageError

Save = Callable[[Dataset], Path]


def read(path: Path) -> Subject:
    (point,) = parse(pydicom.dcmread(path))
    assert isinstance(point, Subject)
    return point


@pytest.mark.parametrize(
    "entered",
    [
        {"injected_dose": 250.3, "weight": 24.1, "injection_time": "20140131093000", "nuclide": "In-111"},
        {"injected_dose": 1 / 3},
        {"weight": 70_000.0},
        {"injection_time": "20140131093000.123456+0100"},
        {"nuclide": "F-18"},
    ],
)
def test_round_trip(entered: dict[str, float | str], header: Dataset, save: Save) -> None:
    point = read(save(subject.build(header, creator="bsmith", **entered)))
    absent = {"injected_dose": None, "weight": None, "injection_time": "", "nuclide": ""}
    assert {field: getattr(point, field) for field in absent} == absent | entered
    assert (point.creator, point.study_uid) == ("bsmith", header.StudyInstanceUID)


def test_patient_and_study_are_those_of_the_image(header: Dataset, save: Save) -> None:
    ds = pydicom.dcmread(save(subject.build(header, weight=20.0)))
    assert str(ds.PatientName) == "Müller^Ünal"
    assert (ds.PatientID, ds.StudyID, ds.StudyDescription) == ("S1 m4", "17", "Biodistribution")
    assert ds.SeriesInstanceUID != header.SeriesInstanceUID


@pytest.mark.parametrize(
    ("entered", "message"),
    [
        ({}, "no subject information"),
        ({"injected_dose": -1.0}, "dose cannot be -1"),
        ({"injected_dose": float("nan")}, "dose cannot be nan"),
        ({"weight": 0.0}, "weight cannot be 0"),
        ({"injection_time": "31.1.2014 9:30"}, "injection time"),
        ({"injection_time": "20140231093000"}, "injection time"),
    ],
)
def test_impossible_values_are_refused(entered: dict[str, float | str], message: str, header: Dataset) -> None:
    with pytest.raises(UsageError, match=message):
        subject.build(header, **entered)


def test_another_unit_is_not_taken_for_ours(header: Dataset, save: Save) -> None:
    ds = subject.build(header, injected_dose=250.0, weight=24.0)
    dose = next(item for item in ds.ContentSequence if item.ConceptNameCodeSequence[0].CodeValue == "113507")
    dose.MeasuredValueSequence[0].MeasurementUnitsCodeSequence[0].CodeValue = "MBq"
    point = read(save(ds))
    assert (point.injected_dose, point.weight) == (None, 24.0)
