"""Frame times that no step describes, in a header extension: a comment that other readers pass by."""

from __future__ import annotations

import math
import struct
from itertools import pairwise

COMMENT = 6
"""Extension code of plain text (nifti1_io.h: NIFTI_ECODE_COMMENT)."""

_KEY = b"frame times in s:"


def pack(times: tuple[float, ...]) -> bytes:
    """Return what stands between header and voxels: the flag, and one extension if there are times."""
    if not times:
        return bytes(4)
    text = _KEY + b"".join(f" {time!r}".encode() for time in times)
    size = -(-(8 + len(text)) // 16) * 16  # a multiple of 16, with its own two numbers
    return b"\1\0\0\0" + struct.pack("<ii", size, COMMENT) + text.ljust(size - 8, b"\0")


def frame_times(raw: bytes, order: str, frames: int) -> tuple[float, ...]:
    """Return the frame times among the extensions, () if there are none that fit.

    Parameters
    ----------
    raw : bytes
        What stands between header and voxels.
    order : str
        "<" or ">", the byte order of the file.
    frames : int
        How many times there must be, ascending.
    """
    place = 4
    while raw[:1] not in (b"", b"\0") and place + 8 <= len(raw):
        size, code = struct.unpack_from(f"{order}ii", raw, place)
        if size < 8:
            break
        text = raw[place + 8 : place + size].rstrip(b"\0")
        if code == COMMENT and text.startswith(_KEY):
            return _numbers(text[len(_KEY) :], frames)
        place += size
    return ()


def _numbers(text: bytes, frames: int) -> tuple[float, ...]:
    try:
        times = tuple(float(word) for word in text.split())
    except ValueError:  # somebody else's comment that begins alike
        return ()
    fits = len(times) == frames and all(map(math.isfinite, times)) and all(a < b for a, b in pairwise(times))
    return times if fits else ()
