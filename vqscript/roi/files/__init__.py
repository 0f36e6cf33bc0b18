"""ROI files: .rmha, DICOM SEG and RTSTRUCT, told apart by their content."""

from __future__ import annotations

from pathlib import Path

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.roi.roiset import RoiSet

# Media Storage SOP Class UID (0002,0002) of the objects that hold ROIs.
_SEG = ("1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7")
_RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"


def load(path: Path, grid: Grid) -> tuple[RoiSet, list[str]]:
    """Read the ROIs of a file, or of the one file with ROIs in a folder.

    Parameters
    ----------
    path : Path
        An .rmha file, DICOM SEG or RTSTRUCT, whatever its name; or a folder with exactly one of them.
    grid : Grid
        Of the reference input.

    Returns
    -------
    rois : RoiSet
    notes : list of str
        What was left out, moved or renamed, for the user to read.
    """
    if path.is_dir():
        path = _only_file(path)
    kind = _kind(path)
    if kind == "rmha":
        from vqscript.roi.files import rmha

        return rmha.read_rois(path, grid)
    if kind == "seg":
        from vqscript.roi.files import seg

        return seg.read_rois(path, grid)
    if kind == "rtstruct":
        from vqscript.roi.files import rtstruct

        return rtstruct.read_rois(path, grid)
    raise RoiError(f"{path}: holds no ROIs", hint="ROIs are read from .rmha, DICOM SEG and RTSTRUCT files", path=path)


def _kind(path: Path) -> str:
    """Return "rmha", "seg", "rtstruct", or "" for a file of another kind."""
    try:
        with path.open("rb") as file:
            head = file.read(132)
    except OSError as error:
        raise RoiError(f"{path}: cannot be read ({error.strerror})", path=path) from error
    if head.startswith(b"ObjectType"):
        return "rmha"
    if not head.endswith(b"DICM"):
        return ""
    from pydicom.errors import InvalidDicomError
    from pydicom.filereader import read_file_meta_info

    try:
        sop_class = read_file_meta_info(path).get("MediaStorageSOPClassUID", "")
    except (InvalidDicomError, EOFError, OSError, ValueError) as error:
        raise RoiError(f"{path}: damaged, or cut short ({error})", path=path) from error
    return "seg" if sop_class in _SEG else "rtstruct" if sop_class == _RTSTRUCT else ""


def _only_file(folder: Path) -> Path:
    """Return the one file with ROIs in a folder; further layers of an .rmha file belong to it."""
    files = sorted(path for path in folder.iterdir() if path.is_file() and not path.name.startswith("."))
    found = [path for path in files if _kind(path) and not _is_further_layer(path)]
    if len(found) == 1:
        return found[0]
    raise RoiError(
        f"{folder}: holds {len(found) or 'no'} files with ROIs, where one is expected",
        hint=f"name one of them: {', '.join(path.name for path in found[:12])}" if found else "",
        path=folder,
    )


def _is_further_layer(path: Path) -> bool:
    stem, _, layer = path.stem.rpartition(".")
    return layer.startswith("layer") and path.with_name(stem + path.suffix).is_file()
