"""The DICOM files of the demo, read by software that shares no code with the writer."""

from __future__ import annotations

import hashlib
import math
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import numpy as np
import pydicom
import pytest
import SimpleITK as sitk

from vqscript.demo.images import CT_GRID, SPECT_GRID, ct_image, spect_image
from vqscript.demo.phantom import make_project
from vqscript.demo.writer import make_uid, write_ct, write_spect


def centre_of_component(image: sitk.Image, binary: np.ndarray, at: tuple[float, float, float]) -> np.ndarray:
    """Centre of mass, in ITK's physical space (LPS mm), of the component that holds a physical point."""
    mask = sitk.GetImageFromArray(binary.astype(np.uint8))
    mask.CopyInformation(image)
    components = sitk.ConnectedComponent(mask)
    label = components[components.TransformPhysicalPointToIndex([float(v) for v in at])]
    assert label, f"nothing at {at}"
    shape = sitk.LabelShapeStatisticsImageFilter()
    shape.Execute(components)
    return np.array(shape.GetCentroid(label))


def test_gdcm_reads_the_spect_as_it_was_meant(scan, spect_file):
    image = sitk.ReadImage(str(spect_file))
    assert image.GetSize() == SPECT_GRID.size
    assert image.GetSpacing() == pytest.approx(SPECT_GRID.spacing)
    assert image.GetOrigin() == pytest.approx(SPECT_GRID.origin)
    assert image.GetDirection() == (1, 0, 0, 0, 1, 0, 0, 0, 1)
    slope = pydicom.dcmread(spect_file).RealWorldValueMappingSequence[0].RealWorldValueSlope
    assert np.abs(sitk.GetArrayFromImage(image) * slope - spect_image(scan)).max() <= slope / 2 * 1.001


def test_gdcm_reads_the_ct_as_it_was_meant(scan, ct_files):
    reader = sitk.ImageSeriesReader()
    reader.SetFileNames(reader.GetGDCMSeriesFileNames(str(ct_files[0].parent)))
    image = reader.Execute()
    assert image.GetSize() == CT_GRID.size
    assert image.GetSpacing() == pytest.approx(CT_GRID.spacing)
    assert image.GetOrigin() == pytest.approx(CT_GRID.origin)
    assert np.array_equal(sitk.GetArrayFromImage(image), ct_image(scan))


def test_organs_are_where_the_phantom_says_in_the_spect(scan, spect_file):
    image = sitk.ReadImage(str(spect_file))
    slope = pydicom.dcmread(spect_file).RealWorldValueMappingSequence[0].RealWorldValueSlope
    uptake = sitk.GetArrayFromImage(image) * slope * 100 / scan.animal.dose / (SPECT_GRID.voxel_volume / 1000)
    for name in ("Heart", "Kidneys", "Bladder"):
        between = (scan.uptake[name] + scan.uptake["Body"]) / 2
        for shape in scan.animal.organs[name].shapes:
            centre = centre_of_component(image, uptake > between, shape.center)
            assert centre == pytest.approx(shape.center, abs=0.25 * min(SPECT_GRID.spacing)), name


def test_tissues_are_where_the_phantom_says_in_the_ct(scan, ct_files):
    image = sitk.ReadImage([str(path) for path in ct_files])
    numbers = sitk.GetArrayFromImage(image)
    bones = next(tissue for tissue in scan.animal.tissues if tissue.name == "Bones")
    *_, skull = bones.shapes
    in_the_bone = (skull.center[0] + 0.93 * skull.radii[0], *skull.center[1:])
    assert centre_of_component(image, numbers > 500, in_the_bone) == pytest.approx(skull.center, abs=0.15)
    # The outline: each side of the animal is another part of it (tumor on the right, thigh on the left ...).
    shapes = [shape for tissue in scan.animal.tissues for shape in tissue.shapes]
    outline = sitk.GetImageFromArray((numbers > -200).astype(np.uint8))
    outline.CopyInformation(image)
    box = sitk.LabelShapeStatisticsImageFilter()
    box.Execute(outline)
    x, y, z, nx, ny, nz = box.GetBoundingBox(1)
    low = image.TransformIndexToPhysicalPoint((x, y, z))
    high = image.TransformIndexToPhysicalPoint((x + nx - 1, y + ny - 1, z + nz - 1))
    for axis in range(3):
        assert low[axis] == pytest.approx(min(s.center[axis] - s.radii[axis] for s in shapes), abs=0.8)
    for axis in range(2):  # the snout leaves the field of view
        assert high[axis] == pytest.approx(max(s.center[axis] + s.radii[axis] for s in shapes), abs=0.8)


