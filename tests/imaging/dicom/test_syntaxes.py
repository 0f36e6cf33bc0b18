"""Every transfer syntax gives the values of the plain original; what cannot be decoded says so."""

from __future__ import annotations

import shutil
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate, generate_frames
from pydicom.pixels import get_decoder
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from vqscript.errors import NotDicom, Unsupported
from vqscript.imaging.dicom import stream
from vqscript.imaging.dicom.codestream import frame_size
from vqscript.imaging.dicom.header import read_header, scan
from vqscript.imaging.dicom.series import load_series
from vqscript.imaging.volume import Volume

DOSE = "1.2.840.10008.5.1.4.1.1.481.2"
RNG = np.random.default_rng(11)
SIGNED = RNG.integers(-1000, 3000, (3, 40, 36), dtype=np.int16)
FULL = RNG.integers(0, 65536, (3, 40, 36), dtype=np.uint16)
BYTES = RNG.integers(0, 256, (3, 40, 36), dtype=np.uint8)
# By the encoders of DCMTK: +tl is true lossless, of the stored bits as they are.
DCMTK = {
    ImplicitVRLittleEndian: ["dcmconv", "+ti"],
    ExplicitVRBigEndian: ["dcmconv", "+tb"],
    DeflatedExplicitVRLittleEndian: ["dcmconv", "+td"],
    RLELossless: ["dcmcrle"],
    JPEGLosslessSV1: ["dcmcjpeg", "+e1", "+tl"],
    JPEGLossless: ["dcmcjpeg", "+el", "+tl"],
    JPEGLSLossless: ["dcmcjpls", "+el"],
}
SYNTAXES = [*DCMTK, JPEG2000Lossless]

Write = Callable[..., list[Path]]


def load(*paths: Path) -> Volume:
    found, skipped = scan(list(paths))
    assert not skipped
    (volume,) = load_series(found)
    return volume


def encode(path: Path, syntax: str) -> None:
    """Write a file anew in another transfer syntax, or skip the test where nothing here can."""
    if syntax == JPEG2000Lossless:
        pytest.importorskip("openjpeg", reason="needs pylibjpeg-openjpeg")
        ds = pydicom.dcmread(path)
        ds.compress(syntax)
        ds.save_as(path)
        return
    tool, *options = DCMTK[syntax]
    if shutil.which(tool) is None:
        pytest.skip("needs DCMTK")
    if pydicom.uid.UID(syntax).is_compressed and syntax != DeflatedExplicitVRLittleEndian:
        decoder = get_decoder(syntax)
        if not decoder.is_available:
            pytest.skip(f"needs a decoder: {'; '.join(decoder.missing_dependencies)}")
    made = path.with_suffix(".new")
    subprocess.run([tool, *options, path, made], check=True, capture_output=True)
    made.replace(path)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.keyword)
@pytest.mark.parametrize("pixels", [SIGNED, FULL, BYTES], ids=["int16", "uint16", "uint8"])
def test_slices_equal_the_plain_ones(write: Write, syntax: str, pixels: np.ndarray) -> None:
    paths = write(pixels, RescaleSlope=2, RescaleIntercept=-1000)
    for path in paths[1:]:  # one series may mix them
        encode(path, syntax)
    volume = load(*paths)
    assert read_header(paths[1])[1].transfer_syntax == syntax
    np.testing.assert_array_equal(volume.stored, pixels)
    assert volume.stored.dtype == pixels.dtype


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.keyword)
def test_twelve_bits_in_sixteen(write: Write, syntax: str) -> None:
    pixels = RNG.integers(-2048, 2048, (1, 40, 36), dtype=np.int16)
    (path,) = write(pixels)
    ds = pydicom.dcmread(path)
    ds.BitsStored, ds.HighBit = 12, 11
    ds.PixelData = (pixels & 0x0FFF).astype(np.uint16).tobytes()  # no sign extended above the stored bits
    ds.save_as(path)
    encode(path, syntax)
    np.testing.assert_array_equal(load(path).stored, pixels)


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.keyword)
def test_frames_of_an_nm_object(write_nm: Callable[..., Path], syntax: str) -> None:
    path = write_nm(FULL, SliceVector=[3, 1, 2])
    encode(path, syntax)
    np.testing.assert_array_equal(load(path).stored, FULL[[1, 2, 0]])


@pytest.mark.parametrize("syntax", SYNTAXES, ids=lambda uid: uid.keyword)
def test_frames_of_a_dose(write: Write, syntax: str) -> None:
    (path,) = write(
        FULL.reshape(1, 120, 36), [(0, 0, 30)], sop_class=DOSE, modality="RTDOSE", DoseUnits="GY",
        DoseGridScaling="0.5", NumberOfFrames=3, GridFrameOffsetVector=[0, -2, -4],
    )  # fmt: skip
    ds = pydicom.dcmread(path)
    ds.Rows = 40
    ds.save_as(path)
    encode(path, syntax)
    np.testing.assert_allclose(load(path).values(), FULL[::-1] * 0.5)


@pytest.mark.parametrize("syntax", [DeflatedExplicitVRLittleEndian, RLELossless], ids=lambda uid: uid.keyword)
def test_an_enhanced_object_equals_the_plain_one(data: Path, tmp_path: Path, syntax: str) -> None:
    plain = next((data / "enhanced" / "siemens_mr" / "001").iterdir())
    path = tmp_path / "enhanced.dcm"
    shutil.copy(plain, path)
    encode(path, syntax)
    found, expected = load(path), load(plain)
    np.testing.assert_array_equal(found.stored, expected.stored)
    assert found.grid.matches(expected.grid)


