"""The Reorientation/Registration operator."""

from __future__ import annotations

from typing import Literal

from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator
from vqscript.vq.types import REFERENCE, Input


class Registration(Operator):
    """Reorientation and registration of inputs; input 0, the reference, stays."""

    @script(example="VQ.currentOp():translate(1, 0.5, 0, 0)")
    def translate(self, input: Input, x: float, y: float, z: float) -> None:
        """Move an input; its voxels stay as they are.

        Parameters
        ----------
        x, y, z : float
            In mm, to the patient's left, back and head (LPS).

        Raises
        ------
        UsageError
            It is input 0: the reference stays.
        """
        self._session.reorientation.translate(input, (x, y, z))

    @script(example="VQ.currentOp():rotate(1, 0, 0, 15)")
    def rotate(self, input: Input, x: float, y: float, z: float) -> None:
        """Turn an input about its centre.

        Parameters
        ----------
        x, y, z : float
            Degrees about the patient's x axis, then y, then z.

        Raises
        ------
        UsageError
            It is input 0: the reference stays.
        """
        self._session.reorientation.rotate(input, (x, y, z))

    @script(example='VQ.currentOp():flip(1, "x")')
    def flip(self, input: Input, axis: Literal["x", "y", "z"]) -> None:
        """Mirror the voxels of an input along an axis: the correction of an image that was written the wrong way.

        Parameters
        ----------
        axis : str
            Axis of the voxels.

        Raises
        ------
        UsageError
            It is input 0, and there are ROIs on it.
        """
        self._session.reorientation.flip(input, axis)

    @script(example="for _, line in ipairs(VQ.currentOp():register(1, 0)) do print(line) end")
    def register(
        self, moving: Input, fixed: Input = REFERENCE, start: Literal["header", "centres"] | None = None
    ) -> list[str]:
        """Align an input with another one by a rigid motion, found by mutual information.

        What is more than about 20 degrees away is not found. Needs the extra `registration` (SimpleITK).

        Parameters
        ----------
        moving : int
            Input that is moved.
        fixed : int
            Input that stays.
        start : str
            Where the search begins: with the images where their "header" puts them, or with their "centres" upon each
            other; left out, with the headers' places if both name one frame of reference and the images overlap.

        Returns
        -------
        list of str
            What was found: translation in mm, rotation in degrees, similarity before and after.

        Raises
        ------
        UsageError
            Both are the same input, or SimpleITK is not installed.
        """
        return list(self._session.reorientation.register(moving, fixed, start).notes)
