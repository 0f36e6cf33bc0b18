"""Whether an object's ROIs may be placed on an image: frames of reference, and what they were drawn on."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid

HINT = 'load the image it was drawn on, or, if you know that both are aligned: roi:load(path, "-anyframe", true)'


def place_note(
    path: Path, theirs: str, grid: Grid, *, drawn_on: Collection[str], series: str | None, force: bool
) -> str:
    """Return a note on how an object is placed on an image, "" where there is nothing to tell.

    Parameters
    ----------
    path : Path
        Of the object.
    theirs : str
        Its Frame of Reference UID, "" if it does not say.
    grid : Grid
        Of the image.
    drawn_on : collection of str
        Series Instance UIDs of the images that the object refers to.
    series : str
        Series Instance UID of the image, "" if it has none; None if nobody asks, and nothing is told of an image
        without a frame of reference.
    force : bool
        Place an object of another frame of reference, or of none, as if it were the image's.

    Raises
    ------
    RoiError
        If the object lies in another frame of reference, or does not say in which, and is not forced.
    """
    ours = grid.frame_of_reference
    if theirs and theirs == ours:
        return ""
    if not theirs and not force:
        raise RoiError(f"{path}: does not say where it lies: it has no frame of reference", hint=HINT, path=path)
    if theirs and ours and not force:
        raise RoiError(
            f"{path}: drawn in another frame of reference: in frame of reference {theirs}, but the image has {ours}",
            hint=HINT,
            path=path,
            uid=theirs,
        )
    if series and series in drawn_on:
        return ""
    if theirs and not ours:
        whose = "the image has no frame of reference"
        if series is None:
            return ""
    else:
        whose = "it is of another frame of reference" if theirs else "it has no frame of reference"
    return f"{path.name}: {whose}: its place was taken as it stands; check that it fits"
