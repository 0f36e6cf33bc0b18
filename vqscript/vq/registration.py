"""The Reorientation/Registration operator."""

from __future__ import annotations

from typing import Literal

from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator


class Registration(Operator):
    """Reorientation and registration of inputs; input 0, the reference, stays."""

    @script(example="VQ.currentOp():translate(1, 0.5, 0, 0)")
    def translate(self, input: int, x: float, y: float, z: float) -> None:
        """Move an input by x, y, z in mm (LPS: to the patient's left, back, head); its voxels stay as they are."""
        self._session.reorientation.translate(input, (x, y, z))

    @script(example="VQ.currentOp():rotate(1, 0, 0, 15)")
    def rotate(self, input: int, x: float, y: float, z: float) -> None:
        """Turn an input about its centre, by degrees about the patient's x, then y, then z axis."""
        self._session.reorientation.rotate(input, (x, y, z))

    @script(example='VQ.currentOp():flip(1, "x")')
    def flip(self, input: int, axis: Literal["x", "y", "z"]) -> None:
        """Mirror the voxels of an input along an axis: the correction of an image that was written the wrong way."""
        self._session.reorientation.flip(input, axis)

    @script(example="for _, line in ipairs(VQ.currentOp():register(1, 0)) do print(line) end")
    def register(self, moving: int, fixed: int = 0, start: Literal["header", "centres"] | None = None) -> list[str]:
        """Align an input with another one by a rigid motion, found by mutual information, and return what was found.

        The search begins where the headers put the images, or with their centres upon each other; what is more
        than about 20 degrees away is not found. Needs the extra ``registration`` (SimpleITK).
        """
        return list(self._session.reorientation.register(moving, fixed, start).notes)
