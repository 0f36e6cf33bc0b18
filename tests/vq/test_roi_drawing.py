"""Drawing, segmenting and combining ROIs, as scripts do."""

from __future__ import annotations

import math

import numpy as np
import pytest

from vqscript.errors import ScriptError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume
from vqscript.session.inputs import Input
from vqscript.vq.catalog import members
from vqscript.vq.roi_morphology import RoiMorphology
from vqscript.vq.roi_segmentation import RoiSegmentation
from vqscript.vq.roi_shapes import RoiShapes

GRID = Grid((48, 40, 30), (1.0, 1.5, 2.0), (3.0, -5.0, 8.0))
FINE = Grid((100, 60, 60), (0.5, 1.0, 1.0), (2.5, -6.0, 7.5))

OPEN = """
local dm, mw = VQ.dataManager(), VQ.mainWin()
mw:setViewMode("Slice View", "3D ROI Tool")
local roi = VQ.currentOp()
"""


def ball(grid: Grid, center: tuple[float, float, float], mm: float) -> np.ndarray:
    z, y, x = np.indices(grid.shape)
    return np.linalg.norm(grid.to_world(np.stack([x, y, z], axis=-1)) - np.array(center), axis=-1) <= mm


def image(grid: Grid) -> np.ndarray:
    """A background of 1, a hot ball of 10 with a hotter core of 20, and a second ball of 12."""
    values = np.ones(grid.shape, np.float32)
    values[ball(grid, (23.0, 20.0, 35.0), 9.0)] = 10
    values[ball(grid, (23.0, 20.0, 35.0), 4.0)] = 20
    values[ball(grid, (40.0, 40.0, 50.0), 6.0)] = 12
    return values


@pytest.fixture
def tool(desk):
    """Input 0 is the image, input 1 a series of two frames of it, the second one doubled, on another grid."""
    desk.session.place(0, Input(Volume(image(GRID), GRID, "SUVbw"), name="PET"))
    desk.session.place(1, Input(Volume(np.stack([image(FINE), 2 * image(FINE)]), FINE, "Bq/mL"), name="dynamic"))
    return lambda code: desk.run(OPEN + code)


@pytest.fixture
def rois(desk, tool):
    return desk.session.rois


def test_shapes_have_the_volumes_of_geometry(tool) -> None:
    printed = tool("""
        local function ml(name, draw)
          local j = roi:addROI(name)
          local n = draw(j)
          local s = roi:statistics(j, 0)
          assert(n == s.voxels)
          print(s.volumeML)
          roi:removeROI(j)
        end
        ml("sphere", function(j) return roi:sphere(j, 24, 20, 15, 12) end)
        ml("ellipsoid", function(j) return roi:ellipsoid(j, 24, 20, 15, 12, 15, 18) end)
        ml("box", function(j) return roi:box(j, 24.3, 20.7, 15.2, 20, 15, 20) end)
        ml("cylinder", function(j) return roi:cylinder(j, 24, 20, 15, 12, 30) end)
        ml("lying", function(j) return roi:cylinder(j, 24, 20, 15, 12, 30, 0) end)
        ml("prism", function(j) return roi:polygon(j, 3, {{5, 5}, {25, 5}, {25, 25}, {5, 25}}, "-to", 12) end)
        ml("coronal", function(j) return roi:polygon(j, 3, {{5, 5}, {25, 5}, {25, 25}}, {axis = 1}) end)
    """)
    expected = [
        4 / 3 * math.pi * 12**3, 4 / 3 * math.pi * 12 * 15 * 18, 20 * 15 * 20, math.pi * 144 * 30, math.pi * 144 * 30,
        20 * 30 * 20, 0.5 * 20 * 40 * 1.5,
    ]  # fmt: skip
    assert [float(line) * 1000 for line in printed] == pytest.approx(expected, rel=0.06)
    assert float(printed[2]) == pytest.approx(6.0)
    assert float(printed[5]) == pytest.approx(12.0)


