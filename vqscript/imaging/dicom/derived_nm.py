"""A derived NM image: one multi-frame object of reconstructed slices (PS3.3, A.5 and C.8.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vqscript.errors import GeometryError, Unsupported
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
from vqscript.imaging.dicom.sixteen_bit import sixteen_bit
from vqscript.imaging.volume import Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

NM_IMAGE = "1.2.840.10008.5.1.4.1.1.20"

_SLICE_VECTOR = 0x00540080
_NUCLEAR = """
    AcquisitionTerminationCondition AcquisitionContextSequence CountsAccumulated CorrectedImage DecayCorrection
    DecayCorrectionDateTime
    ActualFrameDuration ScanLength TypeOfDetectorMotion PatientOrientationCodeSequence
    PatientGantryRelationshipCodeSequence EnergyWindowInformationSequence RadiopharmaceuticalInformationSequence
    DetectorInformationSequence RotationInformationSequence NumberOfRotations ConvolutionKernel
"""
_EMPTY = """
    CountsAccumulated PatientOrientationCodeSequence PatientGantryRelationshipCodeSequence
    EnergyWindowInformationSequence RadiopharmaceuticalInformationSequence AcquisitionTerminationCondition
"""


def nuclear_object(volume: Volume, shared: Dataset) -> Dataset:
    """Return a 3-D NM volume as one reconstructed tomographic object.

    Parameters
    ----------
    volume : Volume
    shared : pydicom.Dataset
        Attributes of the series; becomes the object.

    Raises
    ------
    Unsupported
        If the volume has several time frames.
    GeometryError
        If the slices do not follow each other along their normal: NM has one position for all of them.

    Notes
    -----
    Slices are written along the normal of rows and columns, so that SpacingBetweenSlices is positive; those of a
    grid with an opposite z axis are written from the last one on, at the same positions.
    """
    if volume.stored.ndim == 4:
        raise Unsupported(
            f"an NM volume of {volume.frames} time frames cannot be stored: NM counts gates and phases of an "
            "acquisition, and has no times for frames of slices",
            hint="store its frames one by one",
            uid=volume.source.series_uid,
        )
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
    assert volume.header is not None
    shared.update(kept(volume.header, _NUCLEAR))
    add_empty(shared, _EMPTY)
    _add_frames(shared, grid.size[2], grid.spacing[2])
    detector = (shared.get("DetectorInformationSequence") or [item(CollimatorType=None)])[0]
    detector.ImagePositionPatient = [decimal(mm) for mm in grid.to_world((0, 0, order[0]))]
    detector.ImageOrientationPatient = [decimal(cosine) for cosine in grid.direction[:, :2].T.ravel()]
    shared.DetectorInformationSequence = [detector]
    shared.SourceImageSequence = source_images(volume, volume.source.sop_uids)
    encoded = sixteen_bit(volume, per_slice=False, offset=True)
    add_pixel_format(shared, grid, signed=encoded.signed)
    add_unit(shared, volume, float(encoded.slopes[0, 0]), encoded.intercept, encoded.limits)
    return finish(shared, NM_IMAGE, b"".join(encoded.plane(0, z) for z in order))


def _add_frames(dataset: Dataset, slices: int, spacing: float) -> None:
    fill(
        dataset,
        # The second value is PRIMARY in NM, derived or not (C.8.4.9.1.1).
        ImageType=["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"],
        InstanceNumber=1,
        NumberOfFrames=slices,
        FrameIncrementPointer=_SLICE_VECTOR,
        SliceVector=list(range(1, slices + 1)),
        NumberOfSlices=slices,
        # Slices come from all detectors and windows together.
        NumberOfDetectors=1,
        NumberOfEnergyWindows=len(dataset.EnergyWindowInformationSequence) or 1,
        SliceThickness=decimal(spacing),
        SpacingBetweenSlices=decimal(spacing),
    )
    if "NumberOfRotations" not in dataset:
        dataset.NumberOfRotations = len(dataset.get("RotationInformationSequence") or ()) or 1
