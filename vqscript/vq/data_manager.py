"""The data manager: inputs by number, 0-based."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from vqscript.errors import UsageError
from vqscript.vq.catalog import script
from vqscript.vq.repository import FetchedSeries
from vqscript.vq.types import ImagePath, Record, WritePath

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
    """Date and time of injection, YYYYMMDDHHMMSS."""
    nuclide: str
    """For its half-life: "In-111"."""
    halfLife: float
    """In seconds, for a nuclide that is not known."""
    height: float
    """In metres, for SUVlbm, SUVbsa and SUVibw."""
    sex: Literal["M", "F", "O"]
    """For SUVlbm and SUVibw."""
    lean: Literal["Janmahasatian", "James", "James128"]
    """Formula for lean body mass, for SUVlbm."""


class DecayOptions(TypedDict, total=False):
    """What a decay correction may be told instead of taking it from subject information or header."""

    nuclide: str
    """For its half-life: "In-111"."""
    halfLife: float
    """In seconds, for a nuclide that is not known."""
    injectionTime: str
    """Date and time of injection, for values that are corrected to it now."""


class DataManager:
    """The inputs; input 0 is the reference."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @script(example="for i = 0, dm:size() - 1 do print(dm:unit(i)) end")
    def size(self) -> int:
        """Return the number of inputs."""
        return len(self._session.inputs)

    @script(example="local filled = dm:open(repository:fetch(study, series), 0)")
    def open(self, what: FetchedSeries | ImagePath | list[ImagePath], i: int = 0) -> int:
        """Load a series into input ``i`` and return how many inputs it filled.

        Takes a fetched series, a folder, a file or a list of files. Separate images of the series
        fill the following inputs.
        """
        if isinstance(what, FetchedSeries):
            return self._session.open(what.take(), i, what.repository)
        return self._session.open(what, i)

    @script(example="print(dm:voxelSizeX(0))")
    def voxelSizeX(self, i: int) -> float:
        """Return the voxel size along x in mm."""
        return self._session.inputs[i].volume.grid.spacing[0]

    @script(example="print(dm:voxelSizeY(0))")
    def voxelSizeY(self, i: int) -> float:
        """Return the voxel size along y in mm."""
        return self._session.inputs[i].volume.grid.spacing[1]

    @script(example="print(dm:voxelSizeZ(0))")
    def voxelSizeZ(self, i: int) -> float:
        """Return the voxel size along z in mm."""
        return self._session.inputs[i].volume.grid.spacing[2]

    @script(example="local x, y, z, t = dm:dim(0)")
    def dim(self, i: int) -> tuple[int, int, int, int]:
        """Return the number of voxels along x, y and z, and of frames."""
        volume = self._session.inputs[i].volume
        return (*volume.grid.size, volume.frames)

    @script(example="print(dm:getMin(1))")
    def getMin(self, i: int) -> float:
        """Return the smallest value in image units."""
        return self._session.inputs[i].range[0]

    @script(example="print(dm:getMax(1))")
    def getMax(self, i: int) -> float:
        """Return the largest value in image units."""
        return self._session.inputs[i].range[1]

    @script(example="print(dm:getMinCached(1))")
    def getMinCached(self, i: int) -> float:
        """Return the lower end of the display scale; the data's minimum unless it was set."""
        return self._session.inputs[i].scale[0]

    @script(example="print(dm:getMaxCached(1))")
    def getMaxCached(self, i: int) -> float:
        """Return the upper end of the display scale; the data's maximum unless it was set."""
        return self._session.inputs[i].scale[1]

    @script(example="dm:setMinMaxCache(1, 0, 60)")
    def setMinMaxCache(self, i: int, min: float, max: float) -> None:
        """Set the ends of the display scale in image units."""
        self._session.inputs[i].set_scale(min, max)

    @script(example='print(dm:getDesc(0, "seriesdate"))')
    def getDesc(self, i: int, key: str) -> str:
        """Return a DICOM attribute by its lower-case name, "" if the image does not have it."""
        from vqscript.session.tags import text

        return text(self._session.inputs[i], key)

    @script(example='print(dm:getDcmString(0, "ManufacturersModelName"))')
    def getDcmString(self, i: int, name: str) -> str:
        """Return a DICOM attribute as text, "" if the image does not have it.

        Takes today's keywords and VivoQuant's older spellings. Several values are joined by a backslash.
        """
        from vqscript.session.tags import text

        return text(self._session.inputs[i], name)

    @script(example="print(dm:tags(0).Modality)")
    def tags(self, i: int) -> Record:
        """Return the DICOM attributes of the image: keyword to value."""
        from vqscript.imaging.dicom.tags import tag_values

        header = self._session.inputs[i].volume.header
        return {} if header is None else tag_values(header)

    @script(example='dm:setPalette(1, "hot")')
    def setPalette(self, idx: int, name: str) -> None:
        """Choose the palette of an input."""
        from vqscript.render.palette_names import palette_name

        self._session.inputs[idx].palette = palette_name(name)

    @script(example="print(dm:getPaletteName(1))")
    def getPaletteName(self, idx: int) -> str:
        """Return the name of an input's palette."""
        return self._session.inputs[idx].palette

    @script(example="dm:setPaletteFromTo(1, 0.0, 0.8)")
    def setPaletteFromTo(self, idx: int, from_: float, to: float) -> None:
        """Let the palette span a part of the display scale, in fractions 0 to 1."""
        set_fractions(self._session, idx, from_, to)

    @script(example="dm:swapData(1, 2)")
    def swapData(self, a: int, b: int) -> None:
        """Exchange two inputs."""
        self._session.swap(a, b)

    @script(example="print(dm:unit(1))")
    def unit(self, i: int) -> str:
        """Return the unit of the values, "" if it is not known."""
        return self._session.inputs[i].volume.unit

    @script(example='dm:setUnit(1, "uCi")')
    def setUnit(self, i: int, u: str) -> None:
        """Say what the values are; the values stay as they are."""
        self._session.quantities.set_unit(i, u)

    @script(example='dm:convertUnit(1, "%ID/g")')
    def convertUnit(self, i: int, u: str, **options: Unpack[ConversionOptions]) -> None:
        """Convert the values to another unit, in place.

        Dose, weight, injection time and nuclide are taken, one by one, from the options, else from
        the study's subject information, else from the DICOM header; :meth:`provenance` says which.
        What an option says holds for later conversions of the input as well.
        """
        self._session.quantities.convert(i, u, _given(options), options.get("lean"))

    @script(example='dm:decayCorrect(1, "2024-03-04 09:30")')
    def decayCorrect(self, i: int, time: str, **options: Unpack[DecayOptions]) -> None:
        """Decay-correct the values to a date and time (local time of the scanner), in place.

        Frames and slices that are not corrected yet get a factor each. The input says from then on to when its values
        are corrected, so that :meth:`convertUnit` does not correct them twice.
        """
        self._session.quantities.decay_correct(i, time, _given(options))

    @script(example="for _, line in ipairs(dm:provenance(1)) do print(line) end")
    def provenance(self, i: int) -> list[str]:
        """Return what was done to the values, oldest first."""
        return list(self._session.inputs[i].provenance)

    @script(example="local dose, source = dm:injectedDose(1)")
    def injectedDose(self, i: int) -> tuple[float, str]:
        """Return the dose at injection in uCi and where it is from: "subject", "header" or "none"."""
        return self._session.quantities.injected_dose(i)

    @script(example='assert(dm:decayCorrection(1) == "ADMIN")')
    def decayCorrection(self, i: int) -> str:
        """Return to when the values are decay-corrected: "ADMIN" (injection), "START" (of the scan), "NONE" or ""."""
        return self._session.quantities.decay_status(i)[0]

    @script(example='dm:setDecayCorrection(1, "ADMIN")')
    def setDecayCorrection(self, i: int, status: Literal["ADMIN", "START", "NONE"]) -> None:
        """Say to when the values are decay-corrected, where the header does not or is wrong; the values stay."""
        self._session.quantities.declare_decay(i, status)

    @script(example="print(dm:value(0, 10, 10, 5))")
    def value(self, i: int, x: int, y: int, z: int, t: int = 1) -> float:
        """Return the value of one voxel (indices from 0), in frame ``t`` (from 1)."""
        volume = self._session.inputs[i].volume
        for index, count, axis in zip((x, y, z), volume.grid.size, "xyz", strict=True):
            if not 0 <= index < count:
                raise UsageError(f"{axis} = {index} is outside the image", hint=f"{axis} runs from 0 to {count - 1}")
        if not 1 <= t <= volume.frames:
            raise UsageError(f"there is no frame {t}", hint=f"the image has frames 1 to {volume.frames}")
        return volume.value(x, y, z, t - 1)

    @script(example='dm:save(1, "mouse1-pidg.nii.gz")')
    def save(self, i: int, path: WritePath, format: str = "") -> str:
        """Save an input and return the path.

        A name with ``.nii`` or ``.nii.gz`` (or the format "nifti") makes a NIfTI file; any other (or "dicom") a new
        folder with a DICOM series of the same study, which says what it was derived from.
        """
        return str(self._session.save(i, path, format))

    @script(example="local copy = dm:duplicate(1)")
    def duplicate(self, i: int) -> int:
        """Copy an input behind the last one and return its number."""
        return self._session.duplicate(i)

    @script(example="dm:remove(1)")
    def remove(self, i: int) -> None:
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
