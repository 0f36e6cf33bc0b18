"""ROIs as a DICOM segmentation (binary, one segment per ROI): PS3.3 A.51 and C.8.20."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vqscript.datapoints.codes import PURPOSE, SEGMENTED, TISSUE
from vqscript.datapoints.derived import derived_instance
from vqscript.datapoints.people import to_person_name
from vqscript.datapoints.sr import coded, reference
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume
from vqscript.roi.files.cielab import to_cielab
from vqscript.roi.files.references import MAX_NAME, check_name, checked, series_uid, slice_by_slice, sop_uids
from vqscript.roi.record import Roi
from vqscript.roi.roiset import RoiSet

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4"


def write_rois(rois: RoiSet, image: Volume, *, creator: str, description: str = "ROIs") -> Dataset:
    """Return ROIs as a binary SEG of the image's study, ready to be saved.

    Parameters
    ----------
    rois : RoiSet
        ROIs without voxels are left out; overlapping ones are fine.
    image : Volume
        What the ROIs lie on: a DICOM image of any kind on the grid of ``rois``.
    creator : str
        Content creator's name.
    description : str
        Content and series description.

    Returns
    -------
    pydicom.Dataset
        Frames are as large as the image's, only planes that an ROI touches are stored. The segments are
        numbered from 1 in the order of the ROIs.

    Raises
    ------
    RoiError
        If no ROI has voxels, a name is not possible in DICOM, or the image is none from DICOM or lies elsewhere.
    """
    header = checked(rois, image)
    held = [j for j in range(1, len(rois) + 1) if rois.part(j) is not None]
    for j in held:
        check_name(rois.roi(j).name)

    ds = derived_instance(header, sop_class=SEGMENTATION, modality="SEG", description=description, offset=1000)
    _describe(ds, creator, description)
    _place(ds, image)
    ds.SegmentSequence = [_segment(number, rois.roi(j)) for number, j in enumerate(held, start=1)]
    ds.SegmentsOverlap = "YES" if _overlap(rois, held) else "NO"
    frames = [(number, z) for number, j in enumerate(held, start=1) for z in _planes(rois, j)]
    ds.NumberOfFrames = len(frames)
    _frame_groups(ds, frames, image)
    ds.PixelData = b"".join(_packed(rois, held))
    ds["PixelData"].VR = "OB"
    return ds


def _describe(ds: Dataset, creator: str, description: str) -> None:
    ds.ImageType = ["DERIVED", "PRIMARY"]
    ds.ContentLabel = "ROIS"
    ds.ContentDescription = description[:MAX_NAME]
    ds.ContentCreatorName = to_person_name(creator)
    ds.SegmentationType = "BINARY"
    ds.LossyImageCompression = "00"
    ds.SamplesPerPixel = 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated = ds.BitsStored = 1
    ds.HighBit = ds.PixelRepresentation = 0


def _segment(number: int, roi: Roi) -> Dataset:
    from pydicom.dataset import Dataset
    from pydicom.uid import generate_uid

    item = Dataset()
    item.SegmentNumber = number
    item.SegmentLabel = roi.name
    # Whether a script or a hand drew it is not known, nor what it is: the name is all there is.
    item.SegmentAlgorithmType = "SEMIAUTOMATIC"
    item.SegmentAlgorithmName = "vqscript"
    item.SegmentedPropertyCategoryCodeSequence = [coded(TISSUE)]
    item.SegmentedPropertyTypeCodeSequence = [coded(TISSUE)]
    item.RecommendedDisplayCIELabValue = to_cielab(roi.color)
    item.TrackingID = roi.name
    item.TrackingUID = generate_uid(prefix=None)
    return item


def _place(ds: Dataset, image: Volume) -> None:
    """Write size, frame of reference, what all frames share, and the images that were drawn on."""
    from pydicom.dataset import Dataset
    from pydicom.uid import generate_uid
    from pydicom.valuerep import format_number_as_ds

    grid = image.grid
    ds.Columns, ds.Rows, _ = grid.size
    # Type 1 here, but not in NM: a frame of its own where the image has none.
    ds.FrameOfReferenceUID = grid.frame_of_reference or generate_uid(prefix=None)
    ds.PositionReferenceIndicator = None

    between_slices = grid.voxel_volume / (grid.spacing[0] * grid.spacing[1] * _sine(grid))
    measures = Dataset()
    measures.PixelSpacing = [format_number_as_ds(grid.spacing[1]), format_number_as_ds(grid.spacing[0])]
    measures.SliceThickness = measures.SpacingBetweenSlices = format_number_as_ds(between_slices)
    orientation = Dataset()
    orientation.ImageOrientationPatient = [
        format_number_as_ds(float(part)) for axis in (0, 1) for part in grid.direction[:, axis]
    ]
    shared = Dataset()
    shared.PixelMeasuresSequence = [measures]
    shared.PlaneOrientationSequence = [orientation]
    if not slice_by_slice(image):
        shared.DerivationImageSequence = _derivation(image, sop_uids(image))
    ds.SharedFunctionalGroupsSequence = [shared]

    assert image.header is not None
    series = Dataset()
    series.SeriesInstanceUID = series_uid(image)
    series.ReferencedInstanceSequence = [reference(image.header.SOPClassUID, uid) for uid in sop_uids(image)]
    ds.ReferencedSeriesSequence = [series]


def _frame_groups(ds: Dataset, frames: list[tuple[int, int]], image: Volume) -> None:
    """Write the dimensions (segment, plane) and for each frame where it lies and what it was drawn on."""
    from pydicom.dataset import Dataset
    from pydicom.tag import Tag
    from pydicom.uid import generate_uid
    from pydicom.valuerep import format_number_as_ds

    organization = Dataset()
    organization.DimensionOrganizationUID = generate_uid(prefix=None)
    ds.DimensionOrganizationSequence = [organization]
    ds.DimensionIndexSequence = []
    for pointer, group in (
        ("ReferencedSegmentNumber", "SegmentIdentificationSequence"),
        ("ImagePositionPatient", "PlanePositionSequence"),
    ):
        dimension = Dataset()
        dimension.DimensionOrganizationUID = organization.DimensionOrganizationUID
        dimension.DimensionIndexPointer = Tag(pointer)
        dimension.FunctionalGroupPointer = Tag(group)
        dimension.DimensionDescriptionLabel = pointer
        ds.DimensionIndexSequence.append(dimension)

    planes = {z: place for place, z in enumerate(sorted({z for _, z in frames}), start=1)}
    groups = []
    for segment, z in frames:
        content = Dataset()
        content.DimensionIndexValues = [segment, planes[z]]
        position = Dataset()
        position.ImagePositionPatient = [format_number_as_ds(float(mm)) for mm in image.grid.to_world((0, 0, z))]
        identification = Dataset()
        identification.ReferencedSegmentNumber = segment
        item = Dataset()
        item.FrameContentSequence = [content]
        item.PlanePositionSequence = [position]
        item.SegmentIdentificationSequence = [identification]
        if slice_by_slice(image):
            item.DerivationImageSequence = _derivation(image, [image.source.sop_uids[z]])
        groups.append(item)
    ds.PerFrameFunctionalGroupsSequence = groups


def _derivation(image: Volume, uids: list[str]) -> list[Dataset]:
    """Return the images that a frame, or all of them, were drawn on."""
    from pydicom.dataset import Dataset

    assert image.header is not None
    sources = [reference(image.header.SOPClassUID, uid) for uid in uids]
    for source in sources:
        source.PurposeOfReferenceCodeSequence = [coded(PURPOSE)]
    item = Dataset()
    item.SourceImageSequence = sources
    item.DerivationCodeSequence = [coded(SEGMENTED)]
    return [item]


def _planes(rois: RoiSet, j: int) -> Iterator[int]:
    part = rois.part(j)
    if part is not None:
        (along_z, _, _), inside = part
        yield from (along_z.start + int(z) for z in np.flatnonzero(inside.any(axis=(1, 2))))


def _packed(rois: RoiSet, held: list[int]) -> Iterator[bytes]:
    """Yield the frames as bits, in groups of eight: those end with a byte, whatever the size of a frame."""
    _, rows, columns = rois.grid.shape
    group: NDArray[np.bool_] = np.zeros((8, rows, columns), np.bool_)
    filled = 0
    for j in held:
        part = rois.part(j)
        assert part is not None
        (_, along_y, along_x), inside = part
        for plane in inside:
            if plane.any():
                group[filled, along_y, along_x] = plane
                filled += 1
            if filled == len(group):
                yield np.packbits(group, bitorder="little").tobytes()
                group[:] = False
                filled = 0
    if filled:
        yield np.packbits(group[:filled], bitorder="little").tobytes()


def _overlap(rois: RoiSet, held: list[int]) -> bool:
    # ROIs of one layer cannot overlap.
    if len({rois.roi(j).layer for j in held}) == 1:
        return False
    count = np.zeros(rois.grid.shape, np.uint8)
    for j in held:
        part = rois.part(j)
        assert part is not None
        count[part[0]] += part[1]
    return bool(count.max() > 1)


def _sine(grid: Grid) -> float:
    return float(np.linalg.norm(np.cross(grid.direction[:, 0], grid.direction[:, 1])))
