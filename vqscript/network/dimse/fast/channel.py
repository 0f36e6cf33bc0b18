"""Messages over an open association, on a blocking socket: the same from either end."""

from __future__ import annotations

import contextlib
import io
import socket
import struct
from collections.abc import Iterable, Iterator, Mapping

from vqscript.errors import Unreachable
from vqscript.network.dimse import sockets
from vqscript.network.dimse.address import Address
from vqscript.network.dimse.fast import elements, pdu
from vqscript.network.dimse.fast.elements import Command
from vqscript.network.dimse.fast.pdu import Malformed

OUR_MAXIMUM = 1 << 20
"""Bytes of a PDU that we take; the larger, the fewer reads."""

_LARGEST_SENT = 1 << 20
_LARGEST_COMMAND = 1 << 16
LARGEST_INSTANCE = 4 << 30
"""Bytes of one instance; whoever sends more has lost its way."""

_PDV = struct.Struct(">LBB")
_COMMAND, _LAST = 1, 2


class Released(Unreachable):
    """The other end has ended the association in order."""


class Channel:
    """Sends and takes messages.

    Parameters
    ----------
    address : Address
        Who is at the other end, for messages to people; its ``answer_timeout`` is how long it may be silent.
    connection : socket.socket
        Open.
    ahead : int
        Bytes that are read at once where they are there; with 1, nothing is read before it is asked for, and a
        selector tells truly whether there is more.

    Raises
    ------
    Unreachable
        From every method: the other end went away, or was silent for too long.
    Malformed
        From those that read: what came is no DICOM message.
    """

    def __init__(self, address: Address, connection: socket.socket, ahead: int = 1 << 16) -> None:
        self._address = address
        self._left = 0  # bytes of the PDU that is being read
        self._socket = connection
        self._socket.settimeout(address.answer_timeout)
        self._stream = io.BufferedReader(sockets.Incoming(connection), ahead)
        self._room = bytearray()
        self._agree(0)

    def _agree(self, maximum: int) -> None:
        """Note the bytes that the other end takes after the header of a PDU; 0 for any number."""
        self.piece = min(maximum or _LARGEST_SENT, _LARGEST_SENT) - _PDV.size
        """Bytes of a data set that go into one PDU."""

    def fileno(self) -> int:
        """Return what a selector waits for."""
        return self._socket.fileno()

    def pending(self) -> bool:
        """Whether there is more that a selector does not know of: decrypted already, but not read."""
        pending = getattr(self._socket, "pending", None)
        return pending is not None and pending() > 0

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

    def read_answer(self, command: int, message: int) -> tuple[Command, bytes]:
        """Return the answer to a message, which has to be the next one that comes, and its data set, b"" for none."""
        context, answer = self.read_command()
        if answer.number(elements.COMMAND) != command or answer.number(elements.RESPONDED_TO) != message:
            raise Malformed("a message that answers nothing we asked")
        if answer.number(elements.DATA_SET_TYPE, elements.NO_DATA_SET) == elements.NO_DATA_SET:
            return answer, b""
        data = bytearray()
        end = self.read_dataset(context, data, 0)
        return answer, bytes(data[:end])

    def read_dataset(self, context: int, buffer: bytearray, start: int) -> int:
        """Read the data set of a message into a buffer that grows as needed, from ``start`` on; returns its end."""
        with self._border():
            end, last = start, False
            while not last:
                length, last = self._next_piece(context, end)
                if end + length > len(buffer):
                    buffer.extend(bytes(max(end + length - len(buffer), len(buffer))))
                with memoryview(buffer) as whole, whole[end : end + length] as room:
                    self._fill(room)
                end += length
            return end

    def pieces(self, context: int) -> Iterator[memoryview]:
        """Yield the data set of a message as it comes; each piece is valid until the next one."""
        received, last = 0, False
        while not last:
            with self._border():
                length, last = self._next_piece(context, received)
                if length > len(self._room):
                    self._room = bytearray(length)
                piece = memoryview(self._room)[:length]
                self._fill(piece)
            received += length
            yield piece

    def drop_dataset(self, context: int) -> None:
        """Read past the data set of a message."""
        for _ in self.pieces(context):
            pass

    def _next_piece(self, context: int, received: int) -> tuple[int, bool]:
        """Return the bytes of the next piece of a data set of which some were received, and whether it is the last."""
        found, control, length = self._next_value()
        if control & _COMMAND or found != context:
            raise Malformed("another message in the middle of a data set")
        if received + length > LARGEST_INSTANCE:
            raise Malformed(f"a data set of more than {LARGEST_INSTANCE >> 30} GiB")
        return length, bool(control & _LAST)

    def _next_value(self) -> tuple[int, int, int]:
        """Return context, control header and remaining length of the next presentation data value."""
        while not self._left:
            kind, length = pdu.HEADER.unpack(self._take(pdu.HEADER.size))
            if kind == pdu.ABORT:
                raise self._address.unreachable("aborted the association", "its log may say why")
            if kind == pdu.RELEASE_RQ:
                with contextlib.suppress(OSError):
                    self._socket.sendall(pdu.RELEASE_REPLY)
                name = self._address.name
                raise Released(f"{name} ended the association before it had answered", peer=name, status="")
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

    def _abort(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.settimeout(1.0)
            self._socket.sendall(pdu.ABORT_BY_USER)

    def _gone(self) -> Unreachable:
        return self._address.unreachable("ended the connection in the middle of a message", "try again")

    @contextlib.contextmanager
    def _border(self) -> Iterator[None]:
        """Turn what happens on the way into errors that name the server."""
        try:
            yield
        except TimeoutError as error:
            seconds = self._socket.gettimeout() or 0.0
            raise self._address.unreachable(f"was silent for {seconds:g} s", "is it busy? try again") from error
        except OSError as error:
            raise self._address.unreachable(f"closed the connection: {error.strerror or error}", "try again") from error
