"""What is measured is declared once: names, units and meanings agree wherever they are told."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_type_hints

import pytest

from vqscript.errors import RoiError
from vqscript.host.handbook.declared import field_doc
from vqscript.roi.fields import FIELDS, field
from vqscript.vq.measurements import Statistics

PAGE = Path(__file__).resolve().parents[2] / "docs" / "measuring.md"

TOLD = {
    "value": ", in `unit`",
    "value^2": ", in `unit` squared",
    "value*mL": ", in `unit` x mL",
    "value*mm3": ", in `unit` x mm3",
}


def test_scripts_are_told_of_every_field_what_it_is():
    hints = get_type_hints(Statistics)
    for name, known in FIELDS.items():
        fixed = f", in {known.fixed}" if known.fixed in {"mm", "mm2", "mm3", "mL", "bit"} else ""
        text = known.meaning[0].upper() + known.meaning[1:] + TOLD.get(known.rule, fixed) + "."
        assert field_doc(Statistics, name) == text
        assert (hints[name] == list[float]) == known.vector
    more = {"name", "unit", "units", "sampling", "frame", "start", "duration", "mid", "decay"}
    assert hints.keys() - FIELDS.keys() == more


def test_the_page_lists_every_field_with_its_unit():
    cells = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \| (.*?) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    units = {"value": "U", "value^2": "U²", "value*mL": "U·mL", "value*mm3": "U·mm³", "total": "see below"}
    units |= {"mm3": "mm³", "mm2": "mm²"}
    assert cells == [
        (name, units.get(known.rule, known.rule), known.meaning + (" *(full)*" if known.full else ""), known.source)
        for name, known in FIELDS.items()
    ]


@pytest.mark.parametrize(("name", "known"), [("p2.5", "p2.5"), ("p2.50", "p2.5"), ("p90.0", "p90"), ("p0", "p0")])
def test_a_percentile_has_one_name(name, known):
    assert field(name).name == known
    assert field(name).rule == "value"


@pytest.mark.parametrize("name", ["", "means", "p", "p1e3", "px", "p2.", "P90"])
def test_what_is_no_field(name):
    with pytest.raises(RoiError, match="no statistic is called"):
        field(name)
