"""Enhanced objects and RT doses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, generate_frames
from pydicom.uid import ExplicitVRLittleEndian, RLELossless

from vqscript.errors import NotDicom
from vqscript.imaging.dicom.header import scan
from vqscript.imaging.dicom.series import load_series
from vqscript.imaging.volume import Volume

DOSE = "1.2.840.10008.5.1.4.1.1.481.2"
PLANES = np.arange(3 * 4 * 5, dtype=np.uint32).reshape(3, 4, 5)


def load(path: Path) -> Volume:
    (volume,) = load_series(scan(path)[0])
    return volume


def test_enhanced_mr_equals_its_nifti_image(data: Path) -> None:
    folder = data / "enhanced" / "siemens_mr"
    volume = load(folder / "001")
    nifti = nibabel.load(folder / "001_ground_truth.nii.gz")
    np.testing.assert_array_equal(volume.values(), np.asanyarray(nifti.dataobj).T)
    # The positions in the file are rounded to a micrometre, and the cosines to six digits.
    np.testing.assert_allclose(volume.grid.affine, np.diag([-1, -1, 1, 1]) @ nifti.affine, atol=1e-4)
    assert volume.timing is not None
    assert volume.timing.duration[0, 0] == pytest.approx(305.2925)
    assert len(volume.source.paths) == 1


def test_legacy_converted_phantom(data: Path) -> None:
    volume = load(data / "ibsi" / "digital_phantom" / "dicom_deprecated" / "image")
    phantom = nibabel.load(data / "ibsi" / "digital_phantom" / "nifti" / "image" / "phantom.nii.gz")
    assert sorted(volume.values().ravel()) == sorted(np.asanyarray(phantom.dataobj).ravel())
    assert volume.grid.size == (5, 4, 4)


@pytest.fixture
def dose(write: Callable[..., list[Path]]) -> Callable[..., Path]:
    """Write an RT dose whose frames are PLANES."""

    def file(offsets: list[float], **elements: Any) -> Path:
        (path,) = write(
            PLANES.reshape(1, 12, 5), [(1.0, 2.0, 30.0)], sop_class=DOSE, modality="RTDOSE", name="dose",
            DoseUnits="GY", DoseGridScaling="0.5", NumberOfFrames=3, GridFrameOffsetVector=offsets, **elements,
        )  # fmt: skip
        ds = pydicom.dcmread(path)
        ds.Rows = 4
        ds.save_as(path)
        return path

    return file


@pytest.mark.parametrize("offsets", [[0, 2.5, 5], [30, 32.5, 35]])
def test_dose_in_gray(dose: Callable[..., Path], offsets: list[float]) -> None:
    volume = load(dose(offsets))
    np.testing.assert_allclose(volume.values(), PLANES * 0.5)
    assert volume.unit == "Gy"
    np.testing.assert_allclose(volume.grid.to_world([0, 0, 2]), [1, 2, 35])


def test_dose_that_descends(dose: Callable[..., Path]) -> None:
    volume = load(dose([0, -2.5, -5]))
    np.testing.assert_allclose(volume.values(), PLANES[::-1] * 0.5)
    np.testing.assert_allclose(volume.grid.to_world([0, 0, 2]), [1, 2, 30])


def test_functional_groups_that_are_missing_are_told(data: Path, tmp_path: Path) -> None:
    ds = pydicom.dcmread(next((data / "enhanced" / "siemens_mr" / "001").iterdir()))
    del ds.PerFrameFunctionalGroupsSequence[3:]
    path = tmp_path / "x.dcm"
    ds.save_as(path)
    with pytest.raises(NotDicom, match=r"x\.dcm: 3 functional groups describe 8 frames"):
        load(path)


def test_compressed_multi_frame_objects_equal_the_native_ones(data: Path, tmp_path: Path) -> None:
    native = next((data / "enhanced" / "siemens_mr" / "001").iterdir())
    ds = pydicom.dcmread(native)
    ds.compress(RLELossless)
    path = tmp_path / "x.dcm"
    ds.save_as(path)
    found, expected = load(path), load(native)
    np.testing.assert_array_equal(found.stored, expected.stored)
    assert found.grid.matches(expected.grid)


def test_a_frame_that_is_missing_is_told(data: Path, tmp_path: Path) -> None:
    ds = pydicom.dcmread(next((data / "enhanced" / "siemens_mr" / "001").iterdir()))
    ds.compress(RLELossless)
    ds.PixelData = encapsulate(list(generate_frames(ds.PixelData, number_of_frames=8))[:7])
    path = tmp_path / "x.dcm"
    ds.save_as(path)
    with pytest.raises(NotDicom, match=r"x\.dcm: is cut short: 7 compressed frames of 8 are there"):
        load(path)


def enhanced(path: Path, sop_class: str, modality: str, groups: list[Dataset], **shared: Any) -> Path:
    """Write an enhanced object whose frames are PLANES."""
    ds = base(sop_class, modality)
    ds.NumberOfFrames = len(groups)
    measures = item(PixelSpacing=[2.0, 1.5], SliceThickness=3.0)
    orientation = item(ImageOrientationPatient=[1, 0, 0, 0, 1, 0])
    ds.SharedFunctionalGroupsSequence = [
        item(PixelMeasuresSequence=[measures], PlaneOrientationSequence=[orientation], **shared)
    ]
    ds.PerFrameFunctionalGroupsSequence = groups
    ds.Rows, ds.Columns = PLANES.shape[1:]
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 0
    ds.add_new("PixelData", "OW", np.resize(PLANES, (len(groups), 4, 5)).astype("<u2").tobytes())
    ds.save_as(path, enforce_file_format=True)
    return path


def base(sop_class: str, modality: str) -> Dataset:
    ds = item(
        SOPClassUID=sop_class,
        SOPInstanceUID="1.2.3.4.5",
        SeriesInstanceUID="1.2.3.4.6",
        StudyInstanceUID="1.2.3.4.7",
        Modality=modality,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
    )
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def item(**elements: Any) -> Dataset:
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def frame(z: float, **content: Any) -> Dataset:
    place = item(ImagePositionPatient=[0, 0, z])
    return item(PlanePositionSequence=[place], FrameContentSequence=[item(**content)])


def test_enhanced_ct_in_hounsfield_units(tmp_path: Path) -> None:
    rescale = item(RescaleSlope=2, RescaleIntercept=-1000, RescaleType="HU")
    frames = [frame(z) for z in (6, 0, 3)]
    path = tmp_path / "ct.dcm"
    volume = load(
        enhanced(path, "1.2.840.10008.5.1.4.1.1.2.1", "CT", frames, PixelValueTransformationSequence=[rescale])
    )
    np.testing.assert_array_equal(volume.values(), PLANES[[1, 2, 0]] * 2.0 - 1000)
    assert volume.unit == "HU"
    rescale.RescaleType = "MGML"
    volume = load(
        enhanced(path, "1.2.840.10008.5.1.4.1.1.2.1", "CT", frames, PixelValueTransformationSequence=[rescale])
    )
    assert volume.unit == ""


def test_a_dynamic_enhanced_pet_is_four_dimensional(tmp_path: Path) -> None:
    rescale = item(RescaleSlope=0.5, RescaleIntercept=0, RescaleType="US")
    unit = item(CodeValue="Bq/ml", CodingSchemeDesignator="UCUM", CodeMeaning="Bq/ml")
    mapping = item(RealWorldValueSlope=0.5, RealWorldValueIntercept=0.0, MeasurementUnitsCodeSequence=[unit])
    frames = [
        frame(z, TemporalPositionIndex=t, FrameAcquisitionDateTime=f"2024010210{t:02}00", FrameAcquisitionDuration=6e4)
        for t in (1, 2)
        for z in (0, 3, 6)
    ]
    volume = load(
        enhanced(
            tmp_path / "pet.dcm",
            "1.2.840.10008.5.1.4.1.1.130",
            "PT",
            frames,
            PixelValueTransformationSequence=[rescale],
            RealWorldValueMappingSequence=[mapping],
        )
    )
    assert volume.stored.shape == (2, 3, 4, 5)
    assert volume.unit == "Bq/mL"
    assert volume.frame_times == (0, 60)
    assert volume.timing is not None
    assert volume.timing.duration[1, 0] == 60
    np.testing.assert_array_equal(volume.values(t=1), PLANES * 0.5)
