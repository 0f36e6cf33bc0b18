"""Decay correction of a volume to a given time; to the injection it is tested with the units."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydicom.dataset import Dataset

from vqscript.errors import UnitError
from vqscript.imaging.administration import Administration
from vqscript.imaging.decay import decay_status, mark, reference_time, to_injection, to_time
from vqscript.imaging.grid import Grid
from vqscript.imaging.volume import Timing, Volume

HOUR = 3600.0
# A nuclide of one hour: an hour is a factor of two.
FACTS = Administration(half_life=HOUR, injection_time=datetime(2025, 1, 1, 10)).attributed("given")


def pet(correction: str | None, *, frames: int = 1, unit: str = "Bq/mL", **attributes: Any) -> Volume:
    """Frames of 5000 from 11:00 on, one an hour, of half an hour each."""
    header = Dataset()
    header.Modality = "PT"
    header.SeriesDate, header.SeriesTime = "20250101", "110000"
    if correction is not None:
        header.DecayCorrection = correction
    for keyword, value in attributes.items():
        setattr(header, keyword, value)
    start = np.datetime64("2025-01-01T11:00", "us") + np.arange(frames)[:, None] * np.timedelta64(1, "h")
    shape = (frames, 2, 3, 4) if frames > 1 else (2, 3, 4)
    return Volume(
        np.full(shape, 5000, np.float32),
        Grid((4, 3, 2)),
        unit=unit,
        modality="PT",
        header=header,
        timing=Timing(start, np.full((frames, 1), HOUR / 2), np.full((frames, 1), np.nan)),
    )


@pytest.mark.parametrize(("hour", "factor"), [(10, 2.0), (11, 1.0), (12, 0.5), (14, 0.125)])
def test_from_the_start_of_the_scan(hour: int, factor: float) -> None:
    found = to_time(pet("START"), datetime(2025, 1, 1, hour), FACTS)
    assert found.factor == pytest.approx(factor, rel=1e-12)
    assert found.used == ("half_life",)
    assert ("before" in found.note) == (hour > 11)
    assert f"2025-01-01 {hour}:00:00" in found.note


def test_from_the_injection() -> None:
    found = to_time(pet("ADMIN"), datetime(2025, 1, 1, 11), FACTS)
    assert found.factor == pytest.approx(0.5, rel=1e-12)
    assert found.used == ("half_life", "injection_time")


def test_frames_that_are_not_corrected_get_a_factor_each() -> None:
    dynamic = pet("NONE", frames=3)
    found = to_time(dynamic, datetime(2025, 1, 1, 11), FACTS)
    # A source of 8000 at 11:00, averaged numerically over each half hour, comes back.
    t = (np.arange(100_000) + 0.5) / 100_000 * HOUR / 2
    for frame in range(3):
        measured = (8000 * 0.5 ** ((frame * HOUR + t) / HOUR)).mean()
        assert measured * np.ravel(found.factor)[frame] == pytest.approx(8000, rel=1e-8)
    assert np.shape(found.factor) == (3, 1, 1, 1)


def test_frames_that_share_a_reference_share_the_factor() -> None:
    assert to_time(pet("START", frames=3), datetime(2025, 1, 1, 12), FACTS).factor == pytest.approx(0.5)


def test_to_the_time_of_injection_is_to_injection() -> None:
    for status in ("START", "NONE"):
        volume = pet(status, frames=2)
        there = to_time(volume, datetime(2025, 1, 1, 10), FACTS).factor
        np.testing.assert_allclose(there, to_injection(volume, FACTS).factor, rtol=1e-12)


@pytest.mark.parametrize("status", ["START", "NONE", "ADMIN"])
def test_what_was_corrected_is_marked_and_not_corrected_again(status: str) -> None:
    volume = pet(status, frames=2)
    header = volume.header
    assert header is not None
    when = datetime(2025, 1, 1, 13, 30, 15, 250_000)
    first = to_time(volume, when, FACTS).factor
    mark(volume, when)
    assert header.DecayCorrection == status, "the header may be another volume's too"
    assert decay_status(volume)[0] == "START"
    assert reference_time(volume, HOUR)[0] == np.datetime64(when, "us")
    assert to_time(volume, when, FACTS).factor == 1.0
    # On to the injection, it is as if it had gone there at once.
    straight = to_injection(pet(status, frames=2), FACTS).factor
    np.testing.assert_allclose(first * to_injection(volume, FACTS).factor, straight, rtol=1e-9)


def test_a_volume_that_does_not_say_it_is_told() -> None:
    nifti = Volume(np.ones((2, 2, 2), np.float32), Grid((2, 2, 2)), unit="kBq/mL")
    with pytest.raises(UnitError, match="not known to when"):
        to_time(nifti, datetime(2025, 1, 1, 12), FACTS)
    found = to_time(nifti, datetime(2025, 1, 1, 12), FACTS, corrected_to=datetime(2025, 1, 1, 9))
    assert found.factor == pytest.approx(1 / 8)
    mark(nifti, datetime(2025, 1, 1, 12))
    assert nifti.header is None
    with pytest.raises(UnitError, match="header says it too"):
        to_time(pet("START"), datetime(2025, 1, 1, 12), FACTS, corrected_to=datetime(2025, 1, 1, 9))


def test_far_away_times_are_warned_about() -> None:
    assert not to_time(pet("START"), datetime(2025, 1, 1, 20), FACTS).warnings
    (warning,) = to_time(pet("START"), datetime(2025, 1, 2, 20), FACTS).warnings
    assert "33 half-lives" in warning
    for year in (1925, 2125):
        with pytest.raises(UnitError, match="half-lives apart"):
            to_time(pet("NONE"), datetime(year, 1, 1), FACTS)


@pytest.mark.parametrize(
    ("volume", "facts", "said"),
    [
        (pet("START", unit="SUVbw"), FACTS, "SUVbw are no activity"),
        (pet("START", unit=""), FACTS, "no unit are no activity"),
        (pet("START"), Administration(), "half-life is not known"),
        (pet("ADMIN"), Administration(half_life=HOUR), "when the injection was"),
    ],
)
def test_refused(volume: Volume, facts: Administration, said: str) -> None:
    with pytest.raises(UnitError, match=said) as caught:
        to_time(volume, datetime(2025, 1, 1, 12), facts)
    assert caught.value.hint


def test_a_stored_volume_keeps_its_mark(data: Path, tmp_path: Path) -> None:
    from vqscript.imaging.dicom.derived import derived_series
    from vqscript.imaging.dicom.header import scan
    from vqscript.imaging.dicom.series import load_series
    from vqscript.imaging.suv import Conversion, apply, convert

    (volume,) = load_series(scan(data / "suv" / "DRO_0_0" / "PT")[0])
    expected = convert(volume, "SUVbw").factor
    facts = Administration(half_life=6586.2)
    when = datetime(2025, 1, 1, 14, 5, 6)
    decay = to_time(volume, when, facts)
    apply(volume, Conversion(volume.unit, decay.factor))
    mark(volume, when)
    for number, dataset in enumerate(derived_series(volume, description="corrected", derivation=decay.note)):
        dataset.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
    (again,) = load_series(scan(tmp_path)[0])
    assert reference_time(again, HOUR)[0] == np.datetime64(when, "us")
    assert convert(again, "SUVbw").factor * decay.factor == pytest.approx(expected, rel=1e-3)
