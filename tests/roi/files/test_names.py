"""Names of ROIs in objects of others: the record of a data point and the reader call them the same."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.datapoints.parse import parse
from vqscript.imaging.grid import Grid
from vqscript.roi.files import load
from vqscript.roi.files.rtstruct import write_structures
from vqscript.roi.files.seg import write_rois
from vqscript.roi.roiset import RoiSet

GRID = Grid((4, 4, 4), frame_of_reference="1.2.3")
LABELS = ["Tumor", "Tumor", "Tu\u200bmor", "\u200b", "Tumor (2)"]
NAMES = ["Tumor", "Tumor (2)", "Tumor (3)", "ROI", "Tumor (2) (2)"]


@pytest.mark.parametrize("write", [write_rois, write_structures])
def test_names_used_twice_or_unprintable(write, image, save):
    rois = RoiSet(GRID)
    for n in range(len(LABELS)):
        mask = np.zeros(GRID.shape, bool)
        mask[n % 4, n // 4, 0] = True
        rois.set_mask(rois.add(f"ROI {n}"), mask)
    ds = write(rois, image(GRID), creator="a")
    for n, label in enumerate(LABELS):
        if ds.Modality == "SEG":
            ds.SegmentSequence[n].SegmentLabel = label
        else:
            ds.StructureSetROISequence[n].ROIName = label
    (point,) = parse(ds)
    found, notes = load(save(ds), GRID)
    assert found.names == list(point.names) == NAMES
    assert [found.count(j) for j in range(1, 6)] == [1] * 5
    assert len(notes) == 4
    assert all(f'"{name}"' in note for name, note in zip(NAMES[1:], notes, strict=True))
