"""ROI objects: what a SEG or RTSTRUCT holds, without its voxels or contours."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from vqscript.datapoints.identity import identity
from vqscript.datapoints.people import from_person_name
from vqscript.datapoints.records import RoiObject
from vqscript.datapoints.roi_names import unique_names
from vqscript.datapoints.sr import items, string

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def read_segmentation(ds: Dataset) -> RoiObject:
    """Return the record of a SEG; its pixel data need not be loaded."""
    segments = (segment for segment in items(ds, "SegmentSequence") if string(segment, "SegmentNumber") != "0")
    creator = from_person_name(string(ds, "ContentCreatorName"))
    series = (string(item, "SeriesInstanceUID") for item in items(ds, "ReferencedSeriesSequence"))
    return RoiObject(
        **identity(ds, creator),
        format="SEG",
        names=tuple(unique_names(segment_label(segment) for segment in segments)),
        frame_of_reference=string(ds, "FrameOfReferenceUID"),
        referenced_series=_distinct(series),
    )


def read_structure_set(ds: Dataset) -> RoiObject:
    """Return the record of an RTSTRUCT; the creator is the operator, else the reviewer or approver."""
    creator = next((string(ds, word) for word in ("OperatorsName", "ReviewerName") if string(ds, word)), "")
    frames, series = [], []
    for frame in items(ds, "ReferencedFrameOfReferenceSequence"):
        frames.append(string(frame, "FrameOfReferenceUID"))
        for study in items(frame, "RTReferencedStudySequence"):
            series += [string(item, "SeriesInstanceUID") for item in items(study, "RTReferencedSeriesSequence")]
    rois = items(ds, "StructureSetROISequence")
    frames += [string(roi, "ReferencedFrameOfReferenceUID") for roi in rois]
    return RoiObject(
        **identity(ds, from_person_name(creator)),
        format="RTSTRUCT",
        names=tuple(unique_names(string(roi, "ROIName") or f"ROI {string(roi, 'ROINumber')}" for roi in rois)),
        frame_of_reference=next((frame for frame in frames if frame), string(ds, "FrameOfReferenceUID")),
        referenced_series=_distinct(series),
    )


def segment_label(segment: Dataset) -> str:
    """Return the label of a segment, "Segment n" where it has none."""
    return string(segment, "SegmentLabel") or f"Segment {string(segment, 'SegmentNumber')}"


def _distinct(uids: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(uid for uid in uids if uid))
