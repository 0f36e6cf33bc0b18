"""Volumes written as new series and read back: by this package, by SimpleITK, and looked at by dciodvfy."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK as sitk
from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from vqscript.errors import GeometryError, ImageError, Unsupported
from vqscript.imaging.dicom.derived import derived_series
from vqscript.imaging.dicom.header import scan
from vqscript.imaging.dicom.series import load_series
from vqscript.imaging.grid import Grid
from vqscript.imaging.units import UNITS
from vqscript.imaging.volume import Source, Timing, Volume

SOP_CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
    "NM": "1.2.840.10008.5.1.4.1.1.20",
}
USUAL = {"CT": "HU", "MR": "", "PT": "Bq/mL", "NM": "counts"}
SIZE = (6, 5, 4)
OBLIQUE = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
GRID = Grid(SIZE, (1.5, 2.5, 3.25), (-12.25, 7.5, -100.125), OBLIQUE, "1.2.3.9")

Save = Callable[..., Path]


def item(**attributes: Any) -> Dataset:
    dataset = Dataset()
    for keyword, value in attributes.items():
        setattr(dataset, keyword, value)
    return dataset


def header(modality: str) -> Dataset:
    dataset = item(
        SpecificCharacterSet="ISO_IR 100",
        SOPClassUID=SOP_CLASSES[modality],
        SOPInstanceUID="1.2.3.4.0",
        StudyInstanceUID="1.2.3",
        SeriesInstanceUID="1.2.3.4",
        Modality=modality,
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        PatientName="Müller^Käthe",
        PatientID="P1",
        PatientBirthDate="19700203",
        PatientSex="F",
        PatientWeight="55",
        StudyID="S1",
        StudyDate="20240105",
        StudyTime="101500",
        SeriesDate="20240105",
        SeriesTime="102000",
        AcquisitionDate="20240105",
        AcquisitionTime="102030",
        SeriesNumber=3,
        SeriesDescription="the source",
        BodyPartExamined="HEAD",
        Manufacturer="ACME",
        ManufacturerModelName="Scanner 1",
        SoftwareVersions="9.9",
        Rows=SIZE[1],
        Columns=SIZE[0],
        PixelSpacing=[2.5, 1.5],
        SliceThickness="5",
        ImagePositionPatient=list(GRID.origin),
        ImageOrientationPatient=OBLIQUE[:, :2].T.ravel().tolist(),
    )
    nuclide = item(
        RadiopharmaceuticalStartTime="091500",
        RadionuclideTotalDose="200",
        RadionuclideHalfLife="6586.2",
        RadionuclideCodeSequence=[],
    )
    if modality == "PT":
        nuclide.RadionuclideTotalDose = "2.0E8"
        dataset.RadiopharmaceuticalInformationSequence = [nuclide]
        dataset.Units, dataset.SeriesType, dataset.CountsSource = "BQML", ["WHOLE BODY", "IMAGE"], "EMISSION"
        dataset.DecayCorrection, dataset.CorrectedImage = "START", ["DECY", "ATTN"]
        dataset.FrameReferenceTime, dataset.ActualFrameDuration, dataset.DecayFactor = "30000", 60000, "1.02"
    elif modality == "NM":
        dataset.RadiopharmaceuticalInformationSequence = [nuclide]
        dataset.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
        dataset.DetectorInformationSequence = [item(CollimatorType="PARA", FieldOfViewShape="RECTANGLE")]
        dataset.EnergyWindowInformationSequence = [item(EnergyWindowName="Tc")]
        dataset.RotationInformationSequence = [
            item(
                StartAngle="0",
                AngularStep="6",
                RotationDirection="CW",
                ScanArc="360",
                ActualFrameDuration=20000,
                NumberOfFramesInRotation=60,
            )
        ]
    elif modality == "MR":
        dataset.ScanningSequence, dataset.SequenceVariant = "SE", "NONE"
        dataset.RepetitionTime, dataset.EchoTime, dataset.MRAcquisitionType = "500", "10", "2D"
    else:
        dataset.KVP = "120"
    return dataset


def make(modality: str, stored: np.ndarray | None = None, *, grid: Grid = GRID, **about: Any) -> Volume:
    if stored is None:
        stored = np.arange(np.prod(grid.shape), dtype=np.int16).reshape(grid.shape)
    count = 1 if modality == "NM" else stored[..., 0, 0].size
    source = Source("1.2.3", "1.2.3.4", (), tuple(f"1.2.3.4.{k}" for k in range(count)))
    usual = {"unit": USUAL[modality], "modality": modality, "header": header(modality), "source": source}
    return Volume(stored, grid, **{**usual, **about})


def real_values(*shape: int, low: float, high: float) -> np.ndarray:
    values = np.random.default_rng(5).uniform(low, high, shape or GRID.shape)
    return values.astype(np.float32)


def write(volume: Volume, **about: Any) -> list[Dataset]:
    return derived_series(volume, **{"description": "derived", "derivation": "tried", **about})


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Write a volume's derived series into a folder of its own."""
    folders = iter(tmp_path / f"series{k}" for k in range(99))

    def into_folder(volume: Volume, **about: Any) -> Path:
        folder = next(folders)
        folder.mkdir()
        for number, dataset in enumerate(write(volume, **about)):
            dataset.save_as(folder / f"{number:04}.dcm", enforce_file_format=True)
        return folder

    return into_folder


