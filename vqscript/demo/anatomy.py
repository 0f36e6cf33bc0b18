"""A mouse of ellipsoids, asymmetric in every direction so that a flipped image cannot pass for a right one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region

Triple = tuple[float, float, float]

REFERENCE_WEIGHT = 24.0
"""Body weight in g of the mouse that the shapes below describe."""


@dataclass(frozen=True)
class Ellipsoid:
    """An ellipsoid with its axes along x, y, z.

    Parameters
    ----------
    center : tuple of float
        LPS mm.
    radii : tuple of float
        Semi-axes along x, y, z in mm.
    """

    center: Triple
    radii: Triple

    @property
    def volume(self) -> float:
        """Volume in mm3."""
        return 4 / 3 * float(np.pi * np.prod(self.radii))

    def mask(self, grid: Grid, margin: Triple = (0.0, 0.0, 0.0)) -> tuple[Region, NDArray[np.bool_]]:
        """Return which voxel centres of an axis-parallel grid lie inside, within the box that holds them.

        Parameters
        ----------
        grid : Grid
            Its direction is the identity.
        margin : tuple of float
            Distances in mm along x, y, z: a voxel counts only if the whole box of ``± margin`` around
            its centre is inside. An ellipsoid is convex, so it is enough that the farthest corner is.

        Returns
        -------
        region : tuple of slice
            Slices along z, y, x; empty where the ellipsoid is outside the grid.
        inside : bool array
            Of the region's shape.
        """
        slices: list[slice] = []
        distances: list[NDArray[np.float64]] = []
        for axis in range(3):
            offset = grid.origin[axis] + grid.spacing[axis] * np.arange(grid.size[axis]) - self.center[axis]
            distance = (np.abs(offset) + margin[axis]) / self.radii[axis]
            near = np.flatnonzero(distance <= 1)
            part = slice(int(near[0]), int(near[-1]) + 1) if near.size else slice(0, 0)
            slices.append(part)
            distances.append(distance[part] ** 2)
        x, y, z = distances
        return (slices[2], slices[1], slices[0]), z[:, None, None] + y[:, None] + x <= 1


@dataclass(frozen=True)
class Tissue:
    """A part of the body: where it is and how a CT sees it.

    Attributes
    ----------
    name : str
    hu : float
        CT number.
    shapes : tuple of Ellipsoid
        What it consists of.
    organ : bool
        Whether it has an uptake of its own; the others hold as much as the body.
    """

    name: str
    hu: float
    shapes: tuple[Ellipsoid, ...]
    organ: bool = False

    @property
    def volume(self) -> float:
        """Volume in mm3, of shapes that do not overlap."""
        return sum(shape.volume for shape in self.shapes)


def _spine() -> Iterator[Ellipsoid]:
    for z in np.arange(-30.0, 18.0, 2.4):
        yield Ellipsoid((0.0, 7.2 - 0.0035 * (z + 4) ** 2, float(z)), (1.3, 1.3, 0.9))


# In the order of painting: what comes later covers what came before. x grows to the left, y to the back, z to the head.
_BODY = (
    Ellipsoid((0, 0, -4), (12, 10.5, 26)),  # trunk
    Ellipsoid((0.4, -1, 24), (7.5, 7.5, 10)),  # head
    Ellipsoid((9.0, -1.5, -24), (4.8, 5.8, 7.8)),  # left thigh
    Ellipsoid((-8.6, -1.0, -25), (4.4, 5.4, 7.4)),  # right thigh
)
_MOUSE = (
    Tissue("Body", 30, _BODY),
    Tissue("Lungs", -450, (Ellipsoid((6.3, 0.5, 10), (2.6, 5.0, 6.0)), Ellipsoid((-5.5, 0.5, 10), (3.6, 5.2, 6.5)))),
    Tissue("Bones", 900, (*_spine(), Ellipsoid((0.4, 1.8, 24), (4.6, 3.6, 6.4)))),
    Tissue("Brain", 40, (Ellipsoid((0.4, 1.8, 24), (4.0, 3.0, 5.6)),)),
    Tissue("Heart", 60, (Ellipsoid((1.5, -3.5, 9), (3.6, 3.8, 4.6)),), organ=True),
    Tissue("Liver", 75, (Ellipsoid((-2.5, -2, -2.5), (8.0, 6.2, 5.0)),), organ=True),
    Tissue(
        "Kidneys",
        50,
        (Ellipsoid((-5.7, 4.2, -12), (3.1, 3.1, 5.0)), Ellipsoid((5.4, 4.5, -14.5), (2.9, 3.1, 4.7))),
        organ=True,
    ),
    Tissue("Muscle", 55, (Ellipsoid((9.2, -1.5, -24), (3.4, 4.2, 6.0)),), organ=True),
    Tissue("Tumor", 45, (Ellipsoid((-12.2, 3.5, 2), (3.7, 3.7, 4.4)),), organ=True),
    Tissue("Bladder", 10, (Ellipsoid((0.6, -2.7, -24), (3.0, 3.0, 3.6)),), organ=True),
)

ORGANS = tuple(tissue.name for tissue in _MOUSE if tissue.organ)
"""Names of the tissues whose uptake is known, in a fixed order."""


def draw_mouse(weight: float, rng: np.random.Generator) -> tuple[Tissue, ...]:
    """Return the tissues of one mouse, in the order of painting.

    Parameters
    ----------
    weight : float
        Body weight in g; lengths grow with its cube root.
    rng : numpy.random.Generator
        Moves each organ by up to 0.4 mm and changes its radii by up to 5 %; the tumor's by up to 15 %.
    """
    scale = float((weight / REFERENCE_WEIGHT) ** (1 / 3))
    return tuple(replace(tissue, shapes=tuple(_vary(tissue, scale, rng))) for tissue in _MOUSE)


def _vary(tissue: Tissue, scale: float, rng: np.random.Generator) -> Iterator[Ellipsoid]:
    growth = 0.15 if tissue.name == "Tumor" else 0.05
    for shape in tissue.shapes:
        move = rng.uniform(-0.4, 0.4, 3) if tissue.organ else np.zeros(3)
        grow = rng.uniform(1 - growth, 1 + growth, 3) if tissue.organ else np.ones(3)
        yield Ellipsoid(
            _triple(np.asarray(shape.center) * scale + move), _triple(np.asarray(shape.radii) * scale * grow)
        )


def _triple(values: NDArray[np.float64]) -> Triple:
    x, y, z = (float(value) for value in values)
    return x, y, z


def paint(tissues: Sequence[Tissue], grid: Grid) -> NDArray[np.uint8]:
    """Return for each voxel centre the tissue it lies in: 0 for air, else its place in ``tissues``, from 1."""
    labels = np.zeros(grid.shape, dtype=np.uint8)
    for number, tissue in enumerate(tissues, start=1):
        for shape in tissue.shapes:
            region, inside = shape.mask(grid)
            labels[region][inside] = number
    return labels
