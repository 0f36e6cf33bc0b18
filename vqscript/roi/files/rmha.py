"""The .rmha file: VivoQuant's ROIs, a text header and run-length encoded voxels.

What is known comes from files seen, not from a specification. Three rules are ours:

* **Axes.** Voxels are taken in the order of the grid: x, y and z of the file are x, y and z of the reference,
  and the first byte pair begins at voxel (0, 0, 0). ``TransformMatrix`` (minus identity in the files seen) and
  ``Offset`` (0 even where the image has one) are written as seen and not interpreted: such files align by grid, not
  by position. Every import says so, and ``flip`` reverses axes where the rule does not hold.
* **Layers.** A file holds one layer. Further layers are written as ``name.layer2.rmha`` and so on, and the first
  file then says ``Comment = layer 1 of n``, by which they are found again.
* **Fields.** The last three of the six fields of a ROI are not understood; they are kept and written back.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vqscript.datapoints.roi_names import roi_name
from vqscript.errors import RoiError
from vqscript.files import whole_file
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region
from vqscript.roi.colors import read_color
from vqscript.roi.files import runs
from vqscript.roi.layers import MAX_LAYERS
from vqscript.roi.record import Roi
from vqscript.roi.roiset import RoiSet

ABOUT = (
    "PatientsName",
    "PatientID",
    "StudyDescription",
    "StudyDate",
    "StudyTime",
    "SeriesDescription",
    "SeriesDate",
    "SeriesTime",
    "ReferenceUID",
)
MAX_LABEL = 255
MATRIX = "-1 0 0 0 -1 0 0 0 -1"

_EXTRA = ("0", "127", "255")
# 255 ROIs with long names take some 50 KB; a file without an end of header within this is another kind of file.
_HEADER_LIMIT = 1 << 20
_HEADER_END = re.compile(rb"^ElementDataFile[ \t]*=[ \t]*([^\r\n]*)\r?\n", re.MULTILINE)
_ROI_KEY = re.compile(r"ROI\[(\d{1,4})\]")
_LAYERS = re.compile(r"layer 1 of (\d)")
_SPACING_TOLERANCE = 1e-3

Bytes = NDArray[np.uint8]


@dataclass(frozen=True)
class Entry:
    """One ``ROI[n]`` line of the header."""

    name: str
    color: str
    visible: bool
    extra: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class RmhaFile:
    """An .rmha file as it is, before it is put on a grid.

    Attributes
    ----------
    path : Path
    size : tuple of int
        Voxels along x, y, z.
    spacing : tuple of float
        In mm along x, y, z.
    header : dict of str
        All header lines but those of the ROIs.
    entries : dict of int to Entry
        By label.
    labels : uint8 array
        ``(z, y, x)``; 0 is the background.
    extents : dict of int to Region
        A region for each label in use, that holds all its voxels.
    """

    path: Path
    size: tuple[int, int, int]
    spacing: tuple[float, float, float]
    header: dict[str, str]
    entries: dict[int, Entry]
    labels: Bytes
    extents: dict[int, Region]

    @property
    def names(self) -> list[str]:
        """Names in the order of the labels."""
        return [self.entries[label].name for label in sorted(self.entries)]

    @property
    def layers(self) -> int:
        """How many files (one per layer) the set was written to; this is the first of them."""
        match = _LAYERS.fullmatch(self.header.get("Comment", ""))
        return int(match[1]) if match else 1


# ---- reading ----------------------------------------------------------------------------------------------


def read(path: Path) -> RmhaFile:
    """Read an .rmha file.

    Raises
    ------
    RoiError
        The file is another kind of file, or its voxels are not as many as its header says. Nothing is
        allocated before sizes are found to agree.
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEADER_LIMIT)
            end = _HEADER_END.search(head)
            if end is None or not head.startswith(b"ObjectType"):
                raise _broken(path, "it does not begin with the header of an .rmha file")
            header, entries = _parse_header(path, head[: end.start()])
            if end[1].strip() != b"LOCAL":
                raise _broken(path, f"its voxels are elsewhere (ElementDataFile = {end[1].decode(errors='replace')})")
            size, spacing = _geometry(path, header)
            voxels = size[0] * size[1] * size[2]
            length = os.fstat(file.fileno()).st_size - end.end()
            # Each pair of bytes stands for 1 to 255 voxels.
            if length % 2 or not length / 2 <= voxels <= length // 2 * 255:
                raise _broken(path, f"{length} bytes of runs cannot fill {_text(size)} voxels")
            file.seek(end.end())
            body = file.read(length)
    except OSError as error:
        raise RoiError(f"{path}: cannot be read ({error.strerror})", path=path) from error
    try:
        labels = runs.decode(body, voxels).reshape(size[::-1])
    except ValueError as error:
        raise _broken(path, str(error)) from error
    return RmhaFile(path, size, spacing, header, entries, labels, runs.extents(body, labels.shape))


