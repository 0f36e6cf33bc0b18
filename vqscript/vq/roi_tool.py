"""The 3D ROI Tool: ROIs by number, 1 to numROIs()-1; 0 is the background."""

from __future__ import annotations

from typing import Any, Literal

from vqscript.vq.catalog import script
from vqscript.vq.roi_files import RoiFiles
from vqscript.vq.roi_measuring import RoiMeasuring
from vqscript.vq.roi_morphology import RoiMorphology
from vqscript.vq.roi_segmentation import RoiSegmentation
from vqscript.vq.roi_shapes import RoiShapes
from vqscript.vq.types import Input, RoiNumber, Switch


class RoiTool(RoiShapes, RoiSegmentation, RoiMorphology, RoiMeasuring, RoiFiles):
    """ROIs on the grid of input 0, on up to 8 layers."""

    @script(example="for j = 1, roi:numROIs() - 1 do print(roi:getROIDetails(j)[1]) end")
    def numROIs(self) -> int:
        """Return the number of ROIs, the background counted.

        Returns
        -------
        int
            One more than there are ROIs: they are 1 to `numROIs() - 1`.
        """
        return len(self._session.rois) + 1

    @script(example="local name, color = table.unpack(roi:getROIDetails(1))")
    def getROIDetails(self, j: RoiNumber) -> list[Any]:
        """Return what an ROI is called and how it is shown.

        Returns
        -------
        list
            Name, colour as "#rrggbb", visible, locked, layer.
        """
        roi = self._session.rois.roi(j)
        return [roi.name, roi.color, roi.visible, roi.locked, roi.layer]

    @script(example='local x, y, z = roi:getROICenterOfMass(1):match("%((%S+) (%S+) (%S+)%)")')
    def getROICenterOfMass(self, j: RoiNumber) -> str:
        """Return the centre of mass of an ROI as text.

        Returns
        -------
        str
            "(x y z)": voxel indices of the reference, with fractions, as `setPos` takes them.

        Raises
        ------
        RoiError
            The ROI has no voxels.
        """
        return "({:.6g} {:.6g} {:.6g})".format(*self._session.rois.center_of_mass(j))

    @script(example='local j = roi:addROI("Lung", "#ff0000")')
    def addROI(self, name: str, color: str | None = None) -> int:
        """Add an empty ROI on the active layer.

        Parameters
        ----------
        name : str
            One that is not in use.
        color : str
            "#rrggbb"; left out, the next of a list.

        Returns
        -------
        int
            Number of the ROI.

        Raises
        ------
        RoiError
            The name is in use, or there are 2048 ROIs.
        """
        return self._session.rois.add(name, color)

    @script(example='roi:editROI(1, "Heart", "#ff0000", true, false)')
    def editROI(
        self,
        j: RoiNumber,
        name: str | None = None,
        color: str | None = None,
        visible: Switch | None = None,
        locked: Switch | None = None,
    ) -> None:
        """Change name, colour, visibility and lock of an ROI; what is nil stays.

        Parameters
        ----------
        name : str
            One that is not in use.
        color : str
            "#rrggbb".
        visible : bool
            Whether pictures show it.
        locked : bool
            Whether its voxels are protected.
        """
        self._session.rois.edit(
            j, name, color, None if visible is None else bool(visible), None if locked is None else bool(locked)
        )

    @script(example="roi:removeROI(1)")
    def removeROI(self, j: RoiNumber) -> None:
        """Remove an ROI; the ones behind move up."""
        self._session.rois.remove(j)

    @script(example="roi:clearAllROIs()")
    def clearAllROIs(self) -> None:
        """Remove all ROIs."""
        self._session.rois.clear()

    @script(example="roi:setVisible(1, false)")
    def setVisible(self, j: RoiNumber, visible: Switch) -> None:
        """Show an ROI in pictures or not."""
        self._session.rois.edit(j, visible=bool(visible))

    @script(example="roi:setLocked(1, true)")
    def setLocked(self, j: RoiNumber, locked: Switch) -> None:
        """Lock an ROI or unlock it: a locked one keeps its voxels, name and colour."""
        self._session.rois.edit(j, locked=bool(locked))

    @script(example='local j = roi:find("Heart")')
    def find(self, name: str) -> int:
        """Return the number of the ROI of a name.

        Parameters
        ----------
        name : str
            As it is spelled.

        Returns
        -------
        int
            0 if there is none.
        """
        return self._session.rois.find(name)

    @script(example="local n = roi:addLayer()")
    def addLayer(self) -> int:
        """Add a layer, up to 8; ROIs of different layers may overlap.

        Returns
        -------
        int
            Number of the layer, from 1.

        Raises
        ------
        RoiError
            There are 8 layers.
        """
        return self._session.rois.add_layer()

    @script(example="roi:setActiveLayer(2)")
    def setActiveLayer(self, n: int) -> None:
        """Choose the layer that new ROIs are made on.

        Parameters
        ----------
        n : int
            Number of the layer, from 1.
        """
        self._session.rois.active_layer = n

    @script(example="local n = roi:activeLayer()")
    def activeLayer(self) -> int:
        """Return the layer that new ROIs are made on.

        Returns
        -------
        int
            Number of the layer, from 1.
        """
        return self._session.rois.active_layer

    @script(example="local n = roi:numLayers()")
    def numLayers(self) -> int:
        """Return the number of layers.

        Returns
        -------
        int
            1 to 8.
        """
        return len(self._session.rois.layers)

    @script(example='local k = roi:copyROI(1, nil, "Heart, grown")')
    def copyROI(self, j: RoiNumber, layer: int | None = None, name: str | None = None) -> int:
        """Copy an ROI to a layer and return the number of the copy.

        The copy is not locked.

        Parameters
        ----------
        layer : int
            Number of the layer, from 1; left out, the first where it overlaps nothing, a new one if need be.
        name : str
            Name of the copy; left out, "Name (2)".

        Returns
        -------
        int
            Number of the copy.

        Raises
        ------
        RoiError
            It would overlap others on the layer.
        """
        return self._session.rois.duplicate(j, layer, name)

    @script(example="roi:moveROI(1, 2)")
    def moveROI(self, j: RoiNumber, layer: int) -> None:
        """Move an ROI to another layer.

        Parameters
        ----------
        layer : int
            Number of the layer, from 1.

        Raises
        ------
        RoiError
            It would overlap ROIs there.
        """
        self._session.rois.move(j, layer)

    @script(example="roi:clearROI(1)")
    def clearROI(self, j: RoiNumber) -> None:
        """Take all voxels off an ROI; name, colour and number stay."""
        self._session.rois.empty(j)

    @script(example='roi:cutROI(1, 2, "outside")')
    def cutROI(
        self, input: Input, j: RoiNumber, where: Literal["inside", "outside"] = "inside", value: float = 0.0
    ) -> None:
        """Blank an input inside an ROI, or outside it.

        All frames are blanked. An input on another grid keeps its own: its voxels are inside where their centres are.

        Parameters
        ----------
        where : str
            Which side is blanked.
        value : float
            What its voxels become, in the unit of the input.
        """
        self._session.roi_tool.cut(input, j, outside=where == "outside", fill=value)
