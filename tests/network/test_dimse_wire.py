"""What comes over the wire from a server that breaks the rules: never taken for an answer, never a crash."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vqscript.errors import PeerError, Unreachable
from vqscript.network.dimse import DimsePeer, statuses
from vqscript.network.dimse.fast import elements, pdu
from vqscript.network.dimse.fast.elements import Command

ABORT = b"\x07\x00\x00\x00\x00\x04\x00\x00\x00\x00"
CT = "1.2.840.10008.5.1.4.1.1.2"


def item(kind: int, value: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(value)) + value


def acceptance(*parts: bytes, maximum: int = 16384) -> bytes:
    """An A-ASSOCIATE-AC that accepts context 1 in implicit VR, little endian."""
    chosen = item(0x21, b"\1\0\0\0" + item(0x40, b"1.2.840.10008.1.2"))
    user = item(0x50, item(0x51, struct.pack(">L", maximum)))
    body = struct.pack(">HH64x", 1, 0) + b"".join(parts or (chosen, user))
    return struct.pack(">BxL", 2, len(body)) + body


def value(data: bytes, context: int = 1, control: int = 3) -> bytes:
    """A P-DATA-TF with one presentation data value."""
    inner = struct.pack(">LBB", len(data) + 2, context, control) + data
    return struct.pack(">BxL", 4, len(inner)) + inner


def answer(kind: int = elements.C_ECHO_RSP, status: int = 0, message: int = 1, dataset: int = 0x0101) -> bytes:
    return elements.command(
        {
            elements.COMMAND: kind,
            elements.RESPONDED_TO: message,
            elements.DATA_SET_TYPE: dataset,
            elements.STATUS: status,
        }
    )


class Rogue:
    """Answers each thing it gets with the next of its lines."""

    def __init__(self, *lines: bytes) -> None:
        self.lines = lines
        self.heard: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        connection, _ = self._listener.accept()
        with connection, contextlib.suppress(OSError):
            connection.settimeout(10)
            for line in self.lines:
                self.heard.append(connection.recv(1 << 16))
                connection.sendall(line)
            while data := connection.recv(1 << 16):
                self.heard.append(data)

    def close(self) -> None:
        self._thread.join(10)
        self._listener.close()


@contextlib.contextmanager
def rogue(*lines: bytes) -> Iterator[tuple[DimsePeer, Rogue]]:
    server = Rogue(*lines)
    try:
        yield DimsePeer(f"dicom://ROGUE@127.0.0.1:{server.port}", answer_timeout=2), server
    finally:
        server.close()


def test_the_rogue_answers_well_when_it_wants_to():
    with rogue(acceptance(), value(answer()), pdu.RELEASE_REPLY) as (peer, server):
        assert peer.echo() > 0
    assert server.heard[-1].startswith(b"\5")


@pytest.mark.parametrize(
    "line",
    [
        b"HTTP/1.0 400 Bad Request\r\n\r\n",
        b"\x02\x00\xff\xff\xff\xff" + bytes(100),
        struct.pack(">BxL", 2, 10) + bytes(10),
        acceptance(b"\x21\x00\xff\xff\x01\x00\x00\x00"),
        acceptance(b"\x21\x00"),
        acceptance(item(0x21, b"\1\0")),
        acceptance(item(0x50, item(0x51, b"\1"))),
        acceptance(maximum=7),
        struct.pack(">BxL", 3, 2) + b"\0\1",
        struct.pack(">BxL", 9, 4) + bytes(4),
    ],
    ids=[
        "http",
        "huge",
        "short",
        "overlong-item",
        "half-item",
        "no-result",
        "half-maximum",
        "tiny-maximum",
        "no-reason",
        "unknown-type",
    ],
)
def test_a_false_start(line):
    with rogue(line) as (peer, server), pytest.raises(PeerError, match=r"ROGUE.* sent what is no DICOM") as raised:
        peer.echo()
    assert not isinstance(raised.value, Unreachable)
    assert server.heard[-1] == ABORT


@pytest.mark.parametrize(
    "line",
    [
        struct.pack(">BxL", 4, 0x7FFFFFFF) + bytes(100),
        struct.pack(">BxL", 4, 3) + bytes(3),
        struct.pack(">BxL", 4, 8) + struct.pack(">LBB", 100, 1, 3) + bytes(2),
        struct.pack(">BxL", 4, 6) + struct.pack(">LBB", 1, 1, 3),
        value(b"", control=2),
        value(answer()[:-3]),
        value(answer().replace(b"\0\0\0\1\2\0", b"\0\0\0\1\4\0")),
        value(answer(message=2)),
        value(answer(kind=elements.C_STORE_RSP)),
        value(answer(dataset=1)) + value(b"x", context=3, control=2),
        value(answer(dataset=1)) + value(answer()),
        value(elements.command({elements.COMMAND: elements.C_ECHO_RSP, elements.RESPONDED_TO: 1})),
        struct.pack(">BxL", 2, 4) + bytes(4),
        value(bytes(1 << 15), control=1) * 3,
    ],
    ids=[
        "huge",
        "half-header",
        "overlong-value",
        "short-value",
        "data-first",
        "cut-command",
        "wrong-length",
        "other-message",
        "other-kind",
        "other-context",
        "command-in-data",
        "no-status",
        "accepted-again",
        "endless-command",
    ],
)
def test_a_false_answer(line):
    with rogue(acceptance(), line) as (peer, server), pytest.raises(PeerError, match="sent what is no DICOM message"):
        peer.echo()
    assert server.heard[-1] == ABORT


def test_an_abort_and_a_release_in_place_of_an_answer_are_told_apart():
    with rogue(acceptance(), ABORT) as (peer, _), pytest.raises(Unreachable, match="aborted the association"):
        peer.echo()
    with rogue(ABORT) as (peer, _), pytest.raises(Unreachable, match="aborted the association before it was open"):
        peer.echo()
    release = b"\5" + ABORT[1:]
    with rogue(acceptance(), release) as (peer, server), pytest.raises(Unreachable, match="ended the association"):
        peer.echo()
    assert server.heard[-1] == pdu.RELEASE_REPLY


@pytest.mark.parametrize(
    ("result", "source", "reason", "said"),
    [
        (1, 1, 7, "called AE title not recognized (permanently)"),
        (1, 1, 3, "calling AE title not recognized (permanently)"),
        (2, 3, 2, "local limit exceeded (for now)"),
        (2, 3, 1, "temporary congestion (for now)"),
        (1, 2, 2, "protocol version not supported (permanently)"),
        (1, 9, 9, "source 9, reason 9 (permanently)"),
    ],
)
def test_a_rejection_is_told_in_words(result, source, reason, said):
    line = struct.pack(">BxLxBBB", 3, 4, result, source, reason)
    with rogue(line) as (peer, _), pytest.raises(PeerError) as raised:
        peer.echo()
    assert raised.value.status == said
    assert said in str(raised.value)


def test_a_service_that_is_not_offered_is_named():
    refused = item(0x21, b"\1\0\3\0" + item(0x40, b""))
    with (
        rogue(acceptance(refused)) as (peer, _),
        pytest.raises(PeerError, match="does not offer Study Root Query/Retrieve Information Model - FIND"),
    ):
        peer.find("STUDY", {})


def test_echo_with_an_unknown_status():
    with (
        rogue(acceptance(), value(answer(status=0x0122)), pdu.RELEASE_REPLY) as (peer, _),
        pytest.raises(PeerError, match="answered C-ECHO with 0122 SOP class not supported") as raised,
    ):
        peer.echo()
    assert raised.value.status == "0122 SOP class not supported"


def test_an_answer_to_a_query_that_is_no_data_set():
    found = answer(kind=elements.C_FIND_RSP, status=0xFF00, dataset=1)
    broken = struct.pack("<HHL", 8, 0x52, 1000) + b"STUDY"
    line = value(found) + value(broken, control=2)
    with rogue(acceptance(), line) as (peer, _), pytest.raises(PeerError, match=r"an element .* which are not there"):
        peer.find("STUDY", {"PatientID": "A"})


def test_an_answer_arrives_in_as_many_pieces_as_the_server_likes():
    whole = answer(status=0)
    pieces = b"".join(value(whole[at : at + 1], control=1) for at in range(len(whole) - 1))
    with rogue(acceptance(), pieces + value(whole[-1:]), pdu.RELEASE_REPLY) as (peer, _):
        assert peer.echo() > 0


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_crash_the_readers(data):
    with contextlib.suppress(pdu.Malformed):
        pdu.read_acceptance(bytes(68) + data)
    with contextlib.suppress(pdu.Malformed):
        found = Command(data)
        found.text(elements.ERROR_COMMENT)
        found.number(elements.STATUS)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_a_damaged_acceptance_is_read_or_refused(data):
    whole = bytearray(acceptance()[6:])
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(pdu.Malformed):
        pdu.read_acceptance(bytes(whole[: data.draw(st.integers(0, len(whole)))]))


@pytest.mark.parametrize(
    ("status", "taken"),
    [(0x0000, True), (0xB000, True), (0xB007, True), (0x0107, True), (0xA700, False), (0xC000, False), (0x0110, False)],
)
def test_warnings_are_acceptances(status, taken):
    assert statuses.accepted(status) is taken
