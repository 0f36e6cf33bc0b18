"""Where a template of tags puts a DICOM file."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript import names
from vqscript.errors import ImageError, UsageError

if TYPE_CHECKING:
    from pydicom import Dataset

TEMPLATE = (
    "{PatientID}-{PatientName}-{PatientBirthDate}/{StudyDescription}-{AccessionNumber}-{StudyDate}/"
    "{SeriesDescription}-{SeriesHash}/{InstanceNumber:04}-{SOPInstanceUID}.dcm"
)
SERIES_HASH = "SeriesHash"
"""Stands in a template for eight digits that follow from SeriesInstanceUID: descriptions are often the same."""

LONGEST_PART = 120
"""Characters of a name; at up to two bytes each it stays below what file systems take, with room for an ending."""

_FIELD = re.compile(r"\{([A-Za-z]+)(?::0(\d))?\}")


class Template:
    """Where a file goes, by its tags.

    Parameters
    ----------
    text : str
        Folders and name with ``{Keyword}`` for any DICOM keyword, ``{InstanceNumber:04}`` for a number with leading
        zeros, and ``{SeriesHash}``.

    Raises
    ------
    UsageError
        If a keyword is none, it leads out of the tree, or does not tell instances apart.
    """

    def __init__(self, text: str = TEMPLATE) -> None:
        from vqscript.pacs.finding import check_keywords

        check_keywords([word for word, _ in _FIELD.findall(text) if word != SERIES_HASH])
        self._parts = text.split("/")
        rest = _FIELD.sub("x", text)
        if "{" in rest or "}" in rest or any(names.fault(part) or part.strip(".") == "" for part in rest.split("/")):
            raise UsageError(f'"{text}" is no template of a path', hint=f"as in {TEMPLATE}")
        if "{SOPInstanceUID}" not in self._parts[-1]:
            raise UsageError(
                f'the name "{self._parts[-1]}" would be that of several instances',
                hint="it has to hold {SOPInstanceUID}",
            )

    def path(self, header: Dataset) -> Path:
        """Return the relative path of an instance; nothing that stands in a tag can lead elsewhere."""
        return Path(*(self._part(part, header) for part in self._parts))

    def _part(self, part: str, header: Dataset) -> str:
        filled = _FIELD.sub(lambda found: _value(found[1], found[2], header), part)
        whole = filled[:LONGEST_PART]
        if whole != filled:  # what is cut off must not make two names one
            ending = Path(part).suffix if "{" not in Path(part).suffix else ""
            digits = hashlib.sha256(filled.encode()).hexdigest()[:16]
            whole = f"{filled[: LONGEST_PART - 17 - len(ending)]}-{digits}{ending}"
        whole = whole.strip(" ").rstrip(".")
        # Hidden folders would be overlooked, and ".." leads out.
        return f"_{whole}" if not whole or whole.startswith(".") or names.fault(whole) else whole


def _value(keyword: str, width: str, header: Dataset) -> str:
    from vqscript.imaging.dicom import values

    if keyword == SERIES_HASH:
        return hashlib.sha256(values.text(header, "SeriesInstanceUID").encode()).hexdigest()[:8]
    try:
        text = values.text(header, keyword)
    except values.conversion_errors() as error:  # what cannot be read is no reason not to file the rest
        text = "" if keyword != "SOPInstanceUID" else str(error)
    except ImageError:
        text = ""
    if width and text.isascii() and text.isdigit():
        text = text.zfill(int(width))
    return "".join(letter if letter.isalnum() or letter in "-._^+ " else "_" for letter in text).strip(" ")
