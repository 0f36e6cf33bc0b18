"""The data manager: inputs by number, 0-based."""

from __future__ import annotations

from vqscript.vq.catalog import script
from vqscript.vq.input_display import InputDisplay
from vqscript.vq.input_tags import InputTags
from vqscript.vq.input_units import InputUnits
from vqscript.vq.input_voxels import InputVoxels
from vqscript.vq.repository import FetchedSeries
from vqscript.vq.types import REFERENCE, ImagePath, Input, WritePath


class DataManager(InputVoxels, InputUnits, InputTags, InputDisplay):
    """The inputs; input 0 is the reference."""

    @script(example="for i = 0, dm:size() - 1 do print(dm:unit(i)) end")
    def size(self) -> int:
        """Return the number of inputs.

        Returns
        -------
        int
            How many are loaded; they are 0 to `size() - 1`, as long as none was removed.
        """
        return len(self._session.inputs)

    @script(example="local filled = dm:open(repository:fetch(study, series), 0)")
    def open(self, what: FetchedSeries | ImagePath | list[ImagePath], i: Input = REFERENCE) -> int:
        """Load a series into an input and return how many inputs it filled.

        Separate images of a series (another reconstruction, another geometry) fill the following inputs; frames of one
        image are one input. Values keep the unit that the header states.

        Parameters
        ----------
        what
            What :meth:`DicomRepository.fetch` returned, a folder or file of DICOM, a NIfTI file, or a list of DICOM
            files.

        Returns
        -------
        int
            How many inputs it filled.

        Raises
        ------
        NotDicom
            A file is no image, or is cut short.
        Unsupported
            The image is of a kind that cannot be loaded.
        GeometryError
            The slices form no single volume: one is missing, or they are not parallel.
        """
        if isinstance(what, FetchedSeries):
            return self._session.open(what.take(), i, what.repository)
        return self._session.open(what, i)

    @script(example='dm:save(1, "mouse1-pidg.nii.gz")')
    def save(self, i: Input, path: WritePath, format: str = "") -> str:
        """Save an input and return the path.

        Parameters
        ----------
        path : str
            A name with `.nii` or `.nii.gz` makes a NIfTI file; any other a new folder with a DICOM series of the same
            study, which says what it was derived from. A relative path lies under the output folder.
        format : str
            "nifti" or "dicom", where the name does not say.

        Returns
        -------
        str
            The file or folder that was written.

        Raises
        ------
        UsageError
            The folder is there already, or the format is unknown.
        """
        return str(self._session.save(i, path, format))

    @script(example="dm:swapData(1, 2)")
    def swapData(self, a: Input, b: Input) -> None:
        """Exchange two inputs.

        The ROIs stay if the new input 0 lies where the old one did; else they are removed with a warning.
        """
        self._session.swap(a, b)

    @script(example="local copy = dm:duplicate(1)")
    def duplicate(self, i: Input) -> int:
        """Copy an input behind the last one.

        Returns
        -------
        int
            Number of the copy.
        """
        return self._session.duplicate(i)

    @script(example="dm:remove(1)")
    def remove(self, i: Input) -> None:
        """Remove an input; the others keep their numbers. The ROIs go with input 0."""
        self._session.remove(i)

    @script(example="dm:clear()")
    def clear(self) -> None:
        """Remove all inputs and ROIs."""
        self._session.clear()
