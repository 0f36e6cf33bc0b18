"""Who gets into the server of our own, and who keeps nobody else out."""

from __future__ import annotations

import signal
import socket
import time
from contextlib import ExitStack, suppress

import pytest

from vqscript.config import Caller
from vqscript.errors import PeerError, Unreachable, UsageError
from vqscript.network.dimse.address import Address
from vqscript.network.dimse.fast import pdu
from vqscript.network.dimse.fast.link import Link
from vqscript.network.dimse.store import send
from vqscript.network.tls import Tls
from vqscript.pacs.listen.callers import Callers, parse_caller
from vqscript.repository.local import LocalRepository

from ..network.certificates import Authority
from ..network.conftest import free_port, make_series, series, starting
from .listening import EXPLICIT, Running, dcmtk, listen, started, stored

__all__ = ["listen", "make_series", "series", "started", "starting"]  # fixtures

VERIFICATION = "1.2.840.10008.1.1"


def test_only_callers_that_are_known(listen, series):
    running = listen(callers=Callers([parse_caller("SCANNER@localhost:104")]))
    with pytest.raises(PeerError, match="calling AE title not recognized"):
        list(send(running.address, series.paths))
    assert running.told("refused") == ["TESTER@127.0.0.1: is no caller that we know"]
    done = dcmtk("storescu", "-aet", "SCANNER", "-aec", "OURS", "127.0.0.1", running.port, *series.paths)
    assert done.returncode == 0, done.stderr


def test_a_caller_that_calls_from_elsewhere(listen, series):
    running = listen(callers=Callers([Caller("TESTER", "192.0.2.1", 104)]))
    with pytest.raises(PeerError, match="calling AE title not recognized"):
        list(send(running.address, series.paths))


def test_another_name_than_ours(listen):
    running = listen()
    done = dcmtk("echoscu", "-aec", "THEIRS", "127.0.0.1", running.port)
    assert done.returncode != 0 and "Called AE Title Not Recognized" in done.stderr
    assert running.told("refused") == ["ECHOSCU@127.0.0.1: called THEIRS, but we are OURS"]


def test_too_many_associations(listen):
    running = listen(associations=2)
    contexts = [pdu.Context("1.2.840.10008.1.1", (EXPLICIT,))]
    refused = pytest.raises(PeerError, match="local limit exceeded \\(for now\\)")
    with Link(running.address, contexts), Link(running.address, contexts), refused:
        Link(running.address, contexts)
    running.told("ended")
    give_up = time.monotonic() + 10
    while dcmtk("echoscu", "-aec", "OURS", "127.0.0.1", running.port).returncode:
        assert time.monotonic() < give_up


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.0\r\n\r\n", bytes(500), b"\1\0\xff\xff\xff\xff", b"\1\0\0\0\0\4abcd"])
def test_what_is_no_dicom_client(listen, sent):
    running = listen()
    with socket.create_connection(("127.0.0.1", running.port), timeout=20) as connection:
        connection.sendall(sent)
        connection.shutdown(socket.SHUT_WR)
        with suppress(ConnectionResetError):
            assert connection.recv(100) in (b"", pdu.ABORT_BY_USER)
    assert dcmtk("echoscu", "-aec", "OURS", "127.0.0.1", running.port).returncode == 0
    assert running.told("refused") or running.told("error")


@pytest.mark.parametrize("text", ["", "A", "A@b", "A@b:", "A@b:0", "A@b:x", "@b:1", "LONGER-THAN-SIXTEEN@b:1"])
def test_what_is_no_caller(text):
    with pytest.raises(UsageError):
        parse_caller(text)


@pytest.mark.parametrize(
    ("host", "fits"),
    [("127.0.0.0/8", True), ("127.0.0.1/32", True), ("10.0.0.0/8", False), ("::/0", False), ("127.0.0.1", True)],
)
def test_callers_of_a_network(listen, series, host, fits):
    running = listen(callers=Callers([Caller("TESTER", host, 104)]))
    if fits:
        stored(running, series)
        return
    with pytest.raises(PeerError, match="calling AE title not recognized"):
        list(send(running.address, series.paths))
    assert running.told("refused") == [f"TESTER@127.0.0.1: is to call from {host}"]


def test_nothing_is_sent_to_a_network():
    port = free_port()
    callers = Callers([Caller("A", "127.0.0.0/8", port), Caller("B", "127.0.0.1", port)])
    assert callers.destination("A") is None
    assert callers.destination("B") == Caller("B", "127.0.0.1", port)


def test_a_caller_whose_host_has_no_address_now(listen):
    running = listen(callers=Callers([Caller("SCANNER", "scanner.invalid", 104)]))
    assert dcmtk("echoscu", "-aet", "SCANNER", "-aec", "OURS", "127.0.0.1", running.port).returncode != 0
    (text,) = running.told("refused")
    assert text == "SCANNER@127.0.0.1: is to call from scanner.invalid; no address is found for scanner.invalid"


def test_callers_over_ipv6_and_ipv4_at_the_same_port(listen, series):
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    running = listen(bind="::", callers=Callers([Caller("FOUR", "127.0.0.1", 1), Caller("SIX", "::1", 1)]))
    for title, host, other in (("FOUR", "127.0.0.1", "::1"), ("SIX", "::1", "127.0.0.1")):
        assert all(one.accepted for one in send(Address("OURS", host, running.port, title), series.paths))
        with pytest.raises(PeerError, match="calling AE title not recognized"):
            list(send(Address("OURS", other, running.port, title), series.paths))


