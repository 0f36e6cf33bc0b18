"""Series as scanners write them, made to be timed: headers of a usual length, noise for voxels."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
    generate_uid,
)


def write_ct(folder: Path, slices: int = 300, side: int = 512) -> Path:
    """Write a CT of int16 into a new folder, one slice per file, and return the folder."""
    folder.mkdir()
    rng = np.random.default_rng(1)
    common = _common("CT", CTImageStorage, side, signed=True)
    common.update(_elements(KVP="120", RescaleSlope="1", RescaleIntercept="-1024", RescaleType="HU"))
    common.update(
        _elements(GantryDetectorTilt="0", XRayTubeCurrent="210", ExposureTime="500", ConvolutionKernel="B30f")
    )
    for k in range(slices):
        pixels = rng.integers(0, 3000, (side, side), dtype=np.int16)
        _write(common, folder, k, pixels, pitch=0.9765625 * 512 / side, step=2.5)
    return folder


def write_pet(folder: Path, slices: int = 400, side: int = 192) -> Path:
    """Write a whole-body FDG PET in Bq/mL, each slice with a rescale slope of its own; returns the new folder."""
    folder.mkdir()
    rng = np.random.default_rng(2)
    common = _common("PT", PositronEmissionTomographyImageStorage, side, signed=True)
    common.update(_elements(Units="BQML", DecayCorrection="START", CorrectedImage=["DECY", "ATTN", "SCAT", "RAN"]))
    common.update(_elements(SeriesType=["WHOLE BODY", "IMAGE"], CountsSource="EMISSION", RescaleIntercept="0"))
    dose = _elements(RadionuclideTotalDose="370000000", RadionuclideHalfLife="6586.2")
    dose.update(_elements(RadiopharmaceuticalStartTime="081500.00", Radiopharmaceutical="FDG"))
    common.RadiopharmaceuticalInformationSequence = Sequence([dose])
    for k in range(slices):
        common.RescaleSlope = f"{1.5 + rng.random():.6f}"
        common.FrameReferenceTime, common.ActualFrameDuration = "90000", "180000"
        pixels = rng.integers(0, 32000, (side, side), dtype=np.int16)
        _write(common, folder, k, pixels, pitch=4.0, step=2.0)
    return folder


def _common(modality: str, sop_class: str, side: int, *, signed: bool) -> Dataset:
    """Return what all slices of a series share: about ninety elements, some of them private, and two sequences."""
    header = _elements(
        SpecificCharacterSet="ISO_IR 100",
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        SOPClassUID=sop_class,
        Modality=modality,
        Manufacturer="Example Medical Systems",
        InstitutionName="University Hospital",
        StationName="SCANNER1",
        ManufacturerModelName="Example 64",
        StudyDescription="Whole body",
        SeriesDescription=f"{modality} standard",
        DeviceSerialNumber="12345",
        SoftwareVersions="syngo 1.2.3",
        ProtocolName="Whole body routine",
        PatientName="Benchmark^Speed",
        PatientID="BENCH-1",
        PatientBirthDate="19700101",
        PatientSex="F",
        PatientAge="044Y",
        PatientWeight="70",
        PatientSize="1.7",
        PatientPosition="HFS",
        BodyPartExamined="CHEST",
        AccessionNumber="A1",
        ReferringPhysicianName="Doctor^Some",
        StudyID="1",
        SeriesNumber="2",
        AcquisitionNumber="1",
        StudyInstanceUID=generate_uid(),
        SeriesInstanceUID=generate_uid(),
        FrameOfReferenceUID=generate_uid(),
        PositionReferenceIndicator="SN",
        StudyDate="20140131",
        SeriesDate="20140131",
        AcquisitionDate="20140131",
        ContentDate="20140131",
        StudyTime="091500",
        SeriesTime="091600",
        AcquisitionTime="091630.5",
        DataCollectionDiameter="500",
        ReconstructionDiameter="500",
        FilterType="WEDGE_3",
        TableHeight="150",
        RotationDirection="CW",
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=side,
        Columns=side,
        BitsAllocated=16,
        BitsStored=16,
        HighBit=15,
        PixelRepresentation=int(signed),
        WindowCenter=["40", "-600"],
        WindowWidth=["400", "1200"],
        WindowCenterWidthExplanation=["WINDOW1", "WINDOW2"],
    )
    code = _elements(CodeValue="P5-0808E", CodingSchemeDesignator="SRT", CodeMeaning="CT of chest")
    header.ProcedureCodeSequence = Sequence([code])
    block = header.private_block(0x0029, "EXAMPLE CSA HEADER", create=True)
    block.add_new(0x10, "OB", bytes(2048))
    for element in range(0x20, 0x38):
        block.add_new(element, "LO", f"PRIVATE VALUE {element}")
    return header


def _elements(**elements: object) -> Dataset:
    made = Dataset()
    for keyword, value in elements.items():
        setattr(made, keyword, value)
    return made


def _write(header: Dataset, folder: Path, k: int, pixels: np.ndarray, *, pitch: float, step: float) -> None:
    rows, columns = pixels.shape
    header.SOPInstanceUID = generate_uid()
    header.InstanceNumber = str(k + 1)
    header.ImagePositionPatient = [f"{-columns / 2 * pitch:.6g}", f"{-rows / 2 * pitch:.6g}", f"{k * step - 300:.6g}"]
    header.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    header.PixelSpacing = [f"{pitch:.8g}", f"{pitch:.8g}"]
    header.SliceThickness = f"{step:g}"
    header.SliceLocation = f"{k * step - 300:.6g}"
    header.PixelData = pixels.tobytes()
    header.file_meta = FileMetaDataset()
    header.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    header.file_meta.MediaStorageSOPClassUID = header.SOPClassUID
    header.file_meta.MediaStorageSOPInstanceUID = header.SOPInstanceUID
    header.save_as(folder / f"IM{k:04}.dcm", enforce_file_format=True)
