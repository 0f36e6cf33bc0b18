"""The way from the unit of a volume to another one, with notes of every fact it takes."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import UnitError
from vqscript.imaging.administration import HEADER, Administration, Remark
from vqscript.imaging.body import LeanFormula, body_surface_area, ideal_body_weight, lean_body_mass
from vqscript.imaging.decay import about
from vqscript.imaging.dicom.private import private_text
from vqscript.imaging.dicom.values import text as text_of
from vqscript.imaging.units import BQ_PER_UCI, label
from vqscript.imaging.volume import Volume

ACTIVITY = ("Bq/mL", "kBq/mL", "uCi/mL", "uCi")
RELATIVE = ("%ID", "%ID/g", "SUVbw", "SUVlbm", "SUVbsa", "SUVibw")

# Normal tissue has an SUV near 1 and the hottest organ rarely a few hundred; a weight in the wrong unit is off by 1000.
USUAL_MAXIMUM = (0.5, 1000.0)

_GLIMPSE = 1 << 21  # voxels that are enough for that

# SUVType of a PET image (PS3.3 C.8.9.1) -> formula of its lean body mass.
_LEAN_FORMULAS: dict[str, LeanFormula] = {"LBM": "James", "LBMJAMES128": "James128", "LBMJANMA": "Janmahasatian"}


def lean_formula(volume: Volume) -> LeanFormula:
    """Return the formula for lean body mass that a header's SUVType names, else Janmahasatian's."""
    suv_type = text_of(volume.header, "SUVType").upper() if volume.header is not None else ""
    return _LEAN_FORMULAS.get(suv_type, "Janmahasatian")


def mark_lean(volume: Volume, formula: LeanFormula) -> None:
    """Write into a volume's own header by which formula its SUVlbm was made, so that the way back takes the same."""
    if volume.header is None:
        return
    header = copy.deepcopy(volume.header)
    header.SUVType = next(word for word, known in _LEAN_FORMULAS.items() if known == formula)
    volume.header = header


