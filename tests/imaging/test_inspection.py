"""Reports on what folders hold."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread

from vqscript.errors import UsageError
from vqscript.imaging import nifti
from vqscript.imaging.grid import Grid
from vqscript.imaging.inspection import Report, fits, inspect_paths, inspect_series
from vqscript.imaging.volume import Volume
from vqscript.repository.local import LocalRepository


@pytest.fixture(scope="module")
def study(mice, tmp_path_factory) -> Path:
    """Folder of all files of the first mouse study, one folder for each modality."""
    folder = tmp_path_factory.mktemp("study")
    with LocalRepository.open(mice.path) as repository:
        for series in repository.find_series(mice.uid(0)):
            for k, instance in enumerate(repository.fetch(mice.uid(0), series.series_uid).instances):
                (folder / series.modality).mkdir(exist_ok=True)
                shutil.copyfile(instance.path, folder / series.modality / f"{series.series_uid[-6:]} {k:03}")
    return folder


def only(paths: Path | list[Path], **options) -> Report:
    (report,) = inspect_paths(paths if isinstance(paths, list) else [paths], **options).reports
    return report


def test_a_study_with_images_segments_and_a_report(study):
    found = inspect_paths([study])
    assert found.sound and found.other_files == 0
    by_modality = {report.modality: report for report in found.reports}
    assert set(by_modality) == {"CT", "NM", "SEG", "SR"}
    (ct,) = by_modality["CT"].images
    assert (ct.unit, ct.plane, ct.axes, ct.stored, ct.frames) == ("HU", "axial", "LPS", "int16", 1)
    assert by_modality["CT"].files == ct.size[2] == len(list((study / "CT").iterdir()))
    assert by_modality["CT"].where == str(study / "CT") and by_modality["CT"].name == "CT whole body"
    assert by_modality["SEG"].images == () and "segments: " in by_modality["SEG"].objects[0]
    assert by_modality["SR"].objects == ("Patient Characteristics",)


def test_the_files_of_one_series_make_one_report_wherever_they_lie(study, tmp_path):
    files = sorted((study / "CT").iterdir())
    for k, file in enumerate(files):
        (tmp_path / str(k % 3)).mkdir(exist_ok=True)
        shutil.copyfile(file, tmp_path / str(k % 3) / file.name)
    report = only(tmp_path)
    assert report.files == len(files) and len(report.images) == 1
    assert report.where == f"{tmp_path / '0'} and 2 more folders"
    assert only(files).files == len(files)


def test_a_missing_slice_is_refused_with_its_numbers(study, tmp_path):
    for file in sorted((study / "CT").iterdir()):
        shutil.copyfile(file, tmp_path / file.name)
    sorted(tmp_path.iterdir())[30].unlink()
    found = inspect_paths([tmp_path])
    assert not found.sound
    told = found.reports[0].refused
    assert "of 69, at (" in told and "are 2.000 mm apart where 1.000 mm is usual: 1 slice is missing" in told
    assert found.reports[0].hint and found.reports[0].name == "CT whole body"


def test_damaged_files_are_refused_and_others_counted(study, tmp_path):
    whole = next((study / "CT").iterdir()).read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "notes.txt").write_text("hello")
    (tmp_path / "empty").touch()
    (tmp_path / "broken.nii").write_bytes(b"\x5c\1\0\0nothing")
    found = inspect_paths([tmp_path])
    assert found.other_files == 2
    refused = {report.name: report.refused for report in found.reports}
    assert set(refused) == {"cut", "broken.nii"}
    assert "cut short" in refused["cut"]
    assert "is cut short in its header: 7 of 344 bytes" in refused["broken.nii"]


def test_a_file_that_was_named_is_never_just_counted(tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    found = inspect_paths([tmp_path / "notes.txt"])
    assert not found.sound and "is not DICOM" in found.reports[0].refused
    with pytest.raises(UsageError, match="no file or folder"):
        inspect_paths([tmp_path / "gone"])


def test_a_directory_file_of_a_disc_is_no_damage(tmp_path):
    start = bytes(128) + b"DICM" + b"\2\0\2\0UI\x14\x001.2.840.10008.1.3.10\0"
    (tmp_path / "DICOMDIR").write_bytes(start + bytes(100))
    assert inspect_paths([tmp_path]).other_files == 1


def test_an_image_without_values_is_refused(study, tmp_path):
    ds = dcmread(next((study / "CT").iterdir()))
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.7"
    ds.save_as(tmp_path / "capture")
    assert "Secondary Capture Image Storage: no image that can be loaded" in only(tmp_path).refused


def test_nifti_with_frames_and_warnings(tmp_path):
    grid = Grid((5, 4, 3), (1.0, 2.0, 3.0))
    nifti.write(Volume(np.zeros((2, 3, 4, 5), "i2"), grid, "Bq/mL", frame_times=(0.0, 60.0)), tmp_path / "a.nii.gz")
    (image,) = only(tmp_path).images
    assert (image.size, image.frames, image.frame_times, image.unit) == ((5, 4, 3), 2, (0, 60), "Bq/mL")
    assert image.warnings == ()
    raw = bytearray((tmp_path / "a.nii.gz").read_bytes())
    (tmp_path / "a.nii.gz").write_bytes(raw[:-3])
    assert "cut short" in only(tmp_path).refused


def test_one_series_of_many(study, tmp_path):
    (tmp_path / "notes.txt").write_text("hello")
    uid = next(report.series_uid for report in inspect_paths([study]).reports if report.modality == "NM")
    for text in (uid, uid[:30], uid[-8:], f"..{uid[-8:]}"):
        assert only([study, tmp_path], series=text).series_uid == uid
    assert inspect_paths([study, tmp_path], series="9.9.9").reports == ()
    assert fits(uid, "") and not fits(uid, uid[3:-3])


def test_progress_counts_to_the_end(study):
    seen: list[tuple[int, int, str]] = []
    inspect_paths([study], progress=lambda *about: seen.append(about))
    assert seen[-1][0] < seen[-1][1] == len(inspect_paths([study]).reports)


def test_real_odd_series(data):
    (tilted,) = only(data / "odd-series" / "gantrytilting").images
    assert tilted.plane == "axial (tilted 14.0°)" and "gantry tilt" in tilted.warnings[0]
    assert len(only(data / "odd-series" / "sliceorientation").images) == 2
    report = only(data / "dcmqi" / "liver.dcm")
    assert report.objects == ("1 segment: Liver (in 3 frames)",)
    (structures,) = (r for r in inspect_paths([data / "sts" / "STS_008"]).reports if r.name.endswith("_CT_mask"))
    assert structures.objects == ("1 ROI: GTV_Mass_CT",)


def test_a_series_of_a_repository(mice):
    with LocalRepository.open(mice.path) as repository:
        for series in repository.find_series(mice.uid(1)):
            report = inspect_series(repository.fetch(mice.uid(1), series.series_uid).instances, "here")
            assert report.where == "here" and not report.refused
            assert bool(report.images) == (series.modality in {"CT", "NM"})
