"""HTTP to one server: connections that stay open, credentials, TLS, and errors that name the server."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from vqscript.config_urls import because, port_of, shown
from vqscript.errors import PeerError, Unreachable, UsageError
from vqscript.network.credentials import NOBODY, Login
from vqscript.network.tls import OURS, Tls

Body = bytes | Callable[[], Iterable[bytes]] | None
"""What is sent: bytes, or a function that yields them, from the beginning again each time it is called."""

_WHERE = "vqscript.toml names no credentials for this URL: user and password_env, or token_env, or keyring"
_NO_LOGIN = {401: _WHERE, 403: _WHERE}

MAX_REDIRECTS = 5
MAX_REASON = 2048
"""Bytes of an answer that are looked at for the reason of a refusal."""

BLOCK = 1 << 20

_QUOTED = "/?:@!$&'()*+,;=~%"
"""What may stand in a path that is quoted already; the rest is, which some servers forget."""

NO_JSON = (ValueError, RecursionError)
"""What json raises on a text that is none, or nests beyond all sense."""

CLOSED = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
"""How a connection that the server has closed shows."""

MAX_TEXT = 256 << 20
"""Bytes of an answer that is taken as a whole; DICOM objects are taken in pieces instead."""


class Http:
    """A server and the path on it that all requests begin with; may be used by several threads.

    Parameters
    ----------
    url : str
        ``http://host[:port]/path`` or ``https://...``.
    name : str
        How to call it in messages.
    login : Login
    tls : Tls
    connect, answer : float
        Seconds to wait for a connection, and for each next piece of an answer.

    Attributes
    ----------
    name, host : str
    encrypted : bool

    Raises
    ------
    UsageError
        For a URL that is none, or holds a user or password: URLs end up in logs and reports.
    """

    def __init__(
        self,
        url: str,
        *,
        name: str,
        login: Login = NOBODY,
        tls: Tls | None = None,
        connect: float = 10.0,
        answer: float = 60.0,
    ) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise UsageError(f'"{name}" is no URL of a server{because(error, url)}') from error
        if parts.username is not None or parts.password is not None:
            raise UsageError(
                f"the URL of {name} holds a user or password",
                hint="the configuration names where they are: user_env and password_env, or token_env, or keyring",
            )
        if parts.scheme not in ("http", "https") or not host or parts.query or parts.fragment:
            raise UsageError(f'"{shown(url)}" is no URL of a server', hint="as in https://pacs.example.org/dicom-web")
        self.name = name
        self._path = parts.path.rstrip("/")
        self.host, self._port = host, port or port_of(parts.scheme)
        self._tls = tls or Tls()
        self.encrypted = parts.scheme == "https"
        self._context = self._tls.client() if self.encrypted else None
        self._login = login
        self._connect, self._answer = connect, answer
        self._idle: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()

    # Asking -------------------------------------------------------------------------------

    def get(self, path: str, accept: str = "*/*", **headers: str) -> bytes:
        """Return the body of what is at a path."""
        with self.open("GET", path, accept=accept, headers=headers) as response:
            return response.read()

    def open(
        self,
        method: str,
        path: str,
        *,
        body: Body = None,
        length: int | None = None,
        accept: str = "*/*",
        headers: Mapping[str, str] | None = None,
        accepted: Iterable[int] = (),
    ) -> Response:
        """Send a request; returns the answer once its head is there, a context manager.

        Parameters
        ----------
        method, path : str
            The path is quoted already; it may hold a query.
        body, length
            What is sent, and how long it is where it is a function.
        accepted : iterable of int
            Statuses from 400 that are answers as well.

        Raises
        ------
        PeerError
            For any other status from 400, and for a redirect to another host.
        Unreachable
            If the server does not answer, or goes away.
        """
        # Whatever a server would gain by packing DICOM, unpacking and its own packing cost many times that.
        fields = {"Accept": accept, "Accept-Encoding": "identity", **(headers or {})}
        if self._login.header:
            fields["Authorization"] = self._login.header
        if length is not None:
            fields["Content-Length"] = str(length)
        target = self._path + path
        for _ in range(MAX_REDIRECTS):
            response = self._send(method, target, fields, body)
            if response.status in (301, 302, 303, 307, 308) and response.location:
                response.close()
                target = self._redirected(method, target, response)
                continue
            if response.status >= 400 and response.status not in set(accepted):
                raise self._refused(response)
            return response
        raise self.error("answers with one redirect after another", "", "is the URL the right one?")

    def _redirected(self, method: str, target: str, response: Response) -> str:
        """Return the new path on the same server; anywhere else neither credentials nor scripts may go."""
        scheme = "https" if self._context else "http"
        host = f"[{self.host}]" if ":" in self.host else self.host
        try:
            new = urlsplit(urljoin(f"{scheme}://{host}:{self._port}{target}", response.location))
            port = new.port or port_of(new.scheme)
        except ValueError as error:
            raise self.error("is at another place, which is no URL", str(response.status)) from error
        if (new.scheme, new.hostname, port) != (scheme, self.host.casefold(), self._port) or method != "GET":
            place = printable(urlunsplit((new.scheme, new.hostname or "", new.path, "", "")))
            raise self.error(
                f"is at another place: {place}", str(response.status), "if that is right, give this URL instead"
            )
        # Latin-1 is how http.client reads a head: so each byte is quoted as it came.
        path, query = (quote(part, safe=_QUOTED, encoding="latin-1") for part in (new.path, new.query))
        return path + (f"?{query}" if query else "")

    def _send(self, method: str, target: str, fields: Mapping[str, str], body: Body) -> Response:
        while True:
            with self._lock:
                connection, used = (self._idle.pop(), True) if self._idle else (self._new(), False)
            try:
                with self.errors():
                    if connection.sock is None:
                        self._dial(connection)
                    content = body() if callable(body) else body
                    connection.request(method, target, content, dict(fields))
                    return Response(self, connection, connection.getresponse())
            except Unreachable as error:
                connection.close()
                # A server may close a connection that it kept open at the very moment we use it again.
                if not used or not isinstance(error.__cause__, CLOSED):
                    raise
            except BaseException:
                connection.close()
                raise

    def _new(self) -> http.client.HTTPConnection:
        if self._context:
            return http.client.HTTPSConnection(
                self.host, self._port, timeout=self._connect, context=self._context, blocksize=BLOCK
            )
        return http.client.HTTPConnection(self.host, self._port, timeout=self._connect, blocksize=BLOCK)

    def _dial(self, connection: http.client.HTTPConnection) -> None:
        try:
            connection.connect()
        except TimeoutError as error:
            raise self._gone(f"does not answer within {self._connect:g} s", "is it the right host and port?") from error
        connection.sock.settimeout(self._answer)

    def keep(self, connection: http.client.HTTPConnection) -> None:
        """Take a connection back whose answer was read to its end."""
        with self._lock:
            self._idle.append(connection)

    def close(self) -> None:
        """Close all connections."""
        with self._lock:
            for connection in self._idle:
                connection.close()
            self._idle.clear()

    # Errors -------------------------------------------------------------------------------

    @contextlib.contextmanager
    def errors(self) -> Iterator[None]:
        """Turn what sockets, TLS and HTTP raise into errors that name the server."""
        try:
            yield
        except (ssl.SSLEOFError, ssl.SSLZeroReturnError) as error:
            raise self._closed() from error
        except ssl.SSLError as error:
            raise self.error(self._tls.failure(error)[0], "", self._tls.failure(error)[1]) from error
        except TimeoutError as error:
            raise self._gone(
                f"gave no answer for {self._answer:g} s", "timeout = ... in vqscript.toml waits longer"
            ) from error
        except socket.gaierror as error:
            raise self._gone(f"is at no known host: {self.host}", "check its name, and the network") from error
        except ConnectionRefusedError as error:
            raise self._gone(f"does not answer: nothing listens at {self.host}:{self._port}", "does it run?") from error
        except (OSError, http.client.RemoteDisconnected) as error:
            raise self._closed() from error
        except http.client.IncompleteRead as error:
            raise self.cut_off() from error
        except http.client.HTTPException as error:
            raise self.error("gave an answer that is no HTTP", "", "is it the right port?") from error

    def _gone(self, what: str, hint: str) -> Unreachable:
        return Unreachable(f"{self.name} {what}", hint=hint, peer=self.name, status="")

    def _closed(self) -> Unreachable:
        unshown = self._context is not None and self._tls.certificate is None
        hint = f"try again; it may ask for a certificate of ours: {OURS}" if unshown else "try again"
        return self._gone("closed the connection", hint)

    def cut_off(self) -> Unreachable:
        """Return the error that an answer ended too early."""
        return self._gone("closed the connection in the middle of an answer", "try again")

    def error(self, what: str, status: str, hint: str = "") -> PeerError:
        """Return the error that it refused, or gave what cannot be; ``what`` follows its name in the message."""
        return PeerError(f"{self.name} {what}", hint=hint, peer=self.name, status=status)

    def _refused(self, response: Response) -> PeerError:
        status = f"{response.status} {printable(response.reason)}".strip()
        with response:
            said = reason_of(response.some(MAX_REASON))
        of = f"the credentials of {self._login.source}"
        hints = {401: f"it does not take {of}", 403: f"{of} do not allow this"} if self._login.header else _NO_LOGIN
        hint = {**hints, 404: "is the URL the right one?"}.get(response.status, "")
        return self.error(f"refused: {status}" + (f" ({said})" if said else ""), status, hint)


class Response:
    """An answer whose body is read piece by piece; a context manager, which leaves the connection to the next one.

    Attributes
    ----------
    status : int
    reason : str
    location : str
        Where a redirect leads to.
    content_type : str
    """

    def __init__(self, server: Http, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> None:
        self.status, self.reason = answer.status, answer.reason
        self.location = answer.getheader("Location", "")
        self.content_type = answer.getheader("Content-Type", "")
        self._server, self._connection, self._answer = server, connection, answer

    def header(self, name: str) -> str:
        """Return a field of the head, "" if it is not there."""
        return self._answer.getheader(name, "") or ""

    def read(self, limit: int = MAX_TEXT) -> bytes:
        """Return what is left of the body; PeerError if it is longer than the limit."""
        data = self.some(limit + 1)
        while piece := self.some(limit + 1 - len(data)) if len(data) <= limit else b"":
            data += piece
        if len(data) > limit:
            raise self._server.error(f"answers with more than {limit >> 20} MB", str(self.status))
        return data

    def some(self, size: int) -> bytes:
        """Return up to ``size`` bytes of the body, b"" at its end; Unreachable if it ends too early."""
        with self._server.errors():
            data = self._answer.read(size)
            if not data and size and self._answer.length:
                raise http.client.IncompleteRead(data, self._answer.length)
        return data

    def close(self) -> None:
        """Give the connection back if the body was read to its end, else close it."""
        if self._answer.isclosed() and not self._answer.will_close:
            self._server.keep(self._connection)
        else:
            self._answer.close()
            self._connection.close()

    def __enter__(self) -> Response:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def printable(text: str) -> str:
    """Return what a server said, without what a terminal would obey."""
    return "".join(character for character in text if character.isprintable())


def reason_of(body: bytes) -> str:
    """Return what an answer says of a refusal, on one short line; "" if that is no text."""
    import json

    try:
        text = body.decode()
    except UnicodeDecodeError:
        return ""
    if text.lstrip().startswith("{"):
        try:
            said = json.loads(text)
        except NO_JSON:
            said = {}
        text = str(said.get("Details") or said.get("Message") or "")
    elif text.lstrip().startswith("<"):  # a page for people
        text = ""
    return printable(" ".join(text.split()))[:200]
