"""``vqscript demo`` as a newcomer meets it: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import vqscript as package
from vqscript.demo.phantom import make_project


def vqscript(*words: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vqscript.cli.main", *words]
    # The process runs in another folder, and must import the package that is under test, installed or not.
    path = os.pathsep.join([str(Path(package.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]).rstrip(
        os.pathsep
    )
    environment = {**os.environ, "PYTHONPATH": path}
    # The limit only stops a run that hangs; how long a demo takes depends on the machine.
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=300, check=False)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    folder = tmp_path_factory.mktemp("demo")
    done = vqscript("demo", "mice", "--json", "--seed", "3", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_every_organ_of_every_study_is_within_one_percent_of_the_phantom(finished):
    _, found = finished
    phantom = make_project(3)
    assert found["seed"] == 3
    assert len(found["studies"]) == len(phantom.scans) == 8
    for study, scan in zip(found["studies"], phantom.scans, strict=True):
        assert (study["patient_id"], study["hours"]) == (scan.animal.patient_id, scan.hours)
        assert study["decay_corrected"] == scan.animal.decay_corrected
        assert [organ["name"] for organ in study["organs"]] == ["Heart", "Liver", "Kidneys", "Muscle", "Tumor"]
        for organ in study["organs"]:
            assert organ["truth"] == scan.uptake[organ["name"]]
            assert organ["measured"] == pytest.approx(organ["truth"], rel=0.01)
            assert ("naive" in organ) is not scan.animal.decay_corrected
            if "naive" in organ:
                assert organ["naive"] < 0.98 * organ["truth"]


def test_the_demo_leaves_pictures_a_table_and_a_sound_repository(finished):
    folder, found = finished
    assert Path(found["repository"]) == folder / "mice" / "mice.repo"
    output = Path(found["output"])
    assert (output / "results.csv").is_file()
    assert len(list(output.rglob("*.png"))) >= 8 * 5
    verified = vqscript("repo", "verify", found["repository"], cwd=folder)
    assert verified.returncode == 0, verified.stdout + verified.stderr
    listed = vqscript("repo", "ls", found["repository"], "--project", "/demo/mice", "--json", cwd=folder)
    assert {study["study_uid"] for study in found["studies"]} <= {
        word for word in listed.stdout.replace('"', " ").split() if word.startswith("2.25.")
    }


def test_a_second_demo_replaces_the_first_and_prints_a_table(finished):
    folder, _ = finished
    (folder / "mice" / "notes.txt").write_text("mine")
    done = vqscript("demo", "mice", "--seed", "4", cwd=folder)
    assert done.returncode == 0, done.stderr
    assert (folder / "mice" / "notes.txt").read_text() == "mine"
    assert "All 40 values are within 1 % of the truth." in done.stdout
    uncorrected = next(animal.name for animal in make_project(4).animals if not animal.decay_corrected)
    assert f"The SPECT of {uncorrected} is not decay-corrected" in done.stdout
    assert done.stdout.count("100/dose gives") == 2 * 5
    assert "vqscript repo ls mice/mice.repo --project /demo/mice" in done.stdout
    assert "\x1b" not in done.stdout + done.stderr  # no colours or bars in a pipe


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["demo", "full"], "is not empty, and no earlier demo"),
        (["demo", "file"], "is a file"),
        (["demo", "no/such/folder"], "there is no folder"),
        (["demo", "--seed", "-1"], "expected one argument|no whole number"),
        (["demo", "--seed", "three"], "no whole number"),
    ],
)
def test_what_cannot_be_is_one_clear_message(tmp_path: Path, words: list[str], message: str):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("")
    done = vqscript(*words, cwd=tmp_path)
    assert done.returncode == 2
    assert any(part in done.stderr for part in message.split("|"))
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["file", "full", "thesis.txt"]
