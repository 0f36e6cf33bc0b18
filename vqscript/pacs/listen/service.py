"""One association: each message that comes is answered."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from vqscript.config import Caller
from vqscript.errors import ImageError, PeerError, VqError
from vqscript.network.dimse import statuses
from vqscript.network.dimse.fast import elements
from vqscript.network.dimse.fast.accepting import C_CANCEL_RQ, REMAINING, Accepting
from vqscript.network.dimse.fast.channel import Released
from vqscript.network.dimse.fast.elements import Command
from vqscript.network.dimse.fast.pdu import Malformed
from vqscript.pacs.listen import finding, identifiers, sending
from vqscript.pacs.listen.contexts import FIND, GET, MOVE, is_storage
from vqscript.pacs.listen.events import Event, Tell
from vqscript.pacs.listen.filing import Filing, Store
from vqscript.pacs.listen.intake import Count, Intake
from vqscript.pacs.listen.sending import Outcome, Sender
from vqscript.repository.local import LocalRepository

_NOT_SUPPORTED = 0x0122
_LARGEST_IDENTIFIER = 4 << 20  # bytes; it is held in memory, and tens of thousands of UIDs fit
_LONGEST_COMMENT = 64  # of a value of VR LO


class Service:
    """Answers one caller.

    Parameters
    ----------
    link : Accepting
        Open.
    caller : Caller
    host : str
        Address it calls from.
    store : Store
    filing : Filing
    sender : Sender, optional
        What C-MOVE and C-GET send with; None where only storing is offered.
    tell : callable
    """

    def __init__(
        self,
        link: Accepting,
        caller: Caller,
        host: str,
        store: Store,
        filing: Filing,
        sender: Sender | None,
        tell: Tell,
    ) -> None:
        self.count = Count()
        self._link = link
        self._caller = caller
        self._host = host
        self._store = store
        self._intake = Intake(caller, host, store, filing, self.count, tell)
        self._sender = sender
        self._tell = tell

    def run(self) -> None:
        """Answer until the caller ends the association.

        Raises
        ------
        Unreachable
            It went away, or was silent for too long.
        Malformed
            It sent what is no DICOM message, or not one that was agreed on.
        """
        while True:
            try:
                context, command = self._link.read_command()
            except Released:
                return
            self._answer(context, command)

    def _answer(self, context: int, command: Command) -> None:
        kind = command.number(elements.COMMAND)
        has_dataset = command.number(elements.DATA_SET_TYPE) != elements.NO_DATA_SET
        sop_class = self._link.offered(context).sop_class
        if kind == elements.C_STORE_RQ and has_dataset and is_storage(sop_class):
            self._take(context, command)
        elif kind == elements.C_ECHO_RQ and not has_dataset:
            self._reply(context, command, statuses.SUCCESS)
        elif kind == elements.C_FIND_RQ and has_dataset and sop_class in FIND:
            self._find(context, command)
        elif kind in (elements.C_GET_RQ, elements.C_MOVE_RQ) and has_dataset and sop_class in GET | MOVE:
            self._send(context, command, kind, sop_class)
        elif kind != C_CANCEL_RQ:  # which may come when all has been answered already
            if has_dataset:
                self._link.drop_dataset(context)
            self._reply(context, command, _NOT_SUPPORTED)

    def _reply(
        self,
        context: int,
        command: Command,
        status: int,
        comment: str = "",
        more: Mapping[int, str | int] | None = None,
        dataset: bytes = b"",
    ) -> None:
        answer: dict[int, str | int] = {
            elements.AFFECTED_SOP_CLASS: self._link.offered(context).sop_class,
            elements.COMMAND: command.number(elements.COMMAND) | 0x8000,
            elements.RESPONDED_TO: command.number(elements.MESSAGE_ID),
            elements.DATA_SET_TYPE: elements.A_DATA_SET if dataset else elements.NO_DATA_SET,
            elements.STATUS: status,
            **(more or {}),
        }
        if comment:
            text = comment[:_LONGEST_COMMENT]
            answer[elements.ERROR_COMMENT] = text + " " * (len(text) % 2)
        self._link.send(context, answer, len(dataset), (memoryview(dataset),) if dataset else ())

    def _take(self, context: int, command: Command) -> None:
        """Answer C-STORE: with success only once the instance is where it belongs."""
        uid = command.text(elements.AFFECTED_SOP_INSTANCE)
        announced = command.text(elements.AFFECTED_SOP_CLASS), uid
        status, reason = self._intake.receive(self._link, context, announced)
        self._reply(context, command, status, reason, {elements.AFFECTED_SOP_INSTANCE: uid})

    def _identifier(self, context: int) -> bytes:
        data = bytearray()
        for piece in self._link.pieces(context):
            if len(data) + len(piece) > _LARGEST_IDENTIFIER:
                raise Malformed(f"an identifier of more than {_LARGEST_IDENTIFIER >> 20} MiB")
            data += piece
        return bytes(data)

    def _find(self, context: int, command: Command) -> None:
        data = self._identifier(context)
        syntax, message = self._link.syntax(context), command.number(elements.MESSAGE_ID)
        try:
            with LocalRepository.open(self._store.root) as repository:
                query = identifiers.read(data, syntax, self._caller.charset)
                for answer in finding.answers(repository, query, self._aet()):
                    if self._link.cancelled(message):
                        self._reply(context, command, statuses.CANCELLED)
                        return
                    found = identifiers.encoded(answer, syntax)
                    self._reply(context, command, statuses.PENDING[0], dataset=found)
        except identifiers.Refused as error:
            self._refuse(context, command, error)
        except PeerError:
            raise
        except VqError as error:
            self._fail(context, command, "C-FIND", error)
        else:
            self._reply(context, command, statuses.SUCCESS)

    def _send(self, context: int, command: Command, kind: int, sop_class: str) -> None:
        """Answer C-GET or C-MOVE: counts after each instance, and in the end what could not be sent."""
        data = self._identifier(context)
        if self._sender is None or (kind == elements.C_GET_RQ) != (sop_class in GET):
            self._reply(context, command, _NOT_SUPPORTED)
            return
        try:
            address = None
            if kind == elements.C_MOVE_RQ:
                address = self._sender.destination(command.text(elements.MOVE_DESTINATION))
            query = identifiers.read(data, self._link.syntax(context), self._caller.charset)
            with LocalRepository.open(self._store.root) as repository:
                files = sending.meant(repository, query)
        except identifiers.Refused as error:
            self._refuse(context, command, error)
            return
        except VqError as error:
            self._fail(context, command, "C-GET" if kind == elements.C_GET_RQ else "C-MOVE", error)
            return
        message = command.number(elements.MESSAGE_ID)
        sent = sending.move(address, files) if address else sending.get(self._link, message, files)
        self._report(context, command, files, sent, watch=address is not None)

    def _refuse(self, context: int, command: Command, error: identifiers.Refused) -> None:
        """Say that a query or an order cannot be followed, to the caller and to who keeps the server."""
        self._tell(Event("error", f"{self._who()}: {error.message}", self._about()))
        self._reply(context, command, error.status, error.message)

    def _fail(self, context: int, command: Command, what: str, error: VqError) -> None:
        """Say that the repository, or a file of it, is lost or damaged; where it lies, callers are not told."""
        self._tell(Event("error", f"{self._who()}: {what}: {error.message}", self._about()))
        self._reply(context, command, statuses.NOT_UNDERSTOOD, "what is stored here cannot be read")

    def _report(
        self, context: int, command: Command, files: Mapping[str, Path], sent: Iterator[Outcome], *, watch: bool
    ) -> None:
        """Send the counts while instances go out; ``watch`` for C-CANCEL, where sending itself does not."""
        message = command.number(elements.MESSAGE_ID)
        left = dict.fromkeys(files)
        outcomes: list[Outcome] = []
        status, comment = statuses.SUCCESS, ""
        try:
            for outcome in sent:
                outcomes.append(outcome)
                left.pop(outcome.sop_uid, None)
                self.count.sent += outcome.accepted
                if left:
                    self._reply(context, command, statuses.PENDING[0], more=_counts(outcomes, len(left)))
                if watch and self._link.cancelled(message):
                    raise sending.Cancelled
        except sending.Cancelled:
            status = statuses.CANCELLED
        except PeerError as error:
            if not watch:
                raise  # it is the caller itself that went away
            comment = error.message
            self._tell(Event("error", f"{self._who()}: C-MOVE: {error.message}", self._about()))
            outcomes += [Outcome(uid, accepted=False) for uid in left]
        except ImageError as error:
            if not watch:
                raise  # in the middle of a message to the caller
            comment = "an instance is damaged here"
            self._tell(Event("error", f"{self._who()}: C-MOVE: {error.message}", self._about()))
            outcomes += [Outcome(uid, accepted=False) for uid in left]
        failed = [outcome.sop_uid for outcome in outcomes if not outcome.accepted]
        if failed and status == statuses.SUCCESS:
            status = sending.SOME_SENT if len(failed) < len(outcomes) else sending.NONE_SENT
        self._conclude(
            context, command, status, comment, outcomes, failed, len(left) if status == statuses.CANCELLED else -1
        )

    def _conclude(
        self,
        context: int,
        command: Command,
        status: int,
        comment: str,
        outcomes: Sequence[Outcome],
        failed: Sequence[str],
        remaining: int,
    ) -> None:
        more = _counts(outcomes, remaining)
        if not failed:
            self._reply(context, command, status, comment, more)
            return
        data = identifiers.encoded(sending.failures(failed), self._link.syntax(context))
        self._reply(context, command, status, comment, more, data)

    def _aet(self) -> str:
        return self._sender.aet if self._sender else ""

    def _who(self) -> str:
        return f"{self._caller.aet}@{self._host}"

    def _about(self) -> dict[str, str | int | float]:
        return {"caller": self._caller.aet, "host": self._host}


def _counts(outcomes: Sequence[Outcome], remaining: int) -> dict[int, str | int]:
    """Return the counts of an answer to C-GET or C-MOVE; a negative number remaining is left out."""
    failed = sum(not one.accepted for one in outcomes)
    warned = sum(one.warned for one in outcomes)
    counts: dict[int, str | int] = {
        elements.COMPLETED: len(outcomes) - failed - warned,
        elements.FAILED: failed,
        elements.WARNED: warned,
    }
    return {REMAINING: remaining, **counts} if remaining >= 0 else counts
