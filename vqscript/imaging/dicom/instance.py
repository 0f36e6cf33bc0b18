"""One DICOM instance: what finding, indexing and loading need to know of a file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Instance:
    """A DICOM file, as read from its header.

    The local repository keeps these records in its index, so that a series it holds loads without
    parsing headers again; a folder's files are parsed into the same records. UIDs and text are as
    in the file, stripped; an absent attribute is "" or None.

    Attributes
    ----------
    pixel_offset, pixel_length : int
        Where the native pixel data begins in the file, and its bytes; both 0 where there is none, or it is
        encapsulated or deflated.
    frames : int
        NumberOfFrames, 1 if absent; 0 where the instance is no image.
    frame : int or None
        Which frame of its file (0-based) the record stands for, once a multi-frame object is taken apart.
    slope, intercept : float
        Rescale slope and intercept of a classic instance (1 and 0 if absent).
    position, orientation, pixel_spacing : tuple or None
        ImagePositionPatient, ImageOrientationPatient and PixelSpacing (row, column) of a classic instance.
    image_type : str
        ImageType, joined by a backslash.
    acquisition_time : str
        ``YYYYMMDDHHMMSS[.ffffff]`` from AcquisitionDateTime, or AcquisitionDate (else SeriesDate, else StudyDate)
        and AcquisitionTime; "" if there is no time.
    frame_reference_time, frame_duration : float or None
        In milliseconds, as DICOM has them (PET).
    temporal_position, acquisition_number, instance_number, echo_number : int or None
        What tells frames or images of one series apart (TemporalPositionIdentifier, AcquisitionNumber ...).
    content_time : str
        TriggerTime, else ContentTime: last resort for sorting frames.
    """

    path: Path
    sop_class: str
    sop_uid: str
    series_uid: str
    study_uid: str
    modality: str
    transfer_syntax: str
    rows: int = 0
    columns: int = 0
    frames: int = 0
    samples: int = 1
    photometric: str = ""
    bits_allocated: int = 0
    bits_stored: int = 0
    signed: bool = False
    pixel_offset: int = 0
    pixel_length: int = 0
    slope: float = 1.0
    intercept: float = 0.0
    position: tuple[float, float, float] | None = None
    orientation: tuple[float, float, float, float, float, float] | None = None
    pixel_spacing: tuple[float, float] | None = None
    slice_thickness: float | None = None
    frame_of_reference: str = ""
    image_type: str = ""
    acquisition_time: str = ""
    frame_reference_time: float | None = None
    frame_duration: float | None = None
    temporal_position: int | None = None
    acquisition_number: int | None = None
    instance_number: int | None = None
    echo_number: int | None = None
    content_time: str = ""
    frame: int | None = None