def test_drawing_adds_and_erasing_takes_off(tool, rois) -> None:
    assert tool("""
        local j = roi:addROI("Two boxes")
        print(roi:box(j, 10, 10, 10, 4, 6, 8), roi:box(j, 20, 10, 10, 4, 6, 8))
        print(roi:box(j, 10, 10, 10, 2, 6, 8, "-erase", true), roi:box(j, 40, 30, 20, 2, 3, 4, {erase = true}))
        roi:clearROI(j)
        print(roi:statistics(j, 0).voxels, roi:getROIDetails(j)[1])
        print(roi:sphere(j, 10, 10, 10, 3, "-erase", 1))
    """) == ["64\t128", "96\t96", "0\tTwo boxes", "0"]


def test_contours_are_in_mm(tool, desk) -> None:
    tool("""
        local j = roi:addROI("Ring")
        local function square(low, high, z)
          return {{low, low, z}, {high, low, z}, {high, high, z}, {low, high, z}}
        end
        print(roi:contours(j, {square(10, 30, 12), square(15, 25, 12)}))
    """)
    z, y, x = np.indices(GRID.shape)
    at = GRID.to_world(np.stack([x, y, z], axis=-1))

    def square(low: float, high: float) -> np.ndarray:
        return ((at[..., :2] >= low) & (at[..., :2] < high)).all(axis=-1) & (at[..., 2] == 12)

    assert np.array_equal(desk.session.rois.mask(1), square(10, 30) & ~square(15, 25))


def test_a_lesion_by_isocontour(tool, desk) -> None:
    tool("""
        local j = roi:addROI("Lesion")
        roi:sphere(j, 20, 16.67, 13.5, 14)
        print(roi:isocontour(j, 0, 41))
        roi:setActiveLayer(roi:addLayer())
        local k = roi:addROI("All")
        roi:isocontour(k, 0, 41, "-within", 0)
        local c = roi:addROI("Core")
        roi:isocontour(c, nil, 90, {within = j, connected = true})
    """)
    values = image(GRID)
    rois = desk.session.rois
    # Of 20, 41 % are 8.2: the whole of the first ball, which the drawn sphere holds, and the second, which it does not.
    core = values >= 18
    assert np.array_equal(rois.mask(1), ball(GRID, (23.0, 20.0, 35.0), 9.0))
    assert np.array_equal(rois.mask(3), core)
    assert np.array_equal(rois.mask(2), (values >= 8.2) & ~core)
    note = 'warning: ROI "Core" took voxels of "All" on layer 2: only ROIs on different layers may overlap'
    assert note in desk.logged


def test_thresholds_on_every_input_and_frame(tool, desk) -> None:
    printed = tool("""
        local a, b = roi:addROI("A"), roi:addROI("B")
        roi:addLayer()
        local c = roi:addROI("C")
        print(roi:threshold(a, 0, 15), roi:threshold(b, 0, nil, 5))
        roi:moveROI(c, 2)
        print(roi:threshold(c, 1, 30, nil, {frame = 2}))
        print(roi:threshold(c, 1, 15, 25, "-frame", 1, "-within", 0))
        print(roi:threshold(c, 0, 100))
        roi:setInputROI(0)
        print(roi:threshold(c, nil, 15))
    """)
    values = image(GRID)
    core = int((values >= 15).sum())
    assert printed[0] == f"{core}\t{int((values <= 5).sum())}"
    for line in printed[1:3]:
        assert int(line) == pytest.approx(core, rel=0.15)
    assert printed[3:] == ["0", str(core)]
    assert 'info: ROI "C" is empty now: no value lies between the limits' in desk.logged
    assert any("input 1 has other voxels than input 0" in line for line in desk.logged)


