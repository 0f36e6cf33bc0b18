"""Rows: what ``process`` returns, as flat records, and tables of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from vqscript.batch.task import Task, study_columns
from vqscript.errors import UsageError

COLUMNS = ("study_uid", "patient_id", "patient_name", "study_date")
"""Columns that a batch adds to every row."""

_FIRST = ("roi", "name", "organ", "input", "frame", "time")
_LAST = ("unit", "sampling")
_AXES = ("x", "y", "z")

Row = dict[str, Any]


def rows_of(returned: object, task: Task) -> list[Row]:
    """Return what ``process`` returned as rows.

    Parameters
    ----------
    returned : object
        None, one record, or a list of records. A field is a number, text or truth value; three numbers become
        ``name_x``, ``name_y``, ``name_z``, any other list of plain values ``name_1``, ``name_2`` ... The table
        ``units`` that statistics have becomes a column ``name_unit`` for each field whose unit is not in ``unit``.
        The field ``study``, a study record, says which of a patient's studies a row belongs to.
    task : Task

    Raises
    ------
    UsageError
        For anything else, or a field that has the name of one of :data:`COLUMNS`.
    """
    return [_row(record, task, where) for record, where in _records(returned, "process")]


def summary_rows(returned: object) -> list[Row]:
    """Return what ``summary`` returned as rows; no columns are added.

    Raises
    ------
    UsageError
        As :func:`rows_of`.
    """
    rows = []
    for record, where in _records(returned, "summary"):
        row: Row = {}
        _fill(row, record, where)
        rows.append(row)
    return rows


def _records(returned: object, function: str) -> list[tuple[dict[Any, Any], str]]:
    """Return the records among what a function returned, each with its name for messages."""
    if returned is None or returned == {}:  # nothing, or an empty list
        return []
    records = returned if isinstance(returned, list) else [returned]
    found = []
    for number, record in enumerate(records, start=1):
        where = f"row {number} of what {function} returned"
        if not isinstance(record, Mapping):
            raise UsageError(
                f"{where} is {_kind(record)}, where a table of fields is needed",
                hint='as in return {name = "Heart", mean = 12.5, unit = "%ID/g"}, or a list of such tables',
            )
        found.append((dict(record), where))
    return found


def _row(fields: dict[Any, Any], task: Task, where: str) -> Row:
    study = fields.get("study")
    if not isinstance(study, Mapping) or "StudyInstanceUID" not in study:
        row: Row = dict(task.columns)
        _fill(row, fields, where)
        return row
    uid = study["StudyInstanceUID"]
    chosen = tuple(each for each in task.studies if each["StudyInstanceUID"] == uid)
    if not chosen:
        raise UsageError(f"{where}: its study {uid} is none of this task")
    row = dict(study_columns(chosen))
    _fill(row, {name: value for name, value in fields.items() if name != "study"}, where)
    return row


def _fill(row: Row, fields: Mapping[Any, Any], where: str) -> None:
    """Add fields to a row, which may not have them yet."""
    for name, value in _with_units(fields).items():
        if not isinstance(name, str):
            raise UsageError(f"{where}: a field is called {name!r}; names are text")
        for column, plain in _flat(name, value, where):
            if column in row:
                what = "is a column that is added to every row" if column in COLUMNS else "is there twice"
                raise UsageError(f'{where}: the field "{column}" {what}', hint="call it something else")
            row[column] = plain


def _with_units(fields: Mapping[Any, Any]) -> dict[Any, Any]:
    """Return fields with a unit of their own for each that ``units`` knows, and ``unit`` does not tell."""
    units = fields.get("units")
    if not isinstance(units, Mapping):
        return dict(fields)
    common = fields.get("unit")
    more = {f"{name}_unit": unit for name, unit in units.items() if name in fields and unit not in ("", common)}
    return {name: value for name, value in fields.items() if name != "units"} | more


def _flat(name: str, value: object, where: str) -> list[tuple[str, object]]:
    if value is None or isinstance(value, bool | int | float | str):
        return [(name, value)]
    if isinstance(value, list) and all(isinstance(each, bool | int | float | str) for each in value):
        axes = len(value) == len(_AXES) and all(isinstance(each, int | float) for each in value)
        endings: Iterable[Any] = _AXES if axes else range(1, len(value) + 1)
        return [(f"{name}_{ending}", each) for ending, each in zip(endings, value, strict=True)]
    raise UsageError(
        f'{where}: the field "{name}" is {_kind(value)}, which has no place in a table',
        hint="numbers, text, true and false, and lists of them, can be fields",
    )


def _kind(value: object) -> str:
    if isinstance(value, Mapping):
        return "a table of fields"
    if isinstance(value, list):
        return "a list"
    return "text" if isinstance(value, str) else f"{value!r}"


def ordered(names: Iterable[str]) -> list[str]:
    """Return column names in the order of a table; Lua's tables have none of their own."""
    found = set(names) - set(COLUMNS)
    first = [name for name in _FIRST if name in found]
    last = [name for name in _LAST if name in found]
    return [*COLUMNS, *first, *sorted(found - set(first) - set(last), key=_natural), *last]


def _natural(name: str) -> tuple[str, int]:
    stem, _, number = name.rpartition("_")
    return (stem, int(number)) if stem and number.isdecimal() else (name, 0)


def cells(row: Mapping[str, Any], columns: Sequence[str]) -> list[object]:
    """Return the cells of a row; an absent field is an empty cell."""
    return [("true" if value else "false") if isinstance(value := row.get(name), bool) else value for name in columns]
