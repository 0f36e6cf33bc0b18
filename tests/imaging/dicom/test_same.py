"""Whether two files hold the same object: what is written otherwise is, what says otherwise is not."""

from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless, RLELossless

from vqscript.imaging.dicom.same import same_content

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a slice of one UID: ``write("a", pixels=..., syntax=..., PatientName=...)``."""

    def write(name: str, pixels: int = 7, syntax: str = ExplicitVRLittleEndian, **attributes: object) -> Path:
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID, ds.StudyInstanceUID = CTImageStorage, "1.2.3", "1.2"
        ds.PatientName, ds.ReferencedImageSequence = "Case^One", [Dataset()]
        ds.ReferencedImageSequence[0].ReferencedSOPInstanceUID = "1.2.4"
        ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation = 6, 8, 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
        ds.PixelData = (np.arange(48, dtype="<u2") * pixels).tobytes()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        if syntax in (RLELossless, JPEG2000Lossless):  # the latter is a false name for it
            ds.compress(RLELossless, generate_instance_uid=False)
        path = tmp_path / name
        ds.file_meta.TransferSyntaxUID = syntax
        ds.save_as(path, enforce_file_format=True)
        return path

    return write


@pytest.mark.parametrize("syntax", [ImplicitVRLittleEndian, RLELossless])
def test_however_it_is_written_it_is_the_same(write: Write, syntax: str) -> None:
    one, other = write("one"), write("other", syntax=syntax)
    assert same_content(one, other)
    assert same_content(other, BytesIO(one.read_bytes()))
    assert not same_content(one, write("named", syntax=syntax, PatientName="Other"))
    assert not same_content(one, write("brighter", syntax=syntax, pixels=8))


def test_a_file_without_meta_information_is_compared_as_well(write: Write, tmp_path: Path) -> None:
    one = write("one", syntax=ImplicitVRLittleEndian)
    whole = one.read_bytes()
    length = int.from_bytes(whole[140:144], "little")
    assert same_content(one, BytesIO(whole[144 + length :]))


def test_an_image_of_another_size_is_not_decoded(write: Write) -> None:
    """Its size is what its sender says: no memory holds this one."""
    huge = write("huge", syntax=RLELossless)
    ds = dcmread(huge)
    ds.Rows, ds.Columns, ds.NumberOfFrames = 65535, 65535, 9999
    ds.save_as(huge)
    assert not same_content(write("one"), huge)


def test_what_cannot_be_compared_is_not_the_same(write: Write) -> None:
    one = write("one")
    assert not same_content(one, write("undecodable", syntax=JPEG2000Lossless))
    assert not same_content(BytesIO(b"no DICOM" * 40), BytesIO(b"no DICOM" * 40))
    assert not same_content(one, one.with_name("absent"))
    assert not same_content(one, BytesIO(one.read_bytes()[:-40]))
