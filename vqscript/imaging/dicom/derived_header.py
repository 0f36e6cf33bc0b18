"""What a derived image takes over from the header of its source, and what marks it as derived.

Only attributes that still hold for changed values on a changed grid are taken over; they are listed here by
module. A value that breaks the rules of its value representation is shortened or left out, because a receiver
may refuse the whole object for it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

import vqscript
from vqscript.imaging.dicom import values
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_PATIENT = """
    PatientName PatientID IssuerOfPatientID PatientBirthDate PatientBirthTime PatientSex EthnicGroup PatientComments
    PatientSpeciesDescription PatientSpeciesCodeSequence PatientSexNeutered PatientBreedDescription
    PatientBreedCodeSequence BreedRegistrationSequence StrainDescription StrainNomenclature ResponsiblePerson
    ResponsiblePersonRole ResponsibleOrganization PatientIdentityRemoved DeidentificationMethod
    DeidentificationMethodCodeSequence ClinicalTrialSponsorName ClinicalTrialProtocolID ClinicalTrialProtocolName
    ClinicalTrialSiteID ClinicalTrialSiteName ClinicalTrialSubjectID ClinicalTrialSubjectReadingID
    ClinicalTrialTimePointID ClinicalTrialTimePointDescription
"""
_STUDY = """
    StudyDate StudyTime ReferringPhysicianName StudyID AccessionNumber IssuerOfAccessionNumberSequence
    StudyDescription ProcedureCodeSequence PatientAge PatientSize PatientWeight AdditionalPatientHistory
    LongitudinalTemporalInformationModified TimezoneOffsetFromUTC
"""
# The time of the series is what a PET decay correction refers to, so it stays that of the scan.
_SERIES = "SeriesDate SeriesTime ProtocolName BodyPartExamined Laterality OperatorsName PerformingPhysicianName"
_EQUIPMENT = """
    Manufacturer ManufacturerModelName DeviceSerialNumber SoftwareVersions StationName InstitutionName
    InstitutionAddress InstitutionalDepartmentName ContributingEquipmentSequence
"""
_IMAGE = """
    PositionReferenceIndicator AcquisitionDate AcquisitionTime AcquisitionNumber BurnedInAnnotation
    LossyImageCompression LossyImageCompressionRatio LossyImageCompressionMethod
"""
_KEPT = " ".join((_PATIENT, _STUDY, _SERIES, _EQUIPMENT, _IMAGE))
# Type 2: to be present, if empty (PS3.5, section 7.4.3).
_EMPTY = """
    PatientName PatientID PatientBirthDate PatientSex StudyDate StudyTime ReferringPhysicianName StudyID
    AccessionNumber Manufacturer PositionReferenceIndicator AcquisitionNumber