def to_roiset(file: RmhaFile, grid: Grid, flip: str = "") -> tuple[RoiSet, list[str]]:
    """Put the ROIs of a file on a grid.

    Parameters
    ----------
    file : RmhaFile
    grid : Grid
        Of the file's size and spacing.
    flip : str
        Axes to reverse, such as ``"x"`` or ``"yz"``; by default none.

    Returns
    -------
    rois : RoiSet
    notes : list of str
        What the user should know.
    """
    if not set(flip) <= set("xyz"):
        raise RoiError(f'flip "{flip}" is not understood', hint='name axes: "x", "yz", "xyz" ...')
    if file.size != grid.size or not np.allclose(file.spacing, grid.spacing, rtol=_SPACING_TOLERANCE, atol=0):
        raise RoiError(
            f"{file.path}: drawn on {_text(file.size)} voxels of {_text(file.spacing)} mm, "
            f"but the reference has {_text(grid.size)} of {_text(grid.spacing)} mm",
            hint="load the image that the ROIs were drawn on as the reference",
            path=file.path,
        )
    notes = [f"{file.path.name}: voxels taken in the order of the reference's{_flipped(flip)}; check left and right"]
    if file.header.get("TransformMatrix", MATRIX).split() != MATRIX.split():
        notes.append(
            f"{file.path.name}: TransformMatrix is {file.header['TransformMatrix']}, unlike other files; not applied"
        )
    forward = tuple(slice(None, None, -1 if axis in flip else 1) for axis in "zyx")

    rois = RoiSet(grid)
    for label in sorted(file.entries.keys() | file.extents.keys()):
        entry = file.entries.get(label)
        if entry is None:
            entry = Entry(f"ROI {label}", "", True, _EXTRA)
            notes.append(f"{file.path.name}: voxels with label {label} have no name; they are called {entry.name}")
        j = _add(rois, entry, notes, file.path.name)
        if label in file.extents:
            region = file.extents[label]
            mask = file.labels[region] == label
            rois.set_mask(j, mask[forward], _mirrored(region, grid, flip))
    return rois, notes


def read_rois(path: Path, grid: Grid, flip: str = "") -> tuple[RoiSet, list[str]]:
    """Read an .rmha file, and the files of its further layers, as ROIs on a grid.

    See :func:`to_roiset` for parameters and returns.
    """
    first = read(path)
    rois, notes = to_roiset(first, grid, flip)
    for n in range(2, min(first.layers, MAX_LAYERS) + 1):
        rois.add_layer()
        layer, further = to_roiset(read(layer_path(path, n)), grid, flip)
        notes += further[1:]  # the first note, on the order of the voxels, has been given
        for k, roi in enumerate(layer.rois, 1):
            j = _add(rois, Entry(roi.name, roi.color, roi.visible, roi.extra), notes, path.name, layer=n)
            part = layer.part(k)
            if part is not None:
                rois.set_mask(j, part[1], part[0])
    return rois, notes


def _mirrored(region: Region, grid: Grid, flip: str) -> Region:
    z, y, x = (
        slice(size - along.stop, size - along.start) if axis in flip else along
        for axis, along, size in zip("zyx", region, grid.shape, strict=True)
    )
    return z, y, x


def _add(rois: RoiSet, entry: Entry, notes: list[str], file: str, layer: int = 1) -> int:
    name = rois.free_name(roi_name(entry.name))
    if name != entry.name:
        notes.append(f'{file}: an ROI called "{entry.name}" is named "{name}" here')
    j = rois.add(name, read_color(entry.color), layer)
    rois.edit(j, visible=entry.visible)
    rois.roi(j).extra = entry.extra
    return j


def _parse_header(path: Path, head: bytes) -> tuple[dict[str, str], dict[int, Entry]]:
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError:
        text = head.decode("latin-1")
    header: dict[str, str] = {}
    entries: dict[int, Entry] = {}
    for line in text.split("\n"):
        key, equals, value = (piece.strip() for piece in line.partition("="))
        if not line.strip():
            continue
        if not equals or key in header:
            raise _broken(path, f'line "{line[:80]}" of its header is not understood')
        roi = _ROI_KEY.fullmatch(key)
        if roi is None:
            header[key] = value
            continue
        label, fields = int(roi[1]), value.rsplit(":", 5)  # a name may hold colons
        if not 1 <= label <= MAX_LABEL or label in entries or len(fields) != 6:
            raise _broken(path, f'line "{line[:80]}" of its header is not understood')
        name, color, visible, *extra = fields
        entries[label] = Entry(name, color, visible.strip().lower() not in ("0", "false"), tuple(extra))
    expected = {"ObjectType": "ROI", "NDims": "3", "CompressedData": "RLE", "ElementType": "MET_UCHAR"}
    for key, value in expected.items():
        if header.get(key) != value:
            raise _broken(path, f'its header says {key} = {header.get(key, "nothing")}, where "{value}" is read')
    return header, entries


