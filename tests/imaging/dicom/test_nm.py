"""NM multi-frame objects, read also by SimpleITK."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import SimpleITK
from pydicom.datadict import keyword_for_tag
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence

from vqscript.errors import GeometryError, NotDicom, Unsupported
from vqscript.imaging.dicom.header import scan
from vqscript.imaging.dicom.series import load_series
from vqscript.imaging.volume import Volume

PIXELS = np.random.default_rng(5).integers(0, 60000, (6, 5, 4), dtype=np.uint16)

WriteNM = Callable[..., Path]


def load(path: Path) -> list[Volume]:
    return load_series(scan(path)[0])


def item(**elements: Any) -> Dataset:
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


@pytest.mark.parametrize("detector", [True, False])
def test_slices_lie_where_simpleitk_sees_them(write_nm: WriteNM, detector: bool) -> None:
    path = write_nm(PIXELS, detector=detector)
    (volume,) = load(path)
    np.testing.assert_array_equal(volume.stored, PIXELS)
    assert volume.grid.spacing == (3, 2, 4)
    assert volume.grid.origin == (-12, -8, 30)
    assert (volume.unit, volume.modality) == ("counts", "NM")
    assert volume.source.paths == (path,)
    if detector:
        image = SimpleITK.ReadImage(str(path))
        np.testing.assert_array_equal(SimpleITK.GetArrayFromImage(image), PIXELS)
        for index in ((0, 0, 0), (3, 2, 5)):
            np.testing.assert_allclose(volume.grid.to_world(index), image.TransformIndexToPhysicalPoint(index))


def test_negative_spacing_goes_against_the_normal(write_nm: WriteNM) -> None:
    (volume,) = load(write_nm(PIXELS, spacing_between=-4.0))
    np.testing.assert_array_equal(volume.stored, PIXELS[::-1])
    # The first frame of the file stays at its position.
    np.testing.assert_allclose(volume.grid.to_world([0, 0, 5]), [-12, -8, 30])
    np.testing.assert_allclose(volume.grid.to_world([0, 0, 0]), [-12, -8, 10])


def test_thickness_stands_in_for_the_spacing(write_nm: WriteNM) -> None:
    (volume,) = load(write_nm(PIXELS, SpacingBetweenSlices=None, SliceThickness=3.5))
    assert volume.grid.spacing[2] == 3.5


def test_slice_vector_orders_the_frames(write_nm: WriteNM) -> None:
    (volume,) = load(write_nm(PIXELS, SliceVector=[6, 5, 4, 3, 2, 1]))
    np.testing.assert_array_equal(volume.stored, PIXELS[::-1])


def test_gates_are_frames_of_one_volume(write_nm: WriteNM) -> None:
    path = write_nm(
        PIXELS,
        ImageType=["ORIGINAL", "PRIMARY", "RECON GATED TOMO", "EMISSION"],
        FrameIncrementPointer=[0x00540070, 0x00540080],
        TimeSlotVector=[2, 2, 2, 1, 1, 1],
        SliceVector=[1, 2, 3, 1, 2, 3],
    )
    (volume,) = load(path)
    assert volume.stored.shape == (2, 3, 5, 4)
    np.testing.assert_array_equal(volume.frame(0), PIXELS[3:])
    np.testing.assert_array_equal(volume.frame(1), PIXELS[:3])


def test_energy_windows_are_volumes_of_their_own(write_nm: WriteNM) -> None:
    path = write_nm(
        PIXELS,
        FrameIncrementPointer=[0x00540010, 0x00540080],
        EnergyWindowVector=[1, 2] * 3,
        SliceVector=[1, 1, 2, 2, 3, 3],
    )
    first, second = load(path)
    np.testing.assert_array_equal(first.stored, PIXELS[::2])
    np.testing.assert_array_equal(second.stored, PIXELS[1::2])


def mapping(code: str) -> Dataset:
    unit = item(CodeValue=code, CodingSchemeDesignator="UCUM", CodeMeaning=code)
    return item(RealWorldValueSlope=0.25, RealWorldValueIntercept=1.0, MeasurementUnitsCodeSequence=Sequence([unit]))


@pytest.mark.parametrize("shared", [False, True])
def test_a_real_world_value_mapping_gives_unit_and_slope(write_nm: WriteNM, shared: bool) -> None:
    mappings = Sequence([mapping("furlong"), mapping("Bq/ml")])
    if shared:
        groups = Sequence([item(RealWorldValueMappingSequence=mappings)])
        (volume,) = load(write_nm(PIXELS, SharedFunctionalGroupsSequence=groups))
    else:
        (volume,) = load(write_nm(PIXELS, RealWorldValueMappingSequence=mappings))
    assert volume.unit == "Bq/mL"
    np.testing.assert_allclose(volume.values(), PIXELS * 0.25 + 1)


def test_a_mapping_to_an_unknown_unit_is_told(write_nm: WriteNM) -> None:
    (volume,) = load(write_nm(PIXELS, RealWorldValueMappingSequence=Sequence([mapping("furlong")])))
    assert volume.unit == "counts"
    assert "furlong" in volume.warnings[0]


def test_timing_sums_the_views_of_the_rotation(write_nm: WriteNM) -> None:
    rotation = item(ActualFrameDuration=20000, NumberOfFramesInRotation=60)
    (volume,) = load(
        write_nm(
            PIXELS,
            AcquisitionDate="20200102",
            AcquisitionTime="083000",
            RotationInformationSequence=Sequence([rotation]),
        )
    )
    assert volume.timing is not None
    assert volume.timing.start.tolist() == np.array([["2020-01-02T08:30:00"]], "datetime64[us]").tolist()
    assert volume.timing.duration.tolist() == [[1200.0]]
    (volume,) = load(write_nm(PIXELS, ActualFrameDuration=90000))
    assert volume.timing is not None
    assert volume.timing.duration.tolist() == [[90.0]]


def planar(write_nm: WriteNM, kind: str, vectors: dict[int, list[int]], frames: int = 6, **elements: Any) -> Path:
    """Write a planar object whose frames are counted by some vectors (tag -> numbers)."""
    counted = {keyword_for_tag(tag): numbers for tag, numbers in vectors.items()}
    unused = dict.fromkeys(("SliceVector", "NumberOfSlices", "SpacingBetweenSlices", "SliceThickness"))
    return write_nm(
        PIXELS[:frames],
        ImageType=["ORIGINAL", "PRIMARY", kind, "EMISSION"],
        FrameIncrementPointer=list(vectors),
        **{**unused, **counted, **elements},
    )


def test_a_static_image_is_one_slice(write_nm: WriteNM) -> None:
    (volume,) = load(planar(write_nm, "STATIC", {0x00540010: [1]}, frames=1, DetectorInformationSequence=None))
    np.testing.assert_array_equal(volume.stored, PIXELS[:1])
    assert volume.grid.spacing == (3, 2, 1)
    assert volume.unit == "counts"
    assert "a planar image" in volume.warnings[0]
    assert "not known" in volume.warnings[0]


def test_a_whole_body_scan_has_an_image_for_each_detector_and_energy_window(write_nm: WriteNM) -> None:
    front = item(ImagePositionPatient=[0, -200, 0], ImageOrientationPatient=[1, 0, 0, 0, 0, -1])
    back = item(ImagePositionPatient=[9, 200, 0], ImageOrientationPatient=[-1, 0, 0, 0, 0, -1])
    path = planar(
        write_nm,
        "WHOLE BODY",
        {0x00540010: [1, 1, 2, 2], 0x00540020: [1, 2, 1, 2]},
        frames=4,
        DetectorInformationSequence=Sequence([front, back]),
    )
    volumes = load(path)
    assert [volume.stored.shape for volume in volumes] == [(1, 5, 4)] * 4
    for k, volume in enumerate(volumes):
        np.testing.assert_array_equal(volume.stored[0], PIXELS[k])
        np.testing.assert_allclose(volume.grid.to_world([0, 0, 0]), [[0, -200, 0], [9, 200, 0]][k % 2])
        assert "not known" not in volume.warnings[0]
    # Seen from behind, columns run the other way.
    np.testing.assert_allclose(volumes[1].grid.to_world([1, 0, 0]), [6, 200, 0])


def test_a_dynamic_study_has_the_times_of_its_phases(write_nm: WriteNM) -> None:
    first = item(ActualFrameDuration=1000, NumberOfFramesInPhase=4, PhaseDelay=0, PauseBetweenFrames=500)
    second = item(ActualFrameDuration=30000, NumberOfFramesInPhase=2, PhaseDelay=2000, PauseBetweenFrames=0)
    (volume,) = load(
        planar(
            write_nm,
            "DYNAMIC",
            {0x00540030: [2, 2, 1, 1, 1, 1], 0x00540100: [1, 2, 1, 2, 3, 4]},
            PhaseInformationSequence=Sequence([first, second]),
            AcquisitionDate="20200102",
            AcquisitionTime="083000",
        )
    )
    assert volume.stored.shape == (6, 1, 5, 4)
    np.testing.assert_array_equal(volume.stored[:, 0], PIXELS[[2, 3, 4, 5, 0, 1]])
    assert volume.frame_times == (0, 1.5, 3, 4.5, 7.5, 37.5)
    assert volume.timing is not None
    assert volume.timing.duration.ravel().tolist() == [1, 1, 1, 1, 30, 30]
    assert volume.timing.start[5, 0] == np.datetime64("2020-01-02T08:30:37.5")


def test_planar_gates_count_from_the_trigger(write_nm: WriteNM) -> None:
    gated = item(DataInformationSequence=Sequence([item(FrameTime=62.5)]))
    (volume,) = load(
        planar(
            write_nm,
            "GATED",
            {0x00540070: [1, 2, 3, 4, 5, 6]},
            GatedInformationSequence=Sequence([gated]),
            ActualFrameDuration=600000,
        )
    )
    assert volume.stored.shape == (6, 1, 5, 4)
    assert volume.frame_times == tuple(0.0625 * k for k in range(6))
    assert volume.timing is not None
    assert volume.timing.duration.tolist() == [[600.0]]


def test_rotations_follow_each_other(write_nm: WriteNM) -> None:
    rotations = [item(ActualFrameDuration=500, NumberOfFramesInRotation=n) for n in (60, 120)]
    (volume,) = load(
        write_nm(
            PIXELS,
            FrameIncrementPointer=[0x00540050, 0x00540080],
            RotationVector=[1, 1, 1, 2, 2, 2],
            SliceVector=[1, 2, 3] * 2,
            RotationInformationSequence=Sequence(rotations),
        )
    )
    assert volume.stored.shape == (2, 3, 5, 4)
    assert volume.frame_times == (0, 30)
    assert volume.timing is not None
    assert volume.timing.duration.tolist() == [[30.0], [60.0]]


@pytest.mark.parametrize(
    ("elements", "error", "message"),
    [
        ({"ImageType": ["ORIGINAL", "PRIMARY", "TOMO", "EMISSION"]}, Unsupported, "type TOMO holds projections"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "GATED TOMO", "EMISSION"]}, Unsupported, "type GATED TOMO"),
        ({"ImageType": ["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"]}, Unsupported, "counted by SliceVector"),
        ({"SliceVector": [1, 2, 3, 4, 5, 5]}, Unsupported, "no full table"),
        ({"SliceVector": [1, 2, 3, 4, 5, 7]}, GeometryError, "slices are missing"),
        ({"SliceVector": [1, 2, 3]}, NotDicom, "SliceVector counts 3 frames, the object has 6"),
        ({"FrameIncrementPointer": 0x00181063}, Unsupported, "FrameTime"),
        ({"PixelSpacing": None}, GeometryError, "without PixelSpacing"),
        ({"DetectorInformationSequence": None}, GeometryError, "without ImagePositionPatient"),
    ],
)
def test_what_forms_no_volume_is_refused(
    write_nm: WriteNM, elements: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        load(write_nm(PIXELS, **elements))
