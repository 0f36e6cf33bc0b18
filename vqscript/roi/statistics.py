"""What an ROI holds of a volume, in one pass over its bounding box."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import RoiError
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Region, Volume
from vqscript.roi.diameter import max_diameter
from vqscript.roi.fields import FIELDS, field, totals
from vqscript.roi.intensity import histogram, intensity
from vqscript.roi.method import USUAL, Method
from vqscript.roi.peak import peak_sphere
from vqscript.roi.position import Point, centers, voxels
from vqscript.roi.region import Mask, bounding, shifted
from vqscript.roi.roiset import RoiSet
from vqscript.roi.sampling import native, sampling, values_in
from vqscript.roi.surface import surface

Float = NDArray[np.float64]
Value = float | Point


@dataclass(frozen=True)
class Statistics:
    """Statistics of one ROI on one frame of a volume.

    Attributes
    ----------
    name : str
        Of the ROI.
    unit : str
        Of the volume.
    sampling : str
        How values came to the ROI's voxels: one of those of :func:`~vqscript.roi.sampling.sampling`, or ``"native"``:
        the voxels of the volume itself whose centre lies in a voxel of the ROI.
    values : mapping
        Numbers and positions (x, y, z) by the names of :data:`~vqscript.roi.fields.FIELDS`, in that order. Voxels that
        are NaN, or lie outside the volume, are not counted anywhere; without any there are ``voxels``, ``volume`` and
        ``volumeML``, which are 0. What is not defined is absent.
    """

    name: str
    unit: str
    sampling: str
    values: Mapping[str, Value]

    def number(self, name: str) -> float | None:
        """Return one number; None if this ROI does not have it.

        Raises
        ------
        RoiError
            If no statistic has that name.
        """
        declared = field(name)
        found = self.values.get(declared.name)
        if isinstance(found, tuple):
            raise RoiError(f"{name} is a position, not a number")
        return found

    def fields(self) -> dict[str, str | Value]:
        """Return what is known under the names that scripts, tables and data points use."""
        return {"name": self.name, **self.values, "unit": self.unit, "sampling": self.sampling}

    def units(self) -> dict[str, str]:
        """Return the unit of each number and position."""
        return {name: field(name).unit(self.unit) for name in self.values}


@dataclass(frozen=True)
class _Placed:
    """An ROI's voxels on the grid that it is measured on, and that of its own grid, which positions refer to."""

    grid: Grid
    region: Region
    inside: Mask
    own: Grid


def measure(rois: RoiSet, j: int, volume: Volume, t: int = 0, method: Method = USUAL) -> Statistics:
    """Measure ROI ``j`` on one frame of a volume.

    Parameters
    ----------
    rois : RoiSet
    j : int
        Number of the ROI, 1-based.
    volume : Volume
        On any grid. Where it is not the ROIs' own, values are interpolated linearly at the centres of the ROI's
        voxels. For a unit per voxel (uCi, counts) it is the density that is interpolated, and multiplied by the
        volume of the ROI's voxels, so that the sum over a region does not depend on the grid.
    t : int
        Frame, 0-based.
    method : Method
        ``sampling="native"`` takes the volume's own voxels instead, and counts their volume.
    """
    (one,) = measure_frames(rois, j, volume, (t,), method)
    return one


def measure_frames(
    rois: RoiSet, j: int, volume: Volume, frames: Iterable[int], method: Method = USUAL
) -> list[Statistics]:
    """Measure ROI ``j`` on several frames (0-based) of a volume, see :func:`measure`; its shape is measured once."""
    name = rois.roi(j).name
    found = sampling(volume, rois.grid)
    part, grid = rois.part(j), rois.grid
    if found != "voxel" and method.sampling == "native":
        found, grid = "native", volume.grid
        part = None if part is None else native(part, rois.grid, volume)
    placed = None if part is None else _Placed(grid, *part, rois.grid)
    shape: dict[str, Value] | None = None
    measured = []
    for t in frames:
        if not 0 <= t < volume.frames:
            raise RoiError(f"there is no frame {t + 1}; counted from 1, the input has {volume.frames}")
        here, values = (None, None) if placed is None else _with_value(placed, volume, t)
        if here is None or values is None:
            measured.append(Statistics(name, volume.unit, found, {"voxels": 0, "volume": 0.0, "volumeML": 0.0}))
            continue
        if here is not placed or shape is None:
            known = _shape(here, method)
            shape = known if here is placed else shape
        else:
            known = shape
        all_of_it = known | _of_values(here, values, volume, t, method)
        all_of_it |= _products(all_of_it, volume.unit)
        ordered = {name: all_of_it.pop(name) for name in FIELDS if name in all_of_it}
        measured.append(Statistics(name, volume.unit, found, ordered | all_of_it))
    return measured


