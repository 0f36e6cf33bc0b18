"""Load NM multi-frame objects: reconstructed slices or planar images in one file (PS3.3, A.5 and C.8.4)."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import GeometryError, NotDicom, Unsupported
from vqscript.imaging.dicom import nm_grid, pixels, values
from vqscript.imaging.dicom.header import read_header
from vqscript.imaging.dicom.instance import Instance
from vqscript.imaging.dicom.nm_timing import Moment, timing
from vqscript.imaging.dicom.quantity import quantity
from vqscript.imaging.volume import Source, Volume

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

# Third value of ImageType (PS3.3, C.8.4.9.1.1): what has no slices, and what are projections by angle.
PLANAR = frozenset({"STATIC", "WHOLE BODY", "DYNAMIC", "GATED"})
_PROJECTIONS = frozenset({"TOMO", "GATED TOMO"})

# What FrameIncrementPointer may count, by what it means for a volume (C.8.4.8.1.1).
_SLICE = "SliceVector"
_DETECTOR = "DetectorVector"
_WINDOW = "EnergyWindowVector"
_APART = (_WINDOW, _DETECTOR)
TIME = ("PhaseVector", "RotationVector", "RRIntervalVector", "TimeSlotVector", "TimeSliceVector")
_VIEW = "AngularViewVector"


@dataclass(frozen=True, eq=False)
class _Image:
    """One separate image of an object: which frames it is made of.

    Attributes
    ----------
    frames : (t, z) int array
        0-based frame numbers, slices in their order.
    moments : list of Moment
        What counts each of the t time frames.
    detector : int
        1-based.
    """

    frames: NDArray[np.intp]
    moments: list[Moment]
    detector: int


def load(instance: Instance) -> list[Volume]:
    """Load an NM object.

    Parameters
    ----------
    instance : Instance

    Returns
    -------
    list of Volume
        One for each energy window and detector; 4-D where frames are gates, phases, rotations or time slices.
        Planar images have one slice, and a warning that says so.

    Raises
    ------
    Unsupported
        For projections, and frames that form no full table of slices and times.
    GeometryError
        If the position, orientation or slice distance is missing or cannot be.
    """
    header, instance = read_header(instance.path)
    values.settle(header)
    with values.naming(instance.path):
        return _load(header, instance)


def _load(header: Dataset, instance: Instance) -> list[Volume]:
    kind = "\\".join(instance.image_type.split("\\")[2:3])
    if kind in _PROJECTIONS:
        raise Unsupported(
            f"an NM object of type {kind} holds projections, no slices", hint="load the series reconstructed from it"
        )
    planar = kind in PLANAR
    vectors = _vectors(header, instance.frames)
    images = _images(vectors, instance.frames, planar)
    meaning = quantity(header)
    slope, intercept = meaning.mapping or (instance.slope, instance.intercept)
    pixels.check_rescale(instance, slope, intercept)
    stored = pixels.read(instance)
    volumes = []
    for image in images:
        order, warnings = image.frames, meaning.warnings
        if planar:
            grid, told = nm_grid.planar(header, instance, image.detector)
            warnings += told
        else:
            grid, backwards = nm_grid.reconstructed(header, instance, order.shape[1])
            order = order[:, ::-1] if backwards else order
        when, frame_times = timing(header, instance, image.moments)
        volumes.append(
            Volume(
                _select(stored, order),
                grid,
                unit=meaning.unit,
                slope=slope,
                intercept=intercept,
                modality=instance.modality,
                header=_own_header(header, vectors, image.frames.ravel().tolist()),
                source=Source(instance.study_uid, instance.series_uid, (instance.path,), (instance.sop_uid,)),
                frame_times=frame_times,
                warnings=warnings,
                timing=when,
            )
        )
    return volumes


def _select(stored: NDArray[Any], order: NDArray[np.intp]) -> NDArray[Any]:
    """Return frames of the file as (z, y, x), or (t, z, y, x); a view where the file has them in order."""
    frames = order.ravel()
    chosen = stored if np.array_equal(frames, np.arange(len(stored))) else stored[frames]
    return chosen if len(order) == 1 else chosen.reshape(*order.shape, *stored.shape[1:])


def _own_header(header: Dataset, vectors: Mapping[str, list[int]], frames: list[int]) -> Dataset:
    """Return a header that describes one image of an object: its energy window, its detector, its frames in order."""
    if frames == list(range(values.integer(header, "NumberOfFrames") or 1)):
        return header
    own = copy.deepcopy(header)
    own.NumberOfFrames = len(frames)
    for keyword, numbers in vectors.items():
        setattr(own, keyword, [numbers[frame] for frame in frames])
    for keyword, described, count in (
        (_WINDOW, "EnergyWindowInformationSequence", "NumberOfEnergyWindows"),
        (_DETECTOR, "DetectorInformationSequence", "NumberOfDetectors"),
    ):
        items = values.items(own, described)
        if keyword in vectors and 0 < (number := vectors[keyword][frames[0]]) <= len(items):
            setattr(own, described, [items[number - 1]])
            setattr(own, keyword, [1] * len(frames))
            setattr(own, count, 1)
    return own


def _images(vectors: Mapping[str, list[int]], frames: int, planar: bool) -> list[_Image]:
    views = vectors.get(_VIEW)
    if views is not None and len(set(views)) > 1 and _SLICE not in vectors:
        raise Unsupported("frames of an NM object that are counted by angle are projections, no slices")
    apart = _combined(vectors, _APART, frames)
    time = _combined(vectors, TIME, frames)
    counters = [keyword for keyword in TIME if keyword in vectors]
    # An object that counts no slices has them in the order of its frames, within each image and time.
    slices = vectors.get(_SLICE)
    found: dict[tuple[int, ...], dict[tuple[int, ...], list[tuple[int, int]]]] = {}
    for frame in range(frames):
        times = found.setdefault(apart[frame], {}).setdefault(time[frame], [])
        times.append((slices[frame] if slices else len(times), frame))
    images = []
    numbering = sorted(number for number, _ in next(iter(next(iter(found.values())).values())))
    for times_of_image in found.values():
        moments = sorted(times_of_image)
        rows = [sorted(times_of_image[moment]) for moment in moments]
        uneven = any([number for number, _ in row] != numbering for row in rows) or len(set(numbering)) < len(numbering)
        if uneven or (planar and len(numbering) > 1):
            raise Unsupported(
                f"the {frames} frames of an NM object form no full table of slices and times "
                f"(counted by {', '.join(vectors) or 'nothing'})"
            )
        table = np.array([[frame for _, frame in row] for row in rows], dtype=np.intp)
        detector = vectors[_DETECTOR][table[0, 0]] if _DETECTOR in vectors else 1
        images.append(_Image(table, [dict(zip(counters, moment, strict=True)) for moment in moments], detector))
    if numbering and numbering[-1] - numbering[0] != len(numbering) - 1:
        raise GeometryError(f"slices are missing: SliceVector goes to {numbering[-1]} with {len(numbering)} slices")
    return images


def _vectors(header: Dataset, frames: int) -> dict[str, list[int]]:
    """Return what FrameIncrementPointer names: keyword -> a number for each frame."""
    from pydicom.datadict import keyword_for_tag

    tags = [int(tag) for tag in values.numbers(header, "FrameIncrementPointer")]
    vectors = {}
    for keyword in (keyword_for_tag(tag) for tag in tags):
        if keyword not in (_SLICE, _VIEW, *_APART, *TIME):
            raise Unsupported(f'frames of an NM object are counted by "{keyword}", which has no place in a volume')
        numbers = values.numbers(header, keyword)
        if len(numbers) != frames:
            raise NotDicom(f"{keyword} counts {len(numbers)} frames, the object has {frames}")
        vectors[keyword] = [int(number) for number in numbers]
    return vectors


def _combined(vectors: Mapping[str, list[int]], keywords: tuple[str, ...], frames: int) -> list[tuple[int, ...]]:
    present = [vectors[keyword] for keyword in keywords if keyword in vectors]
    return [tuple(vector[frame] for vector in present) for frame in range(frames)]
