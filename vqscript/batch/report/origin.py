"""How the results were made: ``run.json``, with the text of the script."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LONGEST = 500_000
"""Bytes of a script that a page shows; generated ones may be longer."""


def origin(run: Mapping[str, Any]) -> dict[str, Any]:
    """Return what ``run.json`` says of the whole batch, with the texts of the script and what it included.

    Parameters
    ----------
    run : mapping
        As :func:`~vqscript.batch.record.begun` made it.
    """
    said = {key: value for key, value in run.items() if key not in ("studies", "sources")}
    return said | {"sources": [_source(path, digest) for path, digest in run.get("sources", {}).items()]}


def _source(path: str, digest: str) -> dict[str, str]:
    """Return a file of the script; its text only if it still is what was run.

    The comparison also keeps a ``run.json`` that came from elsewhere from naming files that are no business of a
    report: one would have to know what is in them.
    """
    found = {"path": path, "sha256": digest}
    try:
        with Path(path).open("rb") as file:
            held = file.read(_LONGEST + 1)
    except OSError:
        return found | {"note": "The file is no longer there."}
    if len(held) > _LONGEST:
        return found | {"note": "The file is too long to be shown."}
    if hashlib.sha256(held).hexdigest() != digest:
        return found | {"note": "The file was changed after the batch; its text as it was is not known."}
    return found | {"text": held.decode("utf-8", errors="replace")}
