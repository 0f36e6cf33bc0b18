"""A derived NM image: one multi-frame object of reconstructed slices, or of planar images (PS3.3, A.5 and C.8.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vqscript.errors import GeometryError, Unsupported
from vqscript.imaging.dicom import values
from vqscript.imaging.dicom.derived_header import (
    add_empty,
    add_pixel_format,
    decimal,
    fill,
    finish,
    item,
    kept,
    source_images,
)
from vqscript.imaging.dicom.derived_unit import add_unit
from vqscript.imaging.dicom.nm import PLANAR, TIME
from vqscript.imaging.dicom.nm_grid import PLANAR_DEPTH
from vqscript.imaging.dicom.sixteen_bit import sixteen_bit
from vqscript.imaging.volume import Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

NM_IMAGE = "1.2.840.10008.5.1.4.1.1.20"

_NUCLEAR = """
    AcquisitionTerminationCondition AcquisitionContextSequence CountsAccumulated CorrectedImage DecayCorrection
    DecayCorrectionDateTime ActualFrameDuration ScanLength ScanVelocity WholeBodyTechnique TypeOfDetectorMotion
    PatientOrientationCodeSequence PatientGantryRelationshipCodeSequence EnergyWindowInformationSequence
    RadiopharmaceuticalInformationSequence DetectorInformationSequence RotationInformationSequence NumberOfRotations
    NumberOfPhases PhaseInformationSequence NumberOfRRIntervals NumberOfTimeSlots GatedInformationSequence
    ConvolutionKernel
"""
_EMPTY = """
    CountsAccumulated PatientOrientationCodeSequence PatientGantryRelationshipCodeSequence
    EnergyWindowInformationSequence RadiopharmaceuticalInformationSequence AcquisitionTerminationCondition
"""
# Third value of ImageType -> what its frames are counted by, besides window, detector and slice (C.8.4.8.1.1).
_COUNTERS = {
    "STATIC": (),
    "WHOLE BODY": (),
    "DYNAMIC": ("PhaseVector", "TimeSliceVector"),
    "GATED": ("RRIntervalVector", "TimeSlotVector"),
    "RECON TOMO": (),
    "RECON GATED TOMO": ("RRIntervalVector", "TimeSlotVector"),
}
# How many there are of what is counted.
_NUMBERS = {
    "PhaseVector": "NumberOfPhases",
    "RotationVector": "NumberOfRotations",
    "RRIntervalVector": "NumberOfRRIntervals",
    "TimeSlotVector": "NumberOfTimeSlots",
}


def nuclear_object(volume: Volume, shared: Dataset) -> Dataset:
    """Return an NM volume as one object: reconstructed slices, or planar images where the source has these.

    Parameters
    ----------
    volume : Volume
    shared : pydicom.Dataset
        Attributes of the series; becomes the object.

    Raises
    ------
    Unsupported
        If there are other time frames than the source counts: NM has no times for frames that nothing counts.
    GeometryError
        If the slices do not follow each other along their normal: NM has one position for all of them.

    Notes
    -----
    Slices are written along the normal of rows and columns, so that SpacingBetweenSlices is positive; those of a
    grid with an opposite z axis are written from the last one on, at the same positions. Time frames are counted as
    in the source, whose header describes its phases, gates or rotations.
    """
    grid = volume.grid
    normal = np.cross(grid.direction[:, 0], grid.direction[:, 1])
    along = float(normal @ grid.direction[:, 2])
    if grid.size[2] > 1 and abs(along) < 1 - 1e-6:
        raise GeometryError(
            "an NM object cannot hold slices that are shifted sideways from one to the next",
            hint="resample the volume to a grid with perpendicular axes first",
            uid=volume.source.series_uid,
        )
    order = range(grid.size[2]) if along > 0 else range(grid.size[2] - 1, -1, -1)
    header = volume.header
    assert header is not None
    counters = _counters(volume, header)
    kind = _kind(volume, header, counters)
    shared.update(kept(header, _NUCLEAR))
    add_empty(shared, _EMPTY)
    _add_frames(shared, kind, volume, counters)
    detector = (shared.get("DetectorInformationSequence") or [item(CollimatorType=None)])[0]
    if kind not in PLANAR or _has_place(header):
        detector.ImagePositionPatient = [decimal(mm) for mm in grid.to_world((0, 0, order[0]))]
        detector.ImageOrientationPatient = [decimal(cosine) for cosine in grid.direction[:, :2].T.ravel()]
    shared.DetectorInformationSequence = [detector]
    shared.SourceImageSequence = source_images(volume, volume.source.sop_uids)
    encoded = sixteen_bit(volume, per_slice=False, offset=True)
    add_pixel_format(shared, grid, signed=encoded.signed)
    add_unit(shared, volume, float(encoded.slopes[0, 0]), encoded.intercept, encoded.limits)
    return finish(shared, NM_IMAGE, b"".join(encoded.plane(t, z) for t in range(volume.frames) for z in order))


def _counters(volume: Volume, header: Dataset) -> dict[str, list[int]]:
    """Return what counts the time frames in the source: keyword -> a number for each frame; {} for a single one."""
    if volume.stored.ndim == 3:
        return {}
    tags = {int(tag) for tag in values.numbers(header, "FrameIncrementPointer")}
    counters: dict[str, list[int]] = {}
    for keyword in TIME:
        numbers = [int(number) for number in values.numbers(header, keyword)]
        if _tag(keyword) not in tags or not numbers or len(numbers) % volume.frames:
            continue
        slices = len(numbers) // volume.frames
        if all(len(set(numbers[first : first + slices])) == 1 for first in range(0, len(numbers), slices)):
            counters[keyword] = numbers[::slices]
    if len(set(zip(*counters.values(), strict=True))) != volume.frames:
        raise Unsupported(
            f"an NM volume of {volume.frames} time frames cannot be stored, for its source does not count as many: "
            "NM describes phases, gates and rotations, and has no times for other frames",
            hint="save it as NIfTI",
            uid=volume.source.series_uid,
        )
    return counters


def _kind(volume: Volume, header: Dataset, counters: dict[str, list[int]]) -> str:
    """Return the third value of ImageType: the source's, as far as it still fits."""
    kind = "".join(values.text(header, "ImageType").split("\\")[2:3])
    gated = "TimeSlotVector" in counters or "RRIntervalVector" in counters
    if kind in PLANAR and volume.grid.size[2] == 1 and volume.grid.spacing[2] == PLANAR_DEPTH:
        return "STATIC" if kind in {"DYNAMIC", "GATED"} and not counters else kind
    return "RECON GATED TOMO" if gated else "RECON TOMO"


