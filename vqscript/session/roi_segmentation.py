"""The 3D ROI Tool's segmentation: ROIs found by the values of an input."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vqscript.session.roi_work import RoiWork

if TYPE_CHECKING:
    from vqscript.roi.scope import Scope


class RoiSegmentation(RoiWork):
    """Segments the ROIs of a session.

    ``i`` is the input (None: the tool's input), ``frame`` its frame, 0-based. An ROI that has voxels keeps those that
    fit; an empty one gets those of the whole image. ``within`` names another ROI to look in, or 0 for the whole image.
    Each method returns how many voxels the ROI has then.
    """

    def threshold(
        self,
        j: int,
        i: int | None,
        low: float | None = None,
        high: float | None = None,
        *,
        within: int | None = None,
        frame: int = 0,
    ) -> int:
        """Take the voxels whose values lie from ``low`` to ``high``, both included; None is no limit."""
        from vqscript.roi.segmentation import threshold

        low, high = _limits(low, high)
        met = threshold(self.rois, j, self._scope(i, frame, j, within), low, high)
        return self._changed(j, met, ": no value lies between the limits")

    def isocontour(
        self,
        j: int,
        i: int | None,
        percent: float,
        *,
        connected: bool = False,
        within: int | None = None,
        frame: int = 0,
    ) -> int:
        """Take the voxels that reach a percentage of the highest value; see :mod:`vqscript.roi.segmentation`."""
        from vqscript.roi.segmentation import isocontour

        met, _ = isocontour(self.rois, j, self._scope(i, frame, j, within), percent, connected=connected)
        return self._changed(j, met)

    def connected(
        self,
        j: int,
        i: int | None,
        seed: tuple[float, float, float],
        low: float | None = None,
        high: float | None = None,
        *,
        neighbours: int = 6,
        within: int | None = None,
        frame: int = 0,
    ) -> int:
        """Take the voxels from ``low`` to ``high`` that are connected with a seed (x, y, z), rounded half up."""
        from vqscript.errors import RoiError
        from vqscript.roi.segmentation import connected

        if not all(math.isfinite(at) for at in seed):
            raise RoiError("a seed is a voxel", hint="give voxel indices x, y, z")
        x, y, z = (math.floor(at + 0.5) for at in seed)
        low, high = _limits(low, high)
        met = connected(self.rois, j, self._scope(i, frame, j, within), (x, y, z), low, high, neighbours)
        return self._changed(j, met)

    def otsu_thresholds(self, i: int | None, classes: int = 2, *, within: int = 0, frame: int = 0) -> list[float]:
        """Return Otsu's thresholds between classes of values, ascending."""
        from vqscript.roi.otsu import otsu

        return otsu(self._scope(i, frame, None, within), classes)

    def otsu(self, i: int | None, classes: int = 2, *, within: int = 0, frame: int = 0) -> list[int]:
        """Add an ROI for each of Otsu's classes but the lowest, the background; returns their numbers.

        They are called "Otsu 1", "Otsu 2" ... (with a number in use, "Otsu 1 (2)") and take no voxels of other ROIs:
        where these are in the way they lie on another layer.
        """
        from vqscript.roi.otsu import otsu

        scope = self._scope(i, frame, None, within)
        rois = self.rois.copy()
        numbers = []
        limits = otsu(scope, classes)
        above = [scope.between(scope.region, limit, math.inf) for limit in limits]
        for n, mask in enumerate(above, 1):
            if n < len(above):
                mask &= ~above[n]
            j = rois.add(rois.free_name(f"Otsu {n}"))
            rois.settle(j, (scope.region, mask))
            numbers.append(j)
        self._session.rois = rois
        return numbers

    def largest(self, j: int, neighbours: int = 6) -> int:
        """Leave the largest connected part."""
        from vqscript.roi.segmentation import keep_largest

        return self._changed(j, keep_largest(self.rois, j, neighbours))

    def fill_holes(self, j: int, axis: int | None = None) -> int:
        """Fill holes, in 3-D or slice by slice across an axis (0, 1, 2 = x, y, z)."""
        from vqscript.roi.segmentation import fill_holes

        return self._changed(j, fill_holes(self.rois, j, axis))

    def peak_sphere(self, j: int, i: int | None = None, ml: float = 1.0, *, frame: int = 0) -> int:
        """Add an ROI that is the sphere around a voxel of ROI ``j`` where its mean is highest; returns its number.

        It takes no voxels of other ROIs: where these are in the way, ROI ``j`` among them, it lies on another layer.
        """
        from vqscript.errors import RoiError
        from vqscript.roi.peak import peak_sphere

        roi, part = self.rois.roi(j), self.rois.part(j)
        if part is None:
            raise RoiError(f'ROI {j} "{roi.name}" is empty: it has no peak')
        scope = self._scope(i, frame, None, j)
        peak = peak_sphere(scope.volume, self.rois.grid, *part, frame, ml=ml)
        if peak is None:
            raise RoiError(f'no voxel of ROI {j} "{roi.name}" has a value', hint="does the input cover the ROI?")
        rois = self.rois.copy()
        k = rois.add(rois.free_name(f"{roi.name} peak"), layer=roi.layer)
        rois.settle(k, (peak.region, peak.mask))
        self._session.rois = rois
        return k

    def _scope(self, i: int | None, frame: int, j: int | None, within: int | None) -> Scope:
        from vqscript.roi.scope import Scope

        number = self.input if i is None else i
        item = self._session.inputs[number]
        scope = Scope.of(self.rois, item.volume, frame, j, within)
        self._session.look_at(number)
        if not scope.native:
            self._say(
                f"input {number} has other voxels than input 0: ROIs are segmented by values interpolated at those of "
                "input 0"
            )
        return scope


def _limits(low: float | None, high: float | None) -> tuple[float, float]:
    return -math.inf if low is None else low, math.inf if high is None else high
