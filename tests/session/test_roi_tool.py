"""The ROI tool: cutting, eroding, files."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.errors import RoiError, UsageError
from vqscript.imaging.grid import Grid
from vqscript.session.roi_files import Choice, choices

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


def test_cutting_blanks_all_frames_and_keeps_the_scale(tool, desk):
    inside = tool.rois.mask(1)
    desk.session.inputs[1].set_scale(0, 500)
    tool.cut(1, 1)
    for t in range(2):
        values = desk.session.inputs[1].volume.values(t=t)
        assert (values[inside] == 0).all()
        assert np.array_equal(values[~inside], VALUES[~inside] * (t + 1))
    assert desk.session.inputs[1].scale == (0, 500)
    assert desk.session.inputs[1].provenance == ['blanked inside ROI "Heart"']
    assert not desk.session.inputs[0].modified


def test_eroding_takes_a_voxel_off_each_side_of_what_is_not_locked(tool):
    tool.rois.edit(2, locked=True)
    kept = tool.rois.mask(2)
    tool.apply_erode()
    assert tool.rois.count(1) == 1 * 1 * 3
    assert np.array_equal(tool.rois.mask(2), kept)


def test_rmha_round_trip_of_two_layers(tool, desk, tmp_path):
    masks = [tool.rois.mask(j) for j in (1, 2)]
    files = tool.save(tmp_path / "mouse")
    assert [path.name for path in files] == ["mouse.rmha", "mouse.layer2.rmha"]
    tool.rois.clear()
    assert tool.load(tmp_path / "mouse.rmha", ["Heart", "Left kidney"]) == ["Heart", "Left kidney"]
    for j, mask in enumerate(masks, start=1):
        assert np.array_equal(tool.rois.mask(j), mask)
    assert tool.rois.roi(2).color == "#00ff00"


def test_a_folder_gets_a_file_of_its_own(tool, tmp_path):
    assert tool.save(tmp_path)[0] == tmp_path / "rois.rmha"


def test_a_format_that_cannot_be_written(tool, tmp_path):
    with pytest.raises(UsageError, match=r'saved as "\.csv"'):
        tool.save(tmp_path / "rois.csv")
    assert list(tmp_path.iterdir()) == []


def test_loading_adds_all_or_nothing(tool, tmp_path):
    tool.save(tmp_path / "mouse")
    tool.rois.edit(1, name="Liver")
    before = (tool.rois.names, tool.rois.count(1))
    with pytest.raises(RoiError, match='" already'):
        tool.load(tmp_path / "mouse.rmha")
    with pytest.raises(RoiError, match='no ROI "Hart"') as caught:
        tool.load(tmp_path / "mouse.rmha", ["Heart", "Hart"])
    assert caught.value.hint == 'did you mean "Heart"?'
    assert (tool.rois.names, tool.rois.count(1)) == before
    tool.load(tmp_path / "mouse.rmha", ["Heart"])
    assert tool.rois.names == ["Liver", "Left kidney", "Nothing", "Heart"]


def test_replacing_takes_names_from_several_files_in_the_order_asked(tool, tmp_path):
    tool.save(tmp_path / "a")
    tool.rois.edit(1, name="Liver", color="#123456")
    tool.save(tmp_path / "b")
    a, b = tmp_path / "a.rmha", tmp_path / "b.rmha"
    assert tool.replace_with([Choice(b, ("Liver",)), Choice(a, ("Left kidney",)), Choice(b, ("Nothing",))]) == [
        "Liver",
        "Left kidney",
        "Nothing",
    ]
    assert [roi.color for roi in tool.rois.rois][:2] == ["#123456", "#00ff00"]
    with pytest.raises(RoiError):
        tool.replace_with([Choice(a), Choice(b)])
    assert len(tool.rois) == 3


def test_a_selection_needs_a_path():
    with pytest.raises(UsageError, match="needs a path"):
        choices([{"names": ["Heart"]}])