def load(folder: Path) -> Volume:
    instances, skipped = scan(folder)
    assert not skipped
    (volume,) = load_series(instances)
    return volume


def all_values(volume: Volume) -> np.ndarray:
    return np.array([volume.values(t=t) for t in range(volume.frames)])


def half_step(values: np.ndarray) -> float:
    """The accuracy that is promised, with what float32 rounds."""
    low, high = min(float(values.min()), 0.0), max(float(values.max()), 0.0)
    return (high - low) / 65534 + 3e-7 * max(-low, high)


# ---- values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("modality", ["CT", "MR", "NM"])
@pytest.mark.parametrize("dtype", [np.int16, np.uint16, np.uint8, np.int32])
def test_integers_are_written_to_the_bit_with_their_slope(save: Save, modality: str, dtype: type) -> None:
    stored = np.arange(120).reshape(GRID.shape).astype(dtype)
    if dtype is np.uint16:
        stored[0, 0, 0] = 65535
    back = load(save(make(modality, stored, slope=0.25, intercept=-8.0)))
    assert np.array_equal(back.stored, stored)
    assert (back.slope, back.intercept, back.unit) == (0.25, -8.0, USUAL[modality])


def test_whole_numbers_stay_exact_although_they_are_floats(save: Save) -> None:
    mask = np.zeros(GRID.shape, dtype=np.float32)
    mask[1, 2, 3] = -1000
    back = load(save(make("CT", mask)))
    assert back.stored.dtype == np.int16
    assert np.array_equal(back.stored, mask)


@pytest.mark.parametrize("modality", ["CT", "MR", "PT", "NM"])
@pytest.mark.parametrize(("low", "high"), [(0.0, 1e-4), (-3.0, 250.0), (1e6, 1e6 + 300.0), (-9.0, -8.5)])
def test_other_values_come_back_within_half_a_step(save: Save, modality: str, low: float, high: float) -> None:
    volume = make(modality, real_values(low=low, high=high))
    back = load(save(volume))
    assert np.abs(back.values() - volume.values()).max() <= half_step(volume.values())


def test_a_narrow_range_far_from_zero_has_fine_steps_where_an_intercept_is_allowed(save: Save) -> None:
    volume = make("CT", real_values(low=1000.0, high=1001.0))
    back = load(save(volume))
    assert np.abs(back.values() - volume.values()).max() <= 1 / 65534 + 3e-7 * 1001


def test_zero_stays_zero(save: Save) -> None:
    values = real_values(low=-1.0, high=7.0)
    values[:, 2] = 0
    for modality in ("CT", "PT", "NM"):
        back = load(save(make(modality, values)))
        assert (back.values()[:, 2] == 0).all()


def test_each_pet_slice_has_its_own_slope_and_no_intercept() -> None:
    values = real_values(low=0.0, high=1.0) * np.array([1e-3, 1.0, 0.0, 1e5], dtype=np.float32)[:, None, None]
    slices = write(make("PT", values))
    assert {float(one.RescaleIntercept) for one in slices} == {0.0}
    assert {one.PixelRepresentation for one in slices} == {0}
    for one, plane in zip(slices, values, strict=True):
        assert np.abs(one.pixel_array * float(one.RescaleSlope) - plane).max() <= half_step(plane)


def test_a_pet_with_an_intercept_is_scaled_anew(save: Save) -> None:
    volume = make("PT", slope=2.0, intercept=5.0)
    back = load(save(volume))
    assert np.abs(back.values() - volume.values()).max() <= half_step(volume.values())


