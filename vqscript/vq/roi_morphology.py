"""The 3D ROI Tool's morphology and Boolean operations."""

from __future__ import annotations

from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator
from vqscript.vq.types import RoiNumber


class RoiMorphology(Operator):
    """ROIs grown, shrunk and combined.

    Distances are in mm between centres of voxels, so that they hold where voxels are not cubes; what lies beyond the
    image counts as outside.
    """

    @script(example="roi:dilate(1, 2)")
    def dilate(self, j: RoiNumber, mm: float) -> int:
        """Grow an ROI by a distance to all sides.

        Other ROIs of the layer give up their voxels there, locked ones do not. A distance below the smallest voxel size
        changes nothing.

        Parameters
        ----------
        mm : float
            Distance in mm.

        Returns
        -------
        int
            Voxels that the ROI has then.
        """
        return self._session.roi_tool.dilate(j, mm)

    @script(example="roi:erode(1, 2)")
    def erode(self, j: RoiNumber, mm: float) -> int:
        """Shrink an ROI by a distance from all sides.

        Parameters
        ----------
        mm : float
            Distance in mm.

        Returns
        -------
        int
            Voxels that the ROI has then.
        """
        return self._session.roi_tool.erode(j, mm)

    @script(example="roi:open(1, 2)")
    def open(self, j: RoiNumber, mm: float) -> int:
        """Erode an ROI, then dilate it: parts thinner than twice the distance vanish.

        Parameters
        ----------
        mm : float
            Distance in mm.

        Returns
        -------
        int
            Voxels that the ROI has then.
        """
        return self._session.roi_tool.open(j, mm)

    @script(example="roi:close(1, 2)")
    def close(self, j: RoiNumber, mm: float) -> int:
        """Dilate an ROI, then erode it: gaps narrower than twice the distance are filled.

        Parameters
        ----------
        mm : float
            Distance in mm.

        Returns
        -------
        int
            Voxels that the ROI has then.
        """
        return self._session.roi_tool.close(j, mm)

    @script(example="roi:margin(1, 5, 5, 8)")
    def margin(self, j: RoiNumber, x: float, y: float | None = None, z: float | None = None) -> int:
        """Grow an ROI by margins along the axes of the image.

        The margin is an ellipsoid, as in radiotherapy planning. To keep the original, copy it first.

        Parameters
        ----------
        x : float
            Margin in mm along x; 0 does not grow along an axis.
        y, z : float
            Margins in mm along y and z; left out, as along x.

        Returns
        -------
        int
            Voxels that the ROI has then.
        """
        return self._session.roi_tool.margin(j, x, y, z)

    @script(example="roi:shell(1, 3, 1)")
    def shell(self, j: RoiNumber, mm: float, gap: float = 0.0) -> int:
        """Turn an ROI into the shell around itself.

        With a gap it is a background region around a lesion. To keep the original, copy it first.

        Parameters
        ----------
        mm : float
            Thickness in mm.
        gap : float
            Where the shell begins: mm away from the ROI.

        Returns
        -------
        int
            Voxels that the ROI has then.
        """
        return self._session.roi_tool.shell(j, mm, gap)

    @script(example="roi:applyErode()")
    def applyErode(self) -> None:
        """Erode every unlocked ROI by one voxel."""
        self._session.roi_tool.apply_erode()

    @script(example="roi:union(1, 2)")
    def union(self, j: RoiNumber, *others: RoiNumber) -> int:
        """Add the voxels of other ROIs to an ROI.

        Where the result overlaps an ROI of its layer, it moves to another layer.

        Parameters
        ----------
        *others : int
            Numbers of the other ROIs, which stay as they are.

        Returns
        -------
        int
            Voxels that the ROI has then.
        """
        return self._session.roi_tool.union(j, others)

    @script(example="roi:intersect(1, 2)")
    def intersect(self, j: RoiNumber, *others: RoiNumber) -> int:
        """Leave of an ROI the voxels that all the others hold too.

        ROIs of one layer share no voxels.

        Parameters
        ----------
        *others : int
            Numbers of the other ROIs, which stay as they are.

        Returns
        -------
        int
            Voxels that the ROI has then.
        """
        return self._session.roi_tool.intersect(j, others)

    @script(example="roi:subtract(1, 2)")
    def subtract(self, j: RoiNumber, *others: RoiNumber) -> int:
        """Take the voxels of other ROIs off an ROI.

        Parameters
        ----------
        *others : int
            Numbers of the other ROIs, which stay as they are.

        Returns
        -------
        int
            Voxels that the ROI has then.
        """
        return self._session.roi_tool.subtract(j, others)
