"""Dose-related units: reference objects with known SUV, and cases computed by hand."""

from __future__ import annotations

import csv
import math
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from vqscript.errors import UnitError
from vqscript.imaging.administration import Administration, from_header
from vqscript.imaging.body import body_surface_area, ideal_body_weight, lean_body_mass
from vqscript.imaging.decay import decay_status, reference_time
from vqscript.imaging.grid import Grid
from vqscript.imaging.suv import apply, convert, convert_net, injected_dose
from vqscript.imaging.volume import Timing, Volume

F18 = 109.77 * 60
LAMBDA = math.log(2) / F18
DAY = "2025-01-01"

Header = Callable[..., Dataset]


@pytest.fixture
def pet_header() -> Header:
    """A PET header: 350 MBq F-18 at 10:00, 70 kg, scan at 11:00; keywords replace or (None) remove attributes."""

    def make(*, dose: Any = 3.5e8, **attributes: Any) -> Dataset:
        nuclide = Dataset()
        nuclide.CodeValue, nuclide.CodingSchemeDesignator, nuclide.CodeMeaning = "C-111A1", "SRT", "^18^Fluorine"
        item = Dataset()
        item.RadionuclideCodeSequence = [nuclide]
        item.RadionuclideTotalDose = dose
        item.RadionuclideHalfLife = F18
        item.RadiopharmaceuticalStartDateTime = "20250101100000"
        header = Dataset()
        header.Modality = "PT"
        header.Units = "BQML"
        header.DecayCorrection = "START"
        header.CorrectedImage = ["ATTN", "DECY"]
        header.PatientWeight, header.PatientSize, header.PatientSex = 70, 1.75, "M"
        header.SeriesDate = header.AcquisitionDate = "20250101"
        header.SeriesTime = header.AcquisitionTime = "110000"
        header.RadiopharmaceuticalInformationSequence = [item]
        for keyword, value in attributes.items():
            target = item if keyword.startswith("Radio") and keyword in item else header
            if keyword == "RadiopharmaceuticalStartTime":
                target = item
            if value is None:
                delattr(target, keyword)
            else:
                setattr(target, keyword, value)
        return header

    return make


def volume(
    header: Dataset | None,
    unit: str = "Bq/mL",
    values: Any = 5000.0,
    starts: Any = ((f"{DAY}T11:00:00",),),
    duration: Any = math.nan,
    reference: Any = math.nan,
) -> Volume:
    """Voxels of 2 x 2 x 5 mm (0.02 mL), 2 slices, as many frames as there are rows of start times."""
    start = np.array(starts, dtype="datetime64[us]")
    shape = (2, 3, 4) if start.shape[0] == 1 else (start.shape[0], 2, 3, 4)
    return Volume(
        np.broadcast_to(np.asarray(values, dtype=np.float32), shape).copy(),
        Grid((4, 3, 2), (2.0, 2.0, 5.0)),
        unit=unit,
        modality=str(header.Modality) if header is not None else "",
        header=header,
        timing=Timing(
            start,
            np.broadcast_to(np.float64(duration), start.shape),
            np.broadcast_to(np.float64(reference), start.shape),
        ),
    )


def factor(*args: Any, **kwargs: Any) -> float:
    found = convert(*args, **kwargs).factor
    assert isinstance(found, float)
    return found


