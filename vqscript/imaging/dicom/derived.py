"""Write a volume as a new DICOM series of the study it came from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import numpy as np

from vqscript.errors import GeometryError, Unsupported
from vqscript.imaging.dicom import values
from vqscript.imaging.dicom.derived_header import (
    add_empty,
    add_pixel_format,
    decimal,
    derived_header,
    fill,
    finish,
    fitting,
    is_on_source_slices,
    kept,
    source_images,
)
from vqscript.imaging.dicom.derived_nm import nuclear_object
from vqscript.imaging.dicom.derived_timing import add_time, timing_of_slices
from vqscript.imaging.dicom.derived_unit import add_unit
from vqscript.imaging.dicom.private import private_text
from vqscript.imaging.dicom.sixteen_bit import sixteen_bit
from vqscript.imaging.volume import Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_SOP_CLASSES = {
    "CT": "1.2.840.10008.5.1.4.1.1.2",
    "MR": "1.2.840.10008.5.1.4.1.1.4",
    "PT": "1.2.840.10008.5.1.4.1.1.128",
}
_ENHANCED_PET = "1.2.840.10008.5.1.4.1.1.130"

_CONTRAST = "ContrastBolusAgent ContrastBolusRoute"
_KEPT = {
    "CT": f"PatientPosition KVP XRayTubeCurrent ExposureTime Exposure ConvolutionKernel ScanOptions {_CONTRAST}",
    "MR": f"""
        PatientPosition ScanningSequence SequenceVariant ScanOptions MRAcquisitionType RepetitionTime EchoTime
        EchoTrainLength InversionTime SequenceName FlipAngle MagneticFieldStrength ImagedNucleus ImagingFrequency
        NumberOfAverages EchoNumbers ReceiveCoilName {_CONTRAST}
    """,
    "PT": """
        PatientOrientationCodeSequence PatientGantryRelationshipCodeSequence RadiopharmaceuticalInformationSequence
        EnergyWindowRangeSequence AcquisitionStartCondition AcquisitionTerminationCondition CollimatorType
        TypeOfDetectorMotion SeriesType CountsSource CorrectedImage DecayCorrection DecayCorrectionDateTime DecayFactor
        AttenuationCorrectionMethod ScatterCorrectionMethod RandomsCorrectionMethod ReconstructionMethod
        ConvolutionKernel ScatterFractionFactor DoseCalibrationFactor FrameReferenceTime ActualFrameDuration
    """,
}
_EMPTY = {
    "CT": "PatientPosition KVP",
    "MR": "PatientPosition ScanOptions MRAcquisitionType RepetitionTime EchoTime EchoTrainLength",
    "PT": """
        AcquisitionDate AcquisitionTime CorrectedImage CollimatorType RadiopharmaceuticalInformationSequence
        PatientOrientationCodeSequence PatientGantryRelationshipCodeSequence
    """,
}


def derived_series(volume: Volume, *, description: str, derivation: str, date: datetime | None = None) -> list[Dataset]:
    """Return a volume as the instances of a new series in its own study.

    Parameters
    ----------
    volume : Volume
        Read from CT, MR, PET or NM, changed in whatever way: values, unit, grid.
    description : str
        SeriesDescription; cut at 64 characters.
    derivation : str
        What was done, for DerivationDescription; cut at 1024 characters.
    date : datetime, optional
        When the series is made; now if absent.

    Returns
    -------
    list of pydicom.Dataset
        Complete datasets of explicit little endian: one image per slice and frame (CT, MR, PET), frames first, or
        one NM object. Reading them back gives the values (see :func:`~.sixteen_bit.sixteen_bit` for the accuracy),
        world positions and unit. A grid whose z axis runs against the normal of its slices comes back with the
        slices in the opposite order, each at its place.

    Raises
    ------
    Unsupported
        If there is no DICOM header to start from, or the modality has no image to write.
    GeometryError
        If DICOM has no way to describe the grid.
    ImageError
        If a value is NaN or infinite.
    """
    header = _source_header(volume)
    _check_axes(volume)
    shared = derived_header(volume, description=description, derivation=derivation, date=date or datetime.now())
    if volume.modality == "NM":
        return [nuclear_object(volume, shared)]
    shared.update(kept(header, _KEPT[volume.modality]))
    add_empty(shared, _EMPTY[volume.modality])
    _add_kind(shared, volume, header)
    return list(_slices(volume, shared))


def _source_header(volume: Volume) -> Dataset:
    series = volume.source.series_uid
    if volume.header is None:
        raise Unsupported(
            "the volume was not read from DICOM, so there is no patient or study that a series could belong to",
            hint="save it as NIfTI, or copy its values into a volume that was read from DICOM",
            uid=series,
        )
    if volume.modality not in {*_SOP_CLASSES, "NM"}:
        raise Unsupported(
            f'an image of modality "{volume.modality}" cannot be written', hint="CT, MR, PT and NM can", uid=series
        )
    if values.uid(volume.header, "SOPClassUID") == _ENHANCED_PET:
        raise Unsupported(
            "an enhanced PET cannot be written as PET slices: its dose and decay correction are described otherwise",
            uid=series,
        )
    return volume.header


def _check_axes(volume: Volume) -> None:
    x, y, z = volume.grid.direction.T
    normal = np.cross(x, y)
    if abs(x @ y) > 1e-4 or abs(normal @ z) < 1e-3:
        raise GeometryError(
            "DICOM describes slices by perpendicular rows and columns, and the grid has others",
            hint="resample the volume to a grid with perpendicular axes first",
            uid=volume.source.series_uid,
        )


def _add_kind(shared: Dataset, volume: Volume, header: Dataset) -> None:
    """Add what tells the kind of image, and what its IOD asks for beyond the source's header."""
    from pydicom.uid import generate_uid

    kinds = [part for part in values.text(kept(header, "ImageType"), "ImageType").split("\\")[2:] if part]
    if volume.modality == "CT":
        shared.ImageType = ["DERIVED", "SECONDARY", *(kinds or ["AXIAL"])]
        if volume.unit == "HU":
            shared.update(kept(header, "WindowCenter WindowWidth"))
    elif volume.modality == "MR":
        shared.ImageType = ["DERIVED", "SECONDARY", *(kinds or ["OTHER"])]
        # Only a header of another class lacks these: research mode, no variant.
        shared.ScanningSequence = shared.get("ScanningSequence") or "RM"
        shared.SequenceVariant = shared.get("SequenceVariant") or "NONE"
    else:
        _add_pet(shared, volume, header)
    if "FrameOfReferenceUID" not in shared:
        shared.FrameOfReferenceUID = str(generate_uid(prefix=None))


