"""From voxels to contours: outlines of a slice that hold exactly its voxels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vqscript.roi.region import Mask

Corners = NDArray[np.float64]
Loop = list[tuple[int, int]]
"""Points of the lattice of pixel corners, (x, y), each one step from the next; closed, the first is not repeated."""

# Steps on the lattice, in the order right, down, left, up: with the ROI on the right hand.
_STEPS = ((1, 0), (0, 1), (-1, 0), (0, -1))


def outlines(plane: Mask) -> list[Corners]:
    """Return closed contours around the true pixels of a slice.

    Parameters
    ----------
    plane : array
        ``(y, x)``.

    Returns
    -------
    list of (n, 2) array
        Corners in pixel indices (x, y), one contour for each island of pixels that touch along an edge.

    Notes
    -----
    Contours run along the edges of the pixels, half a pixel from any centre: whatever rule a reader has for
    centres on a contour, it finds the same pixels. A hole is joined to the outline around it by a channel without
    width along an edge ("keyhole", PS3.3 C.8.8.6.3), which both ways to read nested contours, by even-odd
    and by union, understand.
    """
    loops = _loops(plane)
    outer = [loop for loop in loops if _area(loop) > 0]
    holes = [loop for loop in loops if _area(loop) < 0]
    return [np.array(_corners(loop), dtype=np.float64) - 0.5 for loop in _joined(outer, holes)]


def _loops(plane: Mask) -> list[Loop]:
    """Return all boundaries, clockwise around pixels (y points down) and the other way round around holes."""
    rimmed = np.pad(plane, 1).astype(np.int8)
    onset = np.diff(rimmed, axis=0)[:, 1:-1]  # (y + 1, x): 1 where the pixel below the edge is the first
    entry = np.diff(rimmed, axis=1)[1:-1]  # (y, x + 1)
    leaving: dict[tuple[int, int], list[int]] = {}
    for along, offset, edges in (
        (0, (0, 0), onset == 1),
        (1, (0, 0), entry == -1),
        (2, (1, 0), onset == -1),
        (3, (0, 1), entry == 1),
    ):
        for y, x in np.argwhere(edges).tolist():
            leaving.setdefault((x + offset[0], y + offset[1]), []).append(along)

    loops = []
    while leaving:
        start = point = next(iter(leaving))
        first = along = leaving[start][0]
        loop: Loop = []
        while not loop or (point, along) != (start, first):
            loop.append(point)
            ways = leaving[point]
            ways.remove(along)
            if not ways:
                del leaving[point]
            point = point[0] + _STEPS[along][0], point[1] + _STEPS[along][1]
            along = _turn(along, [*leaving.get(point, ()), *([first] if point == start else ())])
        loops.append(loop)
    return loops


def _turn(along: int, ways: list[int]) -> int:
    """Return the way on: where two pixels touch at a corner only, to the right, which stays with the pixel."""
    right = (along + 1) % 4
    return right if right in ways else ways[0]


def _area(loop: Loop) -> float:
    x, y = np.array(loop).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _joined(outer: list[Loop], holes: list[Loop]) -> list[Loop]:
    """Join each hole to what is left of it: its outline, or a hole that is joined to that one already."""
    if not holes:
        return outer
    loops = list(outer)
    at: dict[tuple[int, int], int] = {point: n for n, loop in enumerate(loops) for point in loop}
    # From left to right: what a channel to the left meets first has been joined before. At the leftmost, topmost
    # corner of a hole, pixels of the ROI lie above and below the channel until it meets another boundary.
    for hole in sorted(holes, key=min):
        x, y = min(hole)
        met = next((left, y) for left in range(x - 1, -1, -1) if (left, y) in at)
        n = at[met]
        turned = hole.index((x, y))
        place = loops[n].index(met)
        channel = [(between, y) for between in range(met[0] + 1, x)]
        loops[n] = [
            *loops[n][: place + 1],
            *channel,
            *hole[turned:],
            *hole[:turned],
            (x, y),
            *reversed(channel),
            *loops[n][place:],
        ]
        at.update(dict.fromkeys(hole, n))
    return loops


def _corners(loop: Loop) -> Loop:
    """Leave out the points at which a loop goes straight on."""
    kept = []
    for before, point, after in zip([loop[-1], *loop[:-1]], loop, [*loop[1:], loop[0]], strict=True):
        if (point[0] - before[0], point[1] - before[1]) != (after[0] - point[0], after[1] - point[1]):
            kept.append(point)
    return kept
