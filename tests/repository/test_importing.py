"""Folders into a repository: everything once, nothing replaced, every omission with its reason."""

from __future__ import annotations

import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ImplicitVRLittleEndian

from vqscript.datapoints.records import DataPoint
from vqscript.errors import RepositoryError, RoiError, UsageError
from vqscript.repository.layout import instance_path
from vqscript.repository.local import LocalRepository

MakeFile = Callable[..., Path]
StartPython = Callable[..., subprocess.Popen[str]]

IMPORT = """
import sys
from pathlib import Path
from vqscript.repository.local import LocalRepository
with LocalRepository.open(Path(sys.argv[1])) as repository:
    print("ready", flush=True)
    report = repository.import_folder(Path(sys.argv[2]), "/pilot")
    print(len(report.added), len(report.known), len(report.failed))
"""


def test_a_mixed_folder_is_sorted_out(repository: LocalRepository, make_file: MakeFile, tmp_path: Path) -> None:
    kept = [make_file("CT"), make_file("deep/er/no extension"), make_file("Größe µ 検査.dcm")]
    shutil.copy(kept[0], tmp_path / "source" / "twice.dcm")
    (tmp_path / "source" / "notes.txt").write_text("no image")
    (tmp_path / "source" / "empty").touch()
    report = repository.import_folder(tmp_path / "source", "/pilot")
    assert sorted(report.added) == sorted(kept)
    assert [path.name for path in report.known] == ["twice.dcm"]
    assert {path.name for path, _ in report.skipped} == {"notes.txt", "empty"}
    assert all(reason for _, reason in report.skipped)
    assert report.failed == set()
    assert repository.count() == 3
    assert repository.verify() == []


def test_stored_files_are_the_source_byte_for_byte_and_read_only(
    repository: LocalRepository, make_file: MakeFile
) -> None:
    source = make_file()
    repository.store([source])
    stored = instance_path(repository.root, str(dcmread(source).SOPInstanceUID))
    assert stored.read_bytes() == source.read_bytes()
    assert stat.S_IMODE(stored.stat().st_mode) == 0o444


def test_the_second_import_adds_nothing(repository: LocalRepository, make_file: MakeFile) -> None:
    source = make_file()
    repository.store([source], "/pilot")
    again = repository.store([source], "/pilot")
    assert (again.added, again.known, again.linked) == ([], [source], set())


def test_a_known_study_joins_another_project(repository: LocalRepository, make_file: MakeFile) -> None:
    source = make_file(StudyInstanceUID="1.2.3")
    assert repository.store([source], "/a").linked == set()
    assert repository.store([source], "b/").linked == {"1.2.3"}
    assert repository.projects_of("1.2.3") == ["/a", "/b"]


def test_other_content_of_a_known_uid_is_refused(repository: LocalRepository, make_file: MakeFile) -> None:
    first = make_file("first", SOPInstanceUID="1.2.3", voxel=1)
    other = make_file("other", SOPInstanceUID="1.2.3", voxel=2)
    report = repository.store([first, other])
    assert report.added == [first]
    assert report.failed == {other}
    assert "1.2.3 is stored already with other content" in report.skipped[0][1]
    assert instance_path(repository.root, "1.2.3").read_bytes() == first.read_bytes()
    assert repository.store([other]).failed == {other}, "also when it comes alone, in a later import"


def test_the_same_object_that_is_written_otherwise_is_known(
    repository: LocalRepository, make_file: MakeFile, tmp_path: Path
) -> None:
    first, other = make_file("first"), tmp_path / "sent.dcm"
    sent = dcmread(first)
    sent.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    sent.file_meta.SourceApplicationEntityTitle = "ARCHIVE"
    sent.save_as(other, implicit_vr=True, little_endian=True)
    assert first.read_bytes() != other.read_bytes()
    assert repository.store([first, other]).known == [other]
    again = repository.store([other])
    assert (again.added, again.known, again.failed) == ([], [other], set())
    assert instance_path(repository.root, sent.SOPInstanceUID).read_bytes() == first.read_bytes()
    assert repository.verify() == []


