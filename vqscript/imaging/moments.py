"""Moments: DICOM's dates and times (PS3.5, section 6.2) as Python has them, on the scanner's clock."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

# "10:30:00" and "2014.01.31" are how ACR-NEMA wrote a time and a date.
_TIME = re.compile(r"(\d\d):?(\d\d)?:?(\d\d)?(?:\.(\d*))?")
_DATE_TIME = re.compile(r"(\d{8})([\d:.]+)([-+]\d{4})?")


def from_da_tm(date: str, time: str) -> datetime | None:
    """Return the moment of a date (DA) and a time (TM), or None if they are none."""
    digits = date.replace(".", "")
    parts = _TIME.fullmatch(time)
    if parts is None or len(digits) != 8 or not digits.isdecimal():
        return None
    hour, minute, second, fraction = parts.groups("0")
    if int(second) > 60:
        return None
    try:
        day = datetime.strptime(digits, "%Y%m%d")
        # A leap second (60) is the start of the next minute.
        return day.replace(hour=int(hour), minute=int(minute)) + timedelta(
            seconds=int(second), microseconds=int(fraction[:6].ljust(6, "0"))
        )
    except (ValueError, OverflowError):  # the latter beyond the last day that Python has
        return None


def from_dt(text: str, offset: str = "") -> datetime | None:
    """Return the moment of a date and time in one (DT), or None if it is none.

    Parameters
    ----------
    text : str
    offset : str
        TimezoneOffsetFromUTC of the header, ``+0100``: a moment that states another one is converted to it. Where it is
        "", what the moment states is left out: scanners write local time.
    """
    parts = _DATE_TIME.fullmatch(text)
    if parts is None:
        return None
    when = from_da_tm(parts[1], parts[2])
    if when is not None and parts[3] and re.fullmatch(r"[-+]\d{4}", offset):
        try:
            when += _offset(offset) - _offset(parts[3])
        except OverflowError:
            return None
    return when


def _offset(text: str) -> timedelta:
    size = timedelta(hours=int(text[1:3]), minutes=int(text[3:5]))
    return -size if text[0] == "-" else size
