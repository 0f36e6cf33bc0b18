"""Associations that others open with us: what they ask for, and what we say to that (PS3.8, section 9.3)."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vqscript.network.dimse.address import Address
from vqscript.network.dimse.fast import elements, pdu
from vqscript.network.dimse.fast.channel import OUR_MAXIMUM, Channel
from vqscript.network.dimse.fast.elements import Command
from vqscript.network.dimse.fast.pdu import Context, Malformed, Reply
from vqscript.network.dimse.part10 import IMPLEMENTATION_NAME, IMPLEMENTATION_UID

C_CANCEL_RQ = 0x0FFF
REMAINING = 0x00001020
"""A command, and the element that counts what is still to be sent."""

ACCEPTED, CLASS_NOT_SUPPORTED, SYNTAXES_NOT_SUPPORTED = 0, 3, 4
"""Results of a presentation context (PS3.8, table 9-18)."""

CALLING_NOT_KNOWN, CALLED_NOT_KNOWN = (1, 1, 3), (1, 1, 7)
TOO_MANY = (2, 3, 2)
"""Result, source and reason of a rejection (PS3.8, table 9-21)."""

_FIRST_SECONDS = 10.0
"""How long a caller may take from the connection to its request."""


@dataclass(frozen=True)
class Request:
    """What a caller asks for.

    Attributes
    ----------
    called, calling : str
        AE titles, without the spaces around them.
    contexts : mapping
        Identifier -> SOP class and transfer syntaxes.
    taking : set of str
        SOP classes of which it takes instances (the role of an SCP, as C-GET needs it).
    maximum : int
        Bytes it takes after the header of a PDU; 0 for any number.
    """

    called: str
    calling: str
    contexts: Mapping[int, Context]
    taking: frozenset[str]
    maximum: int


class Accepting(Channel):
    """The end of an association that was called; first :meth:`read_request`, then accept or reject it.

    Parameters
    ----------
    address : Address
        Of the caller, as far as it is known.
    connection : socket.socket
    """

    def __init__(self, address: Address, connection: socket.socket) -> None:
        super().__init__(address, connection)
        self._contexts: Mapping[int, Context] = {}
        self._reply = Reply(0, {}, frozenset())

    def read_request(self) -> Request:
        """Return what the caller asks for; Malformed if that is no request."""
        with self._border():
            self._socket.settimeout(_FIRST_SECONDS)
            kind, length = pdu.HEADER.unpack(self._take(pdu.HEADER.size))
            if kind != pdu.ASSOCIATE_RQ or length > pdu.LARGEST_NEGOTIATION:
                raise Malformed(f"a PDU of type {kind:#x} and {length} bytes in place of a request")
            request = read_request(self._take(length))
            self._socket.settimeout(self._address.answer_timeout)
            return request

    def rename(self, address: Address) -> None:
        """Note who the caller is, once it has said so."""
        self._address = address

    def accept(self, request: Request, choose: Callable[[Context], tuple[int, str]]) -> None:
        """Open the association.

        Parameters
        ----------
        request : Request
        choose : callable
            Returns the result for a context, and the transfer syntax to use if it is ``ACCEPTED``.
        """
        results = {number: choose(context) for number, context in request.contexts.items()}
        known = {request.contexts[number].sop_class for number, (result, _) in results.items() if result == ACCEPTED}
        self._contexts, self._reply = request.contexts, Reply(request.maximum, results, request.taking & known)
        self._agree(request.maximum)
        self._write(acceptance(request, results, sorted(self._reply.storing)))

    def reject(self, why: tuple[int, int, int]) -> None:
        """Refuse the association: result, source, reason."""
        self._write(pdu.HEADER.pack(pdu.ASSOCIATE_RJ, 4) + bytes((0, *why)))
        self._linger()

    def offered(self, context: int) -> Context:
        """Return what a context that was accepted is for; Malformed if it was not."""
        self.syntax(context)
        return self._contexts[context]

    def syntax(self, context: int) -> str:
        """Return the transfer syntax of an accepted context; Malformed if it is none."""
        result, chosen = self._reply.results.get(context, (-1, ""))
        if result != ACCEPTED:
            raise Malformed(f"a message in context {context}, which was not agreed on")
        return chosen

    def taking(self, sop_class: str) -> dict[str, int]:
        """Return the contexts in which the caller takes instances of a SOP class, by transfer syntax."""
        if sop_class not in self._reply.storing:
            return {}
        return {
            syntax: number
            for number, (result, syntax) in self._reply.results.items()
            if result == ACCEPTED and self._contexts[number].sop_class == sop_class
        }

    def waiting(self) -> bool:
        """Whether something has come that was not read yet."""
        if self._left:
            return True
        with self._border():
            self._socket.settimeout(0)
            try:
                return bool(self._stream.peek(1))
            except (BlockingIOError, ssl.SSLWantReadError):
                return False
            finally:
                self._socket.settimeout(self._address.answer_timeout)

    def cancelled(self, message: int) -> bool:
        """Whether the caller has cancelled a message meanwhile; anything else it has sent is Malformed."""
        if not self.waiting():
            return False
        _, command = self.read_command()
        if not is_cancel(command, message):
            raise Malformed("a message before the last one was answered")
        return True

    def abort(self) -> None:
        """End the association now."""
        self._abort()

    def _linger(self) -> None:
        """Wait for the caller to hang up: closed at once, the connection might be reset before it has read why."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
            self._socket.settimeout(1.0)
            self._socket.recv(1)


