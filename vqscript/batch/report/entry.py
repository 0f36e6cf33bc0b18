"""What the report says of one study."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vqscript.batch.folder import LOG, BatchFolder
from vqscript.batch.report.previews import previews
from vqscript.batch.rows import cells, ordered
from vqscript.batch.task import Outcome

LOG_LINES = 200
_LOG_BYTES = 24_000
"""Of a log as much is shown as tells what went wrong; a script that prints a million lines has them in its file."""


def entry(folder: BatchFolder, study: Mapping[str, Any], outcome: Outcome | None, known: Mapping[str, str]) -> Entry:
    """Return what the page needs of a study.

    Parameters
    ----------
    folder : BatchFolder
    study : mapping
        As ``run.json`` has it.
    outcome : Outcome, optional
        None for a study that is not finished.
    known : mapping
        Path -> SHA-256 of the script's files, which the page shows once for all studies.
    """
    name = study["folder"]
    found: Entry = {
        "state": "waiting" if outcome is None else outcome.state,
        "log": log_end(folder.study(name) / LOG),
        **{key: study.get(key, "") for key in ("folder", "title", *_NAMES)},
    }
    if outcome is None:
        return found
    failure = outcome.failure
    return found | {
        **rows(outcome.rows if outcome.state == "done" else []),
        "failure": failure
        and {"kind": failure.kind, "message": failure.message, "hint": failure.hint} | {"frames": list(failure.frames)},
        "pictures": previews(folder, name, outcome.files),
        "files": outcome.files,
        "warnings": outcome.warnings,
        "trace": outcome.trace,
        "sources": {path: digest for path, digest in outcome.sources.items() if known.get(path) != digest},
        "started": outcome.started,
        "seconds": outcome.seconds,
        "attempt": outcome.attempt,
    }


def rows(records: list[dict[str, Any]]) -> dict[str, Any]:
    """Return rows as ``columns`` and ``rows``, lists of cells: names of columns are not repeated."""
    columns = ordered({name for row in records for name in row})
    columns = [name for name in columns if any(name in row for row in records)]
    return {"columns": columns, "rows": [cells(row, columns) for row in records]}


def log_end(path: Path) -> dict[str, Any]:
    """Return the end of a log as ``text``, and whether it was ``cut``."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _LOG_BYTES))
            lines = file.read().decode("utf-8", errors="replace").splitlines()
    except FileNotFoundError:
        return {"text": "", "cut": False}
    if size > _LOG_BYTES:
        lines = lines[1:] or lines  # the first is the end of a line
    return {"text": "\n".join(lines[-LOG_LINES:]), "cut": size > _LOG_BYTES or len(lines) > LOG_LINES}


Entry = dict[str, Any]
_NAMES = ("study_uid", "patient_id", "patient_name", "study_date")
