"""DICOM segmentations as ROIs, and ROIs as DICOM segmentations."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vqscript.datapoints.parse import SEGMENTATIONS
from vqscript.datapoints.roi_names import unique_names
from vqscript.datapoints.roi_object import read_segmentation, segment_label
from vqscript.datapoints.sr import items
from vqscript.errors import NotDicom, RoiError, did_you_mean
from vqscript.imaging.dicom import values
from vqscript.imaging.dicom.header import read_header
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region
from vqscript.roi.files.cielab import from_cielab
from vqscript.roi.files.placing import place_note
from vqscript.roi.files.seg_frames import Frame, Pixels, read_frames, slice_spacing
from vqscript.roi.files.seg_writer import write_rois
from vqscript.roi.region import enclosing
from vqscript.roi.roiset import RoiSet

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["read_rois", "write_rois"]

Mask = NDArray[np.bool_]

# How far, in voxels, a segment's voxels may be from those of the grid and still be taken for the same: positions
# in files are rounded, and the slices of a PET lie unevenly by a few hundredths.
_IN_PLANE, _ACROSS = 0.1, 0.25
_SPACING = 0.05
_MOST_VOXELS = 1 << 31


def read_rois(
    path: Path, grid: Grid, *, names: Collection[str] | None = None, series: str | None = None, force: bool = False
) -> tuple[RoiSet, list[str]]:
    """Read a segmentation as ROIs on a grid.

    Parameters
    ----------
    path : Path
        A SEG: binary, fractional (one half and more is inside) or label map.
    grid : Grid
        Where the ROIs are wanted. Voxels are taken over one to one where those of the segmentation coincide with
        the grid's, whatever the order and direction of its axes; otherwise each voxel takes the nearest one.
    names : collection of str, optional
        Read these segments only.
    series : str, optional
        Series Instance UID of the image ("" if it has none), to tell whether it is the one that was drawn on.
    force : bool
        Read a segmentation of another frame of reference, or of none, too, as if it were the grid's.

    Returns
    -------
    rois : RoiSet
        In the order of the object; segments that overlap are on different layers.
    notes : list of str
        What was done that the user should know of.

    Raises
    ------
    RoiError
        If the file is no segmentation, lies in another frame of reference, or lacks one of the names.
    NotDicom, Unsupported
        If the file is damaged, or its voxels cannot be decoded.
    """
    header, instance = read_header(path)
    if instance.sop_class not in SEGMENTATIONS:
        raise RoiError(f"{path} is no segmentation but {instance.modality or 'another object'}", path=path)
    with values.naming(path), values.quiet():
        drawn_on = read_segmentation(header).referenced_series
    note = place_note(path, instance.frame_of_reference, grid, drawn_on=drawn_on, series=series, force=force)
    notes = [note] if note else []
    try:
        with values.quiet():
            segments, renamed = _segments(header, names)
            frames = read_frames(header, instance.frames)
            pixels = Pixels(path, header, instance)
        placed = _grid_of(header, frames, pixels, grid)
        rois, outside = _collect(segments, frames, pixels, placed)
    except (NotDicom, RoiError) as error:
        raise type(error)(f"{path}: {error.message}", hint=error.hint, path=path) from error
    notes += renamed
    if outside:
        notes.append(f"{outside} voxels lie outside the image and were left out")
    if placed is not grid:
        rois = rois.regrid(grid)
        notes.append("the segmentation has other voxels than the image: each voxel took the nearest one")
        notes += [f'"{roi.name}" has no voxel in the image' for j, roi in enumerate(rois.rois, 1) if not rois.count(j)]
    return rois, notes


def _segments(header: Dataset, names: Collection[str] | None) -> tuple[dict[int, tuple[str, str | None]], list[str]]:
    """Return (name, colour) by segment number, and a note for each label that is used twice."""
    described = [item for item in items(header, "SegmentSequence") if values.integer(item, "SegmentNumber")]
    labels = [segment_label(item) for item in described]
    unique = unique_names(labels)
    notes = [
        f'the label "{label}" is {"used twice: one" if labels.count(label) > 1 else "no name: it"} is called "{name}"'
        for label, name in zip(labels, unique, strict=True)
        if label != name
    ]
    for name in names or ():
        if name not in unique:
            raise RoiError(f'there is no segment "{name}"', hint=did_you_mean(name, unique))
    found: dict[int, tuple[str, str | None]] = {}
    for item, name in zip(described, unique, strict=True):
        number = values.integer(item, "SegmentNumber")
        if number and (names is None or name in names):
            color = values.numbers(item, "RecommendedDisplayCIELabValue")
            found[number] = name, from_cielab(color) if len(color) == 3 else None
    return found, notes


# ---- where the frames lie ----------------------------------------------------------------------------


def _grid_of(header: Dataset, frames: list[Frame], pixels: Pixels, grid: Grid) -> Grid:
    """Return ``grid`` itself if all frames coincide with its planes, else the segmentation's own grid."""
    spacing = slice_spacing(header)
    if all(_fits(frame, pixels.shape, grid) for frame in frames) and _same_spacing(frames, spacing, grid):
        return grid
    own = _own_grid(frames, pixels.shape, spacing)
    if not all(_fits(frame, pixels.shape, own) for frame in frames):
        raise RoiError("the frames form no regular grid: their positions or orientations differ")
    return own


