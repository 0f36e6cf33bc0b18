"""The animal bed or table of a CT, told from the body that lies on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Volume

Mask = NDArray[np.bool_]

SOFT_TISSUE = -300.0
"""HU above which a voxel is not air."""


def body(values: NDArray[np.float32], grid: Grid, *, above: float = SOFT_TISSUE, opening: float = 1.0) -> Mask | None:
    """Return the voxels of the body: the largest thing in the image that is thicker than a bed's shell.

    What is no air is eroded, so that thin walls vanish and what touches falls apart; the largest connected part
    is grown back, and its cavities (lungs, bowel gas) are filled, slice by slice. Where a wall lies close
    against the body it cannot be told from it, and stays.

    Parameters
    ----------
    values : (z, y, x) float array
        HU.
    grid : Grid
    above : float
        Threshold in HU.
    opening : float
        Depth of the erosion in mm: walls of up to twice this thickness vanish. At least one voxel.

    Returns
    -------
    (z, y, x) bool array, or None
        None if nothing in the image is that thick.
    """
    from scipy.ndimage import binary_fill_holes, distance_transform_edt, label

    solid = values > above
    if not solid.any():
        return None
    spacing = grid.spacing[::-1]
    # A voxel's centre is at least one spacing away from the next one outside.
    depth = max(opening, *spacing)
    inner, count = label(distance_transform_edt(solid, sampling=spacing) > depth)
    if not count:
        return None
    sizes = np.bincount(inner.ravel())[1:]
    core = inner == 1 + int(sizes.argmax())
    # One voxel further than it was eroded, for rounded corners; never beyond what is solid.
    grown: Mask = solid & (distance_transform_edt(~core, sampling=spacing) <= depth + min(spacing))
    for plane in grown:
        plane[...] = binary_fill_holes(plane)
    return grown


def without_bed(volume: Volume) -> tuple[Volume, float] | None:
    """Return a CT whose voxels outside the body have its minimum, and how many mL were not air there.

    Parameters
    ----------
    volume : Volume
        In HU; frame by frame. It stays as it is.

    Returns
    -------
    (Volume, float) or None
        None if a frame shows no body.
    """
    stored, lowest = volume.stored.copy(), volume.stored.min()
    removed = 0
    for t in range(volume.frames):
        values = volume.values(t=t)
        kept = body(values, volume.grid)
        if kept is None:
            return None
        removed += int((~kept & (values > SOFT_TISSUE)).sum())
        (stored[t] if stored.ndim == 4 else stored)[~kept] = lowest
    return replace(volume, stored=stored), removed * volume.grid.voxel_volume / 1000
