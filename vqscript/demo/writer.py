"""The images of a scan as DICOM files: a CT of single slices and a SPECT as one NM multi-frame object."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, NuclearMedicineImageStorage

import vqscript
from vqscript.demo.images import CT_GRID, SPECT_GRID, ct_image, spect_image
from vqscript.demo.phantom import HALF_LIFE, NUCLIDE, Scan
from vqscript.imaging.grid import Grid

MBQ_PER_UCI = 0.037

_PROJECTIONS = 60
_STORED_MAX = 60000  # of uint16: a step is far below 0.1 % of the faintest organ


def make_uid(scan: Scan, what: str) -> str:
    """Return the UID of a part of a scan: the same for the same seed and version, and no other's.

    It is a name-based UUID under the root 2.25 (PS3.5 B.2).
    """
    name = f"vqscript {vqscript.__version__} demo {scan.noise_seed} {what}"
    return f"2.25.{uuid.uuid5(uuid.NAMESPACE_OID, name).int}"


def write_ct(scan: Scan, folder: Path) -> list[Path]:
    """Write the CT of a scan into an existing folder, one file per slice, and return the files."""
    files = []
    for number, dataset in enumerate(_ct_slices(scan), start=1):
        path = folder / f"CT{number:03d}.dcm"
        _save(dataset, path)
        files.append(path)
    return files


def write_spect(scan: Scan, folder: Path) -> Path:
    """Write the SPECT of a scan, uCi per voxel by its Real World Value Mapping, and return the file."""
    path = folder / "NM.dcm"
    _save(_spect(scan), path)
    return path


def _save(dataset: Dataset, path: Path) -> None:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    dataset.save_as(path, enforce_file_format=True)


def _ct_slices(scan: Scan) -> Iterator[Dataset]:
    started = scan.started - timedelta(minutes=5)
    common = _common(scan, "CT", CTImageStorage, started, number=1, description="CT whole body")
    _fill(
        common,
        ImageType=["ORIGINAL", "PRIMARY", "AXIAL"],
        PatientPosition="HFP",
        AcquisitionNumber=1,
        KVP=50,
        XRayTubeCurrent=1,
        ExposureTime=300000,
        SliceThickness=CT_GRID.spacing[2],
        PixelSpacing=_pixel_spacing(CT_GRID),
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        RescaleIntercept=-1024,
        RescaleSlope=1,
        RescaleType="HU",
        WindowCenter=100,
        WindowWidth=1000,
    )
    _set_pixel_format(common, CT_GRID, signed=True)
    stored = ct_image(scan) + np.int16(1024)
    for z in range(CT_GRID.size[2]):
        dataset = Dataset()
        dataset.update(common)
        dataset.SOPInstanceUID = make_uid(scan, f"CT slice {z}")
        # From the head down, as scanners number a head-first animal; positions tell the order, not numbers.
        dataset.InstanceNumber = CT_GRID.size[2] - z
        dataset.ImagePositionPatient = _decimals(CT_GRID.to_world((0, 0, z)))
        dataset.SliceLocation = dataset.ImagePositionPatient[2]
        dataset.PixelData = stored[z].astype("<i2").tobytes()
        yield dataset


def _spect(scan: Scan) -> Dataset:
    dataset = _common(
        scan, "NM", NuclearMedicineImageStorage, scan.started, number=2, description=f"{NUCLIDE} SPECT {scan.hours} h"
    )
    frames = SPECT_GRID.size[2]
    _fill(
        dataset,
        SOPInstanceUID=make_uid(scan, "NM object"),
        ImageType=["ORIGINAL", "PRIMARY", "RECON TOMO", "EMISSION"],
        InstanceNumber=1,
        AcquisitionTerminationCondition="TIME",
        CountsAccumulated=None,
        PixelSpacing=_pixel_spacing(SPECT_GRID),
        SliceThickness=SPECT_GRID.spacing[2],
        SpacingBetweenSlices=SPECT_GRID.spacing[2],
        NumberOfFrames=frames,
        NumberOfSlices=frames,
        FrameIncrementPointer=0x00540080,  # SliceVector
        SliceVector=list(range(1, frames + 1)),
        NumberOfEnergyWindows=1,
        NumberOfDetectors=1,
        NumberOfRotations=1,
        # The PET attribute says to when; NM itself can only say whether (CorrectedImage).
        DecayCorrection="ADMIN" if scan.animal.decay_corrected else "NONE",
        CorrectedImage=["UNIF", "ATTN", "SCAT", *(["DECY"] if scan.animal.decay_corrected else [])],
        EnergyWindowInformationSequence=[_energy_window()],
        RadiopharmaceuticalInformationSequence=[_radiopharmaceutical(scan)],
        DetectorInformationSequence=[_detector()],
        RotationInformationSequence=[_rotation(scan)],
        PatientOrientationCodeSequence=[_recumbent_prone()],
        PatientGantryRelationshipCodeSequence=[_code("102540008", "SCT", "headfirst")],
    )
    _set_pixel_format(dataset, SPECT_GRID, signed=False)
    activity = spect_image(scan)
    slope = float(activity.max()) / _STORED_MAX
    stored = np.rint(activity / slope)
    dataset.RealWorldValueMappingSequence = [_activity_per_voxel(slope)]
    dataset.PixelData = stored.astype("<u2").tobytes()
    return dataset


def _common(scan: Scan, modality: str, sop_class: str, started: datetime, *, number: int, description: str) -> Dataset:
    animal = scan.animal
    return _dataset(
        SpecificCharacterSet="ISO_IR 192",
        SOPClassUID=sop_class,
        StudyInstanceUID=make_uid(scan, "study"),
        SeriesInstanceUID=make_uid(scan, f"{modality} series"),
        FrameOfReferenceUID=make_uid(scan, "frame of reference"),
        PositionReferenceIndicator="",
        Modality=modality,
        SeriesNumber=number,
        SeriesDescription=description,
        StudyDescription=f"{NUCLIDE} SPECT/CT {scan.hours} h",
        StudyID=f"{scan.hours}H",
        AccessionNumber="",
        ReferringPhysicianName="",
        StudyDate=f"{scan.study_start:%Y%m%d}",
        StudyTime=f"{scan.study_start:%H%M%S}",
        SeriesDate=f"{started:%Y%m%d}",
        SeriesTime=f"{started:%H%M%S}",
        AcquisitionDate=f"{started:%Y%m%d}",
        AcquisitionTime=f"{started:%H%M%S}",
        ContentDate=f"{started:%Y%m%d}",
        ContentTime=f"{started:%H%M%S}",
        PatientName=animal.name,
        PatientID=animal.patient_id,
        PatientBirthDate="20231201",
        PatientSex="F",
        PatientWeight=_decimal(scan.weight / 1000),
        PatientComments="Synthetic mouse, no animal was used",
        BodyPartExamined="WHOLEBODY",
        Manufacturer="vqscript",
        ManufacturerModelName="Synthetic SPECT/CT",
        SoftwareVersions=vqscript.__version__,
    )


def _set_pixel_format(dataset: Dataset, grid: Grid, *, signed: bool) -> None:
    dataset.SamplesPerPixel = 1
    dataset.PhotometricInterpretation = "MONOCHROME2"
    dataset.Rows, dataset.Columns = grid.size[1], grid.size[0]
    dataset.BitsAllocated = dataset.BitsStored = 16
    dataset.HighBit = 15
    dataset.PixelRepresentation = int(signed)


def _energy_window() -> Dataset:
    ranges = [(154, 188), (220, 270)]  # the 171 and 245 keV lines of In-111, 20 %
    return _dataset(
        EnergyWindowName=NUCLIDE,
        EnergyWindowRangeSequence=[
            _dataset(EnergyWindowLowerLimit=low, EnergyWindowUpperLimit=high) for low, high in ranges
        ],
    )


def _radiopharmaceutical(scan: Scan) -> Dataset:
    injected = scan.animal.injected
    return _dataset(
        Radiopharmaceutical=f"{NUCLIDE} antibody",
        RadiopharmaceuticalStartTime=f"{injected:%H%M%S}",
        RadiopharmaceuticalStartDateTime=f"{injected:%Y%m%d%H%M%S}",
        RadionuclideTotalDose=_decimal(scan.animal.dose * MBQ_PER_UCI),  # MBq in NM (PS3.3 C.8.4.10), unlike PET
        RadionuclideHalfLife=_decimal(HALF_LIFE),
        RadionuclideCodeSequence=[_code("56609000", "SCT", "^111^Indium")],
    )


def _detector() -> Dataset:
    return _dataset(
        CollimatorGridName="",
        CollimatorType="PINH",
        FieldOfViewShape="RECTANGLE",
        ImagePositionPatient=_decimals(SPECT_GRID.origin),
        ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
    )


def _rotation(scan: Scan) -> Dataset:
    return _dataset(
        StartAngle=0,
        AngularStep=_decimal(360 / _PROJECTIONS),
        RotationDirection="CW",
        ScanArc=360,
        ActualFrameDuration=round(scan.duration * 1000 / _PROJECTIONS),
        NumberOfFramesInRotation=_PROJECTIONS,
    )


def _activity_per_voxel(slope: float) -> Dataset:
    return _dataset(
        RealWorldValueFirstValueMapped=0,
        RealWorldValueLastValueMapped=65535,
        RealWorldValueIntercept=0.0,
        RealWorldValueSlope=slope,
        LUTExplanation="Activity per voxel",
        LUTLabel="ACTIVITY",
        MeasurementUnitsCodeSequence=[_code("uCi", "UCUM", "uCi")],
    )


def _recumbent_prone() -> Dataset:
    item = _code("102538003", "SCT", "recumbent")
    item.PatientOrientationModifierCodeSequence = [_code("1240000", "SCT", "prone")]
    return item


def _code(value: str, scheme: str, meaning: str) -> Dataset:
    return _dataset(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning)


def _dataset(**elements: Any) -> Dataset:
    dataset = Dataset()
    _fill(dataset, **elements)
    return dataset


def _fill(dataset: Dataset, **elements: Any) -> None:
    for keyword, value in elements.items():
        setattr(dataset, keyword, value)


def _pixel_spacing(grid: Grid) -> list[str]:
    return _decimals((grid.spacing[1], grid.spacing[0]))  # between rows first


def _decimals(values: Sequence[float] | NDArray[np.float64]) -> list[str]:
    return [_decimal(float(value)) for value in values]


def _decimal(value: float) -> str:
    """Return a decimal string (at most 16 characters)."""
    if not math.isfinite(value):
        raise ValueError(f"{value} is no decimal string")
    return f"{value:.9g}"
