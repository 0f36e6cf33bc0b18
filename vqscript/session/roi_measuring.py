"""The 3D ROI Tool's measuring: statistics of ROIs on inputs, curves over frames, and tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.roi.fields import FIELDS, percentile_name
from vqscript.roi.method import USUAL, Method
from vqscript.session.roi_work import RoiWork
from vqscript.session.tags import text

if TYPE_CHECKING:
    from vqscript.roi.statistics import Statistics
    from vqscript.session.roi_table import Layout, Measured


class RoiMeasuring(RoiWork):
    """Measures the ROIs of a session."""

    def statistics(self, j: int, i: int | None = None, frame: int = 0, method: Method = USUAL) -> Statistics:
        """Measure ROI ``j`` on one frame (0-based) of input ``i`` (default: the tool's input).

        Warns, once, if the input does not belong with the reference that the ROI was drawn on.
        """
        from vqscript.roi.statistics import measure

        number = self.input if i is None else i
        item = self._session.inputs[number]
        measured = measure(self.rois, j, item.volume, frame, method)
        self._session.look_at(number)
        return measured

    def table(self, i: int | None = None, frame: int = 0, method: Method = USUAL) -> list[Statistics]:
        """Return the statistics of all ROIs on one frame of an input, in their order."""
        return [self.statistics(j, i, frame, method) for j in range(1, len(self.rois) + 1)]

    def curve(self, j: int, i: int | None = None, method: Method = USUAL) -> list[Measured]:
        """Return the statistics of ROI ``j`` on all frames of an input, with the times of the frames.

        Values are taken as they stand; ``decay`` of each says to when they are decay-corrected.
        """
        from vqscript.roi.frames import decay_said, frames
        from vqscript.roi.statistics import measure_frames
        from vqscript.session.roi_table import Measured

        number = self.input if i is None else i
        item = self._session.inputs[number]
        volume = item.volume
        measured = measure_frames(self.rois, j, volume, range(volume.frames), method)
        self._session.look_at(number)
        uids = volume.source.study_uid, volume.source.series_uid
        about = (text(item, "PatientID"), text(item, "StudyDate"), *uids, number)
        decay = decay_said(volume)
        return [Measured(about, *pair, decay) for pair in zip(frames(volume), measured, strict=True)]

    def export_table(
        self,
        path: Path,
        inputs: Collection[int] | None = None,
        *,
        layout: Layout = "tidy",
        fields: Sequence[str] | None = None,
        method: Method = USUAL,
    ) -> Path:
        """Write the statistics of all ROIs on inputs, in all their frames, as CSV or JSON; returns its path.

        Parameters
        ----------
        path : Path
            ``.json`` gives JSON; a name without an extension becomes ``.csv``.
        inputs : collection of int, optional
            Default: all that are on.
        layout : {"tidy", "wide"}
            One number a row, with its unit, or one ROI a row.
        fields : sequence of str, optional
            Names of the statistics that it is to have; those that take longer, and other percentiles, are measured
            where they are named. Default: all, those that take longer only if the method says ``full``.
        method : Method
        """
        from vqscript.session.roi_table import chosen, write

        extra = [percentile_name(percent) for percent in method.percentiles]
        wanted = chosen(fields, full=method.full, percentiles=extra)
        if fields is not None:
            named = [float(each.name[1:]) for each in wanted if each.name not in FIELDS]
            method = replace(method, full=any(each.full for each in wanted), percentiles=tuple(named))
        numbers = [i for i, _ in self._session.inputs if self._session.shown(i)] if inputs is None else list(inputs)
        rows: list[Measured] = []
        for i in numbers:
            self._session.inputs.check(i)
            curves = [self.curve(j, i, method) for j in range(1, len(self.rois) + 1)]
            rows += [one for of_frame in zip(*curves, strict=True) for one in of_frame]
        return write(path, rows, wanted, layout)

    def fields(self, i: int | None = None) -> list[dict[str, Any]]:
        """Return what is measured, in the order of tables: name, unit for an input, meaning, source, full."""
        unit = self._session.inputs[self.input if i is None else i].volume.unit
        return [
            {
                "name": name,
                "unit": field.unit(unit),
                "meaning": field.meaning,
                "source": field.source,
                "full": field.full,
            }
            for name, field in FIELDS.items()
        ]
