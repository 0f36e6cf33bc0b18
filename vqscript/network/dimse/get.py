"""Fetching instances by C-GET: the server sends them over the connection on which they were asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from vqscript.errors import PeerError
from vqscript.network.dimse import part10, statuses
from vqscript.network.dimse.address import Address
from vqscript.network.dimse.fast import elements, pdu
from vqscript.network.dimse.fast.elements import Command
from vqscript.network.dimse.fast.link import Link
from vqscript.network.peer import Receiver

STUDY_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"

MOST_OFFERED = pdu.MOST_CONTEXTS - 1
"""One context is for C-GET itself."""

Identifier = Mapping[int, str | int]
"""What to send, by tag: the level and the UIDs."""


class NotOffered(PeerError):
    """The server does not do C-GET, or sends none of the SOP classes by it."""


def get(
    address: Address, identifiers: Sequence[Identifier], offer: Sequence[tuple[str, str]], receive: Receiver
) -> None:
    """Fetch what each identifier describes, over one association.

    Parameters
    ----------
    address : Address
    identifiers : sequence of mapping
    offer : sequence of (SOP class, transfer syntax)
        What may come, at most ``MOST_OFFERED``. Each gets a context of its own: in a common one the server would have
        to choose one transfer syntax for all instances, and convert or leave out those that it holds in another.
    receive : callable
        Gets each instance as a DICOM file. The bytes are valid during the call only: the next instance is read into
        the same memory.

    Raises
    ------
    NotOffered
        Nothing was asked for yet; C-MOVE may do.
    Unreachable, PeerError
        As :class:`~vqscript.network.dimse.fast.link.Link`, or the server's status says that it sent nothing.
    """
    classes = list(dict.fromkeys(sop_class for sop_class, _ in offer))
    contexts = [pdu.Context(STUDY_ROOT_GET, (elements.IMPLICIT,))]
    contexts += [pdu.Context(sop_class, (syntax,)) for sop_class, syntax in offer]
    with Link(address, contexts, classes) as link:
        context = link.accepted(STUDY_ROOT_GET)
        if not context or not any(link.accepted(one) and one in link.storing for one in classes):
            raise NotOffered(f"{address.name} does not send by C-GET", peer=address.name, status="")
        buffer = bytearray(1 << 20)
        for message, identifier in enumerate(identifiers, start=1):
            _ask(link, context, message, identifier)
            _take_all(address, link, message, buffer, receive)


def _ask(link: Link, context: int, message: int, identifier: Identifier) -> None:
    request = elements.request(elements.C_GET_RQ, message, STUDY_ROOT_GET, dataset=True)
    data = memoryview(elements.encode(identifier))
    link.send(context, request, len(data), (data,))


def _take_all(address: Address, link: Link, message: int, buffer: bytearray, receive: Receiver) -> None:
    """Take instances until the server says that these were all."""
    while True:
        context, command = link.read_command()
        kind = command.number(elements.COMMAND)
        has_dataset = command.number(elements.DATA_SET_TYPE) != elements.NO_DATA_SET
        if kind == elements.C_STORE_RQ and has_dataset:
            _take(link, context, command, buffer, receive)
            continue
        if has_dataset:
            link.drop_dataset(context)  # the UIDs that failed: who asked compares for themselves
        if kind != elements.C_GET_RSP or command.number(elements.RESPONDED_TO) != message:
            raise pdu.Malformed(f"a message of type {kind:04X} in answer to C-GET")
        status = command.number(elements.STATUS)
        if status in statuses.PENDING:
            continue
        some = command.number(elements.COMPLETED, 0) + command.number(elements.WARNED, 0)
        if status != statuses.SUCCESS and not (statuses.accepted(status) and some):
            shown = statuses.shown(status, command.text(elements.ERROR_COMMENT))
            raise address.refused(f"did not send what was asked for: {shown}", shown)
        return


def _take(link: Link, context: int, command: Command, buffer: bytearray, receive: Receiver) -> None:
    """Take one instance; it is acknowledged once the receiver has it."""
    sop_class, uid = command.text(elements.AFFECTED_SOP_CLASS), command.text(elements.AFFECTED_SOP_INSTANCE)
    head = part10.head(sop_class, uid, link.syntax(context))
    buffer[: len(head)] = head
    end = link.read_dataset(context, buffer, len(head))
    with memoryview(buffer) as whole, whole[:end] as file:
        receive(uid, file)
    link.send(
        context,
        {
            elements.AFFECTED_SOP_CLASS: sop_class,
            elements.COMMAND: elements.C_STORE_RSP,
            elements.RESPONDED_TO: command.number(elements.MESSAGE_ID),
            elements.DATA_SET_TYPE: elements.NO_DATA_SET,
            elements.STATUS: statuses.SUCCESS,
            elements.AFFECTED_SOP_INSTANCE: uid,
        },
    )
