"""Images to measure, and files to keep the objects in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Source, Volume
from vqscript.roi.files.seg import write_rois
from vqscript.roi.roiset import RoiSet


@pytest.fixture
def header() -> Dataset:
    """Header of an image, valid throughout."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.2", generate_uid()
    ds.StudyInstanceUID, ds.SeriesInstanceUID = generate_uid(), generate_uid()
    ds.PatientName, ds.PatientID, ds.PatientSex = "Müller^Ünal", "S1 m4", "F"
    ds.PatientBirthDate, ds.StudyDate, ds.StudyTime = "20130901", "20140131", "093000"
    ds.StudyID, ds.AccessionNumber, ds.StudyDescription = "17", "A1", "Biodistribution"
    ds.Modality, ds.SeriesNumber = "CT", 4
    return ds


@pytest.fixture
def image(header: Dataset) -> Volume:
    """A CT of three slices."""
    grid = Grid((8, 6, 3), (1, 1, 2), frame_of_reference="1.2.3")
    uids = (header.SOPInstanceUID, generate_uid(), generate_uid())
    source = Source(header.StudyInstanceUID, header.SeriesInstanceUID, sop_uids=uids)
    return Volume(np.zeros(grid.shape), grid, unit="HU", modality="CT", header=header, source=source)


@pytest.fixture
def spect(header: Dataset, image: Volume) -> Volume:
    """An NM multi-frame object of the same study."""
    own = Dataset()
    own.update(header)
    own.SOPClassUID, own.SOPInstanceUID, own.SeriesInstanceUID = (
        "1.2.840.10008.5.1.4.1.1.20",
        generate_uid(),
        generate_uid(),
    )
    own.Modality, own.NumberOfFrames = "NM", 3
    source = Source(own.StudyInstanceUID, own.SeriesInstanceUID, sop_uids=(own.SOPInstanceUID,))
    return Volume(np.zeros(image.grid.shape), image.grid, unit="uCi", modality="NM", header=own, source=source)


@pytest.fixture
def seg(image: Volume) -> Dataset:
    """A SEG of two ROIs on the CT."""
    rois = RoiSet(image.grid)
    for place, name in enumerate(("Liver", "Left kidney")):
        mask = np.zeros(image.grid.shape, bool)
        mask[place, 2:4, 3:5] = True
        rois.set_mask(rois.add(name), mask)
    return write_rois(rois, image, creator="anovicki")


@pytest.fixture
def save(tmp_path: Path) -> Callable[[Dataset], Path]:
    """Save an object as a file of its own and return the path."""

    def to_file(ds: Dataset) -> Path:
        path = tmp_path / f"{ds.SOPInstanceUID}.dcm"
        ds.save_as(path, enforce_file_format=True)
        return path

    return to_file
