"""Is everything that was stored still there, and still the same?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from vqscript.errors import Damaged
from vqscript.repository import layout
from vqscript.repository.base import Progress
from vqscript.repository.index import Index, Row


@dataclass(frozen=True)
class Problem:
    """Something that verifying found.

    Attributes
    ----------
    kind : str
        "index", "missing", "changed" or "misplaced"; harmless ones are "unindexed" and "unfinished".
    path : Path
    message : str
        What was found, and the way out.
    harmless : bool
        Whether nothing is lost or wrong: the traces of an import that was stopped.
    """

    kind: str
    path: Path
    message: str
    harmless: bool = False


def verify(root: Path, index: Index, progress: Progress | None = None) -> list[Problem]:
    """Read every stored file and compare it with the index; returns what does not fit."""
    problems = [Problem("index", index.path, text) for text in index.defects()]
    rows = index.all_rows()
    for number, row in enumerate(rows):
        path = layout.instance_path(root, row.sop_uid)
        if progress:
            progress(number, len(rows), path.name[:12])
        problems += _compare(path, row)
    if progress:
        progress(len(rows), len(rows), "")
    # Asked after the files: what a running import has added meanwhile is no stray.
    known = {layout.instance_path(root, row.sop_uid) for row in index.all_rows()}
    for path in layout.instance_files(root):
        if path in known:
            continue
        if layout.is_instance_name(path):
            found = "has no row in the index: an import was stopped here, or is running; the next import adds it"
            problems.append(Problem("unindexed", path, found, harmless=True))
        else:
            problems.append(Problem("misplaced", path, "is no file of the repository: move it elsewhere"))
    for folder in layout.left_behind(root):
        left = "is what an import left that was stopped; the next import removes it"
        problems.append(Problem("unfinished", folder, left, harmless=True))
    return problems


def _compare(path: Path, row: Row) -> list[Problem]:
    try:
        layout.stat_stored(path)
        if layout.hash_file(path) == row.sha256:
            return []
    except Damaged:
        return [Problem("missing", path, f"is missing: import SOP instance {row.sop_uid} again to restore it")]
    except OSError as error:
        return [Problem("changed", path, f"cannot be read: {error.strerror or error}")]
    way_out = f"delete it and import SOP instance {row.sop_uid} again"
    return [Problem("changed", path, f"is not what was stored (another SHA-256): {way_out}")]
