"""Measuring, as scripts do it."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from vqscript.errors import ScriptError


@pytest.fixture
def tool(lua, loaded):
    """Two ROIs, drawn from Python, and an empty one; the tool is open as ``roi``, input 1 is on another grid."""
    rois = loaded.session.rois
    for k, name in enumerate(("Heart", "Liver")):
        mask = np.zeros(rois.grid.shape, bool)
        mask[30:34, 30 + k * 10 : 35 + k * 10, 40:46] = True
        rois.set_mask(rois.add(name), mask)
    rois.add("Nothing")
    return lambda code: lua('local roi = op("3D ROI Tool")\n' + code)


def test_every_number_has_a_unit(tool):
    printed = tool("""
        local s = roi:statistics(1, 1)
        for name, value in pairs(s) do
          if type(value) == "number" and not s.units[name] then print("no unit: " .. name) end
        end
        print(s.units.mean, s.units.volume, s.units.volumeML, s.units.comMm, s.units.maxPosition, s.units.totalUptake)
        local none = roi:statistics(3, 1)
        print(none.voxels, none.mean, none.units.voxels, none.units.mean)
    """)
    assert printed == ["uCi\tmm3\tmL\tmm\tvoxel\tuCi", "0\tnil\tvoxels\tnil"]


def test_options_of_a_measurement(tool):
    printed = tool("""
        local usual = roi:statistics(1, 1)
        print(usual.sampling, usual.maxDiameter, usual.globalPeak, usual["p2.5"])
        local s = roi:statistics(1, 1, nil, "-full", true, "-sampling", "native", "-percentiles", {2.5},
          "-binwidth", 1e-4)
        print(s.sampling, s.maxDiameter > 0, s.globalPeak >= s.localPeak, s["p2.5"] <= s.p5, s.entropyBinWidth)
        local rows = roi:table(1, 1, {full = true})
        print(#rows, rows[2].name, rows[2].maxDiameter > 0, rows[3].voxels, rows[3].maxDiameter)
        print(roi:statistics(1, 1, "-sampling", "native").mean == s.mean, #roi:table("-full", true))
    """)
    assert printed == [
        "linear, total preserved\tnil\tnil\tnil",
        "native\ttrue\ttrue\ttrue\t0.0001",
        "3\tLiver\ttrue\t0\tnil",
        "true\t3",
    ]


def test_positions_are_where_the_cursor_can_go(tool, loaded):
    printed = tool("""
        local s = roi:statistics(1, 0)
        ctl:setPos(0, s.maxPosition[1]) ctl:setPos(1, s.maxPosition[2]) ctl:setPos(2, s.maxPosition[3])
        print(dm:value(0, s.maxPosition[1], s.maxPosition[2], s.maxPosition[3]) == s.max)
    """)
    assert printed == ["true"]


def test_a_curve(tool, loaded):
    printed = tool("""
        local curve = roi:curve(1, 1)
        local at, s = curve[1], roi:statistics(1, 1)
        print(#curve, at.frame, at.start, at.name, at.unit, at.mean == s.mean, at.units.mean)
        print(at.decay)
    """)
    assert printed[0] == "1\t1\t0.0\tHeart\tuCi\ttrue\tuCi"
    assert "DecayCorrection" in printed[1]


def test_tables(tool, loaded):
    printed = tool("""
        print(roi:exportTable("rois"))
        print(roi:exportTable("wide", {1}, "-layout", "wide", "-fields", {"mean", "sd"}))
        print(roi:exportTable("rois.json", nil, {fields = {"mean"}}))
    """)
    assert printed == [str(loaded.output / name) for name in ("rois.csv", "wide.csv", "rois.json")]
    with (loaded.output / "rois.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {(row["patient_id"], row["input"], row["roi"]) for row in rows} == {
        ("M 01", i, roi) for i in "01" for roi in ("Heart", "Liver", "Nothing")
    }
    with (loaded.output / "wide.csv").open(newline="", encoding="utf-8") as file:
        (heart, liver, nothing) = csv.DictReader(file)
    assert list(heart)[-6:] == ["roi", "mean", "sd", "unit", "sampling", "decay"]
    assert (float(heart["mean"]) > 0, nothing["mean"], liver["unit"]) == (True, "", "uCi")
    means = json.loads((loaded.output / "rois.json").read_text(encoding="utf-8"))
    assert [(row["roi"], row["input"], row["unit"]) for row in means] == [
        ("Heart", 0, "HU"), ("Liver", 0, "HU"), ("Heart", 1, "uCi"), ("Liver", 1, "uCi"),
    ]  # fmt: skip


def test_what_is_measured_can_be_listed(tool):
    printed = tool("""
        local known = {}
        for _, f in ipairs(roi:fields(1)) do
          known[f.name] = f
          if f.meaning == "" then print("no meaning: " .. f.name) end
        end
        print(known.mean.unit, known.integral.unit, known.volume.unit, known.maxDiameter.full, known.mean.full)
        for name in pairs(roi:statistics(1, 1, nil, "-full", true).units) do
          if not known[name] then print("not listed: " .. name) end
        end
    """)
    assert printed == ["uCi\tuCi*mL\tmm3\ttrue\tfalse"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('roi:statistics(1, 0, 1, "-ful", true)', 'no option "-ful"'),
        ('roi:statistics(1, 0, "-ful", true)', 'no option "-ful"'),
        ('roi:statistics(1, "-full")', 'the option "-full" has no value'),
        ('roi:statistics("-full", true)', 'j takes a whole number, got "-full"'),
        ('roi:exportTable("rois", "-layout", "long")', "takes one of tidy, wide"),
        ('roi:statistics(1, 0, 1, "-sampling", "nearest")', "takes one of linear, native"),
        ('roi:statistics(1, 0, 1, "-percentiles", {101})', "no percentile 101"),
        ('roi:statistics(1, 0, 1, "-binwidth", 0)', "bins of 0"),
        ('roi:statistics(1, 0, 1, "-binwidth", "wide")', "takes a number"),
        ('roi:table(0, 1, "-binwidth", -1)', "bins of -1"),
        ("roi:curve(1, 7)", "no input 7"),
        ("roi:curve(9, 0)", "no ROI 9"),
        ('roi:exportTable("rois", nil, "-layout", "long")', "takes one of tidy, wide"),
        ('roi:exportTable("rois", nil, "-fields", {"avg"})', 'no statistic is called "avg"'),
        ('roi:exportTable("rois", nil, "-fields", {"p101"})', "no percentile 101"),
        ('roi:exportTable("rois", {4})', "no input 4"),
        ('roi:exportTable("rois.xlsx")', "rois.xlsx"),
        ('roi:exportTable("/elsewhere/rois")', "may not write"),
    ],
)
def test_what_cannot_be_is_one_clear_message_and_no_file(tool, loaded, call, message):
    with pytest.raises(ScriptError) as caught:
        tool(call)
    assert caught.value.kind != "InternalError"
    assert message in str(caught.value)
    assert not list(loaded.output.glob("rois*"))
