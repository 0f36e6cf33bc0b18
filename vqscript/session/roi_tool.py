"""The 3D ROI Tool: editing, measuring, files and data points of the session's ROIs."""

from __future__ import annotations

from vqscript.session.roi_files import RoiFiles
from vqscript.session.roi_measuring import RoiMeasuring


class RoiTool(RoiMeasuring, RoiFiles):
    """ROIs of a session, by number: 0 is the background, user ROIs begin at 1."""

    # Voxels -------------------------------------------------------------------------------

    def cut(self, i: int, j: int) -> None:
        """Blank input ``i`` inside ROI ``j``: its voxels become 0.

        Warns, once, if the input does not belong with the reference that the ROI was drawn on.
        """
        from vqscript.roi.cut import cut

        item = self._session.inputs[i]
        name = self.rois.roi(j).name
        cut(self.rois, j, item.volume)
        self._session.look_at(i)
        item.changed(f'blanked inside ROI "{name}"', keeps_scale=True)

    def apply_erode(self) -> None:
        """Erode every unlocked ROI by one voxel."""
        from vqscript.roi.morphology import apply_erode

        apply_erode(self.rois)
