"""The 3D ROI Tool: ROIs by number, 1 to numROIs()-1; 0 is the background."""

from __future__ import annotations

from typing import Any, Literal

from vqscript.vq.catalog import script
from vqscript.vq.roi_files import RoiFiles
from vqscript.vq.roi_measuring import RoiMeasuring
from vqscript.vq.roi_morphology import RoiMorphology
from vqscript.vq.roi_segmentation import RoiSegmentation
from vqscript.vq.roi_shapes import RoiShapes
from vqscript.vq.types import Switch


class RoiTool(RoiShapes, RoiSegmentation, RoiMorphology, RoiMeasuring, RoiFiles):
    """ROIs on the grid of input 0, on up to 8 layers."""

    @script(example="for j = 1, roi:numROIs() - 1 do print(roi:getROIDetails(j)[1]) end")
    def numROIs(self) -> int:
        """Return the number of ROIs, the background counted."""
        return len(self._session.rois) + 1

    @script(example="local name, color = table.unpack(roi:getROIDetails(1))")
    def getROIDetails(self, j: int) -> list[Any]:
        """Return ``{name, color "#rrggbb", visible, locked, layer}``."""
        roi = self._session.rois.roi(j)
        return [roi.name, roi.color, roi.visible, roi.locked, roi.layer]

    @script(example='local x, y, z = roi:getROICenterOfMass(1):match("%((%S+) (%S+) (%S+)%)")')
    def getROICenterOfMass(self, j: int) -> str:
        """Return ``"(x y z)"``, fractional voxel indices of the reference."""
        return "({:.6g} {:.6g} {:.6g})".format(*self._session.rois.center_of_mass(j))

    @script(example='local j = roi:addROI("Heart", "#ff0000")')
    def addROI(self, name: str, color: str | None = None) -> int:
        """Add an empty ROI on the active layer and return its number; a name in use is refused."""
        return self._session.rois.add(name, color)

    @script(example='roi:editROI(1, "Heart", "#ff0000", true, false)')
    def editROI(
        self,
        j: int,
        name: str | None = None,
        color: str | None = None,
        visible: Switch | None = None,
        locked: Switch | None = None,
    ) -> None:
        """Change name, colour, visibility and lock of an ROI; what is nil stays."""
        self._session.rois.edit(
            j, name, color, None if visible is None else bool(visible), None if locked is None else bool(locked)
        )

    @script(example="roi:removeROI(1)")
    def removeROI(self, j: int) -> None:
        """Remove an ROI; the ones behind move up."""
        self._session.rois.remove(j)

    @script(example="roi:clearAllROIs()")
    def clearAllROIs(self) -> None:
        """Remove all ROIs."""
        self._session.rois.clear()

    @script(example="roi:setVisible(1, false)")
    def setVisible(self, j: int, visible: Switch) -> None:
        """Show an ROI in pictures or not."""
        self._session.rois.edit(j, visible=bool(visible))

    @script(example='local j = roi:find("Heart")')
    def find(self, name: str) -> int:
        """Return the number of the ROI of this name, 0 if there is none."""
        return self._session.rois.find(name)

    @script(example="local n = roi:addLayer()")
    def addLayer(self) -> int:
        """Add a layer (up to 8) and return its number; ROIs of different layers may overlap."""
        return self._session.rois.add_layer()

    @script(example="roi:setActiveLayer(2)")
    def setActiveLayer(self, n: int) -> None:
        """Choose the layer that new ROIs are made on (1-based)."""
        self._session.rois.active_layer = n

    @script(example="local n = roi:numLayers()")
    def numLayers(self) -> int:
        """Return the number of layers."""
        return len(self._session.rois.layers)

    @script(example='local k = roi:copyROI(1, nil, "Heart, grown")')
    def copyROI(self, j: int, layer: int | None = None, name: str | None = None) -> int:
        """Copy an ROI to a layer and return the number of the copy.

        Without a layer it goes to the first one where it overlaps nothing, a new one if need be; to a layer where it
        would overlap others it is refused. Without a name it is called "Name (2)". The copy is not locked.
        """
        return self._session.rois.duplicate(j, layer, name)

    @script(example="roi:moveROI(1, 2)")
    def moveROI(self, j: int, layer: int) -> None:
        """Move an ROI to another layer; refused where it would overlap ROIs there."""
        self._session.rois.move(j, layer)

    @script(example="roi:clearROI(1)")
    def clearROI(self, j: int) -> None:
        """Take all voxels off an ROI; name, colour and number stay."""
        self._session.rois.empty(j)

    @script(example='roi:cutROI(1, 2, "outside")')
    def cutROI(self, input: int, j: int, where: Literal["inside", "outside"] = "inside", value: float = 0.0) -> None:
        """Blank an input inside an ROI, or outside it: its voxels there become 0, or another value in its unit.

        All frames are blanked. An input on another grid keeps its own: its voxels are inside where their centres are.
        """
        self._session.roi_tool.cut(input, j, outside=where == "outside", fill=value)
