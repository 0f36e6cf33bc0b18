"""Units, quantities and radionuclides as people and headers write them."""

from __future__ import annotations

import pytest

from vqscript.errors import UnitError, UsageError
from vqscript.imaging import units
from vqscript.imaging.nuclides import NUCLIDES, half_life, nuclide_name


@pytest.mark.parametrize(
    ("written", "unit"),
    [
        ("SUV", "SUVbw"),
        ("suvLBM", "SUVlbm"),
        ("µCi", "uCi"),  # micro sign
        ("μCi", "uCi"),  # Greek letter
        ("uci / voxel", "uCi"),
        (" % id/G ", "%ID/g"),
        ("bq/ml", "Bq/mL"),
        ("kBq/cm³", "kBq/mL"),
        ("BQML", "Bq/mL"),
        ("hu", "HU"),
        ("", ""),
    ],
)
def test_a_unit_has_one_spelling(written: str, unit: str) -> None:
    assert units.canonical(written) == unit
    assert units.label(written) == unit


def test_every_unit_is_its_own_canonical_spelling_and_travels_through_ucum() -> None:
    for unit in units.UNITS:
        assert units.canonical(unit) == unit
        code, meaning = units.ucum(unit)
        assert units.from_ucum(code) == unit
        assert 0 < len(code) <= 16, "a DICOM Code Value holds 16 characters"
        assert meaning


def test_an_unknown_unit_is_refused_with_a_suggestion() -> None:
    with pytest.raises(UnitError, match='"SUVbv"') as caught:
        units.canonical("SUVbv")
    assert caught.value.hint == 'did you mean "SUVbw"?'
    with pytest.raises(UnitError) as caught:
        units.canonical("furlong")
    assert "%ID/g" in caught.value.hint


def test_a_label_may_be_any_text_and_becomes_an_annotation() -> None:
    assert units.label("  1/min ") == "1/min"
    assert units.ucum("1/min") == ("{1/min}", "1/min")
    code, meaning = units.ucum("μmol {per} minute and gram")
    assert code == "{umol__per__min}"
    assert meaning == "μmol {per} minute and gram"


def test_ucum_codes_of_other_writers() -> None:
    assert units.from_ucum("{SUVbw}g/ml") == "SUVbw"
    assert units.from_ucum("Bq/mL") == "Bq/mL"
    assert units.from_ucum("mm2/s") is None


def test_per_voxel_units() -> None:
    assert {unit for unit in units.UNITS if units.per_voxel(unit)} == {"uCi", "counts", "%ID"}
    assert units.per_voxel("µCi")
    assert not units.per_voxel("1/min")


@pytest.mark.parametrize(
    ("text", "becquerel"),
    [
        ("250 uCi", 9.25e6),
        ("250µCi", 9.25e6),
        ("9.25 MBq", 9.25e6),
        ("9.25mbq", 9.25e6),
        ("370e6 Bq", 3.7e8),
        ("10 mCi", 3.7e8),
        ("0.37 GBq", 3.7e8),
        (".5 Ci", 1.85e10),
        (250, 9.25e6),
        (250.0, 9.25e6),
    ],
)
def test_activity(text: str | float, becquerel: float) -> None:
    assert units.parse_activity(text) == pytest.approx(becquerel, rel=1e-12)


@pytest.mark.parametrize(("text", "grams"), [("24 g", 24), ("70 kg", 70_000), ("24000mg", 24), (24, 24)])
def test_mass(text: str | float, grams: float) -> None:
    assert units.parse_mass(text) == pytest.approx(grams, rel=1e-12)


def test_a_text_without_a_unit_has_one_only_where_the_caller_says_so() -> None:
    assert units.parse_mass("24", bare="g") == 24
    assert units.parse_mass("24 kg", bare="g") == 24_000
    with pytest.raises(UsageError, match="has no unit"):
        units.parse_mass("24")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("250", "has no unit"),
        ("9,25 MBq", "is no activity"),
        ("MBq", "is no activity"),
        ("5 kg", "no unit of activity"),
        ("-5 MBq", "not above 0"),
        ("0 MBq", "not above 0"),
        ("1e999 MBq", "not above 0"),
        (float("nan"), "not above 0"),
        (True, "is no activity"),
    ],
)
def test_a_wrong_activity_is_refused(text: str | float, said: str) -> None:
    with pytest.raises(UsageError, match=said) as caught:
        units.parse_activity(text)
    assert caught.value.hint


@pytest.mark.parametrize(
    "written", ["In-111", "in111", "111In", "111-In", "Indium-111", "^111^Indium", "56609000", "C-145A4"]
)
def test_a_nuclide_has_one_name(written: str) -> None:
    assert nuclide_name(written) == "In-111"
    assert half_life(written) == pytest.approx(2.8047 * 86400)


@pytest.mark.parametrize("written", ["Tc-99m", "99mTc", "TC99M", "^99m^Technetium", "Technetium-99m"])
def test_a_metastable_nuclide(written: str) -> None:
    assert nuclide_name(written) == "Tc-99m"


def test_a_mass_before_an_m_that_belongs_to_the_element() -> None:
    assert nuclide_name("52Mn") == "Mn-52"


def test_half_lives_that_everyone_knows() -> None:
    hours = {"F-18": 1.83, "C-11": 0.34, "Ga-68": 1.13, "Cu-64": 12.7, "Zr-89": 78.4, "Tc-99m": 6.01, "I-131": 192.6}
    hours |= {
        "I-123": 13.2,
        "I-124": 100.2,
        "I-125": 1426,
        "Lu-177": 159.5,
        "Ga-67": 78.3,
        "Tl-201": 73.0,
        "Y-90": 64.1,
    }
    for name, expected in hours.items():
        assert half_life(name) / 3600 == pytest.approx(expected, rel=0.01), name


def test_no_code_stands_for_two_nuclides() -> None:
    codes = [code for nuclide in NUCLIDES.values() for code in (nuclide.sct, nuclide.srt) if code]
    assert len(codes) == len(set(codes))


def test_an_unknown_nuclide_is_refused() -> None:
    for written in ("In-112", "FDG", ""):
        with pytest.raises(UnitError, match="no radionuclide") as caught:
            half_life(written)
        assert "half-life" in caught.value.hint
