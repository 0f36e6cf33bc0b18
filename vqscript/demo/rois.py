"""What two readers drew on each study, and what is known of the subject."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta

import numpy as np
from pydicom.dataset import Dataset

from vqscript.datapoints import subject
from vqscript.demo.anatomy import Ellipsoid
from vqscript.demo.images import PURE_MARGIN
from vqscript.demo.phantom import NUCLIDE, Scan
from vqscript.imaging.volume import Volume
from vqscript.roi.files.seg import write_rois
from vqscript.roi.roiset import RoiSet

READERS = ("anovicki", "bsmith")

_COLORS = {
    "Heart": "#e6194b",
    "Liver": "#f58231",
    "Kidneys": "#3cb44b",
    "Muscle": "#42d4f4",
    "Tumor": "#f032e6",
    "Bladder": "#ffe119",
}


@dataclass(frozen=True)
class Reading:
    """One ROI object: who drew what, and when.

    Attributes
    ----------
    creator : str
    days, at : int, time
        When, after the day of the scan.
    organs : tuple of str
    careless : bool
        Drawn too large and beside the organ, so that whoever takes it instead of the newer one measures wrong values.
    """

    creator: str
    days: int
    at: time
    organs: tuple[str, ...]
    careless: bool = False


# The most recent object of a name is neither the first nor always the last of the study's.
READINGS = (
    Reading(READERS[0], 1, time(10, 15), ("Heart", "Liver"), careless=True),
    Reading(READERS[1], 2, time(14, 30), ("Kidneys", "Muscle", "Tumor", "Bladder")),
    Reading(READERS[0], 5, time(9, 5), ("Heart", "Liver")),
)


def roi_objects(scan: Scan, ct: Volume) -> Iterator[Dataset]:
    """Yield the Segmentation objects of a study, oldest first, drawn on its CT."""
    for reading in READINGS:
        rois = draw(scan, reading, ct)
        description = "first look" if reading.careless else "ROIs"
        dataset = write_rois(rois, ct, creator=reading.creator, description=description)
        drawn = datetime.combine(scan.started.date() + timedelta(days=reading.days), reading.at)
        yield _dated(dataset, drawn)


def draw(scan: Scan, reading: Reading, ct: Volume) -> RoiSet:
    """Return the ROIs of one reading on the grid of the CT.

    A careful ROI stays :data:`~vqscript.demo.images.PURE_MARGIN` away from the organ's edge, where the
    SPECT shows that organ alone.
    """
    rois = RoiSet(ct.grid)
    for name in reading.organs:
        j = rois.add(name, _COLORS[name])
        mask = np.zeros(ct.grid.shape, dtype=bool)
        for shape in _drawn(scan.animal.organs[name].shapes, careless=reading.careless):
            region, inside = shape.mask(ct.grid, (0.0, 0.0, 0.0) if reading.careless else PURE_MARGIN)
            mask[region] |= inside
        rois.set_mask(j, mask)
    return rois


def subject_information(scan: Scan, header: Dataset) -> Dataset:
    """Return the subject information of a study: dose, time and nuclide of the injection, and weight."""
    animal = scan.animal
    dataset = subject.build(
        header,
        injected_dose=animal.dose,
        weight=scan.weight,
        injection_time=f"{animal.injected:%Y%m%d%H%M%S}",
        nuclide=NUCLIDE,
        creator=READERS[0],
    )
    return _dated(dataset, scan.started + timedelta(hours=1))


def _drawn(shapes: Sequence[Ellipsoid], *, careless: bool) -> Iterator[Ellipsoid]:
    for shape in shapes:
        if careless:
            (x, y, z), (rx, ry, rz) = shape.center, shape.radii
            yield replace(shape, center=(x + 1.5, y + 1.0, z - 1.0), radii=(1.1 * rx, 1.1 * ry, 1.1 * rz))
        else:
            yield shape


def _dated(dataset: Dataset, when: datetime) -> Dataset:
    for module in ("InstanceCreation", "Content", "Series"):
        setattr(dataset, f"{module}Date", f"{when:%Y%m%d}")
        setattr(dataset, f"{module}Time", f"{when:%H%M%S}")
    return dataset