@pytest.mark.parametrize("name", ["DRO_0_0", "DRO_1_0", "DRO_2_0", "DRO_2_3", "DRO_3_1", "DRO_4_1"])
def test_digital_reference_objects(data: Path, name: str) -> None:
    import nibabel

    from vqscript.imaging.dicom.header import scan
    from vqscript.imaging.dicom.series import load_series

    with (data / "suv" / "expected.csv").open() as file:
        row = next(row for row in csv.DictReader(file) if row["ID"] == name)
    instances, skipped = scan(data / "suv" / name / "PT")
    assert not skipped
    (pet,) = load_series(instances)
    conversion = convert(pet, "SUVbw")
    apply(pet, conversion)
    assert pet.unit == "SUVbw"
    mask = nibabel.load(data / "suv" / name / "mask" / "DRO_mask.nii.gz")
    # NIfTI's world runs to the right and the front, DICOM's to the left and the back: the same voxels in this file.
    assert np.diag([-1, -1, 1, 1]) @ mask.affine == pytest.approx(pet.grid.affine)
    inside = pet.values()[np.asanyarray(mask.dataobj).T != 0]
    tolerance = 0.03 if name == "DRO_2_3" else 0.01
    expected = [float(row[f"SUV{what}_expected"]) for what in ("min", "med", "max")]
    assert [inside.min(), np.median(inside), inside.max()] == pytest.approx(expected, abs=tolerance)


def test_admin_needs_no_time(pet_header: Header) -> None:
    header = pet_header(DecayCorrection="ADMIN", RadiopharmaceuticalStartDateTime=None, RadionuclideHalfLife=None)
    conversion = convert(volume(header), "SUV")
    assert conversion.unit == "SUVbw"
    assert conversion.factor == pytest.approx(70_000 / 3.5e8, rel=1e-12)
    assert conversion.warnings == ()
    assert "corrected to injection already" in " ".join(conversion.notes)


def test_start_is_an_hour_after_injection(pet_header: Header) -> None:
    conversion = convert(volume(pet_header()), "SUVbw")
    assert conversion.factor == pytest.approx(70_000 / (3.5e8 * math.exp(-LAMBDA * 3600)), rel=1e-9)
    text = "\n".join(conversion.notes)
    for said in ("350 MBq (9459.5 uCi)", "2025-01-01 10:00:00", "11:00:00", "SeriesTime", "109.77 min", "70000 g"):
        assert said in text
    assert text.count("DICOM header") >= 4


def test_start_by_frame_reference_time(pet_header: Header) -> None:
    # Two bed positions of 300 s; both are corrected to 11:00, which only FrameReferenceTime tells.
    average = math.log(LAMBDA * 300 / (1 - math.exp(-LAMBDA * 300))) / LAMBDA
    header = pet_header(SeriesTime="104500")
    beds = volume(
        header,
        starts=[[f"{DAY}T11:00:00", f"{DAY}T11:10:00"]],
        duration=300.0,
        reference=[[average, 600 + average]],
    )
    moment, how, warnings = reference_time(beds, F18)
    assert abs(moment - np.datetime64(f"{DAY}T11:00:00")) < np.timedelta64(2, "us")
    assert "FrameReferenceTime" in how
    assert warnings == ()
    assert factor(beds, "SUVbw") == pytest.approx(70_000 / 3.5e8 * math.exp(LAMBDA * 3600), rel=1e-6)


def test_slices_corrected_to_their_own_start(pet_header: Header) -> None:
    beds = volume(
        pet_header(), starts=[[f"{DAY}T11:00:00", f"{DAY}T11:10:00"]], duration=300.0, reference=[[149.6, 149.6]]
    )
    conversion = convert(beds, "%ID/g")
    assert isinstance(conversion.factor, np.ndarray)
    assert conversion.factor.shape == (1, 2, 1, 1)
    ratio = conversion.factor[0, 1, 0, 0] / conversion.factor[0, 0, 0, 0]
    assert ratio == pytest.approx(math.exp(LAMBDA * 600), rel=1e-9)
    assert any("600 s apart" in warning for warning in conversion.warnings)


@pytest.mark.parametrize("reference", [0.0, math.nan])
def test_series_time_counts_only_before_the_acquisition(pet_header: Header, reference: float) -> None:
    late = volume(pet_header(SeriesTime="150000"), duration=300.0, reference=reference)
    moment, how, _ = reference_time(late, F18)
    assert moment == np.datetime64(f"{DAY}T11:00:00")
    assert how == "the earliest AcquisitionTime"
    early = volume(pet_header(SeriesTime="105500"), duration=300.0, reference=reference)
    assert reference_time(early, F18)[0] == np.datetime64(f"{DAY}T10:55:00")


