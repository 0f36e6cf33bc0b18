"""Quantification: one ROI measured on one image series, as a measurement report (TID 1500)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from vqscript.datapoints import codes, sr
from vqscript.datapoints.codes import Concept
from vqscript.datapoints.derived import derived_instance
from vqscript.datapoints.identity import identity
from vqscript.datapoints.people import from_person_name
from vqscript.datapoints.records import Quantification
from vqscript.errors import UsageError

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

    from vqscript.imaging.volume import Volume

COMPREHENSIVE_3D_SR = "1.2.840.10008.5.1.4.1.1.88.34"

_DIMENSIONLESS = {"skewness", "kurtosis"}
_CUBIC_MILLIMETRES = {
    "mm3": 1.0,
    "ul": 1.0,
    "uL": 1.0,
    "cm3": 1e3,
    "ml": 1e3,
    "mL": 1e3,
    "dm3": 1e6,
    "l": 1e6,
    "L": 1e6,
}


def build(
    *,
    name: str,
    input: int,  # noqa: A002 - the field's word for a loaded image, as in the record
    unit: str,
    values: Mapping[str, float],
    creator: str,
    image: Volume,
    roi_object: Dataset,
    segment: int,
) -> Dataset:
    """Return a Comprehensive 3D SR of one ROI on one image series, ready to be saved.

    Parameters
    ----------
    name : str
        ROI name.
    input : int
        Number of the input that was measured.
    unit : str
        Unit of the image values, as in :mod:`vqscript.imaging.units`, or any label.
    values : mapping
        Statistics by field name: ``voxels volume mean sd min max median sum integral variance skewness
        kurtosis``, volume in mm3. Those absent are not written, others are ignored.
    creator : str
    image : Volume
        What was measured; its header and source say which series.
    roi_object : Dataset
        The SEG that holds the ROI.
    segment : int
        Number of its segment.

    Raises
    ------
    UsageError
        If the image is not from DICOM, so that there is no study to put the report into.
    """
    if image.header is None or not image.source.sop_uids:
        raise UsageError(
            f'the measurements of "{name}" cannot be stored: input {input} is no DICOM image',
            hint="export them as a table instead",
        )
    group = [
        sr.text(codes.TRACKING_ID, name, relation=sr.HAS_CONTEXT),
        sr.uid(codes.TRACKING_UID, _tracking_uid(roi_object, segment), relation=sr.HAS_CONTEXT),
        sr.segment(codes.REFERENCED_SEGMENT, roi_object.SOPClassUID, roi_object.SOPInstanceUID, segment),
        sr.uid(codes.SEGMENTATION_SERIES, _drawn_on(roi_object) or image.source.series_uid),
        # An ROI drawn on the CT is measured on the SPECT: the template knows only the former series.
        sr.uid(codes.MEASURED_SERIES, image.source.series_uid),
        sr.number(codes.INPUT, input, codes.NO_UNIT),
        *_measurements(values, unit, image.modality),
    ]
    content = [
        sr.code(codes.LANGUAGE, codes.ENGLISH, relation=sr.HAS_MODIFIER),
        *sr.observer(creator),
        sr.code(codes.PROCEDURE, codes.IMAGING_PROCEDURE, relation=sr.HAS_MODIFIER),
        sr.container(
            codes.MEASUREMENTS,
            [sr.container(codes.GROUP, group, template="1411", relation=sr.CONTAINS)],
            relation=sr.CONTAINS,
        ),
    ]
    ds = derived_instance(
        image.header, sop_class=COMPREHENSIVE_3D_SR, modality="SR", description="Quantification", offset=2000
    )
    _add_evidence(ds, image, roi_object)
    sr.complete(ds, sr.container(codes.REPORT, content, template="1500"))
    return ds


def _measurements(values: Mapping[str, float], unit: str, modality: str) -> Iterator[Dataset]:
    from vqscript.imaging.units import ucum

    code, meaning = ucum(unit)
    quantity, measured_in = _quantity(unit, modality), Concept(code, "UCUM", meaning)
    plain = {"voxels": (codes.VOXELS, codes.VOXEL_COUNT), "volume": (codes.VOLUME, codes.CUBIC_MILLIMETRE)}
    for field, (concept, its_unit) in plain.items():
        if field in values:
            yield sr.number(concept, values[field], its_unit)
    if "integral" in values:
        yield sr.number(codes.INTEGRAL, values["integral"], _times_millilitre(measured_in))
    for field, derivation in codes.DERIVATIONS.items():
        if field in values:
            its_unit = measured_in
            if field in _DIMENSIONLESS:
                its_unit = codes.NO_UNIT
            elif field == "variance":
                its_unit = _squared(measured_in)
            yield sr.number(quantity, values[field], its_unit, derivation=(codes.DERIVATION, derivation))


def _quantity(unit: str, modality: str) -> Concept:
    if unit.startswith("SUV"):
        return codes.SUV
    by_unit = {"HU": codes.ATTENUATION, "Gy": codes.ABSORBED_DOSE}
    if unit in by_unit:
        return by_unit[unit]
    if unit.startswith("%ID") or unit == "counts" or unit.split("/")[0] in {"Bq", "kBq", "MBq", "uCi"}:
        return codes.ACTIVITY
    return codes.MR_SIGNAL if modality == "MR" and not unit else codes.INTENSITY


def _times_millilitre(unit: Concept) -> Concept:
    if unit.key == codes.NO_UNIT.key:
        return codes.MILLILITRE
    return Concept(f"{_factor(unit)}.ml", "UCUM", f"{unit.meaning} x mL")


def _squared(unit: Concept) -> Concept:
    return unit if unit.key == codes.NO_UNIT.key else Concept(f"{_factor(unit)}2", "UCUM", f"({unit.meaning})^2")


def _factor(unit: Concept) -> str:
    return unit.value if unit.value.isalpha() else f"({unit.value})"


def _add_evidence(ds: Dataset, image: Volume, roi_object: Dataset) -> None:
    """List what the report is based on, by study and series: the measured images and the SEG (PS3.3 C.17.2.3)."""
    from pydicom.dataset import Dataset

    assert image.header is not None
    sources = [
        (ds.StudyInstanceUID, image.source.series_uid, image.header.SOPClassUID, image.source.sop_uids),
        (
            roi_object.StudyInstanceUID,
            roi_object.SeriesInstanceUID,
            roi_object.SOPClassUID,
            (roi_object.SOPInstanceUID,),
        ),
    ]
    studies: dict[str, Dataset] = {}
    for study_uid, series_uid, sop_class, sop_uids in sources:
        series = Dataset()
        series.SeriesInstanceUID = series_uid
        series.ReferencedSOPSequence = [sr.reference(sop_class, uid) for uid in dict.fromkeys(sop_uids)]
        study = studies.setdefault(study_uid, Dataset())
        study.StudyInstanceUID = study_uid
        study.ReferencedSeriesSequence = [*sr.items(study, "ReferencedSeriesSequence"), series]
    ds.CurrentRequestedProcedureEvidenceSequence = [studies.pop(ds.StudyInstanceUID)]
    if studies:
        ds.PertinentOtherEvidenceSequence = list(studies.values())


def _tracking_uid(roi_object: Dataset, segment: int) -> str:
    from pydicom.uid import generate_uid

    tracked = (item for item in sr.items(roi_object, "SegmentSequence") if item.get("SegmentNumber") == segment)
    return next((uid for item in tracked if (uid := sr.string(item, "TrackingUID"))), generate_uid(prefix=None))


def _drawn_on(roi_object: Dataset) -> str:
    series = (sr.string(item, "SeriesInstanceUID") for item in sr.items(roi_object, "ReferencedSeriesSequence"))
    return next((uid for uid in series if uid), "")


# ---- reading -----------------------------------------------------------------------------------------


def read(ds: Dataset) -> list[Quantification]:
    """Return one record per measurement group of a report, ours or of others; none if it has no such group."""
    groups = list(sr.find(ds, codes.GROUP))
    if not groups:
        return []
    about = identity(ds, _creator(ds))
    series_of = _evidence(ds)
    return [
        Quantification(
            **about,
            name=_name(group),
            image_series=_image_series(group, series_of),
            input=_input(group),
            unit=unit,
            values=values,
            roi_sop_uid=_segment_source(group),
        )
        for group in groups
        for unit, values in (_values(group),)
    ]


def _values(group: Dataset) -> tuple[str, dict[str, float]]:
    """Return unit and statistics of a group.

    A group may hold several quantities (SUV and HU). Those of the first that a mean or the like was
    derived from are read, so that one unit is true of all.
    """
    unit, quantity = "", None
    values: dict[str, float] = {}
    for item in sr.children(group):
        measured = sr.measured(item) if sr.string(item, "ValueType") == "NUM" else None
        if measured is None:
            continue
        value, its_unit = measured
        name = sr.concept(item)
        derived = next(sr.children(item, codes.DERIVATION), None)
        if derived is None:
            field = codes.MEASUREMENT_FIELDS.get(name.key, "")
            if field == "volume":
                value *= _CUBIC_MILLIMETRES.get(its_unit.value, float("nan"))
        else:
            field = codes.DERIVATION_FIELDS.get(sr.concept(derived, "ConceptCodeSequence").key, "")
            if field and quantity is None:
                quantity = name.key
            field = field if name.key == quantity else ""
            if field in {"mean", "sd", "min", "max", "median"} and not unit:
                unit = _unit_name(its_unit)
        # NaN is a volume in a unit that is not known.
        if field and value == value:
            values.setdefault(field, value)
    return unit, values


def _unit_name(unit: Concept) -> str:
    from vqscript.imaging.units import from_ucum

    known = from_ucum(unit.value)
    if known is not None:
        return known
    annotation = unit.value.startswith("{") and unit.value.endswith("}")
    return unit.meaning if annotation and unit.meaning else unit.value


def _creator(ds: Dataset) -> str:
    names = [sr.first_text(ds, codes.OBSERVER_NAME, "PersonName")]
    names += [sr.string(author, "PersonName") for author in sr.items(ds, "AuthorObserverSequence")]
    return from_person_name(next((name for name in names if name), ""))


def _name(group: Dataset) -> str:
    return sr.first_text(group, codes.TRACKING_ID, "TextValue")


def _input(group: Dataset) -> int:
    found = (sr.measured(item) for item in sr.children(group, codes.INPUT))
    return next((int(value[0]) for value in found if value), -1)


def _segment_source(group: Dataset) -> str:
    images = (
        ref for item in sr.children(group, codes.REFERENCED_SEGMENT) for ref in sr.items(item, "ReferencedSOPSequence")
    )
    return next((sr.string(ref, "ReferencedSOPInstanceUID") for ref in images), "")


def _image_series(group: Dataset, series_of: Mapping[str, str]) -> str:
    """Return the series that was measured: as we say it, else by a measured image, else the one that was segmented."""
    measured = sr.first_text(group, codes.MEASURED_SERIES, "UID")
    if measured:
        return measured
    for name in (codes.SOURCE_OF_MEASUREMENT, codes.SOURCE_IMAGE):
        for image in sr.find(group, name):
            for ref in sr.items(image, "ReferencedSOPSequence"):
                found = series_of.get(sr.string(ref, "ReferencedSOPInstanceUID"))
                if found:
                    return found
    return sr.first_text(group, codes.SEGMENTATION_SERIES, "UID")


def _evidence(ds: Dataset) -> dict[str, str]:
    return {
        sr.string(ref, "ReferencedSOPInstanceUID"): sr.string(series, "SeriesInstanceUID")
        for keyword in ("CurrentRequestedProcedureEvidenceSequence", "PertinentOtherEvidenceSequence")
        for study in sr.items(ds, keyword)
        for series in sr.items(study, "ReferencedSeriesSequence")
        for ref in sr.items(series, "ReferencedSOPSequence")
    }