def test_growing_from_a_seed_and_cleaning_up(tool, desk) -> None:
    tool("""
        local j = roi:addROI("Ball")
        roi:connected(j, 0, 37, 30, 21, 5)
        local k = roi:addROI("Both")
        roi:threshold(k, 0, 5, nil)
        print(roi:largest(k))
        roi:addLayer()
        roi:setActiveLayer(2)
        local shell = roi:addROI("Shell")
        roi:threshold(shell, 0, 9, 11)
        print(roi:fillHoles(shell), roi:fillHoles(shell, 2))
    """)
    values, rois = image(GRID), desk.session.rois
    first, second = ball(GRID, (23.0, 20.0, 35.0), 9.0), ball(GRID, (40.0, 40.0, 50.0), 6.0)
    assert np.array_equal(rois.mask(2), first)
    assert rois.count(1) == 0
    assert np.array_equal(rois.mask(3), first & (values >= 9))
    assert second.any() and not (rois.mask(3) & second).any()


def test_otsu_makes_rois_of_the_classes(tool, desk) -> None:
    assert tool("""
        local low, high = table.unpack(roi:otsuThresholds(0, 3))
        print(low > 1 and low < 10, high > 10 and high < 20)
        local before = roi:addROI("Drawn")
        roi:box(before, 24, 20, 15, 40, 50, 50)
        local numbers = roi:otsu(0, 3)
        print(table.concat(numbers, " "))
        for _, j in ipairs(numbers) do print(roi:getROIDetails(j)[1], roi:getROIDetails(j)[5]) end
        print(roi:getROIDetails(roi:otsu(0)[1])[1])
    """) == ["true\ttrue", "2 3", "Otsu 1\t2", "Otsu 2\t2", "Otsu 1 (2)"]
    values, rois = image(GRID), desk.session.rois
    assert np.array_equal(rois.mask(2), (values == 10) | (values == 12))
    assert np.array_equal(rois.mask(3), values == 20)
    assert rois.count(1) == 40 * 33 * 25 or rois.count(1) == 40 * 34 * 25


def test_morphology_in_mm(tool, desk) -> None:
    tool("""
        local j = roi:addROI("Ball")
        roi:sphere(j, 24, 20, 15, 6)
        local function copied(name) return roi:copyROI(j, nil, name) end
        roi:dilate(copied("dilated"), 3)
        roi:erode(copied("eroded"), 3)
        roi:margin(copied("margin"), 4, 0, 6)
        roi:shell(copied("shell"), 2, 1.5)
    """)
    rois = desk.session.rois

    def mm3(name: str) -> float:
        return rois.count(rois.find(name)) * GRID.voxel_volume

    assert mm3("dilated") == pytest.approx(4 / 3 * math.pi * 9**3, rel=0.2)
    assert mm3("eroded") == pytest.approx(4 / 3 * math.pi * 3**3, rel=0.5)
    (z, y, x), (z0, y0, x0) = rois.box(rois.find("margin")), rois.box(1)
    assert (x0.start - x.start, y0.start - y.start, z0.start - z.start) == (4, 0, 3)
    assert not (rois.mask(rois.find("shell")) & rois.mask(1)).any()
    outer = ball(GRID, tuple(GRID.to_world((24, 20, 15))), 6 + 3.5 + 0.1)
    assert not (rois.mask(rois.find("shell")) & ~outer).any()


def test_opening_and_closing(tool) -> None:
    assert tool("""
        local j = roi:addROI("Bridge")
        roi:box(j, 12, 20, 15, 10, 15, 10)
        local block = roi:statistics(j, 0).voxels
        roi:box(j, 30, 20, 15, 10, 15, 10)
        roi:box(j, 21, 20, 15, 8, 1.5, 2)
        local bridged = roi:statistics(j, 0).voxels
        print(bridged - 2 * block, roi:open(j, 2) < bridged, roi:largest(j) < block + 1)
        roi:clearROI(j)
        roi:box(j, 12, 20, 15, 10, 15, 10)
        roi:box(j, 12, 20, 15, 1, 15, 10, {erase = true})
        print(block - roi:statistics(j, 0).voxels, block - roi:close(j, 1))
    """) == ["8\ttrue\ttrue", "50\t0"]


