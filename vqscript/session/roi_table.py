"""Tables of measurements: a number a row (tidy) or an ROI a row (wide), as CSV or JSON."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vqscript.roi.fields import FIELDS, Field, field
from vqscript.session.files import with_suffix, write_table, write_text

if TYPE_CHECKING:
    from vqscript.roi.frames import Frame
    from vqscript.roi.statistics import Statistics, Value

Layout = Literal["tidy", "wide"]
Row = dict[str, Any]

ABOUT = ("patient_id", "study_date", "study_uid", "series_uid", "input")
BEFORE = (*ABOUT, "frame", "start_s", "duration_s", "mid_s", "roi")
AFTER = ("unit", "sampling", "decay")


@dataclass(frozen=True)
class Measured:
    """One ROI on one frame of an input, and where that is from.

    Attributes
    ----------
    about : tuple
        What :data:`ABOUT` names.
    frame : Frame
    statistics : Statistics
    decay : str
        To when the values are decay-corrected.
    """

    about: tuple[object, ...]
    frame: Frame
    statistics: Statistics
    decay: str

    def before(self) -> Row:
        """Return the columns that say what was measured."""
        return dict(zip(BEFORE, (*self.about, *self.frame, self.statistics.name), strict=True))

    def after(self) -> Row:
        """Return the columns that say how."""
        return dict(zip(AFTER, (self.statistics.unit, self.statistics.sampling, self.decay), strict=True))


def chosen(names: Sequence[str] | None, *, full: bool, percentiles: Sequence[str] = ()) -> list[Field]:
    """Return what a table is to hold: the named fields, or all that are measured.

    Raises
    ------
    RoiError
        For a name that is none.
    """
    if names is not None:
        return [field(name) for name in dict.fromkeys(names)]
    usual = [each for each in FIELDS.values() if (full or not each.full) and each.name != "std"]  # std is sd
    return usual + [field(name) for name in percentiles if name not in FIELDS]


def write(path: Path, rows: Sequence[Measured], fields: Sequence[Field], layout: Layout = "tidy") -> Path:
    """Write a table whole; returns its path.

    Parameters
    ----------
    path : Path
        ``.json`` gives JSON; a name without an extension becomes ``.csv``.
    rows : sequence of Measured
    fields : sequence of Field
        What is to be in it, in this order.
    layout : {"tidy", "wide"}
    """
    if path.suffix.lower() == ".json":
        objects = [*_tidy(rows, fields)] if layout == "tidy" else [_nested(row, fields) for row in rows]
        return write_text(path, json.dumps(_plain(objects), indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    if layout == "tidy":
        heads = [*BEFORE, "statistic", "value", *AFTER]
        records = [*_tidy(rows, fields)]
    else:
        heads = [*BEFORE, *(head for each in fields for head in _heads(each)), *AFTER]
        records = [_wide(row, fields) for row in rows]
    return write_table(
        with_suffix(path, ".csv"), [heads, *([record.get(head) for head in heads] for record in records)]
    )


def _tidy(rows: Sequence[Measured], fields: Sequence[Field]) -> Iterator[Row]:
    for row in rows:
        before, after = row.before(), row.after()
        for each in fields:
            unit = each.unit(row.statistics.unit)
            for ending, value in _parts(each, row.statistics.values.get(each.name)):
                yield {**before, "statistic": each.name + ending, "value": value, **after, "unit": unit}


def _wide(row: Measured, fields: Sequence[Field]) -> Row:
    values: Row = {}
    for each in fields:
        parts = _parts(each, row.statistics.values.get(each.name))
        values |= {_head(each) + ending: value for ending, value in parts}
    return row.before() | values | row.after()


def _nested(row: Measured, fields: Sequence[Field]) -> Row:
    known = row.statistics.values
    statistics = {
        each.name: {"value": known[each.name], "unit": each.unit(row.statistics.unit)}
        for each in fields
        if each.name in known
    }
    return row.before() | {"statistics": statistics} | row.after()


def _parts(declared: Field, value: Value | None) -> list[tuple[str, float]]:
    """Return the numbers of a value with what they add to its name."""
    if value is None:
        return []
    return list(zip((".x", ".y", ".z"), value, strict=True)) if isinstance(value, tuple) else [("", value)]


def _heads(declared: Field) -> list[str]:
    return [_head(declared) + ending for ending in ((".x", ".y", ".z") if declared.vector else ("",))]


def _head(declared: Field) -> str:
    """Return the column of a field: its name, with the unit where that is always the same."""
    if declared.fixed not in ("mm", "mm2", "mm3", "mL", "bit"):
        return declared.name
    return f"{declared.name.removesuffix('ML').removesuffix('Mm')}_{declared.fixed}"


def _plain(value: Any) -> Any:
    """Return what JSON can hold: an infinite number as text, for it has none."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
