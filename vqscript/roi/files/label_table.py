"""Names and colours of the labels of an image: tables of several programs, told apart by their content.

Read are BIDS ``dseg.tsv`` and other tables with a header line (``index name color``, or red, green, blue in columns),
ITK-SNAP's label descriptions, the colour tables of 3D Slicer and FreeSurfer (``number name r g b a``), and JSON: a map
from numbers to names or from names to numbers (nnU-Net's ``labels``), or a list of objects. Written is the first.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vqscript.errors import RoiError
from vqscript.files import whole_file
from vqscript.roi.colors import read_color

BESIDE = (".tsv", ".csv", ".json", ".ctbl", ".label", ".txt")
"""What replaces ``.nii.gz`` in the name of a table beside an image; the first that holds labels counts."""

_LARGEST = 1 << 22
_SNAP = re.compile(r'(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s+[\d.]+\s+\d+\s+\d+\s+"(.*)"')
_COLORS = re.compile(r'(\d+)\s+("[^"]*"|\S+)\s+(\d+)\s+(\d+)\s+(\d+)(?:\s+\d+)?')
_NUMBER = ("index", "id", "value", "labelvalue", "key", "number", "label")
_NAME = ("name", "label", "structure", "region", "roi")
_HEX = ("color", "colour", "hex")
_RGB = (("r", "g", "b"), ("red", "green", "blue"), ("color_r", "color_g", "color_b"))


@dataclass(frozen=True)
class Label:
    """What a table says of one label.

    Attributes
    ----------
    name : str
    color : str or None
        ``#rrggbb``, None where the table does not say.
    layer : int
        Which file holds it, where a set was written to several.
    """

    name: str
    color: str | None = None
    layer: int = 1


def beside(image: Path, stem: str) -> tuple[dict[int, Label], Path | None]:
    """Return the first table beside an image that holds labels, and its path; nothing where there is none."""
    for path in (image.with_name(stem + suffix) for suffix in BESIDE):
        if path.is_file() and path.stat().st_size <= _LARGEST:
            labels = _parse(path)
            if labels:
                return labels, path
    return {}, None


def read(path: Path) -> dict[int, Label]:
    """Return the labels of a table.

    Raises
    ------
    RoiError
        If the file holds none.
    """
    try:
        large = path.stat().st_size > _LARGEST
    except OSError as error:
        raise RoiError(f"{path}: cannot be read ({error.strerror})", path=path) from error
    labels = {} if large else _parse(path)
    if not labels:
        raise RoiError(
            f"{path}: holds no names of labels",
            hint="a table has a header line with index and name, as BIDS dseg.tsv has",
            path=path,
        )
    return labels


def write(path: Path, labels: Mapping[int, Label]) -> None:
    """Write a table with index, name and colour, whole or not at all; with layers, where there are several."""
    layered = any(label.layer > 1 for label in labels.values())
    out = io.StringIO()
    table = csv.writer(out, dialect="excel-tab", lineterminator="\n")
    table.writerow(["index", "name", "color", *(["layer"] if layered else [])])
    for index, label in labels.items():
        table.writerow([index, label.name, label.color or "", *([label.layer] if layered else [])])
    with whole_file(path) as file:
        file.write(out.getvalue().encode("utf-8"))


def _parse(path: Path) -> dict[int, Label]:
    """Return the labels of a file, none if it is no table of labels."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        return {}
    except OSError as error:
        raise RoiError(f"{path}: cannot be read ({error.strerror})", path=path) from error
    if path.suffix.casefold() == ".json":
        try:
            return _of_json(json.loads(text))
        except (ValueError, RecursionError):
            return {}
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    return _of_lines(lines) or _of_table(lines)


def _of_lines(lines: Iterable[str]) -> dict[int, Label]:
    """Read number, name and colour line by line: ITK-SNAP's, Slicer's or FreeSurfer's way."""
    found: dict[int, Label] = {}
    for line in lines:
        if snap := _SNAP.fullmatch(line):
            number, *rgb, name = snap.groups()
        elif colors := _COLORS.fullmatch(line):
            number, name, *rgb = colors.groups()
            name = name.strip('"')
        else:
            return {}
        _add(found, number, name, _hex(rgb))
    return found


def _of_table(lines: Sequence[str]) -> dict[int, Label]:
    """Read a table with a header line, separated by tabs, commas or semicolons."""
    if not lines:
        return {}
    separator = max("\t,;", key=lines[0].count)
    rows = list(csv.reader(lines, delimiter=separator))
    header = [cell.strip().casefold() for cell in rows[0]]
    name = next((column for column in _NAME if column in header), "")
    number = next((column for column in _NUMBER if column in header and column != name), "")
    if not name or not number:
        return {}
    rgb = next((columns for columns in _RGB if all(column in header for column in columns)), ())
    color = next((column for column in _HEX if column in header), "")
    found: dict[int, Label] = {}
    for row in rows[1:]:
        cells = dict(zip(header, (cell.strip() for cell in row), strict=False))
        shade = _hex([cells.get(column, "") for column in rgb]) or read_color(cells.get(color, ""))
        layer = cells.get("layer", "")
        _add(
            found, cells.get(number, ""), cells.get(name, ""), shade, int(layer) if layer in "2345678" and layer else 1
        )
    return found


def _of_json(content: Any) -> dict[int, Label]:
    """Read numbers to names, names to numbers, or a list of objects; also where they stand under "labels"."""
    if isinstance(content, dict):
        inner = content.get("labels", content.get("LabelMap"))
        if isinstance(inner, dict | list):
            return _of_json(inner)
        return _of_map(content)
    found: dict[int, Label] = {}
    for item in content if isinstance(content, list) else ():
        fields = {str(key).casefold(): value for key, value in item.items()} if isinstance(item, dict) else {}
        name = next((column for column in _NAME if isinstance(fields.get(column), str)), "")
        number = next((column for column in _NUMBER if column in fields and column != name), "")
        if name and number:
            color = fields.get("color", fields.get("colour"))
            shade = _hex(color) if isinstance(color, list) else read_color(str(color))
            _add(found, str(fields[number]), fields[name], shade)
    return found


def _of_map(content: dict[str, Any]) -> dict[int, Label]:
    numbered = all(key.isdecimal() for key in content)
    pairs = [(key, value) if numbered else (value, key) for key, value in content.items()]
    # Most JSON files beside images describe how they were acquired: one value that is no label tells them.
    if not all(isinstance(name, str) and isinstance(number, int | str | list) for number, name in pairs):
        return {}
    if not all(isinstance(number, list) or str(number).isdecimal() for number, _ in pairs):
        return {}
    found: dict[int, Label] = {}
    for number, name in pairs:
        _add(found, str(number), name, None)  # a list is a region of several labels, in nnU-Net's files
    return found


def _add(found: dict[int, Label], number: str, name: str, color: str | None, layer: int = 1) -> None:
    # 0 is the background; more than nine digits are no label of any image.
    if number.isdecimal() and number.isascii() and len(number) < 10 and int(number) and name:
        found.setdefault(int(number), Label(name, color, layer))


def _hex(rgb: Sequence[Any]) -> str | None:
    levels = [str(level) for level in rgb]
    if len(levels) < 3 or not all(level.isascii() and level.isdecimal() and int(level) < 256 for level in levels[:3]):
        return None
    return "#{:02x}{:02x}{:02x}".format(*(int(level) for level in levels[:3]))
