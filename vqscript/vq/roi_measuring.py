"""The 3D ROI Tool's measuring: statistics of ROIs on inputs."""

from __future__ import annotations

from typing import Literal, TypedDict, Unpack, cast

from vqscript.roi.method import Method
from vqscript.vq.catalog import script
from vqscript.vq.frames import frame_index
from vqscript.vq.measurements import StatisticField, Statistics, curve_record, statistics_record
from vqscript.vq.operator import Operator
from vqscript.vq.types import Input, WritePath


class MeasuringOptions(TypedDict, total=False):
    """How to measure."""

    full: bool
    """Measure what takes longer as well: peaks and the largest diameter."""
    sampling: Literal["linear", "native"]
    """On an input of another grid: interpolate at the ROI's voxels (default), or take the input's own voxels."""
    percentiles: list[float]
    """Percentiles beyond those always there: {2.5, 97.5} adds `p2.5` and `p97.5`."""
    binwidth: float
    """Bins of the histogram for `entropy`, in the input's unit; default 25 HU, 0.25 SUV, else range / 64."""


class TableOptions(TypedDict, total=False):
    """What a table looks like, and how to measure."""

    layout: Literal["tidy", "wide"]
    """A row for each number, with its unit (default), or for each ROI and frame."""
    fields: list[str]
    """Names of the statistics to measure and write; default all, without those that need `-full`."""
    full: bool
    """Measure what takes longer as well: peaks and the largest diameter."""
    sampling: Literal["linear", "native"]
    """On an input of another grid: interpolate at the ROI's voxels (default), or take the input's own voxels."""
    percentiles: list[float]
    """Percentiles beyond those always there: {2.5, 97.5} adds `p2.5` and `p97.5`."""
    binwidth: float
    """Bins of the histogram for `entropy`, in the input's unit; default 25 HU, 0.25 SUV, else range / 64."""


class RoiMeasuring(Operator):
    """What the 3D ROI Tool measures."""

    @script(example="roi:setInputROI(1)")
    def setInputROI(self, i: Input) -> None:
        """Choose the input that the tool measures where none is named."""
        self._session.inputs.check(i)
        self._session.roi_tool.input = i

    @script(example="local s = roi:statistics(1, 1) print(s.mean, s.units.mean)")
    def statistics(
        self, j: int, input: Input | None = None, frame: int = 1, **options: Unpack[MeasuringOptions]
    ) -> Statistics:
        """Measure an ROI on an input.

        Where the input lies on another grid, it is interpolated at the ROI's voxels, or measured natively; `sampling`
        says which.

        Parameters
        ----------
        j : int
            Number of the ROI, from 1.
        input : int
            Number of the input; default the tool's, see :meth:`setInputROI`.
        frame : int
            Frame of the input, from 1.

        Returns
        -------
        Statistics
            Numbers and positions, with their units in `units`. An empty ROI has `voxels` 0 and no values.

        Raises
        ------
        RoiError
            There is no such ROI or frame, or an option is out of range.
        """
        return statistics_record(self._session.roi_tool.statistics(j, input, frame_index(frame), _method(options)))

    @script(example="for _, row in ipairs(roi:table(1)) do print(row.name, row.mean, row.unit) end")
    def table(
        self, input: Input | None = None, frame: int = 1, **options: Unpack[MeasuringOptions]
    ) -> list[Statistics]:
        """Measure all ROIs on an input.

        Parameters
        ----------
        input : int
            Number of the input; default the tool's, see :meth:`setInputROI`.
        frame : int
            Frame of the input, from 1.

        Returns
        -------
        list of Statistics
            What :meth:`statistics` returns, for each ROI in turn.
        """
        measured = self._session.roi_tool.table(input, frame_index(frame), _method(options))
        return [statistics_record(each) for each in measured]

    @script(example="for _, at in ipairs(roi:curve(1, 1)) do print(at.frame, at.mid, at.mean, at.unit) end")
    def curve(self, j: int, input: Input | None = None, **options: Unpack[MeasuringOptions]) -> list[Statistics]:
        """Measure an ROI on all frames of an input: a time-activity curve.

        Values are taken as they stand; `decay` says to when they are decay-corrected. To bring them to one time, use
        :meth:`DataManager.decayCorrect` before.

        Parameters
        ----------
        j : int
            Number of the ROI, from 1.
        input : int
            Number of the input; default the tool's, see :meth:`setInputROI`.

        Returns
        -------
        list of Statistics
            For each frame what :meth:`statistics` returns, and `frame`, `start`, `duration`, `mid` and `decay`; times
            that are not known are nil.
        """
        return [curve_record(each) for each in self._session.roi_tool.curve(j, input, _method(options))]

    @script(example='roi:exportTable("rois.csv")')
    def exportTable(self, path: WritePath, inputs: list[int] | None = None, **options: Unpack[TableOptions]) -> str:
        """Write the statistics of all ROIs on inputs, in all their frames, as CSV or JSON.

        A row holds one number and its unit, with study, series, input, frame and its times, and ROI. With
        `-layout "wide"` it holds all numbers of an ROI on a frame: columns of a fixed unit have it in their name, the
        others are in `unit`.

        Parameters
        ----------
        path
            File; one that ends in ".json" becomes JSON, a name without an extension gets ".csv".
        inputs
            Numbers of the inputs; default all that are on.

        Returns
        -------
        str
            Path of the file.

        Raises
        ------
        RoiError
            A field is none that is measured, or an option is out of range.
        UsageError
            There is no such input, or the path has the extension of another kind of file.
        """
        tool = self._session.roi_tool
        layout, fields = options.get("layout", "tidy"), options.get("fields")
        method = _method(cast(MeasuringOptions, options))
        return str(tool.export_table(path, inputs, layout=layout, fields=fields, method=method))

    @script(example="for _, f in ipairs(roi:fields(1)) do print(f.name, f.unit, f.meaning) end")
    def fields(self, input: Input | None = None) -> list[StatisticField]:
        """List what is measured.

        Parameters
        ----------
        input : int
            Input whose units are listed; default the tool's, see :meth:`setInputROI`.

        Returns
        -------
        list of StatisticField
            In the order of tables.
        """
        return [cast(StatisticField, each) for each in self._session.roi_tool.fields(input)]


def _method(options: MeasuringOptions) -> Method:
    return Method(
        full=options.get("full", False),
        sampling=options.get("sampling", "linear"),
        percentiles=tuple(options.get("percentiles", ())),
        bin_width=options.get("binwidth"),
    )
