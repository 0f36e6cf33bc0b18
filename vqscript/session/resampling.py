"""Resampling of inputs: to the grid of another one, or to a spacing."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vqscript.imaging import resampled

if TYPE_CHECKING:
    from vqscript.imaging.grid import Grid
    from vqscript.session.session import Session


class Resampling:
    """Puts inputs onto other grids; per-voxel units keep their totals, and a CT is air where it did not reach."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def to_input(self, i: int, target: int, method: resampled.Method = "linear") -> None:
        """Resample input ``i`` to the grid of input ``target``, by ``"nearest"``, ``"linear"`` or ``"cubic"``."""
        grid = self._session.inputs[target].volume.grid
        self._to_grid(i, grid, method, f"the grid of input {target}")

    def to_spacing(self, i: int, spacing: float | Sequence[float], method: resampled.Method = "linear") -> None:
        """Resample input ``i`` to voxels of x, y, z mm (one number makes cubes)."""
        grid = resampled.grid_of_spacing(self._session.inputs[i].volume.grid, spacing)
        self._to_grid(i, grid, method, "{:.4g} x {:.4g} x {:.4g} mm".format(*grid.spacing))

    def straighten(self, i: int) -> None:
        """Put an input whose slices are sheared by a gantry tilt onto perpendicular axes; others stay as they are."""
        volume = self._session.inputs[i].volume
        if volume.grid.sheared:
            from vqscript.imaging.straighten import straightened

            self._session.replace_volume(i, straightened(volume), "gantry tilt straightened, linear")

    def _to_grid(self, i: int, grid: Grid, method: resampled.Method, where: str) -> None:
        item = self._session.inputs[i]
        if item.volume.grid.matches(grid):
            return
        fill = item.range[0] if item.volume.unit == "HU" else 0.0
        volume = resampled.to_grid(item.volume, grid, method, fill=fill)
        self._session.replace_volume(i, volume, f"resampled to {where}, {method}")
