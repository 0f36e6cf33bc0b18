"""The data manager's units: what the values of an input are, and their conversion."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack

from vqscript.vq.catalog import script
from vqscript.vq.host_object import HostObject
from vqscript.vq.types import Input, Unit

if TYPE_CHECKING:
    from vqscript.imaging.administration import Administration


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


class InputUnits(HostObject):
    """Unit, dose and decay correction of an input."""

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

    @script(example="for _, line in ipairs(dm:provenance(1)) do print(line) end")
    def provenance(self, i: Input) -> list[str]:
        """Return what was done to the values.

        Returns
        -------
        list of str
            A sentence for each step, oldest first: where the unit, the dose and the weight are from among them.
        """
        return list(self._session.inputs[i].provenance)


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
