"""Radionuclides of nuclear medicine: their names, half-lives and DICOM codes."""

from __future__ import annotations

import re
from typing import NamedTuple

from vqscript.errors import UnitError, did_you_mean

MINUTE, HOUR, DAY, YEAR = 60.0, 3600.0, 86400.0, 365.2422 * 86400.0


class Nuclide(NamedTuple):
    """Half-life in seconds and the codes that DICOM headers use (SNOMED CT, SNOMED RT; "" if none)."""

    half_life: float
    sct: str = ""
    srt: str = ""


# Half-lives: Evaluated Nuclear Structure Data File as listed by NNDC NuDat 3; DDEP (Monographie BIPM-5) agrees
# within 1 %. Codes: DICOM PS3.16 CID 18 and CID 4020.
NUCLIDES = {
    "C-11": Nuclide(20.364 * MINUTE, "40565003", "C-105A1"),
    "N-13": Nuclide(9.965 * MINUTE, "21576001", "C-107A1"),
    "O-15": Nuclide(122.24, "129504001", "C-B1038"),
    "F-18": Nuclide(109.77 * MINUTE, "77004003", "C-111A1"),
    "Na-22": Nuclide(2.6018 * YEAR, "71633006", "C-155A1"),
    "P-32": Nuclide(14.268 * DAY, "32505007", "C-106A1"),
    "K-38": Nuclide(7.636 * MINUTE, "423764008", "C-135A4"),
    "Sc-43": Nuclide(3.891 * HOUR),
    "Sc-44": Nuclide(3.97 * HOUR),
    "Sc-47": Nuclide(3.3492 * DAY),
    "Cr-51": Nuclide(27.704 * DAY, "52745005", "C-129A2"),
    "Mn-52": Nuclide(5.591 * DAY, "37225000", "C-149A1"),
    "Fe-52": Nuclide(8.275 * HOUR, "69089000", "C-130A1"),
    "Co-55": Nuclide(17.53 * HOUR),
    "Co-57": Nuclide(271.74 * DAY, "27054007", "C-144A3"),
    "Cu-60": Nuclide(23.7 * MINUTE, "425364008", "C-127A4"),
    "Cu-61": Nuclide(3.336 * HOUR, "71425003", "C-127A1"),
    "Cu-62": Nuclide(9.672 * MINUTE, "422934004", "C-127A5"),
    "Cu-64": Nuclide(12.701 * HOUR, "3932008", "C-127A2"),
    "Cu-67": Nuclide(61.83 * HOUR, "53700003", "C-127A3"),
    "Ga-66": Nuclide(9.49 * HOUR, "79477007", "C-131A1"),
    "Ga-67": Nuclide(3.2617 * DAY, "2008008", "C-131A2"),
    "Ga-68": Nuclide(67.71 * MINUTE, "35337001", "C-131A3"),
    "Ge-68": Nuclide(270.93 * DAY, "53315004", "C-128A2"),
    "Se-75": Nuclide(119.78 * DAY, "43239002", "C-116A3"),
    "Br-76": Nuclide(16.2 * HOUR, "79523006", "C-113A2"),
    "Br-77": Nuclide(57.04 * HOUR, "86521004", "C-113A3"),
    "Kr-81m": Nuclide(13.10, "61716009", "C-173A5"),
    "Rb-82": Nuclide(1.2575 * MINUTE, "79197006", "C-159A2"),
    "Sr-89": Nuclide(50.56 * DAY, "7770004", "C-158A6"),
    "Y-86": Nuclide(14.74 * HOUR, "10738001", "C-162A3"),
    "Y-90": Nuclide(64.05 * HOUR, "14691008", "C-162A7"),
    "Zr-89": Nuclide(78.41 * HOUR, "63360001", "C-168A4"),
    "Tc-94m": Nuclide(52.0 * MINUTE, "424079002", "C-163AA"),
    "Tc-99m": Nuclide(6.0072 * HOUR, "72454006", "C-163A8"),
    "In-111": Nuclide(2.8047 * DAY, "56609000", "C-145A4"),
    "In-113m": Nuclide(99.476 * MINUTE, "48895003", "C-145A5"),
    "I-123": Nuclide(13.2235 * HOUR, "21572004", "C-114A4"),
    "I-124": Nuclide(4.1760 * DAY, "40937006", "C-114A5"),
    "I-125": Nuclide(59.40 * DAY, "68630002", "C-114A6"),
    "I-131": Nuclide(8.0252 * DAY, "1368003", "C-114B1"),
    "Xe-127": Nuclide(36.346 * DAY, "27081007", "C-172A5"),
    "Xe-133": Nuclide(5.2475 * DAY, "80751004", "C-172A8"),
    "Sm-153": Nuclide(46.284 * HOUR, "419804008", "C-B1134"),
    "Tb-149": Nuclide(4.118 * HOUR),
    "Tb-152": Nuclide(17.5 * HOUR),
    "Tb-155": Nuclide(5.32 * DAY),
    "Tb-161": Nuclide(6.906 * DAY),
    "Ho-166": Nuclide(26.82 * HOUR),
    "Lu-177": Nuclide(6.6443 * DAY, "447553000", "C-101ED"),
    "Re-186": Nuclide(3.7183 * DAY, "395865006", "C-11906"),
    "Re-188": Nuclide(17.004 * HOUR, "423578007", "C-1018D"),
    "Tl-201": Nuclide(3.0421 * DAY, "60057003", "C-138A9"),
    "Pb-203": Nuclide(51.92 * HOUR, "47588004", "C-132A8"),
    "Pb-212": Nuclide(10.64 * HOUR),
    "At-211": Nuclide(7.214 * HOUR),
    "Bi-213": Nuclide(45.6 * MINUTE),
    "Ra-223": Nuclide(11.43 * DAY, "24853006", "C-136A2"),
    "Ra-224": Nuclide(3.6319 * DAY),
    "Ac-225": Nuclide(9.920 * DAY),
    "Th-227": Nuclide(18.70 * DAY),
}

