"""The voxels of a scan: what the CT and the SPECT of a synthetic mouse show."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vqscript.demo.anatomy import Triple, paint
from vqscript.demo.phantom import Scan
from vqscript.imaging.grid import Grid

# Neither the size, the spacing nor the corner of the two grids agree, and no axis is as long as another.
CT_GRID = Grid(size=(96, 80, 70), spacing=(0.4, 0.4, 1.0), origin=(-18.9, -15.5, -36.2))
SPECT_GRID = Grid(size=(66, 58, 84), spacing=(0.6, 0.6, 0.8), origin=(-20.3, -17.5, -35.0))

PURE_MARGIN: Triple = tuple(1.5 * spacing for spacing in SPECT_GRID.spacing)  # type: ignore[assignment]
"""Distance in mm from an organ's edge (along x, y, z) beyond which the SPECT shows that organ alone.

Half a voxel, because the value of a voxel is the mean over it, and a whole one, because a value between
voxels is interpolated from its neighbours.
"""

AIR_HU = -1000.0
CT_NOISE = 14.0
"""Standard deviation of the CT's noise in HU."""

SPECT_NOISE = 0.01
"""Standard deviation of the SPECT's noise, as a fraction of the value."""

_SUBVOXELS = 3


def ct_image(scan: Scan) -> NDArray[np.int16]:
    """Return HU of shape ``(z, y, x)`` on :data:`CT_GRID`."""
    numbers = np.array([AIR_HU, *(tissue.hu for tissue in scan.animal.tissues)], dtype=np.float32)
    image = numbers[paint(scan.animal.tissues, CT_GRID)]
    rng = np.random.default_rng((*scan.noise_seed, 0))
    image += CT_NOISE * rng.standard_normal(image.shape, dtype=np.float32)
    return np.rint(np.maximum(image, -1024)).astype(np.int16)


def spect_image(scan: Scan) -> NDArray[np.float64]:
    """Return uCi per voxel of shape ``(z, y, x)`` on :data:`SPECT_GRID`.

    A voxel holds ``%ID/g / 100 x dose x its mass`` (1 g = 1 cm3), averaged over the voxel, and
    times :attr:`Scan.remaining` where the animal's images are not decay-corrected.
    """
    tissues = scan.animal.tissues
    uptake = [0.0, *(scan.uptake.get(tissue.name, scan.uptake["Body"]) for tissue in tissues)]
    fine = np.array(uptake, dtype=np.float32)[paint(tissues, _subdivided(SPECT_GRID))]
    z, y, x = SPECT_GRID.shape
    percent_per_gram = fine.reshape(z, _SUBVOXELS, y, _SUBVOXELS, x, _SUBVOXELS).mean(axis=(1, 3, 5), dtype=np.float64)
    rng = np.random.default_rng((*scan.noise_seed, 1))
    percent_per_gram *= 1 + SPECT_NOISE * rng.standard_normal(percent_per_gram.shape)
    grams = SPECT_GRID.voxel_volume / 1000
    image: NDArray[np.float64] = percent_per_gram * (scan.animal.dose / 100 * grams)
    return image if scan.animal.decay_corrected else image * scan.remaining


def _subdivided(grid: Grid) -> Grid:
    size = tuple(n * _SUBVOXELS for n in grid.size)
    spacing = tuple(s / _SUBVOXELS for s in grid.spacing)
    origin = tuple(o - s * (1 - 1 / _SUBVOXELS) / 2 for o, s in zip(grid.origin, grid.spacing, strict=True))
    return Grid(size, spacing, origin)  # type: ignore[arg-type]