"""

_LONGEST = {"SH": 16, "LO": 64, "PN": 64, "ST": 1024, "LT": 10240}
_ONE_LINE = frozenset({"SH", "LO", "PN"})
_TEXT = frozenset({"AE", "AS", "CS", "DA", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"})
_BINARY = frozenset({"OB", "OD", "OF", "OL", "OV", "OW", "UN"})
_MOST_NUMBER = 2**31 - 1  # of an integer string


def derived_header(volume: Volume, *, description: str, derivation: str, date: datetime) -> Dataset:
    """Return the attributes that all instances of a derived series share, whatever its modality.

    Parameters
    ----------
    volume : Volume
        With a header.
    description : str
        SeriesDescription; cut at 64 characters.
    derivation : str
        DerivationDescription; cut at 1024 characters.
    date : datetime
        When the series was made.

    Returns
    -------
    pydicom.Dataset
        Patient, study, equipment and acquisition as in the source; a series UID of its own.
    """
    from pydicom.uid import generate_uid

    header = volume.header
    assert header is not None, "the caller refuses volumes without a header"
    result = kept(header, _KEPT)
    add_empty(result, _EMPTY)
    if "Laterality" in header:  # empty means that the side of a paired organ is not known, absent that it is unpaired
        add_empty(result, "Laterality")
    number = values.integer(header, "SeriesNumber") or 0
    day, time = f"{date:%Y%m%d}", f"{date:%H%M%S.%f}"
    fill(
        result,
        SpecificCharacterSet="ISO_IR 192",
        Modality=volume.modality,
        StudyInstanceUID=volume.source.study_uid or values.uid(header, "StudyInstanceUID"),
        SeriesInstanceUID=str(generate_uid(prefix=None)),
        SeriesNumber=number + 1000 if 0 <= number <= _MOST_NUMBER - 1000 else 1000,
        SeriesDescription=shortened(_one_line(description), 64),
        DerivationDescription=shortened(derivation, 1024),
        InstanceCreationDate=day,
        InstanceCreationTime=time,
        ContentDate=day,
        ContentTime=time,
    )
    if volume.grid.frame_of_reference:
        result.FrameOfReferenceUID = volume.grid.frame_of_reference
    result.ContributingEquipmentSequence = [*(result.get("ContributingEquipmentSequence") or ()), _equipment(date)]
    return result


def add_pixel_format(dataset: Dataset, grid: Grid, *, signed: bool) -> None:
    """Add the Image Pixel attributes of 16-bit voxels on a grid, and its PixelSpacing."""
    x, y, _ = grid.size
    fill(
        dataset,
        SamplesPerPixel=1,
        PhotometricInterpretation="MONOCHROME2",
        Rows=y,
        Columns=x,
        BitsAllocated=16,
        BitsStored=16,
        HighBit=15,
        PixelRepresentation=int(signed),
        PixelSpacing=[decimal(grid.spacing[1]), decimal(grid.spacing[0])],
    )


def finish(dataset: Dataset, sop_class: str, pixels: bytes) -> Dataset:
    """Add the identity of an instance of its own, the pixel data and the file meta information."""
    from pydicom.dataset import FileMetaDataset
    from pydicom.uid import UID, ExplicitVRLittleEndian, generate_uid

    dataset.SOPClassUID = UID(sop_class)
    dataset.SOPInstanceUID = generate_uid(prefix=None)
    dataset.add_new("PixelData", "OW", pixels)
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = dataset.SOPClassUID
    meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta = meta
    return dataset


def source_images(volume: Volume, uids: Iterable[str]) -> list[Dataset]:
    """Return SourceImageSequence for these instances of the volume's source."""
    assert volume.header is not None
    sop_class = values.uid(volume.header, "SOPClassUID")
    purpose = code("121322", "DCM", "Source image for image processing operation")
    return [
        item(ReferencedSOPClassUID=sop_class, ReferencedSOPInstanceUID=uid, PurposeOfReferenceCodeSequence=[purpose])
        for uid in dict.fromkeys(uids)
    ]


def is_on_source_slices(volume: Volume) -> bool:
    """Whether the volume still has the slices it was read from: as many, and the first at its old place."""
    header = volume.header
    assert header is not None
    position = values.numbers(header, "ImagePositionPatient", 3)
    spacing = values.numbers(header, "PixelSpacing", 2)
    slices = volume.frames * volume.grid.size[2]
    if len(volume.source.sop_uids) != slices or not position or not spacing:
        return False
    rows, columns = values.integer(header, "Rows"), values.integer(header, "Columns")
    moved = np.abs(np.subtract(position, volume.grid.origin)).max()
    rescaled = np.abs(np.subtract(spacing, volume.grid.spacing[1::-1])).max()
    return (columns, rows) == volume.grid.size[:2] and bool(moved < 0.01 and rescaled < 1e-4)


def kept(header: Dataset, keywords: str) -> Dataset:
    """Return a copy of the attributes that are there, not empty and readable, in valid form.

    Parameters
    ----------
    header : pydicom.Dataset
    keywords : str
        Separated by white space.
    """
    from pydicom import config

    with config.disable_value_validation():  # what breaks a rule is put right, not complained about
        return _copy(header, keywords.split())


