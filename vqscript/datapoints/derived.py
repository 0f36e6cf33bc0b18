"""A new DICOM object that belongs to the study of an image: what SEG and SR begin with."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from vqscript.errors import NotDicom
from vqscript.imaging.dicom import values

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# Patient, General Study, Patient Study modules (PS3.3 C.7.1.1, C.7.2.1, C.7.2.2). The first group is of
# type 2: present, if only empty.
_REQUIRED = (
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "StudyDate",
    "StudyTime",
    "StudyID",
    "AccessionNumber",
    "ReferringPhysicianName",
)
_OPTIONAL = ("StudyDescription", "PatientComments", "PatientAge", "PatientSize", "PatientWeight", "IssuerOfPatientID")


def derived_instance(header: Dataset, *, sop_class: str, modality: str, description: str, offset: int) -> Dataset:
    """Return a new object in the study of ``header``: patient, study, series, equipment, dates and UIDs.

    Parameters
    ----------
    header : Dataset
        Header of any instance of the study.
    sop_class : str
        SOP Class UID.
    modality : str
        ``"SEG"`` or ``"SR"``.
    description : str
        Series description.
    offset : int
        Added to the image's series number, so that what is made of a series is listed near it.

    Notes
    -----
    What is copied is made valid first: real headers hold a StudyID of 17 characters, or a sex of "male", which
    an archive or a validator would then hold against the new object.
    """
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, generate_uid

    from vqscript import __version__

    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    for keyword in _REQUIRED:
        setattr(ds, keyword, _valid(header, keyword) or None)
    for keyword in _OPTIONAL:
        value = _valid(header, keyword)
        if value:
            setattr(ds, keyword, value)
    if ds.PatientSex not in (None, "M", "F", "O"):
        ds.PatientSex = None
    ds.StudyInstanceUID = header.StudyInstanceUID

    now = datetime.now()
    # Microseconds, so that of two objects made within a second the later one is the latest.
    date, time = now.strftime("%Y%m%d"), now.strftime("%H%M%S.%f")
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = generate_uid(prefix=None)
    ds.SeriesInstanceUID = generate_uid(prefix=None)
    ds.Modality = modality
    ds.SeriesNumber = _series_number(header) + offset
    ds.SeriesDescription = description[:64]
    ds.InstanceNumber = 1
    for module in ("Series", "Content", "InstanceCreation"):
        setattr(ds, f"{module}Date", date)
        setattr(ds, f"{module}Time", time)
    ds.Manufacturer = "vqscript"
    ds.ManufacturerModelName = "vqscript"
    ds.DeviceSerialNumber = "0"
    ds.SoftwareVersions = __version__

    ds.file_meta = FileMetaDataset()
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return ds


def _valid(header: Dataset, keyword: str) -> str:
    """Return an attribute as text that its VR allows: text too long is cut, anything else is left out."""
    from pydicom.config import RAISE, disable_value_validation
    from pydicom.datadict import dictionary_VR, tag_for_keyword
    from pydicom.valuerep import MAX_VALUE_LEN, validate_value

    tag = tag_for_keyword(keyword)
    assert tag is not None
    vr = dictionary_VR(tag)
    # Decoding takes the character set of the source; the new object is UTF-8.
    try:
        # pydicom would warn of the very values that are put right here.
        with disable_value_validation():
            text = values.text(header, keyword)
    except NotDicom:
        return ""
    if vr in {"SH", "LO", "LT"}:
        text = text[: MAX_VALUE_LEN[vr]].strip()
    try:
        validate_value(vr, text, RAISE)
    except ValueError:
        return ""
    return text


def _series_number(header: Dataset) -> int:
    try:
        number = values.integer(header, "SeriesNumber")
    except NotDicom:
        return 0
    # 0 and negative numbers occur, and a 32-bit integer has to hold the sum.
    return number if number is not None and 0 < number < 10**9 else 0
