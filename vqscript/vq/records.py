"""Records that scripts get: plain tables under the names that they know."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict, cast

if TYPE_CHECKING:
    from vqscript.datapoints.records import DataPoint as StoredPoint
    from vqscript.repository.base import Series as StoredSeries
    from vqscript.repository.base import Study as StoredStudy


class Study(TypedDict):
    """A study of a repository; what it does not say is "".

    It stands for its UID wherever a study is asked for.
    """

    PatientComments: str
    """Comments on the patient."""
    PatientID: str
    """ID of the patient or animal."""
    PatientsName: str
    """Name of the patient or animal."""
    StudyDate: str
    """Date, YYYYMMDD."""
    StudyDescription: str
    """Description."""
    StudyInstanceUID: str
    """UID of the study."""
    StudyTime: str
    """Time, HHMMSS."""


class Series(TypedDict):
    """A series of a study; what it does not say is "".

    It stands for its UID wherever a series is asked for.
    """

    ManufacturersModelName: str
    """Model of the scanner."""
    Modality: str
    """CT, PT, NM, MR, RTSTRUCT ..."""
    SeriesDate: str
    """Date, YYYYMMDD."""
    SeriesDescription: str
    """Description."""
    SeriesInstanceUID: str
    """UID of the series."""
    SeriesNumber: str
    """Number of the series within its study."""
    SeriesTime: str
    """Time, HHMMSS."""
    StudyInstanceUID: str
    """UID of its study."""


class DataPoint(TypedDict, total=False):
    """What was submitted for a study: an ROI object, a measurement, or subject information.

    Of the fields below the first five are always there; what is not entered is nil.
    """

    creator: str
    """Who submitted it."""
    date: str
    """Date of submission, YYYYMMDD."""
    time: str
    """Time of submission, HHMMSS."""
    sopInstanceUID: str
    """UID of the DICOM object."""
    studyInstanceUID: str
    """UID of its study."""
    names: list[str]
    """Of an ROI object: names of its ROIs."""
    path: str
    """Of an ROI object: its file, for `roi:load`."""
    format: str
    """Of an ROI object: "SEG" or "RTSTRUCT"."""
    frameOfReference: str
    """Of an ROI object: UID of the frame of reference it was drawn in."""
    referencedSeries: list[str]
    """Of an ROI object: UIDs of the series it was drawn on."""
    name: str
    """Of a measurement: name of the ROI."""
    unit: str
    """Of a measurement: unit of its values."""
    input: int
    """Of a measurement: number of the input it was made on, -1 if that is not said."""
    seriesInstanceUID: str
    """Of a measurement: UID of the series it was made on."""
    roiObject: str
    """Of a measurement: UID of the ROI object."""
    voxels: float
    """Of a measurement: number of voxels."""
    volume: float
    """Of a measurement: volume in mm3."""
    volumeML: float
    """Of a measurement: volume in mL."""
    mean: float
    """Of a measurement: mean, in `unit`."""
    sd: float
    """Of a measurement: sample standard deviation (n - 1), in `unit`."""
    std: float
    """The same as `sd`."""
    min: float
    """Of a measurement: smallest value, in `unit`."""
    max: float
    """Of a measurement: largest value, in `unit`."""
    median: float
    """Of a measurement: median, in `unit`."""
    sum: float
    """Of a measurement: sum over the voxels, in `unit`."""
    integral: float
    """Of a measurement: mean times volume in mL."""
    injectedDose: float
    """Of subject information: activity at injection in uCi."""
    weight: float
    """Of subject information: body weight in g."""
    injectionTime: str
    """Of subject information: date and time of injection, YYYYMMDDHHMMSS."""
    nuclide: str
    """Of subject information: In-111, F-18 ..."""


class PlanPackage(TypedDict):
    """A radiotherapy plan that was loaded with what belongs to it; `repo:store` sends it on in the right order."""

    plan: str
    """SOP Instance UID of the plan."""
    label: str
    """Its label, "" if it has none."""
    structureSet: str
    """SOP Instance UID of the structure set."""
    structures: list[str]
    """Names of the ROIs that were loaded."""
    doses: list[int]
    """Numbers of the inputs that hold its doses, in Gy; input 0 and those before the doses hold the images."""
    files: list[str]
    """All files: images, structure set, plan, doses, in this order."""


def study_record(study: StoredStudy) -> Study:
    """Return a study under the names that scripts know."""
    return {
        "PatientComments": study.patient_comments,
        "PatientID": study.patient_id,
        "PatientsName": study.patient_name,
        "StudyDate": study.study_date,
        "StudyDescription": study.study_description,
        "StudyInstanceUID": study.study_uid,
        "StudyTime": study.study_time,
    }


def series_record(series: StoredSeries) -> Series:
    """Return a series under the names that scripts know."""
    return {
        "ManufacturersModelName": series.manufacturer_model_name,
        "Modality": series.modality,
        "SeriesDate": series.series_date,
        "SeriesDescription": series.series_description,
        "SeriesInstanceUID": series.series_uid,
        "SeriesNumber": series.series_number,
        "SeriesTime": series.series_time,
        "StudyInstanceUID": series.study_uid,
    }


def point_record(point: StoredPoint) -> DataPoint:
    """Return a data point under the names that scripts know; what is not entered is absent."""
    from vqscript.datapoints.records import Quantification, RoiObject, Subject

    record: dict[str, Any] = {
        "creator": point.creator,
        "date": point.date,
        "time": point.time,
        "sopInstanceUID": point.sop_uid,
        "studyInstanceUID": point.study_uid,
    }
    if isinstance(point, RoiObject):
        record |= {"format": point.format, "names": list(point.names), "path": str(point.path or "")}
        record["frameOfReference"] = point.frame_of_reference
        record["referencedSeries"] = list(point.referenced_series)
    elif isinstance(point, Quantification):
        record |= {"name": point.name, "unit": point.unit, "input": point.input}
        record |= {"seriesInstanceUID": point.image_series, "roiObject": point.roi_sop_uid}
        record |= point.values
        if "sd" in point.values:
            record["std"] = point.values["sd"]
        if "volume" in point.values:
            record["volumeML"] = point.values["volume"] / 1000
    elif isinstance(point, Subject):
        entered = {
            "injectedDose": point.injected_dose,
            "weight": point.weight,
            "injectionTime": point.injection_time or None,
            "nuclide": point.nuclide or None,
        }
        record |= {key: value for key, value in entered.items() if value is not None}
    return cast(DataPoint, record)
