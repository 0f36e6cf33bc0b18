"""What goes wrong between us and a server: nothing is lost, nothing is called whole that is not, and all is said."""

from __future__ import annotations

import contextlib
import signal
import threading
import time
from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from pydicom import dcmread

from vqscript.errors import PeerError, Unreachable, VqError
from vqscript.network.dimse import DimsePeer

ABORT = b"\x07\x00\x00\x00\x00\x04"
RELEASE = b"\x05\x00\x00\x00\x00\x04"


def through(proxy: Any, server: Any = None, **options: Any) -> DimsePeer:
    """Return a peer that is reached over a proxy."""
    called = server.aet if server else "ANY"
    return DimsePeer(f"dicom://{called}@127.0.0.1:{proxy.port}", calling="VQ", **options)


def asked_everything(peer: DimsePeer, series: Any) -> list[Any]:
    """Return each verb as a function to call."""
    return [
        peer.echo,
        lambda: peer.find("STUDY", {"PatientID": "A"}),
        lambda: list(peer.send(series.paths)),
        lambda: peer.retrieve(series.study_uid, series.series_uid, [], print),
        lambda: peer.move(series.study_uid, series.series_uid, [], "VQ"),
    ]


def test_a_server_that_is_not_there(series, port):
    peer = DimsePeer(f"dicom://PACS@127.0.0.1:{port}", label="the archive")
    for verb in asked_everything(peer, series):
        with pytest.raises(Unreachable, match=r"^the archive cannot be reached: Connection refused$") as raised:
            verb()
        assert raised.value.peer == "the archive"
        assert raised.value.hint


def test_a_host_that_has_no_address(series):
    peer = DimsePeer("dicom://PACS@no.such.host.invalid:104")
    for verb in asked_everything(peer, series):
        with pytest.raises(Unreachable, match=r"PACS@no\.such\.host\.invalid:104 cannot be reached"):
            verb()


def test_a_server_that_does_not_know_the_name_it_is_called_by(qrscp, series):
    peer = DimsePeer(f"dicom://WRONG@127.0.0.1:{qrscp.port}")
    for verb in asked_everything(peer, series):
        with pytest.raises(PeerError, match="rejected the association: called AE title not recognized") as raised:
            verb()
        assert not isinstance(raised.value, Unreachable)
        assert "WRONG" in raised.value.hint and "VQSCRIPT" in raised.value.hint


def test_what_is_no_dicom_server(orthanc, series):
    """A web server closes the connection, or answers in its own way."""
    peer = DimsePeer(f"dicom://WEB@127.0.0.1:{orthanc.http}", answer_timeout=2)
    for verb in asked_everything(peer, series):
        with pytest.raises(PeerError, match=r"WEB@127\.0\.0\.1"):
            verb()


@pytest.mark.parametrize("by_get", [True, False])
def test_a_connection_that_is_cut_while_a_series_comes(orthanc, proxy, make_series, by_get):
    series = make_series("series", slices=8, side=64)
    assert all(one.accepted for one in DimsePeer(orthanc.url).send(series.paths))
    gate = proxy(orthanc.dicom)
    peer = through(gate, orthanc, move_port=orthanc.move_port, answer_timeout=5)
    peer._sends_by_get = by_get
    whole: dict[str, bytes] = {}

    def take(uid: str, file: bytes | memoryview) -> None:
        whole[uid] = bytes(file)
        if by_get and len(whole) == 3:
            gate.cut_to_client = gate.passed["to_client"] + 4000  # in the middle of the next one or the one after it
        elif not by_get:
            gate.stop()  # what is moved comes another way: only the request is cut

    with pytest.raises(Unreachable, match=f"ORTHANC@127.0.0.1:{gate.port}"):
        peer.retrieve(series.study_uid, series.series_uid, [], take)
    peer.close()
    assert 0 < len(whole) < 8 or not by_get
    for uid, file in whole.items():
        assert dcmread(BytesIO(file)).PixelData == dcmread(series.files[uid]).PixelData
    if by_get:
        gate.heal()
        peer.retrieve(series.study_uid, series.series_uid, sorted(set(series.files) - set(whole)), take)
        assert set(whole) == set(series.files)


def test_a_connection_that_is_cut_while_a_series_is_sent(orthanc, proxy, make_series):
    series = make_series("series", slices=8, side=64)
    orthanc.clear()
    gate = proxy(orthanc.dicom)
    gate.cut_to_server = 40_000
    confirmed = []
    with pytest.raises(Unreachable, match=f"ORTHANC@127.0.0.1:{gate.port}"):
        confirmed.extend(one for one in through(gate, orthanc).send(series.paths))
    sent = through(gate, orthanc).send(series.paths)
    gate.heal()
    confirmed = [next(sent), next(sent)]
    gate.cut_to_server = gate.passed["to_server"] + 3000
    with pytest.raises(Unreachable):
        confirmed.extend(sent)
    assert 2 <= len(confirmed) < 8
    assert {one.sop_uid for one in confirmed} <= orthanc.held() < set(series.files)