@pytest.mark.parametrize("creator", [True, False])
def test_ge_says_the_reference_time_itself(pet_header: Header, creator: bool) -> None:
    header = pet_header()
    if creator:
        header.private_block(0x0009, "GEMS_PETD_01", create=True).add_new(0x0D, "DT", "20250101103000.00")
    else:
        header.add_new((0x0009, 0x100D), "UN", b"20250101103000.00 ")
    assert reference_time(volume(header), F18)[0] == np.datetime64(f"{DAY}T10:30:00")


def test_not_corrected_frames_get_a_factor_each(pet_header: Header) -> None:
    header = pet_header(DecayCorrection="NONE")
    dynamic = volume(header, starts=[[f"{DAY}T11:00:00"], [f"{DAY}T12:00:00"]], duration=[[600.0], [1200.0]])
    conversion = convert(dynamic, "%ID/g")
    expected = [
        100 / 3.5e8 * LAMBDA * T / (1 - math.exp(-LAMBDA * T)) * math.exp(LAMBDA * t)
        for t, T in ((3600, 600), (7200, 1200))
    ]
    assert np.ravel(conversion.factor) == pytest.approx(expected, rel=1e-9)
    apply(dynamic, conversion)
    assert dynamic.unit == "%ID/g"
    assert dynamic.stored.dtype == np.float32
    for frame, value in enumerate(expected):
        assert dynamic.frame(frame) == pytest.approx(5000 * value, rel=1e-6)


def test_slices_of_one_frame_get_a_factor_each(pet_header: Header) -> None:
    header = pet_header(DecayCorrection="NONE")
    beds = volume(header, starts=[[f"{DAY}T11:00:00", f"{DAY}T11:10:00"]], duration=300.0)
    apply(beds, convert(beds, "%ID/g"))
    assert beds.stored.shape == (2, 3, 4)
    assert beds.stored[1] / beds.stored[0] == pytest.approx(math.exp(LAMBDA * 600), rel=1e-6)


def test_activity_decayed_by_the_physics_comes_back(pet_header: Header) -> None:
    # Integrate a decaying source numerically rather than by the formula under test.
    t = 3600 + (np.arange(100_000) + 0.5) / 100_000 * 1800
    measured = 8000 * np.exp(-LAMBDA * t).mean()
    scan = volume(pet_header(DecayCorrection="NONE"), values=measured, duration=1800.0)
    apply(scan, convert(scan, "%ID/g"))
    assert scan.value(0, 0, 0) == pytest.approx(100 * 8000 / 3.5e8, rel=1e-6)


def nm_header(pet_header: Header, **attributes: Any) -> Dataset:
    header = pet_header(dose=9.25, **attributes)
    header.Modality = "NM"
    del header.Units, header.DecayCorrection
    if "DecayCorrection" in attributes:
        header.DecayCorrection = attributes["DecayCorrection"]
    header.PatientWeight = 0.024
    item = header.RadiopharmaceuticalInformationSequence[0]
    item.RadionuclideCodeSequence[0].CodeMeaning = "^111^Indium"
    del item.RadionuclideHalfLife
    item.RadiopharmaceuticalStartDateTime = "20241231110000"
    return header


def test_spect_in_uci_per_voxel(pet_header: Header) -> None:
    # 0.5 uCi in a voxel of 0.02 mL, of 250 uCi (9.25 MBq) injected: 0.2 % in 0.02 g, 10 %ID/g, SUV 2.4 at 24 g.
    spect = volume(nm_header(pet_header, DecayCorrection="ADMIN"), unit="uCi", values=0.5)
    assert spect.grid.voxel_volume == pytest.approx(20)
    assert 0.5 * factor(spect, "%ID") == pytest.approx(0.2)
    assert 0.5 * factor(spect, "%ID/g") == pytest.approx(10)
    assert 0.5 * factor(spect, "SUV") == pytest.approx(2.4)
    assert 0.5 * factor(spect, "uCi/mL") == pytest.approx(25)
    assert 0.5 * factor(spect, "Bq/mL") == pytest.approx(925_000)
    assert 0.5 * factor(spect, "kBq/mL") == pytest.approx(925)


