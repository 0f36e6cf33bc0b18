"""Turn the planes of a series into one grid, or say why they form none.

Distances are taken along the normal of the planes, so that the order of the files, their numbers and
the orientation of the patient do not matter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vqscript.errors import GeometryError
from vqscript.imaging.grid import Float, Grid

Clue = tuple[str, Sequence[float | None]]
"""Something that may tell images at one position apart: its name, and its value for each image."""

SAME_PLACE = 0.01  # mm: positions closer than this are one slice
NOTICED = 0.02  # mm: irregularity above this is worth a warning
GAP = 1.5  # a step this many times the usual one means that a slice is missing
UNEVEN = 0.1  # of the usual step: what bed overlap and rounding may add or take
DRIFT = 0.25  # of the usual step: how far a slice may lie from its place on the even grid
TILT_NOTICED = 0.1  # degrees


@dataclass(frozen=True, eq=False)
class Stack:
    """Planes in order.

    Attributes
    ----------
    grid : Grid
    order : (t, z) int array
        Which of the given planes is slice z of frame t.
    warnings : tuple of str
    """

    grid: Grid
    order: NDArray[np.intp]
    warnings: tuple[str, ...] = ()


def plane_axes(orientation: ArrayLike) -> Float:
    """Return ImageOrientationPatient as a (3, 3) matrix: columns are the x and y axis and the normal.

    Raises
    ------
    GeometryError
        If the cosines are not finite, not of length 1, or not at right angles.
    """
    cosines = np.asarray(orientation, dtype=np.float64).reshape(2, 3)
    lengths = np.linalg.norm(cosines, axis=1)
    if not np.isfinite(cosines).all() or np.abs(lengths - 1).max() > 1e-2 or abs(cosines[0] @ cosines[1]) > 1e-2:
        listed = ", ".join(f"{c:g}" for c in cosines.ravel())
        raise GeometryError(f"ImageOrientationPatient ({listed}) is no pair of perpendicular unit vectors")
    x = cosines[0] / lengths[0]
    y = cosines[1] - (cosines[1] @ x) * x
    y /= np.linalg.norm(y)
    return np.column_stack([x, y, np.cross(x, y)])


def alike(orientations: Sequence[Sequence[float] | None], tolerance: float = 1e-3) -> list[int]:
    """Return for each orientation the number of the first one that is the same but for rounding.

    Parameters
    ----------
    orientations : sequence
        ImageOrientationPatient, or None where there is none.
    tolerance : float
        Allowed difference of each cosine; 0.001 turns a slice by 0.06 degrees.
    """
    found: list[tuple[int, Sequence[float] | None]] = []
    seen: dict[Sequence[float] | None, int] = {}
    numbers = []
    for number, orientation in enumerate(orientations):
        key = None if orientation is None else tuple(orientation)
        if key not in seen:
            seen[key] = next((known for known, other in found if _same(key, other, tolerance)), number)
            if seen[key] == number:
                found.append((number, key))
        numbers.append(seen[key])
    return numbers


def _same(one: Sequence[float] | None, other: Sequence[float] | None, tolerance: float) -> bool:
    if one is None or other is None:
        return one is other
    return max(abs(a - b) for a, b in zip(one, other, strict=True)) <= tolerance


def angle_between(one: ArrayLike | None, other: ArrayLike | None) -> float:
    """Return the largest angle in degrees by which one ImageOrientationPatient is turned against another."""
    if one is None or other is None:
        return 0.0
    first, second = np.reshape(one, (2, 3)), np.reshape(other, (2, 3))
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    # The chord is exact for small angles, where the cosine is not.
    chords = np.linalg.norm(first - second, axis=1) / np.sqrt(np.maximum(lengths, 1e-12))
    return float(np.degrees(2 * np.arcsin(np.clip(chords / 2, 0, 1))).max())


def stack(
    positions: ArrayLike,
    orientation: ArrayLike,
    pixel_spacing: tuple[float, float],
    shape: tuple[int, int],
    *,
    thickness: float | None = None,
    frame_of_reference: str = "",
    clues: Sequence[Clue] = (),
) -> Stack:
    """Order planes by position and return the grid they form.

    Parameters
    ----------
    positions : (n, 3) array
        ImagePositionPatient of each plane, LPS mm.
    orientation : (6,) array
        ImageOrientationPatient of all of them.
    pixel_spacing : (float, float)
        PixelSpacing: between rows, then between columns, mm.
    shape : (int, int)
        Rows, columns.
    thickness : float, optional
        Distance to assume for a single plane.
    frame_of_reference : str
    clues : sequence of Clue
        What may tell planes at one position apart, the best first; the first that does orders the frames.

    Returns
    -------
    Stack
        Slices ascend along the normal. A gantry tilt is kept: the z axis of the grid is then sheared.

    Raises
    ------
    GeometryError
        For a missing slice, uneven steps, slices that are shifted sideways, positions with unequal
        numbers of images, or images that nothing tells apart.
    """
    points = np.asarray(positions, dtype=np.float64).reshape(-1, 3)
    if not np.isfinite(points).all():
        raise GeometryError("ImagePositionPatient is not finite")
    if min(pixel_spacing) <= 0:
        raise GeometryError(f"PixelSpacing {pixel_spacing[0]:g} x {pixel_spacing[1]:g} mm is not positive")
    axes = plane_axes(orientation)
    order = _order(points, axes[:, 2], clues)
    first_frame = points[order[0]]
    step, warnings = _step(first_frame, axes, pixel_spacing, thickness)
    spacing = float(np.linalg.norm(step))
    direction = axes.copy()
    direction[:, 2] = step / spacing
    origin = first_frame[0]
    grid = Grid(
        (shape[1], shape[0], order.shape[1]),
        (pixel_spacing[1], pixel_spacing[0], spacing),
        (origin[0], origin[1], origin[2]),
        direction,
        frame_of_reference,
    )
    return Stack(grid, order, tuple(warnings))


def _order(points: Float, normal: Float, clues: Sequence[Clue]) -> NDArray[np.intp]:
    """Return the planes as a (t, z) table."""
    distance = points @ normal
    by_distance = np.argsort(distance, kind="stable")
    starts = np.flatnonzero(np.diff(distance[by_distance], prepend=-np.inf) > SAME_PLACE)
    places = np.split(by_distance, starts[1:])
    counts = np.array([len(place) for place in places])
    frames = int(np.bincount(counts).argmax())
    for place in places:
        where = points[place[0]]
        if len(place) != frames:
            raise GeometryError(
                f"{_count(len(place))} at {_point(where)}, but {frames} at most other positions",
                hint="an image is missing, or the series holds several acquisitions",
                position=tuple(where.tolist()),
            )
        if np.abs(points[place] - where).max() > 10 * SAME_PLACE:
            raise GeometryError(
                f"images in one plane begin at different points, {_point(where)} and {_point(points[place[-1]])}",
                position=tuple(where.tolist()),
            )
    if frames == 1:
        return np.array([[place[0] for place in places]])
    for _, numbers in clues:
        if all(_tells_apart([numbers[i] for i in place]) for place in places):
            rank = np.array([-np.inf if number is None else number for number in numbers])
            return np.array([place[np.argsort(rank[place], kind="stable")] for place in places]).T
    names = ", ".join(name for name, _ in clues)
    raise GeometryError(
        f"{frames} images at each position, and nothing tells them apart ({names})", position=tuple(points[0].tolist())
    )


def _tells_apart(numbers: Sequence[float | None]) -> bool:
    return None not in numbers and len(set(numbers)) == len(numbers)


def _step(
    points: Float, axes: Float, pixel_spacing: tuple[float, float], thickness: float | None
) -> tuple[Float, list[str]]:
    """Return the vector from one slice to the next, and warnings; ``points`` ascend along the normal."""
    normal = axes[:, 2]
    if len(points) == 1:
        if thickness is not None and thickness > 0:
            return normal * thickness, []
        return normal.copy(), ["a single slice of unknown thickness: 1 mm is assumed"]
    warnings = _uneven(points, points @ normal)
    mean = (points[-1] - points[0]) / (len(points) - 1)
    along = mean @ normal
    sideways = mean - along * normal
    away = points - points[0] - np.arange(len(points))[:, None] * mean
    worst = int(np.abs(away @ axes[:, :2]).max(axis=1).argmax())
    shift = float(np.abs(away[worst] @ axes[:, :2]).max())
    if shift > 0.5 * min(pixel_spacing):
        raise GeometryError(
            f"slice {worst + 1} of {len(points)} at {_point(points[worst])} is shifted sideways by {shift:.2f} mm "
            "against the line of the others",
            position=tuple(points[worst].tolist()),
        )
    if shift > NOTICED:
        warnings.append(f"slices are shifted sideways by up to {shift:.3f} mm: this is not corrected")
    tilt = float(np.degrees(np.arctan2(np.linalg.norm(sideways), along)))
    if np.linalg.norm(sideways) * (len(points) - 1) <= NOTICED:
        return along * normal, warnings
    if tilt > TILT_NOTICED:
        warnings.append(f"gantry tilt: slices are sheared by {tilt:.2f} degrees, which the geometry keeps")
    return mean, warnings


def _uneven(points: Float, distance: Float) -> list[str]:
    """Return warnings about steps between slices; GeometryError where they form no regular grid."""
    steps = np.diff(distance)
    # The lower median: with two steps, one of them a gap, the other is the usual one.
    usual = float(np.sort(steps)[(len(steps) - 1) // 2])
    worst = int(steps.argmax())
    if steps[worst] >= GAP * usual:
        missing = max(round(float(steps[worst]) / usual) - 1, 1)
        gaps = int((steps >= GAP * usual).sum())
        more = f" (the widest of {gaps} gaps)" if gaps > 1 else ""
        raise GeometryError(
            f"slices {worst + 1} and {worst + 2} of {len(points)}, at {_point(points[worst])} and "
            f"{_point(points[worst + 1])}, are {steps[worst]:.3f} mm apart where {usual:.3f} mm is usual{more}: "
            f"{_count(missing, 'slice')} missing",
            hint="fetch or export the series again; a volume with a hole would measure wrong",
            position=tuple(points[worst].tolist()),
        )
    mean = float(distance[-1] - distance[0]) / len(steps)
    drift = float(np.abs(distance - distance[0] - np.arange(len(distance)) * mean).max())
    change = float(np.abs(steps - usual).max())
    if change > max(UNEVEN * usual, NOTICED) or drift > DRIFT * usual:
        raise GeometryError(
            f"the steps between {len(points)} slices vary from {steps.min():.3f} to {steps.max():.3f} mm: "
            f"they lie up to {drift:.3f} mm from an even grid",
            hint="the series may hold several acquisitions",
        )
    if max(change, drift) > NOTICED:
        return [
            f"slices are {steps.min():.3f} to {steps.max():.3f} mm apart: the mean of {mean:.4f} mm is used, "
            f"and no slice is more than {drift:.3f} mm from its place"
        ]
    return []


def _count(number: int, what: str = "image") -> str:
    return f"{number} {what}{'' if number == 1 else 's'} {'is' if number == 1 else 'are'}"


def _point(position: Float) -> str:
    return "(" + ", ".join(f"{part:.2f}" for part in position) + ")"
