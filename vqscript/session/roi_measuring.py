"""The 3D ROI Tool's measuring: statistics of ROIs on inputs, and tables of them."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.session.roi_work import RoiWork
from vqscript.session.tags import text

if TYPE_CHECKING:
    from vqscript.roi.statistics import Statistics

COLUMNS = (
    "roi", "voxels", "volume_mm3", "mean", "sd", "min", "max", "median", "sum", "integral",
    "skewness", "kurtosis", "unit", "sampling",
)  # fmt: skip
FIELDS = {"roi": "name", "volume_mm3": "volume"}
"""Columns of a table that have another name than the field of the statistics."""


class RoiMeasuring(RoiWork):
    """Measures the ROIs of a session."""

    def statistics(self, j: int, i: int | None = None, frame: int = 0) -> Statistics:
        """Measure ROI ``j`` on one frame of input ``i`` (default: the tool's input).

        Warns, once, if the input does not belong with the reference that the ROI was drawn on.
        """
        from vqscript.roi.statistics import measure

        number = self.input if i is None else i
        item = self._session.inputs[number]
        measured = measure(self.rois, j, item.volume, frame)
        self._session.look_at(number)
        return measured

    def table(self, i: int | None = None, frame: int = 0) -> list[dict[str, Any]]:
        """Return the statistics of all ROIs on one frame of an input, in their order."""
        return [dict(self.statistics(j, i, frame).fields()) for j in range(1, len(self.rois) + 1)]

    def export_table(self, path: Path, inputs: Collection[int] | None = None) -> Path:
        """Write a CSV, one row per ROI, input and frame, with study, series and unit; returns its path.

        Parameters
        ----------
        path : Path
        inputs : collection of int, optional
            Default: all that are on.

        Notes
        -----
        Volumes are in mm3; ``unit`` is that of mean, sd, min, max, median and sum. Frames count from 1.
        """
        from vqscript.session.files import with_suffix, write_table

        chosen = [i for i, _ in self._session.inputs if self._session.shown(i)] if inputs is None else list(inputs)
        rows: list[list[object]] = [["patient_id", "study_date", "study_uid", "series_uid", "input", "frame", *COLUMNS]]
        for i in chosen:
            item = self._session.inputs[i]
            source = item.volume.source
            about = [text(item, "PatientID"), text(item, "StudyDate"), source.study_uid, source.series_uid, i]
            for frame in range(item.volume.frames):
                rows += [
                    [*about, frame + 1, *(row.get(FIELDS.get(name, name)) for name in COLUMNS)]
                    for row in self.table(i, frame)
                ]
        return write_table(with_suffix(path, ".csv"), rows)
