"""The server: listens, lets in who may come, and answers each caller in a thread of its own."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from dataclasses import dataclass, field, replace

from vqscript.config import Caller
from vqscript.errors import UsageError, VqError
from vqscript.network.dimse import sockets
from vqscript.network.dimse.address import Address, check_title
from vqscript.network.dimse.fast import accepting
from vqscript.network.dimse.fast.accepting import Accepting, Request
from vqscript.network.dimse.fast.pdu import Malformed
from vqscript.network.tls import Tls
from vqscript.pacs.listen.callers import Callers
from vqscript.pacs.listen.connections import Connections, handshake_failure
from vqscript.pacs.listen.contexts import choose
from vqscript.pacs.listen.events import Event, Tell
from vqscript.pacs.listen.filing import Store
from vqscript.pacs.listen.intake import Count
from vqscript.pacs.listen.sending import Sender
from vqscript.pacs.listen.service import Service


@dataclass(frozen=True)
class Settings:
    """How to listen.

    Attributes
    ----------
    store : Store
    aet : str
        Our AE title; who calls for another is refused.
    port : int
        0 for any that is free.
    bind : str
        Address of the network to listen on: ``127.0.0.1`` for this machine alone, ``0.0.0.0`` for all of IPv4, ``::``
        for all of IPv6 and IPv4.
    callers : Callers
    tls : Tls, optional
    associations : int
        How many may be open at the same time; one more is refused for now.
    connect_timeout, answer_timeout : float
        Seconds: for connections that C-MOVE makes, and for which a caller may be silent.
    """

    store: Store
    aet: str
    port: int = 11112
    bind: str = "127.0.0.1"
    callers: Callers = field(default_factory=lambda: Callers(anyone=True))
    tls: Tls | None = None
    associations: int = 16
    connect_timeout: float = 10.0
    answer_timeout: float = 60.0


class Server:
    """A storage and query server in front of a repository, or of a folder.

    Parameters
    ----------
    settings : Settings
    tell : callable
        Is told what happens, from any thread, one at a time.

    Raises
    ------
    VqError
        If the port cannot be had, or the repository not be opened.
    """

    def __init__(self, settings: Settings, tell: Tell) -> None:
        check_title(settings.aet)
        for one in settings.callers.known:
            Address(one.aet, one.host, one.port, charset=one.charset)  # raises UsageError for what can be no such thing
        self._settings = settings
        self._tell_one = tell
        self._telling = threading.Lock()
        self._connections = Connections(settings.associations)
        self._context = settings.tls.server() if settings.tls else None
        settings.store.prepare()
        self._sender = None
        if not settings.store.plain:
            timeouts = settings.connect_timeout, settings.answer_timeout
            self._sender = Sender(settings.aet, settings.callers, settings.tls, *timeouts)
        family = socket.AF_INET6 if ":" in settings.bind else socket.AF_INET
        both = settings.bind == "::" and socket.has_dualstack_ipv6()
        try:
            self._listening = socket.create_server((settings.bind, settings.port), family=family, dualstack_ipv6=both)
        except OverflowError as error:
            raise UsageError(f"{settings.port} is no port", hint="1 to 65535") from error
        except OSError as error:
            raise VqError(
                f"cannot listen on {settings.bind}, port {settings.port}: {error.strerror or error}",
                hint="does another program listen there? ports below 1024 belong to the administrator",
            ) from error

    @property
    def port(self) -> int:
        """Port that is listened on."""
        return int(self._listening.getsockname()[1])

    def serve(self) -> None:
        """Answer callers until :meth:`close`, or Ctrl-C."""
        settings = self._settings
        where = f"{settings.bind} port {self.port}{' (TLS)' if settings.tls else ''}"
        about: dict[str, str | int | float] = {"aet": settings.aet, "bind": settings.bind, "port": self.port}
        self._tell(Event("listening", f"{settings.aet} listens on {where} for {settings.store.root}", about))
        try:
            while True:
                try:
                    connection, place = self._listening.accept()
                except OSError:
                    if self._listening.fileno() < 0:
                        return  # closed from another thread
                    time.sleep(0.1)  # no more file handles: some will be free again
                    continue
                # As it is called where both kinds of addresses are listened on: ::ffff:10.0.0.7 is 10.0.0.7.
                host = place[0].removeprefix("::ffff:")
                thread = threading.Thread(target=self._serve_one, args=(connection, host), daemon=True)
                try:
                    self._connections.come(thread, connection)
                except RuntimeError:  # no more threads, likewise
                    connection.close()
                    time.sleep(0.1)
        finally:
            self.close()

    def close(self) -> None:
        """Stop listening, and abort the associations that are open; what was acknowledged is filed."""
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)  # wakes up who waits in accept
        self._listening.close()
        self._connections.end()

    def _serve_one(self, connection: socket.socket, host: str) -> None:
        """Answer one caller; the body of a thread."""
        try:
            sockets.hasten(connection)
            if self._context is not None:
                connection.settimeout(self._settings.connect_timeout)
                connection = self._context.wrap_socket(connection, server_side=True)
                self._connections.secured(connection)
            self._associate(connection, host)
        except OSError as error:
            self._tell(Event("refused", f"{host}: {handshake_failure(error)}", {"host": host}))
        except Malformed as error:
            self._tell(Event("refused", f"{host}: what came is no DICOM: {error}", {"host": host}))
        except VqError as error:
            self._tell(Event("error", f"{host}: {error.message}", {"host": host}))
        finally:
            connection.close()
            self._connections.leave()

    def _associate(self, connection: socket.socket, host: str) -> None:
        settings = self._settings
        anonymous = Address("UNKNOWN", host, 0, settings.aet, answer_timeout=settings.answer_timeout, label=host)
        link = Accepting(anonymous, connection)
        request = link.read_request()
        caller = settings.callers.recognise(request.calling, host)
        why, text = self._why_not(request, caller)
        if caller is None or why is not None:
            link.reject(why or accepting.CALLING_NOT_KNOWN)
            self._tell(Event("refused", f"{request.calling}@{host}: {text}", {"caller": request.calling, "host": host}))
            return
        link.rename(replace(anonymous, label=f"{request.calling}@{host}"))
        queries = self._sender is not None
        link.accept(request, lambda context: choose(context, queries=queries, charset=caller.charset))
        self._answer(link, caller, host)

    def _why_not(self, request: Request, caller: Caller | None) -> tuple[tuple[int, int, int] | None, str]:
        """Let a caller in, or return why it is refused, for itself and for a person."""
        if request.called != self._settings.aet.strip():
            return accepting.CALLED_NOT_KNOWN, f"called {request.called}, but we are {self._settings.aet}"
        if caller is None:
            return accepting.CALLING_NOT_KNOWN, self._settings.callers.why_not(request.calling)
        if not self._connections.let_in():
            return accepting.TOO_MANY, f"more than {self._settings.associations} associations"
        return None, ""

    def _answer(self, link: Accepting, caller: Caller, host: str) -> None:
        """Answer until the association ends, and tell what it has brought."""
        settings = self._settings
        started = time.monotonic()
        how, count = "", Count()
        try:
            with settings.store.filing() as filing:
                service = Service(link, caller, host, settings.store, filing, self._sender, self._tell)
                count = service.count
                service.run()
        except Malformed as error:
            link.abort()
            how = f"sent what is no DICOM message: {error}"
        except VqError as error:
            link.abort()
            how = error.message
        seconds = time.monotonic() - started
        self._tell(_ended(caller, host, count, seconds, how))

    def _tell(self, event: Event) -> None:
        with self._telling:
            self._tell_one(event)


def _ended(caller: Caller, host: str, count: Count, seconds: float, how: str) -> Event:
    parts = [f"{count.received} received ({count.bytes / 1e6:.1f} MB)"] if count.received else []
    parts += [f"{count.known} of them known"] if count.known else []
    parts += [f"{count.rejected} rejected"] if count.rejected else []
    parts += [f"{count.sent} sent"] if count.sent else []
    text = f"{caller.aet}@{host}: {', '.join(parts) or 'nothing stored'} in {seconds:.2f} s"
    about: dict[str, str | int | float] = {
        "caller": caller.aet,
        "host": host,
        "received": count.received,
        "known": count.known,
        "rejected": count.rejected,
        "sent": count.sent,
        "bytes": count.bytes,
        "seconds": round(seconds, 3),
    }
    return Event("ended", f"{text}; aborted: {how}" if how else text, {**about, "aborted": how} if how else about)
