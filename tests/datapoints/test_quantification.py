"""Quantification as TID 1500 reports: numbers and units come back, ours and those of others."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from vqscript.datapoints import quantification
from vqscript.datapoints.parse import parse
from vqscript.datapoints.records import Quantification, latest_first
from vqscript.errors import UsageError
from vqscript.imaging.units import UNITS
from vqscript.imaging.volume import Volume

VALUES = {
    "voxels": 1234,
    "volume": 15.425,
    "mean": 1 / 3,
    "sd": 1e-7 / 3,
    "min": -1e5 / 7,
    "max": 123456789.123,
    "median": 0.1,
    "sum": 1e12 / 7,
    "integral": 2 / 7,
    "variance": 1e-14 / 9,
    "skewness": -0.25,
    "kurtosis": 3e-5,
}

Save = Callable[[Dataset], Path]


def build(image: Volume, seg: Dataset, **changes: object) -> Dataset:
    arguments = {"name": "Liver", "input": 1, "unit": "%ID/g", "values": VALUES, "creator": "anovicki"}
    return quantification.build(image=image, roi_object=seg, segment=1, **(arguments | changes))


def read(path: Path) -> Quantification:
    (point,) = parse(pydicom.dcmread(path))
    assert isinstance(point, Quantification)
    return point


@pytest.mark.parametrize("unit", [*UNITS, "1/min", "µmol/100 g/min"])
def test_round_trip(unit: str, spect: Volume, seg: Dataset, save: Save) -> None:
    point = read(save(build(spect, seg, unit=unit)))
    assert point.unit == unit
    assert point.values == VALUES
    assert (point.name, point.input, point.creator) == ("Liver", 1, "anovicki")
    assert point.image_series == spect.source.series_uid
    assert point.roi_sop_uid == seg.SOPInstanceUID
    assert point.study_uid == spect.source.study_uid


def test_numbers_are_readable_without_floating_point_values(spect: Volume, seg: Dataset, save: Save) -> None:
    """Readers that know NumericValue only (16 characters) get single precision and better."""
    ds = build(spect, seg)
    group = ds.ContentSequence[-1].ContentSequence[0]
    for item in group.ContentSequence:
        for measured in item.get("MeasuredValueSequence", ()):
            del measured.FloatingPointValue
    values = read(save(ds)).values
    assert values.keys() == VALUES.keys()
    assert [values[field] for field in VALUES] == pytest.approx(list(VALUES.values()), rel=1e-8)


def test_what_is_absent_is_not_written(spect: Volume, seg: Dataset, save: Save) -> None:
    assert read(save(build(spect, seg, values={"voxels": 0, "volume": 0.0}))).values == {"voxels": 0, "volume": 0}
    one = {"voxels": 1, "mean": 2.5, "com": (1, 2, 3)}
    assert read(save(build(spect, seg, values=one))).values == {"voxels": 1, "mean": 2.5}


def test_numpy_numbers(spect: Volume, seg: Dataset, save: Save) -> None:
    point = read(save(build(spect, seg, values={"voxels": np.int64(3), "mean": np.float32(0.1)})))
    assert point.values == {"voxels": 3, "mean": float(np.float32(0.1))}


def test_other_readers_see_the_template(spect: Volume, seg: Dataset, save: Save) -> None:
    hd = pytest.importorskip("highdicom")
    report = hd.sr.srread(save(build(spect, seg)))
    (group,) = report.content.get_volumetric_roi_measurement_groups(tracking_uid=seg.SegmentSequence[0].TrackingUID)
    assert group.tracking_identifier == "Liver"
    measured = {
        (item.name.meaning, item.derivation.meaning if item.derivation else ""): (item.value, item.unit.value)
        for item in group.get_measurements()
    }
    activity = "Nuclear Medicine Tomographic Activity"
    assert measured[activity, "Mean"] == (1 / 3, "%{ID}/g")
    assert measured[activity, "Variance"] == (1e-14 / 9, "(%{ID}/g)2")
    assert measured["Volume", ""] == (15.425, "mm3")
    reference = group.referenced_segment[0]
    assert reference.referenced_sop_instance_uid == seg.SOPInstanceUID
    assert reference.referenced_segment_numbers == [1]
    evidence = {(series, uid) for _, series, uid, _ in report.get_evidence()}
    assert (spect.source.series_uid, spect.source.sop_uids[0]) in evidence
    assert (seg.SeriesInstanceUID, seg.SOPInstanceUID) in evidence


def test_rois_of_another_study_are_other_evidence(image: Volume, seg: Dataset) -> None:
    seg.StudyInstanceUID = "1.2.3.4"
    ds = build(image, seg)
    assert [study.StudyInstanceUID for study in ds.CurrentRequestedProcedureEvidenceSequence] == [ds.StudyInstanceUID]
    assert [study.StudyInstanceUID for study in ds.PertinentOtherEvidenceSequence] == ["1.2.3.4"]


def test_the_later_of_two_is_the_latest(spect: Volume, seg: Dataset, save: Save) -> None:
    points = [read(save(build(spect, seg, input=number))) for number in range(5)]
    assert [point.input for point in latest_first(points)] == [4, 3, 2, 1, 0]


def test_an_image_that_is_not_dicom_is_refused(image: Volume, seg: Dataset) -> None:
    nifti = Volume(image.stored, image.grid)
    with pytest.raises(UsageError, match="input 1 is no DICOM image"):
        build(nifti, seg)


def test_report_of_others(data: Path) -> None:
    """Values read off the report by hand (dsrdump); SNOMED RT codes, unit {SUVbw}g/ml, volume in ml."""
    point = read(data / "dcmqi" / "sr-example" / "sr.dcm")
    assert point.values == pytest.approx(
        {"mean": 6.01529, "min": 2.91136, "max": 10.3814, "volume": 33582.4, "sd": 1.62653, "median": 5.71824}
    )
    assert (point.name, point.unit, point.creator) == ("primary tumor", "SUVbw", "User2")
    assert point.image_series == "1.3.6.1.4.1.14519.5.2.1.2744.7002.261560220703676715130542397405"
    assert (point.date, point.time) == ("20150819", "112153")
    seg = pydicom.dcmread(data / "dcmqi" / "sr-example" / "seg.dcm", stop_before_pixels=True)
    assert point.roi_sop_uid == seg.SOPInstanceUID


def test_one_record_per_group_and_one_unit_per_record(spect: Volume, seg: Dataset, save: Save) -> None:
    ds, other = build(spect, seg), build(spect, seg, unit="HU", name="Bone", values={"mean": 400.0})
    groups = ds.ContentSequence[-1].ContentSequence
    group = other.ContentSequence[-1].ContentSequence[0]
    groups.append(group)
    # A second quantity in a group: its maximum is not of the group's unit.
    groups[0].ContentSequence = [
        item for item in groups[0].ContentSequence if "Maximum" not in str(item.get("ContentSequence", ""))
    ]
    heat = build(spect, seg, unit="Gy", values={"max": 70.0}).ContentSequence[-1].ContentSequence[0]
    groups[0].ContentSequence.append(heat.ContentSequence[-1])
    first, second = parse(pydicom.dcmread(save(ds)))
    assert (first.name, first.unit) == ("Liver", "%ID/g")
    assert first.values == {field: value for field, value in VALUES.items() if field != "max"}
    assert (second.name, second.unit, second.values) == ("Bone", "HU", {"mean": 400.0})


def test_a_value_that_is_no_number_leaves_the_rest(spect: Volume, seg: Dataset, save: Save) -> None:
    ds = build(spect, seg, values={"mean": 1.0, "max": 2.0})
    measured = ds.ContentSequence[-1].ContentSequence[0].ContentSequence[-1].MeasuredValueSequence[0]
    del measured.FloatingPointValue
    with pydicom.config.disable_value_validation():
        measured.add_new("NumericValue", "LO", "n/a")
    assert read(save(ds)).values == {"mean": 1.0}