def test_a_query_that_is_cut(orthanc, proxy, series):
    list(DimsePeer(orthanc.url).send(series.paths))
    gate = proxy(orthanc.dicom)
    gate.cut_to_client = 400  # the association is open by then
    keys = {"StudyInstanceUID": series.study_uid, "SeriesInstanceUID": series.series_uid}
    with pytest.raises(Unreachable, match="ended the connection in the middle of a message"):
        through(gate, orthanc).find("IMAGE", keys)


@pytest.mark.parametrize("after", [1, 400])
def test_a_server_that_falls_silent(orthanc, proxy, make_series, after):
    """Before the association is open, and after."""
    series = make_series("series", slices=30)
    list(DimsePeer(orthanc.url).send(series.paths))
    gate = proxy(orthanc.dicom)
    gate.stalled = True
    keys = {"StudyInstanceUID": series.study_uid, "SeriesInstanceUID": series.series_uid}
    peer = through(gate, orthanc, answer_timeout=0.5)
    gate.cut_to_client = after
    for verb in (lambda: peer.find("IMAGE", keys), lambda: list(peer.send(series.paths))):
        gate.passed["to_client"] = 0
        started = time.monotonic()
        with pytest.raises(Unreachable, match=r"was silent for 0\.5 s"):
            verb()
        assert time.monotonic() - started < 20


def test_a_server_that_falls_silent_while_it_sends(orthanc, proxy, make_series):
    series = make_series("series", slices=8, side=64)
    list(DimsePeer(orthanc.url).send(series.paths))
    gate = proxy(orthanc.dicom)
    peer = through(gate, orthanc, answer_timeout=0.5)
    taken = []

    def take(uid: str, file: bytes | memoryview) -> None:
        taken.append(uid)
        gate.stalled, gate.cut_to_client = True, gate.passed["to_client"] + 10

    with pytest.raises(Unreachable, match=r"was silent for 0\.5 s"):
        peer.retrieve(series.study_uid, series.series_uid, [], take)
    assert 0 < len(taken) < 8


@contextlib.contextmanager
def answering(*statuses: int, comment: str = "") -> Iterator[int]:
    """Run a storage server that answers with these statuses in turn; gives its port."""
    from pydicom import Dataset
    from pynetdicom import AE, AllStoragePresentationContexts, evt

    left = list(statuses)

    def take(event: Any) -> Any:
        status = Dataset()
        status.Status = left.pop(0)
        if comment:
            status.ErrorComment = comment
        return status

    server = AE(ae_title="ANY")
    for context in AllStoragePresentationContexts:
        server.add_supported_context(context.abstract_syntax)
    running = server.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, take)])
    try:
        yield running.server_address[1]
    finally:
        running.shutdown()


def test_each_status_is_told_and_a_warning_is_an_acceptance(make_series):
    statuses = [0x0000, 0xB000, 0xB006, 0x0111, 0xA700, 0xA900, 0xC123, 0x0124]
    series = make_series("series", slices=len(statuses))
    with answering(*statuses) as port:
        sent = list(DimsePeer(f"dicom://ANY@127.0.0.1:{port}").send(series.paths))
    assert [(one.accepted, one.status) for one in sent] == [
        (True, "0000"),
        (True, "B000 warning"),
        (True, "B006 elements were discarded"),
        (False, "0111 duplicate SOP instance"),
        (False, "A700 out of resources"),
        (False, "A900 data set does not match SOP class"),
        (False, "C123 unable to process"),
        (False, "0124 not authorized"),
    ]


def test_what_the_server_says_of_a_status_is_told_in_one_line(make_series):
    series = make_series("series", slices=1)
    with answering(0xA700, comment="disk full\n\x1b[31m42 bytes") as port:
        (sent,) = DimsePeer(f"dicom://ANY@127.0.0.1:{port}").send(series.paths)
    assert sent.status == "A700 out of resources: disk full [31m42 bytes"


def test_the_same_instance_twice_and_another_under_its_uid(orthanc, make_series):
    """What the server makes of it is its own business; each file gets its answer."""
    series = make_series("series", slices=1)
    (path,) = series.paths
    other = path.with_name("other.dcm")
    other.write_bytes(path.read_bytes()[:-2] + b"\xff\xff")
    sent = list(DimsePeer(orthanc.url).send([path, path, other]))
    assert [one.accepted for one in sent] == [True, True, True]
    basket = {}
    DimsePeer(orthanc.url).retrieve(
        series.study_uid, series.series_uid, [], lambda uid, file: basket.__setitem__(uid, bytes(file))
    )
    ((uid, file),) = basket.items()
    assert uid in series.files
    assert file.endswith(b"\xff\xff")  # the second one replaced it there


def test_a_file_that_shrinks_while_it_is_sent_is_not_presented_as_whole(orthanc, make_series, monkeypatch):
    """Its description is a moment old when it is read."""
    orthanc.clear()
    series = make_series("series", slices=2, side=64)
    sent = DimsePeer(orthanc.url).send(series.paths)
    assert next(sent).accepted
    series.paths[1].write_bytes(series.paths[1].read_bytes()[:-100])
    with pytest.raises(VqError, match=r"0001\.dcm was cut short while it was sent"):
        next(sent)
    assert orthanc.held() == {next(iter(series.files))}


