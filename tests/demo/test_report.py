"""The comparison of a script's table with the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from vqscript.demo.phantom import Phantom, make_project
from vqscript.demo.report import ASKED_FOR, compare, read_measured
from vqscript.errors import VqError


def perfect(phantom: Phantom) -> dict[tuple[str, str, str], float]:
    return {
        (scan.animal.patient_id, f"{scan.study_start:%Y%m%d}", name): scan.uptake[name]
        for scan in phantom.scans
        for name in ASKED_FOR
    }


def test_every_study_has_a_key_of_its_own():
    for seed in range(20):
        assert len(perfect(make_project(seed))) == 8 * len(ASKED_FOR)


def test_a_value_passes_within_one_percent_and_a_missing_one_does_not():
    phantom = make_project(4)
    measured = perfect(phantom)
    (first, second, third), rest = list(measured)[:3], list(measured)[3:]
    measured[first] *= 1.009
    measured[second] *= 0.989
    del measured[third]
    studies = compare(phantom, measured)
    organs = [organ for study in studies for organ in study.organs]
    assert [organ.passes for organ in organs] == [True, False, False] + [True] * len(rest)
    assert organs[0].difference == pytest.approx(0.9)
    assert organs[1].difference == pytest.approx(-1.1)
    assert organs[2].difference is None


def test_only_the_animal_without_decay_correction_shows_what_the_dose_alone_gives():
    phantom = make_project(4)
    for study in compare(phantom, perfect(phantom)):
        for organ in study.organs:
            if study.scan.animal.decay_corrected:
                assert organ.naive is None
            else:  # In-111 loses 3 to 5 % in 4 h and 21 to 23 % in 24 h
                low, high = (0.95, 0.97) if study.scan.hours == 4 else (0.77, 0.79)
                assert low < organ.naive / organ.measured < high


def test_a_study_as_json_says_all():
    phantom = make_project(4)
    found = compare(phantom, perfect(phantom))[0].as_json()
    assert found["patient_id"] == "M 01"
    assert found["study_uid"].startswith("2.25.")
    assert found["date"] == "20240304"
    assert [organ["name"] for organ in found["organs"]] == list(ASKED_FOR)
    assert all(organ["difference_percent"] == pytest.approx(0) for organ in found["organs"])


HEADER = "patient_id,patient_name,study_date,roi,unit,mean,sd,voxels,note\n"


def test_the_table_is_read_by_column_name(tmp_path: Path):
    table = tmp_path / "results.csv"
    table.write_text(
        HEADER + 'M 01,S1+M01,20240304,Heart,%ID/g,12.5,0.1,300,"ok, decay"\nM 01,S1+M01,20240304,Gap,,,,0,\n'
    )
    assert read_measured(table) == {("M 01", "20240304", "Heart"): 12.5}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no column"),
        ("patient_id,study_date,roi,unit\n", "no column mean"),
        (HEADER + "M 01,S1+M01,20240304,Heart,uCi,12.5,0.1,300,\n", 'line 2: the unit is "uCi"'),
        (HEADER + "M 01,S1+M01,20240304,Heart,%ID/g,nan,0.1,300,\n", 'line 2: the mean is "nan"'),
        (HEADER + "M 01,S1+M01,20240304,Heart,%ID/g,much,0.1,300,\n", 'line 2: the mean is "much"'),
    ],
)
def test_a_table_that_cannot_be_compared_is_refused(tmp_path: Path, text: str, message: str):
    table = tmp_path / "results.csv"
    table.write_text(text)
    with pytest.raises(VqError, match=message):
        read_measured(table)


def test_no_table_is_an_error(tmp_path: Path):
    with pytest.raises(VqError, match="left no table"):
        read_measured(tmp_path / "results.csv")
