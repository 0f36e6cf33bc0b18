"""DICOMweb and Orthanc's REST interface: against a real Orthanc, and against answers that a server might give."""

from __future__ import annotations

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydicom import dcmread

from tests.network.conftest import ORTHANC_DICOMWEB, Made, Orthanc, write_series
from vqscript.errors import PeerError, Unreachable, UsageError
from vqscript.network.dicomweb import DicomwebPeer
from vqscript.network.filemeta import file_meta
from vqscript.network.http import Http
from vqscript.network.orthanc import OrthancPeer

Peers = dict[str, DicomwebPeer | OrthancPeer]


def web(port: int, path: str = "/dicom-web") -> DicomwebPeer:
    return DicomwebPeer(Http(f"http://127.0.0.1:{port}{path}", name="clinic", answer=10), "dicomweb+http://clinic")


def rest(port: int) -> OrthancPeer:
    return OrthancPeer(Http(f"http://127.0.0.1:{port}", name="clinic", answer=10), "orthanc+http://clinic")


@pytest.fixture(params=["dicomweb", "orthanc"])
def peer(request: pytest.FixtureRequest, orthanc: Orthanc) -> Iterator[DicomwebPeer | OrthancPeer]:
    """Each of the two, before the same Orthanc, which is empty."""
    if request.param == "dicomweb" and not ORTHANC_DICOMWEB.exists():
        pytest.skip("needs Orthanc's DICOMweb plugin (.ci/install-peers)")
    orthanc.clear()
    made = web(orthanc.http) if request.param == "dicomweb" else rest(orthanc.http)
    yield made
    made.close()


def fetched(peer: DicomwebPeer | OrthancPeer, *where: object) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    peer.retrieve(*where, lambda uid, data: found.__setitem__(uid, bytes(data)))  # type: ignore[arg-type]
    return found


def test_there_and_back(peer, orthanc: Orthanc, tmp_path: Path) -> None:
    made = write_series(
        tmp_path / "s",
        slices=25,
        PatientName="Buc^Jérôme",
        PatientComments="mouse 1",
        ManufacturerModelName="Model",
        SeriesTime="101500.25",
    )
    assert peer.echo() > 0
    sent = list(peer.send(made.paths))
    assert [one.path for one in sent] == made.paths
    assert [one.sop_uid for one in sent] == list(made.files)
    assert all(one.accepted for one in sent)
    assert orthanc.held() == set(made.files)

    wanted = ("PatientName", "PatientComments", "StudyDate", "StudyTime", "StudyDescription")
    (study,) = peer.find("STUDY", {"PatientID": "CASE-?"}, wanted)
    assert {keyword: study[keyword] for keyword in ("StudyInstanceUID", "PatientID", *wanted)} == {
        "StudyInstanceUID": made.study_uid,
        "PatientID": "CASE-1",
        "PatientName": "Buc^Jérôme",
        "PatientComments": "mouse 1",
        "StudyDate": "20240115",
        "StudyTime": "101500",
        "StudyDescription": "Chest",
    }
    wanted = ("Modality", "SeriesDescription", "ManufacturerModelName", "SeriesTime", "NumberOfSeriesRelatedInstances")
    (series,) = peer.find("SERIES", {"StudyInstanceUID": made.study_uid}, wanted)
    assert [series[keyword] for keyword in wanted] == ["CT", "Axial", "Model", "101500.25", "25"]
    assert (series["StudyInstanceUID"], series["SeriesInstanceUID"]) == (made.study_uid, made.series_uid)
    keys = {"StudyInstanceUID": made.study_uid, "SeriesInstanceUID": made.series_uid}
    instances = peer.find("IMAGE", keys, ("InstanceNumber", "SOPClassUID"))
    assert {one["SOPInstanceUID"]: one["InstanceNumber"] for one in instances} == {
        uid: str(k + 1) for k, uid in enumerate(made.files)
    }
    assert {one["SeriesInstanceUID"] for one in instances} == {made.series_uid}
    assert all(one["SOPClassUID"].startswith("1.2.840.10008.5.1.4.1.1.2") for one in instances)

    everything = fetched(peer, made.study_uid, made.series_uid, ())
    assert everything.keys() == made.files.keys()
    for uid, data in everything.items():
        path = tmp_path / "back.dcm"
        path.write_bytes(data)
        assert dcmread(path) == dcmread(made.files[uid])
    some = list(made.files)[3:6]
    assert fetched(peer, made.study_uid, made.series_uid, some).keys() == set(some)
    assert fetched(peer, made.study_uid, "", ()).keys() == made.files.keys()