_ELEMENTS = {
    "carbon": "C",
    "nitrogen": "N",
    "oxygen": "O",
    "fluorine": "F",
    "sodium": "Na",
    "phosphorus": "P",
    "potassium": "K",
    "scandium": "Sc",
    "chromium": "Cr",
    "manganese": "Mn",
    "iron": "Fe",
    "cobalt": "Co",
    "copper": "Cu",
    "gallium": "Ga",
    "germanium": "Ge",
    "selenium": "Se",
    "bromine": "Br",
    "krypton": "Kr",
    "rubidium": "Rb",
    "strontium": "Sr",
    "yttrium": "Y",
    "zirconium": "Zr",
    "technetium": "Tc",
    "indium": "In",
    "iodine": "I",
    "xenon": "Xe",
    "samarium": "Sm",
    "terbium": "Tb",
    "holmium": "Ho",
    "lutetium": "Lu",
    "rhenium": "Re",
    "thallium": "Tl",
    "lead": "Pb",
    "astatine": "At",
    "bismuth": "Bi",
    "radium": "Ra",
    "actinium": "Ac",
    "thorium": "Th",
}
_BY_FOLD = {name.casefold(): name for name in NUCLIDES}
_BY_CODE = {code: name for name, nuclide in NUCLIDES.items() for code in (nuclide.sct, nuclide.srt) if code}

_ELEMENT_FIRST = re.compile(r"([a-z]+)[- ]?(\d+m?)", re.IGNORECASE)
_MASS_FIRST = re.compile(r"(\d+m?)[- ]?([a-z]+)", re.IGNORECASE)


def nuclide_name(text: str) -> str:
    """Return the usual name of a radionuclide, such as ``Tc-99m``.

    Parameters
    ----------
    text : str
        ``In-111``, ``In111``, ``111In``, ``Indium-111``, DICOM's ``^111^Indium``, or a SNOMED code of a header.

    Raises
    ------
    UnitError
        If the nuclide is not known here.
    """
    plain = text.replace("^", "").strip()
    if plain in _BY_CODE:
        return _BY_CODE[plain]
    if found := _ELEMENT_FIRST.fullmatch(plain):
        element, mass = found.groups()
    elif found := _MASS_FIRST.fullmatch(plain):
        mass, element = found.groups()
    else:
        element, mass = plain, ""
    # "52Mn" splits as 52m + n, so the whole is tried as well with the m given back to the element.
    splits = [(element, mass)]
    if found and mass[-1:] in {"m", "M"}:
        splits.append((mass[-1] + element, mass[:-1]))
    for symbol, number in splits:
        name = _BY_FOLD.get(f"{_ELEMENTS.get(symbol.casefold(), symbol)}-{number}".casefold())
        if name:
            return name
    raise UnitError(
        f'"{text}" is no radionuclide that is known here',
        hint=did_you_mean(f"{element}-{mass}", NUCLIDES) + "; or give the half-life itself",
        nuclide=text,
    )


def half_life(nuclide: str) -> float:
    """Return the half-life of a radionuclide in seconds; spellings as in :func:`nuclide_name`.

    Raises
    ------
    UnitError
        If the nuclide is not known here.
    """
    return NUCLIDES[nuclide_name(nuclide)].half_life
