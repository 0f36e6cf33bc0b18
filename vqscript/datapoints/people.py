"""Names of creators, as people write them and as DICOM's person names."""

from __future__ import annotations

import re

_MAX_GROUP = 64


def to_person_name(creator: str) -> str:
    """Return a creator as a DICOM person name.

    A name of one part gets a caret (``anovicki^``): without one, readers guess which convention was
    followed. Characters that separate values or component groups (``\\``, ``=``) become spaces.
    """
    name = " ".join(re.sub(r"[\\=\x00-\x1f\x7f]", " ", creator).split())[: _MAX_GROUP - 1]
    return name if not name or "^" in name else name + "^"


def from_person_name(name: str) -> str:
    """Return a DICOM person name as a creator: without the carets that end it."""
    return name.strip().rstrip("=").rstrip("^").strip()
