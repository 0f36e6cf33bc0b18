"""The 3D ROI Tool: drawing, segmenting, editing, measuring, files and data points of the session's ROIs."""

from __future__ import annotations

from vqscript.errors import RoiError
from vqscript.session.roi_files import RoiFiles
from vqscript.session.roi_measuring import RoiMeasuring
from vqscript.session.roi_morphology import RoiMorphology
from vqscript.session.roi_segmentation import RoiSegmentation
from vqscript.session.roi_shapes import RoiShapes


class RoiTool(RoiShapes, RoiSegmentation, RoiMorphology, RoiMeasuring, RoiFiles):
    """ROIs of a session, by number: 0 is the background, user ROIs begin at 1."""

    # Voxels -------------------------------------------------------------------------------

    def cut(self, i: int, j: int, *, outside: bool = False, fill: float = 0.0) -> None:
        """Blank input ``i`` inside or outside ROI ``j``, in all frames: its voxels there become ``fill``.

        Warns, once, if the input does not belong with the reference that the ROI was drawn on. An empty ROI is refused
        for ``outside``: nothing would be left of the input.
        """
        from vqscript.roi.cut import cut

        item = self._session.inputs[i]
        name = self.rois.roi(j).name
        if outside and self.rois.part(j) is None:
            raise RoiError(f'ROI {j} "{name}" is empty: nothing of input {i} would be left outside it')
        cut(self.rois, j, item.volume, inside=not outside, fill=fill)
        self._session.look_at(i)
        where = "outside" if outside else "inside"
        item.changed(f'blanked {where} ROI "{name}"' + (f" with {fill:g}" if fill else ""), keeps_scale=True)
