"""The 3D ROI Tool's measuring: statistics of ROIs on inputs."""

from __future__ import annotations

from vqscript.errors import UsageError
from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator
from vqscript.vq.types import Record, WritePath


class RoiMeasuring(Operator):
    """What the 3D ROI Tool measures."""

    @script(example="roi:setInputROI(1)")
    def setInputROI(self, i: int) -> None:
        """Choose the input that the tool measures where none is named."""
        self._session.inputs.check(i)
        self._session.roi_tool.input = i

    @script(example="print(roi:statistics(1, 1).mean)")
    def statistics(self, j: int, input: int | None = None, frame: int = 1) -> Record:
        """Measure an ROI on an input (default: the tool's input), in one of its frames (from 1).

        Fields: ``name voxels volume`` (mm3) ``volumeML mean sd std variance variancePopulation min max
        median sum integral skewness kurtosis com comMm unit sampling``. An empty ROI has ``voxels`` 0
        and no value fields.
        """
        return dict(self._session.roi_tool.statistics(j, input, _index(frame)).fields())

    @script(example="for _, row in ipairs(roi:table(1)) do print(row.name, row.mean, row.unit) end")
    def table(self, input: int | None = None, frame: int = 1) -> list[Record]:
        """Measure all ROIs on an input (default: the tool's input), in one of its frames (from 1)."""
        return self._session.roi_tool.table(input, _index(frame))

    @script(example='roi:exportTable("rois.csv")')
    def exportTable(self, path: WritePath, inputs: list[int] | None = None) -> str:
        """Write the statistics of all ROIs on all inputs that are on (or the named ones) as CSV; returns the path.

        A row for each ROI, input and frame; ``unit`` is that of the values, volumes are in mm3.
        """
        return str(self._session.roi_tool.export_table(path, inputs))


def _index(frame: int) -> int:
    """Return the 0-based index of a frame that scripts count from 1."""
    if frame < 1:
        raise UsageError(f"there is no frame {frame}", hint="frames are counted from 1")
    return frame - 1
