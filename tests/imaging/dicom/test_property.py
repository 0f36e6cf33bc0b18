"""Whatever is written as DICOM comes back: the same values at the same places."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    RLELossless,
)

from vqscript.imaging.dicom.header import scan
from vqscript.imaging.dicom.series import load_series

hypothesis = pytest.importorskip("hypothesis", reason="needs hypothesis")
st = hypothesis.strategies

SYNTAXES = [
    ImplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    DeflatedExplicitVRLittleEndian,
    RLELossless,
]
SOP_CLASSES = {"CT": "1.2.840.10008.5.1.4.1.1.2", "PT": "1.2.840.10008.5.1.4.1.1.128"}
settings = hypothesis.settings(max_examples=80, deadline=None, derandomize=True, database=None)


@st.composite
def images(draw: Any) -> dict[str, Any]:
    """Draw an image: its stored values, its geometry, and how it is written."""
    frames, slices = draw(st.integers(1, 2)), draw(st.integers(1, 5))
    rows, columns = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    kind = draw(st.sampled_from(["int16", "uint16", "uint8"]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    limits = np.iinfo(kind)
    size = (frames, slices, rows, columns)
    quaternion = rng.normal(size=4)
    tilt = draw(st.sampled_from([0.0, 0.0, 12.5]))
    return {
        "stored": rng.integers(limits.min, limits.max, size, dtype=kind, endpoint=True),
        "axes": np.eye(3) if draw(st.booleans()) else rotation(quaternion / np.linalg.norm(quaternion)),
        "shear": np.tan(np.radians(tilt)),
        "origin": rng.uniform(-300, 300, 3),
        "spacing": np.round(rng.uniform(0.5, 5, 3), 4),
        "slopes": np.round(rng.uniform(0.1, 9, slices if draw(st.booleans()) else 1), 4),
        "intercept": draw(st.sampled_from([0, -1024, 12.5])),
        "syntax": draw(st.sampled_from(SYNTAXES)),
        "modality": draw(st.sampled_from(sorted(SOP_CLASSES))),
        "order": rng.permutation(frames * slices),
    }


def rotation(q: np.ndarray) -> np.ndarray:
    w, x, y, z = q
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def position(image: dict[str, Any], x: float, y: float, z: float) -> np.ndarray:
    """Return the LPS place of a voxel, by the definition: PS3.3, equation C.7.6.2.1-1."""
    step = image["axes"][:, 2] + image["shear"] * image["axes"][:, 1]
    along = image["spacing"]
    place: np.ndarray = image["origin"] + image["axes"][:, 0] * x * along[0] + image["axes"][:, 1] * y * along[1]
    return place + step * z * along[2]


def write(image: dict[str, Any], folder: Path) -> None:
    _, slices, rows, columns = image["stored"].shape
    for name, number in enumerate(image["order"]):
        t, z = divmod(int(number), slices)
        plane = image["stored"][t, z]
        ds = Dataset()
        ds.file_meta = FileMetaDataset()
        ds.SOPClassUID, ds.Modality = SOP_CLASSES[image["modality"]], image["modality"]
        ds.SOPInstanceUID = f"1.2.3.{t + 1}.{z + 1}"
        ds.SeriesInstanceUID, ds.StudyInstanceUID = "1.2.3.8", "1.2.3.9"
        ds.AcquisitionDate, ds.AcquisitionTime = "20240102", f"10{t:02}00"
        ds.ImagePositionPatient = [f"{c:.8g}" for c in position(image, 0, 0, z)]
        ds.ImageOrientationPatient = [f"{c:.10f}"[:16] for c in image["axes"][:, :2].T.ravel()]
        ds.PixelSpacing = [str(image["spacing"][1]), str(image["spacing"][0])]
        ds.SliceThickness = str(image["spacing"][2])
        ds.RescaleSlope = str(image["slopes"][z % len(image["slopes"])])
        ds.RescaleIntercept = str(image["intercept"])
        ds.Units = "BQML"
        ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
        ds.Rows, ds.Columns = rows, columns
        ds.BitsAllocated = ds.BitsStored = 8 * plane.dtype.itemsize
        ds.HighBit, ds.PixelRepresentation = ds.BitsStored - 1, int(plane.dtype.kind == "i")
        syntax = UID(image["syntax"])
        big = syntax == ExplicitVRBigEndian
        data = plane.astype(plane.dtype.newbyteorder(">" if big else "<")).tobytes()
        ds.add_new("PixelData", "OB" if plane.dtype.itemsize == 1 else "OW", data + b"\0" * (len(data) % 2))
        ds.file_meta.TransferSyntaxUID = UID(ExplicitVRLittleEndian) if syntax == RLELossless else syntax
        if syntax == RLELossless:
            ds.compress(RLELossless, generate_instance_uid=False)
        ds.save_as(folder / f"{name}.dcm", enforce_file_format=True)


@settings
@hypothesis.given(images())
def test_values_and_positions_survive(image: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write(image, Path(folder))
        found, skipped = scan(Path(folder))
        assert not skipped
        (volume,) = load_series(found)
    frames, slices, rows, columns = image["stored"].shape
    assert volume.frames == frames
    assert volume.grid.size == (columns, rows, slices)
    slopes = np.resize(image["slopes"], slices).reshape(slices, 1, 1)
    for t in range(frames):
        expected = image["stored"][t] * slopes + image["intercept"]
        np.testing.assert_allclose(volume.values(t=t), expected, rtol=1e-6, atol=1e-3)
    for x, y, z in ((0, 0, 0), (columns - 1, 0, slices - 1), (0, rows - 1, slices - 1)):
        np.testing.assert_allclose(volume.grid.to_world((x, y, z)), position(image, x, y, z), atol=1e-3)


@settings
@hypothesis.given(st.binary(max_size=64), st.integers(0, 2**16), st.booleans())
def test_random_bytes_end_in_an_error_or_a_volume(data: bytes, place: int, cut: bool) -> None:
    from vqscript.errors import VqError

    image = {
        "stored": np.arange(24, dtype=np.int16).reshape(1, 2, 3, 4),
        "axes": np.eye(3),
        "shear": 0.0,
        "origin": np.zeros(3),
        "spacing": np.ones(3),
        "slopes": np.ones(1),
        "intercept": 0,
        "syntax": ExplicitVRLittleEndian,
        "modality": "CT",
        "order": np.arange(2),
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(image, folder)
        whole = (folder / "0.dcm").read_bytes()
        start = 132 + place % (len(whole) - 132)
        (folder / "0.dcm").write_bytes(whole[:start] + data + (b"" if cut else whole[start + len(data) :]))
        found, skipped = scan(folder)
        assert len(found) + len(skipped) == 2
        for path, reason in skipped:
            assert path.name == "0.dcm"
            assert reason
        for series in {one.series_uid for one in found}:
            try:
                load_series([one for one in found if one.series_uid == series])
            except VqError as error:
                assert name in str(error) or "uid" in error.about


def test_the_writer_of_this_test_is_read_by_pydicom_alike(tmp_path: Path) -> None:
    """Its values would prove nothing if a mistake here met the same one in the reader."""
    rng = np.random.default_rng(0)
    image = {
        "stored": rng.integers(-9, 9, (1, 2, 3, 4), dtype=np.int16),
        "axes": np.eye(3),
        "shear": 0.0,
        "origin": np.zeros(3),
        "spacing": np.array([1.0, 2.0, 3.0]),
        "slopes": np.ones(1),
        "intercept": 0,
        "syntax": ExplicitVRBigEndian,
        "modality": "CT",
        "order": np.arange(2),
    }
    write(image, tmp_path)
    for z in range(2):
        ds = pydicom.dcmread(tmp_path / f"{z}.dcm")
        np.testing.assert_array_equal(ds.pixel_array, image["stored"][0, z])
        assert ds.PixelSpacing == [2, 1]
