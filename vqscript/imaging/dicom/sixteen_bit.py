"""Values as 16-bit integers with a slope and an intercept, which is how CT, MR, PET and NM images store them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import ImageError
from vqscript.imaging.dicom.derived_header import decimal
from vqscript.imaging.volume import Volume

_SIGNED: np.dtype[Any] = np.dtype("<i2")
_UNSIGNED: np.dtype[Any] = np.dtype("<u2")


@dataclass(frozen=True, eq=False)
class SixteenBit:
    """How the values of a volume become 16-bit integers.

    Attributes
    ----------
    volume : Volume
    dtype : numpy dtype
        Little-endian int16 or uint16, the same for all slices.
    slopes : (t, z) float array
        Each is exactly what its decimal string says, so that no reader computes with another one.
    intercept : float
    exact : bool
        Whether the stored numbers of the volume are written as they are.
    """

    volume: Volume
    dtype: np.dtype[Any]
    slopes: NDArray[np.float64]
    intercept: float
    exact: bool

    @property
    def signed(self) -> bool:
        """PixelRepresentation."""
        return self.dtype.kind == "i"

    @property
    def limits(self) -> tuple[int, int]:
        """Lowest and highest number that can be stored."""
        info = np.iinfo(self.dtype)
        return int(info.min), int(info.max)

    def plane(self, t: int, z: int) -> bytes:
        """Return slice ``z`` of frame ``t`` as pixel data."""
        stored = self.volume.frame(t)[z]
        if not self.exact:
            values = stored.astype(np.float64) * self.volume.slope + self.volume.intercept
            stored = np.rint((values - self.intercept) / self.slopes[t, z]).clip(*self.limits)
        return bytes(stored.astype(self.dtype).tobytes())


def sixteen_bit(volume: Volume, *, per_slice: bool, offset: bool) -> SixteenBit:
    """Choose slope and intercept for a volume.

    Parameters
    ----------
    volume : Volume
    per_slice : bool
        Whether each slice may have a slope of its own, as in PET.
    offset : bool
        Whether an intercept other than 0 is allowed; it is not in PET.

    Returns
    -------
    SixteenBit

    Raises
    ------
    ImageError
        If a value is NaN or infinite, which no integer stands for.

    Notes
    -----
    Whole numbers of at most 16 bits are kept to the bit, with the volume's slope and intercept. Other values are
    off by half a step at most: 1/65534 of the range of the slice or volume, the range taken to include 0 where
    there is no intercept. Zero stays zero unless it is outside the range.
    """
    _refuse_non_finite(volume)
    low, high = _ranges(volume)
    dtype = _integer_type(volume, float(low.min()), float(high.max()))
    if dtype is not None and volume.slope > 0 and (offset or volume.intercept == 0):
        slopes = np.full(low.shape, float(decimal(volume.slope)))
        return SixteenBit(volume, dtype, slopes, float(decimal(volume.intercept)), exact=True)
    ends = np.stack([low, high]) * volume.slope + volume.intercept
    low, high = ends.min(axis=0), ends.max(axis=0)
    if not per_slice:
        low, high = np.full_like(low, low.min()), np.full_like(high, high.max())
    if offset and (low.min() > 0 or high.max() < 0):
        intercept = float(decimal(low.min()))
        return SixteenBit(volume, _UNSIGNED, _slopes((high - low.min()) / 65535), intercept, exact=False)
    if low.min() < 0:
        return SixteenBit(volume, _SIGNED, _slopes(np.maximum(high / 32767, -low / 32768)), 0.0, exact=False)
    return SixteenBit(volume, _UNSIGNED, _slopes(high / 65535), 0.0, exact=False)


def _slopes(steps: NDArray[np.float64]) -> NDArray[np.float64]:
    # Where all values of a slice are equal, any slope will do; 0 is not allowed.
    return np.array([[float(decimal(step)) if step > 0 else 1.0 for step in row] for row in steps])


def _ranges(volume: Volume) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the lowest and highest stored number of each slice, (t, z)."""
    frames = [volume.frame(t) for t in range(volume.frames)]
    low = np.array([frame.min(axis=(1, 2)) for frame in frames], dtype=np.float64)
    high = np.array([frame.max(axis=(1, 2)) for frame in frames], dtype=np.float64)
    return low, high


def _integer_type(volume: Volume, low: float, high: float) -> np.dtype[Any] | None:
    """Return the 16-bit type that holds all stored numbers as they are, None if there is none."""
    if low >= -32768 and high <= 32767 and volume.stored.dtype != np.uint16:
        dtype = _SIGNED
    elif low >= 0 and high <= 65535:
        dtype = _UNSIGNED
    else:
        return None
    if volume.stored.dtype.kind == "f":
        frames = (volume.frame(t) for t in range(volume.frames))
        if not all(np.array_equal(plane, np.rint(plane)) for frame in frames for plane in frame):
            return None
    return dtype


def _refuse_non_finite(volume: Volume) -> None:
    if volume.stored.dtype.kind != "f":
        return
    count = sum(int(np.count_nonzero(~np.isfinite(volume.frame(t)))) for t in range(volume.frames))
    if count:
        raise ImageError(
            f"{count} of {volume.stored.size} voxels are not a number or infinite, which a DICOM image cannot hold",
            hint="give these voxels a value first, such as the minimum of the image",
            uid=volume.source.series_uid,
        )