def test_spect_says_what_decay_correction_it_has(pet_header: Header) -> None:
    lam = math.log(2) / (2.8047 * 86400)
    admin = volume(nm_header(pet_header, DecayCorrection="ADMIN"), unit="uCi")
    assert decay_status(admin)[0] == "ADMIN"
    corrected = volume(nm_header(pet_header), unit="uCi")
    assert decay_status(corrected) == ("START", "CorrectedImage lists DECY")
    conversion = convert(corrected, "%ID")
    assert conversion.factor == pytest.approx(100 / 250 * math.exp(lam * 86400), rel=1e-9)
    assert any("does not say to when" in warning for warning in conversion.warnings)
    plain = volume(nm_header(pet_header, CorrectedImage=["ATTN"]), unit="uCi", duration=1800.0)
    assert decay_status(plain) == ("NONE", "CorrectedImage does not list DECY")
    loss = lam * 1800 / (1 - math.exp(-lam * 1800))
    assert factor(plain, "%ID") == pytest.approx(100 / 250 * loss * math.exp(lam * 86400), rel=1e-9)


def test_spect_that_says_nothing_of_corrections_is_taken_as_uncorrected_with_a_warning(pet_header: Header) -> None:
    listed = volume(nm_header(pet_header, CorrectedImage=["ATTN"]), unit="uCi", duration=1800.0)
    silent = volume(nm_header(pet_header, CorrectedImage=None), unit="uCi", duration=1800.0)
    status, where = decay_status(silent)
    assert (status, "neither" in where) == ("NONE", True)
    stated, assumed = convert(listed, "%ID"), convert(silent, "%ID")
    assert assumed.factor == pytest.approx(stated.factor)
    assert [w for w in assumed.warnings if "taken as not decay-corrected" in w]
    assert not [w for w in stated.warnings if "taken as not decay-corrected" in w]


def test_enhanced_pet_says_when_it_is_corrected_to(pet_header: Header) -> None:
    header = pet_header(DecayCorrection=None, DecayCorrected="YES", DecayCorrectionDateTime="20250101100000.00")
    assert decay_status(volume(header))[0] == "START"
    assert factor(volume(header), "%ID/g") == pytest.approx(100 / 3.5e8, rel=1e-12)
    header.DecayCorrected = "NO"
    assert decay_status(volume(header))[0] == "NONE"


def test_without_a_header_nothing_is_decayed_and_it_is_said() -> None:
    nifti = volume(None)
    assert decay_status(nifti)[0] == ""
    conversion = convert(nifti, "%ID/g", given=Administration(dose=1e6))
    assert conversion.factor == pytest.approx(1e-4)
    assert any("taken as decay-corrected to injection" in warning for warning in conversion.warnings)


ROUND_TRIP = ["Bq/mL", "kBq/mL", "uCi/mL", "uCi", "%ID", "%ID/g", "SUVbw", "SUVlbm", "SUVbsa", "SUVibw"]


@pytest.mark.parametrize("status", ["ADMIN", "START", "NONE"])
@pytest.mark.parametrize("there", ROUND_TRIP)
def test_there_and_back_changes_nothing(pet_header: Header, there: str, status: str) -> None:
    scan = volume(pet_header(DecayCorrection=status), duration=300.0)
    for unit in (there, "%ID/g", there, "Bq/mL"):
        apply(scan, convert(scan, unit))
        assert scan.unit == unit
    assert scan.stored == pytest.approx(5000, rel=1e-5)


