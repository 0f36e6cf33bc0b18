"""The connections of a server: those that have been let in, and those that have not said yet who they are."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading

_WAITING = 64
"""Connections that may be open without an association. Who calls asks for one at once; a port scan does not."""
_CLOSING_SECONDS = 5.0


class Connections:
    """Who is connected; each is served by a thread of its own, which is how it is known here.

    Parameters
    ----------
    associations : int
        How many may be let in at the same time.
    """

    def __init__(self, associations: int) -> None:
        self._associations = associations
        self._lock = threading.Lock()
        self._waiting: dict[threading.Thread, socket.socket] = {}
        self._open: dict[threading.Thread, socket.socket] = {}

    def come(self, thread: threading.Thread, connection: socket.socket) -> None:
        """Note a new connection, and start its thread. If too many only wait, the one that waits longest is cut off.

        Raises
        ------
        RuntimeError
            If the system has no thread left; nothing is noted then.
        """
        with self._lock:
            thread.start()  # here, so that nobody sees one that cannot be joined yet
            self._waiting[thread] = connection
            if len(self._waiting) > _WAITING:
                # Not the new one: otherwise those that say nothing would keep out those that do.
                longest, its_connection = next(iter(self._waiting.items()))
                _cut(its_connection, socket.SHUT_RDWR)
                # Until its thread has noticed, the turn of others comes.
                self._waiting[longest] = self._waiting.pop(longest)

    def secured(self, connection: socket.socket) -> None:
        """Note that this thread's connection has become one over TLS, in an object of its own."""
        with self._lock:
            self._waiting[threading.current_thread()] = connection

    def let_in(self) -> bool:
        """Note that this thread opens an association; False if too many are open."""
        thread = threading.current_thread()
        with self._lock:
            if len(self._open) >= self._associations:
                return False
            self._open[thread] = self._waiting.pop(thread)
            return True

    def leave(self) -> None:
        """Forget this thread's connection."""
        with self._lock:
            for one in (self._waiting, self._open):
                one.pop(threading.current_thread(), None)

    def end(self) -> None:
        """Have every thread find the end of its connection, so that it aborts, and wait for it a while."""
        with self._lock:
            left = self._waiting | self._open
        for connection in left.values():
            _cut(connection, socket.SHUT_RD)
        for thread in left:
            thread.join(_CLOSING_SECONDS)


def _cut(connection: socket.socket, how: int) -> None:
    with contextlib.suppress(OSError):
        # That of ssl.SSLSocket would take the encryption off under the hands of the thread that reads.
        socket.socket.shutdown(connection, how)


def handshake_failure(error: OSError) -> str:
    """Return in words why TLS could not be agreed on with a caller."""
    reason = getattr(error, "reason", None) or ""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {error.verify_message}"
    if reason == "PEER_DID_NOT_RETURN_A_CERTIFICATE":
        return "it showed no certificate, and --ca wants one"
    if reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "UNEXPECTED_MESSAGE"):
        return "it does not speak TLS"
    if "ALERT" in reason and ("CA" in reason or "CERTIFICATE" in reason):
        return f"it does not trust our certificate ({reason.lower().replace('_', ' ')})"
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError | ConnectionError):
        return "it hung up when TLS had hardly begun"
    return f"no TLS: {error.strerror or error}"
