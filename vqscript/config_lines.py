"""On which line of a TOML file a key is; Python's parser does not tell."""

from __future__ import annotations

import re
from collections.abc import Iterator

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"|'[^']*')"""
_NAME = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*(\[\[?)\s*({_NAME})\s*\]\]?\s*(?:#.*)?$")
_KEY = re.compile(rf"\s*({_NAME})\s*=")
_INLINE = re.compile(rf"[{{,]\s*({_NAME})\s*=")


def line_of(text: str, place: tuple[str, ...]) -> int:
    """Return the 1-based line of a key, of the nearest table around it if it is written in another way, else 0.

    Parameters
    ----------
    text : str
    place : tuple of str
        Names from the outside in; tables of a list by their number, from 0: ``("callers", "1", "port")``.
    """
    lines: dict[tuple[str, ...], int] = {}
    for number, path in _paths(text):
        for length in range(1, len(path) + 1):
            lines.setdefault(path[:length], number)
    return next((lines[place[:length]] for length in range(len(place), 0, -1) if place[:length] in lines), 0)


def _paths(text: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Yield line and full path of each header and key."""
    table: tuple[str, ...] = ()
    counts: dict[tuple[str, ...], int] = {}
    within = ""  # the quotes of a text of several lines that is open
    for number, line in enumerate(text.splitlines(), start=1):
        if within:
            within = "" if within in line else within
            continue
        if header := _HEADER.match(line):
            table = _parts(header[2])
            if header[1] == "[[":
                count = counts.get(table, 0)
                counts[table] = count + 1
                table = (*table, str(count))
            yield number, table
        elif key := _KEY.match(line):
            path = (*table, *_parts(key[1]))
            yield number, path
            for inner in _INLINE.finditer(line, key.end()):
                yield number, (*path, *_parts(inner[1]))
            within = next((quotes for quotes in ('"""', "'''") if line.count(quotes) % 2), "")


def _parts(name: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in re.findall(_PART, name))
