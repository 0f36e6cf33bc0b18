"""``report.html``: the page with its data, written a study at a time."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from vqscript.batch import tables
from vqscript.batch.folder import LOG, BatchFolder
from vqscript.batch.report.embedding import block, source_hash
from vqscript.batch.report.entry import entry, log_end
from vqscript.batch.report.origin import origin
from vqscript.batch.report.previews import SUMMARY, make_all, previews
from vqscript.batch.rows import ordered
from vqscript.files import whole_file
from vqscript.roi.fields import FIELDS, VALUE

REPORT = "report.html"
_PAGE = Path(__file__).resolve().parent / "page"
_SCRIPTS = (
    "values.js",
    "columns.js",
    "table.js",
    "axis.js",
    "panel.js",
    "plots.js",
    "pictures.js",
    "study.js",
    "page.js",
)
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?|nan|-?inf")
_AT_ONCE = 64
"""Studies whose previews are made at a time: Ctrl-C ends it soon, and memory stays small."""


def write_report(folder: BatchFolder) -> Path:
    """Write ``report.html`` from what is in the folder of a batch; returns its path.

    Parameters
    ----------
    folder : BatchFolder
        One study's record is in memory at a time, however many there are.
    """
    run = folder.read_run()
    studies = run.get("studies", [])
    _prepare(folder, [study["folder"] for study in studies])
    path = folder.root / REPORT
    before, after = _page()
    with whole_file(path) as file:
        file.write(before)
        for each in _blocks(folder, run, studies):
            file.write(each)
        file.write(after)
    return path


def _prepare(folder: BatchFolder, names: list[str]) -> None:
    waiting = iter(names)
    while some := list(islice(waiting, _AT_ONCE)):
        outcomes = ((name, folder.read(name)) for name in some)
        make_all(folder, [(name, outcome.files) for name, outcome in outcomes if outcome])
    make_all(folder, [(SUMMARY, _summary_files(folder))])


def _blocks(folder: BatchFolder, run: dict[str, Any], studies: Iterable[dict[str, Any]]) -> Iterator[bytes]:
    """Yield the data of the page."""
    yield block("run", origin(run))
    known = run.get("sources", {})
    columns: set[str] = set()
    for study in studies:
        said = entry(folder, study, folder.read(study["folder"]), known)
        columns.update(said.get("columns", ()))
        yield block("study", said)
    yield block("summary", _summary(folder))
    yield block("columns", _columns(columns))


def _columns(found: set[str]) -> dict[str, list[str]]:
    """Return the columns of the whole table in order, and those that the column ``unit`` speaks of.

    A volume, or a count, in a row of ``%ID/g`` is in no ``%ID/g``.
    """
    names = ordered(found) if found else []
    return {"names": names, "measured": [name for name in names if name in FIELDS and FIELDS[name].rule == VALUE]}


def _summary(folder: BatchFolder) -> dict[str, Any]:
    """Return what the script's ``summary`` returned, printed and drew."""
    files = _summary_files(folder)
    return {
        **_table(folder.root / tables.SUMMARY),
        "files": files,
        "pictures": previews(folder, SUMMARY, files),
        "log": log_end(folder.root / "summary" / LOG),
    }


def _summary_files(folder: BatchFolder) -> list[str]:
    place = folder.root / "summary"
    files = (path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())
    return sorted(file for file in files if file != LOG)


def _table(path: Path) -> dict[str, Any]:
    """Return a CSV file as ``columns`` and ``rows``; not every script sums up."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            columns, *rows = csv.reader(file)
    except FileNotFoundError:
        return {"columns": [], "rows": []}
    # A column of numbers is one in which nothing else stands: the ID 007 is text.
    numbers = {i for i in range(len(columns)) if all(_NUMBER.fullmatch(row[i]) for row in rows if row[i])}
    return {
        "columns": columns,
        "rows": [[_value(cell, i in numbers) for i, cell in enumerate(row)] for row in rows],
    }


def _value(cell: str, number: bool) -> str | float | None:
    return (float(cell) if number else cell) if cell else None


def _page() -> tuple[bytes, bytes]:
    """Return the page up to where its data begin, and from where they end.

    Its policy lets it run the scripts and use the styles that came with it, show pictures, and nothing else: it asks no
    server for anything, and what is in the data cannot run.
    """
    parts = {name: (_PAGE / name).read_text(encoding="utf-8") for name in ("page.html", "style.css", *_SCRIPTS)}
    style = parts["style.css"]
    script = '"use strict";\n' + "\n".join(parts[name] for name in _SCRIPTS)
    policy = (
        f"default-src 'none'; script-src {source_hash(script)}; style-src {source_hash(style)}; "
        "img-src 'self' data: file:; base-uri 'none'; form-action 'none'"
    )
    page = parts["page.html"].replace("{{policy}}", policy).replace("{{style}}", style).replace("{{script}}", script)
    before, after = page.split("{{data}}\n")
    return before.encode("utf-8"), after.encode("utf-8")
