"""The 3D ROI Tool's morphology and Boolean operations: ROIs grown, shrunk and combined."""

from __future__ import annotations

from collections.abc import Sequence

from vqscript.session.roi_work import RoiWork


class RoiMorphology(RoiWork):
    """Changes the outlines of a session's ROIs; each method returns how many voxels the ROI has then."""

    def dilate(self, j: int, mm: float) -> int:
        """Grow ROI ``j`` by a distance."""
        from vqscript.roi.morphology import dilate

        return self._changed(j, dilate(self.rois, j, mm))

    def erode(self, j: int, mm: float) -> int:
        """Shrink ROI ``j`` by a distance."""
        from vqscript.roi.morphology import erode

        return self._changed(j, erode(self.rois, j, mm))

    def open(self, j: int, mm: float) -> int:
        """Erode ROI ``j``, then dilate it."""
        from vqscript.roi.morphology import opening

        return self._changed(j, opening(self.rois, j, mm))

    def close(self, j: int, mm: float) -> int:
        """Dilate ROI ``j``, then erode it."""
        from vqscript.roi.morphology import closing

        return self._changed(j, closing(self.rois, j, mm))

    def margin(self, j: int, x: float, y: float | None = None, z: float | None = None) -> int:
        """Grow ROI ``j`` by margins that may differ along x, y and z; those left out are as ``x``."""
        from vqscript.roi.morphology import margin

        return self._changed(j, margin(self.rois, j, x, x if y is None else y, x if z is None else z))

    def shell(self, j: int, mm: float, gap: float = 0.0) -> int:
        """Turn ROI ``j`` into the shell around itself, ``gap`` away and ``mm`` thick."""
        from vqscript.roi.morphology import shell

        return self._changed(j, shell(self.rois, j, mm, gap))

    def apply_erode(self) -> None:
        """Erode every unlocked ROI by one voxel."""
        from vqscript.roi.morphology import apply_erode

        apply_erode(self.rois)

    def union(self, j: int, others: Sequence[int]) -> int:
        """Add the voxels of other ROIs to ROI ``j``; it moves to another layer where it has to."""
        from vqscript.roi.combine import union

        return self._moved(j, union(self.rois, j, others))

    def intersect(self, j: int, others: Sequence[int]) -> int:
        """Leave of ROI ``j`` what all the others hold too."""
        from vqscript.roi.combine import intersect

        return self._moved(j, intersect(self.rois, j, others))

    def subtract(self, j: int, others: Sequence[int]) -> int:
        """Take the voxels of the others off ROI ``j``."""
        from vqscript.roi.combine import subtract

        return self._moved(j, subtract(self.rois, j, others))
