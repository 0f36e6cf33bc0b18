"""Submitting and storing: what lands in the repository, and what is refused before anything does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from vqscript.errors import RoiError, UsageError, VqError
from vqscript.repository.base import SeriesFilter
from vqscript.session.subject import set_subject
from vqscript.session.submission import store_input, submit


@pytest.fixture
def own(mice, tmp_path):
    """A repository to store into."""
    return mice.copied(tmp_path / "own.repo")


def draw(session, *names: str) -> None:
    """Boxes around the middle, each on its own."""
    z, y, x = session.rois.grid.shape
    for k, name in enumerate(names):
        mask = np.zeros(session.rois.grid.shape, bool)
        mask[z // 2 - 3 : z // 2 + 3, y // 2 - 4 + 2 * k : y // 2 + 2 * k - 2, x // 2 - 4 : x // 2 + 3] = True
        session.rois.set_mask(session.rois.add(name), mask)


def test_one_object_and_a_measurement_per_roi_and_input(desk, own):
    desk.load(own, 0, "CT", "NM")
    session = desk.session
    repository = session.repository(own.path)
    before = {kind: repository.data_points(own.uid(0), kind) for kind in ("roi", "quantification")}
    draw(session, "Heart", "Lung")
    session.rois.add("Nothing")
    stored = submit(session, repository)
    assert (stored.rois, stored.measurements) == (2, 4)
    assert 'warning: ROI "Nothing" is empty and was not submitted' in desk.logged

    newest, *others = repository.data_points(own.uid(0), "roi")
    assert others == before["roi"]
    assert (newest.names, newest.creator, newest.sop_uid) == (("Heart", "Lung"), "tester", stored.roi_object)
    points = repository.data_points(own.uid(0), "quantification")
    assert len(points) == len(before["quantification"]) + 4
    for point in points[:4]:
        j = session.rois.find(point.name)
        expected = session.roi_tool.statistics(j, point.input).fields()
        assert point.values["mean"] == pytest.approx(expected["mean"], rel=1e-6)
        assert point.values["voxels"] == expected["voxels"]
        assert point.unit == expected["unit"] == ("HU", "uCi")[point.input]
        assert point.image_series == session.inputs[point.input].volume.source.series_uid
        assert point.roi_sop_uid == stored.roi_object

    again = submit(session, repository)
    assert again.roi_object != stored.roi_object
    assert len(repository.data_points(own.uid(0), "roi")) == len(others) + 2
    assert len(repository.data_points(own.uid(0), "quantification")) == len(points) + 4


def test_inputs_that_are_off_are_left_out(desk, own):
    desk.load(own, 0, "CT", "NM")
    draw(desk.session, "Heart")
    desk.session.inputs[1].show = False
    assert submit(desk.session, desk.session.repository(own.path)).measurements == 1


def test_rois_drawn_on_a_spect_come_back_on_it(desk, own):
    desk.load(own, 0, "NM")
    draw(desk.session, "Heart", "Lung")
    masks = [desk.session.rois.mask(j) for j in (1, 2)]
    repository = desk.session.repository(own.path)
    submit(desk.session, repository)
    newest = repository.data_points(own.uid(0), "roi")[0]
    desk.session.rois.clear()
    desk.session.roi_tool.load(newest.path)
    assert desk.session.rois.names == ["Heart", "Lung"]
    assert [np.array_equal(desk.session.rois.mask(j), mask) for j, mask in enumerate(masks, 1)] == [True, True]


def test_rois_drawn_on_a_cropped_image_come_back_on_the_whole_one(desk, own):
    desk.load(own, 0, "CT")
    session = desk.session
    draw(session, "Heart")
    whole = session.rois.mask(1)
    session.cropping.set_range(2, 10, 60)
    session.cropping.set_range(0, 5, 90)
    session.cropping.execute()
    repository = session.repository(own.path)
    submit(session, repository)
    desk.load(own, 0, "CT")
    session.roi_tool.load(repository.data_points(own.uid(0), "roi")[0].path)
    assert np.array_equal(session.rois.mask(1), whole)


def test_nothing_to_submit(desk, own):
    desk.load(own, 0, "CT")
    repository = desk.session.repository(own.path)
    with pytest.raises(RoiError, match="no ROI to submit"):
        submit(desk.session, repository)
    desk.session.rois.add("Heart")
    with pytest.raises(RoiError, match="all are empty"):
        submit(desk.session, repository)


def test_a_leftover_of_another_study_is_not_submitted(desk, own):
    desk.load(own, 0, "CT", "NM")
    desk.load(own, 1, "CT")
    draw(desk.session, "Heart")
    repository = desk.session.repository(own.path)
    before = len(repository.data_points(own.uid(1), "roi"))
    with pytest.raises(UsageError, match="belong to 2 studies"):
        submit(desk.session, repository)
    assert len(repository.data_points(own.uid(1), "roi")) == before
    desk.session.inputs[1].show = False
    assert submit(desk.session, repository).measurements == 1


def test_a_derived_series_loads_back_with_its_values_and_unit(desk, own):
    desk.load(own, 2, "CT", "NM")
    session = desk.session
    repository = session.repository(own.path)
    session.quantities.convert(1, "%ID/g")
    stored = store_input(session, 1, repository)
    assert stored == 1
    found = repository.find_series(own.uid(2), SeriesFilter("NM"))
    assert len(found) == 2
    derived = next(one for one in found if one.series_uid != session.inputs[1].volume.source.series_uid)
    assert derived.series_description.endswith("[%ID/g]")
    session.open(repository.fetch(own.uid(2), derived.series_uid), 2, repository)
    before, after = session.inputs[1].volume, session.inputs[2].volume
    assert after.unit == "%ID/g"
    assert after.grid.matches(before.grid)
    assert after.values() == pytest.approx(before.values(), abs=before.range()[1] / 60000)

    session.arithmetics.scalar("mult", 2, 0.01, "%ID")
    store_input(session, 2, repository)
    descriptions = {one.series_description for one in repository.find_series(own.uid(2), SeriesFilter("NM"))}
    assert any(text.endswith("[%ID]") and "[%ID/g]" not in text for text in descriptions)


def test_subject_information_is_completed_piece_by_piece(desk, own):
    repository = desk.session.repository(own.path)
    (before,) = repository.data_points(own.uid(0), "subject")
    after = set_subject(repository, own.uid(0), creator="tester", weight="25.5 g")
    assert (after.weight, after.creator) == (25.5, "tester")
    assert (after.injected_dose, after.nuclide) == (pytest.approx(before.injected_dose), before.nuclide)
    assert after.injection_time == before.injection_time
    after = set_subject(repository, own.uid(0), creator="tester", dose=200, injection_time="2024-03-04 08:00")
    assert (after.injected_dose, after.weight, after.injection_time) == (pytest.approx(200), 25.5, "20240304080000")
    assert len(repository.data_points(own.uid(0), "subject")) == 3


@pytest.mark.parametrize(
    "given", [{}, {"dose": "250"}, {"weight": -1}, {"injection_time": "yesterday"}, {"nuclide": "Xx-99"}]
)
def test_subject_information_that_cannot_be_is_not_stored(desk, own, given):
    repository = desk.session.repository(own.path)
    with pytest.raises(VqError):
        set_subject(repository, own.uid(0), creator="tester", **given)
    assert len(repository.data_points(own.uid(0), "subject")) == 1


def test_frames_beyond_the_first_are_not_passed_over_in_silence(desk, own):
    desk.load(own, 0, "CT", "NM")
    draw(desk.session, "Heart")
    item = desk.session.inputs[1]
    item.volume = replace(item.volume, stored=np.stack([item.volume.stored] * 3))
    submit(desk.session, desk.session.repository(own.path))
    warned = "warning: input 1 has 3 frames: the measurements submitted are those of the first"
    assert warned in desk.logged


@pytest.mark.parametrize(("unit", "told"), [("uCi", 1), ("%ID/g", 0)])
def test_a_time_of_decay_correction_that_other_software_cannot_know_is_told(desk, own, unit, told):
    desk.load(own, 1, "CT", "NM")
    session = desk.session
    session.quantities.decay_correct(1, "2024-03-20 12:00")
    session.quantities.convert(1, unit)
    store_input(session, 1, session.repository(own.path))
    assert sum("decay-corrected to 20240320120000: vqscript reads that back" in line for line in desk.logged) == told


def test_a_stored_time_of_decay_correction_counts_for_the_next_conversion(desk, own):
    desk.load(own, 1, "CT", "NM")
    session = desk.session
    session.quantities.decay_correct(1, "2024-03-20 12:00")
    repository = session.repository(own.path)
    known = {one.series_uid for one in repository.find_series(own.uid(1), SeriesFilter("NM"))}
    store_input(session, 1, repository)
    (fresh,) = (one for one in repository.find_series(own.uid(1), SeriesFilter("NM")) if one.series_uid not in known)
    session.open(repository.fetch(own.uid(1), fresh.series_uid), 2, repository)
    for i in (1, 2):
        session.quantities.convert(i, "%ID/g")
    expected = session.inputs[1].volume.values()
    np.testing.assert_allclose(session.inputs[2].volume.values(), expected, atol=1e-4 * float(expected.max()))
