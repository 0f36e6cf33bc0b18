"""The 3D ROI Tool's morphology and Boolean operations."""

from __future__ import annotations

from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator


class RoiMorphology(Operator):
    """ROIs grown, shrunk and combined.

    Distances are in mm between centres of voxels, so that they hold where voxels are not cubes; what lies beyond the
    image counts as outside.
    """

    @script(example="roi:dilate(1, 2)")
    def dilate(self, j: int, mm: float) -> int:
        """Grow an ROI by a distance in mm to all sides; returns how many voxels it has then.

        Other ROIs of the layer give up their voxels there, locked ones do not. A distance below the smallest voxel
        size changes nothing.
        """
        return self._session.roi_tool.dilate(j, mm)

    @script(example="roi:erode(1, 2)")
    def erode(self, j: int, mm: float) -> int:
        """Shrink an ROI by a distance in mm from all sides; returns how many voxels it has then."""
        return self._session.roi_tool.erode(j, mm)

    @script(example="roi:open(1, 2)")
    def open(self, j: int, mm: float) -> int:
        """Erode an ROI, then dilate it: parts thinner than twice the distance vanish; returns its voxels then."""
        return self._session.roi_tool.open(j, mm)

    @script(example="roi:close(1, 2)")
    def close(self, j: int, mm: float) -> int:
        """Dilate an ROI, then erode it: gaps narrower than twice the distance are filled; returns its voxels then."""
        return self._session.roi_tool.close(j, mm)

    @script(example="roi:margin(1, 5, 5, 8)")
    def margin(self, j: int, x: float, y: float | None = None, z: float | None = None) -> int:
        """Grow an ROI by margins in mm along x, y and z of the image; returns how many voxels it has then.

        y and z are as x where they are left out; 0 does not grow along an axis. The margin is an ellipsoid, as in
        radiotherapy planning. To keep the original, copy it first.
        """
        return self._session.roi_tool.margin(j, x, y, z)

    @script(example="roi:shell(1, 3, 1)")
    def shell(self, j: int, mm: float, gap: float = 0.0) -> int:
        """Turn an ROI into the shell around itself, so many mm thick; returns how many voxels that has.

        With a gap, the shell begins so many mm away from the ROI: a background region around a lesion. To keep the
        original, copy it first.
        """
        return self._session.roi_tool.shell(j, mm, gap)

    @script(example="roi:applyErode()")
    def applyErode(self) -> None:
        """Erode every unlocked ROI by one voxel."""
        self._session.roi_tool.apply_erode()

    @script(example="roi:union(1, 2)")
    def union(self, j: int, *others: int) -> int:
        """Add the voxels of other ROIs to an ROI; returns how many it has then.

        The others stay as they are: where the result overlaps one of its layer, ROI j moves to another layer.
        """
        return self._session.roi_tool.union(j, others)

    @script(example="roi:intersect(1, 2)")
    def intersect(self, j: int, *others: int) -> int:
        """Leave of an ROI the voxels that all the others hold too; returns how many it has then.

        The others stay as they are. ROIs of one layer share no voxels.
        """
        return self._session.roi_tool.intersect(j, others)

    @script(example="roi:subtract(1, 2)")
    def subtract(self, j: int, *others: int) -> int:
        """Take the voxels of other ROIs off an ROI; returns how many it has then. The others stay as they are."""
        return self._session.roi_tool.subtract(j, others)