def test_the_row_of_a_file_that_was_left_without_one_is_about_that_file(
    repository: LocalRepository, make_file: MakeFile, tmp_path: Path
) -> None:
    """A killed import has left it, and what comes now is the same object with its pixels elsewhere in the file."""
    first, other = make_file("first"), tmp_path / "sent.dcm"
    sent = dcmread(first)
    sent.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    sent.save_as(other, implicit_vr=True, little_endian=True)
    left = instance_path(repository.root, sent.SOPInstanceUID)
    left.parent.mkdir(parents=True)
    shutil.copy(first, left)
    repository.store([other])
    (held,) = repository.fetch(sent.StudyInstanceUID, sent.SeriesInstanceUID).instances
    assert held.pixel_offset == first.read_bytes().index(sent.PixelData)
    assert repository.verify() == []


def test_a_truncated_file_is_left_out_with_its_reason(repository: LocalRepository, make_file: MakeFile) -> None:
    whole, cut = make_file("whole"), make_file("cut")
    cut.write_bytes(cut.read_bytes()[:-5])
    report = repository.store([cut, whole])
    assert report.added == [whole]
    assert report.failed == {cut}
    assert "cut short" in report.skipped[0][1]
    assert repository.verify() == []


def test_a_dicomdir_is_no_failure(repository: LocalRepository, make_file: MakeFile) -> None:
    path = make_file("DICOMDIR")
    ds = dcmread(path)
    del ds.SOPInstanceUID, ds.StudyInstanceUID
    ds.SOPClassUID = ds.file_meta.MediaStorageSOPClassUID = "1.2.840.10008.1.3.10"
    ds.save_as(path)
    report = repository.store([path])
    assert report.failed == set()
    assert "DICOMDIR" in report.skipped[0][1]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_links_and_pipes(repository: LocalRepository, make_file: MakeFile, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    real = make_file("slice").rename(tmp_path / "elsewhere.dcm")
    outside.mkdir()
    shutil.copy(real, outside / "other")
    source = tmp_path / "source"
    (source / "link").symlink_to(real)
    (source / "folder").symlink_to(outside)
    (source / "dangling").symlink_to(source / "nothing")
    os.mkfifo(source / "pipe")
    report = repository.import_folder(source)
    assert report.added == [source / "link"]
    reasons = {path.name: reason for path, reason in report.skipped}
    assert reasons == {
        "folder": "links to folders are not followed",
        "dangling": "the link leads nowhere",
        "pipe": "no plain file",
    }


def test_a_repository_inside_the_folder_is_not_imported_into_itself(make_file: MakeFile, tmp_path: Path) -> None:
    make_file()
    with LocalRepository.create(tmp_path / "source" / "lab.repo") as repository:
        first = repository.import_folder(tmp_path / "source")
        again = repository.import_folder(tmp_path / "source")
        inside = repository.import_folder(repository.root / "instances")
    assert (len(first.added), len(again.known), again.added) == (1, 1, [])
    assert again.skipped == [(tmp_path / "source" / "lab.repo", "this is the repository itself")]
    assert inside.added == []


def test_nothing_is_stored_for_a_path_or_project_that_cannot_be(
    repository: LocalRepository, make_file: MakeFile, tmp_path: Path
) -> None:
    source = make_file()
    with pytest.raises(UsageError, match="no file or folder"):
        repository.store([source, tmp_path / "missing"])
    with pytest.raises(UsageError, match="no project path"):
        repository.store([source], "/a/../b")
    assert repository.count() == 0
    assert list(repository.root.glob("incoming/*")) == []


def test_a_name_that_is_only_written_otherwise_is_no_disagreement(
    repository: LocalRepository, make_file: MakeFile
) -> None:
    one = make_file("1", StudyInstanceUID="1.2", PatientName="Case^One", PatientID="a")
    other = make_file("2", StudyInstanceUID="1.2", PatientName="CASE^One^^", PatientID="A")
    (note,) = repository.store([one, other]).notes
    assert 'patient ID is "A"' in note[1], "in an ID, case may be what tells two apart"


def test_disagreement_on_the_patient_is_noted_and_the_first_kept(
    repository: LocalRepository, make_file: MakeFile
) -> None:
    files = [make_file(f"{name}", StudyInstanceUID="1.2", PatientID=name) for name in ("A", "B")]
    files.append(make_file("C", StudyInstanceUID="1.2", PatientID="A", StudyDescription="late", PatientComments="x"))
    report = repository.store(files)
    assert len(report.added) == 3
    assert [path for path, _ in report.notes] == [files[1]]
    assert 'patient ID is "B", but study 1.2 has "A"' in report.notes[0][1]
    (study,) = repository.find_studies()
    assert (study.patient_id, study.study_description, study.patient_comments) == ("A", "late", "x")


def test_a_number_that_is_none_keeps_no_file_out(repository: LocalRepository, make_file: MakeFile) -> None:
    source = make_file(StudyInstanceUID="1.2", SeriesNumber=77)
    source.write_bytes(source.read_bytes().replace(b"IS\x02\x0077", b"IS\x02\x007a"))
    assert repository.store([source]).added == [source]
    assert repository.find_series("1.2")[0].series_number == "7a"


@pytest.mark.parametrize("error", [RoiError("segment without a label"), ValueError("not a number")])
def test_an_object_whose_data_points_cannot_be_read_is_stored_with_a_note(
    repository: LocalRepository, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(header: Dataset) -> list[DataPoint]:
        raise error

    monkeypatch.setattr("vqscript.repository.importing.parse", fail)
    source = make_file()
    report = repository.store([source])
    assert report.added == [source]
    assert report.notes == [(source, f"stored, but its data points cannot be read: {error}")]
    assert repository.verify() == []


def test_a_lost_file_comes_back_with_the_next_import(repository: LocalRepository, make_file: MakeFile) -> None:
    source = make_file(SOPInstanceUID="1.2.3", StudyInstanceUID="1.2", SeriesInstanceUID="1.2.1")
    other = make_file("other", SOPInstanceUID="1.2.3", voxel=9)
    repository.store([source])
    instance_path(repository.root, "1.2.3").unlink()
    assert [problem.kind for problem in repository.verify()] == ["missing"]
    assert repository.store([other]).failed == {other}, "only what was stored may come back"
    report = repository.store([source])
    assert "there again" in report.notes[0][1]
    assert repository.verify() == []
    assert len(repository.fetch("1.2", "1.2.1").instances) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="no limit on file sizes here")
def test_a_write_that_fails_leaves_nothing_half_written(
    repository: LocalRepository, make_file: MakeFile, python: StartPython, tmp_path: Path
) -> None:
    make_file("a small")
    make_file("b large", PixelData=bytes(8_000_000), Rows=2000, Columns=2000)
    limited = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4_000_000, 4_000_000))" + IMPORT
    _, said = python(limited, repository.root, tmp_path / "source").communicate(timeout=60)
    assert "RepositoryError: cannot write to the repository: File too large" in said
    assert repository.count() == 1, "what was stored before stays"
    assert repository.verify() == []
    assert list(repository.root.glob("incoming/*")) == []


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="file modes do not bind here")
def test_a_repository_that_cannot_be_written_says_so(repository: LocalRepository, make_file: MakeFile) -> None:
    source = make_file()
    (repository.root / "incoming").chmod(0o555)
    with pytest.raises(RepositoryError, match="cannot write to the repository"):
        repository.store([source])


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_killed_at_any_moment(make_file: MakeFile, python: StartPython, tmp_path: Path) -> None:
    count = 240
    for number in range(count):
        make_file(f"{number:03}", StudyInstanceUID="1.2", SeriesInstanceUID="1.2.1", InstanceNumber=number)
    root = tmp_path / "lab.repo"
    LocalRepository.create(root).close()
    moments = random.Random(1)
    interrupted = 0
    for _ in range(6):
        started = python(IMPORT, root, tmp_path / "source")
        assert started.stdout
        assert started.stdout.readline() == "ready\n"
        time.sleep(moments.uniform(0.0, 0.5))
        started.kill()
        started.communicate()
        interrupted += started.returncode == -signal.SIGKILL
        with LocalRepository.open(root) as repository:
            problems = repository.verify()
            assert [problem for problem in problems if not problem.harmless] == []
            assert all(len(repository.fetch("1.2", "1.2.1").instances) for _ in repository.find_studies())
    assert interrupted, "no import was caught running: the test shows nothing"
    with LocalRepository.open(root) as repository:
        report = repository.import_folder(tmp_path / "source", "/pilot")
        assert len(report.added) + len(report.known) == count
        assert len(repository.fetch("1.2", "1.2.1").instances) == count
        assert repository.projects_of("1.2") == ["/pilot"]
        assert repository.verify() == []


