"""Arithmetics, cropping, resampling, filtering, reorientation, expressions and saving, as scripts call them."""

from __future__ import annotations

import datetime

import nibabel
import numpy as np
import pytest

from vqscript.repository.base import SeriesFilter


def total(volume) -> float:
    return float(volume.values().sum(dtype=np.float64))


def test_a_spect_on_the_ct_grid_keeps_its_total(lua, loaded):
    before = loaded.session.inputs[1].volume
    lua('op("Resampling"):toInput(1, 0)')
    after = loaded.session.inputs[1].volume
    assert after.grid.matches(loaded.session.inputs[0].volume.grid)
    assert after.unit == "uCi"
    # The CT does not reach as far as the SPECT, but the mouse lies within both.
    assert total(after) == pytest.approx(total(before), rel=0.02)
    assert loaded.session.inputs[1].provenance[-1] == "resampled to the grid of input 0, linear"


def test_rois_follow_the_reference_to_its_new_grid(lua, loaded):
    session = loaded.session
    mask = np.zeros(session.reference.volume.grid.shape, bool)
    mask[30:40, 20:40, 30:60] = True
    session.rois.add("box")
    session.rois.set_mask(1, mask)
    before = session.roi_tool.statistics(1, 0).values
    lua('op("Resampling"):toSpacing(0, 0.8, 0.8, 1.0, "linear")')
    after = session.roi_tool.statistics(1, 0).values
    assert session.reference.volume.grid.spacing == pytest.approx((0.8, 0.8, 1.0), rel=0.03)
    assert after["volume"] == pytest.approx(before["volume"], rel=0.1)
    assert np.abs(np.subtract(after["comMm"], before["comMm"])).max() < 0.5


def test_filters_by_hand(lua, loaded):
    session = loaded.session
    before = session.inputs[1].volume.values().copy()
    lua('op("Filtering"):median(1, 1)')
    assert session.inputs[1].volume.values()[20, 20, 20] == np.median(before[19:22, 19:22, 19:22])
    lua('op("Filtering"):gaussian(1, 2)')
    assert session.inputs[1].volume.unit == "uCi"
    assert session.inputs[1].provenance[-2:] == ["median, radius 1 voxels", "Gaussian, FWHM 2.0 mm"]


def test_a_bed_is_sought_in_a_ct_only(fails):
    assert "input 1 is no CT" in fails('op("Filtering"):removeBed(1)').message


def test_turning_there_and_back_changes_nothing(lua, loaded):
    grid = loaded.session.inputs[1].volume.grid
    lua('local o = op("Reorientation/Registration"); o:rotate(1, 0, 0, 30); o:rotate(1, 0, 0, -30)')
    assert loaded.session.inputs[1].volume.grid.matches(grid, 1e-6)
    voxels = loaded.session.inputs[1].volume.stored.copy()
    lua('op("Reorientation/Registration"):flip(1, "x")')
    assert np.array_equal(loaded.session.inputs[1].volume.stored, voxels[:, :, ::-1])


def test_the_reference_stays(fails):
    assert "stays" in fails('op("Reorientation/Registration"):rotate(0, 0, 0, 5)').message
    assert "stays" in fails('op("Reorientation/Registration"):register(0, 1)').message


def test_an_input_that_was_moved_is_found_again(lua, loaded):
    session = loaded.session
    there = session.inputs[0].volume.grid
    lua("dm:duplicate(0)")
    lua('local o = op("Reorientation/Registration"); o:translate(2, 1.5, -1, 2); o:rotate(2, 0, 0, 4)')
    lua('for _, line in ipairs(op("Reorientation/Registration"):register(2, 0)) do print(line) end')
    found = session.inputs[2].volume.grid
    corners = np.array([[0, 0, 0], np.subtract(there.size, 1)])
    assert np.abs(found.to_world(corners) - there.to_world(corners)).max() < 0.3  # the voxels are 0.4 mm
    assert session.inputs[2].provenance[-1].startswith("aligned with input 0: ")


