"""From planar contours in patient coordinates to voxels."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region
from vqscript.roi.region import Mask, shape_of

Points = NDArray[np.float64]

# In slices: planes closer than this are one plane, and a contour further from its slice is mentioned.
SAME_PLANE = 0.05
# In pixels: what rounding in files may move a corner beyond the edge of the image.
_ROUNDING = 0.01
# Edges crossing rows that are held in memory at a time.
_CROSSINGS = 1 << 21


def fill(contours: Sequence[Points], shape: tuple[int, int]) -> Mask:
    """Return the pixels whose centres lie inside closed contours, by the even-odd rule.

    Parameters
    ----------
    contours : sequence of (n, 2) array
        Corners in pixel indices (x, y); the last one is joined to the first. A contour within another
        cuts a hole, and a keyhole (outer and inner outline joined by a channel) works as well.
    shape : tuple of int
        ``(y, x)`` of the result. Contours may reach beyond it.

    Notes
    -----
    Each row's centre line is cut with all edges; a pixel is inside if an odd number of edges crosses the line left
    of it. Centres on an edge belong to the side of larger x and y, so that neighbours share no pixel.
    """
    height, width = shape
    start = np.concatenate(contours)
    end = np.concatenate([np.roll(points, -1, axis=0) for points in contours])
    upward = start[:, 1] > end[:, 1]
    start[upward], end[upward] = end[upward], start[upward]
    first = np.clip(np.ceil(start[:, 1]), 0, height).astype(np.intp)
    stop = np.clip(np.ceil(end[:, 1]), 0, height).astype(np.intp)
    crossing = stop > first
    start, end, first, stop = start[crossing], end[crossing], first[crossing], stop[crossing]
    slope = (end[:, 0] - start[:, 0]) / (end[:, 1] - start[:, 1])

    # Only whether the number of crossings is odd counts, so that bytes may overflow.
    toggles = np.zeros(height * (width + 1), np.uint8)
    step = max(1, _CROSSINGS // max(height, 1))
    for low in range(0, len(first), step):
        some = slice(low, low + step)
        rows_each = stop[some] - first[some]
        edge = np.repeat(np.arange(len(rows_each)), rows_each)
        row = np.arange(len(edge)) - np.repeat(np.cumsum(rows_each) - rows_each, rows_each) + first[some][edge]
        x = start[some][edge, 0] + (row - start[some][edge, 1]) * slope[some][edge]
        column = np.clip(np.ceil(x), 0, width).astype(np.intp)
        np.add.at(toggles, row * (width + 1) + column, 1)
    crossed = np.cumsum(toggles.reshape(height, width + 1)[:, :width], axis=1, dtype=np.uint8)
    inside: Mask = (crossed & 1).astype(bool)
    return inside


def rasterize(
    contours: Sequence[Points], grid: Grid, thickness: float | None = None
) -> tuple[tuple[Region, Mask] | None, list[str]]:
    """Return the voxels inside planar contours that lie parallel to the slices of a grid.

    Parameters
    ----------
    contours : sequence of (n, 3) array
        Corners in LPS mm, three or more each.
    grid : Grid
    thickness : float, optional
        Distance in mm between the slices that the contours were drawn on, where these are not the slices of the
        grid: each slice then takes the nearest plane of contours within half of it. By default each plane belongs
        to the one slice that is nearest.

    Returns
    -------
    part : tuple of Region and mask, or None
        The voxels in a region of the grid; None where there are none.
    notes : list of str
        What was left out or moved, without the name of the ROI.
    """
    notes: list[str] = []
    inside: list[tuple[float, Points]] = []
    tilted = outside = clipped = doubled = 0
    seen: set[bytes] = set()
    width, height, depth = grid.size
    reach = None if thickness is None else thickness / slice_distance(grid) / 2 + SAME_PLANE
    margin = max(0.5, reach or 0.0)
    for points in contours:
        index = grid.to_index(points)
        z = index[:, 2]
        if np.ptp(z) > 0.5:
            tilted += 1
            continue
        if points.tobytes() in seen:  # by the even-odd rule a contour given twice would undo itself
            doubled += 1
            continue
        seen.add(points.tobytes())
        plane = float(np.mean(z))
        low, high = index[:, :2].min(axis=0), index[:, :2].max(axis=0)
        beyond = (high <= -0.5).any() or low[0] >= width - 0.5 or low[1] >= height - 0.5
        if beyond or not -margin <= plane <= depth - 1 + margin:
            outside += 1
            continue
        clipped += bool(
            (low < -0.5 - _ROUNDING).any() or (high > (width - 0.5 + _ROUNDING, height - 0.5 + _ROUNDING)).any()
        )
        inside.append((plane, index))

    planes = _planes(inside)
    drawn, moved = _on_nearest_slices(planes, depth) if reach is None else (_within(planes, depth, reach), 0)
    crowded = len(planes) - len(drawn) if reach is None else 0

    for count, what in (
        (tilted, "not parallel to the slices of the image: left out"),
        (doubled, "given more than once: taken once"),
        (outside, "outside the image: left out"),
        (clipped, "reaching beyond the image: clipped"),
    ):
        if count:
            notes.append(f"{count} of {len(contours)} contours {what}")
    if moved:
        notes.append(f"{moved} of {len(planes)} contour planes lie between slices: put on the nearest one")
    if crowded:
        notes.append(f"{crowded} of {len(planes)} contour planes share a slice with a nearer one: left out")
    if not drawn:
        return None, notes

    region = _region_of(drawn, grid)
    mask = np.zeros(shape_of(region), np.bool_)
    corner = np.array([region[2].start, region[1].start])
    for k, outlines in drawn.items():
        mask[k - region[0].start] = fill([index[:, :2] - corner for index in outlines], (mask.shape[1], mask.shape[2]))
    return (region, mask), notes


def _planes(contours: list[tuple[float, Points]]) -> list[tuple[float, list[Points]]]:
    """Gather contours of one plane; coordinates are rounded in files, so planes agree within a tolerance."""
    planes: list[tuple[float, list[Points]]] = []
    for plane, points in sorted(contours, key=lambda contour: contour[0]):
        if planes and plane - planes[-1][0] <= SAME_PLANE:
            planes[-1][1].append(points)
        else:
            planes.append((plane, [points]))
    return planes


def _on_nearest_slices(planes: list[tuple[float, list[Points]]], depth: int) -> tuple[dict[int, list[Points]], int]:
    """Return the contours of each slice, each plane on its nearest one, and how many planes lie between slices."""
    by_slice: dict[int, tuple[float, list[Points]]] = {}
    moved = 0
    for plane, outlines in planes:
        k = min(max(int(np.floor(plane + 0.5)), 0), depth - 1)
        moved += abs(plane - k) > SAME_PLANE
        if k not in by_slice or abs(plane - k) < abs(by_slice[k][0] - k):
            by_slice[k] = plane, outlines
    return {k: outlines for k, (_, outlines) in by_slice.items()}, moved


def _within(planes: list[tuple[float, list[Points]]], depth: int, reach: float) -> dict[int, list[Points]]:
    """Return the contours of each slice: those of the nearest plane, if it is within reach (in slices)."""
    at = np.array([plane for plane, _ in planes])
    found = {}
    for k in range(depth) if len(at) else ():
        nearest = int(np.argmin(np.abs(at - k)))
        if abs(at[nearest] - k) <= reach:
            found[k] = planes[nearest][1]
    return found


def slice_distance(grid: Grid) -> float:
    """Return the distance in mm between the planes of two slices."""
    return grid.voxel_volume / float(np.linalg.norm(np.cross(grid.affine[:3, 0], grid.affine[:3, 1])))


def _region_of(drawn: dict[int, list[Points]], grid: Grid) -> Region:
    corners = np.concatenate([index[:, :2] for outlines in drawn.values() for index in outlines])
    width, height, _ = grid.size
    x0, y0 = np.maximum(np.floor(corners.min(axis=0)), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(corners.max(axis=0)) + 1, (width, height)).astype(int)
    return slice(min(drawn), max(drawn) + 1), slice(int(y0), int(y1)), slice(int(x0), int(x1))