def test_a_negative_slope_comes_back(save: Save) -> None:
    volume = make("CT", slope=-2.0, intercept=3.0)
    back = load(save(volume))
    assert np.abs(back.values() - volume.values()).max() <= half_step(volume.values())


def test_what_is_no_number_is_refused_and_counted() -> None:
    values = real_values(low=0.0, high=1.0)
    values[0, 0, :3] = np.nan
    values[1, 1, 1] = np.inf
    with pytest.raises(ImageError, match="4 of 120 voxels") as caught:
        write(make("CT", values))
    assert "give these voxels a value" in caught.value.hint


# ---- units -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("modality", ["CT", "MR", "PT", "NM"])
@pytest.mark.parametrize(
    "unit",
    [*(unit for unit in UNITS if unit), "1/min"],
)
def test_units_come_back(save: Save, modality: str, unit: str) -> None:
    back = load(save(make(modality, real_values(low=0.5, high=9.0), unit=unit)))
    assert back.unit == unit
    assert back.warnings == ()


def test_no_unit_comes_back_as_none_but_for_a_ct(save: Save) -> None:
    for modality in ("MR", "PT", "NM", "CT"):
        assert load(save(make(modality, unit=""))).unit == ""


@pytest.mark.parametrize(
    ("unit", "units", "suv_type"),
    [
        ("Bq/mL", "BQML", None),
        ("counts", "CNTS", None),
        ("SUVbw", "GML", "BW"),
        ("SUVlbm", "GML", "LBMJANMA"),
        ("SUVibw", "GML", "IBW"),
        ("SUVbsa", "CM2ML", "BSA"),
        ("kBq/mL", "PROPCNTS", None),
        ("%ID/g", "PROPCNTS", None),
        ("Gy", "NONE", None),
    ],
)
def test_pet_units_never_claim_what_the_values_are_not(unit: str, units: str, suv_type: str | None) -> None:
    one = write(make("PT", unit=unit))[0]
    assert (one.Units, one.get("SUVType")) == (units, suv_type)
    assert ("RealWorldValueMappingSequence" in one) == (units in {"PROPCNTS", "NONE"})


def test_the_formula_of_a_lean_body_mass_is_kept() -> None:
    volume = make("PT", unit="SUVlbm")
    assert volume.header is not None
    volume.header.SUVType = "LBMJAMES128"
    assert write(volume)[0].SUVType == "LBMJAMES128"


def test_a_mapping_leads_to_the_same_values_as_the_rescale() -> None:
    for modality in ("CT", "MR", "PT"):
        for one in write(make(modality, real_values(low=-5.0, high=9.0), unit="uCi/mL")):
            (mapping,) = one.RealWorldValueMappingSequence
            assert mapping.RealWorldValueSlope == float(one.RescaleSlope)
            assert mapping.RealWorldValueIntercept == float(one.RescaleIntercept)
            assert (mapping.RealWorldValueFirstValueMapped, mapping.RealWorldValueLastValueMapped) == (-32768, 32767)
            assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "uCi/ml"


def test_a_mapping_to_other_values_is_not_taken_for_the_unit_of_these(save: Save) -> None:
    folder = save(make("PT"))
    for path in folder.iterdir():
        dataset = dcmread(path)
        unit = item(CodeValue="g/ml{SUVbw}", CodingSchemeDesignator="UCUM", CodeMeaning="SUV")
        dataset.RealWorldValueMappingSequence = [
            item(RealWorldValueSlope=0.00025, RealWorldValueIntercept=0.0, MeasurementUnitsCodeSequence=[unit])
        ]
        dataset.save_as(path)
    assert load(folder).unit == "Bq/mL"


# ---- geometry ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("modality", ["CT", "MR", "PT", "NM"])
def test_positions_come_back(save: Save, modality: str) -> None:
    back = load(save(make(modality)))
    assert back.grid.matches(GRID, 1e-6)
    assert back.grid.frame_of_reference == "1.2.3.9"


@pytest.mark.parametrize("modality", ["CT", "MR", "PT", "NM"])
def test_slices_against_the_normal_come_back_turned_around_at_their_places(save: Save, modality: str) -> None:
    direction = OBLIQUE.copy()
    direction[:, 2] *= -1
    volume = make(modality, grid=replace(GRID, direction=direction))
    back = load(save(volume))
    assert np.allclose(back.grid.to_world((0, 0, SIZE[2] - 1)), volume.grid.origin)
    assert np.allclose(back.grid.origin, volume.grid.to_world((0, 0, SIZE[2] - 1)))
    assert np.array_equal(back.values(), volume.values()[::-1])


