"""Where a server delivers what we asked it to move to us."""

from __future__ import annotations

import contextlib
import queue
import selectors
import socket
import threading
from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vqscript.errors import VqError
from vqscript.network.dimse import part10, sockets, statuses
from vqscript.network.dimse.address import Address
from vqscript.network.dimse.move import Moved, Request, opened
from vqscript.network.peer import Receiver

if TYPE_CHECKING:
    from pynetdicom.events import Event

_LARGEST_PDU = 1 << 20


@dataclass(frozen=True)
class _Arrived:
    """An instance that waits, in a thread of pynetdicom, to be taken."""

    uid: str
    file: bytes
    taken: Future[int]


class Landing:
    """A small server of our own, by pynetdicom.

    It stays open between series, since opening and closing it takes longer than a small series; what comes while
    nothing is waited for is refused.

    Parameters
    ----------
    address : Address
        Whose ``calling`` is the AE title to answer to, and ``move_port`` the port.

    Raises
    ------
    VqError
        If the port cannot be had.
    """

    def __init__(self, address: Address) -> None:
        from pynetdicom import AE, ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, evt

        self._lock = threading.Lock()
        self._waiting = False
        self._arrived: queue.SimpleQueue[_Arrived] = queue.SimpleQueue()
        # Rings for each instance, so that one selector waits for these and for the answers to C-MOVE.
        self._bell, self._ringer = socket.socketpair()
        entity = AE(ae_title=address.calling)
        entity.require_called_aet = True
        entity.maximum_pdu_size = _LARGEST_PDU
        entity.network_timeout = entity.dimse_timeout = address.answer_timeout
        for context in AllStoragePresentationContexts:
            assert context.abstract_syntax is not None
            entity.add_supported_context(context.abstract_syntax, ALL_TRANSFER_SYNTAXES)
        try:
            self._server = entity.start_server(
                ("", address.move_port),
                block=False,
                ssl_context=address.tls.server() if address.tls else None,
                evt_handlers=[(evt.EVT_CONN_OPEN, _hasten), (evt.EVT_C_STORE, self._take)],
            )
        except OSError as error:
            self._bell.close()
            self._ringer.close()
            raise VqError(
                f"cannot listen on port {address.move_port}: {error.strerror or error}",
                hint="does another program of ours listen there? C-MOVE needs the port for itself",
            ) from error

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()
        self._bell.close()
        self._ringer.close()

    def receive(self, address: Address, identifier: Mapping[int, str | int], receive: Receiver) -> Moved:
        """Have a server send to us what an identifier describes; each instance is taken in the caller's thread.

        Raises
        ------
        Unreachable, PeerError
            As :func:`vqscript.network.dimse.move.move`, or if nothing comes for ``answer_timeout``.
        """
        with opened(address) as link, selectors.DefaultSelector() as selector:
            selector.register(link, selectors.EVENT_READ)
            selector.register(self._bell, selectors.EVENT_READ)
            with self._lock:
                self._waiting = True
            try:
                request = Request(address, link, identifier, address.calling)
                while True:
                    rung = [key.fileobj for key, _ in selector.select(0 if link.pending() else address.answer_timeout)]
                    if self._bell in rung:
                        self._bell.recv(1)
                        _hand_over(self._arrived.get(), receive)
                    elif link in rung or link.pending():
                        if (moved := request.answer()) is not None:
                            return moved
                    else:
                        raise address.unreachable(f"was silent for {address.answer_timeout:g} s", "is it busy?")
            finally:
                self._refuse_the_rest()

    def _take(self, event: Event) -> int:
        """Answer C-STORE, in a thread of pynetdicom: with what the one who waits makes of it."""
        request: Any = event.request
        uid, sop_class = str(request.AffectedSOPInstanceUID), str(request.AffectedSOPClassUID)
        head = part10.head(sop_class, uid, str(event.context.transfer_syntax))
        arrived = _Arrived(uid, head + request.DataSet.getbuffer(), Future())
        with self._lock:
            if not self._waiting:
                return statuses.OUT_OF_RESOURCES
            self._arrived.put(arrived)
            self._ringer.send(b"\0")
        return arrived.taken.result()

    def _refuse_the_rest(self) -> None:
        """Let go of the threads whose instances nobody takes any more."""
        with self._lock:
            self._waiting = False
            with contextlib.suppress(queue.Empty):
                while True:
                    self._arrived.get_nowait().taken.set_result(statuses.OUT_OF_RESOURCES)
                    self._bell.recv(1)


def _hasten(event: Event) -> None:
    transport = event.assoc.dul.socket
    if transport is not None and transport.socket is not None:
        sockets.hasten(transport.socket)


def _hand_over(arrived: _Arrived, receive: Receiver) -> None:
    """Let the receiver take an instance; it is acknowledged once it has."""
    answer = statuses.OUT_OF_RESOURCES
    try:
        receive(arrived.uid, arrived.file)
        answer = statuses.SUCCESS
    finally:
        arrived.taken.set_result(answer)
