"""The phantom as a project of a local repository."""

from __future__ import annotations

import tempfile
from pathlib import Path

from vqscript.demo.folder import WORKING
from vqscript.demo.phantom import Phantom, Scan
from vqscript.demo.rois import roi_objects, subject_information
from vqscript.demo.writer import make_uid, write_ct, write_spect
from vqscript.errors import RepositoryError
from vqscript.imaging.dicom.series import load_series
from vqscript.repository.base import Progress, SeriesFilter
from vqscript.repository.local import LocalRepository

PROJECT = "/demo/mice"


def build_repository(phantom: Phantom, path: Path, progress: Progress | None = None) -> None:
    """Make a local repository of all scans of a phantom, their ROI objects and subject information.

    Parameters
    ----------
    phantom : Phantom
    path : Path
        Where the repository will be; must not exist.
    progress : callable, optional
        Called before each scan and at the end.
    """
    total = len(phantom.scans)
    with LocalRepository.create(path) as repository:
        for number, scan in enumerate(phantom.scans):
            if progress:
                progress(number, total, f"{scan.animal.name} {scan.hours} h")
            _import_images(scan, repository)
            study = make_uid(scan, "study")
            (ct,) = repository.find_series(study, SeriesFilter(modality="CT"))
            (image,) = load_series(repository.fetch(study, ct.series_uid).instances)
            assert image.header is not None
            objects = [subject_information(scan, image.header), *roi_objects(scan, image)]
            repository.store_datasets(objects, project=PROJECT)
        if progress:
            progress(total, total, "")


def _import_images(scan: Scan, repository: LocalRepository) -> None:
    with tempfile.TemporaryDirectory(prefix=WORKING, dir=repository.root.parent) as name:
        folder = Path(name)
        write_ct(scan, folder)
        write_spect(scan, folder)
        report = repository.import_folder([folder], project=PROJECT)
    if report.skipped:
        file, reason = report.skipped[0]
        raise RepositoryError(f"{file.name} of the synthetic mice was not stored: {reason}", path=repository.root)