def test_a_gantry_tilt_comes_back_in_ct_and_is_refused_in_nm(save: Save) -> None:
    tilted = OBLIQUE.copy()
    tilted[:, 2] = OBLIQUE @ [0.0, np.sin(0.25), np.cos(0.25)]
    grid = replace(GRID, direction=tilted)
    assert load(save(make("CT", grid=grid))).grid.matches(grid, 1e-6)
    with pytest.raises(GeometryError, match="sideways"):
        write(make("NM", grid=grid))


def test_rows_and_columns_that_are_not_perpendicular_are_refused() -> None:
    skew = OBLIQUE.copy()
    skew[:, 1] = OBLIQUE @ [0.1, np.sqrt(0.99), 0.0]
    with pytest.raises(GeometryError, match="perpendicular"):
        write(make("CT", grid=replace(GRID, direction=skew)))


def test_a_single_slice_keeps_its_thickness(save: Save) -> None:
    grid = replace(GRID, size=(6, 5, 1))
    for modality in ("CT", "NM"):
        assert load(save(make(modality, grid=grid))).grid.matches(grid)


def test_thickness_is_the_sources_on_its_own_slices_only() -> None:
    assert write(make("CT"))[0].SliceThickness == 5
    assert write(make("CT", grid=replace(GRID, origin=(0.0, 0.0, 0.0))))[0].SliceThickness == 3.25


# ---- frames and times --------------------------------------------------------------------------------


def dynamic(modality: str, frames: int = 3) -> Volume:
    stored = np.stack([np.arange(120, dtype=np.int16).reshape(GRID.shape) + 1000 * t for t in range(frames)])
    seconds = np.array([[0.0], [60.5], [180.0]])[:frames]
    start = np.datetime64("2024-01-05T23:59:00", "us") + (seconds * 1e6).astype("timedelta64[us]")
    timing = Timing(start, np.array([[60.0], [119.5], [300.0]])[:frames], seconds + 30)
    return make(modality, stored, timing=timing, frame_times=tuple(seconds[:, 0].tolist()))


@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
def test_frames_come_back_in_order_with_their_times(save: Save, modality: str) -> None:
    volume = dynamic(modality)
    back = load(save(volume))
    assert back.stored.shape == volume.stored.shape
    assert np.array_equal(all_values(back), all_values(volume))
    assert back.frame_times == volume.frame_times
    assert back.timing is not None and volume.timing is not None
    assert (back.timing.start == volume.timing.start).all()
    if modality == "PT":
        assert (back.timing.duration == volume.timing.duration).all()
        assert (back.timing.reference == volume.timing.reference).all()


def test_a_dynamic_pet_counts_its_frames_and_corrects_the_decay_factor() -> None:
    datasets = write(dynamic("PT"))
    assert [one.ImageIndex for one in datasets] == list(range(1, 13))
    assert {tuple(one.SeriesType) for one in datasets} == {("DYNAMIC", "IMAGE")}
    assert {one.NumberOfTimeSlices for one in datasets} == {3}
    half_life = 6586.2
    factors = [float(one.DecayFactor) for one in datasets[:: SIZE[2]]]
    # FrameReferenceTime 30, 90.5 and 210 s; the header's factor is that of 30 s.
    assert np.allclose(factors, [1.02, 1.02 * 2 ** (60.5 / half_life), 1.02 * 2 ** (180 / half_life)])


def test_an_nm_with_frames_that_its_source_does_not_count_is_refused() -> None:
    volume = make("NM", np.zeros((2, *GRID.shape), dtype=np.int16))
    with pytest.raises(Unsupported, match="2 time frames cannot be stored, for its source does not count as many"):
        write(volume)


def test_slices_cut_away_leave_the_moment_of_decay_correction_alone() -> None:
    volume = make("PT")
    start = np.datetime64("2024-01-05T10:20:00", "us") + np.arange(9)[None, :] * np.timedelta64(60, "s")
    reference = np.arange(9.0)[None, :] * 60 + 30
    volume.timing = Timing(start, np.full((1, 9), 60.0), reference)
    for one in write(volume):
        assert (one.AcquisitionTime, float(one.FrameReferenceTime)) == ("102000.000000", 30000.0)
    assert volume.header is not None
    volume.header.DecayCorrection = "NONE"
    with pytest.raises(Unsupported, match="1 x 9 frames and slices do not fit 1 x 4"):
        write(volume)


# ---- the header --------------------------------------------------------------------------------------


