"""Answers of several parts (RFC 2046, multipart/related), taken apart while they arrive."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

MAX_HEAD = 16 << 10
MAX_PART = 4 << 30
"""Bytes of one part beyond which an answer is given up: more than any DICOM instance that could be loaded."""

BLOCK = 1 << 20

_BOUNDARY = re.compile(r"""boundary\s*=\s*(?:"([^"]{1,70})"|([^\s;"]{1,70}))""", re.IGNORECASE)


class Malformed(ValueError):
    """The answer is none of several parts, or ends in the middle of one."""


class CutOff(Malformed):
    """The answer ends too early: the connection broke where nothing said how long it would be."""


def boundary_of(content_type: str) -> bytes:
    """Return what the parts of an answer are separated by.

    Raises
    ------
    Malformed
        If its type is not multipart, or says no boundary.
    """
    found = _BOUNDARY.search(content_type)
    if not content_type.casefold().startswith("multipart/") or not found:
        raise Malformed("the answer is not in several parts")
    return (found[1] or found[2]).encode("ascii", "replace")


def parts(
    read: Callable[[int], bytes], boundary: bytes, *, max_part: int = MAX_PART, block: int = BLOCK
) -> Iterator[bytes]:
    """Yield the bodies of the parts, each as soon as it is whole.

    Parameters
    ----------
    read : callable
        Given a number of bytes, returns up to as many of the answer, and b"" at its end.
    boundary : bytes
    max_part, block : int
        Bytes of a part at most, and of one read.

    Raises
    ------
    CutOff
        If the answer ends before its last boundary.
    Malformed
        If a part or its head is too long.
    """
    buffer = _Buffer(read, block)
    buffer.until(b"--" + boundary, MAX_HEAD, "there is no first boundary")
    separator = b"\r\n--" + boundary
    while True:
        end_of_line = buffer.until(b"\r\n", MAX_HEAD, "a boundary does not end")
        if end_of_line.startswith(b"--"):
            return
        # A part without fields begins with the empty line that ends them.
        if not buffer.starts(b"\r\n"):
            buffer.until(b"\r\n\r\n", MAX_HEAD, "the head of a part does not end")
        else:
            buffer.until(b"\r\n", MAX_HEAD, "")
        yield buffer.until(separator, max_part, "a part does not end")


class _Buffer:
    """What has arrived and is not yet handed on."""

    def __init__(self, read: Callable[[int], bytes], block: int) -> None:
        self._read = read
        self._block = block
        self._data = bytearray()
        self._start = 0

    def starts(self, mark: bytes) -> bool:
        """Whether what comes next is this mark."""
        while len(self._data) - self._start < len(mark) and self._more():
            pass
        return self._data.startswith(mark, self._start)

    def until(self, mark: bytes, limit: int, problem: str) -> bytes:
        """Return what is before the mark, and go on behind it."""
        searched = self._start
        while (found := self._data.find(mark, searched)) < 0:
            if len(self._data) - self._start > limit + len(mark):
                raise Malformed(f"{problem} within {limit} bytes")
            held_back = len(mark) - 1  # the mark may have arrived in part
            searched = max(self._start, len(self._data) - held_back)
            gone = self._start
            if not self._more():
                # The last boundary may end the answer without a line break behind it.
                if mark == b"\r\n" and self._data[self._start :] == b"--":
                    return b"--"
                raise CutOff(problem)
            searched -= gone - self._start
        if found - self._start > limit:
            raise Malformed(f"{problem} within {limit} bytes")
        before = bytes(memoryview(self._data)[self._start : found])
        self._start = found + len(mark)
        return before

    def _more(self) -> bool:
        """Read a block; what was handed on makes room for it."""
        data = self._read(self._block)
        if self._start:
            del self._data[: self._start]
            self._start = 0
        self._data += data
        return bool(data)


def join(bodies: Iterable[tuple[int, Iterable[bytes]]], boundary: bytes) -> tuple[int, Iterator[bytes]]:
    """Return length and content of a request with these parts, each a DICOM file.

    Parameters
    ----------
    bodies : iterable of (int, iterable of bytes)
        Length and content of each part.
    boundary : bytes
        Must not occur in the contents.
    """
    listed = list(bodies)
    head = b"\r\n--" + boundary + b"\r\nContent-Type: application/dicom\r\n\r\n"
    tail = b"\r\n--" + boundary + b"--\r\n"
    length = sum(len(head) + size for size, _ in listed) + len(tail)

    def content() -> Iterator[bytes]:
        for _, body in listed:
            yield head
            yield from body
        yield tail

    return length, content()
