"""What a session loaded: where its numbers come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from vqscript.session.inputs import Input


@dataclass(frozen=True)
class Origin:
    """A series in an input, or ROIs of a file.

    Attributes
    ----------
    kind : str
        ``"image"`` or ``"rois"``.
    name : str
        Of the series or file, for people.
    input : int
        Number of the input, -1 for ROIs.
    study_uid, series_uid : str
        Of an image; "" where it was not DICOM.
    sop_uid : str
        Of a DICOM object with ROIs.
    path : str
        Of a file with ROIs.
    rois : tuple of str
        The names that were taken.
    provenance : sequence of str
        What was done to the image since, oldest first; it grows as the session goes on.
    """

    kind: str
    name: str
    input: int = -1
    study_uid: str = ""
    series_uid: str = ""
    sop_uid: str = ""
    path: str = ""
    rois: tuple[str, ...] = ()
    provenance: Sequence[str] = field(default=())

    def record(self) -> dict[str, Any]:
        """Return it as plain data, without what is not known."""
        return {name: value for name, value in asdict(self).items() if value not in ("", -1, (), [])}


def of_input(i: int, item: Input) -> Origin:
    """Return the origin of an input; its list of provenance is shared, its voxels are not."""
    source = item.volume.source
    return Origin("image", item.name, i, source.study_uid, source.series_uid, provenance=item.provenance)


def of_rois(path: Path, names: Sequence[str]) -> Origin:
    """Return the origin of ROIs that were read from a file."""
    return Origin("rois", path.name, sop_uid=_sop_uid(path), path=str(path), rois=tuple(names))


def _sop_uid(path: Path) -> str:
    """Return the UID of a DICOM object, "" for another kind of file."""
    from pydicom.filereader import read_file_meta_info

    from vqscript.imaging.dicom.values import conversion_errors

    try:
        return str(read_file_meta_info(path).get("MediaStorageSOPInstanceUID", "")) if path.is_file() else ""
    except conversion_errors():
        return ""  # an .rmha or NIfTI file