def test_what_is_not_there(peer) -> None:
    assert peer.find("STUDY", {"StudyInstanceUID": "1.2.3"}) == []
    assert peer.find("SERIES", {"StudyInstanceUID": "1.2.3"}) == []
    assert peer.find("IMAGE", {"StudyInstanceUID": "1.2.3", "SeriesInstanceUID": "1.2.4"}) == []
    assert fetched(peer, "1.2.3", "1.2.4", ()) == {}


def test_uids_are_no_part_of_a_path(peer, series: Made) -> None:
    list(peer.send(series.paths))
    for odd in ("../../system", "1.2/../..", "..", "1.2?x=1", "1.2#", "a b\r\nX: y"):
        assert fetched(peer, series.study_uid, series.series_uid, [odd]) == {}, odd
        assert fetched(peer, series.study_uid, odd, ()) == {}, odd
        assert peer.find("IMAGE", {"StudyInstanceUID": series.study_uid, "SeriesInstanceUID": odd}) == [], odd


def test_a_word_that_is_no_keyword(clinic: DicomwebPeer) -> None:
    with pytest.raises(UsageError, match="no DICOM attribute"):
        clinic.find("STUDY", {}, ["PatientNaem"])


def test_what_is_refused_is_told_of_each_instance(peer, series: Made, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.write_text("no DICOM")
    broken = tmp_path / "broken.dcm"
    broken.write_bytes(series.paths[0].read_bytes()[:200])
    sent = {one.path: one for one in peer.send([series.paths[0], text, series.paths[1]])}
    assert [sent[path].accepted for path in (series.paths[0], text, series.paths[1])] == [True, False, True]
    assert sent[text].status
    (cut,) = peer.send([broken])
    assert not cut.accepted


def test_a_cut_connection_is_no_end(peer, orthanc: Orthanc, tmp_path: Path, proxy) -> None:
    made = write_series(tmp_path / "s", slices=12, side=128)
    list(peer.send(made.paths))
    between = proxy(orthanc.http)
    there = web(between.port) if peer.kind == "dicomweb" else rest(between.port)
    between.cut_to_client = 150_000
    found: dict[str, bytes] = {}
    try:
        with pytest.raises(Unreachable):  # which is what is tried again
            there.retrieve(made.study_uid, made.series_uid, (), lambda uid, data: found.__setitem__(uid, bytes(data)))
    finally:
        there.close()
    assert 0 < len(found) < 12
    for uid, data in found.items():  # those that came are whole
        assert file_meta(data).sop_uid == uid
        assert data[-512:] == made.files[uid].read_bytes()[-512:]


def test_a_silent_server_is_not_waited_for_for_ever(orthanc: Orthanc, proxy) -> None:
    between = proxy(orthanc.http)
    between.cut_to_client, between.stalled = 1, True
    there = OrthancPeer(Http(f"http://127.0.0.1:{between.port}", name="clinic", answer=0.3), "u")
    with pytest.raises(Unreachable, match=r"gave no answer for 0\.3 s"):
        there.echo()
    there.close()


# Answers that a server might give -------------------------------------------------------------


class Fake:
    """A server that gives prepared answers by path, in turn."""

    def __init__(self) -> None:
        self.answers: dict[str, list[tuple[int, dict[str, str], bytes]]] = {}
        self.asked: list[tuple[str, str, bytes]] = []
        fake = self

        class Handling(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fake.asked.append((self.command, self.path, body))
                queue = fake.answers.get(self.path.partition("?")[0], [(404, {}, b"")])
                status, fields, answer = queue.pop(0) if len(queue) > 1 else queue[0]
                self.send_response(status)
                for name, value in fields.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_POST = do_PUT = do_GET  # noqa: N815 - the names that the library looks for

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handling)
        self.server.daemon_threads = True
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def says(self, path: str, answer: object, status: int = 200, **fields: str) -> None:
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.answers.setdefault(path, []).append((status, fields, body))


@pytest.fixture
def fake() -> Iterator[Fake]:
    made = Fake()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def clinic(fake: Fake) -> Iterator[DicomwebPeer]:
    made = web(fake.port, "")
    yield made
    made.close()


@pytest.fixture
def old_orthanc(fake: Fake) -> Iterator[OrthancPeer]:
    made = rest(fake.port)
    yield made
    made.close()


def study(uid: str, **more: object) -> dict[str, object]:
    return {"0020000D": {"vr": "UI", "Value": [uid]}, **more}


def test_names_numbers_and_what_is_left_out(fake: Fake, clinic: DicomwebPeer) -> None:
    names = {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}
    fake.says(
        "/studies",
        [
            study("1", **{"00100010": {"vr": "PN", "Value": [names]}, "00201206": {"vr": "IS", "Value": [3]}}),
            study("2", **{"00100010": {"vr": "PN"}, "00080061": {"vr": "CS", "Value": ["CT", None, "PT"]}}),
            study("3", **{"00100010": {"vr": "PN", "Value": [{"Ideographic": "山田"}]}}),
        ],
    )
    wanted = ("PatientName", "NumberOfStudyRelatedSeries", "ModalitiesInStudy")
    one, two, three = clinic.find("STUDY", {}, wanted)
    assert one["PatientName"] == "Yamada^Tarou=山田^太郎=やまだ^たろう"
    assert one["NumberOfStudyRelatedSeries"] == "3" and "ModalitiesInStudy" not in one
    assert two["PatientName"] == "" and two["ModalitiesInStudy"] == "CT\\\\PT"
    assert three["PatientName"] == "=山田"


def test_a_server_that_gives_a_page_at_a_time(fake: Fake, clinic: DicomwebPeer) -> None:
    more = '299 clinic "There are 1 additional results that can be requested"'
    fake.says("/studies", [study("1"), study("2")], Warning=more)
    fake.says("/studies", [study("2"), study("3")])
    assert [one["StudyInstanceUID"] for one in clinic.find("STUDY", {})] == ["1", "2", "3"]
    assert "offset=2" in fake.asked[1][1]


def test_a_server_that_holds_answers_back_is_told(fake: Fake, clinic: DicomwebPeer) -> None:
    fake.says("/studies", [study("1")], Warning='299 clinic "more"')
    with pytest.raises(PeerError, match="holds back answers"):
        clinic.find("STUDY", {})


@pytest.mark.parametrize("answer", [b"<html>", b'{"a": 1}', b"[1]", b"\xff"])
def test_an_answer_that_is_no_dicom_json(fake: Fake, clinic: DicomwebPeer, answer: bytes) -> None:
    fake.says("/studies", answer)
    with pytest.raises(PeerError, match="no DICOM JSON"):
        clinic.find("STUDY", {})


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/dicom", b"abc"),
        ("multipart/related; boundary=b", b"--b\r\n\r\nno DICOM\r\n--b--"),
    ],
)
def test_parts_that_cannot_be_taken_apart(fake: Fake, clinic: DicomwebPeer, kind: str, body: bytes) -> None:
    fake.says("/studies/1/series/2", body, **{"Content-Type": kind})
    with pytest.raises(PeerError, match="cannot be taken apart"):
        clinic.retrieve("1", "2", (), lambda uid, data: None)


