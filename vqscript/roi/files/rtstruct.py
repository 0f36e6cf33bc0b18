"""ROIs of a DICOM RT Structure Set (PS3.3 C.8.8.5 and C.8.8.6)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from vqscript.datapoints.roi_names import unique_names
from vqscript.datapoints.roi_object import read_structure_set
from vqscript.errors import ImageError, RoiError, did_you_mean
from vqscript.imaging.dicom.stream import opened
from vqscript.imaging.dicom.values import conversion_errors
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region
from vqscript.roi.files.contours import SAME_PLANE, Points, rasterize, slice_distance
from vqscript.roi.files.placing import place_note
from vqscript.roi.files.rtstruct_writer import write_structures
from vqscript.roi.files.tilted import is_tilted, plane_gaps, plane_grid
from vqscript.roi.region import Mask
from vqscript.roi.roiset import RoiSet

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

__all__ = ["Structure", "read_rois", "read_structures", "write_structures"]

SOP_CLASS = "1.2.840.10008.5.1.4.1.1.481.3"

_AREAS = ("CLOSED_PLANAR", "CLOSEDPLANAR_XOR")


@dataclass(frozen=True, eq=False)
class Structure:
    """One ROI of a structure set: its name, where its coordinates belong, and its closed planar contours."""

    name: str
    frame_of_reference: str
    color: str | None
    contours: tuple[Points, ...]
    skipped: int
    """Contours that enclose no area: points, open lines, fewer than three corners."""
    drawn_on: frozenset[str]
    """Series Instance UIDs of the images that the structure set refers to."""


def read_structures(path: Path) -> list[Structure]:
    """Read the ROIs of a structure set as contours in LPS mm."""
    with _readable(path), opened(path) as (ds, _):
        if ds.get("SOPClassUID") != SOP_CLASS:
            raise RoiError(
                f"{path}: no RT Structure Set (its SOP class is {ds.get('SOPClassUID', 'missing')})", path=path
            )
        named, outlined = ds.get("StructureSetROISequence"), ds.get("ROIContourSequence")
        if not named or outlined is None:
            raise RoiError(f"{path}: holds no {'contours' if named else 'ROIs'}; it may be cut short", path=path)
        drawn = {int(item.ReferencedROINumber): item for item in outlined}
        frame, series = str(ds.get("FrameOfReferenceUID", "")), frozenset(read_structure_set(ds).referenced_series)
        return [_structure(path, item, drawn.get(int(item.ROINumber)), frame, series) for item in named]


def read_rois(
    path: Path, grid: Grid, *, names: Collection[str] | None = None, series: str | None = None, force: bool = False
) -> tuple[RoiSet, list[str]]:
    """Read a structure set as ROIs on a grid.

    A voxel belongs to an ROI if its centre lies inside the contours on its slice, by the even-odd rule; ROIs that
    overlap are put on different layers. Where the contours were drawn on another image, each slice takes the nearest
    plane of contours within half of their distance; contours that cross slices are filled in their own planes, and
    each voxel takes what is nearest there.

    Parameters
    ----------
    path : Path
    grid : Grid
        Of the image.
    names : collection of str, optional
        Only these ROIs; one that is missing is an error.
    series : str, optional
        Series Instance UID of the image ("" if it has none), to tell whether it is the one that was drawn on.
    force : bool
        Take contours of another frame of reference, or of none, as if they were of the grid's.

    Returns
    -------
    rois : RoiSet
    notes : list of str
        What was left out, clipped or renamed, for the user to read.
    """
    structures = read_structures(path)
    known = unique_names(structure.name for structure in structures)
    renamed = [
        f'{path.name}: an ROI called "{structure.name}" is named "{name}" here'
        for structure, name in zip(structures, known, strict=True)
        if structure.name != name and (names is None or name in names)
    ]
    structures = [replace(structure, name=name) for structure, name in zip(structures, known, strict=True)]
    if names is not None:
        for name in names:
            if name not in known:
                raise RoiError(f'{path}: holds no ROI "{name}"', hint=did_you_mean(name, known), path=path)
        structures = [structure for structure in structures if structure.name in names]
    rois = RoiSet(grid)
    structures, notes = _of_frame(path, structures, grid, series, force=force)
    thickness, remark = _thickness(structures, grid, series)
    notes = [*renamed, *notes, *([f"{path.name}: {remark}"] if remark else [])]
    for structure in structures:
        one = RoiSet(grid)
        name = structure.name
        j = one.add(name, structure.color or rois.next_color())
        if structure.skipped:
            notes.append(f"{path.name}: {name}: {structure.skipped} contours enclose no area: left out")
        if structure.contours:
            part, remarks = _fill(structure.contours, grid, thickness)
            notes += [f"{path.name}: {name}: {remark}" for remark in remarks]
            if part is not None:
                one.set_mask(j, part[1], part[0])
        if not one.count(j):
            notes.append(f"{path.name}: {name}: {_why_empty(structure)}")
        rois.adopt(one, j)
    return rois, notes


def _fill(
    contours: tuple[Points, ...], grid: Grid, thickness: float | None
) -> tuple[tuple[Region, Mask] | None, list[str]]:
    """Return the voxels inside contours: on the slices of the grid, or in their own planes where they cross those."""
    own = plane_grid(contours, grid, thickness) if is_tilted(contours, grid) else None
    if own is None:
        return rasterize(contours, grid, thickness)
    note = "contours are not parallel to the slices of the image: each voxel took the nearest plane"
    part, remarks = rasterize(contours, own, own.spacing[2])
    if part is None:
        return None, [note, *remarks]
    there = RoiSet(own)
    there.set_mask(there.add("there"), part[1], part[0])
    return there.regrid(grid).part(1), [note, *remarks]


def _why_empty(structure: Structure) -> str:
    return "no voxel centre lies inside its contours" if structure.contours else "has no contours, kept as an empty ROI"


def _thickness(structures: list[Structure], grid: Grid, series: str | None) -> tuple[float | None, str]:
    """Return the distance in mm of the planes that were drawn on, None for the slices of the image, and a note."""
    slices = slice_distance(grid)
    # Planes that rounding alone sets apart are one.
    gaps = [gap for structure in structures for gap in plane_gaps(structure.contours) if gap > SAME_PLANE * slices]
    if not gaps:
        return None, ""
    apart = min(gaps)
    drawn_on = structures[0].drawn_on
    if series is not None and drawn_on and series not in drawn_on:
        coincide = abs(apart / slices - 1) < SAME_PLANE and _on_slices(structures, grid)
        told = f"drawn on an image of other slices, {apart:.3g} mm apart: each slice took the nearest contours"
        return apart, "" if coincide else told
    if apart > 1.5 * slices:
        return None, f"the contours are {apart / slices:.3g} slices apart: the slices between them stay empty"
    return None, ""


def _on_slices(structures: list[Structure], grid: Grid) -> bool:
    heights = [grid.to_index(points)[:, 2] for structure in structures for points in structure.contours]
    return all(float(np.abs(height - np.rint(height.mean())).max()) <= SAME_PLANE for height in heights)


def _of_frame(
    path: Path, structures: list[Structure], grid: Grid, series: str | None, *, force: bool
) -> tuple[list[Structure], list[str]]:
    """Return the structures that can be placed on the grid, and notes on how, and on the others."""
    notes: dict[str, str] = {}
    refused: dict[str, RoiError] = {}
    for structure in structures:
        frame = structure.frame_of_reference
        try:
            notes[frame] = place_note(path, frame, grid, drawn_on=structure.drawn_on, series=series, force=force)
        except RoiError as error:
            refused[frame] = error
    if refused and not notes:
        raise next(iter(refused.values()))
    taken = [structure for structure in structures if structure.frame_of_reference not in refused]
    left_out = [
        f"{path.name}: {structure.name}: drawn in another frame of reference: left out"
        for structure in structures
        if structure.frame_of_reference in refused
    ]
    return taken, [*(note for note in notes.values() if note), *left_out]


def _structure(path: Path, roi: Dataset, drawn: Dataset | None, frame: str, series: frozenset[str]) -> Structure:
    contours, skipped = [], 0
    for item in (drawn.get("ContourSequence") if drawn is not None else None) or ():
        points = _points(path, item)
        if item.get("ContourGeometricType") in _AREAS and len(points) >= 3:
            contours.append(points)
        else:
            skipped += 1
    return Structure(
        name=str(roi.get("ROIName") or f"ROI {roi.ROINumber}"),
        frame_of_reference=str(roi.get("ReferencedFrameOfReferenceUID") or frame),
        color=_color(drawn.get("ROIDisplayColor")) if drawn is not None else None,
        contours=tuple(contours),
        skipped=skipped,
        drawn_on=series,
    )


def _points(path: Path, contour: Dataset) -> Points:
    """Return a contour's corners ``(n, 3)``, parsed from the raw element: one object a number would be slow."""
    element = contour.get_item("ContourData")
    value = element.value if element is not None else None
    numbers = value.decode("ascii").split("\\") if isinstance(value, bytes) else value
    points = np.array([float(number) for number in numbers or ()])
    if points.size % 3 or not np.isfinite(points).all():
        raise RoiError(f"{path}: a contour of {points.size} coordinates is damaged", path=path)
    return points.reshape(-1, 3)


def _color(value: object) -> str | None:
    """Return ROIDisplayColor as ``#rrggbb``; None where it is missing or out of range."""
    if not isinstance(value, Collection) or isinstance(value, str) or len(value) != 3:
        return None
    levels = [int(level) for level in value]
    return "#{:02x}{:02x}{:02x}".format(*levels) if all(0 <= level <= 255 for level in levels) else None


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Turn what pydicom raises on other and on damaged files into an error that names the file."""
    try:
        yield
    except ImageError as error:
        raise RoiError(error.message, hint=error.hint, path=path) from error
    except OSError as error:
        # pydicom raises a bare OSError where a sequence ends too early
        reason = "damaged, or cut short" if error.errno is None else "cannot be read"
        raise RoiError(f"{path}: {reason} ({error.strerror or error})", path=path) from error
    except conversion_errors() as error:
        raise RoiError(f"{path}: damaged, or cut short ({error})", path=path) from error
