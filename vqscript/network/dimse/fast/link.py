"""An association that we open with a server, on a blocking socket."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from types import TracebackType

from vqscript.errors import PeerError
from vqscript.network.dimse import sockets
from vqscript.network.dimse.address import Address
from vqscript.network.dimse.fast import pdu
from vqscript.network.dimse.fast.channel import OUR_MAXIMUM, Channel, Released
from vqscript.network.dimse.fast.pdu import Context, Malformed, Reply


class Link(Channel):
    """An association that is open within a ``with`` block: released at its end, aborted if that is an error.

    Parameters
    ----------
    address : Address
    contexts : sequence of Context
        What to ask for, at most 128.
    storing : sequence of str
        SOP classes of which we take instances (C-GET).
    ahead : int
        As for :class:`Channel`.

    Raises
    ------
    Unreachable
        Here and from every method: the server cannot be reached, went away, or was silent for too long.
    PeerError
        It rejected the association, or (from the end of the block) it sent what is no DICOM message: the methods
        raise Malformed for that.
    """

    def __init__(
        self, address: Address, contexts: Sequence[Context], storing: Sequence[str] = (), ahead: int = 1 << 16
    ) -> None:
        super().__init__(address, sockets.connect(address), ahead)
        self._contexts = {2 * n + 1: context for n, context in enumerate(contexts)}
        try:
            with self._border():
                self._reply = self._opened(contexts, storing)
        except BaseException as error:
            self.__exit__(type(error), error, None)
            raise
        self._agree(self._reply.maximum)

    def __enter__(self) -> Link:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._release()
            elif not isinstance(error, Released):
                self._abort()
        finally:
            self._socket.close()
        if isinstance(error, Malformed):
            raise self._nonsense(error) from error

    def context(self, sop_class: str) -> int:
        """Return the identifier of the context for a service; PeerError if the server does not offer that."""
        found = self.accepted(sop_class)
        if not found:
            from vqscript.imaging.dicom.values import uid_name

            hint = "is this the right server, and are we allowed to?"
            raise self._address.refused(f"does not offer {uid_name(sop_class)}", "", hint)
        return found

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

    def _opened(self, contexts: Sequence[Context], storing: Sequence[str]) -> Reply:
        try:
            return self._negotiate(contexts, storing)
        except TimeoutError:
            raise
        except OSError as error:
            raise sockets.unopened(self._address, error) from error

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

    def _release(self) -> None:
        """End in order; a server that does not answer to that has nothing to lose any more."""
        with contextlib.suppress(OSError, PeerError, Malformed):
            self._socket.sendall(pdu.RELEASE_REQUEST)
            self._take(len(pdu.RELEASE_REPLY))

    def _nonsense(self, error: Malformed) -> PeerError:
        hint = "is this the port of a DICOM server?"
        return self._address.refused(f"sent what is no DICOM message: {error}", "", hint)
