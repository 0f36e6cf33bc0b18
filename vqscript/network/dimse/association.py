"""Associations for all but bulk data: pynetdicom opens them, and says why it could not."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from vqscript.errors import PeerError
from vqscript.network.dimse import sockets, statuses
from vqscript.network.dimse.address import Address
from vqscript.network.dimse.fast import pdu

if TYPE_CHECKING:
    from pydicom import Dataset
    from pynetdicom import AE
    from pynetdicom.association import Association
    from pynetdicom.events import Event

LARGEST_PDU = 1 << 20


def entity(title: str) -> AE:
    """Return pynetdicom's application entity under a title of ours, as we use it everywhere."""
    from pynetdicom import AE, _config

    # To log identifiers it would decode each element, in the character set the server claims.
    _config.LOG_REQUEST_IDENTIFIERS = _config.LOG_RESPONSE_IDENTIFIERS = False
    made = AE(ae_title=title)
    made.maximum_pdu_size = LARGEST_PDU
    return made


def hasten(event: Event) -> None:
    """Set up a new connection as :func:`vqscript.network.dimse.sockets.hasten` does (a handler of EVT_CONN_OPEN)."""
    transport = event.assoc.dul.socket
    if transport is not None and transport.socket is not None:
        sockets.hasten(transport.socket)


@contextlib.contextmanager
def opened(address: Address, sop_class: str, *, patient: bool = False) -> Iterator[Association]:
    """Open an association for one SOP class; released at the end of the block, aborted if that is an error.

    Parameters
    ----------
    address : Address
    sop_class : str
    patient : bool
        Wait for messages as long as it takes; the caller sees otherwise that the server is alive.

    Raises
    ------
    Unreachable, PeerError
        If the server cannot be reached, or does not want to talk, or not about this.
    """
    from pynetdicom import evt

    caller = entity(address.calling)
    caller.connection_timeout = address.connect_timeout
    caller.acse_timeout = address.answer_timeout
    caller.dimse_timeout = caller.network_timeout = None if patient else address.answer_timeout
    caller.add_requested_context(sop_class)
    tls = (address.tls.client(), address.host) if address.tls else None
    started = time.monotonic()
    try:
        association = caller.associate(
            address.host,
            address.port,
            ae_title=address.called,
            max_pdu=LARGEST_PDU,
            tls_args=tls,
            evt_handlers=[(evt.EVT_CONN_OPEN, hasten)],
        )
    except OSError as error:  # no such host
        raise address.unreachable(f"cannot be reached: {error.strerror or error}", "is its name right?") from error
    if not association.is_established:
        raise _why_not(address, association, sop_class, time.monotonic() - started)
    try:
        yield association
    except BaseException:
        association.abort()
        raise
    association.release()


def check(address: Address, status: Dataset, started: float) -> int:
    """Return the status of an answer; Unreachable where none came.

    Parameters
    ----------
    status : Dataset
        As pynetdicom gives it: empty where the connection broke, or nothing came in time.
    started : float
        When waiting began, by ``time.monotonic``.
    """
    if "Status" in status:
        return int(status.Status)
    if time.monotonic() - started >= address.answer_timeout:
        raise address.unreachable(f"was silent for {address.answer_timeout:g} s", "is it busy? try again")
    raise address.unreachable("ended the connection before it had answered", "try again")


def shown(status: Dataset) -> str:
    """Return a status as text, with the comment of the server."""
    return statuses.shown(int(status.Status), str(status.get("ErrorComment", "") or ""))


def _why_not(address: Address, association: Association, sop_class: str, seconds: float) -> PeerError:
    answer: Any = association.acceptor.primitive
    if association.is_rejected and answer is not None:
        return address.rejected(pdu.rejection(answer.result, answer.result_source, answer.diagnostic))
    if association.rejected_contexts:
        from vqscript.imaging.dicom.values import uid_name

        return address.refused(f"does not offer {uid_name(sop_class)}", "", "is this the right server?")
    if seconds >= address.answer_timeout:
        return address.unreachable(f"was silent for {address.answer_timeout:g} s", "is it busy? try again")
    # pynetdicom only logs why it could not connect: knock once more, and say what happens.
    sockets.connect(address).close()
    return address.unreachable("ended the connection before the association was open", "does it know our AE title?")
