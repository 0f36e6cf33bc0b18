"""The 3D ROI Tool's files: ROIs in and out."""

from __future__ import annotations

from typing import TypedDict, Unpack

from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator
from vqscript.vq.types import ImagePath, ReadPath, Switch, WriteFolder


class LoadOptions(TypedDict, total=False):
    """How ROIs are read."""

    anyframe: Switch
    """Place DICOM ROIs of another frame of reference, or of none, by their coordinates as they stand."""
    flip: str
    """Axes of an .rmha file to reverse: "x", "yz" ..."""
    labels: ReadPath
    """Table with the names of NIfTI labels; by default one of the image's name beside it."""


class RoiFiles(Operator):
    """Which ROIs the 3D ROI Tool reads and writes."""

    @script(example='local names = roi:load("mouse1.rmha")')
    def load(self, path: ImagePath, names: list[str] | None = None, **options: Unpack[LoadOptions]) -> list[str]:
        """Add the ROIs of an .rmha file, a SEG, an RTSTRUCT or a NIfTI label image.

        All of them or, on an error, none. What had to be moved, renamed or left out is said in the log.

        Parameters
        ----------
        path
            The file, whatever its name; a folder that holds one; or a folder of NIfTI masks, one per ROI.
        names
            The ROIs to take; default all.

        Returns
        -------
        list of str
            Names of the ROIs.

        Raises
        ------
        RoiError
            The file holds no ROIs, or not one of these names; a name is in use in the tool; or the ROIs were drawn in
            another frame of reference than that of input 0.
        """
        return self._session.roi_tool.load(
            path,
            names,
            force=bool(options.get("anyframe", False)),
            flip=options.get("flip", ""),
            table=options.get("labels"),
        )

    @script(example='roi:loadObjects({{path = object.path, names = {"Heart"}}})')
    def loadObjects(self, objects: list[RoiSelection]) -> list[str]:
        """Replace all ROIs by those of several files.

        Everything is read before anything changes.

        Parameters
        ----------
        objects
            Which ROIs of which files.

        Returns
        -------
        list of str
            Names of the ROIs.

        Raises
        ------
        RoiError
            One of the files, or names, cannot be had; the ROIs stay as they were.
        """
        from vqscript.session.roi_files import choices

        return self._session.roi_tool.replace_with(choices(objects))

    @script(example='roi:save("mouse1.rmha")')
    def save(self, path: WriteFolder, format: str = "") -> list[str]:
        """Save all ROIs.

        Files of .rmha and NIfTI hold one layer each; with NIfTI labels goes a table of their names.

        Parameters
        ----------
        path
            A file; in a folder it is called "rois".
        format
            "rmha", "seg", "rtstruct" or "nifti"; by default as the name ends: ``.rmha``, ``.dcm`` (SEG), ``.nii.gz``.

        Returns
        -------
        list of str
            The files.

        Raises
        ------
        RoiError
            The format cannot hold the ROIs: DICOM takes those drawn on a DICOM image only.
        """
        return [str(written) for written in self._session.roi_tool.save(path, format.casefold())]


class RoiSelection(TypedDict, total=False):
    """ROIs of one file."""

    path: ImagePath
    """The file."""
    names: list[str]
    """The ROIs to take; default all."""