@pytest.mark.parametrize("by_get", [True, False])
def test_ctrl_c_while_a_series_comes_ends_the_association(orthanc, proxy, make_series, by_get):
    series = make_series("series", slices=8)
    list(DimsePeer(orthanc.url).send(series.paths))
    gate = proxy(orthanc.dicom)
    peer = through(gate, orthanc, move_port=orthanc.move_port)
    peer._sends_by_get = by_get
    taken = []

    def take(uid: str, file: bytes | memoryview) -> None:
        taken.append(uid)
        if len(taken) == 2:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        peer.retrieve(series.study_uid, series.series_uid, [], take)
    assert len(taken) == 2
    eventually(lambda: ABORT in gate.last["to_server"][-16:])
    again = []
    peer.retrieve(series.study_uid, series.series_uid, [], lambda uid, file: again.append(uid))
    assert sorted(again) == sorted(series.files)
    peer.close()


def test_ctrl_c_while_a_series_is_sent_ends_the_association(orthanc, proxy, make_series):
    orthanc.clear()
    series = make_series("series", slices=4)
    gate = proxy(orthanc.dicom)
    with pytest.raises(KeyboardInterrupt):
        for sent in through(gate, orthanc).send(series.paths):
            assert sent.accepted
            signal.raise_signal(signal.SIGINT)
    eventually(lambda: ABORT in gate.last["to_server"][-16:])
    assert len(orthanc.held()) == 1


def test_ctrl_c_while_a_server_is_waited_for(orthanc, proxy):
    gate = proxy(orthanc.dicom)
    gate.stalled, gate.cut_to_client = True, 250
    stop = threading.Timer(0.5, signal.pthread_kill, [threading.get_ident(), signal.SIGINT])
    stop.start()
    with pytest.raises(KeyboardInterrupt):
        through(gate, orthanc, answer_timeout=30).find("STUDY", {"PatientID": "*"})
    stop.join()
    eventually(lambda: ABORT in gate.last["to_server"][-16:])


def test_in_the_end_an_association_is_released(orthanc, proxy, series):
    gate = proxy(orthanc.dicom)
    peer = through(gate, orthanc)
    for verb in (
        peer.echo,
        lambda: list(peer.send(series.paths)),
        lambda: peer.find("STUDY", {}),
        lambda: peer.retrieve(series.study_uid, series.series_uid, [], lambda uid, file: None),
    ):
        verb()
        eventually(lambda: RELEASE in gate.last["to_server"][-16:])


def test_a_receiver_that_fails_ends_the_transfer_with_its_own_error(orthanc, make_series):
    series = make_series("series", slices=8)
    list(DimsePeer(orthanc.url).send(series.paths))
    for by_get in (True, False):
        peer = DimsePeer(orthanc.url, calling="VQ", move_port=orthanc.move_port)
        peer._sends_by_get = by_get
        taken = []

        def take(uid: str, file: bytes | memoryview, taken: list[str] = taken) -> None:
            taken.append(uid)
            raise VqError("the disk is full")

        with pytest.raises(VqError, match="the disk is full"):
            peer.retrieve(series.study_uid, series.series_uid, [], take)
        assert len(taken) == 1
        peer.close()


def test_the_bytes_of_an_instance_are_gone_once_the_next_one_comes(orthanc, series):
    """Who kept them would find another instance in their place, and is told so instead."""
    list(DimsePeer(orthanc.url).send(series.paths))
    kept: list[Any] = []
    DimsePeer(orthanc.url).retrieve(series.study_uid, series.series_uid, [], lambda uid, file: kept.append(file))
    with pytest.raises(ValueError, match="released"):
        bytes(kept[0])


def test_nobody_may_send_to_us_what_we_did_not_ask_for(orthanc, series):
    """The port stays open between series."""
    list(DimsePeer(orthanc.url).send(series.paths))
    peer = DimsePeer(orthanc.url, calling="VQ", move_port=orthanc.move_port)
    peer._sends_by_get = False
    taken = []
    peer.retrieve(series.study_uid, series.series_uid, [], lambda uid, file: taken.append(uid))
    intruder = DimsePeer(f"dicom://VQ@127.0.0.1:{orthanc.move_port}")
    assert [one.accepted for one in intruder.send(series.paths)] == [False] * 4
    wrong_name = DimsePeer(f"dicom://OTHER@127.0.0.1:{orthanc.move_port}")
    with pytest.raises(PeerError, match="called AE title not recognized"):
        list(wrong_name.send(series.paths))
    peer.close()
    assert len(taken) == 4


def eventually(fits: Any) -> None:
    """Wait until something is so."""
    give_up = time.monotonic() + 10
    while not fits():
        assert time.monotonic() < give_up
        time.sleep(0.01)