def test_an_answer_that_just_ends_is_a_connection_that_broke(fake: Fake, clinic: DicomwebPeer) -> None:
    # So that it is asked for again: nothing else says that there should have been more.
    fake.says(
        "/studies/1/series/2",
        b"--b\r\n\r\n" + bytes(128) + b"DICM",
        **{"Content-Type": "multipart/related; boundary=b"},
    )
    with pytest.raises(Unreachable, match="in the middle of an answer"):
        clinic.retrieve("1", "2", (), lambda uid, data: None)


def test_what_a_store_says_of_each_instance(fake: Fake, clinic: DicomwebPeer, series: Made) -> None:
    uids = list(series.files)

    def item(uid: str, **more: object) -> dict[str, object]:
        return {"00081155": {"vr": "UI", "Value": [uid]}, **more}

    def us(tag: str, value: int) -> dict[str, object]:
        return {tag: {"vr": "US", "Value": [value]}}

    fake.says(
        "/studies",
        {
            "00081199": {"vr": "SQ", "Value": [item(uids[0]), item(uids[1], **us("00081196", 0xB000))]},
            "00081198": {"vr": "SQ", "Value": [item(uids[2], **us("00081197", 0xA700))]},
        },
        202,
    )
    sent = list(clinic.send(series.paths))
    assert [one.accepted for one in sent] == [True, True, False, False]
    assert [one.status for one in sent] == [
        "0000",
        "B000 warning",
        "A700 out of resources",
        "the server did not say what became of it",
    ]


