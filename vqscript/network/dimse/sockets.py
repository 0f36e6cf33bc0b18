"""Connections to a server: within a time, over TLS where asked for, and without the delays of Nagle's algorithm."""

from __future__ import annotations

import contextlib
import io
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Buffer  # type: ignore[attr-defined]

    from vqscript.errors import Unreachable
    from vqscript.network.dimse.address import Address

_QUICK = getattr(socket, "TCP_QUICKACK", None)  # Linux only


def connect(address: Address) -> socket.socket:
    """Return a connection to a server; Unreachable says why there is none."""
    try:
        plain = socket.create_connection((address.host, address.port), timeout=address.connect_timeout)
    except TimeoutError as error:
        raise address.unreachable(f"did not answer within {address.connect_timeout:g} s", "is it on?") from error
    except OSError as error:
        hint = "are host and port right, and is it on?"
        raise address.unreachable(f"cannot be reached: {error.strerror or error}", hint) from error
    hasten(plain)
    if address.tls is None:
        return plain
    try:
        return address.tls.client().wrap_socket(plain, server_hostname=address.host)
    except OSError as error:
        plain.close()
        raise unopened(address, error) from error
    except BaseException:  # Ctrl-C, or certificates of ours that are none
        plain.close()
        raise


def unopened(address: Address, error: OSError) -> Unreachable:
    """Return the error that a connection ended before an association was open; over TLS that is how much is refused."""
    import ssl

    if address.tls and isinstance(error, ssl.SSLError):
        return address.unreachable(*address.tls.failure(error))
    said = f"closed the connection before it answered: {error.strerror or error}"
    if address.tls:
        return address.unreachable(said, "does it speak TLS on this port, and does it ask for a certificate of ours?")
    return address.unreachable(said, "is this the port of a DICOM server? one that speaks TLS is called by dicoms://")


def hasten(connection: socket.socket) -> None:
    """Send small pieces at once, and acknowledge at once what comes.

    Otherwise one side waits 40 ms for an acknowledgement that the other delays, with every instance.
    """
    with contextlib.suppress(OSError):  # it is closed already: whoever reads from it says so
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if _QUICK is not None:
            connection.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)


class Incoming(io.RawIOBase):
    """What comes over a connection, as a file to be buffered."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def readable(self) -> bool:
        """Yes, it is."""
        return True

    def readinto(self, buffer: Buffer) -> int:
        """Read what is there, at least a byte; 0 at the end."""
        count = self._connection.recv_into(buffer)
        if _QUICK is not None:
            # The kernel goes back to delaying by itself.
            self._connection.setsockopt(socket.IPPROTO_TCP, _QUICK, 1)
        return count
