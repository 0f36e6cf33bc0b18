"""The tables of a batch, made from the records of its tasks; one record is in memory at a time."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from vqscript.batch.folder import BatchFolder
from vqscript.batch.rows import COLUMNS, Row, cells, ordered
from vqscript.files import whole_file
from vqscript.session.files import harmless

CSV, PARQUET, SUMMARY = "results.csv", "results.parquet", "summary.csv"


def write_results(folder: BatchFolder, names: Iterable[str]) -> int:
    """Write ``results.csv`` with the rows of all finished tasks, by the names of their folders; returns how many."""
    chosen = list(names)
    columns: set[str] = set()
    for row in rows_in(folder, chosen):
        columns.update(row)
    return _write_csv(folder.root / CSV, ordered(columns), rows_in(folder, chosen))


def write_summary(folder: BatchFolder, rows: list[Row]) -> None:
    """Write ``summary.csv`` with the rows that ``summary`` returned; without any, none is left there."""
    path = folder.root / SUMMARY
    if not rows:
        path.unlink(missing_ok=True)
        return
    columns = [name for name in ordered({name for row in rows for name in row}) if any(name in row for row in rows)]
    _write_csv(path, columns, iter(rows))


def write_parquet(folder: BatchFolder, names: Iterable[str]) -> Path:
    """Write ``results.parquet`` from ``results.csv``: the same rows, numbers as numbers and texts as texts.

    Parameters
    ----------
    folder : BatchFolder
    names : iterable of str
        The folders of the tasks, as ``results.csv`` was made from them.

    Raises
    ------
    UsageError
        If pyarrow is not installed.
    """
    from vqscript.errors import UsageError

    try:
        from pyarrow import csv as arrow_csv
        from pyarrow import parquet, string
    except ImportError as error:
        raise UsageError("Parquet needs the extra parquet", hint='pip install "vqscript[parquet]"') from error
    # Text stays text, whatever digits it has.
    texts = {name for row in rows_in(folder, names) for name, value in row.items() if isinstance(value, str)}
    types = dict.fromkeys({*COLUMNS, *texts}, string())
    kinds = arrow_csv.ConvertOptions(column_types=types, strings_can_be_null=False)
    table = arrow_csv.read_csv(folder.root / CSV, convert_options=kinds)
    target = folder.root / PARQUET
    with whole_file(target) as file:
        parquet.write_table(table, file)
    return target


def rows_in(folder: BatchFolder, names: Iterable[str]) -> Iterator[Row]:
    """Return the rows of all finished tasks among the folders named, in their order."""
    for name in names:
        outcome = folder.read(name)
        if outcome is not None and outcome.state == "done":
            yield from outcome.rows


def _write_csv(path: Path, columns: list[str], rows: Iterable[Row]) -> int:
    count = 0
    with whole_file(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        table = csv.writer(text, lineterminator="\n")
        table.writerow(columns)
        for row in rows:
            table.writerow([harmless(cell) for cell in cells(row, columns)])
            count += 1
        text.detach()
    return count
