"""What the server of our own answers where its disk fails, and when the system has little left for it."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from vqscript.config import Caller
from vqscript.errors import PeerError
from vqscript.network.dimse import DimsePeer
from vqscript.network.dimse.fast import elements, pdu
from vqscript.network.dimse.fast.link import Link
from vqscript.pacs.listen import connections
from vqscript.pacs.listen.callers import Callers
from vqscript.pacs.listen.connections import Connections
from vqscript.repository import layout

from ..network.conftest import make_series, series
from .listening import CT, EXPLICIT, dataset_of, dcmtk, listen, of_study, stored

__all__ = ["listen", "make_series", "series"]  # fixtures


def test_each_instance_is_answered_where_nothing_can_be_written_and_taken_where_it_can_again(listen, series):
    running = listen()
    incoming = running.root / layout.INCOMING
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.write_text("in the way")
    uid, path = next(iter(series.files.items()))
    data = dataset_of(path)
    statuses = []
    with Link(running.address, [pdu.Context(CT, (EXPLICIT,))]) as link:
        for message in (1, 2, 3):
            if message == 3:
                incoming.unlink()
            request = elements.request(elements.C_STORE_RQ, message, CT, dataset=True)
            request[elements.AFFECTED_SOP_INSTANCE] = uid
            link.send(link.accepted(CT), request, len(data), (memoryview(data),))
            statuses.append(link.read_answer(elements.C_STORE_RSP, message)[0].number(elements.STATUS))
    assert statuses == [0xA700, 0xA700, 0]


def test_callers_are_not_told_where_a_lost_file_lies(listen, series):
    running = listen()
    stored(running, series)
    with running.repository() as repository:
        repository.fetch(series.study_uid, series.series_uid).instances[0].path.unlink()
    keys = {"StudyInstanceUID": series.study_uid, "SeriesInstanceUID": series.series_uid}
    with pytest.raises(PeerError, match="what is stored here cannot be read"):
        DimsePeer(running.address).find("IMAGE", keys, ("SOPInstanceUID",))
    assert str(running.root) in running.told("error")[0], "who keeps the server needs to know"


@pytest.mark.parametrize("program", ["getscu", "movescu"])
def test_a_damaged_index_is_an_answer_to_an_order_to_send(listen, series, program):
    running = listen(callers=Callers((Caller("TESTER", "127.0.0.1", 9),)))
    stored(running, series)
    running.told("ended")
    (running.root / layout.INDEX).write_bytes(b"no index " * 1000)
    for more in ("-wal", "-shm"):
        (running.root / f"{layout.INDEX}{more}").unlink(missing_ok=True)
    to = ("-aem", "TESTER") if program == "movescu" else ()
    done = dcmtk(
        program, "-v", "-S", *to, "-aet", "TESTER", "-aec", "OURS", "127.0.0.1", running.port, *of_study(series)
    )
    assert "Unable" in done.stdout + done.stderr, "an answer, no abort"
    assert "is damaged" in running.told("error")[0]


@pytest.fixture
def silent() -> Iterator[list[tuple[threading.Thread, socket.socket, socket.socket]]]:
    """Connections whose threads notice nothing until the test ends."""
    over = threading.Event()
    made = [(threading.Thread(target=over.wait, daemon=True), *socket.socketpair()) for _ in range(5)]
    yield made
    over.set()
    for thread, ours, theirs in made:
        thread.join()
        ours.close()
        theirs.close()


def test_those_that_wait_are_cut_off_in_turn_though_a_thread_is_busy(silent, monkeypatch):
    monkeypatch.setattr(connections, "_WAITING", 2)
    known = Connections(1)
    for thread, ours, _ in silent:
        known.come(thread, ours)
    for _, _, theirs in silent:
        theirs.settimeout(0.05)
    assert [_is_cut(theirs) for _, _, theirs in silent] == [True, True, True, False, False]


def _is_cut(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False


def test_where_there_is_no_thread_a_caller_is_hung_up_on_and_the_next_one_is_served(listen, monkeypatch):
    running = listen()
    time.sleep(0.05)
    start = threading.Thread.start
    left = ["can't start new thread"]

    def refusing(thread: threading.Thread) -> None:
        if left:
            raise RuntimeError(left.pop())
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", refusing)
    with socket.create_connection(("127.0.0.1", running.port), timeout=5) as connection:
        assert connection.recv(1) == b""
    assert DimsePeer(running.address).echo() > 0
