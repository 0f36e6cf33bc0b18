"""The repo commands, as processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

import vqscript as package

Run = Callable[..., subprocess.CompletedProcess[str]]

STUDY = "1.2.826.11"


@pytest.fixture
def vqscript(tmp_path: Path) -> Run:
    """Return a function that runs ``vqscript repo`` in an empty folder and checks its exit code."""

    def run(*words: str | Path, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "vqscript.cli.main", "repo", *words],
            capture_output=True,
            text=True,
            encoding="utf-8",
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(package.__file__).parents[1]),
                "PYTHONIOENCODING": "utf-8",
                "HOME": str(tmp_path),
                "XDG_CONFIG_HOME": str(tmp_path),
                "LOGNAME": "anovicki",
            },
        )
        assert "Traceback" not in done.stderr
        assert done.returncode == code, done.stdout + done.stderr
        return done

    return run


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder with a study of two CT slices, and a text file."""
    folder = tmp_path / "from the scanner"
    folder.mkdir()
    series = generate_uid()
    for number in (1, 2):
        ds = Dataset()
        ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, f"{STUDY}.{number}"
        ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.Modality = STUDY, series, "CT"
        ds.PatientName, ds.PatientID, ds.StudyDate, ds.StudyTime = "S1+M01\x1b[31m", "M 01", "20140131", "093000"
        ds.StudyDescription, ds.SeriesDescription, ds.InstanceNumber, ds.SeriesNumber = "24 h", "CT", number, 3
        ds.Rows, ds.Columns, ds.SamplesPerPixel, ds.PhotometricInterpretation = 3, 4, 1, "MONOCHROME2"
        ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
        ds.PixelData = np.zeros((3, 4), np.int16).tobytes()
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        ds.save_as(folder / f"IM{number}", enforce_file_format=True)
    (folder / "readme.txt").write_text("hello")
    return folder


def test_from_an_empty_folder_to_a_checked_project(vqscript: Run, source: Path) -> None:
    assert "repo import" in vqscript("init", "lab.repo").stdout
    assert "no studies yet" in vqscript("ls", "lab.repo").stdout
    done = vqscript("import", "lab.repo", source, "--project", "/onco/pilot")
    assert done.stdout.splitlines()[0].startswith(f"skipped: {source / 'readme.txt'}: ")
    assert done.stdout.splitlines()[-1] == "2 files added, 1 skipped; 1 study"
    assert done.stderr == "", "no progress in a pipe"
    again = vqscript("import", "lab.repo", source, "--project", "/onco/pilot")
    assert again.stdout.splitlines()[-1] == "nothing new, 2 there already, 1 skipped; 1 study"
    other = vqscript("import", "lab.repo", source, "--project", "/other")
    assert other.stdout.splitlines()[-1] == "1 known study put into /other as well"

    listed = vqscript("ls", "lab.repo").stdout
    assert STUDY in listed
    assert "\x1b" not in listed, "what a file says must not steer the terminal"
    (study,) = json.loads(vqscript("ls", "lab.repo", "--project", "/onco/*", "--json").stdout)
    assert study["projects"] == ["/onco/pilot", "/other"]
    assert (study["patient_id"], study["modalities"], study["series"], study["instances"]) == ("M 01", ["CT"], 1, 2)
    assert json.loads(vqscript("ls", "lab.repo", "--project", "/onco", "--json").stdout) == []
    assert "/onco/pilot, /other" in vqscript("ls", "lab.repo", "--project", "/onco").stdout
    assert vqscript("verify", "lab.repo").stdout == "2 files, all as they were stored\n"


def test_a_corrupt_file_and_a_conflict_are_named_and_fail(vqscript: Run, source: Path) -> None:
    vqscript("init", "lab.repo")
    (source / "cut").write_bytes((source / "IM1").read_bytes()[:-4])
    shutil.copy(source / "IM1", source / "changed")
    with (source / "changed").open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\x01")
    done = vqscript("import", "lab.repo", source, code=1)
    refused = [line for line in done.stdout.splitlines() if line.startswith("NOT STORED")]
    assert len(refused) == 2
    assert any("cut short" in line for line in refused)
    assert any("other content" in line for line in refused)
    report = json.loads(vqscript("import", "lab.repo", source, "--json", code=1).stdout)
    assert sorted(Path(one["path"]).name for one in report["skipped"] if one["failed"]) == ["changed", "cut"]
    assert len(report["known"]) == 2


