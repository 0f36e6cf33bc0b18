"""The repository of mice: what is in it, and that the newest ROIs lead to the truth."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pydicom
import pytest
from scipy.ndimage import map_coordinates

from vqscript.datapoints.records import RoiObject, Subject
from vqscript.demo.phantom import Phantom, make_project
from vqscript.demo.project import PROJECT, build_repository
from vqscript.demo.report import ASKED_FOR
from vqscript.demo.writer import make_uid
from vqscript.imaging.dicom.series import load_series
from vqscript.repository.base import SeriesFilter
from vqscript.repository.local import LocalRepository
from vqscript.roi.files.seg import read_rois


@pytest.fixture(scope="module")
def phantom() -> Phantom:
    """The two scans of the animal that is not decay-corrected."""
    project = make_project(11)
    return replace(project, scans=tuple(scan for scan in project.scans if not scan.animal.decay_corrected))


@pytest.fixture(scope="module")
def repository(phantom: Phantom, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalRepository]:
    path = tmp_path_factory.mktemp("demo") / "mice.repo"
    seen: list[tuple[int, int, str]] = []
    build_repository(phantom, path, lambda *step: seen.append(step))
    assert [step[:2] for step in seen] == [(0, 2), (1, 2), (2, 2)]
    assert [entry.name for entry in path.parent.iterdir()] == ["mice.repo"]  # nothing is left of the making
    with LocalRepository.open(path) as opened:
        yield opened


def test_the_published_filter_finds_one_ct_and_one_spect_per_study(phantom, repository):
    studies = repository.find_studies(project=PROJECT)
    assert [study.study_uid for study in studies] == [make_uid(scan, "study") for scan in phantom.scans]
    for study in studies:
        assert len(repository.find_series(study.study_uid, SeriesFilter(modality="CT"))) == 1
        assert len(repository.find_series(study.study_uid, SeriesFilter("NM", "*In-111 *"))) == 1


def test_subject_information_is_what_was_injected_and_weighed(phantom, repository):
    for scan in phantom.scans:
        (subject,) = repository.data_points(make_uid(scan, "study"), "subject")
        assert isinstance(subject, Subject)
        assert subject.injected_dose == pytest.approx(scan.animal.dose)
        assert subject.weight == pytest.approx(scan.weight)
        assert subject.injection_time == f"{scan.animal.injected:%Y%m%d%H%M%S}"
        assert subject.nuclide == "In-111"


def test_two_readers_drew_on_several_days(phantom, repository):
    for scan in phantom.scans:
        objects = repository.data_points(make_uid(scan, "study"), "roi")
        assert all(isinstance(point, RoiObject) for point in objects)
        assert [(point.creator, set(point.names)) for point in objects] == [
            ("anovicki", {"Heart", "Liver"}),
            ("bsmith", {"Kidneys", "Muscle", "Tumor", "Bladder"}),
            ("anovicki", {"Heart", "Liver"}),
        ]
        assert len({point.date for point in objects}) == 3


def test_the_newest_rois_lead_to_the_truth_and_the_oldest_do_not(phantom, repository):
    for scan in phantom.scans:
        study = make_uid(scan, "study")
        (ct,) = load_series(repository.fetch(study, make_uid(scan, "CT series")).instances)
        (file,) = repository.fetch(study, make_uid(scan, "NM series")).instances
        objects = repository.data_points(study, "roi")
        for name in ASKED_FOR:
            holders = [point.path for point in objects if name in point.names]
            assert spect_mean(holders[0], name, ct.grid, file.path, scan) == pytest.approx(scan.uptake[name], rel=0.005)
            if len(holders) > 1:
                assert spect_mean(holders[-1], name, ct.grid, file.path, scan) < 0.9 * scan.uptake[name]


def spect_mean(segmentation: Path, name: str, grid, spect: Path, scan) -> float:
    """Mean %ID/g of an ROI, from the file's stored values with nothing but numpy and scipy."""
    ds = pydicom.dcmread(spect)
    rois, _ = read_rois(segmentation, grid)
    z, y, x = np.nonzero(rois.mask(rois.find(name)))
    world = np.stack([x, y, z], axis=1) * grid.spacing + grid.origin
    spacing = np.array([ds.PixelSpacing[1], ds.PixelSpacing[0], ds.SpacingBetweenSlices], dtype=float)
    index = (world - np.array(ds.DetectorInformationSequence[0].ImagePositionPatient, dtype=float)) / spacing
    stored = map_coordinates(ds.pixel_array.astype(float), index[:, ::-1].T, order=1)
    activity = stored.mean() * ds.RealWorldValueMappingSequence[0].RealWorldValueSlope / scan.remaining
    return activity / (spacing.prod() / 1000) * 100 / scan.animal.dose
