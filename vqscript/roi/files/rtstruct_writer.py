"""ROIs as a DICOM RT Structure Set: PS3.3 A.19.3, C.8.8.5, C.8.8.6 and C.8.8.8."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from vqscript.datapoints.derived import derived_instance
from vqscript.datapoints.people import to_person_name
from vqscript.datapoints.sr import reference
from vqscript.errors import RoiError
from vqscript.imaging.volume import Volume
from vqscript.roi.files.outline import Corners, outlines
from vqscript.roi.files.references import check_name, checked, series_uid, slice_by_slice, sop_uids
from vqscript.roi.record import Roi
from vqscript.roi.roiset import RoiSet

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3"
_STUDY = "1.2.840.10008.3.1.2.3.1"  # Detached Study Management: retired, and still what stands for a study here
_LARGEST = 1e8  # mm; beyond it six decimals do not fit into the 16 characters of a DS


def write_structures(rois: RoiSet, image: Volume, *, creator: str, description: str = "ROIs") -> Dataset:
    """Return ROIs as a structure set of the image's study, ready to be saved.

    Parameters
    ----------
    rois : RoiSet
        Overlapping ROIs are fine; one without voxels has no contours.
    image : Volume
        What the ROIs lie on: a DICOM image of any kind on the grid of ``rois``.
    creator : str
        Goes into OperatorsName.
    description : str
        Label of the structure set, and series description.

    Returns
    -------
    pydicom.Dataset
        Closed planar contours on the slices of the image, which hold exactly the voxels of each ROI
        (:func:`~vqscript.roi.files.outline.outlines`). The structures are numbered as the ROIs are.

    Raises
    ------
    RoiError
        If no ROI has voxels, a name is not possible in DICOM, or the image is none from DICOM or lies elsewhere.
    """
    from pydicom.uid import ImplicitVRLittleEndian, generate_uid

    header = checked(rois, image)
    for roi in rois.rois:
        check_name(roi.name)
    frame = image.grid.frame_of_reference or generate_uid(prefix=None)

    ds = derived_instance(header, sop_class=STRUCTURE_SET, modality="RTSTRUCT", description=description, offset=4000)
    # An explicit length has 16 bits, and the coordinates of one contour can take more.
    ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    ds.StructureSetLabel = description[:16]
    ds.StructureSetDate, ds.StructureSetTime = ds.ContentDate, ds.ContentTime
    del ds.ContentDate, ds.ContentTime
    ds.OperatorsName = to_person_name(creator)
    ds.FrameOfReferenceUID = frame
    ds.PositionReferenceIndicator = None
    ds.ReferencedFrameOfReferenceSequence = [_drawn_on(image, frame)]
    ds.StructureSetROISequence = [_structure(j, roi, frame) for j, roi in enumerate(rois.rois, 1)]
    ds.ROIContourSequence = [_contours(j, rois, image) for j in range(1, len(rois) + 1)]
    ds.RTROIObservationsSequence = [_observation(j) for j in range(1, len(rois) + 1)]
    ds.ApprovalStatus = "UNAPPROVED"
    return ds


def _drawn_on(image: Volume, frame: str) -> Dataset:
    from pydicom.dataset import Dataset

    assert image.header is not None
    series = Dataset()
    series.SeriesInstanceUID = series_uid(image)
    series.ContourImageSequence = [reference(image.header.SOPClassUID, uid) for uid in sop_uids(image)]
    study = reference(_STUDY, image.header.StudyInstanceUID)
    study.RTReferencedSeriesSequence = [series]
    item = Dataset()
    item.FrameOfReferenceUID = frame
    item.RTReferencedStudySequence = [study]
    return item


def _structure(number: int, roi: Roi, frame: str) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ROINumber = number
    item.ReferencedFrameOfReferenceUID = frame
    item.ROIName = roi.name
    # Whether a script or a hand drew it is not known.
    item.ROIGenerationAlgorithm = "SEMIAUTOMATIC"
    return item


def _contours(number: int, rois: RoiSet, image: Volume) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ROIDisplayColor = [int(rois.roi(number).color[i : i + 2], 16) for i in (1, 3, 5)]
    item.ReferencedROINumber = number
    drawn = [_contour(z, corners, image) for z, corners in _planes(rois, number)]
    if drawn:
        item.ContourSequence = drawn
    return item


def _planes(rois: RoiSet, j: int) -> Iterator[tuple[int, Corners]]:
    """Yield slice and corners (voxel indices x, y) of each contour."""
    part = rois.part(j)
    if part is None:
        return
    (along_z, along_y, along_x), inside = part
    for z, plane in enumerate(inside, along_z.start):
        for corners in outlines(plane):
            yield z, corners + np.array([along_x.start, along_y.start])


def _contour(z: int, corners: Corners, image: Volume) -> Dataset:
    from pydicom.dataelem import RawDataElement
    from pydicom.dataset import Dataset
    from pydicom.tag import Tag

    points = image.grid.to_world(np.column_stack([corners, np.full(len(corners), float(z))]))
    if np.abs(points).max() >= _LARGEST:
        raise RoiError("the image lies too far from the origin for contours", hint="save the ROIs as .rmha")
    item = Dataset()
    if slice_by_slice(image):
        assert image.header is not None
        item.ContourImageSequence = [reference(image.header.SOPClassUID, image.source.sop_uids[z])]
    item.ContourGeometricType = "CLOSED_PLANAR"
    item.NumberOfContourPoints = len(points)
    # As bytes: an object for each of a million numbers would be slow. Adding 0 makes -0 positive.
    text = "\\".join(f"{mm:.6f}" for mm in (np.round(points, 6) + 0.0).ravel().tolist()).encode("ascii")
    text += b" " * (len(text) % 2)
    tag = Tag("ContourData")
    item[tag] = RawDataElement(tag, "DS", len(text), text, 0, True, True)
    return item


def _observation(number: int) -> Dataset:
    from pydicom.dataset import Dataset

    item = Dataset()
    item.ObservationNumber = item.ReferencedROINumber = number
    item.RTROIInterpretedType = None
    item.ROIInterpreter = None
    return item