@pytest.mark.parametrize("fragments", [1, 3])
@pytest.mark.parametrize("table", [True, False])
def test_frames_in_fragments_with_and_without_an_offset_table(
    write_nm: Callable[..., Path], fragments: int, table: bool
) -> None:
    path = write_nm(FULL)
    encode(path, JPEG2000Lossless)
    ds = pydicom.dcmread(path)
    frames = list(generate_frames(ds.PixelData, number_of_frames=3))
    ds.PixelData = encapsulate(frames, fragments_per_frame=fragments, has_bot=table)
    ds.save_as(path)
    np.testing.assert_array_equal(load(path).stored, FULL)


def test_a_codestream_of_another_size_is_refused_before_it_is_decoded(write: Write) -> None:
    (path,) = write(FULL[:1])
    encode(path, JPEG2000Lossless)
    ds = pydicom.dcmread(path)
    ds.PixelData = ds.PixelData.replace((36).to_bytes(4, "big"), (40000).to_bytes(4, "big"))
    ds.save_as(path)
    with pytest.raises(NotDicom, match=r"slice000\.dcm.* a compressed frame is 40000 x 40 .*, the header says 36 x 40"):
        load(path)


def test_what_is_no_codestream_is_refused(write: Write) -> None:
    (path,) = write(FULL[:1])
    encode(path, JPEG2000Lossless)
    ds = pydicom.dcmread(path)
    ds.PixelData = encapsulate([b"\0" * 64])
    ds.save_as(path)
    with pytest.raises(NotDicom, match=r"slice000\.dcm.* is no JPEG"):
        load(path)


_FRAME = b"\xff\xc3\0\x0b\x10\0\3\0\4\1\1\x11\0"
_SCAN = b"\xff\xda\0\x08\1\1\0\1\0\0"


def test_a_codestream_says_its_size() -> None:
    start = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
    assert frame_size(start + b"\xff" + _FRAME + _SCAN) == (3, 4, 1, 16)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\xff\xd8\xff\xdb", "ends before"),
        (b"\xff\xd8\x00\xdb\0\0", "no JPEG marker"),
        (b"\xff\x4f\xff\x51\0\0", "ends before"),
        (b"", "is no JPEG"),
        (b"\xff\xd8" + _FRAME, "ends before"),
        (b"\xff\xd8" + _FRAME + b"\0\0" + _SCAN, "no JPEG marker"),
        (b"\xff\xd8\xff\0\0\2" + _FRAME + _SCAN, "no JPEG marker"),
        (b"\xff\xd8" + _SCAN, "does not say its size"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF\0\2\0\0\0\1\0\1\0\0" + _FRAME + _SCAN, "unknown version"),
    ],
)
def test_damaged_codestreams(data: bytes, message: str) -> None:
    with pytest.raises(NotDicom, match=message):
        frame_size(data)


def test_a_missing_decoder_is_told_with_the_way_out(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = write(FULL[:1])
    ds = pydicom.dcmread(path)
    ds.compress(RLELossless)
    ds.file_meta.TransferSyntaxUID = JPEGLSLossless
    ds.save_as(path)
    monkeypatch.setattr(get_decoder(JPEGLSLossless), "_available", {})
    with pytest.raises(Unsupported, match="no decoder for JPEG-LS Lossless") as caught:
        load(path)
    assert 'pip install "vqscript[codecs]"' in caught.value.hint
    ds.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.100"
    ds.save_as(path)
    with pytest.raises(Unsupported, match=r"MPEG2 .* is not read"):
        load(path)


def deflated(path: Path) -> bytes:
    encode(path, DeflatedExplicitVRLittleEndian)
    return path.read_bytes()


def test_a_deflated_file_that_is_cut_short(write: Write) -> None:
    (path,) = write(FULL[:1])
    whole = deflated(path)
    path.write_bytes(whole[:-40])
    with pytest.raises(NotDicom, match=r"slice000\.dcm: is cut short: its deflated dataset has no end"):
        read_header(path)
    path.write_bytes(whole[:400] + b"\xff" * 100)
    with pytest.raises(NotDicom, match=r"slice000\.dcm: cannot be inflated"):
        read_header(path)


def test_inflating_has_a_bound(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = write(FULL[:1])
    whole = deflated(path)
    meta = whole[: 132 + 12 + int.from_bytes(whole[140:144], "little")]
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    path.write_bytes(meta + packer.compress(bytes(1 << 22)) + packer.flush())
    monkeypatch.setattr(stream, "MOST_INFLATED", 1 << 20)
    with pytest.raises(Unsupported, match=r"slice000\.dcm: inflates to more than 1 MiB") as caught:
        read_header(path)
    assert caught.value.path == path


def test_header_values_of_bad_form_warn_nobody(write: Write) -> None:
    """In a fresh interpreter, so that no filter of the test run hides a warning."""
    paths = write(SIGNED, StudyID="longer than sixteen characters", PatientID="x" * 80)
    code = """
import sys
from pathlib import Path
from vqscript.imaging.dicom.header import scan
from vqscript.imaging.dicom.series import load_series
(volume,) = load_series(scan(Path(sys.argv[1]))[0])
print(volume.header.StudyID, volume.header.PatientID)
"""
    ran = subprocess.run([sys.executable, "-c", code, paths[0].parent], check=True, capture_output=True, text=True)
    assert "longer than" in ran.stdout
    assert ran.stderr == ""
