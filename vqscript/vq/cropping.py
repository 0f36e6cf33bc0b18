"""The Cropping operator."""

from __future__ import annotations

from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator


class Cropping(Operator):
    """Cutting inputs and ROIs to a range of voxels."""

    @script(example="op:setRange(0, 10, 90)")
    def setRange(self, axis: int, from_: int, to: int) -> None:
        """Set the inclusive voxel bounds of an axis (0, 1, 2 = x, y, z) of the reference."""
        self._session.cropping.set_range(axis, from_, to)

    @script(example="op:executeCropping()")
    def executeCropping(self) -> None:
        """Cut all inputs and ROIs to the range that was set."""
        self._session.cropping.execute()

    @script(example="op:autoCrop({0}, 2)")
    def autoCrop(self, inputs: list[int], margin_mm: float = 0.0) -> None:
        """Cut all inputs to where the named ones hold something, plus a margin in mm."""
        self._session.cropping.auto(inputs, margin_mm)
        self._session.cropping.execute()

    @script(example="op:embed(128, 128, 200)")
    def embed(self, x: int, y: int, z: int) -> None:
        """Put the reference, and inputs on its grid, into the middle of a larger grid."""
        self._session.cropping.embed(x, y, z)
