"""Small, whole DICOM files of every kind that vqscript reads, for :mod:`fuzz_dicom` to damage."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.pixels import get_encoder
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGLosslessSV1,
    JPEGLSLossless,
    RLELossless,
)

from vqscript.datapoints import quantification, subject
from vqscript.imaging.dicom.header import scan
from vqscript.imaging.dicom.series import load_series
from vqscript.roi.files.seg_writer import write_rois
from vqscript.roi.roiset import RoiSet

ROWS, COLUMNS, SLICES = 34, 36, 3  # JPEG 2000 with its usual five resolutions needs 32
PIXELS = np.random.default_rng(1).integers(0, 4000, (SLICES, ROWS, COLUMNS), dtype=np.int16)


def write(folder: Path) -> dict[str, list[Path]]:
    """Write the base files, and return them by kind; the first of each kind is the one to damage.

    Compressed kinds whose encoder is not installed are left out.
    """
    kinds: dict[str, list[Path]] = {}

    def save(kind: str, datasets: list[Dataset], syntax: str = ExplicitVRLittleEndian) -> None:
        paths = []
        for k, ds in enumerate(datasets):
            path = folder / f"{kind.replace(' ', '-')}-{k}.dcm"
            if _save(ds, path, syntax):
                paths.append(path)
        if paths:
            kinds[kind] = paths

    save("CT", _slices(_ct))
    save("CT implicit", _slices(_ct), ImplicitVRLittleEndian)
    save("CT big endian", _slices(_ct), ExplicitVRBigEndian)
    save("CT deflated", _slices(_ct), DeflatedExplicitVRLittleEndian)
    save("CT RLE", _slices(_ct), RLELossless)
    save("CT JPEG lossless", _slices(_ct), JPEGLosslessSV1)
    save("CT JPEG-LS", _slices(_ct), JPEGLSLossless)
    save("CT JPEG 2000", _slices(_ct), JPEG2000Lossless)
    save("PET", _slices(_pet))
    save("NM", [_nm()])
    save("NM dynamic", [_nm_dynamic()])
    save("enhanced CT", [_enhanced()])
    save("enhanced CT RLE", [_enhanced()], RLELossless)
    save("RT dose", [_dose()])
    save("structure set", [_structures()])
    (image,) = load_series(scan(kinds["CT"])[0])
    rois = RoiSet(image.grid)
    for name, corner in (("tumour", 4), ("kidney", 12)):
        mask = np.zeros(image.grid.shape, dtype=bool)
        mask[:, corner : corner + 10, corner : corner + 12] = True
        rois.set_mask(rois.add(name), mask)
    seg = write_rois(rois, image, creator="fuzz")
    save("SEG", [seg])
    save("SEG deflated", [write_rois(rois, image, creator="fuzz")], DeflatedExplicitVRLittleEndian)
    values = {"voxels": 120.0, "volume": 4.5, "mean": 1.5, "max": 3.0}
    report = quantification.build(
        name="tumour", input=0, unit="HU", values=values, creator="fuzz", image=image, roi_object=seg, segment=1
    )
    save("quantification", [report])
    assert image.header is not None
    about = subject.build(image.header, injected_dose=500.0, weight=22.0, nuclide="F-18", creator="fuzz")
    save("subject information", [about])
    return kinds


def _save(ds: Dataset, path: Path, syntax: str) -> bool:
    """Write a dataset in a transfer syntax; False where nothing here can."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = UID(ExplicitVRLittleEndian)
    uid = UID(syntax)
    if not uid.is_compressed or uid == DeflatedExplicitVRLittleEndian:
        ds.file_meta.TransferSyntaxUID = uid
        if syntax == ExplicitVRBigEndian:
            ds["PixelData"].value = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    elif syntax == JPEGLosslessSV1:  # pydicom has no encoder
        if shutil.which("dcmcjpeg") is None:
            return False
        plain = path.with_suffix(".plain")
        ds.save_as(plain, enforce_file_format=True)
        subprocess.run(["dcmcjpeg", "+e1", "+tl", plain, path], check=True)  # noqa: S603, S607 - by hand only
        return True
    elif not get_encoder(uid).is_available:
        return False
    else:
        ds.compress(uid)
    ds.save_as(path, enforce_file_format=True)
    return True


