"""ROIs as the labels of a NIfTI image: whole numbers in the voxels, names and colours in a table beside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqscript.datapoints.roi_names import roi_name
from vqscript.errors import ImageError, RoiError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume
from vqscript.roi.files import label_table, nifti_extension
from vqscript.roi.files.label_table import Label
from vqscript.roi.layers import MAX_LAYERS, MAX_ROIS
from vqscript.roi.region import bounding, nearest, shifted
from vqscript.roi.roiset import RoiSet

Labels = NDArray[np.uint16]

# Of a voxel: what rounding in headers of 32-bit numbers may move it.
_TOLERANCE = 0.05
_COUNTED = 1 << 16


def read_rois(path: Path, grid: Grid, *, table: Path | None = None) -> tuple[RoiSet, list[str]]:
    """Read a label image as ROIs on a grid.

    Parameters
    ----------
    path : Path
        ``.nii`` or ``.nii.gz``, three dimensions. Every number but 0 is an ROI.
    grid : Grid
        Where the ROIs are wanted. Voxels are taken over one to one where they coincide with the grid's, whatever the
        order and direction of the axes; otherwise each voxel takes the nearest one.
    table : Path, optional
        Names of the labels; by default a table of the image's name beside it (:mod:`label_table`), or the one in the
        image's header. Without names a single label is called as the file is, others "Label 1", "Label 2" ...

    Returns
    -------
    rois : RoiSet
        In the order of the labels. Further layers are read from their files, where the table speaks of them.
    notes : list of str

    Raises
    ------
    RoiError
        If the voxels are no labels: fractions, negative, or more different numbers than there can be ROIs.
    """
    numbers, labels, own = _label_image(path)
    if table is not None:
        named = label_table.read(table)
    else:
        named, found = label_table.beside(path, stem_of(path))
        table = found
        named = named or nifti_extension.labels(path)
    notes = [f"names are those of {table.name}"] if table else []
    rois = RoiSet(grid)
    _collect(rois, numbers, labels, own, _names(path, numbers, named, notes), notes)
    for n in sorted({label.layer for label in named.values()} - {1}):
        further = layer_path(path, n)
        numbers, labels, own = _label_image(further)
        _collect(rois, numbers, labels, own, _names(further, numbers, named, notes), notes)
    return rois, [f"{path.name}: {note}" for note in dict.fromkeys(notes)]


def read_folder(paths: Sequence[Path], grid: Grid) -> tuple[RoiSet, list[str]]:
    """Read several label images, such as one mask per organ, as ROIs on a grid; see :func:`read_rois`."""
    rois = RoiSet(grid)
    notes: list[str] = []
    for path in paths:
        read, remarks = read_rois(path, grid)
        notes += remarks
        for k, roi in enumerate(read.rois, 1):
            name = rois.free_name(roi.name)
            if name != roi.name:
                notes.append(f'{path.name}: an ROI called "{roi.name}" is named "{name}" here')
                read.edit(k, name=name)
            # Colours were given file by file: all masks would have the first.
            if roi.color in {other.color for other in rois.rois}:
                read.edit(k, color=rois.next_color())
            rois.adopt(read, k)
    return rois, notes


def write(rois: RoiSet, path: Path) -> list[Path]:
    """Write ROIs as label images, one per layer, and a table of their names; returns all files.

    Parameters
    ----------
    rois : RoiSet
        The number of an ROI is its label, in whichever layer it lies. One without voxels stands in the table only.
    path : Path
        Ends in ``.nii`` or ``.nii.gz``; further layers become ``name.layer2.nii.gz`` ..., the table ``name.tsv``.
    """
    from vqscript.imaging.nifti import write as write_image

    used = sorted({roi.layer for j, roi in enumerate(rois.rois, 1) if rois.part(j) is not None} | {1})
    # Files are numbered without gaps, whatever layers are empty.
    file_of = {layer: n for n, layer in enumerate(used, 1)}
    table = path.with_name(stem_of(path) + ".tsv")
    dtype = np.uint8 if len(rois) < 256 else np.uint16
    written: list[Path] = []
    # The first file goes last: once it is there, so are those that belong to it.
    for layer in reversed(used):
        members = {roi.label: j for j, roi in enumerate(rois.rois, 1) if roi.layer == layer}
        numbers = np.zeros(max(members, default=0) + 1, dtype)
        numbers[list(members)] = list(members.values())
        if file_of[layer] == 1:
            label_table.write(
                table,
                {j: Label(roi.name, roi.color, file_of.get(roi.layer, 1)) for j, roi in enumerate(rois.rois, 1)},
            )
        target = layer_path(path, file_of[layer])
        write_image(Volume(numbers[rois.layers[layer - 1]], rois.grid), target)
        written.insert(0, target)
    return [*written, table]


def stem_of(path: Path) -> str:
    """Return the name of an image without ``.nii`` or ``.nii.gz``."""
    name = path.name
    for suffix in (".gz", ".nii"):
        if name.casefold().endswith(suffix):
            name = name[: -len(suffix)]
    return name


def layer_path(path: Path, n: int) -> Path:
    """Return the file of layer ``n`` (1-based) of the set that is saved as ``path``."""
    stem = stem_of(path)
    return path if n == 1 else path.with_name(f"{stem}.layer{n}{path.name[len(stem) :]}")


# ---- voxels ------------------------------------------------------------------------------------------


def _label_image(path: Path) -> tuple[list[int], Labels, Grid]:
    """Return the labels that occur, the voxels numbered by their place in this list (from 1), and the grid."""
    from vqscript.imaging.nifti import read

    try:
        volume = read(path)
    except ImageError as error:
        raise RoiError(error.message, hint=error.hint, path=path) from error
    if volume.frames > 1:
        raise RoiError(
            f"{path}: has {volume.frames} frames, and ROIs do not move", hint="save one frame as the labels", path=path
        )
    planes = [_whole(path, volume, plane) for plane in volume.frame()]
    found = sorted({int(value) for plane in planes for value in _distinct(plane)} - {0})
    if len(found) > MAX_ROIS or (found and found[0] < 0):
        what = f"negative numbers ({found[0]})" if found[0] < 0 else f"{len(found)} different numbers"
        raise RoiError(f"{path}: holds {what}: an image, not labels", hint="dm:open(path, i) reads an image", path=path)
    labels = np.empty(volume.grid.shape, np.uint16)
    known = np.array([0, *found])
    place = np.zeros(known[-1] + 1, np.uint16) if known[-1] < _COUNTED else None
    if place is not None:
        place[known] = np.arange(len(known))
    for target, plane in zip(labels, planes, strict=True):
        target[:] = place[plane] if place is not None else np.searchsorted(known, plane)
    return found, labels, volume.grid


def _distinct(plane: NDArray[Any]) -> NDArray[Any]:
    """Return the different numbers of a slice; counting is far faster than sorting."""
    if plane.min() < 0 or plane.max() >= _COUNTED:
        return np.unique(plane)
    return np.flatnonzero(np.bincount(plane.ravel()))


def _whole(path: Path, volume: Volume, plane: NDArray[Any]) -> NDArray[Any]:
    """Return the values of a slice as whole numbers."""
    if plane.dtype.kind in "iu" and volume.slope == 1 and volume.intercept == 0:
        return plane
    values = volume.scaled(plane)
    with np.errstate(invalid="ignore"):
        whole = np.rint(values)
        if not ((np.abs(values - whole) < 1e-3) & (np.abs(values) < 1 << 31)).all():
            raise RoiError(
                f"{path}: holds fractions or values that are no numbers: an image, not labels",
                hint="dm:open(path, i) reads an image",
                path=path,
            )
    return whole.astype(np.int64)


def _names(path: Path, numbers: list[int], named: dict[int, Label], notes: list[str]) -> list[Label]:
    unnamed = [number for number in numbers if number not in named]
    if len(numbers) == 1 and not named:
        return [Label(stem_of(path))]
    if unnamed:
        some = ", ".join(map(str, unnamed[:8])) + (" ..." if len(unnamed) > 8 else "")
        notes.append(f"no name is known for the labels {some}")
    return [named.get(number) or Label(f"Label {number}") for number in numbers]


def _collect(rois: RoiSet, numbers: list[int], labels: Labels, own: Grid, names: list[Label], notes: list[str]) -> None:
    """Add the ROIs of one label image to a set, on a layer of their own."""
    from scipy.ndimage import find_objects

    if len(rois):
        if len(rois.layers) == MAX_LAYERS:
            raise RoiError(f"the labels lie on more than {MAX_LAYERS} layers")
        rois.active_layer = rois.add_layer()
    box = bounding(labels > 0)
    same = _coincide(own, rois.grid)
    if not same:
        notes.append("the labels lie on other voxels than the image's: each voxel took the nearest one")
    placed = None if box is None else nearest(labels[box], box, own, rois.grid)
    missing = (np.count_nonzero(labels) - (np.count_nonzero(placed[1]) if placed else 0)) if same else 0
    if missing:
        notes.append(f"{missing} voxels lie outside the image and were left out")
    extents = find_objects(placed[1], max_label=len(numbers)) if placed else [None] * len(numbers)
    for k, (label, extent) in enumerate(zip(names, extents, strict=True), 1):
        name = rois.free_name(roi_name(label.name))
        if name != label.name:
            notes.append(f'an ROI called "{label.name}" is named "{name}" here')
        j = rois.add(name, label.color)
        if placed is None or extent is None:
            notes.append(f'"{name}" has no voxel in the image')
            continue
        rois.set_mask(j, placed[1][extent] == k, shifted(extent, placed[0]))
    rois.active_layer = 1


def _coincide(own: Grid, grid: Grid) -> bool:
    """Whether the voxels of one grid are voxels of another, or would be if that one went on beyond its edge."""
    turn = grid.inverse[:3, :3] @ own.affine[:3, :3]
    whole = np.abs(np.rint(turn))
    first = grid.to_index(own.to_world((0, 0, 0)))
    off = np.abs(turn - np.rint(turn)) @ (np.array(own.size) - 1) + np.abs(first - np.rint(first))
    return bool((whole.sum(axis=0) == 1).all() and (whole.sum(axis=1) == 1).all() and off.max() < _TOLERANCE)