def add_empty(dataset: Dataset, keywords: str) -> None:
    """Add attributes that have to be present, empty where they are absent."""
    for keyword in keywords.split():
        if keyword not in dataset:
            setattr(dataset, keyword, [] if keyword.endswith("Sequence") else None)


def fill(dataset: Dataset, **attributes: Any) -> None:
    """Set attributes by keyword, as new elements: datasets of one series share those that they do not set."""
    for keyword, value in attributes.items():
        dataset.pop(keyword, None)
        setattr(dataset, keyword, value)


def item(**attributes: Any) -> Dataset:
    """Return an item of a sequence."""
    from pydicom.dataset import Dataset

    result = Dataset()
    fill(result, **attributes)
    return result


def code(value: str, scheme: str, meaning: str) -> Dataset:
    """Return an item of a code sequence."""
    return item(CodeValue=value, CodingSchemeDesignator=scheme, CodeMeaning=meaning[:64])


def decimal(value: float) -> str:
    """Return a decimal string, which has 16 characters: 10 significant digits or more."""
    from pydicom.valuerep import format_number_as_ds

    return format_number_as_ds(float(value) + 0.0)


def fitting(vr: str, value: Any) -> Any:
    """Return a single value in the form that its value representation asks for, None if it has none."""
    from pydicom import config
    from pydicom.valuerep import validate_value

    try:
        if vr == "DS":
            # The text as it was, if it is short enough: it is what readers of the source see.
            written = str(value).strip()
            value = written if len(written) <= 16 else decimal(float(value))
        elif vr in _TEXT:
            value = str(value).strip(" \0")
            value = _one_line(value) if vr in _ONE_LINE else value
            value = value[: _LONGEST.get(vr, len(value))]
        validate_value(vr, value, config.RAISE)
    except values.conversion_errors():
        return None
    return None if value == "" else value


def shortened(text: str, longest: int) -> str:
    """Return the text, its end replaced by three dots where it is too long."""
    return text if len(text) <= longest else text[: longest - 3] + "..."


def _equipment(date: datetime) -> Dataset:
    return item(
        PurposeOfReferenceCodeSequence=[code("109102", "DCM", "Processing Equipment")],
        Manufacturer="vqscript",
        ManufacturerModelName="vqscript",
        SoftwareVersions=vqscript.__version__,
        ContributionDateTime=f"{date:%Y%m%d%H%M%S.%f}",
        ContributionDescription="Derivation of the image",
    )


def _copy(header: Dataset, keywords: Iterable[str], *, empty: bool = False) -> Dataset:
    """Return the attributes in valid form; what is empty or cannot be made valid is left out, or copied as empty."""
    from pydicom.dataset import Dataset

    result = Dataset()
    for keyword in keywords:
        if keyword in header:
            value = _valid(header, keyword)
            if value not in (None, []) or empty:
                setattr(result, keyword, value)
    return result


def _valid(dataset: Dataset, keyword: str) -> Any:
    """Return the value of an attribute in valid form, None or [] where it is empty or cannot be made valid."""
    try:
        element = dataset[keyword]
    except values.conversion_errors():  # bytes that are no value of this attribute: a copy would be none either
        return None
    if element.VR == "SQ":
        # Inside an item an attribute may have to be present, so those without a value stay.
        return [_copy(one, [inner.keyword for inner in one if inner.keyword], empty=True) for one in element.value]
    if element.VR in _BINARY or element.VM == 0:
        return None
    parts = [fitting(element.VR, part) for part in (element.value if element.VM > 1 else [element.value])]
    # Leaving out one of several would move the others.
    if None in parts:
        return None
    return parts if len(parts) > 1 else parts[0]


def _one_line(text: str) -> str:
    # A backslash would begin another value, and control characters are not allowed here (PS3.5, section 6.2).
    return "".join(c if c.isprintable() and c != "\\" else " " for c in text).strip()