def test_boolean_operations_leave_the_others(tool, desk) -> None:
    assert tool("""
        local a, b = roi:addROI("A"), roi:addROI("B")
        roi:addLayer() roi:setActiveLayer(2)
        local c = roi:addROI("C")
        roi:box(a, 10, 20, 15, 10, 15, 10)
        roi:box(b, 20, 20, 15, 10, 15, 10)
        roi:box(c, 15, 20, 15, 10, 15, 10)
        local u = roi:copyROI(a, nil, "U")
        print(roi:union(u, b, c), roi:subtract(u, c), roi:intersect(u, a))
        print(roi:statistics(a, 0).voxels, roi:statistics(b, 0).voxels, roi:statistics(c, 0).voxels)
        print(roi:union(a, b), roi:getROIDetails(a)[5], roi:numLayers())
        print(roi:intersect(a, u, b))
    """) == ["1000\t500\t250", "500\t500\t500", "1000\t4\t4", "0"]
    assert 'info: ROI "A" lies on layer 4 now: it overlaps others on its old one' in desk.logged


def test_locked_rois_keep_their_voxels(tool, desk) -> None:
    assert tool("""
        local a, b = roi:addROI("A"), roi:addROI("B")
        roi:box(a, 10, 20, 15, 10, 15, 10)
        roi:setLocked(a, true)
        print(roi:box(b, 15, 20, 15, 10, 15, 10), roi:dilate(b, 2), roi:statistics(a, 0).voxels)
    """)[0].split("\t")[::2] == ["250", "500"]
    assert 'info: ROI "B" leaves out voxels of "A", locked on its layer' in desk.logged


def test_the_peak_sphere(tool, desk) -> None:
    assert tool("""
        local j = roi:addROI("Lesion")
        roi:sphere(j, 20, 16.67, 13.5, 14)
        local k = roi:peakSphere(j, 0)
        print(roi:getROIDetails(k)[1], roi:getROIDetails(k)[5], roi:statistics(j, 0).voxels > 100)
        local s = roi:statistics(k, 0)
        print(s.volumeML > 0.9 and s.volumeML < 1.1, s.mean > 12)
        print(roi:statistics(roi:peakSphere(j, 1, 0.1, 2), 0).volumeML < 0.2)
    """) == ["Lesion peak\t2\ttrue", "true\ttrue", "true"]


def test_an_roi_that_vanishes_is_told_of(tool, desk) -> None:
    assert tool("""
        local j = roi:addROI("Rim")
        roi:sphere(j, 20, 16, 13, 8)
        print(roi:shell(j, 0.1), roi:numROIs())
    """)[0].startswith("0\t")
    assert 'info: ROI "Rim" is empty now' in desk.logged


def test_what_happened_is_said_once_for_each_reference(tool, desk) -> None:
    script = """
        local a, b = roi:addROI("A"), roi:addROI("B")
        for n = 1, 3 do roi:box(a, 10, 20, 15, 10, 15, 10) roi:box(b, 10 + n, 20, 15, 10, 15, 10) end
        for n = 1, 2 do roi:threshold(roi:copyROI(b, nil, "C" .. n), 0, 1000) end
    """
    tool(script)
    first = list(desk.logged)
    assert first == [
        'warning: ROI "B" took voxels of "A" on layer 1: only ROIs on different layers may overlap',
        'warning: ROI "A" took voxels of "B" on layer 1: only ROIs on different layers may overlap',
        'info: ROI "C1" is empty now: no value lies between the limits',
        'info: ROI "C2" is empty now: no value lies between the limits',
    ]
    desk.session.clear()
    desk.session.place(0, Input(Volume(image(GRID), GRID, "SUVbw"), name="PET"))
    tool(script)
    assert desk.logged == first * 2


def test_layers_of_a_script(tool) -> None:
    printed = tool("""
        print(roi:numLayers(), roi:activeLayer(), roi:addLayer(), roi:activeLayer())
        roi:setActiveLayer(2)
        local j = roi:addROI("Over")
        print(roi:numLayers(), roi:activeLayer(), roi:getROIDetails(j)[5])
        roi:moveROI(j, 1)
        print(roi:getROIDetails(j)[5])
        roi:setLocked(j, true)
        print(roi:getROIDetails(j)[4], pcall(roi.clearROI, j))
        roi:setLocked(j, 0)
        roi:clearROI(j)
        for n = 3, 8 do roi:addLayer() end
        for n = 1, 8 do roi:box(roi:copyROI(j, n, "On " .. n), 20, 20, 15, 5, 6, 6) end
        print(roi:numLayers(), roi:statistics(roi:find("On 1"), 0).voxels, roi:statistics(roi:find("On 8"), 0).voxels)
    """)
    assert printed[:3] == ["1\t1\t2\t1", "2\t2\t2", "1"]
    assert printed[3].startswith("true\tfalse\t")
    assert printed[4] == "8\t60\t60"


