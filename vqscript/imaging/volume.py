"""A volume: stored voxels, the grid they lie on, their unit, and where they came from."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vqscript.imaging.grid import Grid

if TYPE_CHECKING:
    from pydicom.dataset import Dataset

Region = tuple[slice, slice, slice]


@dataclass(frozen=True)
class Source:
    """The DICOM instances a volume was read from, in the order of its slices.

    Attributes
    ----------
    study_uid, series_uid : str
    paths : tuple of Path
        One file per slice and frame, or a single multi-frame file.
    sop_uids : tuple of str
        SOP Instance UIDs, as many as there are paths.
    """

    study_uid: str = ""
    series_uid: str = ""
    paths: tuple[Path, ...] = ()
    sop_uids: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Timing:
    """When the slices of each frame were acquired; arrays of shape ``(t, z)`` or ``(t, 1)``.

    Attributes
    ----------
    start : datetime64[us] array
        Start of acquisition; NaT where the header does not say. A missing date is the series' or study's.
    duration : float array
        Frame duration in seconds, NaN where unknown.
    reference : float array
        FrameReferenceTime in seconds, NaN where unknown.
    """

    start: NDArray[np.datetime64]
    duration: NDArray[np.float64]
    reference: NDArray[np.float64]

    def along_z(self, first: int, count: int) -> Timing:
        """Return the timing of ``count`` slices from ``first`` on; beyond the ends it is that of the end slice."""
        index = np.arange(first, first + count)

        def taken(values: NDArray[Any]) -> NDArray[Any]:
            return values if values.shape[1] == 1 else values[:, np.clip(index, 0, values.shape[1] - 1)]

        return Timing(taken(self.start), taken(self.duration), taken(self.reference))


@dataclass(eq=False)
class Volume:
    """Voxels with geometry and unit.

    Parameters
    ----------
    stored : ndarray
        ``(z, y, x)`` or ``(t, z, y, x)``, C-ordered. Kept in the type of the file (int16 for CT)
        until a float is needed; the value of a voxel is ``stored * slope + intercept``.
    grid : Grid
        Its shape is that of the last three axes.
    unit : str
        Unit of the values; see :mod:`vqscript.imaging.units`.
    slope, intercept : float
        From stored to values. Slices with slopes of their own are stored as float32 values already.
    modality : str
        DICOM Modality, or "" (NIfTI).
    header : pydicom.Dataset, optional
        Header of the first slice (or of the multi-frame object; of an NM object with several images, what describes
        this one) without pixel data.
    source : Source
    frame_times : tuple of float
        Start of each frame in seconds after the first one; empty for 3-D.
    warnings : tuple of str
        What loading noticed (gantry tilt, jitter, ...), for the user to read.
    timing : Timing, optional
        What decay correction needs; None where there is none (NIfTI).
    """

    stored: NDArray[Any]
    grid: Grid
    unit: str = ""
    slope: float = 1.0
    intercept: float = 0.0
    modality: str = ""
    header: Dataset | None = None
    source: Source = field(default_factory=Source)
    frame_times: tuple[float, ...] = ()
    warnings: tuple[str, ...] = ()
    timing: Timing | None = None

    def __post_init__(self) -> None:
        if self.stored.shape[-3:] != self.grid.shape:
            raise ValueError(f"array {self.stored.shape} does not lie on a grid of shape {self.grid.shape}")

    @property
    def frames(self) -> int:
        """Number of time frames, 1 for a 3-D volume."""
        return int(self.stored.shape[0]) if self.stored.ndim == 4 else 1

    def frame(self, t: int = 0) -> NDArray[Any]:
        """Return stored voxels ``(z, y, x)`` of frame ``t`` (0-based), as a view."""
        view: NDArray[Any] = self.stored[t] if self.stored.ndim == 4 else self.stored
        return view

    def values(self, region: Region | None = None, t: int = 0) -> NDArray[np.float32]:
        """Return values as float32 ``(z, y, x)``, of one frame and optionally of a region only.

        Parameters
        ----------
        region : tuple of slice, optional
            Slices along z, y, x.
        t : int
            Frame, 0-based.

        Returns
        -------
        ndarray
            A new array, unless the volume holds float32 values already: then a view.
        """
        part = self.frame(t) if region is None else self.frame(t)[region]
        return self.scaled(part)

    def scaled(self, stored: NDArray[Any]) -> NDArray[np.float32]:
        """Return stored voxels as float32 values (slope and intercept applied)."""
        values: NDArray[np.float32] = stored.astype(np.float32, copy=self.slope != 1 or self.intercept != 0)
        if self.slope != 1:
            values *= np.float32(self.slope)
        if self.intercept != 0:
            values += np.float32(self.intercept)
        return values

    def as_float(self) -> NDArray[np.float32]:
        """Turn the stored voxels into float32 values, once, and return them for work in place."""
        if self.stored.dtype != np.float32 or self.slope != 1 or self.intercept != 0:
            self.stored = self.scaled(self.stored)
            self.slope, self.intercept = 1.0, 0.0
        return self.stored

    def value(self, x: int, y: int, z: int, t: int = 0) -> float:
        """Return the value of one voxel (0-based indices)."""
        return float(self.frame(t)[z, y, x]) * self.slope + self.intercept

    def range(self, every: int = 1) -> tuple[float, float]:
        """Return minimum and maximum value over all frames, NaN left out; (0, 0) if nothing is finite.

        Parameters
        ----------
        every : int
            2 looks at every second slice only, and so on: for a first impression of a large volume.
        """
        stored = self.stored[..., ::every, :, :]
        with np.errstate(invalid="ignore"):
            low, high = float(stored.min()), float(stored.max())
        if not (math.isfinite(low) and math.isfinite(high)):
            finite = stored[np.isfinite(stored)]
            low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 0.0)
        ends = (low * self.slope + self.intercept, high * self.slope + self.intercept)
        return min(ends), max(ends)
