"""Images to draw on, ROIs that are hard to outline, and files to keep objects in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Source, Volume
from vqscript.roi.roiset import RoiSet

FRAME = "1.2.826.0.1.3680043.2.1125.77"
TURNED = np.array([[1, 0, 0], [0, 0.6, -0.8], [0, 0.8, 0.6]])
SHEARED = np.array([[1, 0, 0.0], [0, 1, 0.3], [0, 0, np.sqrt(1 - 0.09)]])

GRIDS = {
    "axial": Grid((20, 16, 9), (0.9, 1.1, 2.5), (-10.3, 4.7, 100.1), frame_of_reference=FRAME),
    "turned": Grid((20, 16, 9), (0.9, 1.1, 2.5), (-10.3, 4.7, 100.1), TURNED, FRAME),
    "tilted gantry": Grid((20, 16, 9), (0.9, 1.1, 2.5), (-10.3, 4.7, 100.1), SHEARED, FRAME),
    "sagittal, one slice": Grid((20, 16, 1), (2.0, 0.7, 4.0), (5, 6, 7), np.eye(3)[:, [1, 2, 0]], FRAME),
    "far and small": Grid((20, 16, 3), (0.02, 0.03, 0.05), (-1234.5, 987.6, -2345.6), frame_of_reference=FRAME),
    "no frame of reference": Grid((20, 16, 9), (1, 1, 3)),
}

MakeImage = Callable[..., Volume]
Save = Callable[..., Path]


@pytest.fixture(params=GRIDS)
def grid(request: pytest.FixtureRequest) -> Grid:
    """Each kind of grid in turn."""
    return GRIDS[request.param]


@pytest.fixture
def image() -> MakeImage:
    """Makes a CT (or, of one file, an NM) on a grid."""

    def make(grid: Grid, *, multiframe: bool = False) -> Volume:
        header = Dataset()
        header.SpecificCharacterSet = "ISO_IR 100"
        header.SOPClassUID = "1.2.840.10008.5.1.4.1.1.20" if multiframe else "1.2.840.10008.5.1.4.1.1.2"
        header.SOPInstanceUID = generate_uid()
        header.StudyInstanceUID, header.SeriesInstanceUID = generate_uid(), generate_uid()
        header.Modality, header.PatientName, header.PatientID = "NM" if multiframe else "CT", "Müller^Ünal", "S1 m4"
        header.StudyID, header.SeriesNumber, header.StudyDate = "1", 7, "20140131"
        uids = (header.SOPInstanceUID, *(generate_uid() for _ in range(0 if multiframe else grid.size[2] - 1)))
        source = Source(header.StudyInstanceUID, header.SeriesInstanceUID, sop_uids=uids)
        return Volume(np.zeros(grid.shape, np.int16), grid, modality=header.Modality, header=header, source=source)

    return make


@pytest.fixture
def draw() -> Callable[[Grid], RoiSet]:
    """Draws ROIs with islands, rings in rings, corners that touch, edges of the image, and an overlap."""

    def draw(grid: Grid) -> RoiSet:
        rois = RoiSet(grid)
        depth, height, width = grid.shape
        y, x = np.mgrid[:height, :width]
        away = np.maximum(np.abs(x - 9), np.abs(y - 7))
        shapes = {
            "Rings": np.broadcast_to((away % 3 < 2) & (away < 8), grid.shape),
            "Corners": np.broadcast_to((x + y) % 2 == 0, grid.shape) & (np.arange(depth) % 3 == 0)[:, None, None],
            "Everything": np.ones(grid.shape, bool),
            "Noise": np.random.default_rng(3).random(grid.shape) < 0.6,
            "One voxel": np.arange(depth * height * width).reshape(grid.shape) == depth * height * width - 1,
            "Empty": np.zeros(grid.shape, bool),
        }
        for name, mask in shapes.items():
            one = RoiSet(grid)
            one.set_mask(one.add(name, rois.next_color()), mask)
            rois.adopt(one, 1)
        return rois

    return draw


@pytest.fixture
def save(tmp_path: Path) -> Save:
    """Saves an object as a file; returns its path."""

    def to_file(ds: Dataset, name: str = "rois.dcm") -> Path:
        path = tmp_path / name
        ds.save_as(path, enforce_file_format=True)
        return path

    return to_file
