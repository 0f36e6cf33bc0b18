"""The data manager, as scripts use it."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume
from vqscript.session.inputs import Input


def test_sizes_and_extremes_are_those_of_the_images(lua, loaded):
    ct, nm = (item.volume for _, item in loaded.session.inputs)
    printed = lua("""
        print(dm:size())
        for i = 0, dm:size() - 1 do
          print(dm:voxelSizeX(i), dm.voxelSizeY(i), dm:voxelSizeZ(i))
          print(dm:dim(i))
          print(dm:getMin(i), dm:getMax(i), dm:unit(i))
        end
        print(dm:value(0, 10, 20, 30), dm:value(1, 30, 31, 32, 1))
    """)
    assert printed[0] == "2"
    for volume, lines in ((ct, printed[1:4]), (nm, printed[4:7])):
        assert [float(word) for word in lines[0].split()] == pytest.approx(volume.grid.spacing)
        assert [int(word) for word in lines[1].split()] == [*volume.grid.size, 1]
        low, high, unit = lines[2].split()
        assert (float(low), float(high)) == pytest.approx(volume.range())
        assert unit == volume.unit
    at_ct, at_nm = (float(word) for word in printed[7].split())
    assert at_ct == ct.values()[30, 20, 10]
    assert at_nm == pytest.approx(nm.values()[32, 31, 30])


def test_the_cached_range_is_the_display_scale(lua, loaded):
    _, high = loaded.session.inputs[1].volume.range()
    assert lua("""
        assert(dm:getMinCached(1) == dm:getMin(1) and dm:getMaxCached(1) == dm:getMax(1))
        dm:setMinMaxCache(1, 0, 60)
        print(dm:getMinCached(1), dm:getMaxCached(1))
        op("Arithmetics"):scalarMult(1, 2, "%ID")
        assert(dm:getMaxCached(1) == dm:getMax(1))
        mm:setMinMax(1, 1, 2)
        print(dm:getMinCached(1), dm:getMaxCached(1))
        mm:updateMIP()
    """) == ["0.0\t60.0", "1.0\t2.0"]
    assert loaded.session.inputs[1].volume.range()[1] == pytest.approx(2 * high)


def test_attributes_in_old_and_new_spelling(lua):
    assert lua("""
        print(dm:getDesc(0, "patientid"), dm:getDcmString(0, "PatientID"), dm:tags(0).PatientID)
        print(dm:getDesc(1, "patientsname") == dm:getDcmString(1, "PatientName"))
        print(dm:getDesc(1, "manufacturersmodelname") == dm:getDcmString(1, "ManufacturersModelName"))
        print(dm:getDcmString(1, "ManufacturerModelName") == dm:getDcmString(1, "ManufacturersModelName"))
        print(#dm:getDesc(0, "seriesdate"), tonumber(dm:getDesc(1, "patientsweight")) > 0)
        print(tonumber(dm:getDesc(1, "radionuclidetotaldose")) > 0, dm:getDesc(0, "radionuclidetotaldose") == "")
        print(dm:getDesc(0, "PixelData") == "", dm:getDesc(1, "RadiopharmaceuticalInformationSequence") == "")
    """) == ["M 01\tM 01\tM 01", "true", "true", "true", "8\ttrue", "true\ttrue", "true\ttrue"]


def test_an_attribute_that_does_not_exist(fails):
    error = fails('dm:getDesc(0, "patientwaight")')
    assert 'no DICOM attribute "patientwaight"' in str(error)
    assert error.hint == 'did you mean "PatientWeight"?'


def test_palettes(lua, loaded):
    assert lua("""
        print(dm:getPaletteName(0), dm:getPaletteName(1))
        for _, name in ipairs{"hot", "nih_fire2", "hotblue", "Gray"} do
          dm:setPalette(1, name)
          print(dm:getPaletteName(1))
        end
        ctl:setPal(1, "hot")
        dm:setPaletteFromTo(1, 0.25, 0.75)
        dm:setMinMaxCache(1, 0, 8)
    """) == ["gray\thot", "hot", "nih_fire2", "hotblue", "gray"]
    assert loaded.session.inputs[1].window == (2, 6)
    lua("ctl:setRange(1, 0, 0.5)")
    assert loaded.session.inputs[1].window == (0, 4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('dm:setPalette(1, "hott")', "hot"),
        ("dm:setPaletteFromTo(1, 0.5, 0.5)", "no part of a scale"),
        ("ctl:setRange(1, 0, 1.5)", "no part of a scale"),
        ("dm:setMinMaxCache(1, 5, 5)", "no extent"),
        ("mm:setMinMax(1, 0, math.huge)", "no extent"),
        ("dm:getMin(2)", "there is no input 2; loaded: 0, 1"),
        ("dm:getMin(-1)", "there is no input -1"),
        ("dm:getMin(0.5)", "whole number"),
        ('dm:getMin("0")', "whole number"),
        ("dm:value(0, 96, 0, 0)", "x = 96 is outside"),
        ("dm:value(0, 0, 0, 0, 0)", "no frame 0"),
        ("dm:value(0, 0, 0, 0, 2)", "no frame 2"),
        ("dm:swapData(0, 5)", "there is no input 5"),
        ("dm:remove(5)", "there is no input 5"),
        ('dm:setUnit(1, "furlong")', "no unit that is known"),
        ('dm:open("no/such/folder", 0)', "no file or folder"),
        ("dm:open({}, 0)", "no path"),
    ],
)
def test_what_cannot_be_is_one_clear_message(fails, loaded, call, message):
    before = [(item, item.limits, item.fractions, item.palette) for _, item in loaded.session.inputs]
    error = fails(call)
    assert message in str(error) + error.hint
    assert error.line == 4
    assert [(item, item.limits, item.fractions, item.palette) for _, item in loaded.session.inputs] == before


def test_swapping_copying_removing_and_clearing(lua):
    assert lua("""
        print(dm:duplicate(1), dm:size())
        op("Arithmetics"):scalarMult(2, 3, "%ID")
        dm:swapData(1, 2)
        print(dm:unit(1), dm:unit(2))
        dm:remove(1)
        print(dm:size(), pcall(dm.unit, 1))
        dm:clear()
        print(dm:size())
    """)[:2] == ["2\t3", "%ID\tuCi"]


def test_a_unit_that_is_declared_changes_no_value(lua, loaded):
    high = loaded.session.inputs[1].volume.range()[1]
    printed = lua("""
        dm:setUnit(1, "counts")
        print(dm:unit(1), dm:getMax(1))
        dm:setUnit(1, "µCi")
        for _, line in ipairs(dm:provenance(1)) do print(line) end
    """)
    assert printed[0].split()[0] == "counts"
    assert float(printed[0].split()[1]) == pytest.approx(high)
    assert printed[1:] == ["unit declared as counts (was uCi)", "unit declared as uCi (was counts)"]


@pytest.mark.parametrize(
    "call",
    [
        'dm:convertUnit(1, "%ID/g", {dose = "200 uCi", weight = 25})',
        'dm:convertUnit(1, "%ID/g", "-weight", "25 g", "-dose", 200)',
        'dm.convertUnit(1, "%id/g", "dose", "7.4 MBq")',
    ],
)
def test_conversion_with_options(lua, loaded, call):
    nm = loaded.session.inputs[1].volume
    before = nm.values()[40, 30, 30]
    printed = lua(call + "\nprint(dm:unit(1))\nfor _, line in ipairs(dm:provenance(1)) do print(line) end")
    assert printed[0] == "%ID/g"
    after = loaded.session.inputs[1].volume.values()[40, 30, 30]
    assert after == pytest.approx(before * 100 / 200 / (nm.grid.voxel_volume / 1000), rel=1e-5)
    assert "200 uCi" in printed[1]
    assert "(given)" in printed[1]


def test_conversion_takes_the_subject_information_and_says_so(lua, mice):
    printed = lua('dm:convertUnit(1, "%ID/g") print(dm:provenance(1)[1])')
    assert f"{mice.scans[0].animal.dose:.5g} uCi" in printed[0]
    assert "subject information" in printed[0]


def test_a_conversion_that_cannot_be_leaves_the_input(fails, loaded):
    values = loaded.session.inputs[1].volume.values().copy()
    for call in ('dm:convertUnit(1, "HU")', 'dm:convertUnit(0, "%ID/g")', 'dm:convertUnit(1, "SUV", "-dosis", 5)'):
        fails(call)
    assert np.array_equal(loaded.session.inputs[1].volume.values(), values)
    assert loaded.session.inputs[1].provenance == []


def test_decay_correction_is_told(desk, lua, mice):
    assert lua("print(dm:decayCorrection(1))") == ["ADMIN"]
    desk.load(mice, 2, "CT", "NM")
    assert lua("print(dm:decayCorrection(1))") == ["NONE"]


def test_frames_count_from_one(lua, loaded):
    grid = Grid((2, 2, 2))
    frames = np.stack([np.zeros(grid.shape), np.ones(grid.shape)]).astype(np.float32)
    loaded.session.place(2, Input(Volume(frames, grid)))
    assert lua("print(dm:dim(2)) print(dm:value(2, 0, 0, 0), dm:value(2, 0, 0, 0, 2))") == ["2\t2\t2\t2", "0.0\t1.0"]
