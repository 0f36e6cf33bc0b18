"""What DICOM objects that are no images hold, in a few words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqscript.imaging.dicom import values
from vqscript.imaging.dicom.instance import Instance

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

_STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
_SEGMENTATIONS = frozenset({"1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"})
_REPORTS = "1.2.840.10008.5.1.4.1.1.88."
_NAMED = 8
"""Names of ROIs that are listed before the others are only counted."""


def holds_no_image(instance: Instance) -> bool:
    """Whether an object is something beside images: it has no pixels, or they are those of segments."""
    return instance.frames == 0 or instance.sop_class in _SEGMENTATIONS


def describe(header: Dataset) -> str:
    """Return what an object holds: ``3 ROIs: tumor, liver, spleen``.

    Parameters
    ----------
    header : pydicom.Dataset
        Of a structure set, segmentation or report; of any other object it is the name of its class.

    Raises
    ------
    NotDicom
        If a sequence is damaged.
    """
    from pydicom.uid import UID

    sop_class = values.uid(header, "SOPClassUID")
    if sop_class == _STRUCTURE_SET:
        rois = values.items(header, "StructureSetROISequence")
        return _listed([values.text(roi, "ROIName") for roi in rois], "ROI")
    if sop_class in _SEGMENTATIONS:
        segments = values.items(header, "SegmentSequence")
        frames = values.integer(header, "NumberOfFrames") or 1
        listed = _listed([values.text(segment, "SegmentLabel") for segment in segments], "segment")
        return f"{listed} (in {frames} frame{'' if frames == 1 else 's'})"
    if sop_class.startswith(_REPORTS):
        titles = values.items(header, "ConceptNameCodeSequence")
        title = values.text(titles[0], "CodeMeaning") if titles else ""
        return title or UID(sop_class).name
    return UID(sop_class).name


def _listed(names: list[str], what: str) -> str:
    text = f"{len(names)} {what}{'' if len(names) == 1 else 's'}"
    if not names:
        return text
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"{text}: {', '.join(name or '(no name)' for name in names[:_NAMED])}{more}"
