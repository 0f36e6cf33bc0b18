"""An association on a blocking socket: messages out and in."""

from __future__ import annotations

import contextlib
import io
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import TracebackType

from vqscript.errors import PeerError, Unreachable
from vqscript.network.dimse import sockets
from vqscript.network.dimse.address import Address
from vqscript.network.dimse.fast import elements, pdu
from vqscript.network.dimse.fast.elements import Command
from vqscript.network.dimse.fast.pdu import Context, Malformed, Reply

OUR_MAXIMUM = 1 << 20
"""Bytes of a PDU that we take; the larger, the fewer reads."""

_LARGEST_SENT = 1 << 20
_LARGEST_COMMAND = 1 << 16
LARGEST_INSTANCE = 4 << 30
"""Bytes of one instance; a server that sends more has lost its way."""

_PDV = struct.Struct(">LBB")
_COMMAND, _LAST = 1, 2


class Link:
    """An association that is open within a ``with`` block: released at its end, aborted if that is an error.

    Parameters
    ----------
    address : Address
    contexts : sequence of Context
        What to ask for, at most 128.
    storing : sequence of str
        SOP classes of which we take instances (C-GET).

    Raises
    ------
    Unreachable
        Here and from every method: the server cannot be reached, went away, or was silent for too long.
    PeerError
        It rejected the association, or (from the end of the block) it sent what is no DICOM message: the methods
        raise Malformed for that.
    """

    def __init__(self, address: Address, contexts: Sequence[Context], storing: Sequence[str] = ()) -> None:
        self._address = address
        self._contexts = {2 * n + 1: context for n, context in enumerate(contexts)}
        self._left = 0  # bytes of the PDU that is being read
        self._socket = sockets.connect(address)
        self._socket.settimeout(address.answer_timeout)
        self._stream = io.BufferedReader(sockets.Incoming(self._socket), 1 << 16)
        try:
            with self._border():
                self._reply = self._negotiate(contexts, storing)
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        self.piece = min(self._reply.maximum or _LARGEST_SENT, _LARGEST_SENT) - _PDV.size
        """Bytes of a data set that go into one PDU."""

    def __enter__(self) -> Link:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._release()
            else:
                self._abort()
        finally:
            self._socket.close()
        if isinstance(error, Malformed):
            raise self._nonsense(error) from error

    def accepted(self, sop_class: str, syntax: str = "") -> int:
        """Return the identifier of a context that was accepted for a SOP class (in a transfer syntax), or 0."""
        for identifier, context in self._contexts.items():
            result, chosen = self._reply.results.get(identifier, (-1, ""))
            if result == 0 and context.sop_class == sop_class and syntax in ("", chosen):
                return identifier
        return 0

    def knows(self, sop_class: str) -> bool:
        """Whether it accepts, or refuses only for their transfer syntaxes, contexts of a SOP class."""
        transfer_syntaxes_not_supported = 4  # PS3.8, table 9-18
        return any(
            context.sop_class == sop_class
            and self._reply.results.get(identifier, (-1, ""))[0] in (0, transfer_syntaxes_not_supported)
            for identifier, context in self._contexts.items()
        )

    def syntax(self, identifier: int) -> str:
        """Return the transfer syntax of an accepted context; Malformed if it is none."""
        result, chosen = self._reply.results.get(identifier, (-1, ""))
        if result != 0:
            raise Malformed(f"a message in context {identifier}, which was not agreed on")
        return chosen

    @property
    def storing(self) -> frozenset[str]:
        """SOP classes of which the server agreed to send us instances."""
        return self._reply.storing

    def send(
        self, context: int, command: Mapping[int, str | int], size: int = 0, dataset: Iterable[memoryview] = ()
    ) -> None:
        """Send a message.

        Parameters
        ----------
        context : int
        command : mapping
            Command elements by tag.
        size : int
            Bytes of the data set, 0 for none.
        dataset : iterable of memoryview
            The data set in pieces. The last one only is marked as such, so an error on the way leaves the server
            with a message that has no end, never with one that seems whole.
        """
        pending = b"".join(self._pdus(memoryview(elements.command(command)), context, _COMMAND | _LAST))
        for piece in dataset:
            size -= len(piece)
            # Command and data in one go: a small piece on its own would cost the server a read.
            self._write(b"".join((pending, *self._pdus(piece, context, 0 if size else _LAST))))
            pending = b""
        if pending:
            self._write(pending)

    def read_command(self) -> tuple[int, Command]:
        """Return the context and the command set of the next message."""
        with self._border():
            data = bytearray()
            while True:
                context, control, length = self._next_value()
                if not control & _COMMAND:
                    raise Malformed("a data set where a command set belongs")
                if len(data) + length > _LARGEST_COMMAND:
                    raise Malformed(f"a command set of more than {_LARGEST_COMMAND} bytes")
                data += self._take(length)
                if control & _LAST:
                    return context, Command(bytes(data))

    def read_answer(self, command: int, message: int) -> Command:
        """Return the answer to a message, which has to be the next one that comes; a data set with it is dropped."""
        context, answer = self.read_command()
        if answer.number(elements.COMMAND) != command or answer.number(elements.RESPONDED_TO) != message:
            raise Malformed("a message that answers nothing we asked")
        if answer.number(elements.DATA_SET_TYPE, elements.NO_DATA_SET) != elements.NO_DATA_SET:
            self.drop_dataset(context)
        return answer

    def read_dataset(self, context: int, buffer: bytearray, start: int) -> int:
        """Read the data set of a message into a buffer that grows as needed, from ``start`` on; returns its end."""
        with self._border():
            end = start
            while True:
                found, control, length = self._next_value()
                if control & _COMMAND or found != context:
                    raise Malformed("another message in the middle of a data set")
                if end + length > LARGEST_INSTANCE:
                    raise Malformed(f"a data set of more than {LARGEST_INSTANCE >> 30} GiB")
                if end + length > len(buffer):
                    buffer.extend(bytes(max(end + length - len(buffer), len(buffer))))
                with memoryview(buffer) as whole, whole[end : end + length] as room:
                    self._fill(room)
                end += length
                if control & _LAST:
                    return end

    def drop_dataset(self, context: int) -> None:
        """Read past the data set of a message."""
        self.read_dataset(context, bytearray(), 0)

    def _negotiate(self, contexts: Sequence[Context], storing: Sequence[str]) -> Reply:
        address = self._address
        self._socket.sendall(pdu.associate_request(address.called, address.calling, contexts, storing, OUR_MAXIMUM))
        kind, length = pdu.HEADER.unpack(self._take(pdu.HEADER.size))
        if kind == pdu.ABORT:
            raise address.unreachable("aborted the association before it was open")
        if kind not in (pdu.ASSOCIATE_AC, pdu.ASSOCIATE_RJ) or length > pdu.LARGEST_NEGOTIATION:
            raise Malformed(f"a PDU of type {kind:#x} and {length} bytes in place of an association")
        body = self._take(length)
        if kind == pdu.ASSOCIATE_RJ:
            if length < 4:
                raise Malformed("a rejection without a reason")
            why = pdu.rejection(*body[1:4])
            raise address.rejected(why)
        return pdu.read_acceptance(body)

    def _next_value(self) -> tuple[int, int, int]:
        """Return context, control header and remaining length of the next presentation data value."""
        while not self._left:
            kind, length = pdu.HEADER.unpack(self._take(pdu.HEADER.size))
            if kind == pdu.ABORT:
                raise self._address.unreachable("aborted the association", "its log may say why")
            if kind == pdu.RELEASE_RQ:
                with contextlib.suppress(OSError):
                    self._socket.sendall(pdu.RELEASE_REPLY)
                raise self._address.unreachable("ended the association before it had answered")
            if kind != pdu.DATA or length > OUR_MAXIMUM:
                raise Malformed(f"a PDU of type {kind:#x} and {length} bytes")
            self._left = length
        if self._left < _PDV.size:
            raise Malformed("a P-DATA-TF with bytes that belong to no value")
        length, context, control = _PDV.unpack(self._take(_PDV.size))
        self._left -= _PDV.size
        if length < 2 or length - 2 > self._left:
            raise Malformed(f"a value of {length} bytes where {self._left} are left")
        self._left -= length - 2
        return context, control, length - 2

    def _pdus(self, data: memoryview, context: int, control: int) -> Iterator[bytes | memoryview]:
        """Yield data as PDUs, each with its headers in front; the last one only has the bit for it, if any."""
        for at in range(0, len(data), self.piece):
            part = data[at : at + self.piece]
            flags = control if at + self.piece >= len(data) else control & ~_LAST
            yield pdu.HEADER.pack(pdu.DATA, len(part) + _PDV.size) + _PDV.pack(len(part) + 2, context, flags)
            yield part

    def _write(self, data: bytes) -> None:
        with self._border():
            self._socket.sendall(data)

    def _take(self, count: int) -> bytes:
        data = self._stream.read(count)
        if len(data) < count:
            raise self._gone()
        return data

    def _fill(self, room: memoryview) -> None:
        if self._stream.readinto(room) < len(room):
            raise self._gone()

    def _release(self) -> None:
        """End in order; a server that does not answer to that has nothing to lose any more."""
        with contextlib.suppress(OSError, PeerError, Malformed):
            self._socket.sendall(pdu.RELEASE_REQUEST)
            self._take(len(pdu.RELEASE_REPLY))

    def _abort(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.settimeout(1.0)
            self._socket.sendall(pdu.ABORT_BY_USER)

    def _gone(self) -> Unreachable:
        return self._address.unreachable("ended the connection in the middle of a message", "try again")

    def _nonsense(self, error: Malformed) -> PeerError:
        hint = "is this the port of a DICOM server?"
        return self._address.refused(f"sent what is no DICOM message: {error}", "", hint)

    @contextlib.contextmanager
    def _border(self) -> Iterator[None]:
        """Turn what happens on the way into errors that name the server."""
        try:
            yield
        except TimeoutError as error:
            seconds = self._address.answer_timeout
            raise self._address.unreachable(f"was silent for {seconds:g} s", "is it busy? try again") from error
        except OSError as error:
            raise self._address.unreachable(f"closed the connection: {error.strerror or error}", "try again") from error
