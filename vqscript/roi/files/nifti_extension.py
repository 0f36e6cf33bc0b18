"""The table of labels that some programs keep in the header of a NIfTI image, as a CaretExtension of XML."""

from __future__ import annotations

import gzip
import html
import re
import zlib
from pathlib import Path

from vqscript.imaging.nifti.header import layout_of, parse
from vqscript.roi.files.label_table import Label

_LARGEST = 1 << 22
# Read by a pattern: an XML parser would follow what a file of others tells it to.
_LABEL = re.compile(r"<Label\b([^>]*)>(?:\s*<!\[CDATA\[(.*?)\]\]>\s*|([^<]*))</Label>", re.DOTALL)
_ATTRIBUTE = re.compile(r'(\w+)\s*=\s*"([^"]*)"')


def labels(path: Path) -> dict[int, Label]:
    """Return the labels that the header of an image names; none where there is no such table.

    Parameters
    ----------
    path : Path
        A NIfTI image that has been read: what is wrong with it has been told.
    """
    text = _between(path)
    start = text.find("<LabelTable")
    found: dict[int, Label] = {}
    for match in _LABEL.finditer(text[start:] if start >= 0 else ""):
        attributes = dict(_ATTRIBUTE.findall(match[1]))
        key, name = attributes.get("Key", ""), html.unescape(match[2] or match[3] or "").strip()
        if re.fullmatch("[1-9][0-9]{0,8}", key) and name:
            found.setdefault(int(key), Label(name, _color(attributes)))
    return found


def _between(path: Path) -> str:
    """Return what stands between header and voxels."""
    with path.open("rb") as raw:
        compressed = raw.read(2) == b"\x1f\x8b"
    try:
        with gzip.open(path) if compressed else path.open("rb") as file:
            start = file.read(4)
            size, order = layout_of(start)
            header = parse(start + file.read(size - 4), order)
            return file.read(min(header.offset - size, _LARGEST)).decode("utf-8", "replace")
    except (EOFError, zlib.error):  # the voxels have been read, so this cannot be; were it, there are no names
        return ""


def _color(attributes: dict[str, str]) -> str | None:
    try:
        levels = [round(float(attributes[name]) * 255) for name in ("Red", "Green", "Blue")]
    except (KeyError, ValueError, OverflowError):
        return None
    return "#{:02x}{:02x}{:02x}".format(*levels) if all(0 <= level <= 255 for level in levels) else None