@pytest.mark.parametrize("seed", [0, 1, 7, 2024])
def test_the_truth_follows_from_the_files_alone(seed, tmp_path, inside):
    for scan in make_project(seed).scans:
        ds = pydicom.dcmread(write_spect(scan, tmp_path))
        mapping = ds.RealWorldValueMappingSequence[0]
        assert mapping.MeasurementUnitsCodeSequence[0].CodeValue == "uCi"
        activity = ds.pixel_array.astype(float) * mapping.RealWorldValueSlope + mapping.RealWorldValueIntercept
        spacing = (*(float(v) for v in ds.PixelSpacing[::-1]), float(ds.SpacingBetweenSlices))
        origin = [float(v) for v in ds.DetectorInformationSequence[0].ImagePositionPatient]
        grams = math.prod(spacing) / 1000
        injection = ds.RadiopharmaceuticalInformationSequence[0]
        dose = float(injection.RadionuclideTotalDose) * 1e6 / 37000
        if ds.DecayCorrection == "NONE":
            assert "DECY" not in ds.CorrectedImage
            decay = math.log(2) / float(injection.RadionuclideHalfLife)
            start = datetime.strptime(ds.AcquisitionDate + ds.AcquisitionTime, "%Y%m%d%H%M%S")
            injected = datetime.strptime(injection.RadiopharmaceuticalStartDateTime, "%Y%m%d%H%M%S")
            rotation = ds.RotationInformationSequence[0]
            length = rotation.ActualFrameDuration / 1000 * rotation.NumberOfFramesInRotation
            activity *= decay * length / (1 - math.exp(-decay * length))
            activity *= math.exp(decay * (start - injected).total_seconds())
        else:
            assert (ds.DecayCorrection, "DECY" in ds.CorrectedImage) == ("ADMIN", True)
        for name, organ in scan.animal.organs.items():
            core = np.zeros(activity.shape, dtype=bool)
            for shape in organ.shapes:
                core |= inside(shape, (ds.Columns, ds.Rows, ds.NumberOfFrames), spacing, origin, np.array(spacing) / 2)
            measured = activity[core].mean() / grams * 100 / dose
            assert measured == pytest.approx(scan.uptake[name], rel=0.005), (scan.animal.name, scan.hours, name)


def test_the_two_images_share_study_and_frame_of_reference_and_keep_odd_names(scan, spect_file, ct_files):
    nm, ct = pydicom.dcmread(spect_file), pydicom.dcmread(ct_files[0])
    assert nm.StudyInstanceUID == ct.StudyInstanceUID == make_uid(scan, "study")
    assert nm.FrameOfReferenceUID == ct.FrameOfReferenceUID
    assert nm.SeriesInstanceUID != ct.SeriesInstanceUID
    assert (nm.PatientName, nm.PatientID) == ("S1+M01", "M 01")
    assert nm.SeriesDescription.startswith("In-111 ")
    assert float(nm.PatientWeight) == pytest.approx(scan.weight / 1000)
    uids = [pydicom.dcmread(path).SOPInstanceUID for path in ct_files] + [nm.SOPInstanceUID]
    assert len(set(uids)) == len(uids)
    assert all(pydicom.uid.UID(uid).is_valid for uid in uids)


def test_the_same_seed_writes_the_same_bytes(scan, ct_files, spect_file, tmp_path):
    again = [*write_ct(scan, tmp_path), write_spect(scan, tmp_path)]
    digests = [hashlib.sha256(path.read_bytes()).digest() for path in again]
    assert digests == [hashlib.sha256(path.read_bytes()).digest() for path in (*ct_files, spect_file)]


@pytest.mark.skipif(not shutil.which("dciodvfy"), reason="needs dciodvfy (Debian package dicom3tools)")
def test_dciodvfy_finds_no_errors(ct_files, spect_file):
    for path in (ct_files[0], ct_files[-1], spect_file):
        said = subprocess.run(["dciodvfy", Path(path)], capture_output=True, text=True, timeout=60).stderr
        assert "CTImage" in said or "NMImage" in said
        assert [line for line in said.splitlines() if line.startswith("Error")] == []
