"""What can be a UID: in a query ``*`` would be any, a backslash begin another one, and ``..`` step up a path."""

from __future__ import annotations

import re
from collections.abc import Mapping

_UID = re.compile(r"[0-9A-Za-z._-]{1,64}")
"""DICOM's UIDs have digits and dots only (PS3.5, 9.1); those of sloppy programs hold letters."""


def is_uid(text: str) -> bool:
    """Whether a text can be a UID."""
    return _UID.fullmatch(text) is not None and bool(text.strip("."))


def sound(keys: Mapping[str, str]) -> bool:
    """Whether all UIDs among the keys of a query can be such; those that are empty are none."""
    return all(is_uid(value) for keyword, value in keys.items() if keyword.endswith("InstanceUID") and value)
