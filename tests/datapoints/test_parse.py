"""From objects to data points, whoever wrote them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from vqscript.datapoints.parse import SOP_CLASSES, parse
from vqscript.datapoints.roi_names import unique_names
from vqscript.errors import NotDicom


def test_segmentation(seg: Dataset, header: Dataset) -> None:
    (point,) = parse(seg)
    assert (point.format, point.names, point.creator) == ("SEG", ("Liver", "Left kidney"), "anovicki")
    assert point.frame_of_reference == "1.2.3"
    assert point.referenced_series == (header.SeriesInstanceUID,)
    assert (point.date, point.time) == (seg.ContentDate, seg.ContentTime)


def test_segmentation_of_others(data: Path) -> None:
    (point,) = parse(pydicom.dcmread(data / "dcmqi" / "partial_overlaps.dcm", stop_before_pixels=True))
    assert point.names == ("GREEN", "ORANGE", "PURPLE", "LIGHT_BLUE", "DARK_BLUE")
    assert (point.creator, point.date, point.time) == ("Slicer", "20231206", "202052")


@pytest.mark.parametrize(("modality", "name"), [("CT", "GTV_Mass_CT"), ("PET", "GTV_Mass_PET")])
def test_structure_set(modality: str, name: str, data: Path) -> None:
    study = data / "sts" / "STS_008" / "dicom" / modality
    (point,) = parse(pydicom.dcmread(next((study / "mask").iterdir())))
    image = pydicom.dcmread(next((study / "image").iterdir()), stop_before_pixels=True)
    assert (point.format, point.names) == ("RTSTRUCT", (name,))
    assert point.frame_of_reference == image.FrameOfReferenceUID
    assert point.referenced_series == (image.SeriesInstanceUID,)
    assert len(point.date) == 8


@pytest.mark.parametrize("sop_class", sorted(SOP_CLASSES))
def test_an_empty_object_is_no_error(sop_class: str) -> None:
    ds = Dataset()
    ds.SOPClassUID = sop_class
    assert len(parse(ds)) <= 1


@pytest.mark.parametrize(
    ("written", "damaged"),
    [(b"US\x02\x00\x01\x00", b"US\x03\x00\x01\x00"), (b"\x62\x00\x04\x00US", b"\x62\x00\x04\x00S9")],
    ids=["length", "type"],
)
def test_damage_is_named(
    written: bytes, damaged: bytes, seg: Dataset, save: Callable[[Dataset], Path], tmp_path: Path
) -> None:
    """Sequences are parsed when they are looked at, long after the file was opened."""
    path = tmp_path / "damaged.dcm"
    content = save(seg).read_bytes()
    first = content.index(b"\x62\x00\x04\x00US")  # Segment Number of the first segment
    path.write_bytes(content[:first] + content[first:].replace(written, damaged, 1))
    with pytest.raises(NotDicom, match=r"SegmentSequence|SegmentNumber"):
        parse(pydicom.dcmread(path))


def test_images_hold_no_data_points(header: Dataset) -> None:
    assert parse(header) == []


def test_names_are_told_apart() -> None:
    assert unique_names(["A", "B", "A", "A (2)", "A"]) == ["A", "B", "A (2)", "A (2) (2)", "A (3)"]