def test_an_expression_over_inputs(lua, loaded):
    session = loaded.session
    values = session.inputs[1].volume.values().copy()
    lua('op("Arithmetics"):expression("where(a > 0.01, 2*a, 0) + 1", {a = 1}, 2, "uCi")')
    made = session.inputs[2].volume
    assert np.allclose(made.values(), np.where(values > np.float32(0.01), 2 * values, 0) + 1)
    assert made.unit == "uCi"
    assert session.inputs[1].volume.values().sum() == values.sum()


def test_an_expression_is_no_program(fails):
    assert "b" in fails('op("Arithmetics"):expression("a/b", {a = 1}, 1)').message
    for text in ("__import__('os')", "a.stored", "(lambda: 1)()", "a[0]", "open(a)"):
        problem = fails(f'op("Arithmetics"):expression([==[{text}]==], {{a = 1}}, 1)')
        assert problem.kind == "UsageError"


def test_nifti_out_is_read_by_others_and_in_again(lua, loaded):
    session = loaded.session
    printed = lua('print(dm:save(1, "spect.nii.gz"))')
    image = nibabel.load(printed[0])
    grid = session.inputs[1].volume.grid
    turn = np.diag([-1, -1, 1, 1])
    assert np.allclose(image.affine, turn @ grid.affine, atol=1e-4)
    assert np.allclose(np.asarray(image.dataobj), session.inputs[1].volume.values().T)
    lua(f'dm:open("{printed[0]}", 2); assert(dm:unit(2) == "uCi")')
    again = session.inputs[2].volume
    assert again.grid.matches(grid)
    assert np.array_equal(again.values(), session.inputs[1].volume.values())


def test_dicom_out_is_a_new_series_of_the_study(lua, loaded, fails):
    session = loaded.session
    lua('dm:convertUnit(1, "%ID/g"); dm:save(1, "pidg"); dm:open(VQ.output .. "/pidg", 2)')
    saved, again = session.inputs[1].volume, session.inputs[2].volume
    assert again.unit == "%ID/g"
    assert again.source.study_uid == saved.source.study_uid
    assert again.source.series_uid != saved.source.series_uid
    assert np.allclose(again.values(), saved.values(), atol=saved.range()[1] / 60000)
    assert "converted from uCi to %ID/g" in str(again.header.DerivationDescription)
    assert "not empty" in fails('dm:save(1, "pidg")').message
    assert sorted(path.name for path in loaded.output.iterdir()) == ["pidg"]
    assert "did you mean" in fails('dm:save(1, "x", "nifty")').hint


def test_a_session_with_a_nifti_input_reopens(lua, loaded):
    lua('dm:open(dm:save(1, "spect.nii.gz"), 2); dm:setPalette(2, "viridis"); mw:saveSession("mine"); dm:clear()')
    lua('mw:loadSession("mine"); assert(dm:size() == 3 and dm:getPaletteName(2) == "viridis")')
    assert loaded.session.inputs[2].volume.grid.matches(loaded.session.inputs[1].volume.grid)


def test_decay_correction_to_a_time_and_back_again(lua, loaded, fails):
    """In-111: half of it is left after 2.8047 days; the SPECT is corrected to the injection."""
    session = loaded.session
    before = session.inputs[1].volume.values().copy()
    injected = session.quantities.subject(session.inputs[1]).injection_time
    assert injected is not None
    lua(f'dm:decayCorrect(1, "{injected:%Y%m%d%H%M%S}")')
    assert np.allclose(session.inputs[1].volume.values(), before, rtol=1e-5)
    later = injected + datetime.timedelta(days=2.8047)
    lua(f'dm:decayCorrect(1, "{later:%Y%m%d%H%M%S}"); print(dm:decayCorrection(1))')
    assert np.allclose(session.inputs[1].volume.values(), before / 2, rtol=1e-3)
    # The conversion knows to when the values are corrected now: %ID/g is the same as without.
    lua('dm:convertUnit(1, "%ID/g")')
    voxel_ml = session.inputs[1].volume.grid.voxel_volume / 1000
    dose = session.quantities.injected_dose(1)[0]
    assert np.allclose(session.inputs[1].volume.values(), before * 100 / dose / voxel_ml, rtol=2e-3)
    assert "no activity" in fails('dm:decayCorrect(0, "2024-03-04 09:30")').message


