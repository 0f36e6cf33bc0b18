"""Saved sessions: what comes back, and what is refused without touching what is there."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pytest

from vqscript.errors import UsageError, VqError
from vqscript.repository.base import SeriesFilter
from vqscript.session import persist
from vqscript.session.quantities import given


@pytest.fixture
def filled(desk, mice):
    """CT and SPECT of one study, the SPECT converted and all cropped; ROIs on two layers; display set."""
    session = desk.session
    desk.load(mice, 2, "CT", "NM")
    session.quantities.convert(1, "%ID/g")
    for axis, first, last in ((0, 10, 80), (2, 5, 60)):
        session.cropping.set_range(axis, first, last)
    session.cropping.execute()
    rois = session.rois
    box = np.zeros(rois.grid.shape, bool)
    box[10:20, 30:40, 20:30] = True
    rois.set_mask(rois.add("Heart", "#123456"), box)
    rois.add_layer()
    rois.active_layer = 2
    rois.set_mask(rois.add("Liver & co", "#654321"), np.roll(box, 5, axis=0))
    rois.edit(1, locked=True)
    rois.edit(2, visible=False)
    item = session.inputs[1]
    item.palette, item.opacity, item.fractions = "nih_fire2", 0.4, (0.1, 0.9)
    item.set_scale(0, 60)
    session.set_cursor(1, 33)
    session.display.crosshair = False
    session.display.layout = "1x4"
    return desk


def test_all_comes_back(filled, tmp_path):
    session = filled.session
    images = [item.volume for _, item in session.inputs]
    masks = [session.rois.mask(j) for j in (1, 2)]
    rois = [vars(roi) for roi in session.rois.rois]
    picture = session.save_image(tmp_path / "before", 5).read_bytes()
    provenance = list(session.inputs[1].provenance)
    folder = persist.save(session, tmp_path / "after rois")
    assert folder.name == "after rois.vqsession"
    assert sorted(path.name for path in folder.iterdir()) == [
        "input-0.npz",
        "input-1.npz",
        "rois.npz",
        "session.json",
    ]

    session.clear()
    session.display.layout, session.display.crosshair = "slice", True
    persist.load(session, tmp_path / "after rois")
    for i, before in enumerate(images):
        after = session.inputs[i].volume
        assert after.stored.dtype == before.stored.dtype
        assert np.array_equal(after.stored, before.stored)
        assert (after.unit, after.slope, after.intercept) == (before.unit, before.slope, before.intercept)
        assert after.grid.matches(before.grid, 1e-9)
        assert after.source == before.source
        assert np.array_equal(after.timing.start, before.timing.start, equal_nan=True)
    assert [vars(roi) | {"label": 0} for roi in session.rois.rois] == [roi | {"label": 0} for roi in rois]
    assert [np.array_equal(session.rois.mask(j), mask) for j, mask in enumerate(masks, 1)] == [True, True]
    assert session.rois.active_layer == 2
    assert session.inputs[1].provenance == provenance
    assert session.inputs[1].study is not None
    assert session.save_image(tmp_path / "again", 5).read_bytes() == picture
    assert session.quantities.injected_dose(1)[1] == "subject"


def test_an_image_that_is_as_it_was_is_kept_by_reference(desk, mice, tmp_path):
    desk.load(mice, 0, "CT", "NM")
    desk.session.quantities.set_unit(1, "counts")
    folder = persist.save(desk.session, tmp_path / "a")
    assert [path.name for path in folder.iterdir()] == ["session.json"]
    values = desk.session.inputs[1].volume.values()
    desk.session.arithmetics.scalar("mult", 1, 3)
    persist.load(desk.session, tmp_path / "a")
    assert np.array_equal(desk.session.inputs[1].volume.values(), values)
    assert desk.session.inputs[1].volume.unit == "counts"


def test_files_that_were_opened_without_a_repository(desk, mice, tmp_path):
    repository = desk.session.repository(mice.path)
    (series,) = repository.find_series(mice.uid(0), SeriesFilter("NM"))
    (instance,) = repository.fetch(mice.uid(0), series.series_uid).instances
    shutil.copy(instance.path, tmp_path / "spect.dcm")
    desk.session.open(tmp_path / "spect.dcm", 0)
    values = desk.session.inputs[0].volume.values()
    persist.save(desk.session, tmp_path / "a")
    desk.session.clear()
    persist.load(desk.session, tmp_path / "a")
    assert np.array_equal(desk.session.inputs[0].volume.values(), values)
    (tmp_path / "spect.dcm").unlink()
    with pytest.raises(UsageError, match="no file or folder"):
        persist.load(desk.session, tmp_path / "a")
    assert len(desk.session.inputs) == 1


def test_separate_images_of_one_file_are_told_apart(desk, mice, tmp_path):
    """Energy windows of one NM object share its UID; which of them an input is has to be saved."""
    desk.load(mice, 0, "NM")
    persist.save(desk.session, tmp_path / "a")
    path = tmp_path / "a.vqsession" / "session.json"
    record = json.loads(path.read_text())
    assert record["inputs"][0]["image"] == 0
    record["inputs"][0]["image"] = 1
    path.write_text(json.dumps(record))
    with pytest.raises(UsageError, match="no longer what was saved"):
        persist.load(desk.session, tmp_path / "a")


def test_saving_again_replaces_and_nothing_else_is_replaced(filled, tmp_path):
    persist.save(filled.session, tmp_path / "a")
    filled.session.rois.clear()
    persist.save(filled.session, tmp_path / "a")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith((".", "a"))] == ["a.vqsession"]
    persist.load(filled.session, tmp_path / "a")
    assert len(filled.session.rois) == 0
    (tmp_path / "b.vqsession").mkdir()
    with pytest.raises(UsageError, match="no saved session"):
        persist.save(filled.session, tmp_path / "b")


def test_an_image_without_files_cannot_be_saved(desk, put, tmp_path):
    put(0, np.zeros((2, 2, 2)))
    with pytest.raises(UsageError, match="no files to refer to"):
        persist.save(desk.session, tmp_path / "a")
    assert list(tmp_path.iterdir()) == []


def damage(record, folder, what):
    if what == "other series":
        record["inputs"][0]["sop_uids"][3] = "1.2.3"
    elif what == "no repository":
        record["inputs"][0]["repository"] = "/no/such/lab.repo"
    elif what == "key":
        del record["inputs"][1]["unit"]
    elif what == "shape":
        record["inputs"][1]["grid"]["size"] = [1, 2, 3]
    elif what == "values cut short":
        path = folder / "input-1.npz"
        path.write_bytes(path.read_bytes()[:5000])
    elif what == "rois cut short":
        (folder / "rois.npz").write_bytes(b"PK")
    elif what == "layer":
        record["rois"][1]["layer"] = 7
    elif what == "display":
        record["display"]["colour"] = "red"
    elif what == "version":
        record["format"] = 99
    elif what == "list":
        record = [1, 2]
    return record


@pytest.mark.parametrize(
    "what",
    ["other series", "no repository", "key", "shape", "values cut short", "rois cut short", "layer", "display",
     "version", "list"],
)  # fmt: skip
def test_what_cannot_be_read_leaves_the_session_as_it_was(filled, tmp_path, what):
    session = filled.session
    folder = persist.save(session, tmp_path / "a")
    record = json.loads((folder / "session.json").read_text())
    (folder / "session.json").write_text(json.dumps(damage(record, folder, what)))
    before = ([item for _, item in session.inputs], session.rois, session.display)
    with pytest.raises(VqError) as caught:
        persist.load(session, tmp_path / "a")
    assert str(caught.value)
    assert ([item for _, item in session.inputs], session.rois, session.display) == before


def test_no_session_of_this_name(desk, tmp_path):
    with pytest.raises(UsageError, match="no saved session"):
        persist.load(desk.session, tmp_path / "nothing")
    (tmp_path / "a.vqsession").mkdir()
    (tmp_path / "a.vqsession" / "session.json").write_text("{")
    with pytest.raises(UsageError, match="cannot be read"):
        persist.load(desk.session, tmp_path / "a")


@pytest.mark.parametrize("work", ["corrected to a time", "declared", "given"])
def test_conversions_go_on_from_where_they_were(desk, mice, tmp_path, work):
    """To when values are corrected, and what was given, counts for the next conversion: else it corrects twice."""
    session = desk.session
    desk.load(mice, 1, "CT", "NM")
    if work == "corrected to a time":
        session.quantities.decay_correct(1, "2024-03-11 12:00")
    elif work == "declared":
        session.quantities.declare_decay(1, "NONE" if session.quantities.decay_status(1)[0] == "ADMIN" else "ADMIN")
    else:
        facts = given(dose="300 uCi", weight="21 g", injection_time="2024-03-10 09:00", nuclide="Lu-177")
        session.quantities.convert(1, "SUVbw", facts)
    persist.save(session, tmp_path / "a")
    target = "uCi/mL" if work == "given" else "%ID/g"
    session.quantities.convert(1, target)
    expected, provenance = session.inputs[1].volume.values().copy(), session.inputs[1].provenance
    persist.load(session, tmp_path / "a")
    session.quantities.convert(1, target)
    np.testing.assert_allclose(session.inputs[1].volume.values(), expected, rtol=1e-6)
    assert session.inputs[1].provenance == provenance
