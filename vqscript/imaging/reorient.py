"""Volumes moved, turned and mirrored.

Moving and turning change where a volume lies and leave its voxels alone, so that they are exact and can be undone;
:func:`vqscript.imaging.resampled.to_grid` then brings it onto the grid of another one. Mirroring is a correction of
an image that was written the wrong way round: the voxels change places, and left becomes right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import numpy as np

from vqscript.errors import UsageError, did_you_mean
from vqscript.imaging.rigid import RigidTransform
from vqscript.imaging.volume import Source, Timing, Volume

Axis = Literal["x", "y", "z"]
_AXES = ("x", "y", "z")


def translate(volume: Volume, millimetres: Sequence[float]) -> Volume:
    """Return a volume moved by x, y, z in mm (LPS: to the patient's left, back and head).

    Raises
    ------
    UsageError
        For what is not three finite numbers.
    """
    x, y, z = _three(millimetres, "a shift", "mm")
    return moved(volume, RigidTransform(translation=(x, y, z)))


def rotate(volume: Volume, degrees: Sequence[float], *, about: Sequence[float] | None = None) -> Volume:
    """Return a volume turned about the patient's x, then y, then z axis.

    Parameters
    ----------
    volume : Volume
    degrees : (x, y, z)
        Counter-clockwise as seen from the tip of the axis, as in :meth:`RigidTransform.about`.
    about : (x, y, z), optional
        The point, in LPS mm, that stays; else the centre of the volume.

    Raises
    ------
    UsageError
        For what is not three finite numbers.
    """
    angles = _three(degrees, "a turn", "degrees")
    middle = centre(volume) if about is None else _three(about, "a point", "mm")
    return moved(volume, RigidTransform.about(middle, angles))


def moved(volume: Volume, motion: RigidTransform) -> Volume:
    """Return a volume where a motion takes it; it shares its voxels with ``volume``."""
    return replace(volume, grid=motion.moved(volume.grid))


def centre(volume: Volume) -> tuple[float, float, float]:
    """Return the centre of a volume in LPS mm."""
    x, y, z = volume.grid.to_world((np.asarray(volume.grid.size) - 1) / 2)
    return float(x), float(y), float(z)


def flip(volume: Volume, axis: Axis) -> Volume:
    """Return a volume mirrored along one of its axes, on the same grid.

    Parameters
    ----------
    volume : Volume
    axis : {"x", "y", "z"}
        Along the columns, the rows or the slices of the volume: of an axial image to the patient's other side, to
        the other of front and back, or head to feet.

    Returns
    -------
    Volume
        With voxels of its own. The geometry stays, so that a thing at the left is at the right afterwards: the
        image no longer shows what its files show. Times and files go with their slices.

    Raises
    ------
    UsageError
        For another axis.
    """
    if axis not in _AXES:
        raise UsageError(f'there is no axis "{axis}" to flip along', hint=did_you_mean(str(axis), _AXES))
    stored = np.ascontiguousarray(np.flip(volume.stored, -1 - _AXES.index(axis)))
    if axis != "z":
        return replace(volume, stored=stored)
    timing = volume.timing
    if timing is not None:
        timing = Timing(timing.start[:, ::-1], timing.duration[:, ::-1], timing.reference[:, ::-1])
    return replace(volume, stored=stored, timing=timing, source=_reversed(volume))


def _reversed(volume: Volume) -> Source:
    """Return the source with the slices of each frame in reverse order; a multi-frame file is one for all."""
    source, slices = volume.source, volume.grid.shape[0]
    if len(source.paths) != volume.frames * slices:
        return source
    order = [t * slices + z for t in range(volume.frames) for z in reversed(range(slices))]
    return replace(
        source,
        paths=tuple(source.paths[i] for i in order),
        sop_uids=tuple(source.sop_uids[i] for i in order) if len(source.sop_uids) == len(order) else source.sop_uids,
    )


def _three(values: Sequence[float], what: str, unit: str) -> tuple[float, float, float]:
    if len(values) != 3 or not all(math.isfinite(value) for value in values):
        raise UsageError(
            f"{what} of {', '.join(f'{value:g}' for value in values)} {unit}", hint="three numbers, for x, y and z"
        )
    x, y, z = (float(value) for value in values)
    return x, y, z