@pytest.mark.parametrize(
    ("formula", "kilograms"),
    [
        ("James128", 1.10 * 70 - 128 * (70 / 175) ** 2),
        ("James", 1.10 * 70 - 120 * (70 / 175) ** 2),
        ("Janmahasatian", 9270 * 70 / (6680 + 216 * 70 / 1.75**2)),
    ],
)
def test_lean_body_mass_by_each_formula_and_back(lua, loaded, formula, kilograms):
    volume = loaded.session.inputs[1].volume
    about = 'weight = "70 kg", height = 1.75, sex = "M"'
    lua(f'dm:convertUnit(1, "SUVbw", {{{about}}})')
    by_weight = total(volume)
    lua(f'dm:convertUnit(1, "SUVlbm", {{{about}, lean = "{formula}"}})')
    assert total(volume) / by_weight == pytest.approx(kilograms / 70, rel=1e-5)
    # The way back takes the formula the values were made with.
    lua(f'dm:convertUnit(1, "SUVbw", {{{about}}})')
    assert total(volume) == pytest.approx(by_weight, rel=1e-6)


def test_what_was_given_for_a_conversion_holds_for_the_next(lua, loaded):
    volume = loaded.session.inputs[1].volume
    before = total(volume)
    lua('dm:convertUnit(1, "%ID/g", { dose = "1000 uCi", weight = "33 g" }); dm:duplicate(1)')
    per_gram = total(volume)
    lua('dm:convertUnit(1, "SUVbw"); dm:convertUnit(2, "uCi")')
    assert total(volume) == pytest.approx(per_gram * 33 / 100, rel=1e-6)
    assert "33 g (given)" in loaded.session.inputs[1].provenance[-1]
    assert total(loaded.session.inputs[2].volume) == pytest.approx(before, rel=1e-6)


def test_a_decay_status_is_declared_where_the_header_is_silent(lua, loaded, fails):
    lua('dm:setDecayCorrection(1, "NONE"); assert(dm:decayCorrection(1) == "NONE")')
    assert loaded.session.inputs[1].provenance[-1] == "decay correction declared as NONE (was ADMIN)"
    assert "takes one of ADMIN, START, NONE" in fails('dm:setDecayCorrection(1, "no")').message


def test_straightening_leaves_an_upright_image_alone(lua, loaded):
    before = loaded.session.inputs[0].volume
    lua('op("Resampling"):straighten(0)')
    assert loaded.session.inputs[0].volume is before


def test_a_gantry_tilt_is_straightened(lua, loaded, data):
    lua(f'dm:open("{(data / "odd-series" / "gantrytilting" / "001").as_posix()}", 2)')
    assert loaded.session.inputs[2].volume.grid.sheared
    lua('op("Resampling"):straighten(2)')
    assert not loaded.session.inputs[2].volume.grid.sheared


def test_a_threshold_keeps_what_is_no_number(lua, loaded):
    values = loaded.session.inputs[1].volume.as_float()
    values[0, 0, :3] = np.nan, 5, 1
    lua('op("Arithmetics"):threshold(1, 2, 10)')
    assert np.array_equal(loaded.session.inputs[1].volume.values()[0, 0, :3], [np.nan, 5, 0], equal_nan=True)


@pytest.mark.parametrize("name", ["x.jpg", "x.gif", "x.csv"])
def test_a_picture_is_not_named_as_something_else(fails, name):
    assert f"{name} would be a .png file" in fails(f'mw:saveImage("{name}", 5)').message


