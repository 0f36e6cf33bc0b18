"""Connected parts of masks: the largest, the one around a voxel, and holes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import RoiError
from vqscript.imaging.volume import Region
from vqscript.roi.region import Mask, Part, bounding, shifted

NEIGHBOURS = {6: 1, 18: 2, 26: 3}
"""How many neighbours a voxel has, and along how many axes at once they may lie apart: faces, edges, corners."""

# Voxels that the first look at a component reaches to each side of the seed.
_FIRST_REACH = 16


def largest(mask: Mask, neighbours: int = 6) -> Mask:
    """Return the largest connected part of a mask; of equal ones the first along x, y, z."""
    from scipy.ndimage import label

    labels, count = label(mask, _structure(neighbours))
    if count < 2:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    found: Mask = labels == sizes.argmax()
    return found


def around(
    inside: Callable[[Region], Mask], seed: tuple[int, int, int], shape: tuple[int, int, int], neighbours: int = 6
) -> Part:
    """Return the connected part around a voxel, without looking much further than it reaches.

    Parameters
    ----------
    inside : callable
        Returns which voxels of a concrete region belong; the seed has to be one of them.
    seed : tuple of int
        Voxel (z, y, x).
    shape : tuple of int
        Of the whole grid ``(z, y, x)``.
    neighbours : {6, 18, 26}
        Whether voxels are connected across faces, edges too, or corners too.
    """
    from scipy.ndimage import label

    structure = _structure(neighbours)
    bounds = [(at - _FIRST_REACH, at + _FIRST_REACH + 1) for at in seed]
    while True:
        z, y, x = (slice(max(a, 0), min(b, size)) for (a, b), size in zip(bounds, shape, strict=True))
        region = z, y, x
        labels, _ = label(inside(region), structure)
        component: Mask = labels == labels[tuple(at - along.start for at, along in zip(seed, region, strict=True))]
        box = bounding(component)
        assert box is not None
        found = shifted(box, region)
        bounds = [_wider(f, r, size) for f, r, size in zip(found, region, shape, strict=True)]
        if all((along.start, along.stop) == ends for along, ends in zip(region, bounds, strict=True)):
            return found, component[box]


def filled(mask: Mask, axis: int | None = None) -> Mask:
    """Return a mask without its holes: voxels from which no way over faces leads out.

    Parameters
    ----------
    mask : (z, y, x) bool array
    axis : int, optional
        0, 1, 2 = x, y, z: looks at each slice across this axis for itself, and finds holes that are open to other
        slices as well.
    """
    from scipy.ndimage import label

    structure = _structure(6)
    rim = [(1, 1)] * 3
    if axis is not None:
        across = 2 - axis
        rim[across] = (0, 0)
        # No way leads from one slice to the next.
        structure[tuple(slice(None, None, 2) if n == across else slice(None) for n in range(3))] = False
    labels, count = label(np.pad(~mask, rim, constant_values=True), structure)
    # Each slice has a way around it of its own; without slices there is one.
    outside = np.zeros(count + 1, np.bool_)
    corner = tuple(slice(None) if width == (0, 0) else 0 for width in rim)
    outside[labels[corner]] = True
    inner = tuple(slice(None) if width == (0, 0) else slice(1, -1) for width in rim)
    result: Mask = ~outside[labels[inner]]
    return result


def _wider(found: slice, region: slice, size: int) -> tuple[int, int]:
    """Return where to look next along an axis: twice as far on the sides where the component touches the region."""
    step = region.stop - region.start
    start = max(region.start - step, 0) if found.start == region.start else region.start
    stop = min(region.stop + step, size) if found.stop == region.stop else region.stop
    return start, stop


def _structure(neighbours: int) -> NDArray[Any]:
    from scipy.ndimage import generate_binary_structure

    if neighbours not in NEIGHBOURS:
        raise RoiError(
            f"voxels do not have {neighbours} neighbours", hint="6 (across faces), 18 (edges too) or 26 (corners too)"
        )
    structure: NDArray[Any] = generate_binary_structure(3, NEIGHBOURS[neighbours])
    return structure
