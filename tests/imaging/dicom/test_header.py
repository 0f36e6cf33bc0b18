"""Reading headers: whole files, files that are cut, and files that are something else."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.uid import ExplicitVRBigEndian, ImplicitVRLittleEndian, RLELossless

from vqscript.errors import ImageError, NotDicom
from vqscript.imaging.dicom.header import read_header, read_instance, scan

PIXELS = np.arange(2 * 6 * 4, dtype=np.int16).reshape(2, 6, 4)

Write = Callable[..., list[Path]]


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, ExplicitVRBigEndian])
def test_pixel_data_is_found_but_not_read(write: Write, syntax: str) -> None:
    path = write(PIXELS, syntax=syntax, RescaleSlope="1.0E-5", RescaleIntercept=-3)[1]
    header, found = read_header(path)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    stored = np.frombuffer(path.read_bytes()[found.pixel_offset :][: found.pixel_length], order + "i2")
    np.testing.assert_array_equal(stored.reshape(6, 4), PIXELS[1])
    assert "PixelData" not in header
    assert header.file_meta.TransferSyntaxUID == syntax
    assert (found.rows, found.columns, found.frames, found.signed) == (6, 4, 1, True)
    assert (found.slope, found.intercept) == (1e-5, -3)
    assert found.position == (-10, -20, 5)
    assert found.pixel_spacing == (2, 1.5)


def test_acquisition_time_takes_the_date_that_is_there(write: Write) -> None:
    def time_of(**elements: str) -> str:
        return read_instance(write(PIXELS[:1], **elements)[0]).acquisition_time

    assert time_of() == ""
    assert time_of(AcquisitionTime="0915", StudyDate="20140131") == "20140131091500"
    assert time_of(AcquisitionTime="091500.25", SeriesDate="20140201", StudyDate="20140131") == "20140201091500.25"
    assert time_of(AcquisitionDateTime="20140131091500.5+0100", AcquisitionTime="10", StudyDate="2013") == (
        "20140131091500.5"
    )


def test_file_without_preamble_is_read_if_it_plainly_is_dicom(write: Write, tmp_path: Path) -> None:
    path = write(PIXELS)[0]
    bare = tmp_path / "bare"
    bare.write_bytes(path.read_bytes()[132:])
    assert read_instance(bare).sop_uid == read_instance(path).sop_uid
    junk = tmp_path / "junk"
    junk.write_bytes(b"\x08\x00\x05\x00" + bytes(range(256)))
    with pytest.raises(NotDicom, match="junk"):
        read_instance(junk)


@pytest.mark.parametrize("content", [b"", b"DICM", b"hello" * 100, bytes(128) + b"DICM", bytes(5000)])
def test_what_is_not_dicom_is_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "some.file"
    path.write_bytes(content)
    with pytest.raises(NotDicom, match=r"some\.file") as caught:
        read_header(path)
    assert caught.value.path == path


def test_a_file_cut_anywhere_is_an_error(write: Write, tmp_path: Path) -> None:
    whole = write(PIXELS, RequestAttributesSequence=[pydicom.Dataset()])[0].read_bytes()
    cut = tmp_path / "cut.dcm"
    for size in [*range(140, len(whole), 7), len(whole) - 1]:
        cut.write_bytes(whole[:size])
        with pytest.raises(NotDicom, match=r"cut\.dcm"):
            read_header(cut)


def test_a_structured_report_that_is_cut_is_an_error(data: Path, tmp_path: Path) -> None:
    path = next((data / "dcmqi" / "sr-example").glob("sr*.dcm"))
    whole = path.read_bytes()
    assert read_instance(path).frames == 0
    cut = tmp_path / "cut.dcm"
    for size in range(1000, len(whole), len(whole) // 10):
        cut.write_bytes(whole[:size])
        with pytest.raises(NotDicom, match="cut"):
            read_header(cut)


def test_compressed_pixel_data_that_is_cut_is_an_error(write: Write, tmp_path: Path) -> None:
    path = write(PIXELS)[0]
    ds = pydicom.dcmread(path)
    ds.compress(RLELossless)
    ds.save_as(path)
    assert read_instance(path).pixel_offset == 0
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(NotDicom, match="compressed pixel data has no end"):
        read_instance(path)


def test_more_voxels_than_bytes_is_told_before_anything_is_allocated(write: Write) -> None:
    path = write(PIXELS[:1], NumberOfFrames=2_000_000_000)[0]
    with pytest.raises(NotDicom, match="is cut short: 4 x 6 x 2000000000 voxels"):
        read_header(path)


def test_a_huge_element_length_allocates_nothing(write: Write, tmp_path: Path) -> None:
    whole = write(PIXELS)[0].read_bytes()
    element = whole.index(struct.pack("<HH2s", 0x0028, 0x0010, b"US"))
    path = tmp_path / "huge.dcm"
    path.write_bytes(whole[:element] + struct.pack("<HH2sHL", 0x0020, 0x4000, b"UT", 0, 0xFFFFFFF0) + whole[element:])
    with pytest.raises(NotDicom, match="cut short in its header"):
        read_header(path)


@pytest.mark.parametrize(
    ("keyword", "old", "new"),
    [
        ("PixelSpacing", b"2.0\\1.5 ", b"2,0\\1,5 "),
        ("PixelSpacing", b"2.0\\1.5 ", b"2.0\\nan "),
        ("RescaleSlope", b"12345.75", b"1234e999"),
        ("SOPClassUID", b"1.2.840.10008.5.1.4.1.1.2\0", b"../../etc/passwd/../../././"[:26]),
    ],
)
def test_values_that_are_none_are_named(write: Write, keyword: str, old: bytes, new: bytes) -> None:
    path = write(PIXELS[:1], RescaleSlope="12345.75")[0]
    whole = path.read_bytes()
    assert whole.count(old) >= 1
    path.write_bytes(whole.replace(old, new))
    with pytest.raises(NotDicom, match=f"slice000.dcm: {keyword} "):
        read_header(path)


@pytest.mark.parametrize("keyword", ["SeriesInstanceUID", "StudyInstanceUID", "SOPClassUID"])
def test_a_missing_uid_is_named(write: Write, keyword: str) -> None:
    path = write(PIXELS[:1])[0]
    ds = pydicom.dcmread(path)
    delattr(ds, keyword)
    ds.save_as(path)
    with pytest.raises(NotDicom, match=f"{keyword} is missing"):
        read_header(path)


def test_scan_walks_sorted_and_says_what_it_left_out(write: Write, tmp_path: Path) -> None:
    first, second = write(PIXELS)
    deep = tmp_path / "b" / "c"
    deep.mkdir(parents=True)
    second.rename(deep / "no-extension")
    (tmp_path / "a.txt").write_text("notes")
    (deep / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    calls: list[tuple[int, int, str]] = []
    found, skipped = scan(tmp_path, progress=lambda *call: calls.append(call))
    assert [one.path for one in found] == [first, deep / "no-extension"]
    assert skipped == [(tmp_path / "a.txt", 'is not DICOM: no "DICM" at byte 128')]
    assert [call[:2] for call in calls] == [(1, 3), (2, 3), (3, 3)]
    again, _ = scan([first, tmp_path])
    assert [one.path for one in again] == [first, deep / "no-extension"]


def test_a_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="No such file"):
        read_instance(tmp_path / "gone")
    assert scan(tmp_path / "gone")[1] == [(tmp_path / "gone", "cannot be read: No such file or directory")]


def test_every_dicom_file_of_the_real_studies_is_read(data: Path) -> None:
    found, skipped = scan(data / "dcmqi")
    assert {one.modality for one in found} == {"CT", "SEG", "SR", "RWV"}
    assert not skipped
