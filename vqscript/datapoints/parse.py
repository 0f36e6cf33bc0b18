"""From a DICOM object to the data points it holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqscript.datapoints import quantification, roi_object, subject
from vqscript.datapoints.records import DataPoint
from vqscript.datapoints.sr import string
from vqscript.imaging.dicom.values import quiet

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SEGMENTATIONS = {
    "1.2.840.10008.5.1.4.1.1.66.4",  # Segmentation
    "1.2.840.10008.5.1.4.1.1.66.7",  # Label Map Segmentation
}
STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
REPORTS = {
    "1.2.840.10008.5.1.4.1.1.88.22",  # Enhanced SR
    "1.2.840.10008.5.1.4.1.1.88.33",  # Comprehensive SR
    "1.2.840.10008.5.1.4.1.1.88.34",  # Comprehensive 3D SR
    "1.2.840.10008.5.1.4.1.1.88.35",  # Extensible SR
}
SOP_CLASSES = frozenset(SEGMENTATIONS | REPORTS | {STRUCTURE_SET})
"""Objects that may hold data points; all others can be passed by without parsing."""


def parse(ds: Dataset) -> list[DataPoint]:
    """Return the data points of a DICOM object.

    Parameters
    ----------
    ds : Dataset
        The whole object; pixel data need not be loaded.

    Returns
    -------
    list of DataPoint
        One :class:`~vqscript.datapoints.records.RoiObject` for a SEG or RTSTRUCT, one
        :class:`~vqscript.datapoints.records.Quantification` per measurement group of a report,
        one :class:`~vqscript.datapoints.records.Subject` for subject information; nothing for any other object.

    Notes
    -----
    Objects of others are read for what is there: an attribute that is absent leaves its field empty.
    """
    with quiet():
        sop_class = string(ds, "SOPClassUID")
        if sop_class in SEGMENTATIONS:
            return [roi_object.read_segmentation(ds)]
        if sop_class == STRUCTURE_SET:
            return [roi_object.read_structure_set(ds)]
        if sop_class not in REPORTS:
            return []
        if subject.is_subject(ds):
            return [subject.read(ds)]
        return list(quantification.read(ds))