@pytest.mark.parametrize("modality", ["CT", "MR", "PT", "NM"])
def test_the_series_is_new_and_the_study_the_same(modality: str) -> None:
    datasets = write(make(modality), date=datetime(2025, 2, 3, 4, 5, 6))
    assert len(datasets) == (1 if modality == "NM" else SIZE[2])
    assert len({one.SOPInstanceUID for one in datasets}) == len(datasets)
    assert len({one.SeriesInstanceUID for one in datasets}) == 1
    for one in datasets:
        assert one.SOPClassUID == one.file_meta.MediaStorageSOPClassUID == SOP_CLASSES[modality]
        assert one.SOPInstanceUID == one.file_meta.MediaStorageSOPInstanceUID
        assert one.StudyInstanceUID == "1.2.3" and one.SeriesInstanceUID != "1.2.3.4"
        assert (one.PatientID, str(one.PatientName), one.ManufacturerModelName) == ("P1", "Müller^Käthe", "Scanner 1")
        assert (one.SeriesNumber, one.SeriesDescription, one.DerivationDescription) == (1003, "derived", "tried")
        assert one.ImageType[0] == "DERIVED"
        assert (one.InstanceCreationDate, one.InstanceCreationTime[:6]) == ("20250203", "040506")
        assert (one.SeriesDate, one.SeriesTime) == ("20240105", "102000")
        assert one.ContributingEquipmentSequence[0].Manufacturer == "vqscript"


def test_two_series_of_one_volume_have_nothing_in_common() -> None:
    volume = make("CT")
    first, second = write(volume), write(volume)
    assert first[0].SeriesInstanceUID != second[0].SeriesInstanceUID
    assert not {one.SOPInstanceUID for one in first} & {one.SOPInstanceUID for one in second}


def test_each_slice_names_its_source_or_all_of_them_once_resampled() -> None:
    def sources(volume: Volume) -> list[list[str]]:
        return [[ref.ReferencedSOPInstanceUID for ref in one.SourceImageSequence] for one in write(volume)]

    every = [f"1.2.3.4.{k}" for k in range(SIZE[2])]
    source = Source("1.2.3", "1.2.3.4", (), tuple(every))
    assert sources(make("CT", source=source)) == [[u] for u in every]
    moved = make("CT", grid=replace(GRID, spacing=(3.0, 3.0, 3.0)), source=source)
    assert sources(moved) == [every] * SIZE[2]


def test_long_text_is_cut() -> None:
    one = write(make("CT"), description="d" * 70, derivation="long " * 300)[0]
    assert one.SeriesDescription == "d" * 61 + "..."
    assert len(one.DerivationDescription) == 1024 and one.DerivationDescription.endswith("...")


def test_values_that_break_the_rules_are_shortened_or_left_out(save: Save) -> None:
    volume = make("CT")
    assert volume.header is not None
    for keyword, vr, value in (
        ("StudyID", "SH", b"seventeen letters "),
        ("PatientWeight", "DS", b"55.00000000000000000001 "),
        ("PatientBirthDate", "DA", b"3 Feb 1970"),
        ("BodyPartExamined", "CS", b"left arm? "),
        ("KVP", "DS", b"high"),
        ("InstitutionName", "LO", b"St.\nMary "),
    ):
        tag = Tag(keyword)
        volume.header[tag] = RawDataElement(tag, vr, len(value), value, 0, False, True)
    folder = save(volume)
    one = dcmread(folder / "0000.dcm")
    assert one.StudyID == "seventeen letter"
    assert one.PatientWeight == 55
    assert one.PatientBirthDate == "" and one.KVP is None
    assert "BodyPartExamined" not in one
    assert one.InstitutionName == "St. Mary"


def test_private_attributes_go_but_those_that_values_depend_on() -> None:
    volume = make("PT", unit="counts")
    assert volume.header is not None
    volume.header.private_block(0x0009, "GEMS_PETD_01", create=True).add_new(0x0D, "DT", "20240105102000.00")
    volume.header.private_block(0x7053, "Philips PET Private Group", create=True).add_new(0x09, "DS", "1.5")
    volume.header.private_block(0x0011, "ACME SECRET", create=True).add_new(0x01, "LO", "secret")
    one = write(volume)[0]
    assert one.private_block(0x0009, "GEMS_PETD_01")[0x0D].value == "20240105102000.00"
    assert one.private_block(0x7053, "Philips PET Private Group")[0x09].value == 1.5
    assert not [element for element in one if element.tag.group == 0x0011]
    volume.header.private_block(0x7053, "Philips PET Private Group").add_new(0x00, "LO", "unknown")
    assert 0x00 not in write(volume)[0].private_block(0x7053, "Philips PET Private Group")
    volume.unit = "Bq/mL"
    assert not [element for element in write(volume)[0] if element.tag.group == 0x7053]


