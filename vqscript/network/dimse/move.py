"""C-MOVE: the server sends to an AE title that it knows, over a connection that it opens itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vqscript.network.dimse import statuses
from vqscript.network.dimse.address import Address
from vqscript.network.dimse.fast import elements, pdu
from vqscript.network.dimse.fast.link import Link

STUDY_ROOT_MOVE = "1.2.840.10008.5.1.4.1.2.2.2"
_DESTINATION_UNKNOWN = 0xA801
_MESSAGE = 1


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


class Request:
    """A request for C-MOVE that is under way.

    Parameters
    ----------
    address : Address
    link : Link
        Made with :func:`opened`.
    identifier : mapping
        What to send, by tag: the level and the UIDs.
    to : str
        AE title.
    """

    def __init__(self, address: Address, link: Link, identifier: Mapping[int, str | int], to: str) -> None:
        self._address = address
        self._link = link
        self._to = to
        request = elements.request(elements.C_MOVE_RQ, _MESSAGE, STUDY_ROOT_MOVE, dataset=True)
        data = memoryview(elements.encode(identifier))
        link.send(link.context(STUDY_ROOT_MOVE), {**request, elements.MOVE_DESTINATION: to}, len(data), (data,))

    def answer(self) -> Moved | None:
        """Read the next answer: None if it goes on.

        Raises
        ------
        PeerError
            If the server sends nothing.
        """
        answer, _ = self._link.read_answer(elements.C_MOVE_RSP, _MESSAGE)
        status = answer.number(elements.STATUS)
        if status in statuses.PENDING:
            return None
        shown = statuses.shown(status, answer.text(elements.ERROR_COMMENT))
        completed, failed, warned = (
            answer.number(tag, 0) for tag in (elements.COMPLETED, elements.FAILED, elements.WARNED)
        )
        if status != statuses.SUCCESS and not (statuses.accepted(status) and completed + warned):
            unknown = f"the server has to know the AE title {self._to}, with its host and port"
            hint = unknown if status == _DESTINATION_UNKNOWN else ""
            raise self._address.refused(f"did not send what was asked for: {shown}", shown, hint)
        return Moved(completed, failed, warned, shown)


def opened(address: Address) -> Link:
    """Return an association for C-MOVE, of which a selector knows whether there is an answer."""
    return Link(address, [pdu.Context(STUDY_ROOT_MOVE, (elements.IMPLICIT,))], ahead=1)


def move(address: Address, identifier: Mapping[int, str | int], to: str) -> Moved:
    """Have a server send what an identifier describes to an AE title that it knows.

    Raises
    ------
    Unreachable, PeerError
        If it cannot be reached, says nothing for ``answer_timeout``, or sends nothing.
    """
    with opened(address) as link:
        request = Request(address, link, identifier, to)
        while True:
            if (moved := request.answer()) is not None:
                return moved
