"""Read a NIfTI file into a volume."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vqscript.errors import ImageError, UnitError
from vqscript.imaging import units
from vqscript.imaging.dicom.values import naming
from vqscript.imaging.nifti import extension
from vqscript.imaging.nifti.header import Header, layout_of, parse
from vqscript.imaging.nifti.placing import frame_step, grid_of
from vqscript.imaging.volume import Source, Volume

UNIT_KEY = "unit="
"""How ``descrip`` begins where it holds the unit."""

_BLOCK = 1 << 20  # bytes read at once: what a compressed file needs beside the array
_EXTENSIONS = 1 << 22  # bytes between header and voxels that are looked at
_REST = 4 << 20  # bytes after the voxels that are looked at
_RATIO = 1032  # no deflate stream gives more bytes for one (zlib technical details)


def read(path: Path) -> Volume:
    """Read a NIfTI image, ``.nii`` or ``.nii.gz``, NIfTI-1 or NIfTI-2.

    Parameters
    ----------
    path : Path
        The contents say whether it is compressed, not the name.

    Returns
    -------
    Volume
        3-D, or 4-D with frames. Voxels keep the order they have in the file; the grid places them in LPS. Whole
        numbers stay as they are, with slope and intercept; all others are float32 values. The unit is that of
        a file :func:`~vqscript.imaging.nifti.write` has made, else "". There is no modality and no header.

    Raises
    ------
    Unsupported
        For complex numbers, colours, more than four dimensions, and images in two files.
    GeometryError
        If the voxels have no size.
    ImageError
        If the file is no NIfTI, is cut short or damaged, or declares more than it can hold.
    """
    with naming(path), _opened(path) as (file, holds):
        start = _exactly(file, 4, "its header")
        size, order = layout_of(start)
        header = parse(start + _exactly(file, size - 4, "its header"), order)
        if header.offset + header.voxel_bytes > holds:
            raise ImageError(
                f"is cut short or damaged: {' x '.join(map(str, reversed(header.shape)))} voxels of "
                f"{header.dtype.itemsize} bytes from byte {header.offset} on cannot come out of it"
            )
        between = _between(file, header.offset - size)
        grid, warnings = grid_of(header)
        times, more = _frame_times(header, between)
        stored, slope, intercept = _voxels(file, header, more)
        unit = _unit(header.description, more)
    return Volume(
        stored,
        grid,
        unit=unit,
        slope=slope,
        intercept=intercept,
        source=Source(paths=(path,)),
        frame_times=times,
        warnings=(*warnings, *more),
    )


@contextmanager
def _opened(path: Path) -> Iterator[tuple[io.BufferedIOBase | io.RawIOBase, int]]:
    """Give the uncompressed file, and how many bytes it can hold at most."""
    try:
        with path.open("rb", buffering=0) as raw:
            size = os.fstat(raw.fileno()).st_size
            compressed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if not compressed:
                yield raw, size
                return
            with gzip.GzipFile(fileobj=raw) as file:
                yield file, size * _RATIO
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ImageError(f"is cut short or damaged: {error}") from error
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror or error}") from error


def _exactly(file: Any, count: int, what: str) -> bytes:
    parts = bytearray(count)
    _fill(file, memoryview(parts), what)
    return bytes(parts)


def _fill(file: Any, view: memoryview, what: str = "its voxels") -> None:
    got = 0
    while got < len(view):
        count = file.readinto(view[got : got + _BLOCK])
        if not count:
            raise ImageError(f"is cut short in {what}: {got} of {len(view)} bytes are there")
        got += count


def _between(file: Any, count: int) -> bytes:
    """Go to the voxels; return what stands before them, or its beginning if that is much."""
    kept = _exactly(file, min(count, _EXTENSIONS), "its extensions")
    for place in range(len(kept), count, _BLOCK):
        _exactly(file, min(_BLOCK, count - place), "its extensions")
    return kept


def _voxels(file: Any, header: Header, warnings: list[str]) -> tuple[NDArray[Any], float, float]:
    """Return the array with slope and intercept: whole numbers as they are, others as float32 values."""
    whole = header.dtype.kind in "iu"
    try:
        stored = np.empty(header.shape, dtype=header.dtype if whole else np.float32)
    except MemoryError as error:
        raise ImageError(f"needs {header.voxel_bytes} bytes for its voxels: more than there is memory") from error
    flat = stored.reshape(-1)
    if whole:
        _fill(file, flat.view(np.uint8).data)
        if not header.dtype.isnative:
            flat.byteswap(inplace=True)
            stored = stored.view(header.dtype.newbyteorder("="))
    elif not _fill_values(file, header, flat):
        warnings.append("some values are infinite, or too large for 32 bits")
    # A compressed file is compared with its checksum at its end; one that goes on and on is left there.
    if rest := sum(len(file.read(_BLOCK)) for _ in range(_REST // _BLOCK)):
        more = "or more " if rest >= _REST else ""
        warnings.append(f"{rest} bytes {more}follow the voxels: the header may be damaged")
    return (stored, header.slope, header.intercept) if whole else (stored, 1.0, 0.0)


def _fill_values(file: Any, header: Header, flat: NDArray[np.float32]) -> bool:
    """Read floating point numbers block by block, so that doubles and other byte orders need no second array.

    Returns whether none is infinite.
    """
    bounded = True
    block = np.empty(_BLOCK // header.dtype.itemsize, dtype=header.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        for place in range(0, flat.size, block.size):
            part = block[: flat.size - place]
            _fill(file, part.view(np.uint8).data)
            values = part if header.slope == 1 and header.intercept == 0 else part * header.slope + header.intercept
            target = flat[place : place + part.size]
            target[...] = values
            bounded = bounded and not np.isinf(target).any()
    return bounded


def _frame_times(header: Header, between: bytes) -> tuple[tuple[float, ...], list[str]]:
    if header.frames == 1:
        return (), []
    if listed := extension.frame_times(between, header.order, header.frames):
        return listed, []
    step, warnings = frame_step(header)
    return (tuple(step * k for k in range(header.frames)) if step else ()), warnings


def _unit(description: str, warnings: list[str]) -> str:
    if not description.startswith(UNIT_KEY):
        return ""
    try:
        return units.canonical(description[len(UNIT_KEY) :])
    except UnitError as error:
        warnings.append(f"{error.message}: the values have no unit")
        return ""