def is_cancel(command: Command, message: int) -> bool:
    """Whether a command is C-CANCEL for a message."""
    return command.number(elements.COMMAND) == C_CANCEL_RQ and command.number(elements.RESPONDED_TO, 0) == message


def read_request(body: bytes) -> Request:
    """Return what an A-ASSOCIATE-RQ PDU says; Malformed if it is none."""
    if len(body) < pdu.FIXED.size:
        raise Malformed("an A-ASSOCIATE-RQ that is too short")
    version, _, called, calling = pdu.FIXED.unpack_from(body)
    if not version & 1:
        raise Malformed(f"version {version} of the protocol, which is unknown")
    contexts: dict[int, Context] = {}
    taking = set()
    maximum = 0
    for kind, value in pdu.items(body, pdu.FIXED.size):
        if kind == 0x20:
            if len(value) < 4 or not value[0] % 2:
                raise Malformed("a presentation context without an odd number")
            inner = list(pdu.items(value, 4))
            sop_class = next((pdu.uid_of(found) for what, found in inner if what == 0x30), "")
            syntaxes = tuple(pdu.uid_of(found) for what, found in inner if what == 0x40)
            contexts[value[0]] = Context(sop_class, syntaxes)
        elif kind == 0x50:
            for what, found in pdu.items(value, 0):
                if what == 0x51 and len(found) == 4:
                    maximum = int.from_bytes(found, "big")
                elif what == 0x54 and found[-1:] == b"\1":
                    taking.add(pdu.uid_of(found[2:-2]))
    if 0 < maximum < 16:
        raise Malformed(f"a maximum length of {maximum} bytes, in which no message fits")
    ours, theirs = (title.decode("ascii", "replace").strip(" \0") for title in (called, calling))
    return Request(ours, theirs, contexts, frozenset(taking), maximum)


def acceptance(request: Request, results: Mapping[int, tuple[int, str]], storing: list[str]) -> bytes:
    """Return an A-ASSOCIATE-AC PDU."""
    parts = [pdu.item(0x10, pdu.APPLICATION_CONTEXT)]
    for number, (result, syntax) in results.items():
        # The transfer syntax means nothing in a context that is not accepted, but has to stand there.
        chosen = syntax or (request.contexts[number].syntaxes or ("",))[0]
        parts.append(pdu.item(0x21, bytes((number, 0, result, 0)) + pdu.item(0x40, chosen.encode("ascii", "replace"))))
    user = [pdu.item(0x51, struct.pack(">L", OUR_MAXIMUM)), pdu.item(0x52, IMPLEMENTATION_UID.encode())]
    for sop_class in storing:
        uid = sop_class.encode("ascii", "replace")
        user.append(pdu.item(0x54, struct.pack(">H", len(uid)) + uid + bytes((0, 1))))
    user.append(pdu.item(0x55, IMPLEMENTATION_NAME.encode()))
    parts.append(pdu.item(0x50, b"".join(user)))
    titles = (title.encode("ascii", "replace").ljust(16)[:16] for title in (request.called, request.calling))
    body = pdu.FIXED.pack(1, 0, *titles) + b"".join(parts)
    return pdu.HEADER.pack(pdu.ASSOCIATE_AC, len(body)) + body
