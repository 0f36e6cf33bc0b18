"""Instances that are received by C-STORE: filed, or kept with the reason why not."""

from __future__ import annotations

from dataclasses import dataclass

from vqscript.config import Caller
from vqscript.errors import ImageError, PeerError, RepositoryError, VqError
from vqscript.network.dimse import part10, statuses
from vqscript.network.dimse.fast.accepting import Accepting
from vqscript.pacs.listen.charset import with_charset
from vqscript.pacs.listen.events import Event, Tell
from vqscript.pacs.listen.filing import Filing, Rejection, Store, keep
from vqscript.repository.receiving import Arrived, Conflict, Mismatch

_DUPLICATE = 0x0111
_MISMATCH = 0xA900


@dataclass
class Count:
    """What an association has brought and taken."""

    received: int = 0
    known: int = 0
    rejected: int = 0
    sent: int = 0
    bytes: int = 0


class Intake:
    """Takes what one caller sends.

    Parameters
    ----------
    caller : Caller
    host : str
        Address it calls from.
    store : Store
    filing : Filing
    count : Count
        Is kept up to date.
    tell : callable
    """

    def __init__(self, caller: Caller, host: str, store: Store, filing: Filing, count: Count, tell: Tell) -> None:
        self._caller = caller
        self._host = host
        self._store = store
        self._filing = filing
        self._count = count
        self._tell = tell

    def receive(self, link: Accepting, context: int, announced: tuple[str, str]) -> tuple[int, str]:
        """Take an instance; returns the status to answer, and why it was not filed.

        Parameters
        ----------
        link : Accepting
            At the data set.
        context : int
        announced : (str, str)
            SOP class and UID that the command has.

        Raises
        ------
        Unreachable, Malformed
            As the link does; nothing of the instance is kept then.
        """
        if self._store.is_full():
            link.drop_dataset(context)
            reason = "too little room is left on the disk"
            self._refused(announced, reason)
            return statuses.OUT_OF_RESOURCES, reason
        syntax = link.syntax(context)
        head = part10.head(*announced, syntax)
        incoming = link.pieces(context)
        charset = self._caller.charset
        try:
            arrived = self._filing.take(head, with_charset(incoming, charset, syntax) if charset else incoming)
        except PeerError:
            raise
        except RepositoryError as error:
            for _ in incoming:  # the rest of it has to be read, or no answer would be understood
                pass
            self._refused(announced, error.message)
            return statuses.OUT_OF_RESOURCES, _reason(error)
        size = arrived.path.stat().st_size
        try:
            filed = self._filing.file(arrived, announced)
        except Conflict as error:
            return _DUPLICATE, self._keep(arrived, announced, error)
        except Mismatch as error:
            return _MISMATCH, self._keep(arrived, announced, error)
        except ImageError as error:
            return statuses.NOT_UNDERSTOOD, self._keep(arrived, announced, error)
        except RepositoryError as error:
            return statuses.OUT_OF_RESOURCES, self._keep(arrived, announced, error)
        self._count.bytes += size
        self._count.received += 1
        self._count.known += not filed.new
        for note in filed.notes:
            self._tell(Event("patient", f"{self._who()}: {note}", {**self._about(), "sop_uid": announced[1]}))
        return statuses.SUCCESS, ""

    def _keep(self, arrived: Arrived, announced: tuple[str, str], error: VqError) -> str:
        """Keep what could not be filed; returns the reason."""
        reason = _reason(error)
        why = Rejection(reason, self._caller.aet, self._host, *announced)
        try:
            path = keep(self._store.root, arrived, why)
        except RepositoryError as other:
            arrived.path.unlink(missing_ok=True)
            self._refused(announced, f"{reason}; and it could not be kept: {other.message}")
        else:
            self._refused(announced, reason, str(path))
        return reason

    def _refused(self, announced: tuple[str, str], reason: str, path: str = "") -> None:
        self._count.rejected += 1
        text = f"{self._who()}: instance {announced[1]} was not filed: {reason}"
        about: dict[str, str | int | float] = {**self._about(), "sop_uid": announced[1], "reason": reason}
        if path:
            text, about["path"] = f"{text}; kept as {path}", path
        self._tell(Event("rejected", text, about))

    def _who(self) -> str:
        return f"{self._caller.aet}@{self._host}"

    def _about(self) -> dict[str, str | int | float]:
        return {"caller": self._caller.aet, "host": self._host}


def _reason(error: VqError) -> str:
    """Return why an instance was not filed, as others may know it: without the paths of this machine."""
    return str(error.about.get("reason", error.message))
