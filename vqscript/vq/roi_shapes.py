"""The 3D ROI Tool's drawing."""

from __future__ import annotations

from typing import TypedDict, Unpack

from vqscript.errors import UsageError
from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator
from vqscript.vq.types import Axis, RoiNumber, Switch, VoxelIndex

UPRIGHT = Axis(2)


class DrawOptions(TypedDict, total=False):
    """How a shape is drawn."""

    erase: Switch
    """Take the shape off the ROI instead."""


class PolygonOptions(TypedDict, total=False):
    """How a polygon is drawn."""

    axis: Axis
    """Axis across the slices: 2 (default) transverse, 1 coronal, 0 sagittal."""
    to: int
    """Last slice, to draw on several."""
    erase: Switch
    """Take it off the ROI instead."""


class RoiShapes(Operator):
    """Shapes drawn into ROIs: added to what an ROI holds, or taken off it.

    Centres are voxel indices of the reference (from 0, fractions allowed), sizes are in mm. A voxel belongs if its
    centre does. A shape outside the image is refused, one that reaches beyond it is clipped with a note.
    """

    @script(example="roi:sphere(1, 60, 52, 40, 6.2)")
    def sphere(
        self, j: RoiNumber, x: VoxelIndex, y: VoxelIndex, z: VoxelIndex, radius: float, **options: Unpack[DrawOptions]
    ) -> int:
        """Draw a sphere around a voxel.

        Other ROIs of the layer give up their voxels there, locked ones do not.

        Parameters
        ----------
        radius : float
            In mm.

        Returns
        -------
        int
            Voxels that the ROI has then.

        Raises
        ------
        RoiError
            The shape lies outside the image, or a size is none.
        """
        return self._session.roi_tool.sphere(j, (x, y, z), radius, erase=_erase(options))

    @script(example="roi:ellipsoid(1, 60, 52, 40, 5, 5, 9)")
    def ellipsoid(
        self,
        j: RoiNumber,
        x: VoxelIndex,
        y: VoxelIndex,
        z: VoxelIndex,
        radius_x: float,
        radius_y: float,
        radius_z: float,
        **options: Unpack[DrawOptions],
    ) -> int:
        """Draw an ellipsoid around a voxel.

        Other ROIs of the layer give up their voxels there, locked ones do not.

        Parameters
        ----------
        radius_x, radius_y, radius_z : float
            Half axes in mm along the axes of the voxels.

        Returns
        -------
        int
            Voxels that the ROI has then.

        Raises
        ------
        RoiError
            The shape lies outside the image, or a size is none.
        """
        radii = radius_x, radius_y, radius_z
        return self._session.roi_tool.ellipsoid(j, (x, y, z), radii, erase=_erase(options))

    @script(example="roi:box(1, 60, 52, 40, 10, 10, 20)")
    def box(
        self,
        j: RoiNumber,
        x: VoxelIndex,
        y: VoxelIndex,
        z: VoxelIndex,
        size_x: float,
        size_y: float,
        size_z: float,
        **options: Unpack[DrawOptions],
    ) -> int:
        """Draw a box around a voxel.

        A face that runs through centres of voxels holds them on the lower side and not on the upper one, so that 10 mm
        are 10 voxels of 1 mm wherever the centre is. Other ROIs of the layer give up their voxels there, locked ones do
        not.

        Parameters
        ----------
        size_x, size_y, size_z : float
            Edges in mm along the axes of the voxels.

        Returns
        -------
        int
            Voxels that the ROI has then.

        Raises
        ------
        RoiError
            The shape lies outside the image, or a size is none.
        """
        sizes = size_x, size_y, size_z
        return self._session.roi_tool.box(j, (x, y, z), sizes, erase=_erase(options))

    @script(example="roi:cylinder(1, 60, 52, 40, 5, 20)")
    def cylinder(
        self,
        j: RoiNumber,
        x: VoxelIndex,
        y: VoxelIndex,
        z: VoxelIndex,
        radius: float,
        length: float,
        axis: Axis = UPRIGHT,
        **options: Unpack[DrawOptions],
    ) -> int:
        """Draw a cylinder around a voxel.

        Other ROIs of the layer give up their voxels there, locked ones do not.

        Parameters
        ----------
        radius, length : float
            In mm.
        axis : int
            Axis that it stands along: 0, 1 and 2 are x, y and z.

        Returns
        -------
        int
            Voxels that the ROI has then.

        Raises
        ------
        RoiError
            The shape lies outside the image, or a size is none.
        """
        return self._session.roi_tool.cylinder(j, (x, y, z), radius, length, axis, erase=_erase(options))

    @script(example="roi:polygon(1, 40, {{50, 50}, {60, 50}, {55, 58}})")
    def polygon(self, j: RoiNumber, slice: int, points: list[list[float]], **options: Unpack[PolygonOptions]) -> int:
        """Draw a polygon on a slice.

        The last corner is joined to the first; where edges cross, the even-odd rule holds.

        Parameters
        ----------
        slice : int
            Number of the slice, from 0.
        points : list of list of float
            Corners in voxel indices: x, y on transverse slices, x, z on coronal ones (`-axis 1`), y, z on sagittal ones
            (`-axis 0`).

        Returns
        -------
        int
            Voxels that the ROI has then.

        Raises
        ------
        RoiError
            The shape lies outside the image, or it has fewer than three corners.
        """
        return self._session.roi_tool.polygon(
            j, points, slice, options.get("to"), options.get("axis", 2), erase=bool(options.get("erase", False))
        )

    @script(example="roi:contours(1, {{{-4.5, 2, 10}, {3, 2, 10}, {3, 9.5, 10}}})")
    def contours(self, j: RoiNumber, outlines: list[list[list[float]]], **options: Unpack[DrawOptions]) -> int:
        """Draw closed contours in mm, as an RTSTRUCT holds them.

        A contour inside another one on the same slice is a hole.

        Parameters
        ----------
        outlines : list of list of list of float
            Contours: lists of points x, y, z in patient coordinates (LPS), in mm, each contour on one slice.

        Returns
        -------
        int
            Voxels that the ROI has then.

        Raises
        ------
        UsageError
            There is no contour.
        RoiError
            A contour lies outside the image or on no slice.
        """
        if not outlines:
            raise UsageError("there is no contour to draw", hint="a list of contours, each a list of points {x, y, z}")
        return self._session.roi_tool.contours(j, outlines, erase=_erase(options))


def _erase(options: DrawOptions) -> bool:
    return bool(options.get("erase", False))
