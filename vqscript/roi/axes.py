"""Axes at right angles on a grid whose own need not be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.grid import Grid


def upright(grid: Grid) -> NDArray[np.float64]:
    """Return the upper triangular (3, 3) matrix from index offsets (x, y, z) to mm along axes at right angles.

    Its x axis is the grid's, y lies in the grid's x-y plane, and z stands on that. It is diagonal unless the grid is
    sheared (gantry tilt).
    """
    if not grid.sheared:
        return np.diag(np.asarray(grid.spacing, dtype=np.float64))
    matrix = np.linalg.qr(grid.affine[:3, :3])[1]
    axes: NDArray[np.float64] = matrix * np.sign(np.diag(matrix))[:, None]
    return axes
