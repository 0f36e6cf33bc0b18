"""Who may call, and to whom C-MOVE may send."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from vqscript.config import Caller
from vqscript.errors import UsageError


@dataclass(frozen=True)
class Callers:
    """The application entities that are known.

    Attributes
    ----------
    known : sequence of Caller
        The host of one may be a network, as ``10.0.0.0/24``; from there it may call, but C-MOVE cannot send to it.
    anyone : bool
        Whether others may call as well. C-MOVE never sends to one that is not known.
    """

    known: Sequence[Caller] = ()
    anyone: bool = False

    def __post_init__(self) -> None:
        for caller in self.known:
            _network(caller.host)  # raises for what looks like one and is none

    def recognise(self, title: str, host: str) -> Caller | None:
        """Return who calls from an address of the network under an AE title, None for one who may not."""
        for caller in self.known:
            if caller.aet.strip() == title and is_from(host, caller.host):
                return caller
        return Caller(title, host, 0) if self.anyone else None

    def destination(self, title: str) -> Caller | None:
        """Return where C-MOVE sends to for an AE title, None if nobody is known by it."""
        named = (caller for caller in self.known if caller.aet.strip() == title)
        return next((caller for caller in named if not _network(caller.host)), None)

    def why_not(self, title: str) -> str:
        """Return what to tell of a caller that is not recognised."""
        hosts = [caller.host for caller in self.known if caller.aet.strip() == title]
        if not hosts:
            return "is no caller that we know"
        nameless = [host for host in hosts if not _network(host) and not addresses(host)]
        lost = f"; no address is found for {', '.join(nameless)}" if nameless else ""
        return f"is to call from {' or '.join(hosts)}{lost}"


def is_from(address: str, host: str) -> bool:
    """Whether an address is one of a host, or in a network."""
    if network := _network(host):
        with contextlib.suppress(ValueError):
            return ip_address(address) in network
        return False
    return address in addresses(host)


def _network(host: str) -> IPv4Network | IPv6Network | None:
    """Return the network that a host stands for, None if it is one host."""
    if "/" not in host:
        return None
    try:
        return ip_network(host, strict=False)
    except ValueError as error:
        raise UsageError(f'"{host}" is no network: {error}', hint="as in 10.0.0.0/24") from error


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
    caller = Caller(title, host.strip("[]"), int(port))
    _network(caller.host)
    return caller