def test_connections_that_say_nothing_keep_nobody_out(listen):
    running = listen(associations=1)
    with ExitStack() as stack:
        for _ in range(100):
            stack.enter_context(socket.create_connection(("127.0.0.1", running.port), timeout=5))
        assert dcmtk("echoscu", "-aec", "OURS", "127.0.0.1", running.port).returncode == 0


def test_an_association_that_says_nothing_is_dropped(listen):
    running = listen(answer_timeout=0.3, associations=1)
    with Link(running.address, [pdu.Context(VERIFICATION, (EXPLICIT,))]) as link, pytest.raises(Unreachable):
        link.read_answer(0x8030, 1)
    assert "TESTER@127.0.0.1 was silent for 0.3 s" in running.told("ended")[0]
    assert dcmtk("echoscu", "-aec", "OURS", "127.0.0.1", running.port).returncode == 0


# -- over TLS -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority(tmp_path_factory) -> Authority:
    """The one that both sides trust."""
    return Authority.create(tmp_path_factory.mktemp("tls") / "good")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory) -> Authority:
    """Another one."""
    return Authority.create(tmp_path_factory.mktemp("tls") / "other")


@pytest.fixture
def secure(listen, authority) -> Running:
    """A server that takes only those whose certificate its authority has signed."""
    return listen(tls=Tls(authority / "ca.pem", authority / "server.pem", authority / "server.key"))


def shown(certificate: Authority, trusted: Authority, name: str = "client") -> list[object]:
    """Return DCMTK's options."""
    return ["+tls", certificate / f"{name}.key", certificate / f"{name}.pem", "+cf", trusted / "ca.pem"]


def test_storescu_over_tls(secure, authority, series):
    words = ("-aec", "OURS", *shown(authority, authority), "127.0.0.1", secure.port)
    assert dcmtk("echoscu", *words).returncode == 0
    done = dcmtk("storescu", *words, *series.paths)
    assert done.returncode == 0, done.stderr
    with secure.repository() as repository:
        assert set(repository.instances(series.study_uid)) == set(series.files)


@pytest.mark.parametrize(
    ("which", "said"),
    [
        ("none", "it showed no certificate, and --ca wants one"),
        ("stranger", "its certificate is not trusted: unable to get local issuer certificate"),
        ("expired", "its certificate is not trusted: certificate has expired"),
        ("distrust", "it does not trust our certificate (tlsv1 alert unknown ca)"),
        ("plain", "it does not speak TLS"),
    ],
)
def test_who_does_not_get_in_over_tls(secure, authority, stranger, which, said):
    options = {
        "none": ["+tla", "+cf", authority / "ca.pem"],
        "stranger": shown(stranger, authority),
        "expired": shown(authority, authority, "expired"),
        "distrust": shown(authority, stranger),
        "plain": [],
    }
    assert dcmtk("echoscu", "-aec", "OURS", *options[which], "127.0.0.1", secure.port).returncode != 0
    assert secure.told("refused") == [f"127.0.0.1: {said}"]
    assert dcmtk("echoscu", "-aec", "OURS", *shown(authority, authority), "127.0.0.1", secure.port).returncode == 0


def test_a_probe_that_hangs_up_at_once(secure):
    socket.create_connection(("127.0.0.1", secure.port)).close()
    assert secure.told("refused") == ["127.0.0.1: it hung up when TLS had hardly begun"]


def test_orthanc_stores_and_is_moved_to_over_tls(starting, listen, authority, series):
    port = free_port()
    orthanc = starting(
        "orthanc",
        DicomTlsEnabled=True,
        DicomTlsCertificate=str(authority / "server.pem"),
        DicomTlsPrivateKey=str(authority / "server.key"),
        DicomTlsTrustedCertificates=str(authority / "ca.pem"),
        DicomModalities={"ours": {"AET": "OURS", "Host": "127.0.0.1", "Port": port, "UseDicomTls": True}},
    )
    tls = Tls(authority / "ca.pem", authority / "server.pem", authority / "server.key")
    running = listen(port=port, tls=tls, callers=Callers([Caller("ORTHANC", "127.0.0.1", orthanc.dicom)]))
    for path in series.paths:
        orthanc.rest("/instances", path.read_bytes())
    (study,) = orthanc.rest("/studies")
    orthanc.rest("/modalities/ours/store", b'{"Resources": ["%s"], "Synchronous": true}' % study.encode())
    with running.repository() as repository:
        assert set(repository.instances(series.study_uid)) == set(series.files)
    orthanc.clear()
    query = orthanc.rest("/modalities/ours/query", b'{"Level": "Study", "Query": {"PatientID": "CASE-1"}}')
    orthanc.rest(f"{query['Path']}/retrieve", b'{"TargetAet": "ORTHANC", "Synchronous": true}')
    assert orthanc.held() == set(series.files)


def test_ctrl_c_ends_an_association_over_tls(started, authority, tmp_path):
    LocalRepository.create(tmp_path / "lab.repo").close()
    files = ("--certificate", authority / "server.pem", "--key", authority / "server.key", "--ca", authority / "ca.pem")
    server, port = started(tmp_path / "lab.repo", *files)
    address = Address("OURS", "127.0.0.1", port, "TESTER", tls=authority.ours, answer_timeout=30)
    with Link(address, [pdu.Context(VERIFICATION, (EXPLICIT,))]) as link:
        begun = time.monotonic()
        server.send_signal(signal.SIGTERM)
        with pytest.raises(Unreachable):
            link.read_answer(0x8030, 1)
        assert server.wait(20) == 0
        assert time.monotonic() - begun < 4, "not after the time it waits for threads that do not end"
    assert '"kind": "ended"' in server.stdout.read()