def _with_value(placed: _Placed, volume: Volume, t: int) -> tuple[_Placed | None, Float | None]:
    """Return the voxels that have a value, and these values; None if there are none."""
    values = values_in(volume, placed.grid, placed.region, placed.inside, t)
    valid = ~np.isnan(values)
    if valid.all():
        return placed, values
    if not valid.any():
        return None, None
    inside = placed.inside.copy()
    inside[inside] = valid
    return _Placed(placed.grid, placed.region, inside, placed.own), values[valid]


def _shape(placed: _Placed, method: Method) -> dict[str, Value]:
    """Return what depends on the voxels alone."""
    n = int(np.count_nonzero(placed.inside))
    volume = n * placed.grid.voxel_volume
    mesh = surface(placed.inside, placed.grid)
    found: dict[str, Value] = {"voxels": n, "volume": volume, "volumeML": volume / 1000}
    found |= {"surface": mesh.area, "meshVolume": mesh.volume}
    if method.full:
        found["maxDiameter"] = max_diameter(placed.inside, placed.grid)
    return found


def _of_values(placed: _Placed, values: Float, volume: Volume, t: int, method: Method) -> dict[str, Value]:
    """Return what depends on the values, which are in ascending order afterwards."""
    com = centers(placed.region, placed.inside, values)
    found = _position(placed, "com", com.plain)
    if com.weighted is not None:
        found |= _position(placed, "weightedCom", com.weighted)
        apart = placed.grid.to_world(com.plain) - placed.grid.to_world(com.weighted)
        found["comShift"] = float(np.linalg.norm(apart))
    least, largest = voxels(placed.region, placed.inside, (int(values.argmin()), int(values.argmax())))
    found |= _position(placed, "minPosition", least) | _position(placed, "maxPosition", largest)
    if method.full:
        found |= _peaks(placed, values, volume, t)
    values.sort()  # in place: an ROI may be as large as the image
    found |= intensity(values, method.percentiles)
    return found | histogram(values, method.bins_of(volume.unit))


def _peaks(placed: _Placed, values: Float, volume: Volume, t: int) -> dict[str, Value]:
    found: dict[str, Value] = {}
    best = peak_sphere(volume, placed.grid, placed.region, placed.inside, t)
    if best is not None:
        found |= {"globalPeak": best.mean} | _position(placed, "peakPosition", best.center)
        if volume.unit.startswith("SUV"):
            found["suvPeak"] = best.mean
    hottest = np.zeros_like(placed.inside)
    hottest[placed.inside] = values == values.max()
    box = bounding(hottest)
    assert box is not None
    local = peak_sphere(volume, placed.grid, shifted(box, placed.region), hottest[box], t)
    return found if local is None else found | {"localPeak": local.mean}


def _position(placed: _Placed, name: str, index: Point) -> dict[str, Value]:
    """Return a position as a voxel index of the ROIs' grid and in mm."""
    x, y, z = (float(mm) for mm in placed.grid.to_world(index))
    if placed.grid is not placed.own:
        i, j, k = (float(n) for n in placed.own.to_index((x, y, z)))
        index = (i, j, k)
    return {name: index, f"{name}Mm": (x, y, z)}


def _products(known: Mapping[str, Value], unit: str) -> dict[str, Value]:
    """Return mean times volume, under the names that it has."""
    mean, volume, mesh, total = (known.get(name) for name in ("mean", "volumeML", "meshVolume", "sum"))
    if not (isinstance(mean, float) and isinstance(volume, float) and isinstance(mesh, float)):
        return {}
    found: dict[str, Value] = {"integral": mean * volume, "integratedIntensity": mean * mesh}
    if unit.startswith("SUV"):
        found["tlg"] = mean * volume
    if totals(unit) and total is not None:
        found["totalUptake"] = mean * volume if field("totalUptake").unit(unit) != unit else total
    return found
