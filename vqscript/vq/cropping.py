"""The Cropping operator."""

from __future__ import annotations

from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator
from vqscript.vq.types import Axis, Input


class Cropping(Operator):
    """Cutting inputs and ROIs to a range of voxels."""

    @script(example="op:setRange(0, 10, 90)")
    def setRange(self, axis: Axis, from_: int, to: int) -> None:
        """Set the voxel bounds of an axis, for :meth:`executeCropping`.

        Parameters
        ----------
        from, to : int
            First and last voxel of the reference that stay, from 0.

        Raises
        ------
        UsageError
            The axis has no such voxels.
        """
        self._session.cropping.set_range(axis, from_, to)

    @script(example="op:executeCropping()")
    def executeCropping(self) -> None:
        """Cut all inputs and ROIs to the range that was set.

        Inputs on another grid are cut to the voxels that cover the same space.

        Raises
        ------
        UsageError
            Nothing of an input would be left.
        """
        self._session.cropping.execute()

    @script(example="op:autoCrop({0}, 2)")
    def autoCrop(self, inputs: list[Input], margin_mm: float = 0.0) -> None:
        """Cut all inputs to where the named ones hold something.

        An input holds something where it exceeds a tenth of its range, in any frame.

        Parameters
        ----------
        inputs : list of int
            Numbers of the inputs to look at.
        margin_mm : float
            Added to each side, in mm.
        """
        self._session.cropping.auto([*inputs], margin_mm)
        self._session.cropping.execute()

    @script(example="op:embed(128, 128, 200)")
    def embed(self, x: int, y: int, z: int) -> None:
        """Put the reference, and inputs on its grid, into the middle of a larger grid.

        Parameters
        ----------
        x, y, z : int
            Voxels of the larger grid; those around take the smallest value.

        Raises
        ------
        UsageError
            The grid is smaller than the image.
        """
        self._session.cropping.embed(x, y, z)
