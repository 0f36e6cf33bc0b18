"""Data inside a page: JSON that no browser takes for anything else."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from typing import Any

_EXACT = 2**53
"""Whole numbers beyond are not told apart by JavaScript."""

_MARKUP = str.maketrans({character: f"\\u{ord(character):04x}" for character in "<>&"})


def block(name: str, value: object) -> bytes:
    """Return a ``<script>`` of type JSON that holds a value.

    Parameters
    ----------
    name : str
        Its class, by which the page finds it.
    value : object
        Of dicts, lists, text, numbers, truth values and None. Names from DICOM files and texts from scripts stay what
        they are: no character of theirs can end the block or begin a comment.
    """
    # All but ASCII is escaped: half of a surrogate pair, which text from a script may hold, is no UTF-8.
    text = json.dumps(plain(value), allow_nan=False, separators=(",", ":")).translate(_MARKUP)
    return f'<script type="application/json" class="{name}">{text}</script>\n'.encode("ascii")


def plain(value: Any) -> Any:
    """Return a value as JSON and JavaScript can hold it: nan, inf and huge whole numbers become text, as in the CSV."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > _EXACT:
        return str(value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [plain(each) for each in value]
    return value


def source_hash(text: str) -> str:
    """Return what a Content-Security-Policy calls an inline script or style sheet: ``'sha256-...'``."""
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"'sha256-{digest}'"