def _tag(keyword: str) -> int:
    from pydicom.datadict import tag_for_keyword

    tag = tag_for_keyword(keyword)
    assert tag is not None
    return tag


def _has_place(header: Dataset) -> bool:
    """Whether the source says where its planar image lies; else the volume's place is an assumption."""
    places = (*values.items(header, "DetectorInformationSequence"), header)
    return any(values.numbers(one, "ImagePositionPatient", 3) for one in places)


def _add_frames(dataset: Dataset, kind: str, volume: Volume, counters: dict[str, list[int]]) -> None:
    slices, spacing = volume.grid.size[2], volume.grid.spacing[2]
    every = volume.frames * slices
    vectors = {keyword: [1] * volume.frames for keyword in _COUNTERS[kind]} | counters
    counted = {keyword: [number for number in numbers for _ in range(slices)] for keyword, numbers in vectors.items()}
    if kind in PLANAR:
        # The header describes one energy window and one detector, those of this image.
        counted = {"EnergyWindowVector": [1] * every, "DetectorVector": [1] * every} | counted
    else:
        counted["SliceVector"] = list(range(1, slices + 1)) * volume.frames
        fill(dataset, NumberOfSlices=slices, SpacingBetweenSlices=decimal(spacing))
        if "NumberOfRotations" not in dataset:
            dataset.NumberOfRotations = len(dataset.get("RotationInformationSequence") or ()) or 1
    tags = [_tag(keyword) for keyword in counted]
    fill(
        dataset,
        # The second value is PRIMARY in NM, derived or not (C.8.4.9.1.1).
        ImageType=["DERIVED", "PRIMARY", kind, "EMISSION"],
        InstanceNumber=1,
        NumberOfFrames=every,
        FrameIncrementPointer=tags if len(tags) > 1 else tags[0],
        # Reconstructed slices come from all detectors and windows together.
        NumberOfDetectors=1,
        NumberOfEnergyWindows=len(dataset.EnergyWindowInformationSequence) or 1,
        SliceThickness=decimal(spacing),
        **counted,
        **{_NUMBERS[keyword]: max(numbers) for keyword, numbers in vectors.items() if keyword in _NUMBERS},
    )
