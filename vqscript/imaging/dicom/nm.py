"""Load NM multi-frame objects: reconstructed slices in one file (PS3.3, A.5 and C.8.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import GeometryError, NotDicom, Unsupported
from vqscript.imaging.dicom import pixels, values
from vqscript.imaging.dicom.header import read_header
from vqscript.imaging.dicom.instance import Instance
from vqscript.imaging.dicom.quantity import quantity
from vqscript.imaging.dicom.timing import instant
from vqscript.imaging.geometry import plane_axes
from vqscript.imaging.grid import Float, Grid
from vqscript.imaging.volume import Source, Timing, Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# Third value of ImageType (PS3.3, C.8.4.9.1.1) of what has no slices.
_NO_SLICES = frozenset({"STATIC", "WHOLE BODY", "DYNAMIC", "GATED", "TOMO", "GATED TOMO"})

# What FrameIncrementPointer may count, by what it means for a volume (C.8.4.8.1.1).
_SLICE = "SliceVector"
_APART = ("EnergyWindowVector", "DetectorVector")
_TIME = ("PhaseVector", "RotationVector", "RRIntervalVector", "TimeSlotVector", "TimeSliceVector")
_VIEW = "AngularViewVector"


def load(instance: Instance) -> list[Volume]:
    """Load a reconstructed NM object.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    list of Volume
        One for each energy window and detector; 4-D where frames are gates, phases or rotations.

    Raises
    ------
    Unsupported
        For projections, planar images, and frames that form no full table of slices and times.
    GeometryError
        If the position, orientation or slice distance is missing or cannot be.
    """
    header, instance = read_header(instance.path)
    values.settle(header)
    with values.naming(instance.path):
        return _load(header, instance)


def _load(header: Dataset, instance: Instance) -> list[Volume]:
    kind = "\\".join(instance.image_type.split("\\")[2:3])
    tables = _tables(header, instance.frames, kind)
    grid, backwards = _grid(header, instance, tables[0].shape[1])
    meaning = quantity(header)
    slope, intercept = meaning.mapping or (instance.slope, instance.intercept)
    stored = pixels.read(instance)
    timing = _timing(header, instance)
    volumes = []
    for table in tables:
        order = table[:, ::-1] if backwards else table
        volumes.append(
            Volume(
                _select(stored, order),
                grid,
                unit=meaning.unit,
                slope=slope,
                intercept=intercept,
                modality=instance.modality,
                header=header,
                source=Source(instance.study_uid, instance.series_uid, (instance.path,), (instance.sop_uid,)),
                warnings=meaning.warnings,
                timing=timing,
            )
        )
    return volumes


def _select(stored: NDArray[Any], order: NDArray[np.intp]) -> NDArray[Any]:
    """Return frames of the file as (z, y, x), or (t, z, y, x); a view where the file has them in order."""
    frames = order.ravel()
    chosen = stored if np.array_equal(frames, np.arange(len(stored))) else stored[frames]
    return chosen if len(order) == 1 else chosen.reshape(*order.shape, *stored.shape[1:])


def _tables(header: Dataset, frames: int, kind: str) -> list[NDArray[np.intp]]:
    """Return for each separate image a (t, z) table of 0-based frame numbers, in the order of the slices."""
    if kind in _NO_SLICES:
        raise Unsupported(f"an NM object of type {kind} holds projections or planar images, no slices")
    vectors = _vectors(header, frames)
    views = vectors.pop(_VIEW, None)
    if views is not None and len(set(views)) > 1 and _SLICE not in vectors:
        raise Unsupported("frames of an NM object that are counted by angle are projections, no slices")
    apart = _combined(vectors, _APART, frames)
    time = _combined(vectors, _TIME, frames)
    # An object that counts no slices has them in the order of its frames, within each image and time.
    slices = vectors.get(_SLICE)
    images: dict[tuple[int, ...], dict[tuple[int, ...], list[tuple[int, int]]]] = {}
    for frame in range(frames):
        times = images.setdefault(apart[frame], {}).setdefault(time[frame], [])
        times.append((slices[frame] if slices else len(times), frame))
    tables = []
    numbering = sorted(number for number, _ in next(iter(next(iter(images.values())).values())))
    for times_of_image in images.values():
        rows = [sorted(times_of_image[moment]) for moment in sorted(times_of_image)]
        if any([number for number, _ in row] != numbering for row in rows) or len(set(numbering)) < len(numbering):
            raise Unsupported(
                f"the {frames} frames of an NM object form no full table of slices and times "
                f"(counted by {', '.join(vectors) or 'nothing'})"
            )
        tables.append(np.array([[frame for _, frame in row] for row in rows], dtype=np.intp))
    if numbering and numbering[-1] - numbering[0] != len(numbering) - 1:
        raise GeometryError(f"slices are missing: SliceVector goes to {numbering[-1]} with {len(numbering)} slices")
    return tables


def _vectors(header: Dataset, frames: int) -> dict[str, list[int]]:
    """Return what FrameIncrementPointer names: keyword -> a number for each frame."""
    from pydicom.datadict import keyword_for_tag

    pointer = values.value(header, "FrameIncrementPointer")
    tags = [] if pointer is None else pointer if hasattr(pointer, "__iter__") else [pointer]
    vectors = {}
    for keyword in (keyword_for_tag(tag) for tag in tags):
        if keyword not in (_SLICE, _VIEW, *_APART, *_TIME):
            raise Unsupported(f'frames of an NM object are counted by "{keyword}", which has no place in a volume')
        numbers = values.numbers(header, keyword)
        if len(numbers) != frames:
            raise NotDicom(f"{keyword} counts {len(numbers)} frames, the object has {frames}")
        vectors[keyword] = [int(number) for number in numbers]
    return vectors


def _combined(vectors: dict[str, list[int]], keywords: tuple[str, ...], frames: int) -> list[tuple[int, ...]]:
    present = [vectors[keyword] for keyword in keywords if keyword in vectors]
    return [tuple(vector[frame] for vector in present) for frame in range(frames)]


def _grid(header: Dataset, instance: Instance, slices: int) -> tuple[Grid, bool]:
    """Return the grid, and whether the file has its slices against the normal.

    Position and orientation are those of the first detector, where NM keeps them, else of the object
    itself. SpacingBetweenSlices is signed: negative steps go against the normal (PS3.3, C.8.4.15).
    """
    detectors = values.items(header, "DetectorInformationSequence") or [header]
    position = values.numbers(detectors[0], "ImagePositionPatient", 3) or instance.position
    orientation = values.numbers(detectors[0], "ImageOrientationPatient", 6) or instance.orientation
    spacing = instance.pixel_spacing
    step = values.number(header, "SpacingBetweenSlices") or instance.slice_thickness
    for name, found in (
        ("ImagePositionPatient", position),
        ("ImageOrientationPatient", orientation),
        ("PixelSpacing", spacing),
        ("SpacingBetweenSlices", step),
    ):
        if not found:
            raise GeometryError(f"an NM object without {name} has no known place")
    assert position and orientation and spacing and step
    if min(spacing) <= 0:
        raise GeometryError(f"PixelSpacing {spacing[0]:g} x {spacing[1]:g} mm is not positive")
    axes = plane_axes(orientation)
    origin: Float = np.asarray(position, dtype=np.float64)
    if step < 0:
        origin = origin + (slices - 1) * step * axes[:, 2]
    grid = Grid(
        (instance.columns, instance.rows, slices),
        (spacing[1], spacing[0], abs(step)),
        (origin[0], origin[1], origin[2]),
        axes,
        instance.frame_of_reference,
    )
    return grid, step < 0


def _timing(header: Dataset, instance: Instance) -> Timing:
    """Return one start and duration for the whole acquisition, ``(1, 1)``.

    The duration is that of all views: ActualFrameDuration is one view's where rotations are described
    (C.8.4.12), and the frame's own elsewhere.
    """
    rotations = values.items(header, "RotationInformationSequence")
    views = [
        (values.number(one, "ActualFrameDuration"), values.integer(one, "NumberOfFramesInRotation"))
        for one in rotations
    ]
    milliseconds = instance.frame_duration
    known = [(duration, count) for duration, count in views if duration is not None and count]
    if known and len(known) == len(views):
        milliseconds = sum(duration * count for duration, count in known)
    return Timing(
        np.array([[instant(instance.acquisition_time)]], dtype="datetime64[us]"),
        np.array([[np.nan if milliseconds is None else milliseconds / 1000]]),
        np.array([[np.nan]]),
    )
