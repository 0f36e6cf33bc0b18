"""Boolean operations between ROIs, on any layers: the first ROI becomes the result, all others stay as they are.

Where the result needs voxels that belong to another ROI of its layer, it moves to a layer with room for it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from vqscript.errors import RoiError
from vqscript.roi.region import Part, common, enclosing, relative, shape_of
from vqscript.roi.roiset import RoiSet


def union(rois: RoiSet, j: int, others: Sequence[int]) -> bool:
    """Add to ROI ``j`` the voxels of other ROIs; returns whether it had to move to another layer."""
    parts = [part for part in (rois.part(j), *_parts(rois, j, others)) if part is not None]
    return _put(rois, j, joined(parts) if parts else None)


def intersect(rois: RoiSet, j: int, others: Sequence[int]) -> bool:
    """Leave of ROI ``j`` the voxels that all other ROIs hold as well; returns whether it moved (it need not)."""
    part = rois.part(j)
    for other in _parts(rois, j, others):
        shared = part and other and common(part[0], other[0])
        if part is None or other is None or shared is None:
            part = None
            break
        part = shared, part[1][relative(shared, part[0])] & other[1][relative(shared, other[0])]
    return _put(rois, j, part)


def subtract(rois: RoiSet, j: int, others: Sequence[int]) -> bool:
    """Take off ROI ``j`` the voxels of other ROIs; returns whether it moved (it need not)."""
    taken = [other for other in _parts(rois, j, others) if other is not None]
    part = rois.part(j)
    if part is not None:
        for other in taken:
            without(part, other)
    return _put(rois, j, part)


def joined(parts: Sequence[Part]) -> Part:
    """Return the voxels of one or more parts together."""
    region = enclosing([region for region, _ in parts])
    mask = np.zeros(shape_of(region), np.bool_)
    for inner, inside in parts:
        mask[relative(inner, region)] |= inside
    return region, mask


def without(part: Part, other: Part) -> None:
    """Take the voxels of another part off a part, in place."""
    shared = common(part[0], other[0])
    if shared is not None:
        part[1][relative(shared, part[0])] &= ~other[1][relative(shared, other[0])]


def _parts(rois: RoiSet, j: int, others: Sequence[int]) -> list[Part | None]:
    """Return the voxels of the other ROIs, after looking whether everything is as it has to be."""
    rois.editable(j)
    if not others:
        raise RoiError("there is no second ROI to combine with", hint="name one or more after the first")
    if j in others:
        raise RoiError(f'ROI {j} "{rois.roi(j).name}" cannot be combined with itself')
    return [rois.part(k) for k in others]


def _put(rois: RoiSet, j: int, part: Part | None) -> bool:
    if part is None:
        rois.empty(j)
        return False
    return rois.settle(j, part)
