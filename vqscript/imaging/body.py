"""Measures of body size that uptake values are normalised by."""

from __future__ import annotations

from typing import Literal

from vqscript.errors import UnitError

LeanFormula = Literal["Janmahasatian", "James", "James128"]


def lean_body_mass(weight: float, height: float, sex: str, formula: LeanFormula = "Janmahasatian") -> float:
    """Return lean body mass in grams.

    Parameters
    ----------
    weight : float
        Grams.
    height : float
        Metres.
    sex : str
        ``"M"`` or ``"F"``.
    formula : str
        ``"Janmahasatian"`` (Clin. Pharmacokinet. 44, 2005), ``"James"`` or ``"James128"``, as DICOM PS3.16 CID 85
        defines them; the last two differ in the factor for men.

    Raises
    ------
    UnitError
        If the sex is not M or F, or the formula gives no mass (James turns down for the very heavy).
    """
    kilograms, centimetres = weight / 1000, height * 100
    male = _is_male(sex, "lean body mass")
    if formula == "Janmahasatian":
        index = kilograms / height**2
        lean = 9270 * kilograms / ((6680 + 216 * index) if male else (8780 + 244 * index))
    else:
        linear = 1.10 if male else 1.07
        quadratic = (128 if formula == "James128" else 120) if male else 148
        lean = linear * kilograms - quadratic * (kilograms / centimetres) ** 2
    return _positive(lean * 1000, f"lean body mass ({formula})", weight, height)


def ideal_body_weight(height: float, sex: str) -> float:
    """Return ideal body weight in grams for a height in metres (DICOM PS3.16 CID 85; Sugawara, Radiology 213, 1999).

    Raises
    ------
    UnitError
        If the sex is not M or F, or the body is too small for the formula.
    """
    over = height * 100 - 152
    ideal = 48.0 + 1.06 * over if _is_male(sex, "ideal body weight") else 45.5 + 0.91 * over
    return _positive(ideal * 1000, "ideal body weight", None, height)


def body_surface_area(weight: float, height: float) -> float:
    """Return body surface area in cm2 for grams and metres (Du Bois, Arch. Intern. Med. 17, 1916)."""
    return float(71.84 * (weight / 1000) ** 0.425 * (height * 100) ** 0.725)


def _is_male(sex: str, what: str) -> bool:
    if sex not in {"M", "F"}:
        raise UnitError(
            f'{what} needs the sex M or F, and it is "{sex}"' if sex else f"{what} needs the sex, which is not known",
            hint="give it, or use SUVbw or %ID/g, which do not need it",
        )
    return sex == "M"


def _positive(mass: float, what: str, weight: float | None, height: float) -> float:
    if mass <= 0:
        size = f"{height:g} m" if weight is None else f"{weight:g} g and {height:g} m"
        raise UnitError(f"{what} has no sensible value for {size}", hint="use SUVbw or %ID/g")
    return mass
