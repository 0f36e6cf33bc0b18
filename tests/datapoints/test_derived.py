"""What a new object takes over from an image's header."""

from __future__ import annotations

from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from vqscript.datapoints.derived import derived_instance
from vqscript.imaging.dicom.header import read_header


def derive(header: Dataset) -> Dataset:
    return derived_instance(
        header, sop_class="1.2.840.10008.5.1.4.1.1.88.22", modality="SR", description="Test", offset=1000
    )


def test_series_is_new_and_near_the_image(header: Dataset) -> None:
    first, second = derive(header), derive(header)
    assert len({ds.SOPInstanceUID for ds in (first, second, header)}) == 3
    assert len({ds.SeriesInstanceUID for ds in (first, second, header)}) == 3
    assert first.SeriesNumber == 1004
    assert (first.ContentDate, first.ContentTime) < (second.ContentDate, second.ContentTime)


@pytest.mark.parametrize(
    ("keyword", "found", "taken"),
    [
        ("StudyID", "12345678901234567", "1234567890123456"),
        ("AccessionNumber", "x" * 40, "x" * 16),
        ("PatientSex", "female", None),
        ("PatientBirthDate", "1.9.2013", None),
        ("StudyTime", "9:30", None),
    ],
)
def test_invalid_values_are_cut_or_left_out(keyword: str, found: str, taken: str | None, header: Dataset) -> None:
    with pydicom.config.disable_value_validation():
        setattr(header, keyword, found)
    assert getattr(derive(header), keyword) == taken


@pytest.mark.filterwarnings("error")
def test_real_headers_are_put_right_in_silence(data: Path) -> None:
    path = next((data / "sts" / "STS_008" / "dicom" / "PET" / "image").iterdir())
    header, _ = read_header(path)
    assert len(derive(header).StudyID) == 16


def test_a_damaged_number_is_left_out(header: Dataset) -> None:
    raw = pydicom.dataelem.RawDataElement(
        pydicom.tag.Tag("SeriesNumber"), "IS", 4, b"4th ", 0, is_implicit_VR=False, is_little_endian=True
    )
    header._dict[raw.tag] = raw
    assert derive(header).SeriesNumber == 1000
