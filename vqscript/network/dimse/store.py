"""Sending files by C-STORE."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path

from vqscript.errors import ImageError
from vqscript.network.dimse import statuses
from vqscript.network.dimse.address import Address
from vqscript.network.dimse.fast import elements, pdu
from vqscript.network.dimse.fast.link import Link
from vqscript.network.dimse.part10 import Part10, describe
from vqscript.network.peer import Sent

_READ = 1 << 20
_MESSAGE_IDS = 1 << 15


Kind = tuple[str, str]
"""SOP class and transfer syntax: what has to be agreed on before a file can be sent."""


def send(address: Address, paths: Iterable[Path]) -> Iterator[Sent]:
    """Send files in the order given, each in the transfer syntax it has; yields what became of each.

    The server is asked for exactly the contexts that the files need. What it does not take in that transfer syntax
    is not sent: nothing is transcoded.

    Raises
    ------
    Unreachable, PeerError
        As :class:`~vqscript.network.dimse.fast.link.Link`; files that were not yielded have not been confirmed.
    ImageError
        If a file could not be read to its end.
    """
    for group in _groups(paths):
        kinds = dict.fromkeys((file.sop_class, file.syntax) for file in group if isinstance(file, Part10))
        with ExitStack() as stack:
            contexts = [pdu.Context(sop_class, (syntax,)) for sop_class, syntax in kinds]
            link = stack.enter_context(Link(address, contexts)) if contexts else None
            for number, file in enumerate(group):
                if link is None or isinstance(file, Sent):
                    assert isinstance(file, Sent)
                    yield file
                else:
                    yield _send(link, file, number % _MESSAGE_IDS + 1)


def _groups(paths: Iterable[Path]) -> Iterator[list[Part10 | Sent]]:
    """Yield runs of files that need no more contexts than an association has, among them what cannot be sent."""
    group: list[Part10 | Sent] = []
    kinds: set[Kind] = set()
    for path in paths:
        try:
            file = describe(path)
        except ImageError as error:
            group.append(Sent(path, "", accepted=False, status=error.message))
            continue
        kind = (file.sop_class, file.syntax)
        if kind not in kinds and len(kinds) == pdu.MOST_CONTEXTS:
            yield group
            group, kinds = [], set()
        kinds.add(kind)
        group.append(file)
    if group:
        yield group


def _send(link: Link, file: Part10, message: int) -> Sent:
    context = link.accepted(file.sop_class, file.syntax)
    if not context:
        return Sent(file.path, file.sop_uid, accepted=False, status=_why_not(link, file))
    request = elements.request(elements.C_STORE_RQ, message, file.sop_class, dataset=True)
    request[elements.AFFECTED_SOP_INSTANCE] = file.sop_uid
    # Whole PDUs only, so that none but the last is shorter than the server takes.
    link.send(context, request, file.size, file.pieces(max(_READ // link.piece, 1) * link.piece))
    answer, _ = link.read_answer(elements.C_STORE_RSP, message)
    status = answer.number(elements.STATUS)
    shown = statuses.shown(status, answer.text(elements.ERROR_COMMENT))
    return Sent(file.path, file.sop_uid, accepted=statuses.accepted(status), status=shown)


def _why_not(link: Link, file: Part10) -> str:
    from vqscript.imaging.dicom.values import uid_name

    if link.knows(file.sop_class):
        return f"transfer syntax {uid_name(file.syntax)} not accepted"
    return f"SOP class {uid_name(file.sop_class)} not accepted"
