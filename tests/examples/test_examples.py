"""Each example does what its first lines say."""

from __future__ import annotations

import csv
from pathlib import Path

import nibabel
import numpy as np
import pytest
from PIL import Image
from pydicom import dcmread

from vqscript import resources
from vqscript.errors import ScriptError
from vqscript.repository.local import LocalRepository


def test_all_examples_are_tried_in_this_folder():
    assert {path.name for path in resources.examples().glob("*.lua")} == {
        "batch_quantify.lua",
        "compare_readers.lua",
        "list_project.lua",
        "percent_id_per_gram.lua",
        "pet_suv.lua",
        "roi_table.lua",
        "time_activity.lua",
        "tumor_tlg.lua",
    }


def test_list_project(run, mice):
    lines = run("list_project.lua", mice.path, mice.project)
    studies = [line.split("\t") for line in lines if not line.startswith("\t")]
    assert [study[0] for study in studies] == sorted(f"{scan.study_start:%Y%m%d}" for scan in mice.scans)
    series = [line.split("\t")[1] for line in lines if line.startswith("\t")]
    assert (series.count("CT"), series.count("NM")) == (3, 3)


def test_roi_table(run, mice, tmp_path):
    paths = run("roi_table.lua", mice.path, mice.project)
    assert len(set(paths)) == 3
    for path in paths:
        with Path(path).open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert [(row["roi"], row["input"], row["unit"]) for row in rows] == [
            ("Heart", "0", "HU"), ("Liver", "0", "HU"), ("Heart", "1", "uCi"), ("Liver", "1", "uCi"),
        ]  # fmt: skip
        assert all(float(row["mean"]) > 0 for row in rows[2:])


def test_percent_id_per_gram_with_other_rois_and_an_unknown_series(run, mice, tmp_path):
    lines = run("percent_id_per_gram.lua", mice.path, mice.project, rois="Tumor,Heart", max="40")
    with (tmp_path / "out" / "results.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["roi"] for row in rows] == ["Tumor", "Heart"] * 3
    truth = {(scan.animal.patient_id, f"{scan.study_start:%Y%m%d}"): scan.uptake for scan in mice.scans}
    for row in rows:
        expected = truth[row["patient_id"], row["study_date"]][row["roi"]]
        assert float(row["mean"]) == pytest.approx(expected, rel=0.01)
        assert row["unit"] == "%ID/g"
    assert sum("decay correction is NONE" in row["note"] for row in rows) == 2
    pictures = {path.name for path in (tmp_path / "out").glob("*.png")}
    assert len(pictures) == 3 * 2 * 2
    for name in sorted(pictures):
        if name.endswith("-roi.png"):
            images = [tmp_path / "out" / n for n in (name, name.replace("-roi.png", "-noroi.png"))]
            with Image.open(images[0]) as one, Image.open(images[1]) as other:
                assert not np.array_equal(np.asarray(one), np.asarray(other))
    assert lines[-1].startswith("table: ")

    lines = run("percent_id_per_gram.lua", mice.path, mice.project, nm="*Lu-177*")
    assert sum("skipped, it has 1 CT and 0 matching NM series" in line for line in lines) == 3


@pytest.fixture
def same_day(mice, tmp_path):
    """Both scans of one mouse on one day, under names that no file can have; the second has no heart drawn."""
    path = tmp_path / "same-day.repo"
    with LocalRepository.open(mice.path) as known, LocalRepository.create(path) as made:
        for scan in (0, 1):
            contents = known.show(mice.uid(scan))
            for series in contents.series:
                if scan == 1 and series.modality == "SEG":
                    continue
                datasets = []
                for instance in known.fetch(mice.uid(scan), series.series_uid).instances:
                    dataset = dcmread(instance.path)
                    dataset.StudyDate, dataset.PatientName, dataset.PatientID = "20240304", 'A/B: "c"^D', "../1 2"
                    datasets.append(dataset)
                made.store_datasets(datasets, "/same")
    return path


def test_studies_of_one_day_overwrite_nothing_and_one_without_rois_is_left_out(run, same_day, mice, tmp_path):
    lines = run("percent_id_per_gram.lua", same_day, "/same", rois=" Heart , Liver")
    assert sum("skipped, no ROI object of this study holds" in line for line in lines) == 1
    assert {path.name for path in (tmp_path / "out").rglob("*.png")} == {
        f"A_B___c__D-.._1_2-20240304-{organ}-{kind}.png" for organ in ("Heart", "Liver") for kind in ("roi", "noroi")
    }
    with LocalRepository.open(same_day) as repository, LocalRepository.open(mice.path) as known:
        rois = [p for p in known.data_points(mice.uid(1), "roi") if "Heart" in p.names and "Liver" in p.names]
        segmentation = dcmread(rois[0].path)
        repository.store_datasets([segmentation], "/same")
    lines = run("percent_id_per_gram.lua", same_day, "/same", rois="Heart")
    assert not [line for line in lines if "skipped" in line]
    assert len(list((tmp_path / "out").glob("*-Heart-roi.png"))) == 2
    with (tmp_path / "out" / "results.csv").open(newline="", encoding="utf-8") as file:
        assert len({(row["study_date"], row["study_time"]) for row in csv.DictReader(file)}) == 2


def test_what_an_argument_cannot_be(run, mice):
    with pytest.raises(ScriptError, match='max takes a number, got "much"'):
        run("percent_id_per_gram.lua", mice.path, mice.project, max="much")


def test_pet_suv(run, sts, data, tmp_path):
    lines = run("pet_suv.lua", sts, "/sts")
    shown = {line.split("\t")[0]: line for line in lines if not line.startswith(" ")}
    assert sorted(shown) == ["STS_008", "STS_019", "STS_025", "STS_042"]
    for patient, line in shown.items():
        image = nibabel.load(data / "sts" / patient / "nifti" / "PET_image.nii.gz").get_fdata()
        assert f"SUV {image.min():.2f} to {image.max():.2f}" in line
    assert len(list((tmp_path / "out").glob("STS_*.png"))) == 4
