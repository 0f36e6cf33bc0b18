"""The examples with ROIs, on phantoms whose answers are known: TLG over time, time-activity curves, two readers."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, generate_uid

from vqscript.errors import ScriptError
from vqscript.imaging.grid import Grid
from vqscript.repository.base import SeriesFilter
from vqscript.repository.local import LocalRepository
from vqscript.roi.files import load
from vqscript.roi.files.seg import write_rois
from vqscript.roi.roiset import RoiSet
from vqscript.session import Session

PROJECT = "/phantoms"
SPACING = 4.0, 4.0, 5.0
SHAPE = 12, 24, 28
# The dose is that of the scan's start, so that an SUV is 5 kBq/mL of a patient of 70 kg and 350 MBq.
PER_SUV = 5000.0
HALF_LIFE = 6586.2
DECAY = np.log(2) / HALF_LIFE
STEP = 1.0  # Bq/mL per stored number


def write_pet(folder: Path, frames: list[np.ndarray], starts: list[int], durations: list[int], **study: str) -> None:
    """Write a PET series: Bq/mL of each frame ``(z, y, x)``, its start and duration in s."""
    folder.mkdir()
    about = {
        "StudyInstanceUID": generate_uid(),
        "SeriesInstanceUID": generate_uid(),
        "FrameOfReferenceUID": generate_uid(),
    }
    for t, (values, start, duration) in enumerate(zip(frames, starts, durations, strict=True)):
        for z, plane in enumerate(values):
            ds = Dataset()
            ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.128", generate_uid()
            ds.Modality, ds.PatientName, ds.PatientWeight = "PT", "Phantom^PET", 70
            ds.StudyTime = ds.SeriesTime = "100000"
            ds.SeriesDescription, ds.SeriesNumber, ds.InstanceNumber = "PET", 3, t * len(values) + z + 1
            for keyword, value in (about | study).items():
                setattr(ds, keyword, value)
            ds.SeriesDate = ds.AcquisitionDate = ds.StudyDate
            ds.AcquisitionTime = f"10{start // 60:02}{start % 60:02}"
            # The moment at which a decaying source has its mean activity of the frame.
            within = DECAY * duration
            ds.FrameReferenceTime = 1000 * (start + np.log(within / (1 - np.exp(-within))) / DECAY)
            ds.ActualFrameDuration = 1000 * duration
            if len(frames) > 1:
                ds.SeriesType, ds.NumberOfTimeSlices = ["DYNAMIC", "IMAGE"], len(frames)
            ds.Units, ds.DecayCorrection, ds.CorrectedImage = "BQML", "START", ["ATTN", "DECY"]
            dose = Dataset()
            dose.RadionuclideTotalDose, dose.RadionuclideHalfLife = 350e6, HALF_LIFE
            dose.RadiopharmaceuticalStartDateTime = f"{ds.StudyDate}100000"
            ds.RadiopharmaceuticalInformationSequence = [dose]
            ds.ImagePositionPatient = [-50, -40, SPACING[2] * z]
            ds.ImageOrientationPatient, ds.PixelSpacing = [1, 0, 0, 0, 1, 0], list(SPACING[1::-1])
            ds.SliceThickness = SPACING[2]
            ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
            ds.Rows, ds.Columns = plane.shape
            ds.BitsAllocated = ds.BitsStored = 16
            ds.HighBit, ds.PixelRepresentation = 15, 0
            ds.RescaleSlope, ds.RescaleIntercept = STEP, 0
            ds.PixelData = np.rint(plane / STEP).astype("<u2").tobytes()
            ds.file_meta = FileMetaDataset()
            ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
            ds.save_as(folder / f"{t:02}{z:03}.dcm", enforce_file_format=True)


def ball(x: float, y: float, z: float, radius: float) -> np.ndarray:
    """Voxels whose centres lie within a sphere, in mm from the first voxel."""
    index = np.stack(np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij"), axis=-1)[..., ::-1]
    return np.linalg.norm(index * SPACING - (x, y, z), axis=-1) < radius


class Lab:
    """A repository of phantoms."""

    def __init__(self, folder: Path) -> None:
        self.path, self._folder = folder / "lab.repo", folder
        LocalRepository.create(self.path).close()

    def add_pet(self, frames: list[np.ndarray], starts: list[int], durations: list[int], **study: str) -> None:
        folder = self._folder / f"pet{len(list(self._folder.iterdir()))}"
        write_pet(folder, frames, starts, durations, **study)
        with LocalRepository.open(self.path) as repository:
            assert not repository.import_folder([folder], project=PROJECT).failed

    def draw(self, patient: str, date: str, creator: str, masks: dict[str, np.ndarray]) -> None:
        """Store ROIs on the PET of a study, as a reader would."""
        with LocalRepository.open(self.path) as repository:
            (study,) = (one for one in repository.find_studies() if (one.patient_id, one.study_date) == (patient, date))
            (pet,) = repository.find_series(study.study_uid, SeriesFilter("PT"))
            session = Session()
            session.open(repository.fetch(study.study_uid, pet.series_uid), 0, repository)
            volume = session.reference.volume
            rois = RoiSet(volume.grid)
            for name, mask in masks.items():
                one = RoiSet(volume.grid)
                one.set_mask(one.add(name), mask)
                rois.adopt(one, 1)
            repository.store_datasets([write_rois(rois, volume, creator=creator)])
            session.close()


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def rows(tmp_path: Path, name: str) -> list[dict[str, Any]]:
    with (tmp_path / "out" / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


VOXEL_ML = float(np.prod(SPACING)) / 1000


def test_tumor_tlg(lab, run, tmp_path):
    """A lesion of SUV 8 that shrinks and fades, beside a hotter organ that the rough ROI touches."""
    lesions = [("20300105", 14.0, 8.0), ("20300119", 10.0, 6.0), ("20300202", 6.0, 5.0)]
    for date, radius, suv in lesions:
        values = np.full(SHAPE, 1.0)
        values[ball(48, 44, 28, radius)] = suv
        values[ball(84, 44, 28, 9)] = 20.0
        lab.add_pet([values * PER_SUV], [0], [600], PatientID="P1", StudyDate=date)
        lab.draw("P1", date, "reader", {"Tumor": ball(48, 44, 28, 22), "Bladder": ball(84, 44, 28, 12)})
    lab.add_pet([np.full(SHAPE, PER_SUV)], [0], [600], PatientID="P2", StudyDate="20300301")

    lines = run("tumor_tlg.lua", lab.path, PROJECT)
    found = rows(tmp_path, "tlg.csv")
    voxels = [np.count_nonzero(ball(48, 44, 28, radius)) for _, radius, _ in lesions]
    assert voxels[0] > voxels[1] > voxels[2] > 5
    tlg = [n * VOXEL_ML * suv for n, (_, _, suv) in zip(voxels, lesions, strict=True)]
    assert [(row["patient_id"], row["study_date"], row["day"]) for row in found] == [
        ("P1", "20300105", "0"), ("P1", "20300119", "14"), ("P1", "20300202", "28"),
    ]  # fmt: skip
    for column, truth in (
        ("volume_ml", [n * VOXEL_ML for n in voxels]),
        ("suv_mean", [suv for _, _, suv in lesions]),
        ("suv_max", [suv for _, _, suv in lesions]),
        ("tlg", tlg),
        ("tlg_change_percent", [100 * (one / tlg[0] - 1) for one in tlg]),
    ):
        assert [float(row[column]) for row in found] == pytest.approx(truth, rel=1e-4, abs=1e-6), column
    assert {row["unit"] for row in found} == {"SUVbw"}
    assert 'P2 20300301: skipped, it has 1 PET series and no ROI "Tumor"' in lines
    # The contours that were saved are those that were measured.
    saved = sorted((tmp_path / "out").glob("*.dcm"))
    assert [path.name for path in saved] == [f"P1_{date}_Tumor.dcm" for date, _, _ in lesions]
    grid = Grid(SHAPE[::-1], SPACING, (-50, -40, 0))
    for path, (_, radius, _) in zip(saved, lesions, strict=True):
        assert np.array_equal(load(path, grid)[0].mask(1), ball(48, 44, 28, radius))


def test_tumor_tlg_with_other_arguments(lab, run, tmp_path):
    values = np.full(SHAPE, 1.0)
    values[ball(48, 44, 28, 14)] = 4.0
    values[ball(48, 44, 28, 7)] = 8.0
    lab.add_pet([values * PER_SUV], [0], [600], PatientID="P1", StudyDate="20300105")
    lab.draw("P1", "20300105", "reader", {"Lesion": ball(48, 44, 28, 22)})
    run("tumor_tlg.lua", lab.path, PROJECT, roi="Lesion", percent="55")
    (row,) = rows(tmp_path, "tlg.csv")
    assert float(row["volume_ml"]) == pytest.approx(np.count_nonzero(ball(48, 44, 28, 7)) * VOXEL_ML)
    with pytest.raises(ScriptError, match='no study has one PET and an ROI "Tumor"'):
        run("tumor_tlg.lua", lab.path, PROJECT)
    with pytest.raises(ScriptError, match='percent takes a number, got "half"'):
        run("tumor_tlg.lua", lab.path, PROJECT, percent="half")


def test_time_activity(lab, run, tmp_path):
    """Blood that falls and a liver that rises, in frames of different lengths."""
    starts, durations = [0, 30, 60, 180, 480], [30, 30, 120, 300, 600]
    blood, liver = [20000.0, 12000.0, 6000.0, 3000.0, 2000.0], [1000.0, 4000.0, 8000.0, 12000.0, 11000.0]
    where = {"Blood": ball(30, 44, 28, 9), "Liver": ball(76, 44, 28, 16)}
    frames = []
    for in_blood, in_liver in zip(blood, liver, strict=True):
        values = np.full(SHAPE, 100.0)
        values[where["Blood"]], values[where["Liver"]] = in_blood, in_liver
        frames.append(values)
    lab.add_pet(frames, starts, durations, PatientID="D1", StudyDate="20300105")
    lab.add_pet([frames[0]], [0], [600], PatientID="S1", StudyDate="20300106")
    lab.draw("D1", "20300105", "reader", where)

    lines = run("time_activity.lua", lab.path, PROJECT)
    found = rows(tmp_path, "D1_20300105_curves.csv")
    mids = [start + duration / 2 for start, duration in zip(starts, durations, strict=True)]
    for column, truth in (
        ("frame", [1, 2, 3, 4, 5]), ("start_s", starts), ("duration_s", durations), ("mid_s", mids),
        ("Blood", blood), ("Liver", liver),
    ):  # fmt: skip
        assert [float(row[column]) for row in found] == pytest.approx(truth, rel=1e-5), column
    assert {row["decay"].partition(" (")[0] for row in found} == {"corrected to the start of the scan"}
    text = "\n".join(lines)
    area = np.trapezoid(blood, mids)
    assert f"Blood            highest mean 2e+04 Bq/mL, area under the curve {area:.5g} Bq/mL s" in text
    assert "S1 20300106 PET: skipped, it is not dynamic" in lines

    run("time_activity.lua", lab.path, PROJECT, unit="SUVbw", rois="Liver")
    found = rows(tmp_path, "D1_20300105_curves.csv")
    assert "Blood" not in found[0]
    assert [float(row["Liver"]) for row in found] == pytest.approx([value / PER_SUV for value in liver], rel=1e-4)


def test_compare_readers(lab, run, tmp_path):
    """Boxes that share a known part; a second, older opinion and an ROI of one reader only do not count."""

    def box(*ranges: tuple[int, int]) -> np.ndarray:
        mask = np.zeros(SHAPE, bool)
        mask[tuple(slice(*along) for along in ranges)] = True
        return mask

    lab.add_pet([np.full(SHAPE, 10.0)], [0], [600], PatientID="R1", StudyDate="20300105")
    tumor_a, tumor_b = box((2, 6), (4, 12), (5, 15)), box((2, 6), (4, 12), (7, 19))
    heart = box((7, 9), (4, 12), (5, 15))
    lab.draw("R1", "20300105", "anna", {"Tumor": box((0, 1), (0, 1), (0, 1))})
    lab.draw("R1", "20300105", "anna", {"Tumor": tumor_a, "Heart": heart})
    lab.draw("R1", "20300105", "ben", {"Tumor": tumor_b, "Heart": heart, "Liver": heart})

    lines = run("compare_readers.lua", lab.path, PROJECT, a="anna", b="ben", modality="PT")
    found = {row["roi"]: row for row in rows(tmp_path, "readers.csv")}
    assert list(found) == ["Heart", "Tumor"]
    # 10 and 12 columns, 8 of them shared: 2 * 8 / 22; the volumes differ by 2 of 11; the centres by 3 columns.
    truth = {"dice": 16 / 22, "difference_percent": 100 * 2 / 11, "distance_mm": 3 * SPACING[0]}
    truth |= {"volume_a_ml": 4 * 8 * 10 * VOXEL_ML, "volume_b_ml": 4 * 8 * 12 * VOXEL_ML}
    assert {name: float(found["Tumor"][name]) for name in truth} == pytest.approx(truth)
    same = {"dice": 1.0, "difference_percent": 0.0, "distance_mm": 0.0}
    assert {name: float(found["Heart"][name]) for name in same} == pytest.approx(same, abs=1e-9)
    assert f"mean Dice of 2 ROIs: {(1 + 16 / 22) / 2:.3f}" in lines

    merged, _ = load(tmp_path / "out" / "R1_20300105_readers.nii.gz", Grid(SHAPE[::-1], SPACING, (-50, -40, 0)))
    assert sorted(merged.names) == ["Heart (anna)", "Heart (ben)", "Tumor (anna)", "Tumor (ben)"]
    assert np.array_equal(merged.mask(merged.find("Tumor (ben)")), tumor_b)

    with pytest.raises(ScriptError, match="no study has an ROI that both anna and carl drew"):
        run("compare_readers.lua", lab.path, PROJECT, a="anna", b="carl", modality="PT")
    with pytest.raises(ScriptError, match="two readers are needed"):
        run("compare_readers.lua", lab.path, PROJECT, a="anna")
