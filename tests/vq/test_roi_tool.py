"""The 3D ROI Tool, as scripts use it."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.errors import ScriptError


@pytest.fixture
def tool(lua, loaded):
    """Two ROIs, drawn from Python; the tool is open as ``roi``."""
    rois = loaded.session.rois
    for k, name in enumerate(("Heart", "Liver")):
        mask = np.zeros(rois.grid.shape, bool)
        mask[30:34, 30 + k * 10 : 35 + k * 10, 40:46] = True
        rois.set_mask(rois.add(name, ("#ff0000", "#00ff00")[k]), mask)
    return lambda code: lua('local roi = op("3D ROI Tool")\n' + code)


def test_numbers_begin_at_one_and_the_background_is_counted(tool):
    assert tool("""
        print(roi:numROIs())
        for j = 1, roi:numROIs() - 1 do print(table.unpack(roi:getROIDetails(j))) end
        print(roi:addROI("Lung", "#0000FF"), roi:addROI("Bone"), roi:find("Lung"), roi:find("Spleen"))
        roi:removeROI(1)
        print(roi:getROIDetails(1)[1], roi:numROIs())
        roi:clearAllROIs()
        print(roi:numROIs())
    """) == ["3", "Heart\t#ff0000\ttrue\tfalse\t1", "Liver\t#00ff00\ttrue\tfalse\t1", "3\t4\t3\t0", "Liver\t4", "1"]


def test_the_centre_is_text_that_the_cursor_takes(tool, loaded):
    assert tool("""
        local center = roi:getROICenterOfMass(1)
        print(center)
        local x, y, z = center:match("%((%S+) (%S+) (%S+)%)")
        ctl:setPos(0, x) ctl:setPos(1, y) ctl:setPos(2, z)
        local words = {}
        for word in center:sub(2, -2):gmatch("%S+") do words[#words + 1] = word end
        print(#words)
    """) == ["(42.5 32 31.5)", "3"]
    assert loaded.session.cursor == (43, 32, 32)


def test_editing_and_locks(tool, loaded):
    assert tool("""
        roi:editROI(1, "Left heart", "#123456", 0, true)
        print(table.unpack(roi:getROIDetails(1)))
        roi:editROI(1, nil, nil, 1)
        roi:setVisible(2, false)
        print(roi:getROIDetails(1)[3], roi:getROIDetails(2)[3])
        print(pcall(roi.editROI, 1, "Heart"))
        roi:applyErode()
        print(roi:statistics(1, 0).voxels, roi:statistics(2, 0).voxels)
        roi:editROI(1, "Heart", nil, nil, false)
        roi:removeROI(1)
    """)[:2] == ["Left heart\t#123456\tfalse\ttrue\t1", "true\tfalse"]
    assert loaded.printed[2].startswith("false\t")
    assert loaded.printed[3] == f"{4 * 5 * 6}\t{2 * 3 * 4}"
    assert loaded.session.rois.names == ["Liver"]


def test_measuring_on_both_inputs(tool, loaded):
    ct = loaded.session.inputs[0].volume
    inside = ct.values()[loaded.session.rois.mask(1)].astype(float)
    printed = tool("""
        local s = roi:statistics(1)
        print(s.name, s.voxels, s.unit, s.sampling)
        print(s.mean, s.sd, s.std, s.min, s.max, s.volume, s.volumeML, s.com[1], s.com[2], s.com[3])
        roi:setInputROI(1)
        print(roi:statistics(1).unit, roi:statistics(1, 0).unit, roi:statistics(2, 1).sampling)
        for _, row in ipairs(roi:table(1)) do print(row.name, row.unit) end
    """)
    assert printed[0] == "Heart\t120\tHU\tvoxel"
    mean, sd, std, low, high, volume, ml, *com = (float(word) for word in printed[1].split())
    assert (mean, sd, low, high) == pytest.approx((inside.mean(), inside.std(ddof=1), inside.min(), inside.max()))
    assert std == sd
    assert volume == pytest.approx(120 * ct.grid.voxel_volume)
    assert ml == pytest.approx(volume / 1000)
    assert com == pytest.approx([42.5, 32, 31.5])
    assert printed[2:] == ["uCi\tHU\tlinear, total preserved", "Heart\tuCi", "Liver\tuCi"]


def test_cutting_an_input(tool, loaded):
    tool("roi:cutROI(0, 2)")
    assert not loaded.session.inputs[0].volume.values()[loaded.session.rois.mask(2)].any()


def test_files_in_and_out(tool, loaded):
    assert tool("""
        print(#roi:save("mouse"), #roi:save("mouse.dcm"))
        roi:clearAllROIs()
        print(table.concat(roi:load("mouse.dcm"), ","))
        roi:clearAllROIs()
        print(table.concat(roi:load("mouse.rmha", {"Liver"}), ","))
        print(roi:loadObjects{{path = VQ.output .. "/mouse.dcm", names = {"Liver"}}, {path = VQ.output .. "/mouse.rmha",
          names = {"Heart"}}}[1], roi:numROIs())
    """) == ["1\t1", "Heart,Liver", "Liver", "Liver\t3"]


def test_layers(tool):
    assert tool("""
        print(roi:addLayer())
        roi:setActiveLayer(2)
        local j = roi:addROI("Over")
        print(roi:getROIDetails(j)[5])
    """) == ["2", "2"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("roi:getROIDetails(0)", "0 is the background"),
        ("roi:getROIDetails(3)", "there is no ROI 3"),
        ('roi:addROI("Heart")', '"Heart" already'),
        ('roi:addROI("Lung", "red")', "no colour"),
        ('roi:addROI("")', "name"),
        ("roi:getROICenterOfMass(roi:addROI('New'))", "is empty"),
        ("roi:statistics(1, 5)", "no input 5"),
        ("roi:statistics(1, 0, 2)", "no frame"),
        ("roi:statistics(1, 0, 0)", "no frame 0"),
        ("roi:setInputROI(5)", "no input 5"),
        ("roi:setActiveLayer(3)", "no layer 3"),
        ('roi:load("nothing.rmha")', "nothing.rmha"),
        ('roi:save("/elsewhere/rois")', "may not write"),
        ('roi:loadObjects{{names = {"Heart"}}}', "needs a path"),
        ('roi:loadObjects{{file = "a"}}', 'no field "file"'),
        ("roi:scalarAdd(1, 2)", "no member"),
    ],
)
def test_what_cannot_be_is_one_clear_message(tool, loaded, call, message):
    with pytest.raises(ScriptError) as caught:
        tool(call)
    error = caught.value
    assert error.kind != "InternalError"
    assert message in str(error)
    assert loaded.session.rois.names[:2] == ["Heart", "Liver"]
