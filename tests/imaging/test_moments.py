"""Moments as DICOM and ACR-NEMA write them."""

from __future__ import annotations

from datetime import datetime

import pytest

from vqscript.imaging.moments import from_da_tm, from_dt

MORNING = datetime(2014, 1, 31, 9, 30)


@pytest.mark.parametrize(
    ("date", "time", "expected"),
    [
        ("20140131", "093000", MORNING),
        ("20140131", "0930", MORNING),
        ("20140131", "093000.", MORNING),
        ("2014.01.31", "09:30:00", MORNING),
        ("20140131", "093000.5", MORNING.replace(microsecond=500_000)),
        ("20140131", "093000.1234567", MORNING.replace(microsecond=123_456)),
        ("20140131", "092960", MORNING),  # a leap second
        ("20140131", "09", MORNING.replace(minute=0)),
        ("20140131", "092961", None),
        ("20140131", "096000", None),
        ("20140131", "243000", None),
        ("20140231", "093000", None),
        ("20140131", "", None),
        ("", "093000", None),
        ("20140131", "9:30", None),
        ("99991231", "235960", None),  # beyond the last day that Python has
    ],
)
def test_date_and_time(date: str, time: str, expected: datetime | None) -> None:
    assert from_da_tm(date, time) == expected


@pytest.mark.parametrize(
    ("text", "offset", "expected"),
    [
        ("20140131093000.000000", "", MORNING),
        ("20140131093000+0100", "", MORNING),
        ("20140131083000+0000", "+0100", MORNING),
        ("20140131060000-0230", "+0100", MORNING),
        ("20140131093000", "+0100", MORNING),
        ("20140131093000+0100", "CET", MORNING),
        ("99991231235959-1000", "+1000", None),
        ("20140131", "", None),
        ("2014-01-31 09:30", "", None),
        ("", "", None),
    ],
)
def test_date_time(text: str, offset: str, expected: datetime | None) -> None:
    assert from_dt(text, offset) == expected
