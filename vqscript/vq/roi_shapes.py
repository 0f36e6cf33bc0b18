"""The 3D ROI Tool's drawing."""

from __future__ import annotations

from typing import TypedDict, Unpack

from vqscript.errors import UsageError
from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator
from vqscript.vq.types import Switch


class DrawOptions(TypedDict, total=False):
    """How a shape is drawn: ``erase`` takes it off the ROI instead of adding it."""

    erase: Switch


class PolygonOptions(TypedDict, total=False):
    """How a polygon is drawn: across which axis (0, 1, 2 = x, y, z), and on which slices beside the first."""

    axis: int
    to: int
    erase: Switch


class RoiShapes(Operator):
    """Shapes drawn into ROIs: added to what an ROI holds, or taken off it.

    Centres are voxel indices of the reference (from 0, fractions allowed), sizes are in mm. A voxel belongs if its
    centre does. A shape outside the image is refused, one that reaches beyond it is clipped with a note.
    """

    @script(example="roi:sphere(1, 60, 52, 40, 6.2)")
    def sphere(self, j: int, x: float, y: float, z: float, radius: float, **options: Unpack[DrawOptions]) -> int:
        """Draw a sphere of a radius in mm around a voxel; returns how many voxels the ROI has.

        ``-erase`` takes the sphere off the ROI instead. Other ROIs of the layer give up their voxels there, locked
        ones do not.
        """
        return self._session.roi_tool.sphere(j, (x, y, z), radius, erase=_erase(options))

    @script(example="roi:ellipsoid(1, 60, 52, 40, 5, 5, 9)")
    def ellipsoid(
        self,
        j: int,
        x: float,
        y: float,
        z: float,
        radius_x: float,
        radius_y: float,
        radius_z: float,
        **options: Unpack[DrawOptions],
    ) -> int:
        """Draw an ellipsoid with radii (half axes) in mm along x, y and z; returns how many voxels the ROI has.

        ``-erase`` takes it off the ROI instead.
        """
        radii = radius_x, radius_y, radius_z
        return self._session.roi_tool.ellipsoid(j, (x, y, z), radii, erase=_erase(options))

    @script(example="roi:box(1, 60, 52, 40, 10, 10, 20)")
    def box(
        self,
        j: int,
        x: float,
        y: float,
        z: float,
        size_x: float,
        size_y: float,
        size_z: float,
        **options: Unpack[DrawOptions],
    ) -> int:
        """Draw a box with edges in mm along x, y and z around its centre; returns how many voxels the ROI has.

        A face that runs through centres of voxels holds them on the lower side and not on the upper one, so that
        10 mm are 10 voxels of 1 mm wherever the centre is. ``-erase`` takes the box off the ROI instead.
        """
        sizes = size_x, size_y, size_z
        return self._session.roi_tool.box(j, (x, y, z), sizes, erase=_erase(options))

    @script(example="roi:cylinder(1, 60, 52, 40, 5, 20)")
    def cylinder(
        self,
        j: int,
        x: float,
        y: float,
        z: float,
        radius: float,
        length: float,
        axis: int = 2,
        **options: Unpack[DrawOptions],
    ) -> int:
        """Draw a cylinder, radius and length in mm, around its centre; returns how many voxels the ROI has.

        It stands along an axis: 0, 1, 2 = x, y, z (default z). ``-erase`` takes it off the ROI instead.
        """
        return self._session.roi_tool.cylinder(j, (x, y, z), radius, length, axis, erase=_erase(options))

    @script(example="roi:polygon(1, 40, {{50, 50}, {60, 50}, {55, 58}})")
    def polygon(self, j: int, slice: int, points: list[list[float]], **options: Unpack[PolygonOptions]) -> int:
        """Draw a polygon on a slice, corners in voxel indices; returns how many voxels the ROI has.

        Corners are {x, y} on transverse slices. ``-axis 1`` draws on a coronal slice with corners {x, z}, ``-axis 0``
        on a sagittal one with {y, z}. ``-to`` is the last slice, if it is to be drawn on several. The last corner is
        joined to the first; where edges cross, the even-odd rule holds. ``-erase`` takes it off the ROI instead.
        """
        return self._session.roi_tool.polygon(
            j, points, slice, options.get("to"), options.get("axis", 2), erase=bool(options.get("erase", False))
        )

    @script(example="roi:contours(1, {{{-4.5, 2, 10}, {3, 2, 10}, {3, 9.5, 10}}})")
    def contours(self, j: int, outlines: list[list[list[float]]], **options: Unpack[DrawOptions]) -> int:
        """Draw closed contours in mm, as an RTSTRUCT holds them; returns how many voxels the ROI has.

        Each is a list of points {x, y, z} in patient coordinates (LPS) that lie on one slice. A contour inside
        another one on the same slice is a hole. ``-erase`` takes them off the ROI instead.
        """
        if not outlines:
            raise UsageError("there is no contour to draw", hint="a list of contours, each a list of points {x, y, z}")
        return self._session.roi_tool.contours(j, outlines, erase=_erase(options))


def _erase(options: DrawOptions) -> bool:
    return bool(options.get("erase", False))
