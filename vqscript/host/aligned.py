"""Text in columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def shown_width(text: str) -> int:
    """Return how many cells of a terminal a text takes: East Asian characters two, combining marks none."""
    if text.isascii():
        return len(text)
    wide = sum(unicodedata.east_asian_width(char) in "WF" for char in text)
    return len(text) + wide - sum(unicodedata.combining(char) != 0 for char in text)


def printable(text: str) -> str:
    """Return text that cannot steer a terminal: names in DICOM files are anybody's, and a script may be, too.

    It may have several lines; where a program is to read what is printed, :func:`one_line` keeps it from making more.
    """
    return "".join(char if char.isprintable() or char in "\n\t" else f"\\x{ord(char):02x}" for char in text)


def one_line(text: str) -> str:
    """Return :func:`printable` text that stays on its line: nobody's name can look like a message of ours."""
    return printable(text).replace("\n", "\\x0a").replace("\t", "\\x09")


def shortened(text: str, width: int) -> str:
    """Return a text cut to a width, with a mark where something is missing."""
    if shown_width(text) <= width:
        return text
    while text and shown_width(text) > width - 1:
        text = text[:-1]
    return text + "…"


def aligned(headers: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> list[str]:
    """Return the lines of a table: a header, then the rows.

    Parameters
    ----------
    headers : sequence of str
    rows : sequence of sequence of str
        As many cells as there are headers.
    right : sequence of bool
        Which columns are aligned to the right.
    """
    table = [headers, *rows]
    widths = [max(shown_width(row[i]) for row in table) for i in range(len(headers))]
    lines = []
    for row in table:
        cells = []
        for cell, width, to_right in zip(row, widths, right, strict=True):
            space = " " * (width - shown_width(cell))
            cells.append(space + cell if to_right else cell + space)
        lines.append("  ".join(cells).rstrip())
    return lines