def test_the_header_of_the_volume_is_not_changed() -> None:
    for modality in SOP_CLASSES:
        volume = make(modality)
        write(volume)
        assert volume.header == header(modality)


# ---- refusals ----------------------------------------------------------------------------------------


def test_a_volume_without_a_header_is_refused() -> None:
    with pytest.raises(Unsupported, match="not read from DICOM"):
        write(Volume(np.zeros(GRID.shape, dtype=np.int16), GRID))


def test_other_modalities_are_refused() -> None:
    with pytest.raises(Unsupported, match='"RTDOSE" cannot be written'):
        write(replace(make("CT"), modality="RTDOSE"))


def test_an_enhanced_pet_is_refused() -> None:
    volume = make("PT")
    assert volume.header is not None
    volume.header.SOPClassUID = "1.2.840.10008.5.1.4.1.1.130"
    with pytest.raises(Unsupported, match="enhanced PET"):
        write(volume)


# ---- what others make of it --------------------------------------------------------------------------


def complaints(path: Path) -> set[str]:
    """Errors of dciodvfy, without those on the form of single values."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("needs dciodvfy")
    found = subprocess.run([program, str(path)], capture_output=True, text=True, check=False).stderr
    return {line for line in found.splitlines() if line.startswith("Error")}


@pytest.mark.parametrize("modality", ["CT", "MR", "PT", "NM"])
@pytest.mark.parametrize("unit", ["", "uCi"])
def test_dciodvfy_finds_no_error(save: Save, modality: str, unit: str) -> None:
    folder = save(make(modality, real_values(low=-1.0, high=9.0), unit=unit or USUAL[modality]))
    assert complaints(folder / "0000.dcm") == set()


def test_dciodvfy_finds_no_error_in_frames(save: Save) -> None:
    assert complaints(save(dynamic("PT")) / "0005.dcm") == set()


def read_with_itk(folder: Path) -> sitk.Image:
    names = sitk.ImageSeriesReader.GetGDCMSeriesFileNames(str(folder))
    return sitk.ReadImage(names if len(names) > 1 else names[0])


@pytest.mark.parametrize("modality", ["CT", "MR", "PT"])
def test_simpleitk_reads_the_same_values_and_positions(save: Save, modality: str) -> None:
    volume = make(modality, real_values(low=-2.0, high=30.0), unit="kBq/mL")
    image = read_with_itk(save(volume))
    assert np.abs(sitk.GetArrayFromImage(image) - volume.values()).max() <= half_step(volume.values())
    for index in ((0, 0, 0), (5, 0, 0), (0, 4, 0), (0, 0, 3)):
        assert np.allclose(image.TransformIndexToPhysicalPoint(index), GRID.to_world(index), atol=1e-5)


@pytest.fixture(params=["CT", "PET"])
def study(request: pytest.FixtureRequest, data: Path) -> Iterator[tuple[Path, Volume]]:
    folder = data / "sts" / "STS_008" / "dicom" / request.param / "image"
    yield folder, load(folder)


def test_a_real_series_after_arithmetic(save: Save, study: tuple[Path, Volume]) -> None:
    origin, source = study
    values = source.values() * np.float32(1.234) - np.float32(0.1)
    volume = replace(source, stored=values, slope=1.0, intercept=0.0)
    folder = save(volume, description="times 1.234")
    back = load(folder)
    assert back.unit == source.unit
    assert back.grid.matches(source.grid, 1e-5)
    assert np.abs(back.values() - values).max() <= half_step(values)
    image = read_with_itk(folder)
    assert np.abs(sitk.GetArrayFromImage(image) - values).max() <= half_step(values)
    first: Sequence[Path] = sorted(path for path in origin.iterdir() if path.is_file())
    assert complaints(folder / "0000.dcm") <= complaints(first[0])


def test_an_unchanged_real_ct_is_written_to_the_bit(save: Save, data: Path) -> None:
    source = load(data / "sts" / "STS_008" / "dicom" / "CT" / "image")
    back = load(save(source))
    assert back.stored.dtype == source.stored.dtype
    assert np.array_equal(back.stored, source.stored)
    assert (back.slope, back.intercept) == (source.slope, source.intercept)
