"""Inputs into files: NIfTI, or a folder with a DICOM series that is derived from the one that was read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.errors import UsageError, did_you_mean
from vqscript.files import whole_folder

if TYPE_CHECKING:
    from vqscript.session.session import Session

FORMATS = ("nifti", "dicom")


def save(session: Session, i: int, path: Path, form: str = "") -> Path:
    """Save input ``i``; returns the file or folder.

    Parameters
    ----------
    session : Session
    i : int
    path : Path
        A file ``.nii`` or ``.nii.gz`` for NIfTI; a folder, new or empty, for DICOM.
    form : str
        ``"nifti"`` or ``"dicom"``; "" goes by the name.

    Raises
    ------
    UsageError
        For an unknown format, the name of another kind of file, or a folder that holds something already.
    VqError
        If the values cannot be held by the format; nothing is written then.
    """
    from vqscript.imaging.nifti import is_nifti_name
    from vqscript.session.files import OTHER_KINDS

    item = session.inputs[i]
    if form and form.casefold() not in FORMATS:
        raise UsageError(f'there is no format "{form}"', hint=did_you_mean(form, FORMATS))
    nifti = form.casefold() == "nifti" or (not form and is_nifti_name(path.name))
    if nifti:
        from vqscript.imaging.nifti import write

        target = path if is_nifti_name(path.name) else path.with_name(path.name + ".nii.gz")
        write(item.volume, target)
        return target
    if not form and path.suffix.lower() in OTHER_KINDS:
        raise UsageError(
            f'an image is not saved as "{path.suffix}"',
            hint=".nii.gz and .nii make a NIfTI file, a name without extension a folder of DICOM files; "
            "mw:saveImage makes pictures",
        )
    _save_series(session, i, path)
    return path


def _save_series(session: Session, i: int, folder: Path) -> None:
    """Write the files of a derived series into a folder that appears with all of them."""
    from vqscript.session.submission import derived

    if folder.is_file() or (folder.is_dir() and any(folder.iterdir())):
        raise UsageError(
            f"{folder} is not empty", hint="DICOM is saved into a new folder; .nii.gz makes one file", path=folder
        )
    datasets = derived(session, i)
    with whole_folder(folder) as fresh:
        for number, dataset in enumerate(datasets, start=1):
            dataset.save_as(fresh / f"{number:05d}.dcm", enforce_file_format=True)
