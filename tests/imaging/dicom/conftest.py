"""Small DICOM series made to measure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence as Items
from pydicom.uid import ExplicitVRBigEndian, ExplicitVRLittleEndian, generate_uid

CT = "1.2.840.10008.5.1.4.1.1.2"
PET = "1.2.840.10008.5.1.4.1.1.128"
NM = "1.2.840.10008.5.1.4.1.1.20"
ROOT = "1.2.3.4."

Write = Callable[..., list[Path]]


def base(sop_class: str, modality: str, series: str, syntax: str) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = sop_class
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID = generate_uid(prefix=ROOT)
    ds.SeriesInstanceUID = series
    ds.StudyInstanceUID = ROOT + "1"
    ds.FrameOfReferenceUID = ROOT + "2"
    ds.Modality = modality
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    return ds


def set_pixels(ds: Dataset, pixels: np.ndarray) -> None:
    ds.Rows, ds.Columns = pixels.shape[-2:]
    ds.BitsAllocated = ds.BitsStored = 8 * pixels.dtype.itemsize
    ds.HighBit = ds.BitsStored - 1
    ds.PixelRepresentation = int(pixels.dtype.kind == "i")
    big = ds.file_meta.TransferSyntaxUID == ExplicitVRBigEndian
    ds.add_new(0x7FE00010, "OW", pixels.astype(pixels.dtype.newbyteorder(">" if big else "<")).tobytes())


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write one file per slice; what differs from a plain CT is given by keyword, for all or for each slice."""

    def files(
        pixels: np.ndarray,
        positions: Sequence[Any] | None = None,
        *,
        step: float = 5.0,
        orientation: Sequence[float] = (1, 0, 0, 0, 1, 0),
        spacing: Sequence[float] = (2.0, 1.5),
        sop_class: str = CT,
        modality: str = "CT",
        syntax: str = ExplicitVRLittleEndian,
        series: str = ROOT + "3",
        name: str = "slice",
        each: Sequence[dict[str, Any]] | None = None,
        **elements: Any,
    ) -> list[Path]:
        places = positions if positions is not None else [(-10.0, -20.0, step * k) for k in range(len(pixels))]
        paths = []
        for k, (plane, place) in enumerate(zip(pixels, places, strict=True)):
            ds = base(sop_class, modality, series, syntax)
            ds.ImagePositionPatient = [f"{c:.6g}" for c in place]
            ds.ImageOrientationPatient = [f"{c:.8g}" for c in orientation]
            ds.PixelSpacing = list(spacing)
            ds.SliceThickness = step
            ds.InstanceNumber = k + 1
            for keyword, value in {**elements, **(each[k] if each else {})}.items():
                setattr(ds, keyword, value)
            set_pixels(ds, plane)
            path = tmp_path / f"{name}{k:03}.dcm"
            ds.save_as(path, enforce_file_format=True)
            paths.append(path)
        return paths

    return files


@pytest.fixture
def write_nm(tmp_path: Path) -> Callable[..., Path]:
    """Write one reconstructed NM object; ``detector`` holds the position, as NM has it."""

    def file(pixels: np.ndarray, *, spacing_between: float = 4.0, detector: bool = True, **elements: Any) -> Path:
        ds = base(NM, "NM", ROOT + "3", ExplicitVRLittleEndian)
        ds.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
        ds.NumberOfFrames = len(pixels)
        ds.FrameIncrementPointer = 0x00540080
        ds.NumberOfSlices = len(pixels)
        ds.SliceVector = list(range(1, len(pixels) + 1))
        place = Dataset()
        place.ImagePositionPatient = [-12.0, -8.0, 30.0]
        place.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
        if detector:
            ds.DetectorInformationSequence = Items([place])
        else:
            ds.update(place)
        ds.PixelSpacing = [2.0, 3.0]
        ds.SliceThickness = abs(spacing_between)
        ds.SpacingBetweenSlices = spacing_between
        for keyword, value in elements.items():
            if value is None:
                ds.pop(keyword, None)
            else:
                setattr(ds, keyword, value)
        set_pixels(ds, pixels)
        path = tmp_path / "nm.dcm"
        ds.save_as(path, enforce_file_format=True)
        return path

    return file
