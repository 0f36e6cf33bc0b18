"""A small treatment: a CT, its structure set, two plans and their doses."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from ..network.conftest import Made, write_series

RT = "1.2.840.10008.5.1.4.1.1.481."
SIDE, SLICES = 16, 4
GY_PER_STEP = 0.01


@dataclass(frozen=True)
class Treatment:
    """UIDs of what was written, and the folder."""

    folder: Path
    ct: Made
    plan: str
    other_plan: str
    structures: str
    dose: str
    other_dose: str

    @property
    def package(self) -> set[str]:
        """The instances that belong to the plan."""
        return {*self.ct.files, self.plan, self.structures, self.dose}


def write_treatment(folder: Path, plan: str = "") -> Treatment:
    """Write it; the doses are 1 Gy and 2 Gy everywhere."""
    ct = write_series(folder / "ct", SLICES, SIDE, PatientID="RT-1")
    slices = [dcmread(path) for path in ct.paths]
    first = slices[0]
    uids = {name: generate_uid() for name in ("plan", "other_plan", "structures", "dose", "other_dose")}
    uids["plan"] = plan or uids["plan"]

    structures = _object(first, f"{RT}3", "RTSTRUCT", uids["structures"])
    structures.StructureSetLabel = "organs"
    images = [
        _item(ReferencedSOPClassUID=one.SOPClassUID, ReferencedSOPInstanceUID=one.SOPInstanceUID) for one in slices
    ]
    series = _item(SeriesInstanceUID=ct.series_uid, ContourImageSequence=images)
    study = _item(
        ReferencedSOPClassUID="1.2.840.10008.3.1.2.3.1",
        ReferencedSOPInstanceUID=ct.study_uid,
        RTReferencedSeriesSequence=[series],
    )
    structures.ReferencedFrameOfReferenceSequence = [
        _item(FrameOfReferenceUID=first.FrameOfReferenceUID, RTReferencedStudySequence=[study])
    ]
    structures.StructureSetROISequence = [
        _item(
            ROINumber=1,
            ReferencedFrameOfReferenceUID=first.FrameOfReferenceUID,
            ROIName="Liver",
            ROIGenerationAlgorithm="",
        )
    ]
    corners = [(2, 2), (9, 2), (9, 9), (2, 9)]
    contours = [
        _item(
            ContourGeometricType="CLOSED_PLANAR",
            NumberOfContourPoints=4,
            ContourData=[str(v) for x, y in corners for v in (x, y, 2 * k)],
            ContourImageSequence=[images[k]],
        )
        for k in (1, 2)
    ]
    structures.ROIContourSequence = [_item(ReferencedROINumber=1, ContourSequence=contours)]
    structures.RTROIObservationsSequence = [
        _item(ObservationNumber=1, ReferencedROINumber=1, RTROIInterpretedType="", ROIInterpreter="")
    ]
    _save(structures, folder / "a-structures.dcm")

    for name, label in (("plan", "Boost"), ("other_plan", "Whole")):
        made = _object(first, f"{RT}5", "RTPLAN", uids[name])
        made.RTPlanLabel, made.RTPlanGeometry = label, "PATIENT"
        made.ReferencedStructureSetSequence = [
            _item(ReferencedSOPClassUID=f"{RT}3", ReferencedSOPInstanceUID=uids["structures"])
        ]
        _save(made, folder / f"b-{name}.dcm")
    for name, of, steps in (("dose", "plan", 100), ("other_dose", "other_plan", 200)):
        dose = _object(first, f"{RT}2", "RTDOSE", uids[name])
        dose.ReferencedRTPlanSequence = [_item(ReferencedSOPClassUID=f"{RT}5", ReferencedSOPInstanceUID=uids[of])]
        dose.Rows = dose.Columns = SIDE
        dose.NumberOfFrames, dose.GridFrameOffsetVector = SLICES, [str(2 * k) for k in range(SLICES)]
        dose.FrameIncrementPointer = 0x3004000C
        dose.ImagePositionPatient, dose.ImageOrientationPatient = ["0", "0", "0"], ["1", "0", "0", "0", "1", "0"]
        dose.PixelSpacing, dose.SliceThickness = ["1", "1"], "2"
        dose.SamplesPerPixel, dose.PhotometricInterpretation = 1, "MONOCHROME2"
        dose.BitsAllocated, dose.BitsStored, dose.HighBit, dose.PixelRepresentation = 16, 16, 15, 0
        dose.DoseUnits, dose.DoseType, dose.DoseSummationType = "GY", "PHYSICAL", "PLAN"
        dose.DoseGridScaling = str(GY_PER_STEP)
        dose.PixelData = steps.to_bytes(2, "little") * (SIDE * SIDE * SLICES)
        _save(dose, folder / f"0-{name}.dcm")
    return Treatment(folder, ct, **uids)


def _object(first: Dataset, sop_class: str, modality: str, uid: str) -> Dataset:
    made = Dataset()
    for word in ("PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate"):
        setattr(made, word, first[word].value)
    made.StudyTime, made.StudyID, made.AccessionNumber = first.StudyTime, first.StudyID, first.AccessionNumber
    made.FrameOfReferenceUID = first.FrameOfReferenceUID
    made.SOPClassUID, made.SOPInstanceUID, made.SeriesInstanceUID = sop_class, uid, generate_uid()
    made.Modality, made.SeriesNumber, made.InstanceNumber = modality, "10", "1"
    return made


def _item(**values: Any) -> Dataset:
    made = Dataset()
    for word, value in values.items():
        setattr(made, word, value)
    return made


def _save(dataset: Dataset, path: Path) -> None:
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.save_as(path, enforce_file_format=True)
