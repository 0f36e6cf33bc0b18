"""HTTP as servers may speak it: redirects, credentials, cut connections, answers without end."""

from __future__ import annotations

import contextlib
import http.server
import socket
import ssl
import threading
from collections.abc import Callable, Iterator

import pytest

from vqscript.config import Server
from vqscript.errors import ConfigError, PeerError, Unreachable, UsageError
from vqscript.network.credentials import NOBODY, Login, login_of
from vqscript.network.http import Http
from vqscript.network.tls import Tls

from .certificates import Authority

Handler = Callable[[http.server.BaseHTTPRequestHandler], None]


class Served:
    """A server of this test: what it answers, and what it was asked."""

    def __init__(self, answer: Handler, context: ssl.SSLContext | None = None) -> None:
        self.asked: list[tuple[str, dict[str, str]]] = []
        served = self

        class Handling(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                served.asked.append((self.path, dict(self.headers)))
                answer(self)

            do_POST = do_GET  # noqa: N815 - the name that the library looks for

            def log_message(self, *_: object) -> None:
                pass

        class Quiet(http.server.ThreadingHTTPServer):
            def handle_error(self, *_: object) -> None:
                pass

        self.server = Quiet(("127.0.0.1", 0), Handling)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        if context:
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Start servers that answer as a function says."""
    made: list[Served] = []

    def start(answer: Handler, context: ssl.SSLContext | None = None) -> Served:
        made.append(Served(answer, context))
        return made[-1]

    yield start
    for one in made:
        one.server.shutdown()
        one.server.server_close()


def text(handler: http.server.BaseHTTPRequestHandler, body: bytes = b"[]", status: int = 200, **fields: str) -> None:
    """Answer with a body."""
    handler.send_response(status)
    for name, value in fields.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


_open: list[Http] = []


@pytest.fixture(autouse=True)
def closed() -> Iterator[None]:
    """Close what a test has opened."""
    yield
    while _open:
        _open.pop().close()


def at(url: str, **more: object) -> Http:
    _open.append(Http(url, name="clinic", **more))  # type: ignore[arg-type]
    return _open[-1]


def client(port: int, login: Login = NOBODY, answer: float = 2.0) -> Http:
    return at(f"http://127.0.0.1:{port}", login=login, connect=2, answer=answer)


def test_connections_stay_open_and_a_closed_one_is_made_again(serve) -> None:
    closing = False

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        text(handler)
        handler.close_connection = closing

    server = serve(answer)
    there = client(server.port)
    assert [there.get("/a"), there.get("/b")] == [b"[]", b"[]"]
    assert len(there._idle) == 1
    closing = True  # after this answer the server closes, which it does not announce
    there.get("/c")
    assert there.get("/d") == b"[]"
    there.close()
    assert [path for path, _ in server.asked] == ["/a", "/b", "/c", "/d"]


@pytest.mark.parametrize("login", [Login("Basic YW5uYTpodW50ZXIy"), Login("Bearer hunter2")])
def test_credentials_are_sent_and_never_shown(serve, login: Login) -> None:
    server = serve(lambda handler: text(handler, b"no", 401))
    there = client(server.port, login)
    with pytest.raises(PeerError) as caught:
        there.get("/studies")
    assert server.asked[0][1]["Authorization"] == login.header
    assert "hunter2" not in repr(login) + str(caught.value) + caught.value.hint + repr(caught.value.about)
    assert (caught.value.peer, caught.value.status[:3]) == ("clinic", "401")
    assert "does not take the credentials" in caught.value.hint


def test_a_redirect_is_followed_on_the_same_server_only(serve) -> None:
    elsewhere = serve(text)
    place = f"http://127.0.0.1:{elsewhere.port}/studies"

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        if handler.path == "/near":
            text(handler, b"", 307, Location="/here?x=1")
        elif handler.path == "/far":
            text(handler, b"", 302, Location=place)
        elif handler.path == "/other-host":
            text(handler, b"", 302, Location=place.replace("127.0.0.1", "localhost"))
        elif handler.path == "/nowhere":
            text(handler, b"", 302, Location="http://[bad:port/")
        elif handler.path == "/unquoted":
            text(handler, b"", 302, Location="/h\xe9 re?x=\xe9 1")
        elif handler.path == "/round":
            text(handler, b"", 302, Location="/round")
        else:
            text(handler, b"here")

    server = serve(answer)
    there = client(server.port, Login("Bearer hunter2"))
    assert there.get("/near") == b"here"
    assert server.asked[-1][0] == "/here?x=1"
    assert there.get("/unquoted") == b"here"
    assert server.asked[-1][0] == "/h%E9%20re?x=%E9%201"
    for path in ("/far", "/other-host"):
        with pytest.raises(PeerError, match="is at another place: http://"):
            there.get(path)
    with pytest.raises(PeerError, match="clinic is at another place, which is no URL"):
        there.get("/nowhere")
    assert elsewhere.asked == []
    with pytest.raises(PeerError, match="one redirect after another"):
        there.get("/round")


def test_what_is_posted_is_not_redirected(serve) -> None:
    server = serve(lambda handler: text(handler, b"", 302, Location="/there"))
    with pytest.raises(PeerError, match="another place"):
        client(server.port).open("POST", "/studies", body=b"")


def test_the_reason_of_a_refusal_is_told_without_what_a_terminal_obeys(serve) -> None:
    server = serve(lambda handler: text(handler, b'{"Message": "disk \x1b[31mfull"}', 507))
    with pytest.raises(PeerError) as caught:
        client(server.port).get("/x")
    assert "507" in str(caught.value) and "\x1b" not in str(caught.value)
    server = serve(lambda handler: text(handler, b'{"Message": "disk \\u001b[31mfull"}', 507))
    with pytest.raises(PeerError, match=r"\(disk \[31mfull\)"):
        client(server.port).get("/x")
    server = serve(lambda handler: text(handler, b"<html>" + b"x" * 9999, 500))
    with pytest.raises(PeerError) as caught:
        client(server.port).get("/x")
    assert len(str(caught.value)) < 100


def test_a_server_that_is_not_there(serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(Unreachable, match=f"nothing listens at 127.0.0.1:{port}"):
        client(port).get("/x")
    with pytest.raises(Unreachable, match=r"no known host: no-such-host\.invalid"):
        at("http://no-such-host.invalid").get("/x")


def test_a_server_that_is_silent_or_goes_away() -> None:
    for sent, message in (
        (b"", "closed the connection"),
        (b"SSH-2.0-OpenSSH\r\n", "no HTTP"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "in the middle of an answer"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc", "in the middle of an answer"),
        (None, "gave no answer for 0.3 s"),
    ):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            open_ones = []

            def once(listener=listener, sent=sent, open_ones=open_ones) -> None:
                connection, _ = listener.accept()
                connection.recv(65536)
                if sent is None:
                    open_ones.append(connection)  # kept, and silent
                    return
                connection.sendall(sent)
                connection.close()

            threading.Thread(target=once, daemon=True).start()
            with pytest.raises(PeerError, match=message):
                client(listener.getsockname()[1], answer=0.3).get("/x")
            for connection in open_ones:
                connection.close()


def test_an_answer_without_end_is_given_up(serve) -> None:
    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        handler.close_connection = True
        with contextlib.suppress(OSError):
            while True:
                handler.wfile.write(bytes(1 << 16))

    server = serve(answer)
    with client(server.port).open("GET", "/x") as response, pytest.raises(PeerError, match="more than 1 MB"):
        response.read(limit=1 << 20)


@pytest.mark.parametrize(
    "url", ["ftp://host", "http://", "http://host:99999", "http://host?x", "http://u@host", "http://u:hunter2@host"]
)
def test_urls_that_are_none(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Http(url, name="clinic")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["http://anna:hunter2@host?x", "http://host?token=hunter2", "http://anna:hunter2/x@host", "ftp://a:hunter2@h"],
)
def test_a_url_that_is_none_is_shown_without_its_secrets(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        Http(url, name="clinic")
    assert "hunter2" not in str(caught.value) + caught.value.hint


# TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """One of a hospital, which no system knows."""
    return Authority.create(tmp_path_factory.mktemp("tls") / "hospital")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another one."""
    return Authority.create(tmp_path_factory.mktemp("tls") / "other")


def secure(authority: Authority, name: str = "server") -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / f"{name}.pem", authority / f"{name}.key")
    return context


