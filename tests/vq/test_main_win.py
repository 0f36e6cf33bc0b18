"""Views, pictures and sessions, as scripts use them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.fixture
def picture(lua, loaded):
    """Run Lua, then save a picture of a mode; returns its pixels."""
    loaded.session.display.size = (400, 350)

    def picture(code: str = "", mode: object = 5) -> np.ndarray:
        shown = f'"{mode}"' if isinstance(mode, str) else mode
        (path,) = lua(f'{code}\nprint(mw:saveImage("picture.01", {shown}))')
        assert path == str(loaded.output / "picture.01.png")
        return pixels(Path(path))

    return picture


def test_operators_are_chosen_by_name(lua):
    assert lua("""
        for _, name in ipairs{"Navigation", "Arithmetics", "3D ROI Tool", "Cropping", "Reorientation/Registration"} do
          mw:setViewMode("Slice View", name)
          print(tostring(VQ.currentOp()))
        end
        mw:setViewMode("slice view", "arithmetics")
        print(VQ.currentOp() == VQ.currentOp())
    """) == ["Navigation", "Arithmetics", "RoiTool", "Cropping", "Registration", "true"]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ('mw:setViewMode("Slice View", "Arithmetic")', 'did you mean "Arithmetics"?'),
        ('mw:setViewMode("Slices", "Arithmetics")', 'did you mean "Slice View"?'),
        ('mw:saveImage("a", 6)', "6"),
        ('mw:saveImage("a", "mipp")', "mip"),
        ('mw:saveImage("/elsewhere/a", 5)', "may not write"),
        ('mw:saveMovie("a.gif", 5)', "movie"),
        ("mw:switchCrosshair(2)", "1 or 0"),
        ('mw:loadSession("nothing")', "no saved session"),
        ("ctl:setPos(3, 0)", "no axis 3"),
        ("ctl:setPos(0, 96)", "0 to 95"),
        ('ctl:setPos(0, "left")', "no position"),
        ('ctl:setPos(0, "nan")', "outside"),
        ("ctl:setPos(0, math.huge)", "outside"),
        ("ctl:setOpacity(1, 1.1)", "out of range"),
        ("ctl:setShow(2, true)", "no input 2"),
        ('ctl:setPal(0, "")', "palette"),
    ],
)
def test_what_cannot_be_is_one_clear_message(fails, loaded, call, message):
    error = fails(call)
    assert message in str(error) + error.hint
    assert not loaded.output.exists() or list(loaded.output.iterdir()) == []


def test_each_mode_is_a_picture_of_its_own_and_has_a_word(picture):
    words = ["mip", "transverse", "coronal", "sagittal", "montage", "composite"]
    by_number = [picture(mode=n) for n in range(6)]
    for n, word in enumerate(words):
        assert np.array_equal(by_number[n], picture(mode=word))
        assert all(not np.array_equal(by_number[n], by_number[k]) for k in range(n))


@pytest.mark.parametrize(
    "switch",
    [
        "mw:setupLayout1x4()",
        "mw:switchCrosshair(0)",
        "mw:switchCornerInfo(0)",
        "VQ.vtkController():setAnnotationEnabled(false)",
        "ctl:setPos(2, 20)",
        "ctl:setShow(1, false)",
        "ctl:setOpacity(1, 0.1)",
        'ctl:setPal(1, "hotblue")',
        "ctl:setRange(1, 0, 0.3)",
        "dm:setMinMaxCache(1, 0, 0.001)",
        "dm:duplicate(1) dm:swapData(0, 1) dm:swapData(0, 1) ctl:setShow(0, 0)",
        "mm:setMinMax(0, 0, 100) mm:clipMax(0)",
    ],
)
def test_a_switch_changes_the_picture(picture, switch):
    assert not np.array_equal(picture(), picture(switch))


def test_switches_can_be_taken_back(picture):
    before = picture()
    after = picture("""
        mw:setupLayout1x4() mw:switchCrosshair(0) mw:switchCornerInfo(0) ctl:setShow(1, 0) ctl:setPos(0, 3)
        mw:setupLayoutSlice() mw:switchCrosshair(1) mw:switchCornerInfo(1) ctl:setShow(1, 1) VQ.centerCursor()
    """)
    assert np.array_equal(before, after)


def test_the_third_input_is_toggled_in_slices(picture):
    with_it = picture('dm:duplicate(1) dm:setPalette(2, "hotblue")')
    without = picture("VQ.sliceViewer():toggleShowInput2(0)")
    assert not np.array_equal(with_it, without)
    assert np.array_equal(with_it, picture("VQ.sliceViewer():toggleShowInput2(1)"))


def test_rois_are_outlined_where_they_are_visible(picture, loaded):
    rois = loaded.session.rois
    mask = np.zeros(rois.grid.shape, bool)
    mask[20:50, 20:60, 30:60] = True
    rois.set_mask(rois.add("Heart", "#ff00ff"), mask)

    def pure(image: np.ndarray) -> int:
        return int((image == (255, 0, 255)).all(axis=2).sum())

    assert pure(picture()) > 100
    assert pure(picture("ctl:setShowROIs(0)")) == 0
    assert pure(picture("ctl:setShowROIs(1)")) > 100
    assert pure(picture('op("3D ROI Tool"):setVisible(1, false)')) == 0


def test_a_movie(lua, loaded):
    loaded.session.display.size = (120, 120)
    (path,) = lua('print(mw:saveMovie("turn", 0))')
    with Image.open(path) as movie:
        assert (movie.format, path) == ("GIF", str(loaded.output / "turn.gif"))
        assert movie.n_frames > 8


def test_what_needs_a_window_is_accepted_and_said_once(lua, loaded):
    lua("""
        for _ = 1, 2 do
          local vtk = VQ.vtkController()
          vtk:setMIPEnabled(true) vtk:setMPREnabled(false) vtk:setOrientEnabled(0) vtk:resetCamera()
          vtk:disableAxes() vtk:disableAxes(true)
          VQ.vtkViewer():setEnableGradient(true) VQ.vtkViewer():renderUpdate()
          mw:switchShowActive(1) mw:showMinMaxTool()
        end
    """)
    assert len(loaded.logged) == len(set(loaded.logged)) == 8
    assert all("no effect without a window" in line for line in loaded.logged)


def test_clipping_sets_to_zero(lua, loaded):
    values = loaded.session.inputs[0].volume.values().copy()
    lua("mm:setMinMax(0, -500, 300) mm:clipMin(0) mm:clipMax(0) print(dm:getMinCached(0), dm:getMaxCached(0))")
    outside = (values < -500) | (values > 300)
    assert np.array_equal(loaded.session.inputs[0].volume.values(), np.where(outside, 0, values))
    assert loaded.printed == ["-500.0\t300.0"]


def test_a_session_is_saved_and_reopened(lua, loaded):
    assert lua("""
        op("Arithmetics"):scalarMult(1, 2, "%ID")
        op("3D ROI Tool"):addROI("Heart", "#ff0000")
        ctl:setPos(0, 12)
        local high = dm:getMax(1)
        print(mw:saveSession("after"))
        dm:clear()
        mw:loadSession("after")
        print(dm:size(), dm:unit(1), dm:getMax(1) == high, op("3D ROI Tool"):getROIDetails(1)[1])
    """) == [str(loaded.output / "after.vqsession"), "2\t%ID\ttrue\tHeart"]
    assert loaded.session.cursor[0] == 12