def _item(**elements: Any) -> Dataset:
    ds = Dataset()
    for keyword, value in elements.items():
        setattr(ds, keyword, value)
    return ds


def _image(sop_class: str, modality: str, pixels: np.ndarray, number: int = 0) -> Dataset:
    ds = _item(
        SpecificCharacterSet="ISO_IR 100",
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        SOPClassUID=sop_class,
        SOPInstanceUID=f"1.2.3.4.{ord(modality[0])}.{number + 1}",
        StudyDate="20240102",
        SeriesDate="20240102",
        AcquisitionDate="20240102",
        StudyTime="101500",
        SeriesTime="101530",
        AcquisitionTime="101545.25",
        Modality=modality,
        Manufacturer="Maker",
        StudyDescription="Study",
        PatientName="Doe^Jane",
        PatientID="P1",
        PatientWeight="70.5",
        PatientSize="1.7",
        SliceThickness="2.5",
        StudyInstanceUID="1.2.3.4.1",
        SeriesInstanceUID="1.2.3.4.2",
        FrameOfReferenceUID="1.2.3.4.3",
        SeriesNumber="2",
        InstanceNumber=str(number + 1),
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=ROWS,
        Columns=COLUMNS,
        BitsAllocated=16,
        BitsStored=16,
        HighBit=15,
        PixelRepresentation=1,
    )
    ds.add_new("PixelData", "OW", pixels.tobytes())
    return ds


def _slices(make: Callable[[int], Dataset]) -> list[Dataset]:
    return [make(k) for k in range(SLICES)]


def _placed(ds: Dataset, number: int) -> Dataset:
    ds.ImagePositionPatient = ["-10.5", "-20", str(2.5 * number)]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.PixelSpacing = ["1.5", "1.5"]
    return ds


def _ct(number: int) -> Dataset:
    ds = _placed(_image("1.2.840.10008.5.1.4.1.1.2", "CT", PIXELS[number], number), number)
    ds.RescaleSlope, ds.RescaleIntercept, ds.RescaleType = "1", "-1024", "HU"
    return ds


def _pet(number: int) -> Dataset:
    ds = _placed(_image("1.2.840.10008.5.1.4.1.1.128", "PT", PIXELS[number], number), number)
    ds.Units, ds.DecayCorrection, ds.CorrectedImage = "BQML", "START", ["ATTN", "DECY"]
    ds.RescaleSlope, ds.RescaleIntercept = str(0.5 + number), "0"
    ds.FrameReferenceTime, ds.ActualFrameDuration = "1500.5", "120000"
    nuclide = _item(CodeValue="C-111A1", CodingSchemeDesignator="SRT", CodeMeaning="18F")
    dose = _item(
        RadiopharmaceuticalStartTime="093000",
        RadionuclideTotalDose="350000000",
        RadionuclideHalfLife="6586.2",
        RadionuclideCodeSequence=[nuclide],
    )
    ds.RadiopharmaceuticalInformationSequence = [dose]
    return ds


def _nm() -> Dataset:
    ds = _image("1.2.840.10008.5.1.4.1.1.20", "NM", PIXELS)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"]
    ds.NumberOfFrames, ds.FrameIncrementPointer = SLICES, 0x00540080
    ds.SliceVector = list(range(1, SLICES + 1))
    ds.PixelSpacing, ds.SpacingBetweenSlices = ["4.0", "4.0"], "4.0"
    place = _item(ImagePositionPatient=["0", "0", "0"], ImageOrientationPatient=["1", "0", "0", "0", "1", "0"])
    ds.DetectorInformationSequence = [place]
    ds.RotationInformationSequence = [_item(ActualFrameDuration="20000", NumberOfFramesInRotation=60)]
    unit = _item(CodeValue="Bq/ml", CodingSchemeDesignator="UCUM", CodeMeaning="Bq/ml")
    mapping = _item(RealWorldValueSlope=0.5, RealWorldValueIntercept=0.0, MeasurementUnitsCodeSequence=[unit])
    ds.RealWorldValueMappingSequence = [mapping]
    return ds


