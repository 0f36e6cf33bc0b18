"""The 3D ROI Tool's drawing: shapes in mm, polygons and contours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vqscript.session.roi_work import RoiWork

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from vqscript.roi.shapes import Shape, Triple


class RoiShapes(RoiWork):
    """Draws into the ROIs of a session.

    What is drawn is added to what the ROI holds, or taken off it with ``erase``. Centres are voxel indices (x, y, z) of
    the reference, 0-based and fractional; sizes are in mm. Each method returns how many voxels the ROI has then, and
    raises :class:`~vqscript.errors.RoiError` if the shape lies outside the image or holds no voxel's centre.
    """

    def sphere(self, j: int, center: Triple, radius: float, *, erase: bool = False) -> int:
        """Draw a sphere."""
        from vqscript.roi.shapes import sphere

        return self.draw(j, sphere(self.rois.grid, center, radius), erase=erase)

    def ellipsoid(self, j: int, center: Triple, radii: Triple, *, erase: bool = False) -> int:
        """Draw an ellipsoid with radii along x, y and z."""
        from vqscript.roi.shapes import ellipsoid

        return self.draw(j, ellipsoid(self.rois.grid, center, radii), erase=erase)

    def box(self, j: int, center: Triple, sizes: Triple, *, erase: bool = False) -> int:
        """Draw a box with edges of these lengths along x, y and z."""
        from vqscript.roi.shapes import box

        return self.draw(j, box(self.rois.grid, center, sizes), erase=erase)

    def cylinder(
        self, j: int, center: Triple, radius: float, length: float, axis: int = 2, *, erase: bool = False
    ) -> int:
        """Draw a cylinder around an axis (0, 1, 2 = x, y, z)."""
        from vqscript.roi.shapes import cylinder

        return self.draw(j, cylinder(self.rois.grid, center, radius, length, axis), erase=erase)

    def polygon(
        self, j: int, points: ArrayLike, first: int, last: int | None = None, axis: int = 2, *, erase: bool = False
    ) -> int:
        """Draw a polygon on slices; see :func:`vqscript.roi.shapes.polygon`."""
        from vqscript.roi.shapes import polygon

        return self.draw(j, polygon(self.rois.grid, points, first, last, axis), erase=erase)

    def contours(self, j: int, outlines: Sequence[ArrayLike], *, erase: bool = False) -> int:
        """Draw closed contours in LPS mm; see :func:`vqscript.roi.shapes.contours`."""
        from vqscript.roi.shapes import contours

        return self.draw(j, contours(self.rois.grid, outlines), erase=erase)

    def draw(self, j: int, shape: Shape, *, erase: bool = False) -> int:
        """Add a shape to ROI ``j``, or take it off."""
        from vqscript.roi.combine import joined, without

        rois = self.rois
        roi = rois.editable(j)
        part = rois.part(j)
        for note in shape.notes:
            self._say(f'ROI "{roi.name}": what is drawn {note}')
        if not erase:
            part = shape.part if part is None else joined([part, shape.part])
        elif part is not None:
            without(part, shape.part)
        return 0 if part is None else self._changed(j, rois.set_mask(j, part[1], part[0]))
