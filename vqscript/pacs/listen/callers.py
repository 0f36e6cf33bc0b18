"""Who may call, and to whom C-MOVE may send."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from dataclasses import dataclass

from vqscript.config import Caller
from vqscript.errors import UsageError


@dataclass(frozen=True)
class Callers:
    """The application entities that are known.

    Attributes
    ----------
    known : sequence of Caller
    anyone : bool
        Whether others may call as well. C-MOVE never sends to one that is not known.
    """

    known: Sequence[Caller] = ()
    anyone: bool = False

    def recognise(self, title: str, host: str) -> Caller | None:
        """Return who calls from an address of the network under an AE title, None for one who may not."""
        for caller in self.known:
            if caller.aet.strip() == title and host in addresses(caller.host):
                return caller
        return Caller(title, host, 0) if self.anyone else None

    def destination(self, title: str) -> Caller | None:
        """Return where C-MOVE sends to for an AE title, None if nobody is known by it."""
        return next((caller for caller in self.known if caller.aet.strip() == title), None)


def addresses(host: str) -> set[str]:
    """Return the addresses of a host, asked for each time: it may have another one tomorrow; none if it has no name."""
    with contextlib.suppress(OSError):
        return {str(found[4][0]) for found in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    return set()


def parse_caller(text: str) -> Caller:
    """Read ``AET@host:port``; UsageError for anything else."""
    from vqscript.network.dimse.address import check_title

    title, at, place = text.rpartition("@")
    host, colon, port = place.rpartition(":")
    if not (at and colon and host and port.isdecimal() and 0 < int(port) < 65536):
        raise UsageError(f'"{text}" is no caller', hint="as in SCANNER@10.0.0.7:104")
    check_title(title)
    return Caller(title, host.strip("[]"), int(port))
