"""ROI files: .rmha, DICOM SEG, RTSTRUCT and NIfTI labels, told apart by their content."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.roi.roiset import RoiSet

# Media Storage SOP Class UID (0002,0002) of the objects that hold ROIs.
_SEG = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
_RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
_ORDERS: tuple[Literal["little", "big"], ...] = ("little", "big")
# The size of their header begins a NIfTI-1 and a NIfTI-2 file, in either order of bytes.
_NIFTI = tuple(size.to_bytes(4, order) for size in (348, 540) for order in _ORDERS)
_GZIP = b"\x1f\x8b"
_READ_AS = {"rmha": ".rmha files", "nifti": "NIfTI label images"}


def load(
    path: Path,
    grid: Grid,
    *,
    series: str | None = None,
    force: bool = False,
    flip: str = "",
    table: Path | None = None,
) -> tuple[RoiSet, list[str]]:
    """Read the ROIs of a file, or of the one file with ROIs in a folder.

    Parameters
    ----------
    path : Path
        An .rmha file, DICOM SEG, RTSTRUCT or NIfTI label image, whatever its name; a folder with exactly one of the
        former three; or a folder of label images (one mask per organ).
    grid : Grid
        Of the reference input.
    series : str, optional
        Series Instance UID of the reference, "" if it has none: tells whether it is the image that was drawn on.
    force : bool
        Place SEG and RTSTRUCT of another frame of reference, or of none, as if it were the image's.
    flip : str
        Axes of an .rmha file to reverse, such as "x" or "yz".
    table : Path, optional
        Names of the labels of a NIfTI image; by default those found beside it or in its header.

    Returns
    -------
    rois : RoiSet
    notes : list of str
        What was left out, moved or renamed, for the user to read.
    """
    paths = _files_of(path) if path.is_dir() else [path]
    path, kind = paths[0], _kind(paths[0])
    for given, option, meant in ((flip, "-flip", "rmha"), (table, "-labels", "nifti")):
        if given and kind != meant:
            raise RoiError(f"{path}: {option} is for {_READ_AS[meant]} only", path=path)
    if kind == "rmha":
        from vqscript.roi.files import rmha

        return rmha.read_rois(path, grid, flip)
    if kind == "seg":
        from vqscript.roi.files import seg

        return seg.read_rois(path, grid, series=series, force=force)
    if kind == "rtstruct":
        from vqscript.roi.files import rtstruct

        return rtstruct.read_rois(path, grid, series=series, force=force)
    if kind == "nifti":
        from vqscript.roi.files import nifti

        return nifti.read_rois(path, grid, table=table) if len(paths) == 1 else nifti.read_folder(paths, grid)
    raise RoiError(
        f"{path}: holds no ROIs",
        hint="ROIs are read from .rmha, DICOM SEG, RTSTRUCT and NIfTI label files",
        path=path,
    )


def _kind(path: Path) -> str:
    """Return "rmha", "seg", "rtstruct", "nifti", or "" for a file of another kind."""
    try:
        with path.open("rb") as file:
            head = file.read(132)
    except OSError as error:
        raise RoiError(f"{path}: cannot be read ({error.strerror})", path=path) from error
    if head.startswith(b"ObjectType"):
        return "rmha"
    if head[:4] in _NIFTI or (head[:2] == _GZIP and path.name.casefold().endswith(".nii.gz")):
        return "nifti"
    if not head.endswith(b"DICM"):
        return ""
    from pydicom.filereader import read_file_meta_info

    from vqscript.imaging.dicom.values import conversion_errors, quiet

    try:
        with quiet():
            sop_class = read_file_meta_info(path).get("MediaStorageSOPClassUID", "")
    except conversion_errors() as error:
        raise RoiError(f"{path}: damaged, or cut short ({error})", path=path) from error
    return "seg" if sop_class in _SEG else "rtstruct" if sop_class == _RTSTRUCT else ""


def _files_of(folder: Path) -> list[Path]:
    """Return the one file with ROIs in a folder, or all label images where there are only these.

    Further layers belong to their first file.
    """
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    kinds = {path: _kind(path) for path in files if not _is_further_layer(path)}
    found = [path for path, kind in kinds.items() if kind and kind != "nifti"]
    if len(found) == 1:
        return found
    masks = [path for path, kind in kinds.items() if kind == "nifti"]
    if masks and not found:
        return masks
    raise RoiError(
        f"{folder}: holds {len(found) or 'no'} files with ROIs, where one is expected",
        hint=f"name one of them: {', '.join(path.name for path in found[:12])}" if found else "",
        path=folder,
    )


def _is_further_layer(path: Path) -> bool:
    """Whether a file is a further layer of another one in its folder: "rois.layer2.rmha" of "rois.rmha"."""
    layer = re.fullmatch(r"(.+)\.layer[2-8](\.rmha|\.nii|\.nii\.gz)", path.name, re.IGNORECASE)
    return layer is not None and path.with_name(layer[1] + layer[2]).is_file()
