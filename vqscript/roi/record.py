"""What a set of ROIs says: of one ROI beside its voxels, and of others that a change met."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Roi:
    """What is known of one ROI beside its voxels; changed through :meth:`RoiSet.edit`.

    Attributes
    ----------
    name : str
        Unique in its set.
    color : str
        ``#rrggbb``.
    visible, locked : bool
        A locked ROI keeps its voxels, name and colour until it is unlocked.
    layer : int
        Layer its voxels lie on, 1-based.
    label : int
        Value of its voxels in that layer, unique in the set and of no meaning outside it.
    extra : tuple of str
        Fields of an .rmha file whose meaning is not known, kept for writing.
    """

    name: str
    color: str
    visible: bool = True
    locked: bool = False
    layer: int = 1
    label: int = 0
    extra: tuple[str, ...] = ()


@dataclass(frozen=True)
class Met:
    """Other ROIs of a layer that asked for the same voxels, by name.

    Attributes
    ----------
    lost : tuple of str
        Those that gave up voxels.
    kept : tuple of str
        Those that are locked and kept theirs.
    """

    lost: tuple[str, ...] = ()
    kept: tuple[str, ...] = ()
