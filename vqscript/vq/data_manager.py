"""The data manager: inputs by number, 0-based."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from vqscript.errors import UsageError
from vqscript.vq.catalog import script
from vqscript.vq.repository import FetchedSeries
from vqscript.vq.types import REFERENCE, ImagePath, Input, Palette, Record, Unit, WritePath

if TYPE_CHECKING:
    from vqscript.imaging.administration import Administration
    from vqscript.session import Session


class ConversionOptions(TypedDict, total=False):
    """What a unit conversion may be told instead of taking it from subject information or header."""

    dose: str | float
    """Activity at injection: "250 uCi", "9.25 MBq"; a number is uCi."""
    weight: str | float
    """Body weight: "24 g", "70 kg"; a number is g."""
    injectionTime: str
    """Date and time of injection: "2024-03-04 09:30" or 20240304093000."""
    nuclide: str
    """Nuclide, for its half-life: "In-111"."""
    halfLife: float
    """Half-life in seconds, for a nuclide that is not known."""
    height: float
    """Body height in metres, for SUVlbm, SUVbsa and SUVibw."""
    sex: Literal["M", "F", "O"]
    """Sex, for SUVlbm and SUVibw."""
    lean: Literal["Janmahasatian", "James", "James128"]
    """Formula for lean body mass, for SUVlbm."""


class DecayOptions(TypedDict, total=False):
    """What a decay correction may be told instead of taking it from subject information or header."""

    nuclide: str
    """Nuclide, for its half-life: "In-111"."""
    halfLife: float
    """Half-life in seconds, for a nuclide that is not known."""
    injectionTime: str
    """Date and time of injection, for values that are corrected to it now."""


class DataManager:
    """The inputs; input 0 is the reference."""

    def __init__(self, session: Session) -> None:
        self._session = session

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

    @script(example="print(dm:voxelSizeX(0))")
    def voxelSizeX(self, i: Input) -> float:
        """Return the voxel size along x in mm.

        Returns
        -------
        float
            Millimetres between the centres of neighbouring voxels.
        """
        return self._session.inputs[i].volume.grid.spacing[0]

    @script(example="print(dm:voxelSizeY(0))")
    def voxelSizeY(self, i: Input) -> float:
        """Return the voxel size along y in mm.

        Returns
        -------
        float
            Millimetres between the centres of neighbouring voxels.
        """
        return self._session.inputs[i].volume.grid.spacing[1]

    @script(example="print(dm:voxelSizeZ(0))")
    def voxelSizeZ(self, i: Input) -> float:
        """Return the voxel size along z in mm.

        Returns
        -------
        float
            Millimetres between the centres of neighbouring slices.
        """
        return self._session.inputs[i].volume.grid.spacing[2]

    @script(example="local x, y, z, t = dm:dim(0)")
    def dim(self, i: Input) -> tuple[int, int, int, int]:
        """Return the number of voxels along x, y and z, and of frames.

        Returns
        -------
        int
            Voxels along x.
        int
            Voxels along y.
        int
            Voxels along z.
        int
            Frames, 1 for an image without time.
        """
        volume = self._session.inputs[i].volume
        return (*volume.grid.size, volume.frames)

    @script(example="print(dm:getMin(1))")
    def getMin(self, i: Input) -> float:
        """Return the smallest value.

        Returns
        -------
        float
            In the unit of the input, over all frames; NaN is left out.
        """
        return self._session.inputs[i].range[0]

    @script(example="print(dm:getMax(1))")
    def getMax(self, i: Input) -> float:
        """Return the largest value.

        Returns
        -------
        float
            In the unit of the input, over all frames; NaN is left out.
        """
        return self._session.inputs[i].range[1]

    @script(example="print(dm:getMinCached(1))")
    def getMinCached(self, i: Input) -> float:
        """Return the lower end of the display scale.

        Returns
        -------
        float
            In the unit of the input: what :meth:`setMinMaxCache` set, else the smallest value.
        """
        return self._session.inputs[i].scale[0]

    @script(example="print(dm:getMaxCached(1))")
    def getMaxCached(self, i: Input) -> float:
        """Return the upper end of the display scale.

        Returns
        -------
        float
            In the unit of the input: what :meth:`setMinMaxCache` set, else the largest value.
        """
        return self._session.inputs[i].scale[1]

    @script(example="dm:setMinMaxCache(1, 0, 60)")
    def setMinMaxCache(self, i: Input, min: float, max: float) -> None:
        """Set the ends of the display scale.

        Parameters
        ----------
        min, max : float
            In the unit of the input.

        Raises
        ------
        UsageError
            `max` is not above `min`.
        """
        self._session.inputs[i].set_scale(min, max)

    @script(example='print(dm:getDesc(0, "seriesdate"))')
    def getDesc(self, i: Input, key: str) -> str:
        """Return a DICOM attribute by its lower-case name.

        Parameters
        ----------
        key : str
            As in "seriesdate", "patientid", "patientsweight", "acquisitiontime".

        Returns
        -------
        str
            Its text; "" if the image does not have it.

        Raises
        ------
        UsageError
            DICOM has no attribute of that name.
        """
        from vqscript.session.tags import text

        return text(self._session.inputs[i], key)

    @script(example='print(dm:getDcmString(0, "ManufacturersModelName"))')
    def getDcmString(self, i: Input, name: str) -> str:
        """Return a DICOM attribute as text.

        An attribute that is not at the top level is sought in the sequences, so that "RadionuclideTotalDose" is found.

        Parameters
        ----------
        name : str
            Today's keyword ("ManufacturerModelName") or VivoQuant's older spelling ("ManufacturersModelName").

        Returns
        -------
        str
            Its text, several values joined by a backslash; "" if the image does not have it.

        Raises
        ------
        UsageError
            DICOM has no attribute of that name.
        """
        from vqscript.session.tags import text

        return text(self._session.inputs[i], name)

    @script(example="print(dm:tags(0).Modality)")
    def tags(self, i: Input) -> Record:
        """Return the DICOM attributes of the image.

        Returns
        -------
        dict
            Keyword to value; an empty table for an image that is not from DICOM.
        """
        from vqscript.imaging.dicom.tags import tag_values

        header = self._session.inputs[i].volume.header
        return {} if header is None else tag_values(header)

    @script(example='dm:setPalette(1, "hot")')
    def setPalette(self, idx: Input, name: Palette) -> None:
        """Choose the palette of an input."""
        from vqscript.render.palette_names import palette_name

        self._session.inputs[idx].palette = palette_name(name)

    @script(example="print(dm:getPaletteName(1))")
    def getPaletteName(self, idx: Input) -> str:
        """Return the name of an input's palette.

        Returns
        -------
        str
            One of `help "palettes"`.
        """
        return self._session.inputs[idx].palette

    @script(example="dm:setPaletteFromTo(1, 0.0, 0.8)")
    def setPaletteFromTo(self, idx: Input, from_: float, to: float) -> None:
        """Let the palette of an input span a part of its display scale.

        Parameters
        ----------
        from, to : float
            Fractions of the scale, 0 to 1.

        Raises
        ------
        UsageError
            The fractions are not 0 <= from < to <= 1.
        """
        set_fractions(self._session, idx, from_, to)

    @script(example="dm:swapData(1, 2)")
    def swapData(self, a: Input, b: Input) -> None:
        """Exchange two inputs.

        The ROIs stay if the new input 0 lies where the old one did; else they are removed with a warning.
        """
        self._session.swap(a, b)

    @script(example="print(dm:unit(1))")
    def unit(self, i: Input) -> str:
        """Return the unit of the values.

        Returns
        -------
        str
            As in `help "units"`; "" if it is not known.
        """
        return self._session.inputs[i].volume.unit

    @script(example='dm:setUnit(1, "uCi")')
    def setUnit(self, i: Input, u: Unit) -> None:
        """Say what the values are; the values stay as they are.

        Raises
        ------
        UnitError
            There is no such unit.
        """
        self._session.quantities.set_unit(i, u)

    @script(example='dm:convertUnit(1, "%ID/g")')
    def convertUnit(self, i: Input, u: Unit, **options: Unpack[ConversionOptions]) -> None:
        """Convert the values to another unit, in place.

        Dose, weight, injection time and nuclide are taken, one by one, from the options, else from the study's subject
        information, else from the DICOM header; :meth:`provenance` says which. What an option says holds for later
        conversions of the input as well.

        Parameters
        ----------
        u : str
            "kBq/mL", "%ID/g", "SUVbw" ..., as in `help "units"`.

        Raises
        ------
        UnitError
            Dose, weight, half-life or times are missing, or the unit cannot be reached from the one at hand; the input
            stays as it was.
        """
        self._session.quantities.convert(i, u, _given(options), options.get("lean"))

    @script(example='dm:decayCorrect(1, "2024-03-04 09:30")')
    def decayCorrect(self, i: Input, time: str, **options: Unpack[DecayOptions]) -> None:
        """Decay-correct the values to a date and time, in place.

        Frames and slices that are not corrected yet get a factor each. The input says from then on to when its values
        are corrected, so that :meth:`convertUnit` does not correct them twice.

        Parameters
        ----------
        time : str
            Date and time on the scanner's clock: "2024-03-04 09:30" or 20240304093000.

        Raises
        ------
        UnitError
            The values are no activity, or half-life or times are not known; the input stays as it was.
        """
        self._session.quantities.decay_correct(i, time, _given(options))

    @script(example="for _, line in ipairs(dm:provenance(1)) do print(line) end")
    def provenance(self, i: Input) -> list[str]:
        """Return what was done to the values.

        Returns
        -------
        list of str
            A sentence for each step, oldest first: where the unit, the dose and the weight are from among them.
        """
        return list(self._session.inputs[i].provenance)

    @script(example="local dose, source = dm:injectedDose(1)")
    def injectedDose(self, i: Input) -> tuple[float, str]:
        """Return the dose at injection and where it is from.

        Returns
        -------
        float
            uCi; 0 if nothing is entered.
        str
            "subject" (subject information), "header" (RadionuclideTotalDose) or "none".
        """
        return self._session.quantities.injected_dose(i)

    @script(example='assert(dm:decayCorrection(1) == "ADMIN")')
    def decayCorrection(self, i: Input) -> str:
        """Return to when the values are decay-corrected.

        Returns
        -------
        str
            "ADMIN" (injection), "START" (of the scan), "NONE", or "" if it is not known.
        """
        return self._session.quantities.decay_status(i)[0]

    @script(example='dm:setDecayCorrection(1, "ADMIN")')
    def setDecayCorrection(self, i: Input, status: Literal["ADMIN", "START", "NONE"]) -> None:
        """Say to when the values are decay-corrected, where the header does not or is wrong; the values stay.

        Parameters
        ----------
        status : str
            "ADMIN" (injection), "START" (of the scan) or "NONE".
        """
        self._session.quantities.declare_decay(i, status)

    @script(example="print(dm:value(0, 10, 10, 5))")
    def value(self, i: Input, x: int, y: int, z: int, t: int = 1) -> float:
        """Return the value of one voxel.

        Parameters
        ----------
        x, y, z : int
            Voxel indices, from 0.
        t : int
            Frame, from 1.

        Returns
        -------
        float
            In the unit of the input.

        Raises
        ------
        UsageError
            The voxel or the frame is outside the image.
        """
        volume = self._session.inputs[i].volume
        for index, count, axis in zip((x, y, z), volume.grid.size, "xyz", strict=True):
            if not 0 <= index < count:
                raise UsageError(f"{axis} = {index} is outside the image", hint=f"{axis} runs from 0 to {count - 1}")
        if not 1 <= t <= volume.frames:
            raise UsageError(f"there is no frame {t}", hint=f"the image has frames 1 to {volume.frames}")
        return volume.value(x, y, z, t - 1)

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


def set_fractions(session: Session, i: int, first: float, last: float) -> None:
    """Set the part of an input's display scale that its palette spans."""
    if not 0 <= first < last <= 1:
        raise UsageError(f"{first:g} to {last:g} is no part of a scale", hint="fractions from 0 to 1, smaller first")
    session.inputs[i].fractions = (first, last)


def _given(options: Any) -> Administration | None:
    if not options:
        return None
    from vqscript.session.quantities import given

    return given(
        dose=options.get("dose"),
        weight=options.get("weight"),
        injection_time=options.get("injectionTime", ""),
        nuclide=options.get("nuclide", ""),
        seconds=options.get("halfLife"),
        height=options.get("height"),
        sex=options.get("sex", ""),
    )