def test_suv_and_percent_per_gram_differ_by_the_weight_alone(pet_header: Header) -> None:
    header = pet_header(dose=None)
    suv = volume(header, unit="SUVbw", values=2.0)
    assert 2.0 * factor(suv, "%ID/g") == pytest.approx(2.0 * 100 / 70_000)
    with pytest.raises(UnitError, match="injected dose is not known"):
        convert(suv, "Bq/mL")
    del header.PatientWeight
    with pytest.raises(UnitError, match="body weight is not known"):
        convert(suv, "%ID/g")


def test_the_same_unit_is_no_conversion(pet_header: Header) -> None:
    suv = volume(pet_header(), unit="SUVbw", values=2000.0)
    conversion = convert(suv, "suv")
    assert (conversion.factor, conversion.warnings) == (1.0, ())


def test_body_size_formulas() -> None:
    # 70 kg and 1.75 m: body mass index 22.857.
    assert lean_body_mass(70_000, 1.75, "M") == pytest.approx(55_856, rel=1e-3)
    assert lean_body_mass(70_000, 1.75, "F") == pytest.approx(45_194, rel=1e-3)
    assert lean_body_mass(70_000, 1.75, "M", "James") == pytest.approx(57_800, rel=1e-6)
    assert lean_body_mass(70_000, 1.75, "M", "James128") == pytest.approx(56_520, rel=1e-6)
    assert lean_body_mass(70_000, 1.75, "F", "James") == pytest.approx(51_220, rel=1e-6)
    assert ideal_body_weight(1.75, "M") == pytest.approx(72_380)
    assert ideal_body_weight(1.75, "F") == pytest.approx(66_430)
    assert body_surface_area(70_000, 1.75) == pytest.approx(18_481, rel=1e-3)
    with pytest.raises(UnitError, match='sex M or F, and it is "O"'):
        lean_body_mass(70_000, 1.75, "O")
    with pytest.raises(UnitError, match="no sensible value"):
        ideal_body_weight(0.1, "M")


def test_an_suv_of_another_lean_mass_is_turned_back_by_its_own_formula(pet_header: Header) -> None:
    scan = volume(pet_header(Units="GML", SUVType="LBM"), unit="SUVlbm", values=2.0)
    conversion = convert(scan, "SUVbw")
    assert conversion.factor == pytest.approx(70_000 / 57_800)
    assert any("(James)" in note for note in conversion.notes)


def test_what_is_given_goes_before_the_subject_and_that_before_the_header(pet_header: Header) -> None:
    scan = volume(pet_header(DecayCorrection="ADMIN"))
    subject = Administration(dose=2e8, weight=60_000)
    given = Administration(dose=1e8)
    conversion = convert(scan, "SUVbw", subject=subject, given=given)
    assert conversion.factor == pytest.approx(60_000 / 1e8)
    text = "\n".join(conversion.notes)
    assert "Dose 100 MBq (2702.7 uCi) at injection (given)" in text
    assert "Weight 60000 g (subject information)" in text


def test_a_remark_on_a_fact_that_is_not_used_is_no_warning(pet_header: Header) -> None:
    scan = volume(pet_header(dose=350, PatientWeight=70_000, DecayCorrection="ADMIN"))
    conversion = convert(scan, "%ID/g")
    assert conversion.factor == pytest.approx(100 / 3.5e8)
    assert [warning for warning in conversion.warnings if "read as MBq" in warning]
    assert not [warning for warning in conversion.warnings if "PatientWeight" in warning]
    assert convert(scan, "kBq/mL").warnings == ()
    assert convert(scan, "%ID/g", given=Administration(dose=1e8)).warnings == ()