def test_a_private_authority_is_trusted_where_it_is_named(serve, authority: Authority) -> None:
    url = f"https://127.0.0.1:{serve(text, secure(authority)).port}"
    with pytest.raises(PeerError, match="certificate that is not trusted: unable to get local issuer") as caught:
        at(url).get("/x")
    assert "ca = " in caught.value.hint
    assert at(url, tls=Tls(ca=authority / "ca.pem")).get("/x") == b"[]"


@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("elsewhere", "IP address mismatch", "give the host as the certificate names it"),
        ("expired", "certificate has expired", "has to renew it"),
    ],
)
def test_certificates_are_checked(serve, authority: Authority, name: str, message: str, hint: str) -> None:
    server = serve(text, secure(authority, name))
    there = at(f"https://127.0.0.1:{server.port}", tls=Tls(ca=authority / "ca.pem"), login=Login("Bearer hunter2"))
    with pytest.raises(PeerError, match=f"clinic has a certificate that is not trusted: {message}") as caught:
        there.get("/x")
    assert hint in caught.value.hint
    assert server.asked == []


def test_our_certificate_is_shown_where_it_is_wanted(serve, authority: Authority, stranger: Authority) -> None:
    context = secure(authority)
    context.load_verify_locations(authority / "ca.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    server = serve(text, context)
    url, ca = f"https://127.0.0.1:{server.port}", authority / "ca.pem"
    with pytest.raises(PeerError, match=r"asks for a certificate of ours|closed the connection") as caught:
        at(url, tls=Tls(ca=ca)).get("/x")
    assert "certificate and key in vqscript.toml" in caught.value.hint
    with pytest.raises(PeerError, match=r"does not accept our certificate client\.pem|closed the connection"):
        at(url, tls=Tls(ca, stranger / "client.pem", stranger / "client.key")).get("/x")
    assert at(url, tls=authority.ours).get("/x") == b"[]"


def test_https_where_none_is_spoken(serve) -> None:
    with pytest.raises(PeerError, match="no common TLS"):
        at(f"https://127.0.0.1:{serve(text).port}").get("/x")


# Credentials --------------------------------------------------------------------------------


def test_credentials_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("U", "anna")
    monkeypatch.setenv("P", "hünter:2")
    monkeypatch.setenv("T", "abc.def")
    assert login_of(Server("a", "u")) is NOBODY
    assert login_of(Server("a", "u", token_env="T")).header == "Bearer abc.def"
    expected = "Basic YW5uYTpow7xudGVyOjI="
    assert login_of(Server("a", "u", user_env="U", password_env="P")).header == expected
    assert login_of(Server("a", "u", user="anna", password_env="P")).header == expected


@pytest.mark.parametrize("value", ["", "abc\r\nX-Injected: 1", "a b", "tökén"])
def test_a_token_that_cannot_be_sent_is_not_shown(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("T", value)
    with pytest.raises(ConfigError) as caught:
        login_of(Server("clinic", "u", token_env="T"))
    assert "clinic" in str(caught.value)
    assert not value or value not in str(caught.value) + caught.value.hint


def test_credentials_come_from_the_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")
    from keyring.backend import KeyringBackend

    class Memory(KeyringBackend):
        priority = 1  # type: ignore[assignment]

        def get_password(self, service: str, username: str) -> str | None:
            return {("pacs", "anna"): "hunter2", ("pacs", "token"): "abc"}.get((service, username))

        def set_password(self, service: str, username: str, password: str) -> None:
            raise NotImplementedError

    before = keyring.get_keyring()
    keyring.set_keyring(Memory())
    try:
        assert login_of(Server("a", "u", keyring="pacs", user="anna")).header == "Basic YW5uYTpodW50ZXIy"
        assert login_of(Server("a", "u", keyring="pacs")).header == "Bearer abc"
        with pytest.raises(ConfigError, match="has nothing for") as caught:
            login_of(Server("a", "u", keyring="pacs", user="bob"))
        assert "keyring set pacs bob" in caught.value.hint
    finally:
        keyring.set_keyring(before)
