"""Previews: small versions of the pictures that scripts saved, kept so that each is made once.

They lie in ``.batch/previews/NAME.json``, one file per study. A preview belongs to a file of a certain size and time of
change; that of another file, or of one that is gone, is forgotten.
"""

from __future__ import annotations

import base64
import io
import json
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from vqscript.batch.folder import BatchFolder
from vqscript.files import whole_file

SUFFIXES = frozenset({".png", ".gif", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp"})
"""Files that are pictures. An SVG is a document with scripts: it is listed, and not shown."""

SUMMARY = ".summary"
"""In the place of a study's name; none of these begins with a dot."""

EDGE = 480
"""Longest edge of a preview in pixels: sharp as a thumbnail on any screen, and worth enlarging on a phone."""

_FORMATS = ("PNG", "GIF", "JPEG", "WEBP", "TIFF", "BMP")
_LARGEST = 64_000_000
"""Pixels that are decoded at most: a few bytes can pretend to be a picture of many gigabytes."""

Preview = dict[str, Any]
"""``file width height data``: the name in the study's folder, size of the picture, and the preview as base64 of WebP;
no ``data`` where the file is no picture that can be read."""


def previews(folder: BatchFolder, name: str, files: Iterable[str]) -> list[Preview]:
    """Return the previews of a study's pictures, made where they are not there yet.

    Parameters
    ----------
    folder : BatchFolder
    name : str
        Of the study's folder; :data:`SUMMARY` stands for the folder ``summary``.
    files : iterable of str
        What was written there, relative to it; those that are no pictures are passed over.
    """
    place = folder.root / "summary" if name == SUMMARY else folder.study(name)
    kept = folder.private / "previews" / f"{name}.json"
    known = {each["file"]: each for each in _read(kept)}
    found, fresh = [], False
    for file, stamp in _pictures(place, files):
        preview = known.get(file)
        if preview is None or preview["stamp"] != stamp:
            preview = {"file": file, "stamp": stamp, **_make(place / file)}
            fresh = True
        found.append(preview)
    if fresh:
        with whole_file(kept) as out:
            out.write(json.dumps(found).encode("ascii"))
    return [{key: value for key, value in preview.items() if key != "stamp"} for preview in found]


def make_all(folder: BatchFolder, studies: Iterable[tuple[str, list[str]]]) -> None:
    """Make the previews of many studies, given by name and files, on all processors.

    Pillow computes outside the interpreter's lock, so threads are enough.
    """
    # Set here: the filters of warnings are those of all threads. Pictures too large are told from the others anyway.
    with warnings.catch_warnings(), ThreadPoolExecutor() as pool:
        warnings.filterwarnings("ignore", module=r"PIL\.Image")
        made = [pool.submit(previews, folder, name, files) for name, files in studies]
        for each in made:
            each.result()


def _pictures(place: Path, files: Iterable[str]) -> Iterator[tuple[str, list[int]]]:
    """Yield the pictures among the files of a study, with what tells a file from an earlier one of its name."""
    inside = place.resolve()
    for file in files:
        path = (place / file).resolve()
        # The list is read from a record: it must not lead out of the study's folder.
        if path.suffix.lower() in SUFFIXES and path.is_relative_to(inside) and path.is_file():
            known = path.stat()
            yield file, [known.st_size, known.st_mtime_ns]


def _make(path: Path) -> Preview:
    from PIL import Image, UnidentifiedImageError

    try:
        with Image.open(path, formats=_FORMATS) as picture:
            width, height = picture.size
            if width * height > _LARGEST:
                return {"width": width, "height": height}
            picture.draft("RGB", (EDGE, EDGE))
            small = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    except (OSError, ValueError, SyntaxError, UnidentifiedImageError, MemoryError, Image.DecompressionBombError):
        # Pillow's readers raise any of these at a damaged file, or one too large. It stays listed, without a preview.
        return {}
    from PIL import WebPImagePlugin  # noqa: F401 - else Pillow looks for it by importing all of its formats

    small.thumbnail((EDGE, EDGE), reducing_gap=2.0)
    out = io.BytesIO()
    small.save(out, "WEBP", quality=60, method=2)
    return {"width": width, "height": height, "data": base64.b64encode(out.getvalue()).decode("ascii")}


def _read(path: Path) -> list[Preview]:
    """Return the previews in a file; none if it is not there, or not what was written: they are made again."""
    try:
        found = json.loads(path.read_text(encoding="ascii"))
        return [each for each in found if isinstance(each["file"], str) and each["stamp"]]
    except (OSError, ValueError, TypeError, KeyError):
        return []