def test_a_store_that_says_nothing_is_no_success(fake: Fake, clinic: DicomwebPeer, series: Made) -> None:
    fake.says("/studies", b"", 200)
    with pytest.raises(PeerError, match="did not store 4 instances"):
        list(clinic.send(series.paths))


def test_orthanc_with_labels(fake: Fake, old_orthanc: OrthancPeer) -> None:
    resource = {
        "ID": "x-1",
        "MainDicomTags": {"StudyInstanceUID": "1"},
        "PatientMainDicomTags": {"PatientID": "P"},
        "RequestedTags": {"PatientComments": "c"},
        "Labels": ["pilot", "mice"],
        "Series": [],
    }
    fake.says("/system", {"Version": "1.12.4"})
    fake.says("/tools/find", [resource])
    fake.says("/tools/find", ["x-1"])
    fake.says("/studies/x-1/labels/pilot", b"")
    (found,) = old_orthanc.find("STUDY", {}, ("PatientComments", "Labels"))
    assert (found["Labels"], found["PatientComments"]) == ("pilot\\mice", "c")
    assert json.loads(fake.asked[1][2])["RequestedTags"] == ["PatientComments"]
    old_orthanc.add_label("1", "pilot")
    assert fake.asked[-1][:2] == ("PUT", "/studies/x-1/labels/pilot")
    with pytest.raises(UsageError, match="no label"):
        old_orthanc.add_label("1", "../../x")


def test_an_orthanc_that_is_none(fake: Fake, old_orthanc: OrthancPeer) -> None:
    fake.says("/system", {"hello": "world"})
    with pytest.raises(PeerError, match="is no Orthanc"):
        old_orthanc.echo()


RESOURCES = [b"null", b"[1]", b"[null]", b'[{"MainDicomTags": null}]', b'[{"Series": []}]', b"[" * 100_000]


@pytest.mark.parametrize("answer", RESOURCES)
def test_answers_that_no_orthanc_gives(fake: Fake, old_orthanc: OrthancPeer, answer: bytes) -> None:
    fake.says("/system", {"Version": "1.12.0"})
    fake.says("/tools/find", answer)
    with pytest.raises(PeerError, match=r"clinic (gave an answer that is no|tells of a study with nothing in it)"):
        old_orthanc.find("STUDY", {"PatientID": "1"}, ("StudyDate",))
    with pytest.raises(PeerError, match="clinic gave an answer that is no"):
        old_orthanc.add_label("1.2", "mice")


@pytest.mark.parametrize("answer", [b"null", b"[]", b'"1.12"', b"[" * 100_000])
def test_another_server_is_no_orthanc(fake: Fake, old_orthanc: OrthancPeer, answer: bytes) -> None:
    fake.says("/system", answer)
    for ask in (old_orthanc.echo, old_orthanc.has_labels):
        with pytest.raises(PeerError, match="clinic gave an answer that is no"):
            ask()


def test_json_without_an_end(fake: Fake, clinic: DicomwebPeer) -> None:
    fake.says("/studies", b"[" * 100_000)
    with pytest.raises(PeerError, match="no DICOM JSON"):
        clinic.find("STUDY", {}, ())