def test_a_given_dose_is_never_guessed(pet_header: Header) -> None:
    scan = volume(pet_header(DecayCorrection="ADMIN"), values=1.0)
    assert factor(scan, "%ID/g", given=Administration(dose=500.0)) == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("modality", "stated", "becquerel", "warned"),
    [
        ("PT", 3.5e8, 3.5e8, False),
        ("PT", 74_000, 74_000, False),  # 2 uCi in a mouse
        ("PT", 350, 3.5e8, True),
        ("NM", 9.25, 9.25e6, False),
        ("NM", 7400, 7.4e9, False),
        ("NM", 203_000_000, 2.03e8, True),
    ],
)
def test_dose_by_modality(pet_header: Header, modality: str, stated: float, becquerel: float, warned: bool) -> None:
    header = pet_header(dose=stated)
    header.Modality = modality
    facts, remarks = from_header(header)
    assert facts.dose == pytest.approx(becquerel)
    assert bool(remarks) is warned
    assert injected_dose(volume(header)) == (pytest.approx(becquerel / 37_000), "header")


def test_where_the_injected_dose_is_from(pet_header: Header) -> None:
    scan = volume(pet_header(dose=None))
    assert injected_dose(scan) == (0.0, "none")
    assert injected_dose(scan, Administration(weight=24)) == (0.0, "none")
    assert injected_dose(scan, Administration(dose=9.25e6)) == (pytest.approx(250), "subject")
    assert injected_dose(volume(None)) == (0.0, "none")


def test_facts_of_zero_are_not_known_and_negative_ones_are_refused(pet_header: Header) -> None:
    header, _ = from_header(pet_header())
    merged = header.merged(Administration(dose=0.0, weight=0.0))
    assert (merged.dose, merged.weight) == (3.5e8, 70_000)
    for wrong in (-1.0, math.nan, math.inf):
        with pytest.raises(UnitError, match=r"the weight .* is no amount"):
            Administration(weight=wrong)


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("100000", datetime(2025, 1, 1, 10)),
        ("1000", datetime(2025, 1, 1, 10)),
        ("110500", datetime(2025, 1, 1, 11, 5)),  # a dynamic scan that began before the injection
        ("233000.5", datetime(2024, 12, 31, 23, 30, 0, 500_000)),
    ],
)
def test_an_injection_time_without_a_date(pet_header: Header, time: str, expected: datetime) -> None:
    header = pet_header(RadiopharmaceuticalStartDateTime=None, RadiopharmaceuticalStartTime=time)
    facts, remarks = from_header(header)
    assert facts.injection_time == expected
    assert "time only" in facts.sources["injection_time"]
    assert remarks == ()
    header.RadiopharmaceuticalInformationSequence[0].RadionuclideHalfLife = 2.8 * 86400
    assert any("days off" in remark.text for remark in from_header(header)[1])


def test_a_date_and_time_in_another_time_zone(pet_header: Header) -> None:
    header = pet_header(RadiopharmaceuticalStartDateTime="20250101090000.000000+0000")
    assert from_header(header)[0].injection_time == datetime(2025, 1, 1, 9)
    header.TimezoneOffsetFromUTC = "+0100"
    assert from_header(header)[0].injection_time == datetime(2025, 1, 1, 10)


def test_odd_header_values_are_read_or_left_out_with_a_remark(pet_header: Header) -> None:
    header = pet_header(PatientWeight=70_000, PatientSize=175)
    facts, remarks = from_header(header)
    assert (facts.weight, facts.height) == (70_000, 1.75)
    assert {remark.field for remark in remarks} == {"weight", "height"}
    header = pet_header(PatientWeight=0, PatientSize=None, RadiopharmaceuticalStartDateTime="2025")
    header["RadiopharmaceuticalInformationSequence"][0]["RadionuclideTotalDose"]._value = "much"
    facts, remarks = from_header(header)
    assert facts.weight is None and facts.height is None and facts.dose is None and facts.injection_time is None
    assert {remark.field for remark in remarks} == {"dose", "injection_time"}
    assert from_header(Dataset()) == (Administration(), ())


