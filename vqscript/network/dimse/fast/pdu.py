"""The PDUs that open an association, and those that end it (PS3.8, section 9.3)."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from vqscript.network.dimse.part10 import IMPLEMENTATION_NAME, IMPLEMENTATION_UID

ASSOCIATE_RQ, ASSOCIATE_AC, ASSOCIATE_RJ, DATA, RELEASE_RQ, RELEASE_RP, ABORT = range(1, 8)

HEADER = struct.Struct(">BxL")
"""Type and length of a PDU."""

RELEASE_REQUEST = HEADER.pack(RELEASE_RQ, 4) + bytes(4)
RELEASE_REPLY = HEADER.pack(RELEASE_RP, 4) + bytes(4)
ABORT_BY_USER = HEADER.pack(ABORT, 4) + bytes(4)

LARGEST_NEGOTIATION = 1 << 20
"""Bytes of a PDU other than P-DATA-TF; 128 contexts with all they may have need a tenth of it."""

MOST_CONTEXTS = 128
"""Their identifiers are the odd numbers of a byte."""

APPLICATION_CONTEXT = b"1.2.840.10008.3.1.1.1"

_ITEM = struct.Struct(">BxH")
FIXED = struct.Struct(">HH16s16s32x")


class Malformed(Exception):
    """What came is not what the standard describes; the link turns it into a PeerError."""


@dataclass(frozen=True)
class Context:
    """A presentation context that is asked for: a SOP class, and the transfer syntaxes it may come in."""

    sop_class: str
    syntaxes: tuple[str, ...]


@dataclass(frozen=True)
class Reply:
    """What the server made of the request.

    Attributes
    ----------
    maximum : int
        Bytes it takes after the header of a PDU; 0 for any number.
    results : mapping
        Identifier of a context -> (result, transfer syntax); 0 is acceptance.
    storing : set of str
        SOP classes of which it agreed to send us instances.
    """

    maximum: int
    results: Mapping[int, tuple[int, str]]
    storing: frozenset[str]


def associate_request(
    called: str, calling: str, contexts: Sequence[Context], storing: Sequence[str], maximum: int
) -> bytes:
    """Return an A-ASSOCIATE-RQ PDU.

    Parameters
    ----------
    called, calling : str
        AE titles.
    contexts : sequence of Context
        At most 128; the n-th, from 0, gets the identifier 2 n + 1.
    storing : sequence of str
        SOP classes of which we take instances that the server sends, as C-GET needs it (PS3.7, section D.3.3.4).
    maximum : int
        Bytes that we take after the header of a PDU.
    """
    parts = [item(0x10, APPLICATION_CONTEXT)]
    for n, context in enumerate(contexts):
        syntaxes = [item(0x40, syntax.encode()) for syntax in context.syntaxes]
        identifier = struct.pack(">B3x", 2 * n + 1)
        parts.append(item(0x20, identifier + item(0x30, context.sop_class.encode()) + b"".join(syntaxes)))
    user = [item(0x51, struct.pack(">L", maximum)), item(0x52, IMPLEMENTATION_UID.encode())]
    for sop_class in storing:
        uid = sop_class.encode()
        user.append(item(0x54, struct.pack(">H", len(uid)) + uid + bytes((0, 1))))
    user.append(item(0x55, IMPLEMENTATION_NAME.encode()))
    parts.append(item(0x50, b"".join(user)))
    fixed = FIXED.pack(1, 0, called.encode().ljust(16), calling.encode().ljust(16))
    body = fixed + b"".join(parts)
    return HEADER.pack(ASSOCIATE_RQ, len(body)) + body


def read_acceptance(body: bytes) -> Reply:
    """Return what an A-ASSOCIATE-AC PDU says; Malformed if it is none."""
    if len(body) < FIXED.size:
        raise Malformed("an A-ASSOCIATE-AC that is too short")
    maximum = 0
    results: dict[int, tuple[int, str]] = {}
    storing = set()
    for kind, value in items(body, FIXED.size):
        if kind == 0x21:
            if len(value) < 4:
                raise Malformed("a presentation context without a result")
            syntax = next((found for inner, found in items(value, 4) if inner == 0x40), b"")
            results[value[0]] = (value[2], uid_of(syntax))
        elif kind == 0x50:
            for inner, found in items(value, 0):
                if inner == 0x51:
                    if len(found) != 4:
                        raise Malformed("a maximum length that is no number of four bytes")
                    maximum = int.from_bytes(found, "big")
                elif inner == 0x54 and found[-1:] == b"\1":
                    storing.add(uid_of(found[2:-2]))
    if 0 < maximum < 16:
        raise Malformed(f"a maximum length of {maximum} bytes, in which no message fits")
    return Reply(maximum, results, frozenset(storing))


def rejection(result: int, source: int, reason: int) -> str:
    """Return in words why an association was rejected (PS3.8, section 9.3.4)."""
    reasons = {
        (1, 1): "no reason given",
        (1, 2): "application context not supported",
        (1, 3): "calling AE title not recognized",
        (1, 7): "called AE title not recognized",
        (2, 1): "no reason given",
        (2, 2): "protocol version not supported",
        (3, 1): "temporary congestion",
        (3, 2): "local limit exceeded",
    }
    said = reasons.get((source, reason), f"source {source}, reason {reason}")
    return f"{said} ({'for now' if result == 2 else 'permanently'})"


def item(kind: int, value: bytes) -> bytes:
    """Return an item: kind, length, value."""
    return _ITEM.pack(kind, len(value)) + value


def items(data: bytes, at: int) -> Iterator[tuple[int, bytes]]:
    """Yield kind and value of each item from ``at`` on."""
    while at < len(data):
        if len(data) - at < _ITEM.size:
            raise Malformed("an item that is cut short")
        kind, length = _ITEM.unpack_from(data, at)
        at += _ITEM.size
        if length > len(data) - at:
            raise Malformed(f"an item of {length} bytes where {len(data) - at} are left")
        yield kind, data[at : at + length]
        at += length


def uid_of(data: bytes) -> str:
    """Return a UID without its padding."""
    return data.decode("ascii", "replace").rstrip("\0 ")
