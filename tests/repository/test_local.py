"""Finding, fetching and checking what a local repository holds."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from vqscript.datapoints import subject
from vqscript.datapoints.records import RoiObject, Subject
from vqscript.errors import Damaged, NotARepository, NotFound, RepositoryError, UsageError
from vqscript.imaging.dicom.header import read_header, read_instance
from vqscript.repository.base import SeriesFilter, StudyFilter
from vqscript.repository.layout import instance_path
from vqscript.repository.local import LocalRepository

MakeFile = Callable[..., Path]


@pytest.fixture
def filled(repository: LocalRepository, make_file: MakeFile) -> LocalRepository:
    """Four studies, UIDs 1.1 to 1.4, in three projects."""
    for number, name, patient, date, time, project in (
        (1, "S1+M01", "M 01", "20140131", "100000", "/onco"),
        (2, "S1+M02", "m[2]", "20140130", "090000", "/onco/pilot"),
        (3, "S2+M01", "M 01", "20140201", "080000", "/onco/pilot/deep"),
        (4, "S1+M01", "M 01", "20140131", "093000", "/oncology"),
    ):
        path = make_file(
            str(number), StudyInstanceUID=f"1.{number}", PatientName=name, PatientID=patient, StudyDate=date,
            StudyTime=time, SeriesDescription="CT 0.2 mm",
        )  # fmt: skip
        repository.store([path], project)
    return repository


def uids(repository: LocalRepository, project: str = "", **filters: str) -> str:
    return " ".join(study.study_uid[2:] for study in repository.find_studies(StudyFilter(**filters), project))


def test_studies_are_filtered_by_shell_patterns_on_the_whole_value(filled: LocalRepository) -> None:
    assert uids(filled) == "2 4 1 3", "by date, then time"
    assert uids(filled, name="s1*") == "2 4 1"
    assert uids(filled, name="S?+M01") == "4 1 3"
    assert uids(filled, name="S1") == ""
    assert uids(filled, patient_id="M[2]") == "2", "brackets are no pattern"
    assert uids(filled, patient_id="m 01", name="*2*") == "3"


def test_dates_are_inclusive(filled: LocalRepository, make_file: MakeFile) -> None:
    filled.store([make_file("undated", StudyInstanceUID="1.5", StudyDate="")])
    assert uids(filled, date_start="20140131") == "4 1 3"
    assert uids(filled, date_end="20140131") == "2 4 1"
    assert uids(filled, date_start="20140131", date_end="20140131") == "4 1"


def test_sorting_ascends_with_ties_by_time(filled: LocalRepository) -> None:
    assert uids(filled, sort="PatientsName") == "4 1 2 3"
    assert uids(filled, sort="PatientID") == "4 1 3 2"
    assert uids(filled, sort="Study Date") == "2 4 1 3"


def test_sub_projects_belong_only_if_asked_for(filled: LocalRepository) -> None:
    assert uids(filled, "/onco") == uids(filled, "/onco/") == uids(filled, "onco") == "1"
    assert uids(filled, "/onco/*") == "2 1 3"
    assert uids(filled, "/onco/pilot/*") == "2 3"
    assert uids(filled, "/elsewhere") == ""
    assert uids(filled, "/") == uids(filled, "/*") == "2 4 1 3"
    filled.add_to_project("1.4", "/onco/pilot")
    assert uids(filled, "/onco/pilot") == "2 4"
    with pytest.raises(NotFound):
        filled.add_to_project("1.9", "/onco")


def test_series_are_in_the_order_of_their_numbers(repository: LocalRepository, make_file: MakeFile) -> None:
    for number, modality, description in ((10, "NM", "In-111 SPECT"), (9, "CT", "CT"), (None, "SR", "")):
        repository.store(
            [
                make_file(
                    f"{modality}",
                    StudyInstanceUID="1.1",
                    SeriesNumber=number,
                    Modality=modality,
                    SeriesDescription=description,
                )
            ]
        )
    assert [series.modality for series in repository.find_series("1.1")] == ["CT", "NM", "SR"]
    assert [series.series_number for series in repository.find_series("1.1")] == ["9", "10", ""]
    (found,) = repository.find_series("1.1", SeriesFilter(modality="nm", description="in-111 *"))
    assert (found.series_description, found.instances) == ("In-111 SPECT", 1)
    assert repository.find_series("1.1", SeriesFilter(modality="N")) == []
    with pytest.raises(NotFound, match="no study 9"):
        repository.find_series("9")


def test_text_is_decoded_in_the_character_set_of_the_file(repository: LocalRepository, make_file: MakeFile) -> None:
    repository.store([make_file("1", StudyInstanceUID="1.1", SpecificCharacterSet="ISO_IR 100", PatientName="Gödel^K")])
    assert repository.find_one("1.1").patient_name == "Gödel^K"
    assert uids(repository, name="GÖDEL*") == "1"


def test_a_fetched_series_is_what_its_files_say(repository: LocalRepository, make_file: MakeFile) -> None:
    files = [
        make_file(
            f"{number}",
            StudyInstanceUID="1.1",
            SeriesInstanceUID="1.1.1",
            InstanceNumber=number,
            ImagePositionPatient=[0.1, -2.5, number / 3],
            RescaleSlope=0.1 * number,
        )
        for number in (2, 10, 1)
    ]
    repository.store(files)
    handle = repository.fetch("1.1", "1.1.1")
    assert [instance.instance_number for instance in handle.instances] == [1, 2, 10]
    assert handle.series.instances == 3
    assert handle.instances == tuple(read_instance(instance.path) for instance in handle.instances)


def test_fetching_opens_no_file(
    repository: LocalRepository, make_file: MakeFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.store([make_file(StudyInstanceUID="1.1", SeriesInstanceUID="1.1.1")])

    def refuse(path: Path) -> None:
        raise AssertionError(f"{path} was read")

    monkeypatch.setattr("vqscript.imaging.dicom.header.read_instance", refuse)
    assert len(repository.fetch("1.1", "1.1.1").instances) == 1


def test_fetching_what_is_not_there(filled: LocalRepository) -> None:
    with pytest.raises(NotFound, match="no study"):
        filled.fetch("1.9", "1")
    with pytest.raises(NotFound, match="no series 1"):
        filled.fetch("1.1", "1")


def test_a_file_that_was_touched_is_looked_at_again(
    repository: LocalRepository, make_file: MakeFile, caplog: pytest.LogCaptureFixture
) -> None:
    repository.store([make_file(StudyInstanceUID="1.1", SeriesInstanceUID="1.1.1", SOPInstanceUID="1.1.1.1")])
    stored = instance_path(repository.root, "1.1.1.1")
    os.utime(stored, (1, 1))
    with caplog.at_level(logging.WARNING, "vqscript"):
        assert repository.fetch("1.1", "1.1.1").instances[0].slope == 1.0
    assert not caplog.records, "the content is what it was"

    stored.chmod(0o644)
    ds = dcmread(stored)
    ds.RescaleSlope = 2
    ds.save_as(stored)
    with caplog.at_level(logging.WARNING, "vqscript"):
        assert repository.fetch("1.1", "1.1.1").instances[0].slope == 2.0
    assert "is not what was stored" in caplog.text

    stored.write_bytes(b"nothing of the kind")
    with pytest.raises(Damaged, match="was whole when it was stored"):
        repository.fetch("1.1", "1.1.1")


def test_another_object_in_the_place_of_a_file_is_refused(repository: LocalRepository, make_file: MakeFile) -> None:
    repository.store([make_file(StudyInstanceUID="1.1", SeriesInstanceUID="1.1.1", SOPInstanceUID="1.1.1.1")])
    stored = instance_path(repository.root, "1.1.1.1")
    stored.unlink()
    shutil.copy(make_file("other"), stored)
    with pytest.raises(Damaged, match="another object"):
        repository.fetch("1.1", "1.1.1")


def test_verify_finds_a_flipped_bit(filled: LocalRepository) -> None:
    stored = instance_path(filled.root, filled.fetch("1.2", series_of(filled, "1.2")).instances[0].sop_uid)
    before = stored.stat()
    content = bytearray(stored.read_bytes())
    content[-3] ^= 0x10
    stored.chmod(0o644)
    stored.write_bytes(content)
    os.utime(stored, ns=(before.st_atime_ns, before.st_mtime_ns))
    (problem,) = filled.verify()
    assert (problem.kind, problem.path, problem.harmless) == ("changed", stored, False)


def test_verify_finds_a_file_that_does_not_belong(filled: LocalRepository) -> None:
    (filled.root / "instances" / "notes.txt").write_text("mine")
    (problem,) = filled.verify()
    assert (problem.kind, problem.harmless) == ("misplaced", False)


def test_tags_are_text_numbers_and_lists(repository: LocalRepository, make_file: MakeFile) -> None:
    repository.store(
        [
            make_file(
                SeriesInstanceUID="1.1.1",
                PixelSpacing=[0.2, 0.25],
                ImageType=["ORIGINAL", "PRIMARY"],
                AccessionNumber="",
                ReferencedImageSequence=[Dataset()],
            )
        ]
    )
    tags = repository.tags("1.1.1")
    assert tags["PatientName"] == "Doe^Jane"
    assert tags["PixelSpacing"] == [0.2, 0.25]
    assert tags["ImageType"] == ["ORIGINAL", "PRIMARY"]
    assert tags["Rows"] == 3
    assert tags["AccessionNumber"] == ""
    assert not {"PixelData", "ReferencedImageSequence"} & tags.keys()
    with pytest.raises(NotFound):
        repository.tags("1.1.2")


def test_data_points_come_from_the_index_newest_first(repository: LocalRepository, make_file: MakeFile) -> None:
    source = make_file(StudyInstanceUID="1.1")
    repository.store([source])
    header = read_header(source)[0]
    for dose, time in ((100.0, "090000"), (250.0, "100000.5"), (200.0, "100000")):
        dataset = subject.build(header, injected_dose=dose, creator="anovicki")
        dataset.ContentDate, dataset.ContentTime = "20140131", time
        report = repository.store_datasets([dataset])
        assert report.added == [instance_path(repository.root, dataset.SOPInstanceUID)]
    points = repository.data_points("1.1", "subject")
    assert [point.injected_dose for point in points if isinstance(point, Subject)] == [250, 200, 100]
    assert points[0].creator == "anovicki"
    assert points[0].path
    assert dcmread(points[0].path).SOPInstanceUID == points[0].sop_uid
    assert repository.data_points("1.1", "roi") == []
    with pytest.raises(NotFound):
        repository.data_points("1.9", "roi")


def test_a_dataset_in_conflict_is_an_error(repository: LocalRepository, make_file: MakeFile) -> None:
    dataset = dcmread(make_file())
    repository.store_datasets([dataset])
    dataset.PatientName = "Other"
    with pytest.raises(RepositoryError, match="other content"):
        repository.store_datasets([dataset])


def test_roi_objects_of_a_real_study(repository: LocalRepository, data: Path) -> None:
    repository.import_folder(data / "dcmqi")
    points = [point for study in repository.find_studies() for point in repository.data_points(study.study_uid, "roi")]
    assert points
    for point in points:
        assert isinstance(point, RoiObject)
        assert point.path
        labels = [str(segment.SegmentLabel) for segment in dcmread(point.path).SegmentSequence]
        assert list(point.names) == labels


def test_a_study_is_found_by_an_unambiguous_part_of_its_uid(repository: LocalRepository, make_file: MakeFile) -> None:
    for uid in ("1.2.34", "1.2.35", "1.9.4"):
        repository.store([make_file(uid, StudyInstanceUID=uid)])
    assert repository.find_one("1.2.34").study_uid == "1.2.34"
    assert repository.find_one("1.9").study_uid == "1.9.4"
    assert repository.find_one("35").study_uid == "1.2.35"
    with pytest.raises(UsageError, match="fits 2 studies"):
        repository.find_one("1.2")
    for nothing in ("7", ""):
        with pytest.raises(NotFound):
            repository.find_one(nothing)


def test_what_is_no_repository(tmp_path: Path, repository: LocalRepository) -> None:
    with pytest.raises(NotARepository, match="does not exist") as missing:
        LocalRepository.open(tmp_path / "nothing")
    assert "repo init" in missing.value.hint
    with pytest.raises(NotARepository, match="is no repository"):
        LocalRepository.open(tmp_path)
    (tmp_path / "index.sqlite").write_text("this is no database, but long enough to look at" * 40)
    with pytest.raises(Damaged):
        LocalRepository.open(tmp_path)
    (tmp_path / "index.sqlite").unlink()
    with sqlite3.connect(tmp_path / "index.sqlite") as other:
        other.execute("CREATE TABLE mine (a)")
    other.close()
    with pytest.raises(NotARepository, match="no repository index"):
        LocalRepository.open(tmp_path)


def test_a_repository_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    LocalRepository.create(tmp_path / "lab.repo").close()
    connection = sqlite3.connect(tmp_path / "lab.repo" / "index.sqlite")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(RepositoryError, match="newer vqscript") as error:
        LocalRepository.open(tmp_path / "lab.repo")
    assert "upgrade" in error.value.hint


def test_creating_never_takes_what_is_there(tmp_path: Path) -> None:
    LocalRepository.create(tmp_path / "lab.repo").close()
    with pytest.raises(RepositoryError, match="a repository already"):
        LocalRepository.create(tmp_path / "lab.repo")
    with pytest.raises(RepositoryError, match="not empty"):
        LocalRepository.create(tmp_path)
    with pytest.raises(RepositoryError, match="there is no folder"):
        LocalRepository.create(tmp_path / "a" / "b")
    (tmp_path / "file").touch()
    with pytest.raises(RepositoryError, match="is a file"):
        LocalRepository.create(tmp_path / "file")
    stopped = tmp_path / "stopped.repo"
    (stopped / "instances").mkdir(parents=True)
    (stopped / "index.sqlite.new").write_bytes(b"half")
    with LocalRepository.create(stopped) as repository:
        assert repository.find_studies() == []


def test_a_row_of_another_version_is_read_again(repository: LocalRepository, make_file: MakeFile) -> None:
    repository.store([make_file(StudyInstanceUID="1.1", SeriesInstanceUID="1.1.1", SOPInstanceUID=generate_uid())])
    expected = repository.fetch("1.1", "1.1.1").instances
    connection = sqlite3.connect(repository.root / "index.sqlite")
    connection.execute("UPDATE instance SET record = json_remove(record, '$.frames')")
    connection.commit()
    connection.close()
    assert repository.fetch("1.1", "1.1.1").instances == expected


def series_of(repository: LocalRepository, study_uid: str) -> str:
    return repository.find_series(study_uid)[0].series_uid


def test_a_repository_that_may_only_be_read_is_read(tmp_path, monkeypatch):
    """Tests may run as root, whom file modes do not stop: the answer to "may I write?" is what is replaced."""
    path = tmp_path / "lab.repo"
    LocalRepository.create(path).close()
    before = sorted(file.name for file in path.iterdir())
    monkeypatch.setattr("vqscript.repository.index.os.access", lambda *_: False)
    with LocalRepository.open(path) as repository:
        assert repository.find_studies() == []
        with pytest.raises(RepositoryError):
            repository.add_to_project("1.2.3", "/new")
    assert sorted(file.name for file in path.iterdir()) == before
