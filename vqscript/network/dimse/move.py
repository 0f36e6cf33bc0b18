"""Fetching by C-MOVE: the server opens a connection of its own to the AE title it is told, which may be ours."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vqscript.errors import VqError
from vqscript.network.dimse import association, part10, statuses
from vqscript.network.dimse.address import Address
from vqscript.network.peer import Receiver

if TYPE_CHECKING:
    from pydicom import Dataset
    from pynetdicom.association import Association
    from pynetdicom.events import Event

STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
_DESTINATION_UNKNOWN = 0xA801


@dataclass(frozen=True)
class Moved:
    """What a server says it has sent.

    Attributes
    ----------
    completed, failed, warned : int
        Instances.
    status : str
    """

    completed: int
    failed: int
    warned: int
    status: str


@dataclass(frozen=True)
class _Arrived:
    """An instance that waits, in a thread of pynetdicom, to be taken."""

    uid: str
    file: bytes
    taken: Future[int]


_Told = _Arrived | Moved | Exception | None
"""What the one who waits is told: an instance, the end, why there is none, or None: it goes on."""


class Landing:
    """Where a server delivers what we asked it to move to us: a small server of our own.

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
        from pynetdicom import ALL_TRANSFER_SYNTAXES, AllStoragePresentationContexts, evt

        self._lock = threading.Lock()
        self._waiting: queue.SimpleQueue[_Told] | None = None
        entity = association.entity(address.calling)
        entity.require_called_aet = True
        entity.network_timeout = entity.dimse_timeout = address.answer_timeout
        for context in AllStoragePresentationContexts:
            assert context.abstract_syntax is not None
            entity.add_supported_context(context.abstract_syntax, ALL_TRANSFER_SYNTAXES)
        try:
            self._server = entity.start_server(
                ("", address.move_port),
                block=False,
                ssl_context=address.tls.server() if address.tls else None,
                evt_handlers=[(evt.EVT_CONN_OPEN, association.hasten), (evt.EVT_C_STORE, self._take)],
            )
        except OSError as error:
            raise VqError(
                f"cannot listen on port {address.move_port}: {error.strerror or error}",
                hint="does another program of ours listen there? C-MOVE needs the port for itself",
            ) from error

    def close(self) -> None:
        """Stop listening."""
        if self._server is not None:
            self._server.shutdown()

    def receive(self, address: Address, identifier: Dataset, receive: Receiver) -> Moved:
        """Have a server send to us what an identifier describes; each instance is taken in the caller's thread.

        Raises
        ------
        Unreachable, PeerError
            As :func:`move`, or if nothing comes for ``answer_timeout``.
        """
        waiting: queue.SimpleQueue[_Told] = queue.SimpleQueue()
        with association.opened(address, STUDY_ROOT_MOVE, patient=True) as link:
            with self._lock:
                self._waiting = waiting
            threading.Thread(target=_ask, args=(link, address, identifier, waiting.put), daemon=True).start()
            try:
                while True:
                    try:
                        found = waiting.get(timeout=address.answer_timeout)
                    except queue.Empty:
                        seconds = address.answer_timeout
                        raise address.unreachable(f"has sent nothing for {seconds:g} s", "is it busy?") from None
                    if isinstance(found, Moved):
                        return found
                    if isinstance(found, Exception):
                        raise found
                    if found is not None:
                        _hand_over(found, receive)
            finally:
                self._refuse_the_rest(waiting)

    def _take(self, event: Event) -> int:
        """Answer C-STORE, in a thread of pynetdicom: with what the one who waits makes of it."""
        request: Any = event.request
        uid, sop_class = str(request.AffectedSOPInstanceUID), str(request.AffectedSOPClassUID)
        head = part10.head(sop_class, uid, str(event.context.transfer_syntax))
        arrived = _Arrived(uid, head + request.DataSet.getbuffer(), Future())
        with self._lock:
            if self._waiting is None:
                return statuses.OUT_OF_RESOURCES
            self._waiting.put(arrived)
        return arrived.taken.result()

    def _refuse_the_rest(self, waiting: queue.SimpleQueue[_Told]) -> None:
        with self._lock:
            self._waiting = None
        with suppress(queue.Empty):
            while True:
                if isinstance(left := waiting.get_nowait(), _Arrived):
                    left.taken.set_result(statuses.OUT_OF_RESOURCES)


def move(address: Address, identifier: Dataset, to: str) -> Moved:
    """Have a server send what an identifier describes to an AE title that it knows.

    Raises
    ------
    Unreachable, PeerError
        If it cannot be reached, says nothing for ``answer_timeout``, or can send nothing.
    """
    with association.opened(address, STUDY_ROOT_MOVE) as link:
        for found in _responses(link, address, identifier, to):
            if found is not None:
                return found
    raise address.unreachable("ended C-MOVE without a result")


def _ask(link: Association, address: Address, identifier: Dataset, tell: Callable[[_Told], None]) -> None:
    """Ask for C-MOVE to ourselves, and tell what is answered; the body of a thread."""
    try:
        for found in _responses(link, address, identifier, address.calling):
            tell(found)
    except (VqError, RuntimeError) as error:  # RuntimeError: pynetdicom's, where the association has just been lost
        tell(error)


def _responses(link: Association, address: Address, identifier: Dataset, to: str) -> Iterator[Moved | None]:
    """Yield None for each sign of life, and what became of it in the end."""
    started = time.monotonic()
    for status, _ in link.send_c_move(identifier, to, STUDY_ROOT_MOVE):
        code = association.check(address, status, started)
        if code in statuses.PENDING:
            started = time.monotonic()
            yield None
            continue
        shown = association.shown(status)
        completed, failed, warned = (
            int(status.get(f"NumberOf{what}Suboperations") or 0) for what in ("Completed", "Failed", "Warning")
        )
        if code != statuses.SUCCESS and not (statuses.accepted(code) and completed + warned):
            hint = ""
            if code == _DESTINATION_UNKNOWN:
                hint = f"the server has to know the AE title {to}, with its host and port"
            raise address.refused(f"did not send what was asked for: {shown}", shown, hint)
        yield Moved(completed, failed, warned, shown)


def _hand_over(arrived: _Arrived, receive: Receiver) -> None:
    """Let the receiver take an instance; it is acknowledged once it has."""
    answer = statuses.OUT_OF_RESOURCES
    try:
        receive(arrived.uid, arrived.file)
        answer = statuses.SUCCESS
    finally:
        arrived.taken.set_result(answer)
