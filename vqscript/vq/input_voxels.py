"""The data manager's voxels: how many, how large, and their values."""

from __future__ import annotations

from vqscript.errors import UsageError
from vqscript.vq.catalog import script
from vqscript.vq.host_object import HostObject
from vqscript.vq.types import Input


class InputVoxels(HostObject):
    """Size, geometry and values of an input."""

    @script(example="local x, y, z, t = dm:dim(0)")
    def dim(self, i: Input) -> tuple[int, int, int, int]:
        """Return the number of voxels along x, y and z, and of frames.

        Returns
        -------
        int
            Voxels along x.
        int
            Voxels along y.
        int
            Voxels along z.
        int
            Frames, 1 for an image without time.
        """
        volume = self._session.inputs[i].volume
        return (*volume.grid.size, volume.frames)

    @script(example="print(dm:voxelSizeX(0))")
    def voxelSizeX(self, i: Input) -> float:
        """Return the voxel size along x in mm.

        Returns
        -------
        float
            Millimetres between the centres of neighbouring voxels.
        """
        return self._session.inputs[i].volume.grid.spacing[0]

    @script(example="print(dm:voxelSizeY(0))")
    def voxelSizeY(self, i: Input) -> float:
        """Return the voxel size along y in mm.

        Returns
        -------
        float
            Millimetres between the centres of neighbouring voxels.
        """
        return self._session.inputs[i].volume.grid.spacing[1]

    @script(example="print(dm:voxelSizeZ(0))")
    def voxelSizeZ(self, i: Input) -> float:
        """Return the voxel size along z in mm.

        Returns
        -------
        float
            Millimetres between the centres of neighbouring slices.
        """
        return self._session.inputs[i].volume.grid.spacing[2]

    @script(example="print(dm:getMin(1))")
    def getMin(self, i: Input) -> float:
        """Return the smallest value.

        Returns
        -------
        float
            In the unit of the input, over all frames; NaN is left out.
        """
        return self._session.inputs[i].range[0]

    @script(example="print(dm:getMax(1))")
    def getMax(self, i: Input) -> float:
        """Return the largest value.

        Returns
        -------
        float
            In the unit of the input, over all frames; NaN is left out.
        """
        return self._session.inputs[i].range[1]

    @script(example="print(dm:value(0, 10, 10, 5))")
    def value(self, i: Input, x: int, y: int, z: int, t: int = 1) -> float:
        """Return the value of one voxel.

        Parameters
        ----------
        x, y, z : int
            Voxel indices, from 0.
        t : int
            Frame, from 1.

        Returns
        -------
        float
            In the unit of the input.

        Raises
        ------
        UsageError
            The voxel or the frame is outside the image.
        """
        volume = self._session.inputs[i].volume
        for index, count, axis in zip((x, y, z), volume.grid.size, "xyz", strict=True):
            if not 0 <= index < count:
                raise UsageError(f"{axis} = {index} is outside the image", hint=f"{axis} runs from 0 to {count - 1}")
        if not 1 <= t <= volume.frames:
            raise UsageError(f"there is no frame {t}", hint=f"the image has frames 1 to {volume.frames}")
        return volume.value(x, y, z, t - 1)