@pytest.mark.parametrize(
    ("where", "value"), [("", 0), (', "inside"', 0), (', "outside"', 0), (', "outside", -7.5', -7.5)]
)
def test_cutting_inside_or_outside(tool, desk, where: str, value: float) -> None:
    tool(f"""
        local j = roi:addROI("Body")
        roi:box(j, 20, 20, 15, 20, 30, 20)
        roi:cutROI(0, j{where})
    """)
    mask = desk.session.rois.mask(1)
    left = image(GRID)
    left[~mask if "outside" in where else mask] = value
    assert np.array_equal(desk.session.inputs[0].volume.values(), left)
    assert (
        desk.session.inputs[0]
        .provenance[-1]
        .startswith(f'blanked {"outside" if "outside" in where else "inside"} ROI "Body"')
    )


BAD = {
    "roi:sphere(1, 200, 20, 15, 5)": "the sphere at 200, 20, 15 lies outside the image",
    "roi:sphere(1, 20, 20, 15, -5)": "a sphere cannot have a size of -5 mm",
    "roi:sphere(1, 20, 20, 15, 1/0)": "a sphere cannot have a size of inf mm",
    "roi:sphere(1, 20, 20, 15, 0/0)": "radius takes a number",
    "roi:sphere(1, 20, 20, 15, 1e200)": "a sphere cannot have a size of 1e+200 mm",
    "roi:sphere(1, 1/0, 20, 15, 1)": "a sphere cannot lie at inf, 20, 15",
    "roi:sphere(1, 20, 20, 15)": "sphere needs radius",
    "roi:sphere(9, 20, 20, 15, 5)": "there is no ROI 9",
    "roi:sphere(0, 20, 20, 15, 5)": "0 is the background",
    "roi:sphere(3, 20, 20, 15, 5)": 'ROI "Locked" is locked',
    "roi:sphere(3, 20, 20, 15, 5, '-erase', true)": 'ROI "Locked" is locked',
    "roi:sphere(1, 20, 20, 15, 5, '-earse', true)": 'no option "-earse"',
    "roi:cylinder(1, 20, 20, 15, 5, 5, 7)": "there is no axis 7",
    "roi:polygon(1, 99, {{1, 1}, {5, 1}, {5, 5}})": "no slice 99 to draw on",
    "roi:polygon(1, 9, {{1, 1}, {5}, {5, 5}})": "three or more points",
    "roi:polygon(1, 9, {})": "three or more points",
    "roi:contours(1, {})": "no contour",
    "roi:contours(1, {{{0, 0, 900}, {5, 0, 900}, {5, 5, 900}}})": "outside the image",
    "roi:threshold(1, 7, 5)": "there is no input 7",
    "roi:threshold(1, 0, 9, 5)": "no value lies from 9 to 5",
    "roi:threshold(1, 1, 5, 9, {frame = 3})": "there is no frame 3; counted from 1, the input has 2",
    "roi:threshold(1, 1, 5, 9, {frame = 0})": "there is no frame 0",
    "roi:threshold(1, 0, 5, 9, {within = 2})": 'ROI 2 "Empty" is empty',
    "roi:threshold(3, 0, 5)": 'ROI "Locked" is locked',
    "roi:isocontour(1, 0, 0)": "0 % of the maximum",
    "roi:isocontour(1, 0, 101)": "101 % of the maximum",
    "roi:connected(1, 0, 99, 0, 0, 5)": "the seed (99, 0, 0) lies outside the image",
    "roi:connected(1, 0, 1, 1, 1, 5, nil, {within = 0})": "the seed (1, 1, 1) has the value 1 SUVbw",
    "roi:connected(1, 0, 1, 1, 1, 0)": "the seed (1, 1, 1) lies outside the ROI",
    "roi:connected(1, 0, 1/0, 1, 1, 0)": "a seed is a voxel",
    "roi:connected(2, 0, 1, 1, 1, 0, 5, {neighbours = 8})": "8 neighbours",
    "roi:otsu(0, 1)": "1 classes",
    "roi:otsu(0, 9)": "too much alike",
    "roi:largest(1, 7)": "7 neighbours",
    "roi:fillHoles(1, 5)": "there is no axis 5",
    "roi:peakSphere(2, 0)": 'ROI 2 "Empty" is empty',
    "roi:peakSphere(1, 0, -1)": "-1 mL",
    "roi:dilate(1, 0)": "a distance of 0 mm",
    "roi:dilate(1, -3)": "a distance of -3 mm",
    "roi:erode(1, 1/0)": "a distance of inf mm",
    "roi:close(1, 5000)": "closing gaps of 10000 mm",
    "roi:margin(1, 0)": "a margin of 0 mm",
    "roi:margin(1, 2, -1)": "a distance of -1 mm",
    "roi:shell(1, 2, -1)": "a distance of -1 mm",
    "roi:dilate(3, 2)": 'ROI "Locked" is locked',
    "roi:union(1)": "no second ROI",
    "roi:union(1, 1)": "itself",
    "roi:subtract(3, 1)": 'ROI "Locked" is locked',
    "roi:copyROI(1, 1)": 'on layer 1 it would overlap "Box"',
    "roi:copyROI(1, 5)": "there is no layer 5",
    "roi:copyROI(1, nil, 'Empty')": '"Empty" already',
    "roi:moveROI(3, 1)": 'ROI "Locked" is locked',
    "roi:clearROI(3)": 'ROI "Locked" is locked',
    "roi:cutROI(0, 2, 'outside')": "nothing of input 0 would be left",
    "roi:cutROI(0, 1, 'beside')": "takes one of inside, outside",
    "roi:cutROI(0, 1, 'inside', 1/0)": "cannot be set to inf",
    "for n = 1, 8 do roi:addLayer() end": "at most 8",
}