def _fits(frame: Frame, shape: tuple[int, int], grid: Grid) -> bool:
    """Whether the corners of a frame are voxels of a grid, or would be if it went on beyond its edge."""
    first, steps = _in_voxels(frame, grid)
    whole = np.rint(steps)
    # Signed unit steps along two different axes, and small deviations even at the far corner.
    if not (np.abs(whole).sum(axis=0) == 1).all() or (np.abs(whole).sum(axis=1) > 1).any():
        return False
    rows, columns = shape
    corners = np.array([[0, 0], [columns - 1, 0], [0, rows - 1], [columns - 1, rows - 1]]).T
    off = np.abs((first - np.rint(first))[:, None] + (steps - whole) @ corners).max(axis=1)
    across = np.abs(whole).sum(axis=1) == 0
    return bool((off <= np.where(across, _ACROSS, _IN_PLANE)).all())


def _same_spacing(frames: list[Frame], spacing: float | None, grid: Grid) -> bool:
    """Whether frames follow each other as the grid's planes do: every other plane would fit too, with gaps."""
    if spacing is None or not frames:
        return True
    steps = _in_voxels(frames[0], grid)[1]
    across = int(np.argmin(np.abs(steps).sum(axis=1)))
    if grid.size[across] == 1:
        return True
    one, other = (grid.affine[:3, axis] for axis in range(3) if axis != across)
    distance = grid.voxel_volume / float(np.linalg.norm(np.cross(one, other)))
    return abs(spacing - distance) <= _SPACING * distance


def _in_voxels(frame: Frame, grid: Grid) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    first = grid.to_index(frame.position)
    steps: NDArray[np.float64] = grid.inverse[:3, :3] @ frame.steps
    return first, steps


def _own_grid(frames: list[Frame], shape: tuple[int, int], spacing: float | None) -> Grid:
    """Return the grid that the frames themselves make up; frames without voxels need not be there."""
    steps = frames[0].steps
    lengths = np.linalg.norm(steps, axis=0)
    normal = np.cross(steps[:, 0], steps[:, 1])
    normal /= np.linalg.norm(normal)
    along = np.array([frame.position @ normal for frame in frames])
    ordered = np.unique(np.round(along, 3))
    gaps = np.diff(ordered)
    if spacing is None:
        spacing = float(gaps.min()) if gaps.size else 1.0
    planes = float(ordered[-1] - ordered[0]) / spacing + 1
    if planes * shape[0] * shape[1] > _MOST_VOXELS:
        raise RoiError(
            f"the frames span {planes:.0f} planes of {shape[1]} x {shape[0]} voxels, which is more than is read"
        )
    count = round(planes)
    low, high = int(np.argmin(along)), int(np.argmax(along))
    # From the first plane to the last, not along the normal: planes may be sheared (gantry tilt).
    way = frames[high].position - frames[low].position
    third = way / np.linalg.norm(way) if count > 1 else normal
    step = float(np.linalg.norm(way)) / (count - 1) if count > 1 else spacing
    origin = frames[low].position
    return Grid(
        (shape[1], shape[0], count),
        (float(lengths[0]), float(lengths[1]), step),
        (float(origin[0]), float(origin[1]), float(origin[2])),
        np.column_stack([steps / lengths, third]),
    )


# ---- voxels ------------------------------------------------------------------------------------------


def _collect(
    segments: dict[int, tuple[str, str | None]], frames: list[Frame], pixels: Pixels, grid: Grid
) -> tuple[RoiSet, int]:
    """Return the segments as ROIs on a grid that the frames fit, and how many of their voxels lie outside it."""
    shown: dict[int, list[tuple[Frame, int]]] = {number: [] for number in segments}
    for frame in frames:
        for label in [0] if frame.segment else pixels.labels(frame.number):
            if (number := label or frame.segment) in shown:
                shown[number].append((frame, label))
    rois = RoiSet(grid)
    outside = 0
    for number, (name, color) in segments.items():
        mask = np.zeros(grid.shape, np.bool_)  # takes memory only where something is drawn
        drawn: list[Region] = []
        for frame, label in shown[number]:
            region, lost = _draw(mask, frame, pixels.frame(frame.number, label), grid)
            outside += lost
            drawn += [region] if region else []
        # Each in a set of its own first: adopting finds the layer where it overlaps nothing.
        single = RoiSet(grid)
        single.add(name, color or rois.next_color())
        if drawn:
            single.set_mask(1, mask[enclosing(drawn)], enclosing(drawn))
        rois.adopt(single, 1)
    return rois, outside


def _draw(mask: Mask, frame: Frame, plane: Mask, grid: Grid) -> tuple[Region | None, int]:
    """Draw a frame into a mask ``(z, y, x)``; return where it is, and how many of its voxels fell outside."""
    first, steps = _in_voxels(frame, grid)
    row, column = np.divmod(np.flatnonzero(plane), plane.shape[1])
    # Clipped, since no integer is as large as what a damaged position may say.
    start = np.clip(np.rint(first), -_MOST_VOXELS, _MOST_VOXELS).astype(np.intp)
    index = start[:, None] + np.rint(steps).astype(np.intp) @ np.stack([column, row])
    inside = ((index >= 0) & (index < np.array(grid.size)[:, None])).all(axis=0)
    lost = int(np.count_nonzero(~inside))
    if lost:
        index = index[:, inside]
    if not index.size:
        return None, lost
    x, y, z = index
    mask[z, y, x] = True
    low, high = index.min(axis=1), index.max(axis=1) + 1
    return (slice(low[2], high[2]), slice(low[1], high[1]), slice(low[0], high[0])), lost
