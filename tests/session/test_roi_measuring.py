"""Measuring in a session: against numpy, over frames, as tables."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest
from pydicom.dataset import Dataset

from vqscript.errors import RoiError, UsageError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Timing
from vqscript.roi.method import Method

CT = Grid((12, 10, 8), (0.5, 1.0, 2.0), (3.0, 4.0, 5.0), frame_of_reference="1.2")
VALUES = np.random.default_rng(7).integers(-1000, 1000, CT.shape).astype(np.int16)


@pytest.fixture
def tool(desk, put):
    """Two ROIs on two layers that overlap, and an empty one; input 1 has two frames."""
    put(0, VALUES, grid=CT, unit="HU", study="1.9", modality="CT")
    put(1, np.stack([VALUES, VALUES * 2]).astype(np.float32), grid=CT, unit="uCi", study="1.9")
    rois = desk.session.rois
    box = np.zeros(CT.shape, bool)
    box[2:5, 3:6, 4:9] = True
    rois.set_mask(rois.add("Heart", "#ff0000"), box)
    rois.add_layer()
    rois.set_mask(rois.add("Left kidney", "#00ff00", layer=2), np.roll(box, 2, axis=2))
    rois.add("Nothing")
    return desk.session.roi_tool


def test_statistics_are_those_of_numpy(tool):
    inside = VALUES[tool.rois.mask(1)].astype(float)
    found = tool.statistics(1, 0).fields()
    assert found["voxels"] == inside.size == 45
    assert found["volume"] == 45 * 1.0
    assert found["mean"] == pytest.approx(inside.mean())
    assert found["sd"] == pytest.approx(inside.std(ddof=1))
    assert found["sum"] == pytest.approx(inside.sum())
    assert found["median"] == pytest.approx(np.median(inside))
    assert (found["unit"], found["sampling"]) == ("HU", "voxel")
    assert tool.statistics(1, 1, frame=1).number("mean") == pytest.approx(2 * inside.mean())


def test_the_input_of_the_tool_is_measured_where_none_is_named(tool):
    assert tool.statistics(1).unit == "HU"
    tool.input = 1
    assert tool.statistics(1).unit == "uCi"
    assert [one.unit for one in tool.table()] == ["uCi"] * 3


def test_an_empty_roi_has_no_values(tool):
    assert tool.statistics(3, 0).fields() == {
        "name": "Nothing", "voxels": 0, "volume": 0.0, "volumeML": 0.0, "unit": "HU", "sampling": "voxel",
    }  # fmt: skip


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_table_is_tidy_and_each_number_has_its_unit(tool, tmp_path):
    path = tool.export_table(tmp_path / "day.1")
    assert path.name == "day.1.csv"
    rows = rows_of(path)
    assert list(rows[0]) == [
        "patient_id", "study_date", "study_uid", "series_uid", "input", "frame", "start_s", "duration_s", "mid_s",
        "roi", "statistic", "value", "unit", "sampling", "decay",
    ]  # fmt: skip
    found = {(row["roi"], row["input"], row["frame"], row["statistic"]): row for row in rows}
    assert len(found) == len(rows)
    inside = VALUES[tool.rois.mask(1)].astype(float)
    for key, value, unit in (
        (("Heart", "0", "1", "mean"), inside.mean(), "HU"),
        (("Heart", "0", "1", "variance"), inside.var(ddof=1), "HU^2"),
        (("Heart", "0", "1", "volume"), 45, "mm3"),
        (("Heart", "0", "1", "volumeML"), 0.045, "mL"),
        (("Heart", "0", "1", "comMm.x"), 3 + 0.5 * 6, "mm"),
        (("Heart", "0", "1", "com.z"), 3, "voxel"),
        (("Heart", "1", "2", "mean"), 2 * inside.mean(), "uCi"),
        (("Heart", "1", "2", "totalUptake"), 2 * inside.sum(), "uCi"),
    ):
        assert float(found[key]["value"]) == pytest.approx(value, rel=1e-6), key
        assert found[key]["unit"] == unit, key
    assert rows[0]["study_uid"] == "1.9"
    assert [(row["statistic"], row["value"]) for row in rows if row["roi"] == "Nothing" and row["input"] == "0"] == [
        ("voxels", "0"), ("volume", "0.0"), ("volumeML", "0.0"),
    ]  # fmt: skip
    assert not {"maxDiameter", "std"} & {row["statistic"] for row in rows}


def test_a_wide_table_has_a_row_for_each_roi_input_and_frame(tool, tmp_path):
    rows = rows_of(tool.export_table(tmp_path / "wide", layout="wide"))
    assert [(row["roi"], row["input"], row["frame"], row["unit"]) for row in rows[:4]] == [
        ("Heart", "0", "1", "HU"), ("Left kidney", "0", "1", "HU"), ("Nothing", "0", "1", "HU"),
        ("Heart", "1", "1", "uCi"),
    ]  # fmt: skip
    assert len(rows) == 3 * 3
    inside = VALUES[tool.rois.mask(1)].astype(float)
    assert float(rows[0]["mean"]) == pytest.approx(inside.mean(), rel=1e-12)
    assert float(rows[6]["mean"]) == pytest.approx(2 * inside.mean(), rel=1e-6)
    assert (rows[0]["volume_mm3"], rows[0]["volume_mL"], rows[0]["com_mm.x"], rows[0]["com.x"]) == (
        "45.0", "0.045", "6.0", "6.0",
    )  # fmt: skip
    assert (rows[2]["voxels"], rows[2]["mean"]) == ("0", "")


def test_a_table_of_what_was_named(tool, tmp_path):
    names = ["mean", "maxDiameter", "p2.5"]
    rows = rows_of(tool.export_table(tmp_path / "tidy", [0], fields=names))
    assert [row["statistic"] for row in rows] == names * 2
    (first, *_) = rows_of(tool.export_table(tmp_path / "wide", [0], layout="wide", fields=names))
    assert list(first)[10:13] == ["mean", "maxDiameter_mm", "p2.5"]
    inside = VALUES[tool.rois.mask(1)]
    assert float(first["p2.5"]) == pytest.approx(np.percentile(inside, 2.5))
    assert float(first["maxDiameter_mm"]) == pytest.approx(float(rows[1]["value"]))
    with pytest.raises(RoiError, match='no statistic is called "maen"') as caught:
        tool.export_table(tmp_path / "wrong", fields=["maen"])
    assert caught.value.hint == 'did you mean "mean"?'
    assert not (tmp_path / "wrong.csv").exists()


def test_a_table_with_all_that_takes_longer(tool, tmp_path):
    rows = rows_of(tool.export_table(tmp_path / "a", [0], method=Method(full=True, percentiles=(1,))))
    assert {"maxDiameter", "globalPeak", "localPeak", "peakPosition.x", "p1"} <= {row["statistic"] for row in rows}


def test_json_holds_the_same_as_the_tables(tool, tmp_path):
    tidy = json.loads(tool.export_table(tmp_path / "tidy.json").read_text(encoding="utf-8"))
    table = rows_of(tool.export_table(tmp_path / "tidy"))
    assert [{key: "" if value is None else str(value) for key, value in row.items()} for row in tidy] == table
    (heart, *_, last) = json.loads(tool.export_table(tmp_path / "wide.json", layout="wide").read_text())
    inside = VALUES[tool.rois.mask(1)].astype(float)
    assert heart["roi"] == "Heart"
    assert heart["statistics"]["mean"] == {"value": pytest.approx(inside.mean()), "unit": "HU"}
    assert heart["statistics"]["com"] == {"value": [6, 4, 3], "unit": "voxel"}
    assert (last["roi"], last["input"], last["frame"], last["statistics"]["voxels"]["value"]) == ("Nothing", 1, 2, 0)


def test_json_has_no_infinite_numbers(desk, put, tmp_path):
    values = np.ones((2, 3, 4), np.float32)
    values[0, 0, 0] = np.inf
    put(0, values, unit="SUVbw")
    desk.session.rois.set_mask(desk.session.rois.add("All"), values > 0)
    path = desk.session.roi_tool.export_table(tmp_path / "a.json", fields=["max", "min", "sd"])
    assert [row["value"] for row in json.loads(path.read_text())] == ["inf", 1]


def test_a_table_of_chosen_inputs_or_of_those_that_are_on(tool, desk, tmp_path):
    only = tool.export_table(tmp_path / "a", [1]).read_text().splitlines()
    assert {line.split(",")[4] for line in only[1:]} == {"1"}
    desk.session.inputs[1].show = False
    on = tool.export_table(tmp_path / "b").read_text().splitlines()
    assert {line.split(",")[4] for line in on[1:]} == {"0"}
    with pytest.raises(UsageError, match="no input 4"):
        tool.export_table(tmp_path / "c", [4])
    assert not (tmp_path / "c.csv").exists()


def test_a_name_that_looks_like_a_formula_is_no_formula(tool, tmp_path):
    tool.rois.edit(1, name="=1+1")
    assert ",'=1+1," in tool.export_table(tmp_path / "a").read_text()


# ---- frames ------------------------------------------------------------------------------------------


def dynamic(put, unit, header=None, timing=None, frame_times=(0.0, 60.0, 180.0)):
    """Three frames of 100, 50 and 25."""
    values = np.full((3, 2, 3, 4), 100.0, np.float32) * np.array([1, 0.5, 0.25], np.float32)[:, None, None, None]
    return put(0, values, unit=unit, header=header, timing=timing, frame_times=frame_times, modality="PT")


def timing(durations):
    shape = (len(durations), 1)
    return Timing(
        np.full(shape, "2025-01-01T10:00", "datetime64[us]"), np.reshape(durations, shape), np.full(shape, np.nan)
    )


def pet_header(correction):
    header = Dataset()
    header.Modality = "PT"
    header.DecayCorrection = correction
    return header


@pytest.fixture
def curve(desk):
    """The curve of an ROI of all voxels of input 0."""

    def curve(**about):
        rois = desk.session.rois
        if not len(rois):
            rois.set_mask(rois.add("All"), np.ones(rois.grid.shape, bool))
        return desk.session.roi_tool.curve(1, 0, **about)

    return curve


def test_a_curve_has_the_times_of_its_frames(put, curve, desk, tmp_path):
    dynamic(put, "Bq/mL", pet_header("START"), timing([60.0, 120.0, 120.0]))
    found = curve()
    assert [one.frame for one in found] == [(1, 0, 60, 30), (2, 60, 120, 120), (3, 180, 120, 240)]
    assert [one.statistics.number("mean") for one in found] == [100, 50, 25]
    assert {one.decay for one in found} == {"corrected to the start of the scan (DecayCorrection is START)"}
    rows = rows_of(desk.session.roi_tool.export_table(tmp_path / "curve", fields=["mean"]))
    assert [(row["frame"], row["mid_s"], row["value"], row["unit"]) for row in rows] == [
        ("1", "30.0", "100.0", "Bq/mL"), ("2", "120.0", "50.0", "Bq/mL"), ("3", "240.0", "25.0", "Bq/mL"),
    ]  # fmt: skip
    assert {row["decay"] for row in rows} == {found[0].decay}


@pytest.mark.parametrize(
    ("unit", "correction", "said"),
    [
        ("kBq/mL", "ADMIN", "corrected to the injection (DecayCorrection is ADMIN)"),
        ("uCi", "NONE", "not corrected (DecayCorrection is NONE)"),
        ("SUVbw", "START", "divided by the dose at the same time"),
        ("%ID/g", "START", "divided by the dose at the same time"),
        ("HU", "START", ""),
        ("counts", None, "unknown (there is no DICOM header)"),
    ],
)
def test_a_curve_says_to_when_its_values_are_corrected(put, curve, unit, correction, said):
    dynamic(put, unit, None if correction is None else pet_header(correction))
    assert {one.decay for one in curve()} == {said}


def test_a_curve_says_a_time_that_values_were_corrected_to(put, curve):
    header = pet_header("START")
    header.DecayCorrectionDateTime = "20250101093000.000000"
    dynamic(put, "Bq/mL", header)
    assert curve()[0].decay == "corrected to 2025-01-01 09:30:00 (DecayCorrection is START)"


def test_times_that_are_not_known_are_absent(put, curve):
    dynamic(put, "Bq/mL", timing=timing([60.0, np.nan, 0.0]), frame_times=())
    assert [one.frame[1:] for one in curve()] == [(None, 60, None), (None, None, None), (None, None, None)]
    dynamic(put, "Bq/mL", timing=timing([600.0]))  # one acquisition of several gates
    assert [one.frame[1:] for one in curve()] == [(0, None, None), (60, None, None), (180, None, None)]


def test_a_duration_that_differs_from_slice_to_slice_is_none(put, curve):
    durations = np.array([[60.0, 60.0], [60.0, 90.0], [60.0, 60.0]])
    when = np.full(durations.shape, "2025-01-01T10:00", "datetime64[us]")
    dynamic(put, "Bq/mL", timing=Timing(when, durations, np.full(durations.shape, np.nan)))
    assert [one.frame.duration for one in curve()] == [60, None, 60]


def test_an_image_of_one_frame_is_a_curve_of_one_point(put, curve):
    put(0, np.ones((2, 3, 4), np.float32), unit="Bq/mL", timing=timing([300.0]))
    assert [one.frame for one in curve()] == [(1, 0, 300, 150)]


def test_a_curve_of_an_input_of_another_grid(tool, desk, put):
    coarse = Grid((4, 5, 4), (1.5, 2.0, 4.0), (3.5, 4.5, 6.0), frame_of_reference="1.2")
    put(2, np.stack([np.full(coarse.shape, value, np.float32) for value in (4, 2)]), grid=coarse, unit="uCi")
    found = tool.curve(1, 2)
    assert {one.statistics.sampling for one in found} == {"linear, total preserved"}
    expected = [value * 45 * CT.voxel_volume / coarse.voxel_volume for value in (4, 2)]
    assert [one.statistics.number("sum") for one in found] == pytest.approx(expected, rel=1e-6)
    native = tool.curve(1, 2, Method(sampling="native"))
    assert {one.statistics.sampling for one in native} == {"native"}
    assert [one.statistics.number("mean") for one in native] == [4, 2]