def test_what_a_killed_import_left_is_adopted_by_the_next(
    repository: LocalRepository, make_file: MakeFile, tmp_path: Path
) -> None:
    left, new = make_file("left", StudyInstanceUID="1.2"), make_file("new")
    target = instance_path(repository.root, str(dcmread(left).SOPInstanceUID))
    target.parent.mkdir()
    shutil.copy(left, target)
    abandoned = repository.root / "incoming" / "0123"
    abandoned.mkdir()
    (abandoned / "lock").touch()
    (abandoned / "half.dcm").write_bytes(b"half")
    assert {problem.kind for problem in repository.verify()} == {"unindexed", "unfinished"}
    report = repository.store([new])
    assert report.added == [new]
    assert "left by an import that was stopped" in report.notes[0][1]
    assert repository.find_one("1.2").patient_id == "P1"
    assert not abandoned.exists()
    assert repository.verify() == []


def test_two_imports_at_once(make_file: MakeFile, python: StartPython, tmp_path: Path) -> None:
    count = 120
    for number in range(count):
        make_file(f"{number:03}", StudyInstanceUID="1.2", SeriesInstanceUID="1.2.1")
    root = tmp_path / "lab.repo"
    LocalRepository.create(root).close()
    running = [python(IMPORT, root, tmp_path / "source") for _ in range(2)]
    reports = [process.communicate(timeout=60)[0].split()[1:] for process in running]
    assert [process.returncode for process in running] == [0, 0]
    assert all(int(added) + int(known) == count and failed == "0" for added, known, failed in reports)
    assert sum(int(added) for added, _, _ in reports) == count, "each file is new to one of them only"
    with LocalRepository.open(root) as repository:
        assert repository.count() == count
        assert repository.verify() == []


def test_real_patients(repository: LocalRepository, data: Path) -> None:
    report = repository.import_folder(data / "sts", "/sarcoma")
    dicom = {path for path in (data / "sts").rglob("*") if path.is_file() and _is_dicom(path)}
    assert set(report.added) == dicom
    assert len(repository.find_studies(project="/sarcoma")) == 4
    for study in repository.find_studies():
        modalities = sorted(series.modality for series in repository.find_series(study.study_uid))
        assert modalities == ["CT", "MR", "PT", "RTSTRUCT", "RTSTRUCT", "RTSTRUCT"]
        names = {name for point in repository.data_points(study.study_uid, "roi") for name in point.names}
        assert names == {"GTV_Mass_CT", "GTV_Mass_PET", "GTV_Mass_MR_T1"}
    assert repository.import_folder(data / "sts", "/sarcoma").added == []
    assert repository.verify() == []


def _is_dicom(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"
