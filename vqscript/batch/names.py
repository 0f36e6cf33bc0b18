"""Folder names that people can read and every file system takes."""

from __future__ import annotations

import hashlib
import unicodedata

_LONGEST = 60
_DIGITS = 8


def folder_name(key: str, *parts: str) -> str:
    """Return a name for the folder of a task.

    Parameters
    ----------
    key : str
        What tells the task from all others; eight digits of its hash end the name.
    *parts : str
        What a person knows it by: patient name, patient ID, date. From a DICOM file, so anything may stand in them:
        only letters, digits, ``.``, ``-`` and ``_`` stay.
    """
    readable = "_".join(filter(None, map(_plain, parts)))[:_LONGEST].strip("._-")
    # What is appended also keeps the name from being one that Windows reserves (CON, NUL, COM1 ...).
    digest = hashlib.sha256(key.encode()).hexdigest()[:_DIGITS]
    return f"{readable}_{digest}" if readable else digest


def _plain(text: str) -> str:
    composed = unicodedata.normalize("NFC", text.strip())
    return "".join(letter if letter.isalnum() or letter in ".-" else "_" for letter in composed).strip("._")