def _nm_dynamic() -> Dataset:
    ds = _image("1.2.840.10008.5.1.4.1.1.20", "NM", PIXELS)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "DYNAMIC", "EMISSION"]
    ds.NumberOfFrames, ds.FrameIncrementPointer = SLICES, [0x00540030, 0x00540100]
    ds.PhaseVector, ds.TimeSliceVector = [1, 1, 2], [1, 2, 1]
    ds.PixelSpacing = ["4.0", "4.0"]
    ds.PhaseInformationSequence = [
        _item(ActualFrameDuration="1000", NumberOfFramesInPhase=2, PhaseDelay="0", PauseBetweenFrames="0"),
        _item(ActualFrameDuration="30000", NumberOfFramesInPhase=1, PhaseDelay="0", PauseBetweenFrames="0"),
    ]
    return ds


def _enhanced() -> Dataset:
    ds = _image("1.2.840.10008.5.1.4.1.1.2.1", "CT", PIXELS)
    ds.NumberOfFrames = SLICES
    measures = _item(PixelSpacing=["1.5", "1.5"], SliceThickness="2.5")
    values = _item(RescaleSlope="1", RescaleIntercept="-1024", RescaleType="HU")
    plane = _item(ImageOrientationPatient=["1", "0", "0", "0", "1", "0"])
    ds.SharedFunctionalGroupsSequence = [
        _item(
            PixelMeasuresSequence=[measures],
            PixelValueTransformationSequence=[values],
            PlaneOrientationSequence=[plane],
        )
    ]
    ds.PerFrameFunctionalGroupsSequence = [
        _item(
            PlanePositionSequence=[_item(ImagePositionPatient=["0", "0", str(2.5 * k)])],
            FrameContentSequence=[_item(FrameAcquisitionDateTime=f"202401021015{k:02}", FrameAcquisitionDuration=50.0)],
        )
        for k in range(SLICES)
    ]
    return ds


def _dose() -> Dataset:
    ds = _placed(_image("1.2.840.10008.5.1.4.1.1.481.2", "RTDOSE", PIXELS), 0)
    ds.NumberOfFrames, ds.GridFrameOffsetVector = SLICES, ["0", "2.5", "5"]
    ds.DoseUnits, ds.DoseGridScaling, ds.PixelRepresentation = "GY", "0.001", 0
    return ds


def _structures() -> Dataset:
    ds = _ct(0)
    for keyword in ("PixelData", "Rows", "Columns", "BitsAllocated", "BitsStored", "HighBit", "SamplesPerPixel"):
        delattr(ds, keyword)
    ds.SOPClassUID, ds.Modality = "1.2.840.10008.5.1.4.1.1.481.3", "RTSTRUCT"
    ds.StructureSetLabel = "ROIs"
    ds.StructureSetROISequence = [
        _item(ROINumber=1, ReferencedFrameOfReferenceUID="1.2.3.4.3", ROIName="tumour", ROIGenerationAlgorithm="")
    ]
    contours = [
        _item(
            ContourGeometricType="CLOSED_PLANAR",
            NumberOfContourPoints=4,
            ContourData=[str(c) for x, y in ((0, 0), (20, 0), (20, 20), (0, 20)) for c in (x, y, 2.5 * k)],
        )
        for k in range(SLICES)
    ]
    ds.ROIContourSequence = [_item(ReferencedROINumber=1, ROIDisplayColor=["255", "0", "0"], ContourSequence=contours)]
    return ds