@pytest.mark.parametrize("call", BAD)
def test_what_cannot_be_is_one_clear_message_and_changes_nothing(tool, desk, call: str) -> None:
    tool("""
        roi:box(roi:addROI("Box"), 20, 20, 15, 10, 15, 10)
        roi:addROI("Empty")
        roi:box(roi:addROI("Locked"), 40, 20, 15, 4, 15, 10)
        roi:editROI(3, nil, nil, nil, true)
    """)
    rois = desk.session.rois
    before = [tuple(vars(roi).items()) for roi in rois.rois], [rois.mask(j).tobytes() for j in (1, 2, 3)]
    with pytest.raises(ScriptError) as caught:
        tool(call)
    assert caught.value.kind != "InternalError", str(caught.value)
    assert BAD[call] in f"{caught.value}"
    rois = desk.session.rois
    assert before == ([tuple(vars(roi).items()) for roi in rois.rois], [rois.mask(j).tobytes() for j in (1, 2, 3)])
    assert np.array_equal(desk.session.inputs[0].volume.values(), image(GRID))


EXAMPLES = {
    f"{owner.__name__}.{name}": member.example
    for owner in (RoiShapes, RoiSegmentation, RoiMorphology)
    for name, member in members(owner).items()
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_run(loaded, name: str) -> None:
    """On the study of a mouse, with two ROIs on two layers."""
    loaded.run(
        OPEN
        + """
        roi:box(roi:addROI("One"), 60, 52, 40, 6, 6, 6)
        roi:addLayer()
        roi:setActiveLayer(2)
        roi:box(roi:addROI("Two"), 60, 52, 40, 3, 3, 3)
        dm:value(0, 60, 52, 40)
        """
        + EXAMPLES[name]
    )