def test_a_fetched_series_opens_more_than_once(loaded, mice):
    printed = loaded.run(
        """
        local repo = require("ipacs").iPACS(args.repo, args.project)
        local study = repo:getStudies()[1]
        local nm = repo.dcmRep:fetch(study, repo:getSeries(study, "-modality", "NM")[1])
        local dm = VQ.dataManager()
        dm:open(nm, 1)
        dm:open(nm, 2)
        print(nm.files, dm:getMax(1) == dm:getMax(2))
        """,
        repo=str(mice.path),
        project=mice.project,
    )
    assert printed == ["1\ttrue"]


def test_a_half_life_is_given_where_the_nuclide_is_not_known(lua, loaded):
    session = loaded.session
    before = session.inputs[1].volume.values().copy()
    injected = session.quantities.subject(session.inputs[1]).injection_time
    later = injected + datetime.timedelta(hours=1)
    lua(f'dm:decayCorrect(1, "{later:%Y%m%d%H%M%S}", {{halfLife = 1800}})')
    assert np.allclose(session.inputs[1].volume.values(), before / 4, rtol=1e-5)


def test_an_expression_over_another_study_is_told(lua, loaded, mice):
    session = loaded.session
    repository = session.repository(mice.path)
    (series,) = repository.find_series(mice.uid(2), SeriesFilter("NM"))
    session.open(repository.fetch(mice.uid(2), series.series_uid), 1, repository)
    lua('op("Arithmetics"):expression("2*a", {a = 1}, 2, "uCi")')
    assert [line for line in loaded.logged if line.startswith("warning: input 1") and "study" in line]


def test_arithmetics(lua, loaded):
    _, high = loaded.session.inputs[1].volume.range()
    printed = lua("""
        local op = op("Arithmetics")
        op:scalarMult(1, 100, "%ID") op:scalarDiv(1, 50, "%ID") op:scalarAdd(1, 1, "%ID") op:scalarSub(1, 1, "%ID")
        print(dm:getMax(1), dm:unit(1))
        op:mult(1, 1, 2, "x") op:sqrt(2, "%ID") op:sub(2, 1)
        print(dm:getMax(2))
        op:pow(1, 2, "a") op:clip(1, 0.5, 2) op:threshold(1, 1, 2) op:abs(1) op:invert(1) op:exp(1, "b") op:log(1, "c")
        op:add(1, 1) op:div(1, 1)
        print(dm:unit(1))
    """)
    assert float(printed[0].split()[0]) == pytest.approx(2 * high, rel=1e-5)
    assert float(printed[1]) == pytest.approx(0, abs=1e-5 * high)


def test_a_division_by_zero_is_refused_in_the_users_words(fails, loaded):
    values = loaded.session.inputs[1].volume.values().copy()
    error = fails('local dose = 0\nop("Arithmetics"):scalarDiv(1, dose, "%ID")')
    assert "divided by zero" in str(error)
    assert np.array_equal(loaded.session.inputs[1].volume.values(), values)


def test_cropping(lua, loaded):
    before = loaded.session.inputs[0].volume
    assert lua("""
        local crop = op("Cropping")
        crop:setRange(0, 10, 49) crop:setRange(2, 5, 14)
        crop:executeCropping()
        print(dm:dim(0))
        crop:embed(60, 80, 20)
        print(dm:dim(0))
        crop:autoCrop({0}, 1)
    """) == ["40\t80\t10\t1", "60\t80\t20\t1"]
    after = loaded.session.inputs[0].volume
    assert after.stored.dtype == before.stored.dtype == np.int16
    index = np.array([3, 4, 2])
    there = before.grid.to_index(after.grid.to_world(index)).round().astype(int)
    assert after.value(*index) == before.value(*there)


def test_registration_moves_an_input_against_the_reference(lua, loaded):
    x, y, z = loaded.session.inputs[1].volume.grid.origin
    lua('op("Reorientation/Registration"):translate(1, 1, 2, -3)')
    assert loaded.session.inputs[1].volume.grid.origin == pytest.approx((x + 1, y + 2, z - 3))
