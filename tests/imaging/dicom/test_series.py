"""Series of single-frame slices: made to measure, and real ones against their NIfTI images."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRBigEndian, JPEG2000Lossless, RLELossless

from vqscript.errors import GeometryError, ImageError, NotDicom, Unsupported
from vqscript.imaging.dicom.header import scan
from vqscript.imaging.dicom.series import load_series
from vqscript.imaging.volume import Volume

PET = "1.2.840.10008.5.1.4.1.1.128"
MR = "1.2.840.10008.5.1.4.1.1.4"
RNG = np.random.default_rng(3)
PIXELS = RNG.integers(-1000, 3000, (4, 6, 4), dtype=np.int16)

Write = Callable[..., list[Path]]


def load(*paths: Path) -> list[Volume]:
    found, skipped = scan(list(paths))
    assert not skipped
    return load_series(found)


def test_ct_keeps_its_stored_type_and_rescale(write: Write) -> None:
    paths = write(PIXELS, RescaleSlope=2, RescaleIntercept=-1024)
    (volume,) = load(*paths[::-1])
    assert volume.stored.dtype == np.int16
    np.testing.assert_array_equal(volume.stored, PIXELS)
    assert (volume.slope, volume.intercept, volume.unit, volume.modality) == (2, -1024, "HU", "CT")
    assert volume.source.paths == tuple(paths)
    assert volume.header is not None
    assert volume.header.InstanceNumber == 1
    assert volume.grid.frame_of_reference == "1.2.3.4.2"
    assert volume.warnings == ()


def test_slices_with_their_own_slope_become_float32_values(write: Write) -> None:
    slopes = [0.5, 1.5, 2.5, 3.5]
    each = [{"RescaleSlope": slope, "RescaleIntercept": k} for k, slope in enumerate(slopes)]
    (volume,) = load(*write(PIXELS, sop_class=PET, modality="PT", Units="BQML", each=each))
    assert volume.stored.dtype == np.float32
    expected = PIXELS * np.reshape(slopes, (4, 1, 1)) + np.arange(4).reshape(4, 1, 1)
    np.testing.assert_allclose(volume.values(), expected, rtol=1e-6)
    assert volume.unit == "Bq/mL"


def test_big_endian(write: Write) -> None:
    (volume,) = load(*write(PIXELS, syntax=ExplicitVRBigEndian))
    np.testing.assert_array_equal(volume.stored, PIXELS)


def test_compressed_slices_are_decoded(write: Write) -> None:
    paths = write(PIXELS)
    for path in paths:
        ds = pydicom.dcmread(path)
        ds.compress(RLELossless)
        ds.save_as(path)
    (volume,) = load(*paths)
    np.testing.assert_array_equal(volume.stored, PIXELS)


def test_damaged_compressed_pixels_name_the_file(write: Write) -> None:
    paths = write(PIXELS)
    ds = pydicom.dcmread(paths[2])
    ds.compress(RLELossless)
    whole = bytearray(ds.PixelData)
    whole[20:24] = b"\xff\xff\xff\x7f"  # number of segments in the frame's RLE header
    ds.PixelData = bytes(whole)
    ds.save_as(paths[2])
    with pytest.raises(NotDicom, match=r"slice002\.dcm.*cannot be decompressed"):
        load(*paths)


def test_a_missing_decoder_names_what_to_install(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    from pydicom.pixels.decoders import JPEG2000LosslessDecoder

    paths = write(PIXELS)
    ds = pydicom.dcmread(paths[0])
    ds.compress(RLELossless)
    ds.file_meta.TransferSyntaxUID = JPEG2000Lossless
    ds.save_as(paths[0])
    monkeypatch.setattr(JPEG2000LosslessDecoder, "_available", {})
    with pytest.raises(Unsupported, match="no decoder for JPEG 2000") as caught:
        load(*paths)
    assert caught.value.hint == 'pip install "vqscript[codecs]" brings one'


def test_bits_above_the_stored_ones_are_cleared(write: Write) -> None:
    # 12 bits stored: -5 without its sign extended, and 7 with an overlay above it.
    raw = np.array([[[0x0FFB, 0x1007], [3, -4]]], dtype=np.int16)
    paths = write(raw, sop_class=MR, modality="MR")
    ds = pydicom.dcmread(paths[0])
    ds.BitsStored, ds.HighBit = 12, 11
    ds.save_as(paths[0])
    (volume,) = load(*paths)
    np.testing.assert_array_equal(volume.stored[0], [[-5, 7], [3, -4]])
    np.testing.assert_array_equal(volume.stored[0], pydicom.dcmread(paths[0]).pixel_array)


def test_a_repeated_instance_is_dropped_and_told(write: Write, tmp_path: Path) -> None:
    paths = write(PIXELS)
    copy = tmp_path / "zz.dcm"
    shutil.copy(paths[1], copy)
    (volume,) = load(*paths, copy)
    np.testing.assert_array_equal(volume.stored, PIXELS)
    assert volume.warnings == ("1 of 5 files repeat an instance and are left out",)


def test_a_missing_slice_names_the_series(write: Write) -> None:
    paths = write(PIXELS)
    with pytest.raises(GeometryError, match=r"series 1\.2\.3\.4\.3: slices 1 and 2 of 3.*10\.000 mm apart") as caught:
        load(paths[0], *paths[2:])
    assert caught.value.uid == "1.2.3.4.3"
    assert caught.value.path == paths[0]


def test_repeated_positions_are_frames_in_time(write: Write) -> None:
    pixels = np.concatenate([PIXELS, PIXELS + 1, PIXELS + 2])
    places = [(0, 0, 5 * k) for k in range(4)] * 3
    # The second frame in the file order is the last in time.
    times = ["100000"] * 4 + ["100130"] * 4 + ["100030.5"] * 4
    each = [{"AcquisitionTime": time, "InstanceNumber": 99} for time in times]
    paths = write(
        pixels, places, sop_class=PET, modality="PT", Units="BQML", each=each, AcquisitionDate="20200101",
        ActualFrameDuration=30000, FrameReferenceTime=15000.0,
    )  # fmt: skip
    (volume,) = load(*paths)
    assert volume.stored.shape == (3, 4, 6, 4)
    for t, k in enumerate((0, 2, 1)):
        np.testing.assert_array_equal(volume.frame(t), PIXELS + k)
    assert volume.frame_times == (0.0, 30.5, 90.0)
    assert volume.timing is not None
    assert volume.timing.start.shape == (3, 4)
    assert volume.timing.start[2, 3] == np.datetime64("2020-01-01T10:01:30")
    assert volume.timing.duration[1, 1] == 30
    assert volume.timing.reference[1, 1] == 15
    assert volume.source.paths == (*paths[:4], *paths[8:], *paths[4:8])


def test_other_orientations_are_other_volumes(write: Write) -> None:
    paths = write(PIXELS)
    coronal = [(0, 10 - 5 * k, 0) for k in range(4)]
    paths += write(PIXELS + 1, coronal, orientation=(1, 0, 0, 0, 0, -1), name="cor", each=[{"InstanceNumber": 9}] * 4)
    axial, found = load(*paths)
    np.testing.assert_array_equal(axial.stored, PIXELS)
    np.testing.assert_array_equal(found.stored, PIXELS[::-1] + 1)  # the normal of this plane is +y
    np.testing.assert_allclose(found.grid.to_world([0, 0, 0]), coronal[3])


def test_echoes_are_other_volumes(write: Write) -> None:
    places = [(0, 0, 5 * k) for k in range(4)] * 2
    each = [{"EchoNumbers": 1 + k // 4} for k in range(8)]
    volumes = load(*write(np.concatenate([PIXELS, -PIXELS]), places, sop_class=MR, modality="MR", each=each))
    assert [volume.stored.shape for volume in volumes] == [(4, 6, 4)] * 2
    np.testing.assert_array_equal(volumes[1].stored, -PIXELS)
    assert volumes[0].unit == ""


def test_localizers_are_left_out_and_told(write: Write) -> None:
    paths = write(PIXELS)
    scout = write(
        PIXELS[:1],
        [(0, 0, 0)],
        orientation=(0, 1, 0, 0, 0, -1),
        name="scout",
        ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"],
    )
    other = write(PIXELS[:1], [(0, 0, 0)], orientation=(1, 0, 0, 0, 0, -1), name="plain")
    (volume,) = load(*scout, *paths, *other)
    np.testing.assert_array_equal(volume.stored, PIXELS)
    assert volume.warnings == ("2 localizer images left out",)
    (alone,) = load(*scout)
    assert alone.stored.shape == (1, 6, 4)


def turned(degrees: float) -> list[float]:
    angle = np.radians(degrees)
    return [1, 0, 0, 0, np.cos(angle), np.sin(angle)]


def test_a_slice_that_is_turned_against_the_others_is_refused(write: Write) -> None:
    paths = write(PIXELS[:3])
    paths += write(PIXELS[3:], [(-10, -20, 15)], orientation=turned(2), name="turned")
    with pytest.raises(
        GeometryError, match=r"turned000\.dcm is turned by 2\.00 degrees against slice000\.dcm"
    ) as caught:
        load(*paths)
    assert caught.value.angle == pytest.approx(2)


def test_slices_like_the_spokes_of_a_wheel_are_refused(write: Write) -> None:
    paths = [write(PIXELS[k : k + 1], [(0, 0, 0)], orientation=turned(15 * k), name=f"spoke{k}")[0] for k in range(4)]
    with pytest.raises(GeometryError, match=r"its 4 slices are not parallel: spoke0.* by 15\.00 degrees"):
        load(*paths)


def test_orientations_that_differ_by_rounding_are_one(write: Write) -> None:
    # On both sides of what rounding to three digits would keep apart.
    paths = write(PIXELS[:2], orientation=(1, 0.00049, 0, -0.00049, 1, 0))
    paths += write(PIXELS[2:], [(-10, -20, 10), (-10, -20, 15)], orientation=(1, 0.00051, 0, -0.00051, 1, 0), name="t")
    (volume,) = load(*paths)
    np.testing.assert_array_equal(volume.stored, PIXELS)
    assert volume.warnings == ()


def test_slices_that_are_turned_a_little_are_told(write: Write) -> None:
    paths = write(PIXELS[:3]) + write(PIXELS[3:], [(-10, -20, 15)], orientation=turned(0.05), name="turned")
    (volume,) = load(*paths)
    assert volume.warnings == ("slices are turned by up to 0.050 degrees against the first: this is not corrected",)


@pytest.mark.parametrize(
    ("elements", "unit"),
    [
        ({"Units": "BQML"}, "Bq/mL"),
        ({"Units": "GML"}, "SUVbw"),
        ({"Units": "GML", "SUVType": "LBM"}, "SUVlbm"),
        ({"Units": "GML", "SUVType": "IBW"}, "SUVibw"),
        ({"Units": "CM2ML"}, "SUVbsa"),
        ({"Units": "CNTS"}, "counts"),
        ({"Units": "PROPCPS"}, ""),
        ({}, ""),
    ],
)
def test_units_of_pet(write: Write, elements: dict[str, str], unit: str) -> None:
    (volume,) = load(*write(PIXELS, sop_class=PET, modality="PT", **elements))
    assert volume.unit == unit
    assert bool(volume.warnings) == (unit == "")


def test_a_ct_of_another_quantity_has_no_unit(write: Write) -> None:
    (volume,) = load(*write(PIXELS, RescaleSlope=1, RescaleType="MGML"))
    assert volume.unit == ""
    assert "MGML" in volume.warnings[0]


def test_what_is_no_image_is_named(write: Write) -> None:
    with pytest.raises(Unsupported, match="holds Secondary Capture Image Storage"):
        load(*write(PIXELS, sop_class="1.2.840.10008.5.1.4.1.1.7"))
    colour = write(PIXELS, name="colour", PhotometricInterpretation="PALETTE COLOR")
    with pytest.raises(Unsupported, match="a colour image"):
        load(*colour)


def test_other_objects_beside_the_slices_are_told(write: Write) -> None:
    paths = write(PIXELS) + write(PIXELS[:1], name="capture", sop_class="1.2.840.10008.5.1.4.1.1.7")
    (volume,) = load(*paths)
    assert volume.warnings == ("1 files of Secondary Capture Image Storage are left out",)


def test_slices_without_a_place_are_refused(write: Write) -> None:
    paths = write(PIXELS)
    ds = pydicom.dcmread(paths[1])
    del ds.ImagePositionPatient
    ds.save_as(paths[1])
    with pytest.raises(GeometryError, match=r"slice001\.dcm has no ImagePositionPatient"):
        load(*paths)


def test_a_file_that_changed_since_it_was_indexed_is_an_error(write: Write) -> None:
    paths = write(PIXELS)
    found, _ = scan(paths)
    paths[2].write_bytes(paths[2].read_bytes()[:-8])
    with pytest.raises(NotDicom, match=r"slice002\.dcm.*is cut short"):
        load_series(found)
    write(PIXELS)
    with pytest.raises(NotDicom, match="holds another instance"):
        load_series(found)


def test_one_series_at_a_time(write: Write) -> None:
    with pytest.raises(ImageError, match="several series"):
        load(*write(PIXELS), *write(PIXELS, series="1.2.3.4.9", name="b"))
    with pytest.raises(ImageError, match="without files"):
        load_series([])


def test_a_slope_of_zero_is_refused(write: Write) -> None:
    with pytest.raises(Unsupported, match="RescaleSlope of 0"):
        load(*write(PIXELS, RescaleSlope=0))


@pytest.mark.parametrize("patient", ["STS_008", "STS_019", "STS_025", "STS_042"])
@pytest.mark.parametrize(("modality", "unit"), [("CT", "HU"), ("PET", "SUVbw"), ("MR_T1", "")])
def test_real_series_equal_their_nifti_images(data: Path, patient: str, modality: str, unit: str) -> None:
    (volume,) = load(data / "sts" / patient / "dicom" / modality / "image")
    nifti = nibabel.load(data / "sts" / patient / "nifti" / f"{modality}_image.nii.gz")
    np.testing.assert_array_equal(volume.values(), np.asanyarray(nifti.dataobj).T)
    # NIfTI's world is RAS.
    np.testing.assert_allclose(volume.grid.affine, np.diag([-1, -1, 1, 1]) @ nifti.affine, atol=1e-4)
    assert volume.unit == unit
    assert volume.warnings == ()
    assert volume.stored.dtype == (np.float32 if modality == "PET" else np.int16)


@pytest.mark.parametrize(
    ("name", "unit", "highest"),
    [
        ("DRO_0_0", "Bq/mL", 14400),
        ("DRO_1_0", "Bq/mL", 14400),
        ("DRO_2_0", "SUVbw", 4),
        ("DRO_2_3", "SUVbsa", 1.05),
        ("DRO_3_1", "Bq/mL", 21033),
        ("DRO_4_1", "Bq/mL", 14400),
    ],
)
def test_digital_reference_objects(data: Path, name: str, unit: str, highest: float) -> None:
    folder = data / "suv" / name / "PT"
    (volume,) = load(folder)
    assert volume.unit == unit
    assert volume.range()[1] == pytest.approx(highest)
    assert volume.grid.size == (256, 256, 20)
    by_z = {float(ds.ImagePositionPatient[2]): ds for ds in map(pydicom.dcmread, folder.iterdir())}
    for k, z in enumerate(sorted(by_z)):
        ds = by_z[z]
        expected = ds.pixel_array * float(ds.RescaleSlope) + float(ds.RescaleIntercept)
        np.testing.assert_allclose(volume.values()[k], expected, rtol=1e-6)


def test_real_gantry_tilt(data: Path) -> None:
    (volume,) = load(data / "odd-series" / "gantrytilting")
    assert "14.00 degrees" in volume.warnings[0]
    np.testing.assert_allclose(
        volume.grid.to_world([0, 0, 3]), [-106.791015625, -256.61886606561, -46.951915066986], atol=1e-6
    )


def test_real_series_of_two_orientations(data: Path) -> None:
    volumes = load(data / "odd-series" / "sliceorientation")
    assert [volume.stored.shape for volume in volumes] == [(2, 288, 288)] * 2
    assert sorted(round(volume.grid.spacing[0], 2) for volume in volumes) == [0.32, 0.56]
    for volume in volumes:
        headers = [pydicom.dcmread(path) for path in volume.source.paths]
        np.testing.assert_array_equal(volume.stored, [ds.pixel_array for ds in headers])
        for k, ds in enumerate(headers):
            np.testing.assert_allclose(volume.grid.to_world([0, 0, k]), ds.ImagePositionPatient, atol=0.02)


def test_real_series_of_two_slices(data: Path) -> None:
    (volume,) = load(data / "odd-series" / "slicecount" / "001")
    nifti = nibabel.load(data / "odd-series" / "slicecount" / "001_ground_truth.nii.gz")
    # The NIfTI image has its slices the other way round.
    np.testing.assert_array_equal(volume.values(), np.asanyarray(nifti.dataobj).T[::-1])


def test_an_empty_dataset_of_one_element_is_no_series(tmp_path: Path) -> None:
    ds = Dataset()
    ds.PatientName = "x"
    path = tmp_path / "x.dcm"
    ds.save_as(path, implicit_vr=True, little_endian=True)
    assert scan(path)[0] == []
