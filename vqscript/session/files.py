"""Files of a session: texts, tables and DICOM objects; each appears whole or not at all."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.errors import UsageError
from vqscript.files import whole_file

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


OTHER_KINDS = frozenset(
    {".png", ".gif", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".pdf", ".csv", ".xlsx", ".rmha", ".dcm", ".json"}
    | {".txt", ".nii", ".gz", ".lua"}
)
"""Extensions that tell a reader what a file holds."""


def with_suffix(path: Path, suffix: str) -> Path:
    """Return the path with a suffix where it has none.

    A dot inside a name ("M.01-Heart") is no suffix: only the extension of a known kind of file counts.

    Raises
    ------
    UsageError
        For the extension of another kind of file: it would be a file that says something else than it is.
    """
    found = path.suffix.lower()
    if found == suffix:
        return path
    if found in OTHER_KINDS:
        raise UsageError(f"{path.name} would be a {suffix} file", hint=f"end the name in {suffix}, or leave that out")
    return path.with_name(path.name + suffix)


def write_text(path: Path, text: str) -> Path:
    """Write a text file (UTF-8) whole; returns its path."""
    with whole_file(path) as file:
        file.write(text.encode("utf-8"))
    return path


def write_table(path: Path, rows: Iterable[Sequence[object]]) -> Path:
    """Write rows as CSV (UTF-8, comma) whole; returns its path. None is an empty cell."""
    out = io.StringIO()
    table = csv.writer(out, lineterminator="\n")
    table.writerows([harmless(cell) for cell in row] for row in rows)
    return write_text(path, out.getvalue())


def harmless(cell: object) -> object:
    """Return a cell that no spreadsheet computes: a text that begins like a formula is quoted, a number stays one."""
    if isinstance(cell, str) and cell.startswith(("=", "@", "+", "-", "\t", "\r")) and not _is_number(cell):
        return f"'{cell}"
    return cell


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def write_dataset(path: Path, dataset: Dataset) -> Path:
    """Write a DICOM dataset whole; returns its path."""
    with whole_file(path) as file:
        dataset.save_as(file, enforce_file_format=True)
    return path


def read_text(path: Path) -> str:
    """Return the text of a file.

    Raises
    ------
    UsageError
        If there is none, or it is not UTF-8 text.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}", path=path) from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{path} is not UTF-8 text (byte {error.start})", path=path) from error