class UnitPath:
    """What a conversion takes, in the order it is taken.

    Parameters
    ----------
    volume : Volume
    target : str
        Canonical unit to reach.
    facts : Administration
    remarks : sequence of Remark
        On the header; those on facts that are taken from it become warnings.
    lean : {"Janmahasatian", "James", "James128"}, optional
        Formula for lean body mass; else :func:`lean_formula`.

    Attributes
    ----------
    source : str
        Unit to start from: the volume's, or the one that calibrated counts stand for.
    notes, warnings : list of str

    Raises
    ------
    UnitError
        If no way leads from the one unit to the other.
    """

    def __init__(
        self,
        volume: Volume,
        target: str,
        facts: Administration,
        remarks: Sequence[Remark] = (),
        lean: LeanFormula | None = None,
    ) -> None:
        self.volume, self.target, self.facts = volume, target, facts
        # On the way back from SUVlbm it is the formula of the values that counts, not a wish.
        self._lean_formula = lean if target == "SUVlbm" else None
        self.source = label(volume.unit)
        self.notes: list[str] = []
        self.warnings: list[str] = []
        self._remarks = remarks
        self._used: set[str] = set()
        self._calibration = 1.0
        if self.source == target:
            self.note(f"The values are in {target or 'no unit'} already")
            return
        if target not in ACTIVITY + RELATIVE:
            raise self.error(
                f'values in {self.source or "no unit"} cannot be converted to "{target}"',
                "possible are " + ", ".join(ACTIVITY + RELATIVE),
            )
        if self.source == "counts":
            self._calibrate_counts()
        elif self.source not in ACTIVITY + RELATIVE:
            raise self._no_start()

    @property
    def crosses(self) -> bool:
        """Whether the way leads between activity and dose-related units, so that dose and decay count."""
        return self.target != self.source and (self.source in ACTIVITY) != (self.target in ACTIVITY)

    def scale(self) -> float:
        """Return the factor without dose and decay."""
        if self.target == self.source:
            return self._calibration
        return self._calibration * self._per_becquerel(self.target) / self._per_becquerel(self.source)

    def need(self, name: str, what: str, wording: str = "") -> float:
        """Return a fact, noting it with its source; UnitError if nobody knows it.

        Parameters
        ----------
        name : str
            Field of :class:`Administration`.
        what : str
            The field in words, for the error.
        wording : str
            A format of the note, such as ``"Weight {:.5g} g"``; no note without it.
        """
        self.use(name)
        value: float | None = getattr(self.facts, name)
        if not value:
            raise self.error(
                f"cannot convert {self.source} to {self.target}: the {what} is not known, "
                "neither given nor in the subject information or the DICOM header",
                f"give the {what}, or store it with the subject information of the study",
            )
        if wording:
            self.note(f"{wording.format(value)} ({self.facts.sources.get(name)})")
        return value

    def use(self, *names: str) -> None:
        """Mark facts as used, so that what the header says of them is worth a warning."""
        self._used.update(names)

    def note(self, text: str) -> None:
        """Add a line to the notes, once."""
        if text not in self.notes:
            self.notes.append(text)

    def look_at(self, factor: float | NDArray[np.float64]) -> None:
        """Warn of what was used from the header with a remark, and of a result that can hardly be."""
        for name, text in self._remarks:
            if name in self._used and self.facts.sources.get(name, HEADER).startswith(HEADER):
                self.warnings.append(text)
        if label(self.volume.unit) == self.target:
            return
        if self.target in RELATIVE:
            self._look_at_attenuation()
        if self.target.startswith("SUV"):
            self._look_at_maximum(float(np.max(factor)))

    def error(self, message: str, hint: str) -> UnitError:
        """Return an error about this volume."""
        return UnitError(message, hint=hint, **about(self.volume))

    def _no_start(self) -> UnitError:
        header = self.volume.header
        stated = text_of(header, "Units") if header is not None else ""
        if self.source:
            found = f'from "{self.source}" no way leads there'
        elif stated:
            found = f'the header has Units "{stated}", from which no way leads there'
        else:
            found = "the values have no unit"
        return self.error(
            f"cannot convert to {self.target}: {found}",
            "set the unit first if you know it (setUnit): one of " + ", ".join(ACTIVITY + RELATIVE),
        )

    def _calibrate_counts(self) -> None:
        # Philips PET has counts and private factors: one to SUVbw (with the header's dose and weight), one to Bq/mL.
        to_suv, to_activity = (self._philips_factor(element) for element in (0x00, 0x09))
        others = [name for name in ("dose", "weight", "injection_time") if self._is_better_known(name)]
        if to_suv and not (to_activity and (others or self.target in ACTIVITY)):
            self.source, self._calibration = "SUVbw", to_suv
            self.note(f"Counts times {to_suv:g} are SUVbw, by Philips's private (7053,xx00)")
            if others:
                self.warnings.append(
                    f"Philips's factor is made of the header's facts: {' and '.join(others)} from elsewhere not used"
                )
        elif to_activity:
            self.source, self._calibration = "Bq/mL", to_activity
            self.note(f"Counts times {to_activity:g} are Bq/mL, by Philips's private (7053,xx09)")
        else:
            raise self.error(
                f"cannot convert counts to {self.target}: nothing in the header says what activity a count stands for",
                'if the values are calibrated after all, set their unit first (setUnit), such as "uCi"',
            )

    def _is_better_known(self, name: str) -> bool:
        return not self.facts.sources.get(name, HEADER).startswith(HEADER)

    def _philips_factor(self, element: int) -> float:
        if self.volume.header is None:
            return 0.0
        text = private_text(self.volume.header, 0x7053, "Philips PET Private Group", element)
        try:
            factor = float(text or 0)
        except ValueError:
            self.warnings.append(f'left out: Philips\'s private (7053,xx{element:02X}) "{text[:20]}" is no number')
            return 0.0
        return factor if math.isfinite(factor) and factor > 0 else 0.0

    def _per_becquerel(self, unit: str) -> float:
        """Return 1 Bq/mL in ``unit``, for a dose of 1 Bq where the unit is related to a dose."""
        scales: dict[str, Callable[[], float]] = {
            "Bq/mL": lambda: 1.0,
            "kBq/mL": lambda: 1e-3,
            "uCi/mL": lambda: 1 / BQ_PER_UCI,
            "uCi": lambda: self._voxel() / BQ_PER_UCI,
            "%ID": lambda: 100 * self._voxel(),
            "%ID/g": lambda: 100.0,
            "SUVbw": self._weight,
            "SUVlbm": self._lean,
            "SUVbsa": self._surface,
            "SUVibw": self._ideal,
        }
        return scales[unit]()

    def _voxel(self) -> float:
        millilitres = self.volume.grid.voxel_volume / 1000
        self.note(f"Voxel volume {millilitres:.6g} mL")
        return millilitres

    def _weight(self) -> float:
        return self.need("weight", "body weight", "Weight {:.5g} g")

    def _height(self) -> float:
        return self.need("height", "body height", "Height {:.4g} m")

    def _sex(self) -> str:
        self.use("sex")
        if self.facts.sex:
            self.note(f"Sex {self.facts.sex} ({self.facts.sources.get('sex')})")
        return self.facts.sex

    def _lean(self) -> float:
        formula = self._lean_formula or lean_formula(self.volume)
        mass = self._size(lean_body_mass, self._weight(), self._height(), self._sex(), formula)
        self.note(f"Lean body mass {mass / 1000:.5g} kg ({formula})")
        return mass

    def _surface(self) -> float:
        area = body_surface_area(self._weight(), self._height())
        self.note(f"Body surface area {area:.5g} cm2 (Du Bois)")
        return area

    def _ideal(self) -> float:
        mass = self._size(ideal_body_weight, self._height(), self._sex())
        self.note(f"Ideal body weight {mass / 1000:.5g} kg")
        return mass

    def _size(self, measure: Callable[..., float], *facts: float | str) -> float:
        try:
            return measure(*facts)
        except UnitError as error:  # the formula does not know which volume it is for
            raise self.error(error.message, error.hint) from error

    def _look_at_attenuation(self) -> None:
        header = self.volume.header
        if header is None or self.volume.modality != "PT" or text_of(header, "AttenuationCorrected").upper() == "YES":
            return
        if "ATTN" not in text_of(header, "CorrectedImage").upper().split("\\"):
            self.warnings.append("the PET is not attenuation-corrected (CorrectedImage does not list ATTN)")

    def _look_at_maximum(self, factor: float) -> None:
        low, high = USUAL_MAXIMUM
        # A wrong weight or dose moves all slices alike: if some of them look usual, that is enough.
        some = self.volume.range(every=1 + self.volume.stored.size // _GLIMPSE)[1] * factor
        highest = some if low <= some <= high else self.volume.range()[1] * factor
        if low <= highest <= high or highest <= 0:
            return
        used = [name for name in ("weight", "dose") if name in self._used]
        facts = " and ".join(f"the {name} ({self.facts.sources.get(name)})" for name in used)
        self.warnings.append(
            f"the highest {self.target} is {highest:.3g}, outside the usual {low:g} to {high:g}: "
            f"check {facts or 'the unit'}"
        )