def test_a_folder_without_dicom_fails(vqscript: Run, tmp_path: Path) -> None:
    vqscript("init", "lab.repo")
    (tmp_path / "texts").mkdir()
    assert "no DICOM files" in vqscript("import", "lab.repo", "texts", code=1).stdout
    assert "no file or folder missing" in vqscript("import", "lab.repo", "missing", code=2).stderr


def test_what_is_no_repository(vqscript: Run, tmp_path: Path) -> None:
    for command in ("ls", "verify"):
        done = vqscript(command, "lab.repo", code=1)
        assert "does not exist" in done.stderr
        assert "hint: make one with: vqscript repo init" in done.stderr
    (tmp_path / "file").touch()
    assert "is no repository" in vqscript("ls", "file", code=1).stderr
    assert "is a file" in vqscript("init", "file", code=1).stderr
    assert "is a server, no folder" in vqscript("ls", "dicom://host:104", code=1).stderr


def test_show_and_set_subject(vqscript: Run, source: Path) -> None:
    vqscript("init", "lab.repo")
    vqscript("import", "lab.repo", source)
    assert "study description   24 h" in vqscript("show", "lab.repo", STUDY[:6]).stdout
    done = vqscript("set-subject", "lab.repo", STUDY, "--injected-dose", "9.25 MBq", "--weight", "24 g")
    assert "injected dose 250 uCi, weight 24 g" in done.stdout
    time = ("--injection-time", "2014-01-30 09:30", "--nuclide", "111In", "--user", "bsmith")
    vqscript("set-subject", "lab.repo", STUDY, *time)
    shown = json.loads(vqscript("show", "lab.repo", STUDY, "--json").stdout)
    assert [point["kind"] for point in shown["data_points"]] == ["subject", "subject"]
    newest, first = shown["data_points"]
    assert (newest["injected_dose"], newest["weight"]) == (250.0, 24.0), "what was not given stays"
    assert (newest["injection_time"], newest["nuclide"], newest["creator"]) == ("20140130093000", "In-111", "bsmith")
    assert first["creator"] == "anovicki"
    assert "weight 24 g" in vqscript("show", "lab.repo", STUDY).stdout


def test_subject_information_that_cannot_be(vqscript: Run, source: Path) -> None:
    vqscript("init", "lab.repo")
    vqscript("import", "lab.repo", source)
    for options, message, code in (
        ((), "nothing to set", 2),
        (("--injected-dose", "250"), "unit", 2),
        (("--weight", "-3 g"), "mass -3 g", 2),
        (("--injection-time", "2014-01-31"), "no injection time", 2),
        (("--injection-time", "20140132093000"), "no injection time", 2),
        (("--nuclide", "Xx-1"), "Xx-1", 1),
    ):
        assert message in vqscript("set-subject", "lab.repo", STUDY, *options, code=code).stderr
    assert json.loads(vqscript("show", "lab.repo", STUDY, "--json").stdout)["data_points"] == []


def test_a_study_that_is_not_there(vqscript: Run) -> None:
    vqscript("init", "lab.repo")
    done = vqscript("show", "lab.repo", "9.9", code=1)
    assert 'no study "9.9"' in done.stderr
    assert "hint: " in done.stderr


def test_verify_fails_for_a_flipped_bit(vqscript: Run, source: Path, tmp_path: Path) -> None:
    vqscript("init", "lab.repo")
    vqscript("import", "lab.repo", source)
    stored = next((tmp_path / "lab.repo" / "instances").rglob("*.dcm"))
    stored.chmod(0o644)
    content = bytearray(stored.read_bytes())
    content[-1] ^= 1
    stored.write_bytes(content)
    assert f"PROBLEM: {stored} is not what was stored" in vqscript("verify", "lab.repo", code=1).stdout
    found = json.loads(vqscript("verify", "lab.repo", "--json", code=1).stdout)
    assert (found["files"], found["sound"]) == (2, False)
    assert found["problems"][0]["kind"] == "changed"