def test_half_life_from_the_nuclide(pet_header: Header) -> None:
    header = pet_header(RadionuclideHalfLife=None)
    facts, _ = from_header(header)
    assert facts.half_life == pytest.approx(F18)
    assert "F-18" in facts.sources["half_life"]
    wrong = from_header(pet_header(RadionuclideHalfLife=1224))
    assert wrong[0].half_life == 1224
    assert "not that of F-18" in wrong[1][0].text


@pytest.mark.parametrize(
    ("unit", "target", "said"),
    [
        ("HU", "SUVbw", 'from "HU" no way leads there'),
        ("1/min", "SUVbw", 'from "1/min" no way leads there'),
        ("", "SUVbw", 'Units "BQML"'),
        ("Bq/mL", "HU", 'cannot be converted to "HU"'),
        ("Bq/mL", "counts", 'cannot be converted to "counts"'),
        ("Bq/mL", "SUVxy", "no unit that is known"),
        ("counts", "SUVbw", "what activity a count stands for"),
    ],
)
def test_units_that_lead_nowhere_are_refused(pet_header: Header, unit: str, target: str, said: str) -> None:
    with pytest.raises(UnitError, match=said) as caught:
        convert(volume(pet_header(), unit=unit), target)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("missing", "target", "said"),
    [
        ("PatientWeight", "SUVbw", "body weight is not known"),
        ("RadionuclideTotalDose", "SUVbw", "injected dose is not known"),
        ("PatientSize", "SUVlbm", "body height is not known"),
        ("PatientSex", "SUVlbm", "needs the sex, which is not known"),
        ("RadiopharmaceuticalStartDateTime", "%ID/g", "injection time is not known"),
    ],
)
def test_a_missing_fact_is_refused(pet_header: Header, missing: str, target: str, said: str) -> None:
    with pytest.raises(UnitError, match=said) as caught:
        convert(volume(pet_header(**{missing: None})), target)
    assert caught.value.hint
    assert "uid" in caught.value.about


def test_a_missing_half_life_or_time_of_the_scan_is_refused(pet_header: Header) -> None:
    header = pet_header(RadionuclideHalfLife=None)
    header.RadiopharmaceuticalInformationSequence[0].RadionuclideCodeSequence[0].CodeMeaning = "^200^Unobtainium"
    header.RadiopharmaceuticalInformationSequence[0].RadionuclideCodeSequence[0].CodeValue = "X"
    with pytest.raises(UnitError, match="half-life is not known"):
        convert(volume(header), "%ID/g")
    with pytest.raises(UnitError, match="acquisition time is not known"):
        convert(volume(pet_header(DecayCorrection="NONE"), starts=[["NaT"]]), "%ID/g")
    with pytest.raises(UnitError, match="no time of it"):
        convert(volume(pet_header(SeriesTime=None), starts=[["NaT"]]), "%ID/g")


def test_an_injection_after_the_scan_is_refused(pet_header: Header) -> None:
    with pytest.raises(UnitError, match="lies 23 h after the scan"):
        convert(volume(pet_header(RadiopharmaceuticalStartDateTime="20250102100000")), "%ID/g")
    soon = convert(volume(pet_header(RadiopharmaceuticalStartDateTime="20250101110030")), "%ID/g")
    assert soon.warnings == ("the scan began 30 s before the injection",)
    long = convert(volume(pet_header(RadiopharmaceuticalStartDateTime="20241230100000")), "%ID/g")
    assert any("half-lives after the injection" in warning for warning in long.warnings)


def test_times_that_do_not_fit_the_volume_are_refused_unless_all_are_equal(pet_header: Header) -> None:
    header = pet_header(DecayCorrection="NONE")
    equal = volume(header, starts=[[f"{DAY}T11:00:00"] * 5], duration=300.0)
    assert factor(equal, "%ID/g") == factor(volume(header, duration=300.0), "%ID/g")
    cropped = volume(header, starts=[[f"{DAY}T11:{minute:02}:00" for minute in range(5)]], duration=300.0)
    with pytest.raises(UnitError, match="do not fit"):
        convert(cropped, "%ID/g")


