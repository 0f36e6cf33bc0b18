"""The Resampling operator."""

from __future__ import annotations

from typing import Literal

from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator
from vqscript.vq.types import Input

Method = Literal["nearest", "linear", "cubic"]


class Resampling(Operator):
    """Puts inputs onto other grids; values per voxel (uCi, counts) keep their totals. ROIs follow input 0."""

    @script(example="op:toInput(1, 0)")
    def toInput(self, input: Input, target: Input, method: Method = "linear") -> None:
        """Resample an input to the grid of another one.

        Parameters
        ----------
        target : int
            Input that has the grid.
        method : str
            How values between voxels are found.
        """
        self._session.resampling.to_input(input, target, method)

    @script(example='op:toSpacing(0, 0.5, 0.5, 0.5, "cubic")')
    def toSpacing(self, input: Input, x: float, y: float, z: float, method: Method = "linear") -> None:
        """Resample an input to voxels of another size.

        Parameters
        ----------
        x, y, z : float
            Voxel size in mm.
        method : str
            How values between voxels are found.
        """
        self._session.resampling.to_spacing(input, (x, y, z), method)

    @script(example="op:straighten(0)")
    def straighten(self, input: Input) -> None:
        """Put an input whose slices are sheared by a gantry tilt onto perpendicular axes.

        Others stay as they are.
        """
        self._session.resampling.straighten(input)
