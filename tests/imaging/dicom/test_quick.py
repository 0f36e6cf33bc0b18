"""The quick way to a file's record: the same as the full one, or none."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from vqscript.errors import ImageError
from vqscript.imaging.dicom import quick
from vqscript.imaging.dicom.header import read_header, read_instance
from vqscript.imaging.dicom.stream import Reader

PIXELS = np.arange(12, dtype=np.int16).reshape(1, 3, 4)
FULL = {
    "AcquisitionDate": "20140131",
    "AcquisitionTime": "091630.25",
    "ImageType": ["ORIGINAL", "PRIMARY", "AXIAL"],
    "RescaleSlope": "1.5E-2",
    "RescaleIntercept": "-1024",
    "TriggerTime": "0012.50",
    "NumberOfFrames": "1",
    "PatientName": "Käse^Ö",
    "SpecificCharacterSet": "ISO_IR 192",
}


def is_quick(path: Path) -> bool:
    with path.open("rb", buffering=0) as raw, Reader(raw) as file:
        try:
            quick.parse(file)
        except quick.Unusual:
            return False
    return True


def nested(depth: int) -> Dataset:
    item = Dataset()
    item.CodeValue = "1"
    if depth:
        item.ProcedureCodeSequence = Items([nested(depth - 1), nested(0)])
        item["ProcedureCodeSequence"].is_undefined_length = True
        for one in item.ProcedureCodeSequence:
            one.is_undefined_length_sequence_item = True
    return item


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_plain_files_are_read_the_quick_way_with_the_same_result(write, syntax):
    sequence = nested(3).ProcedureCodeSequence
    (path,) = write(PIXELS, syntax=syntax, ProcedureCodeSequence=sequence, **FULL)
    assert is_quick(path)
    assert read_instance(path) == read_header(path)[1]
    assert read_instance(path).slope == 0.015
    assert read_instance(path).acquisition_time == "20140131091630.25"


def test_header_longer_than_what_is_read_at_first(write):
    (path,) = write(PIXELS, ImageComments="long " * 4000)
    assert is_quick(path)
    assert read_instance(path) == read_header(path)[1]


@pytest.mark.parametrize(
    "elements",
    [{"syntax": ExplicitVRBigEndian}, {"ImageComments": "x" * 10, "ExtendedOffsetTable": bytes(1 << 20)}],
    ids=["big endian", "huge header"],
)
def test_the_full_reader_takes_over(write, elements):
    (path,) = write(PIXELS, **elements)
    assert not is_quick(path)
    assert read_instance(path) == read_header(path)[1]


def test_values_that_break_a_rule_are_told_by_the_full_reader(write):
    (path,) = write(PIXELS, RescaleSlope="1.25")
    path.write_bytes(path.read_bytes().replace(b"1.25", b"1,25"))
    with pytest.raises(ImageError, match='RescaleSlope "1,25"'):
        read_instance(path)


def test_real_files_give_the_same_either_way(data):
    seen = 0
    for path in sorted(data.rglob("*")):
        if path.is_file() and path.read_bytes()[128:132] == b"DICM":
            assert read_instance(path) == read_header(path)[1], path
            seen += is_quick(path)
    assert seen > 600


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian])
def test_damaged_headers_are_refused_or_read_alike_both_ways(write, tmp_path, syntax):
    (path,) = write(PIXELS, syntax=syntax, ProcedureCodeSequence=nested(2).ProcedureCodeSequence, **FULL)
    whole, rng, damaged = path.read_bytes(), random.Random(5), tmp_path / "damaged.dcm"
    agreed = 0
    for _ in range(300):
        mutant = bytearray(whole)
        for _ in range(rng.choice((1, 2, 4))):
            mutant[rng.randrange(128, len(mutant) - 24)] = rng.choice((0, 32, 92, 255, rng.randrange(48, 58)))
        damaged.write_bytes(mutant[: rng.choice((len(mutant), len(mutant), rng.randrange(len(mutant))))])
        try:
            expected = read_header(damaged)[1]
        except ImageError:
            with pytest.raises(ImageError):
                read_instance(damaged)
        else:
            assert read_instance(damaged) == expected
            agreed += is_quick(damaged)
    assert agreed > 30
