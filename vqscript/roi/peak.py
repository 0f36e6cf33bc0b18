"""The peak of an ROI: the mean of a sphere of about 1 mL where that is highest."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region, Volume
from vqscript.roi.region import Mask
from vqscript.roi.sampling import box_values

Float = NDArray[np.float64]

# Voxels that are searched at a time, and what a Fourier transform may be off by, relative to the largest value.
_SLAB = 1 << 22
_NOISE = 1e-9
# A distance that equals the radius belongs to it, whatever its last bit.
_ROUNDING = 1e-6


@dataclass(frozen=True)
class Peak:
    """A sphere and the mean within it.

    Attributes
    ----------
    center : tuple of int
        Voxel (x, y, z) at its centre.
    mean : float
        Of its voxels with a finite value, those outside the ROI as well.
    region : tuple of slice
        Of the grid, the part that holds it.
    mask : (z, y, x) bool array
        Its voxels in that region.
    """

    center: tuple[int, int, int]
    mean: float
    region: Region
    mask: Mask


def peak_sphere(
    volume: Volume, grid: Grid, region: Region, inside: Mask, t: int = 0, *, ml: float = 1.0
) -> Peak | None:
    """Find the sphere with the highest mean whose centre is the centre of a voxel of an ROI.

    Parameters
    ----------
    volume : Volume
        On any grid; see :func:`~vqscript.roi.sampling.box_values` for how it comes to the ROI's.
    grid : Grid
        Of the ROI.
    region, inside : tuple of slice, (z, y, x) bool array
        The ROI: a concrete region of the grid, and its voxels within.
    t : int
        Frame, 0-based.
    ml : float
        Volume of the sphere. A voxel belongs to it if its centre does: the radius of 1 mL is 6.2 mm.

    Returns
    -------
    Peak or None
        None if no voxel of the ROI has a finite value. Of equal peaks it is the first along x, y, z.

    Notes
    -----
    This is IBSI's global intensity peak (0F91), and SUVpeak on a PET in SUV; of the voxels that hold an ROI's maximum
    alone it is the local one (VJGA). Means are those of all voxels of the image, at its edge of those that there are.
    """
    ball = _ball(grid, ml)
    best: Peak | None = None
    deep = ball.shape[0]
    planes = max(deep, _SLAB // inside[0].size)  # not below the ball's depth: half of the work would be done twice
    z, y, x = region
    for first in range(0, len(inside), planes):
        some = inside[first : first + planes]
        if not some.any():
            continue
        slab = (slice(z.start + first, z.start + first + len(some)), y, x)
        found = _best(volume, grid, slab, some, t, ball)
        if found is not None and (best is None or found.mean > best.mean):
            best = found
    return best


def _best(volume: Volume, grid: Grid, region: Region, inside: Mask, t: int, ball: Mask) -> Peak | None:
    values = _around(volume, grid, region, t, ball)
    finite = np.isfinite(values)
    rz, ry, rx = (n // 2 for n in ball.shape)
    depth, height, width = inside.shape
    candidates = inside & finite[rz : rz + depth, ry : ry + height, rx : rx + width]
    if not candidates.any():
        return None
    known = np.where(finite, values, 0.0)
    counts = np.rint(_sums(finite.astype(np.float64), ball)) if not finite.all() else np.count_nonzero(ball)
    # The centre itself is finite, so that no sphere of a candidate is empty.
    means = np.where(candidates, _sums(known, ball) / np.maximum(counts, 1), -np.inf)
    near = np.flatnonzero(means >= means.max() - _NOISE * np.abs(known).max())
    k, j, i = (int(n) for n in np.unravel_index(near[0], means.shape))
    center = (region[2].start + i, region[1].start + j, region[0].start + k)
    return _peak(values, (k, j, i), center, grid, ball)


def _peak(
    values: Float, corner: tuple[int, int, int], center: tuple[int, int, int], grid: Grid, ball: Mask
) -> Peak | None:
    """Return the sphere whose box begins at ``corner`` of the values, cut to the grid."""
    box = values[tuple(slice(c, c + n) for c, n in zip(corner, ball.shape, strict=True))]
    counted = ball & np.isfinite(box)
    if not counted.any():
        return None
    starts = [c - n // 2 for c, n in zip(center[::-1], ball.shape, strict=True)]
    z, y, x = (
        slice(max(start, 0), min(start + n, size))
        for start, n, size in zip(starts, ball.shape, grid.shape, strict=True)
    )
    within = tuple(slice(a.start - s, a.stop - s) for a, s in zip((z, y, x), starts, strict=True))
    return Peak(center, float(box[counted].mean()), (z, y, x), ball[within])


def _ball(grid: Grid, ml: float) -> Mask:
    """Return the voxels of a sphere around the middle one."""
    if not (math.isfinite(ml) and ml > 0):
        raise RoiError(f"a sphere of {ml:g} mL cannot be", hint="give millilitres above 0")
    image = grid.voxel_volume * math.prod(grid.size) / 1000
    if ml > max(image, 1.0):  # 1 mL is what peaks are defined by, even on the smallest image
        raise RoiError(f"a sphere of {ml:g} mL is larger than the image of {image:.4g} mL")
    radius = (3 * ml * 1000 / (4 * math.pi)) ** (1 / 3) * (1 + _ROUNDING)
    # Along an index axis it spans the radius times the norm of the inverse's row: more than r / spacing if sheared.
    reach = np.floor(np.linalg.norm(grid.inverse[:3, :3], axis=1) * radius).astype(int)
    reach = np.minimum(reach, np.array(grid.size) - 1)  # further on there is no image
    x, y, z = (np.arange(-n, n + 1) for n in reach)
    offsets = np.stack(np.broadcast_arrays(x, y[:, None], z[:, None, None]), axis=-1) @ grid.affine[:3, :3].T
    found: Mask = np.einsum("...i,...i", offsets, offsets) <= radius**2
    return found


def _around(volume: Volume, grid: Grid, region: Region, t: int, ball: Mask) -> Float:
    """Return the values of a region and as far around it as the ball reaches; NaN beyond the grid."""
    wide = [(along.start - n // 2, along.stop + n // 2) for along, n in zip(region, ball.shape, strict=True)]
    z, y, x = (slice(max(a, 0), min(b, size)) for (a, b), size in zip(wide, grid.shape, strict=True))
    held = box_values(volume, grid, (z, y, x), t)
    missing = [(a.start - w[0], w[1] - a.stop) for a, w in zip((z, y, x), wide, strict=True)]
    return np.pad(held, missing, constant_values=np.nan)


def _sums(values: Float, ball: Mask) -> Float:
    """Return the sum over the ball around each voxel that has the whole ball around it."""
    shape = tuple(_smooth(n) for n in values.shape)
    spectrum = np.fft.rfftn(values, shape, axes=(0, 1, 2)) * np.fft.rfftn(ball, shape, axes=(0, 1, 2))
    # What wraps around falls on the first voxels, which are cut off.
    whole = np.fft.irfftn(spectrum, shape, axes=(0, 1, 2))
    z, y, x = (slice(b - 1, n) for b, n in zip(ball.shape, values.shape, strict=True))
    sums: Float = whole[z, y, x]
    return sums


def _smooth(n: int) -> int:
    """Return the smallest number from ``n`` on whose factors are 2, 3 and 5: transforms of others take longer."""
    while True:
        rest = n
        for prime in (2, 3, 5):
            while rest % prime == 0:
                rest //= prime
        if rest == 1:
            return n
        n += 1
