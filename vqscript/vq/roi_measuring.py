"""The 3D ROI Tool's measuring: statistics of ROIs on inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict, Unpack

from vqscript.errors import UsageError
from vqscript.roi.method import Method
from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator
from vqscript.vq.types import Record, WritePath

if TYPE_CHECKING:
    from vqscript.roi.statistics import Statistics


class MeasuringOptions(TypedDict, total=False):
    """How to measure: all options may be left out."""

    full: bool
    sampling: Literal["linear", "native"]
    percentiles: list[float]
    binwidth: float


class TableOptions(MeasuringOptions, total=False):
    """How to measure, and what a table looks like."""

    layout: Literal["tidy", "wide"]
    fields: list[str]


class RoiMeasuring(Operator):
    """What the 3D ROI Tool measures."""

    @script(example="roi:setInputROI(1)")
    def setInputROI(self, i: int) -> None:
        """Choose the input that the tool measures where none is named."""
        self._session.inputs.check(i)
        self._session.roi_tool.input = i

    @script(example="local s = roi:statistics(1, 1) print(s.mean, s.units.mean)")
    def statistics(
        self, j: int, input: int | None = None, frame: int = 1, **options: Unpack[MeasuringOptions]
    ) -> Record:
        """Measure an ROI on an input (default: the tool's input), in one of its frames (from 1).

        Fields: ``name voxels volume`` (mm3) ``volumeML mean sd std variance variancePopulation min max
        median sum integral tlg totalUptake skewness kurtosis entropy surface com comMm maxPosition unit
        sampling`` and more, see ``fields``; ``units`` has the unit of each number. An empty ROI has
        ``voxels`` 0 and no value fields.

        Options: ``-full true`` measures peaks and the largest diameter as well, which takes longer;
        ``-sampling "native"`` takes the input's own voxels where it has another grid than the ROIs, instead
        of interpolating; ``-percentiles {2.5, 97.5}`` adds ``p2.5`` and ``p97.5``; ``-binwidth 1`` sets the
        bins of the histogram for ``entropy``, in the unit of the input (default: 25 HU, 0.25 of SUV, else a
        64th of the ROI's range).
        """
        return _record(self._session.roi_tool.statistics(j, input, _index(frame), _method(options)))

    @script(example="for _, row in ipairs(roi:table(1)) do print(row.name, row.mean, row.unit) end")
    def table(self, input: int | None = None, frame: int = 1, **options: Unpack[MeasuringOptions]) -> list[Record]:
        """Measure all ROIs on an input (default: the tool's input), in one of its frames (from 1).

        Fields and options are those of ``statistics``.
        """
        return [_record(one) for one in self._session.roi_tool.table(input, _index(frame), _method(options))]

    @script(example="for _, at in ipairs(roi:curve(1, 1)) do print(at.frame, at.mid, at.mean, at.unit) end")
    def curve(self, j: int, input: int | None = None, **options: Unpack[MeasuringOptions]) -> list[Record]:
        """Measure an ROI on all frames of an input (default: the tool's input): a time-activity curve.

        Each entry has the fields of ``statistics``, and ``frame`` (from 1), ``start``, ``duration`` and ``mid``
        in seconds after the start of the first frame, where they are known. Values are taken as they stand;
        ``decay`` says to when they are decay-corrected. Options are those of ``statistics``.
        """
        return [
            _record(one.statistics)
            | {key: value for key, value in one.frame._asdict().items() if value is not None}
            | {"decay": one.decay}
            for one in self._session.roi_tool.curve(j, input, _method(options))
        ]

    @script(example='roi:exportTable("rois.csv")')
    def exportTable(self, path: WritePath, inputs: list[int] | None = None, **options: Unpack[TableOptions]) -> str:
        """Write the statistics of all ROIs on all inputs that are on (or the named ones) as CSV; returns the path.

        A row holds one number and its unit, with study, series, input, frame and its times, and ROI. With
        ``-layout "wide"`` a row holds all numbers of an ROI on a frame; ``unit`` is that of the values then. A
        path that ends in ``.json`` gives JSON. ``-fields {"mean", "sd"}`` chooses what is in the table and is
        measured; the other options are those of ``statistics``.
        """
        layout, fields = options.get("layout", "tidy"), options.get("fields")
        tool = self._session.roi_tool
        return str(tool.export_table(path, inputs, layout=layout, fields=fields, method=_method(options)))

    @script(example="for _, f in ipairs(roi:fields(1)) do print(f.name, f.unit, f.meaning) end")
    def fields(self, input: int | None = None) -> list[Record]:
        """List what ``statistics`` measures: ``name``, ``unit`` on an input (default: the tool's input), ``meaning``.

        Also ``source``, where it is defined, and ``full``: true for what takes longer and needs ``-full true``.
        """
        return self._session.roi_tool.fields(input)


def _record(measured: Statistics) -> Record:
    return {**measured.fields(), "units": measured.units()}


def _method(options: MeasuringOptions) -> Method:
    return Method(
        full=options.get("full", False),
        sampling=options.get("sampling", "linear"),
        percentiles=tuple(options.get("percentiles", ())),
        bin_width=options.get("binwidth"),
    )


def _index(frame: int) -> int:
    """Return the 0-based index of a frame that scripts count from 1."""
    if frame < 1:
        raise UsageError(f"there is no frame {frame}", hint="frames are counted from 1")
    return frame - 1
