"""Lists of records in columns: studies, series, data points, measurements of ROIs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from vqscript.host.aligned import aligned, shortened, shown_width

FIRST = (
    *("PatientsName", "PatientID", "StudyDate", "StudyTime", "StudyDescription", "PatientComments"),
    *("SeriesNumber", "Modality", "SeriesDescription", "SeriesDate", "SeriesTime", "ManufacturersModelName"),
    *("name", "names", "creator", "date", "time", "roi", "input", "frame", "start", "duration"),
    *("voxels", "volumeML", "unit", "mean", "sd", "min", "max", "median", "sum", "integral", "volume"),
)
"""Columns that come first, in this order; others follow in alphabetical order, and UIDs last."""

WIDEST = 36


def is_record(rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether rows are records of one kind: they have names in common, and more than one."""
    if not rows:
        return False
    common = set(rows[0])
    for row in rows:
        common &= set(row)
    return len(common) > 1


def record_lines(rows: Sequence[Mapping[str, Any]], total: int, width: int) -> list[str]:
    """Return records as lines that are no wider than ``width``; columns that have no room are named below.

    Parameters
    ----------
    rows : sequence of mapping
        Those to be shown: numbers and text.
    total : int
        How many there are.
    width : int
    """
    names = sorted({name for row in rows for name in row}, key=_rank)
    number = len(str(len(rows)))
    chosen: list[tuple[str, list[str]]] = []
    left_out, room = [], width - number
    for name in names:
        cells = [shortened(_text(row.get(name, "")), WIDEST) for row in rows]
        needed = max(shown_width(name), *map(shown_width, cells)) + 2
        if not any(cells):
            continue
        if needed > room or (name.endswith("UID") and len(chosen) > 1):
            left_out.append(name)
            continue
        chosen.append((name, cells))
        room -= needed
    right = [all(not isinstance(row.get(name, 0), str) for row in rows) for name, _ in chosen]
    body = [[str(i + 1), *(cells[i] for _, cells in chosen)] for i in range(len(rows))]
    lines = aligned(["#", *(name for name, _ in chosen)], body, [True, *right])
    if total > len(rows):
        lines.append(f"... {total - len(rows)} more")
    if left_out:
        lines.append(shortened(f"also: {', '.join(left_out)}", width))
    return lines


def _rank(name: str) -> tuple[int, int, str]:
    return name.endswith("UID"), FIRST.index(name) if name in FIRST else len(FIRST), name


def _text(value: Any) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)
