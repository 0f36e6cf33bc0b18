"""The inspect command."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vqscript.cli import main
from vqscript.imaging import nifti
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume
from vqscript.repository.local import LocalRepository

Inspect = Callable[..., list[str]]


@pytest.fixture
def inspect(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Inspect:
    """Return a function that runs ``vqscript inspect``, checks its exit code and returns the lines it printed."""
    monkeypatch.setattr(main, "COMMANDS", tuple(dict.fromkeys((*main.COMMANDS, "inspect"))))

    def run(*words: str | Path, code: int = 0) -> list[str]:
        assert main.main(["inspect", *map(str, words)]) == code
        printed = capsys.readouterr()
        assert code == 2 or printed.err == "", "no progress in a pipe"
        return printed.out.splitlines() if code != 2 else printed.err.splitlines()

    return run


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with two NIfTI images and a text."""
    grid = Grid((5, 4, 3), (1.0, 2.0, 3.125))
    nifti.write(Volume(np.zeros((3, 4, 5), "i2"), grid, "HU"), tmp_path / "images" / "ct.nii.gz")
    nifti.write(Volume(np.zeros((2, 3, 4, 5), "f4"), grid, "SUVbw"), tmp_path / "images" / "pet \x1b[31m.nii")
    (tmp_path / "images" / "notes.txt").write_text("hello")
    return tmp_path / "images"


def test_one_aligned_line_for_each_volume_below_its_folder(inspect, images):
    assert inspect(images) == [
        str(images),
        "  NIfTI  5 x 4 x 3             1 x 2 x 3.125 mm  HU     axial, LPS  ct.nii.gz",
        "  NIfTI  5 x 4 x 3 x 2 frames  1 x 2 x 3.125 mm  SUVbw  axial, LPS  pet ?[31m.nii",
        "1 file is neither DICOM nor NIfTI",
    ]


def test_a_refusal_is_a_line_and_exit_code_1(inspect, images):
    (images / "bad.nii").write_bytes(b"not an image")
    printed = inspect(images, code=1)
    assert printed[1].split() == ["-", "REFUSED", "bad.nii"]
    assert printed[2].startswith("      refused: ") and "bad.nii: is no NIfTI file" in printed[2]


def test_json_says_all(inspect, images):
    told = json.loads("\n".join(inspect(images, "--json")))
    assert told["sound"] is True and told["other_files"] == 1
    assert told["reports"][0]["images"][0]["size"] == [5, 4, 3]
    assert told["reports"][0]["images"][0]["spacing"] == [1, 2, 3.125]


def test_a_repository_by_study(inspect, mice):
    printed = inspect(mice.path)
    places = [line for line in printed if not line.startswith(" ")]
    assert len(places) == len(mice.scans) and mice.uid(0) in "".join(places)
    assert sum(line.split()[0] in {"CT", "NM"} for line in printed) == 2 * len(mice.scans)
    assert any("segments: Kidneys, Muscle, Tumor, Bladder" in line for line in printed)
    assert inspect(f"ipacs:///{mice.path}") == printed


def test_one_series_by_the_end_of_its_uid_as_it_is_printed(inspect, mice):
    line = next(line for line in inspect(mice.path) if line.split()[0] == "NM")
    printed = inspect(mice.path, "--series", line.split()[-1])
    assert len(printed) == 2 and printed[1].split() == line.split()
    assert inspect(mice.path, "--series", "9.9", code=1) == ['no series has a UID like "9.9"']


def test_a_file_that_the_repository_has_lost_is_refused(inspect, mice, tmp_path):
    copy = mice.copied(tmp_path / "copy.repo")
    with LocalRepository.open(copy.path) as repository:
        series = next(one for one in repository.find_series(copy.uid(0)) if one.modality == "NM")
        lost = repository.fetch(copy.uid(0), series.series_uid).instances[0].path
    shutil.move(lost, tmp_path / "lost")
    printed = inspect(copy.path, "--series", series.series_uid, code=1)
    assert "REFUSED" in printed[1] and printed[2].strip().startswith("refused: ")


def test_nothing_and_nowhere(inspect, tmp_path):
    assert inspect(tmp_path, code=1) == ["no DICOM and no NIfTI file was found"]
    assert "there is no file or folder" in inspect(tmp_path / "gone", code=2)[0]