def _geometry(path: Path, header: dict[str, str]) -> tuple[tuple[int, int, int], tuple[float, float, float]]:
    try:
        nx, ny, nz = (int(n) for n in header["DimSize"].split())
        sx, sy, sz = (float(s) for s in header["ElementSpacing"].split())
    except KeyError as error:
        raise _broken(path, f"its header has no {error.args[0]}") from error
    except ValueError as error:
        raise _broken(path, "DimSize or ElementSpacing in its header are not three numbers") from error
    if min(nx, ny, nz) < 1 or not all(np.isfinite(s) and s > 0 for s in (sx, sy, sz)):
        raise _broken(path, f"its header gives {nx} {ny} {nz} voxels of {sx} {sy} {sz} mm")
    return (nx, ny, nz), (sx, sy, sz)


# ---- writing ----------------------------------------------------------------------------------------------


def write(rois: RoiSet, path: Path, about: Mapping[str, str] | None = None) -> list[Path]:
    """Write ROIs to an .rmha file, and to one more file for each further layer that holds ROIs.

    Parameters
    ----------
    rois : RoiSet
    path : Path
        File of the first layer; an existing one is replaced.
    about : mapping of str, optional
        Values of :data:`ABOUT` (patient, study and series that the ROIs were drawn on); the others are left empty.

    Returns
    -------
    list of Path
        All files written, the first layer's first.
    """
    about = dict(about or {})
    unknown = sorted(about.keys() - set(ABOUT))
    if unknown:
        raise RoiError(f"an .rmha file has no field {unknown[0]}", hint=f"its fields: {', '.join(ABOUT)}")
    by_layer = [[roi for roi in rois.rois if roi.layer == n] for n in range(1, len(rois.layers) + 1)]
    for n, members in enumerate(by_layer, 1):
        if len(members) > MAX_LABEL:
            raise RoiError(
                f"{path}: layer {n} has {len(members)} ROIs, and an .rmha file holds at most {MAX_LABEL}",
                hint="save as DICOM SEG, or spread them over layers",
                path=path,
            )
    while len(by_layer) > 1 and not by_layer[-1]:
        by_layer.pop()
    comment = f"layer 1 of {len(by_layer)}" if len(by_layer) > 1 else ""
    written = [layer_path(path, n) for n in range(1, len(by_layer) + 1)]
    # The first file goes last: once it names the further layers they are there.
    for n in range(len(by_layer), 0, -1):
        header = _header(rois.grid, by_layer[n - 1], about, comment if n == 1 else "")
        with whole_file(written[n - 1]) as file:
            file.write(header + runs.encode(_renumbered(rois, n, by_layer[n - 1])))
    return written


def layer_path(path: Path, n: int) -> Path:
    """Return the file of layer ``n`` (1-based) of the set that is saved as ``path``."""
    return path if n == 1 else path.with_name(f"{path.stem}.layer{n}{path.suffix}")


def _header(grid: Grid, members: list[Roi], about: Mapping[str, str], comment: str) -> bytes:
    lines = [
        "ObjectType = ROI",
        "NDims = 3",
        *([f"Comment = {comment}"] if comment else []),
        "BinaryData = True",
        "BinaryDataByteOrderMSB = False",
        "CompressedData = RLE",
        f"TransformMatrix = {MATRIX}",
        "Offset = 0 0 0",
        "CenterOfRotation = 0 0 0",
        "AnatomicalOrientation = LPS",
        f"ElementSpacing = {_text(grid.spacing, ' ')}",
        f"DimSize = {_text(grid.size, ' ')}",
        "ElementType = MET_UCHAR",
    ]
    for label, roi in enumerate(members, 1):
        fields = [roi.name, roi.color, str(int(roi.visible)), *(roi.extra or _EXTRA)]
        lines.append(f"ROI[{label}] = {':'.join(fields)}")
    lines += [f"{key} = {' '.join(about.get(key, '').split())}" for key in ABOUT]
    lines.append("ElementDataFile = LOCAL")
    return ("\n".join(lines) + "\n").encode()


def _renumbered(rois: RoiSet, layer: int, members: list[Roi]) -> Bytes:
    """Return a layer with its ROIs numbered from 1."""
    numbers = np.zeros(max((roi.label for roi in members), default=0) + 1, np.uint8)
    numbers[[roi.label for roi in members]] = np.arange(1, len(members) + 1)
    renumbered: Bytes = numbers[rois.layers[layer - 1]]
    return renumbered


def _broken(path: Path, reason: str) -> RoiError:
    return RoiError(f"{path}: no .rmha file that can be read: {reason}", path=path)


def _text(numbers: tuple[float, ...], between: str = " x ") -> str:
    return between.join(f"{n:.9g}" for n in numbers)


def _flipped(flip: str) -> str:
    return f", reversed along {' and '.join(sorted(flip))}" if flip else ""
