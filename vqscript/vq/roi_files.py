"""The 3D ROI Tool's files: ROIs in and out."""

from __future__ import annotations

from typing import TypedDict

from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator
from vqscript.vq.types import ImagePath, WritePath


class RoiFiles(Operator):
    """Which ROIs the 3D ROI Tool reads and writes."""

    @script(example='local names = roi:load("mouse1.rmha")')
    def load(self, path: ImagePath, names: list[str] | None = None) -> list[str]:
        """Add the ROIs of an .rmha, SEG or RTSTRUCT (a file, or a folder that holds one); returns their names."""
        return self._session.roi_tool.load(path, names)

    @script(example='roi:loadObjects({{path = object.path, names = {"Heart"}}})')
    def loadObjects(self, objects: list[RoiSelection]) -> list[str]:
        """Replace all ROIs by the named ones of several files (all, where no names are given); returns their names.

        Everything is read before anything changes.
        """
        from vqscript.session.roi_files import choices

        return self._session.roi_tool.replace_with(choices(objects))

    @script(example='roi:save("mouse1.rmha")')
    def save(self, path: WritePath) -> list[str]:
        """Save all ROIs as .rmha (one file per layer) or, for ``.dcm``, as DICOM SEG; returns the files."""
        return [str(written) for written in self._session.roi_tool.save(path)]


class RoiSelection(TypedDict, total=False):
    """ROIs of one file."""

    path: ImagePath
    names: list[str]
