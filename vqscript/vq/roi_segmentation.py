"""The 3D ROI Tool's segmentation."""

from __future__ import annotations

from typing import TypedDict, Unpack

from vqscript.vq.catalog import script
from vqscript.vq.frames import frame_index
from vqscript.vq.operator import Operator
from vqscript.vq.types import FIRST, Axis, Frame, RoiNumber, Switch, ToolInput, VoxelIndex


class SegmentOptions(TypedDict, total=False):
    """Where values are looked at."""

    within: int
    """ROI to look in, 0 for the whole image; default the ROI itself, or the whole image if it is empty."""
    frame: int
    """Frame of the input, from 1."""


class IsocontourOptions(TypedDict, total=False):
    """Where values are looked at, and what of it is taken."""

    connected: Switch
    """Leave only what is connected with the voxel of the highest value."""
    within: int
    """ROI to look in, 0 for the whole image; default the ROI itself, or the whole image if it is empty."""
    frame: int
    """Frame of the input, from 1."""


class ConnectedOptions(TypedDict, total=False):
    """Where values are looked at, and what is connected."""

    neighbours: int
    """Which voxels are connected: 6 (default) across faces, 18 across edges too, 26 across corners too."""
    within: int
    """ROI to look in, 0 for the whole image; default the ROI itself, or the whole image if it is empty."""
    frame: int
    """Frame of the input, from 1."""


class RoiSegmentation(Operator):
    """ROIs found by the values of an input.

    An ROI that has voxels keeps those that fit; an empty one gets those of the whole image. The option ``-within``
    names another ROI to look in, or 0 for the whole image; ``-frame`` is the frame of the input, from 1. Limits are in
    the input's unit. An input on another grid is interpolated at the voxels of the reference; in a unit per voxel
    (uCi, counts) its values are those of the reference's voxels, as statistics report them.
    """

    @script(example="roi:threshold(1, 0, 300)")
    def threshold(
        self,
        j: RoiNumber,
        input: ToolInput | None,
        min: float | None,
        max: float | None = None,
        **options: Unpack[SegmentOptions],
    ) -> int:
        """Make an ROI of the voxels whose values lie between limits, both included.

        An ROI that has voxels keeps those that fit, an empty one gets those of the whole image.

        Parameters
        ----------
        min, max : float
            In the unit of the input; nil is no limit.

        Returns
        -------
        int
            Voxels that the ROI has then.
        """
        return self._session.roi_tool.threshold(
            j, input, min, max, within=options.get("within"), frame=frame_index(options.get("frame", 1))
        )

    @script(example="roi:isocontour(1, 1, 41)")
    def isocontour(
        self, j: RoiNumber, input: ToolInput | None, percent: float, **options: Unpack[IsocontourOptions]
    ) -> int:
        """Make an ROI of the voxels that reach a percentage of the highest value.

        Draw the ROI generously around a lesion first: the highest value is that within the ROI, which shrinks to the
        contour. An empty ROI looks at the whole image.

        Parameters
        ----------
        percent : float
            Of the highest value, 0 to 100.

        Returns
        -------
        int
            Voxels that the ROI has then.
        """
        return self._session.roi_tool.isocontour(
            j,
            input,
            percent,
            connected=bool(options.get("connected", False)),
            within=options.get("within"),
            frame=frame_index(options.get("frame", 1)),
        )

    @script(example="roi:clearROI(1) roi:connected(1, 0, 60, 52, 40, -200, 3000)")
    def connected(
        self,
        j: RoiNumber,
        input: ToolInput | None,
        x: VoxelIndex,
        y: VoxelIndex,
        z: VoxelIndex,
        min: float | None,
        max: float | None = None,
        **options: Unpack[ConnectedOptions],
    ) -> int:
        """Make an ROI of the voxels between limits that are connected with a seed voxel.

        An ROI that has voxels keeps those that fit, an empty one looks at the whole image.

        Parameters
        ----------
        min, max : float
            In the unit of the input; nil is no limit.

        Returns
        -------
        int
            Voxels that the ROI has then.

        Raises
        ------
        RoiError
            The seed lies outside the image or the ROI, or its value is not between the limits.
        """
        return self._session.roi_tool.connected(
            j,
            input,
            (x, y, z),
            min,
            max,
            neighbours=options.get("neighbours", 6),
            within=options.get("within"),
            frame=frame_index(options.get("frame", 1)),
        )

    @script(example="local numbers = roi:otsu(0, 3)")
    def otsu(self, input: ToolInput | None = None, classes: int = 2, **options: Unpack[SegmentOptions]) -> list[int]:
        """Add ROIs for the classes of values that Otsu's method finds, all but the lowest.

        The lowest class is the background. The ROIs are called "Otsu 1", "Otsu 2" ..., ascending, and take no voxels of
        other ROIs.

        Parameters
        ----------
        classes : int
            How many, the background counted.

        Returns
        -------
        list of int
            Numbers of the ROIs.
        """
        return self._session.roi_tool.otsu(
            input, classes, within=options.get("within", 0), frame=frame_index(options.get("frame", 1))
        )

    @script(example="local low, high = table.unpack(roi:otsuThresholds(0, 3))")
    def otsuThresholds(
        self, input: ToolInput | None = None, classes: int = 2, **options: Unpack[SegmentOptions]
    ) -> list[float]:
        """Return Otsu's thresholds between classes of values.

        They come from a histogram of 256 bins; a value at a threshold belongs to the class above.

        Parameters
        ----------
        classes : int
            How many.

        Returns
        -------
        list of float
            Ascending, in the unit of the input; one fewer than there are classes.
        """
        return self._session.roi_tool.otsu_thresholds(
            input, classes, within=options.get("within", 0), frame=frame_index(options.get("frame", 1))
        )

    @script(example="roi:largest(1)")
    def largest(self, j: RoiNumber, neighbours: int = 6) -> int:
        """Leave the largest connected part of an ROI.

        Parameters
        ----------
        neighbours : int
            Which voxels are connected: 6 across faces, 18 across edges too, 26 across corners too.

        Returns
        -------
        int
            Voxels that the ROI has then.
        """
        return self._session.roi_tool.largest(j, neighbours)

    @script(example="roi:fillHoles(1)")
    def fillHoles(self, j: RoiNumber, axis: Axis | None = None) -> int:
        """Fill the holes of an ROI.

        A hole is closed on all sides.

        Parameters
        ----------
        axis : int
            With 0, 1 or 2 (x, y, z) each slice across that axis is looked at for itself.

        Returns
        -------
        int
            Voxels that the ROI has then.
        """
        return self._session.roi_tool.fill_holes(j, axis)

    @script(example="local k = roi:peakSphere(1, 1)")
    def peakSphere(self, j: RoiNumber, input: ToolInput | None = None, ml: float = 1.0, frame: Frame = FIRST) -> int:
        """Add an ROI that is the sphere in an ROI where its mean is highest.

        The sphere's centre lies in the ROI, the rest of it may lie outside. It is called "Name peak" and takes no
        voxels of other ROIs: it lies on another layer where these are in the way.

        Parameters
        ----------
        ml : float
            Volume of the sphere in mL.

        Returns
        -------
        int
            Number of the new ROI.
        """
        return self._session.roi_tool.peak_sphere(j, input, ml, frame=frame_index(frame))
