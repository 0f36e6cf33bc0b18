"""The example of a batch, on mice and on patients, against the phantom's truth and the images and masks as NIfTI."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import nibabel
import numpy as np
import pytest

from vqscript import resources
from vqscript.cli.main import main

Rows = list[dict[str, str]]


@pytest.fixture
def batch(tmp_path, capsys):
    """Run the example as a batch; returns its rows and those of its summary."""

    def run(repo: Path, *flags: str) -> tuple[Rows, Rows]:
        output = tmp_path / "out"
        script = str(resources.example("batch_quantify.lua"))
        code = main(["batch", script, "--repo", str(repo), "--output", str(output), "--jobs", "2", *flags])
        assert code == 0, capsys.readouterr().err
        return _rows(output / "results.csv"), _rows(output / "summary.csv")

    return run


def _rows(path: Path) -> Rows:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_mice_are_measured_in_percent_id_per_gram(batch, mice, tmp_path):
    rows, summary = batch(mice.path, "--arg", "rois=Heart, Liver,Tumor", "--arg", "max=30")
    assert [row["roi"] for row in rows] == ["Heart", "Liver", "Tumor"] * 3
    truth = {mice.uid(n): scan.uptake for n, scan in enumerate(mice.scans)}
    for row in rows:
        assert float(row["mean"]) == pytest.approx(truth[row["study_uid"]][row["roi"]], rel=0.01)
        assert row["unit"] == "%ID/g"
    assert len(list((tmp_path / "out").glob("studies/*/NM.png"))) == 3
    for each in summary:
        means = [float(row["mean"]) for row in rows if row["roi"] == each["roi"]]
        assert (int(each["studies"]), each["unit"]) == (3, "%ID/g")
        assert float(each["mean"]) == pytest.approx(np.mean(means))
        assert float(each["sd"]) == pytest.approx(np.std(means, ddof=1))


def test_all_rois_of_the_ct_are_taken_where_none_are_named(batch, mice):
    rows, _ = batch(mice.path)
    assert {row["roi"] for row in rows} == {"Bladder", "Heart", "Kidneys", "Liver", "Muscle", "Tumor"}
    assert {row["sampling"] for row in rows} == {"linear"}


def test_tumours_of_patients_are_measured_in_suv(batch, sts, data, tmp_path):
    rows, summary = batch(sts, "--project", "/sts")
    assert sorted(row["patient_id"] for row in rows) == ["STS_008", "STS_019", "STS_025", "STS_042"]
    for row in rows:
        folder = data / "sts" / row["patient_id"] / "nifti"
        image = nibabel.load(folder / "PET_image.nii.gz")
        inside = image.get_fdata()[nibabel.load(folder / "PET_mask.nii.gz").get_fdata() > 0]
        assert (row["roi"], row["unit"], row["sampling"]) == ("GTV_Mass_PET", "SUVbw", "voxel")
        assert int(row["voxels"]) == inside.size
        expected = {
            "mean": inside.mean(),
            "sd": inside.std(ddof=1),
            "min": inside.min(),
            "median": np.median(inside),
            "max": inside.max(),
            "volume_ml": inside.size * np.prod(image.header.get_zooms()[:3]) / 1000,
        }
        assert {name: float(row[name]) for name in expected} == pytest.approx(expected, rel=1e-5)
    assert [(each["roi"], each["studies"]) for each in summary] == [("GTV_Mass_PET", "4")]
    assert len(list((tmp_path / "out").glob("studies/*/PT.png"))) == 4


def test_a_wrong_argument_is_told_before_any_study(mice, tmp_path):
    command = [sys.executable, "-m", "vqscript.cli.main", "batch", str(resources.example("batch_quantify.lua"))]
    flags = ["--repo", str(mice.path), "--output", str(tmp_path / "out"), "--arg", "max=much"]
    package = str(Path(resources.__file__).parents[1])
    ended = subprocess.run(
        [*command, *flags], capture_output=True, text=True, check=False, env={"PYTHONPATH": package}, timeout=120
    )
    assert ended.returncode == 1
    assert 'max takes a number, got "much"' in ended.stderr
    assert not (tmp_path / "out" / "studies").exists()