def _add_pet(shared: Dataset, volume: Volume, header: Dataset) -> None:
    # The second value is PRIMARY in PET, derived or not (PS3.3, C.8.9.4.1.1).
    shared.ImageType = ["DERIVED", "PRIMARY"]
    kind = (values.text(shared, "SeriesType").split("\\") or [""])[0]
    if volume.frames > 1 and kind != "GATED":
        kind = "DYNAMIC"
    elif volume.frames == 1 and kind in {"", "DYNAMIC", "GATED"}:
        kind = "STATIC"
    shared.SeriesType = [kind, "IMAGE"]
    shared.NumberOfSlices = volume.grid.size[2]
    if kind == "DYNAMIC":
        shared.NumberOfTimeSlices = volume.frames
    elif kind == "GATED":
        shared.NumberOfTimeSlots, shared.NumberOfRRIntervals = volume.frames, 1
    shared.CountsSource = shared.get("CountsSource") or "EMISSION"
    # The moment GE corrects decay to, and what makes Philips's counts activity; no standard attribute has them.
    _keep_private(shared, header, 0x0009, "GEMS_PETD_01", {0x0D: "DT"})
    if volume.unit == "counts":
        _keep_private(shared, header, 0x7053, "Philips PET Private Group", {0x00: "DS", 0x09: "DS"})


def _keep_private(shared: Dataset, header: Dataset, group: int, creator: str, elements: dict[int, str]) -> None:
    for element, vr in elements.items():
        value = fitting(vr, private_text(header, group, creator, element))
        if value is not None:
            shared.private_block(group, creator, create=True).add_new(element, vr, value)


def _slices(volume: Volume, shared: Dataset) -> Iterator[Dataset]:
    from pydicom.dataset import Dataset

    grid = volume.grid
    encoded = sixteen_bit(volume, per_slice=volume.modality == "PT", offset=volume.modality != "PT")
    add_pixel_format(shared, grid, signed=encoded.signed)
    shared.ImageOrientationPatient = [decimal(cosine) for cosine in grid.direction[:, :2].T.ravel()]
    same_slices = is_on_source_slices(volume)
    _add_thickness(shared, volume, same_slices)
    all_sources = [] if same_slices else source_images(volume, volume.source.sop_uids)
    timing = timing_of_slices(volume)
    normal = np.cross(grid.direction[:, 0], grid.direction[:, 1])
    for t in range(volume.frames):
        for z in range(grid.size[2]):
            number = t * grid.size[2] + z
            dataset = Dataset()
            dataset.update(shared)
            position = grid.to_world((0, 0, z))
            fill(
                dataset,
                InstanceNumber=number + 1,
                ImagePositionPatient=[decimal(mm) for mm in position],
                SliceLocation=decimal(float(position @ normal)),
                SourceImageSequence=(
                    source_images(volume, volume.source.sop_uids[number : number + 1]) if same_slices else all_sources
                ),
            )
            if volume.modality == "PT":
                dataset.ImageIndex = number + 1
            if volume.frames > 1:
                dataset.TemporalPositionIdentifier = t + 1
                dataset.NumberOfTemporalPositions = volume.frames
            if timing is not None:
                add_time(dataset, timing, t, z)
            add_unit(dataset, volume, float(encoded.slopes[t, z]), encoded.intercept, encoded.limits)
            yield finish(dataset, _SOP_CLASSES[volume.modality], encoded.plane(t, z))


def _add_thickness(shared: Dataset, volume: Volume, same_slices: bool) -> None:
    """Add SliceThickness: the source's where the slices are its own, for these may overlap or leave gaps."""
    assert volume.header is not None
    own = values.number(volume.header, "SliceThickness") if same_slices and volume.grid.size[2] > 1 else None
    shared.SliceThickness = decimal(own or volume.grid.spacing[2])
    if volume.modality == "MR":
        shared.SpacingBetweenSlices = shared.SliceThickness if volume.grid.size[2] == 1 else decimal(_step(volume))


def _step(volume: Volume) -> float:
    """Return the distance of neighbouring slices along their normal in mm."""
    x, y, z = volume.grid.direction.T
    return abs(float(np.cross(x, y) @ z)) * volume.grid.spacing[2]
