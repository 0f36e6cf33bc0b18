"""Colours of segments: ``#rrggbb`` and the CIELab values of DICOM.

PS3.3 C.10.7.1.1 encodes L* 0 to 100 and a*, b* -128 to 127 as 0 to 65535. The white point is D65, that of sRGB,
as the common writers and readers of segmentations have it (the standard's profile connection space is D50).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

# IEC 61966-2-1: linear sRGB to XYZ.
_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = _XYZ.sum(axis=1)
# f = (116 L* terms), see CIE 15: L* = 116 fy - 16, a* = 500 (fx - fy), b* = 200 (fy - fz).
_LAB = np.array([[0.0, 116.0, 0.0], [500.0, -500.0, 0.0], [0.0, 200.0, -200.0]])
_OFFSET = np.array([-16.0, 0.0, 0.0])
_LOWEST, _SPAN = np.array([0.0, -128.0, -128.0]), np.array([100.0, 255.0, 255.0])
_KNEE = 6 / 29


def to_cielab(color: str) -> list[int]:
    """Return a colour ``#rrggbb`` as three 16-bit CIELab values."""
    rgb = np.array([int(color[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    relative = _XYZ @ linear / _WHITE
    f = np.where(relative > _KNEE**3, np.cbrt(relative), relative / (3 * _KNEE**2) + 4 / 29)
    lab = _LAB @ f + _OFFSET
    return [int(value) for value in np.clip(np.rint((lab - _LOWEST) / _SPAN * 65535), 0, 65535)]


def from_cielab(values: Sequence[float]) -> str:
    """Return three 16-bit CIELab values as ``#rrggbb``; what lies outside sRGB is clipped."""
    lab: NDArray[np.float64] = np.asarray(values, dtype=np.float64) / 65535 * _SPAN + _LOWEST
    f = np.linalg.solve(_LAB, lab - _OFFSET)
    relative = np.where(f > _KNEE, f**3, (f - 4 / 29) * 3 * _KNEE**2)
    linear = np.clip(np.linalg.solve(_XYZ, relative * _WHITE), 0, 1)
    rgb = np.where(linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear)
    red, green, blue = (int(value) for value in np.rint(rgb * 255))
    return f"#{red:02x}{green:02x}{blue:02x}"
