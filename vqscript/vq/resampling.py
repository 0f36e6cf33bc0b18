"""The Resampling operator."""

from __future__ import annotations

from typing import Literal

from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator

Method = Literal["nearest", "linear", "cubic"]


class Resampling(Operator):
    """Puts inputs onto other grids; values per voxel (uCi, counts) keep their totals. ROIs follow input 0."""

    @script(example="op:toInput(1, 0)")
    def toInput(self, input: int, target: int, method: Method = "linear") -> None:
        """Resample an input to the grid of another one."""
        self._session.resampling.to_input(input, target, method)

    @script(example='op:toSpacing(0, 0.5, 0.5, 0.5, "cubic")')
    def toSpacing(self, input: int, x: float, y: float, z: float, method: Method = "linear") -> None:
        """Resample an input to voxels of x, y, z mm."""
        self._session.resampling.to_spacing(input, (x, y, z), method)

    @script(example="op:straighten(0)")
    def straighten(self, input: int) -> None:
        """Put an input whose slices are sheared by a gantry tilt onto perpendicular axes; others stay as they are."""
        self._session.resampling.straighten(input)
