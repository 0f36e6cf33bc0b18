"""Times as people write them."""

from __future__ import annotations

from datetime import datetime

import pytest

from vqscript.errors import UsageError
from vqscript.session.quantities import moment


@pytest.mark.parametrize(
    "text",
    [
        "2014-01-31 09:30",
        " 2014-01-31T09:30:00 ",
        "2014-01-31_09:30",
        "20140131 0930",
        "20140131T093000",
        "201401310930",
        "20140131093000.0",
        "2014-01-31T09:30+01:00",
        "20140131093000+0100",
    ],
)
def test_a_time_is_read_as_it_stands(text: str) -> None:
    assert moment(text) == datetime(2014, 1, 31, 9, 30)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2014-01-31",
        "20140131",
        "31.1.2014 9:30",
        "2014-02-30 09:30",
        "20140131093075",
        "2014013109300",
        "yesterday",
    ],
)
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no injection time") as refused:
        moment(text)
    assert "2014-01-31 09:30" in refused.value.hint


def test_the_error_says_what_the_time_was_to_be() -> None:
    with pytest.raises(UsageError, match='"soon" is no date and time'):
        moment("soon", "date and time")