def test_a_pet_without_attenuation_correction_is_warned_about(pet_header: Header) -> None:
    conversion = convert(volume(pet_header(CorrectedImage=["DECY"])), "%ID/g")
    assert any("not attenuation-corrected" in warning for warning in conversion.warnings)
    assert convert(volume(pet_header()), "%ID/g").warnings == ()


@pytest.mark.parametrize(("weight", "warned"), [(70, False), (0.07, True), (700_000_000, True)])
def test_a_weight_that_makes_the_suv_implausible(pet_header: Header, weight: float, warned: bool) -> None:
    scan = volume(pet_header(DecayCorrection="ADMIN", PatientWeight=weight))
    warnings = convert(scan, "SUVbw").warnings
    assert any("check the weight (DICOM header" in warning for warning in warnings) is warned


def philips(header: Dataset, to_suv: str, to_activity: str) -> Dataset:
    block = header.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", to_suv)
    block.add_new(0x09, "DS", to_activity)
    return header


def test_philips_counts(pet_header: Header) -> None:
    admin = {"DecayCorrection": "ADMIN", "Units": "CNTS"}
    both = volume(philips(pet_header(**admin), "0.001", "2.5"), unit="counts")
    assert factor(both, "SUVbw") == pytest.approx(0.001)
    assert factor(both, "%ID/g") == pytest.approx(0.001 * 100 / 70_000)
    assert factor(both, "Bq/mL") == pytest.approx(2.5)
    assert factor(both, "SUVbw", given=Administration(weight=60_000)) == pytest.approx(2.5 * 60_000 / 3.5e8)
    activity = volume(philips(pet_header(**admin), "0", "2.5"), unit="counts")
    assert factor(activity, "SUVbw") == pytest.approx(2.5 * 70_000 / 3.5e8)
    uptake = volume(philips(pet_header(**admin), "0.001", "0"), unit="counts")
    assert factor(uptake, "Bq/mL") == pytest.approx(0.001 * 3.5e8 / 70_000)
    other = convert(uptake, "SUVbw", given=Administration(weight=60_000))
    assert any("weight from elsewhere not used" in warning for warning in other.warnings)
    with pytest.raises(UnitError, match="what activity a count stands for"):
        convert(volume(philips(pet_header(**admin), "0", "0"), unit="counts"), "SUVbw")


def test_net_activity_takes_no_decay(pet_header: Header) -> None:
    scan = volume(pet_header(DecayCorrection="NONE"), unit="uCi", values=0.5, duration=300.0)
    conversion = convert_net(scan, "%ID/g", 100 * 37_000)
    assert 0.5 * conversion.factor == pytest.approx(0.5 / 100 * 100 / 0.02)
    assert any("none applied" in note for note in conversion.notes)
    assert 0.5 * convert_net(scan, "SUV", 100 * 37_000, 24).factor == pytest.approx(0.5 / 100 / 0.02 * 24)
    assert 0.5 * convert_net(scan, "SUV", 100 * 37_000).factor == pytest.approx(0.5 / 100 / 0.02 * 70_000)
    assert convert_net(scan, "uCi", 0.0).factor == 1.0
    with pytest.raises(UnitError, match="net activity of 0 Bq"):
        convert_net(scan, "%ID/g", 0.0)


def test_applying_one_factor_to_stored_integers_leaves_them_be(pet_header: Header) -> None:
    stored = np.arange(24, dtype=np.int16).reshape(2, 3, 4)
    scan = volume(pet_header(DecayCorrection="ADMIN"))
    scan.stored, scan.slope, scan.intercept = stored, 2.0, 10.0
    apply(scan, convert(scan, "kBq/mL"))
    assert scan.stored is stored
    assert scan.value(3, 2, 1) == pytest.approx((23 * 2 + 10) / 1000)
    assert scan.values()[1, 2, 3] == pytest.approx(0.056)
