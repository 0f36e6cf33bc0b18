"""The 3D ROI Tool's segmentation."""

from __future__ import annotations

from typing import TypedDict, Unpack

from vqscript.vq.catalog import script
from vqscript.vq.frames import frame_index
from vqscript.vq.operator import Operator
from vqscript.vq.types import Switch


class SegmentOptions(TypedDict, total=False):
    """Where values are looked at: ``within`` an ROI (0 the whole image), in a ``frame`` (from 1)."""

    within: int
    frame: int


class IsocontourOptions(TypedDict, total=False):
    """As for other segmentation; ``connected`` leaves what is connected with the maximum."""

    connected: Switch
    within: int
    frame: int


class ConnectedOptions(TypedDict, total=False):
    """As for other segmentation; ``neighbours`` 6, 18 or 26 says which voxels are connected."""

    neighbours: int
    within: int
    frame: int


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
        j: int,
        input: int | None,
        min: float | None,
        max: float | None = None,
        **options: Unpack[SegmentOptions],
    ) -> int:
        """Make an ROI of the voxels whose values lie from min to max, both included; returns how many there are.

        Without max (or min nil) there is no such limit. An ROI that has voxels keeps those that fit, an empty one gets
        those of the whole image; ``-within 0`` looks at the whole image, ``-within k`` inside ROI k. ``-frame`` counts
        from 1.
        """
        return self._session.roi_tool.threshold(
            j, input, min, max, within=options.get("within"), frame=frame_index(options.get("frame", 1))
        )

    @script(example="roi:isocontour(1, 1, 41)")
    def isocontour(self, j: int, input: int | None, percent: float, **options: Unpack[IsocontourOptions]) -> int:
        """Make an ROI of the voxels that reach a percentage of the highest value; returns how many there are.

        Draw the ROI generously around a lesion first: the highest value is that within the ROI, which shrinks to the
        contour. An empty ROI looks at the whole image, as does ``-within 0``; ``-within k`` looks inside ROI k.
        ``-connected`` leaves only what is connected with the voxel of the highest value. ``-frame`` counts from 1.
        """
        return self._session.roi_tool.isocontour(
            j,
            input,
            percent,
            connected=bool(options.get("connected", False)),
            within=options.get("within"),
            frame=frame_index(options.get("frame", 1)),
        )

    @script(example="roi:connected(1, 0, 60, 52, 40, 150, 3000)")
    def connected(
        self,
        j: int,
        input: int | None,
        x: float,
        y: float,
        z: float,
        min: float | None,
        max: float | None = None,
        **options: Unpack[ConnectedOptions],
    ) -> int:
        """Make an ROI of the voxels from min to max that are connected with a seed voxel; returns how many there are.

        The seed's own value has to lie between the limits. Voxels are connected across faces; ``-neighbours`` 18 takes
        edges too, 26 corners too. An ROI that has voxels keeps those that fit, an empty one looks at the whole image;
        ``-within 0`` looks at the whole image, ``-within k`` inside ROI k. ``-frame`` counts from 1.
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
    def otsu(self, input: int | None = None, classes: int = 2, **options: Unpack[SegmentOptions]) -> list[int]:
        """Add ROIs for the classes of values that Otsu's method finds, all but the lowest; returns their numbers.

        The lowest class is the background. The ROIs are called "Otsu 1", "Otsu 2" ..., ascending, and take no voxels of
        other ROIs. ``-within k`` divides the values inside ROI k only; ``-frame`` counts from 1.
        """
        return self._session.roi_tool.otsu(
            input, classes, within=options.get("within", 0), frame=frame_index(options.get("frame", 1))
        )

    @script(example="local low, high = table.unpack(roi:otsuThresholds(0, 3))")
    def otsuThresholds(
        self, input: int | None = None, classes: int = 2, **options: Unpack[SegmentOptions]
    ) -> list[float]:
        """Return Otsu's thresholds between classes of values, ascending, one fewer than there are classes.

        They come from a histogram of 256 bins; a value at a threshold belongs to the class above. ``-within k`` divides
        the values inside ROI k only; ``-frame`` counts from 1.
        """
        return self._session.roi_tool.otsu_thresholds(
            input, classes, within=options.get("within", 0), frame=frame_index(options.get("frame", 1))
        )

    @script(example="roi:largest(1)")
    def largest(self, j: int, neighbours: int = 6) -> int:
        """Leave the largest connected part of an ROI; returns how many voxels that has.

        Voxels are connected across faces (6 neighbours); 18 takes edges too, 26 corners too.
        """
        return self._session.roi_tool.largest(j, neighbours)

    @script(example="roi:fillHoles(1)")
    def fillHoles(self, j: int, axis: int | None = None) -> int:
        """Fill the holes of an ROI; returns how many voxels it has then.

        A hole is closed on all sides. With an axis (0, 1, 2 = x, y, z) each slice across it is looked at for itself.
        """
        return self._session.roi_tool.fill_holes(j, axis)

    @script(example="local k = roi:peakSphere(1, 1)")
    def peakSphere(self, j: int, input: int | None = None, ml: float = 1.0, frame: int = 1) -> int:
        """Add an ROI that is the sphere (default 1 mL) in an ROI where its mean is highest; returns its number.

        The sphere's centre lies in the ROI, the rest of it may lie outside. It is called "Name peak" and takes no
        voxels of other ROIs: it lies on another layer where these are in the way.
        """
        return self._session.roi_tool.peak_sphere(j, input, ml, frame=frame_index(frame))
