"""The DIMSE peer before real servers: Orthanc, which answers freely, and dcmqrscp, which is strict."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ImplicitVRLittleEndian, RLELossless

from vqscript.errors import PeerError, UsageError
from vqscript.network.dimse import DimsePeer
from vqscript.network.dimse.offers import offers

CT = "1.2.840.10008.5.1.4.1.1.2"
HANGING_PROTOCOL = "1.2.840.10008.5.1.4.38.1"


@pytest.fixture(params=["orthanc", "qrscp"])
def peer(request: pytest.FixtureRequest) -> Iterator[DimsePeer]:
    """One of the servers, which knows us as VQ."""
    server = request.getfixturevalue(request.param)
    made = DimsePeer(server.url, calling="VQ", move_port=server.move_port)
    yield made
    made.close()


class Basket:
    """Takes what is fetched."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}

    def __call__(self, uid: str, file: bytes | memoryview) -> None:
        self.files[uid] = bytes(file)


def parsed(file: bytes) -> Dataset:
    """Return a fetched file as a data set."""
    return dcmread(BytesIO(file))


def stored(peer: DimsePeer, *series: Any) -> None:
    """Send series that have to be accepted."""
    sent = list(peer.send([path for one in series for path in one.paths]))
    assert [one.status for one in sent] == ["0000"] * len(sent)


def test_echo_takes_a_moment(peer):
    assert 0 < peer.echo() < 10


def test_what_is_sent_comes_back_whole(peer, series):
    stored(peer, series)
    basket = Basket()
    peer.retrieve(series.study_uid, series.series_uid, [], basket)
    assert set(basket.files) == set(series.files)
    for uid, path in series.files.items():
        back, sent = parsed(basket.files[uid]), dcmread(path)
        assert back.file_meta.MediaStorageSOPInstanceUID == uid
        assert back.file_meta.MediaStorageSOPClassUID == CT
        assert back == sent


def test_by_c_move_comes_the_same_as_by_c_get(peer, series):
    stored(peer, series)
    got, moved = Basket(), Basket()
    peer.retrieve(series.study_uid, series.series_uid, [], got)
    assert peer._sends_by_get is True
    peer._sends_by_get = False
    peer.retrieve(series.study_uid, series.series_uid, [], moved)
    assert set(moved.files) == set(series.files)
    # The server chooses the transfer syntax of what it sends on its own.
    assert [parsed(moved.files[uid]) for uid in series.files] == [parsed(got.files[uid]) for uid in series.files]


@pytest.mark.parametrize("by_get", [True, False])
def test_single_instances_and_whole_studies_are_fetched(peer, make_series, by_get):
    first = make_series("first")
    second = make_series("second", StudyInstanceUID=first.study_uid, SeriesNumber="4")
    stored(peer, first, second)
    peer._sends_by_get = by_get
    two, whole = Basket(), Basket()
    wanted = list(first.files)[1:3]
    peer.retrieve(first.study_uid, first.series_uid, wanted, two)
    peer.retrieve(first.study_uid, "", [], whole)
    assert set(two.files) == set(wanted)
    assert set(whole.files) == {*first.files, *second.files}


def test_many_instances_are_named_in_several_requests(peer, make_series):
    many = make_series("many", slices=130, side=2)
    stored(peer, many)
    wanted = list(many.files)[:120]
    basket = Basket()
    peer.retrieve(many.study_uid, many.series_uid, wanted, basket)
    assert set(basket.files) == set(wanted)


def test_queries_at_each_level(peer, make_series):
    series = make_series("one", PatientID="LEVELS", PatientName="Level^Test")
    stored(peer, series)
    (study,) = peer.find("STUDY", {"PatientID": "LEVELS"}, ["PatientName", "StudyDate"])
    assert study == {
        "PatientID": "LEVELS",
        "PatientName": "Level^Test",
        "StudyDate": "20240115",
        "StudyInstanceUID": series.study_uid,
    }
    (one,) = peer.find("SERIES", {"StudyInstanceUID": series.study_uid}, ["Modality", "SeriesNumber"])
    assert (one["SeriesInstanceUID"], one["Modality"], one["SeriesNumber"]) == (series.series_uid, "CT", "3")
    keys = {"StudyInstanceUID": series.study_uid, "SeriesInstanceUID": series.series_uid}
    images = peer.find("IMAGE", keys, ["InstanceNumber"])
    assert {image["SOPInstanceUID"]: image["InstanceNumber"] for image in images} == {
        uid: str(n) for n, uid in enumerate(series.files, start=1)
    }


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"PatientID": "MATCH-*"}, True),
        ({"PatientName": "Match*"}, True),
        ({"PatientName": "Other*"}, False),
        ({"PatientID": "MATCH-?", "StudyDate": "20230101-20230630"}, True),
        ({"PatientID": "MATCH-1", "StudyDate": "20230701-"}, False),
        ({"PatientID": "MATCH-1", "StudyDate": "-20230301"}, True),
    ],
)
def test_patterns_and_ranges_match_as_dicom_says(peer, make_series, keys, found):
    series = make_series("one", slices=1, PatientID="MATCH-1", PatientName="Match^Me", StudyDate="20230301")
    stored(peer, series)
    answers = peer.find("STUDY", keys)
    assert (series.study_uid in {one["StudyInstanceUID"] for one in answers}) is found


def test_a_series_is_found_without_the_uid_of_its_study(peer, series):
    stored(peer, series)
    (found,) = peer.find("SERIES", {"SeriesInstanceUID": series.series_uid}, ["Modality"])
    assert (found["StudyInstanceUID"], found["Modality"]) == (series.study_uid, "CT")


def test_an_instance_is_found_by_the_patient_and_its_own_uid_only(peer, make_series):
    series = make_series("one", PatientID="DEEP")
    stored(peer, series)
    uid = list(series.files)[2]
    (found,) = peer.find("IMAGE", {"PatientID": "DEEP", "SOPInstanceUID": uid}, ["InstanceNumber"])
    assert (found["SeriesInstanceUID"], found["InstanceNumber"]) == (series.series_uid, "3")


def test_nothing_fits(peer):
    assert peer.find("STUDY", {"PatientID": "NOBODY"}) == []
    assert peer.find("SERIES", {"StudyInstanceUID": "1.2.3"}) == []


def test_a_word_that_is_no_keyword_is_refused_before_asking(peer):
    with pytest.raises(UsageError, match='"PatientsName" is no DICOM keyword') as raised:
        peer.find("STUDY", {"PatientsName": "A*"})
    assert raised.value.hint == 'did you mean "PatientName"?'
    with pytest.raises(UsageError, match="Rows"):
        peer.find("STUDY", {"Rows": "many"})


def test_names_are_unicode_both_ways(peer, make_series):
    series = make_series("one", slices=1, PatientName="Grün^Zoë", PatientID="UMLAUT")
    stored(peer, series)
    (found,) = peer.find("STUDY", {"PatientID": "UMLAUT"}, ["PatientName"])
    assert found["PatientName"] == "Grün^Zoë"


def test_kanji_survive_with_the_backslashes_that_are_halves_of_characters(qrscp, make_series):
    """In Shift-JIS and in ISO 2022 a byte of a character may be that of a backslash."""
    name = "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう"
    series = make_series(
        "one", slices=1, PatientName=name, PatientID="KANJI", SpecificCharacterSet=["ISO_IR 13", "ISO 2022 IR 87"]
    )
    peer = DimsePeer(qrscp.url, calling="VQ")
    stored(peer, series)
    (found,) = peer.find("STUDY", {"PatientID": "KANJI"}, ["PatientName"])
    assert found["PatientName"] == name


def test_a_charset_of_ours_overrides_that_of_the_server(make_series, starting):
    """An archive that holds Latin-1 and says Greek."""
    series = make_series("one", slices=1, PatientName="Gr^Zo", PatientID="GREEK", SpecificCharacterSet="ISO_IR 126")
    (path,) = series.paths
    path.write_bytes(path.read_bytes().replace(b"Gr^Zo", b"Gr\xfc^Z"))
    server = starting("qrscp")
    stored(DimsePeer(server.url), series)
    (wrong,) = DimsePeer(server.url).find("STUDY", {"PatientID": "GREEK"}, ["PatientName"])
    assert wrong["PatientName"] == "Grό^Z"
    corrected = DimsePeer(server.url, charset="ISO_IR 100")
    (right,) = corrected.find("STUDY", {"PatientID": "GREEK"}, ["PatientName"])
    assert right["PatientName"] == "Grü^Z"


def test_bytes_that_are_none_of_the_stated_character_set_do_not_stop_a_query(starting, make_series):
    series = make_series("one", slices=1, PatientName="Gr^Zo", PatientID="BROKEN", SpecificCharacterSet="ISO_IR 192")
    (path,) = series.paths
    path.write_bytes(path.read_bytes().replace(b"Gr^Zo", b"Gr\xfc^Z"))
    server = starting("qrscp")
    stored(DimsePeer(server.url), series)
    (found,) = DimsePeer(server.url).find("STUDY", {"PatientID": "BROKEN"}, ["PatientName"])
    assert found["PatientName"] == "Gr�^Z"


def test_an_attribute_that_the_server_leaves_out_is_absent(qrscp, series):
    peer = DimsePeer(qrscp.url)
    stored(peer, series)
    (found,) = peer.find("SERIES", {"StudyInstanceUID": series.study_uid}, ["SeriesDescription", "Modality"])
    assert "SeriesDescription" not in found  # dcmqrscp keeps none
    assert found["Modality"] == "CT"


def test_sequences_and_bulk_data_in_an_answer_are_left_out(orthanc, series):
    peer = DimsePeer(orthanc.url)
    stored(peer, series)
    wanted = ["RequestAttributesSequence", "Modality", "NumberOfSeriesRelatedInstances"]
    (found,) = peer.find("SERIES", {"StudyInstanceUID": series.study_uid}, wanted)
    assert found["Modality"] == "CT"
    assert "RequestAttributesSequence" not in found


def test_each_file_goes_in_its_own_transfer_syntax(orthanc, make_series):
    peer, files = DimsePeer(orthanc.url), []
    for n, syntax in enumerate((None, ImplicitVRLittleEndian, RLELossless)):
        made = make_series(f"series{n}", slices=1, StudyInstanceUID="1.2.3.4.5", PatientID="SYNTAXES")
        (path,) = made.paths
        if syntax == ImplicitVRLittleEndian:
            dataset = dcmread(path)
            dataset.file_meta.TransferSyntaxUID = syntax
            dataset.save_as(path, implicit_vr=True, little_endian=True, enforce_file_format=True)
        elif syntax:
            dataset = dcmread(path)
            dataset.compress(syntax, generate_instance_uid=False)
            dataset.save_as(path)
        files.append(made)
    stored(peer, *files)
    for made in files:
        ((uid, path),) = made.files.items()
        basket = Basket()
        peer.retrieve(made.study_uid, made.series_uid, [], basket)
        back, sent = parsed(basket.files[uid]), dcmread(path)
        assert back.file_meta.TransferSyntaxUID == sent.file_meta.TransferSyntaxUID
        assert (back.pixel_array == sent.pixel_array).all()


def test_files_of_real_scanners_come_back_element_by_element(orthanc, data):
    """CT, PET, MR, RTSTRUCT, SEG, SR, enhanced ones; each in the transfer syntax it had."""
    folders = sorted({path.parent for path in data.rglob("*.dcm")})
    paths = [min(folder.glob("*.dcm")) for folder in folders]
    peer = DimsePeer(orthanc.url)
    sent = list(peer.send(paths))
    assert len(sent) > 15
    assert {one.status for one in sent} == {"0000"}
    for one in sent:
        basket, original = Basket(), dcmread(one.path)
        peer.retrieve(original.StudyInstanceUID, original.SeriesInstanceUID, [one.sop_uid], basket)
        back = parsed(basket.files[one.sop_uid])
        assert back == original
        assert back.file_meta.TransferSyntaxUID == original.file_meta.TransferSyntaxUID


def test_what_a_server_does_not_take_is_said_file_by_file(starting, make_series, tmp_path):
    plain, packed = make_series("plain", slices=1), make_series("packed", slices=1)
    hanging = make_series("hanging", slices=1, SOPClassUID=HANGING_PROTOCOL)
    dataset = dcmread(packed.paths[0])
    dataset.compress(RLELossless, generate_instance_uid=False)
    dataset.save_as(packed.paths[0])
    text = tmp_path / "notes.txt"
    text.write_text("no DICOM")
    server = starting("qrscp")  # takes uncompressed images only, by default
    paths = [text, packed.paths[0], hanging.paths[0], plain.paths[0], tmp_path / "absent.dcm"]
    sent = list(DimsePeer(server.url).send(paths))
    assert [one.path for one in sent] == paths
    assert [one.accepted for one in sent] == [False, False, False, True, False]
    assert sent[0].status.startswith("is no DICOM file")
    assert sent[1].status == "transfer syntax RLE Lossless not accepted"
    assert sent[2].status == "SOP class Hanging Protocol Storage not accepted"
    assert sent[3].status == "0000" and sent[3].sop_uid in plain.files
    assert sent[4].status == "cannot be read: No such file or directory"


def test_more_kinds_of_files_than_one_association_holds(orthanc, make_series, tmp_path):
    """129 SOP classes: the last one needs a second association."""
    (source,) = make_series("source", slices=1).paths
    paths = []
    for n in range(129):
        dataset = dcmread(source)
        dataset.SOPInstanceUID = f"1.2.3.4.5.{n}"
        dataset.SOPClassUID = f"1.2.840.10008.5.1.4.1.1.99.{n}"
        dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        paths.append(tmp_path / f"{n}.dcm")
        dataset.save_as(paths[-1])
    sent = list(DimsePeer(orthanc.url).send(paths))
    assert [one.path for one in sent] == paths
    assert {f"1.2.3.4.5.{n}" for n in range(129)} <= orthanc.held()


def test_no_files_need_no_server(port):
    assert list(DimsePeer(f"dicom://ANY@127.0.0.1:{port}").send([])) == []


def test_a_large_instance_in_many_small_pdus(starting, make_series):
    """A server that takes 4 KB at a time, and a data set that is read in several pieces."""
    server = starting("qrscp", "--max-pdu", "4096")
    large = make_series("large", slices=1, side=1200)
    peer = DimsePeer(server.url)
    stored(peer, large)
    basket = Basket()
    peer.retrieve(large.study_uid, large.series_uid, [], basket)
    ((uid, path),) = large.files.items()
    assert basket.files[uid][-2 * 1200 * 1200 :] == path.read_bytes()[-2 * 1200 * 1200 :]


def test_a_class_that_the_server_does_not_name_is_fetched_nonetheless(qrscp, make_series):
    """dcmqrscp does not say SOP classes; this one is not among those that are offered first."""
    rare = make_series("rare", SOPClassUID="1.2.840.10008.5.1.4.1.1.12.1", Modality="XA")
    peer = DimsePeer(qrscp.url)
    stored(peer, rare)
    basket = Basket()
    peer.retrieve(rare.study_uid, rare.series_uid, [], basket)
    assert set(basket.files) == set(rare.files)


def test_moving_to_a_third_server(peer, series):
    stored(peer, series)
    landing = peer.address.move_port
    received: list[str] = []
    with pynetdicom_server(landing, received):
        moved = peer.move(series.study_uid, series.series_uid, [], "VQ")
    assert (moved.completed, moved.failed) == (4, 0)
    assert sorted(received) == sorted(series.files)
    with pytest.raises(PeerError, match="did not send what was asked for"):
        peer.move(series.study_uid, series.series_uid, [], "NOBODY")


def test_the_move_port_must_be_free(peer, series):
    from vqscript.errors import VqError

    stored(peer, series)
    peer._sends_by_get = False
    received: list[str] = []
    with pynetdicom_server(peer.address.move_port, received), pytest.raises(VqError, match="cannot listen on port"):
        peer.retrieve(series.study_uid, series.series_uid, [], Basket())
    assert received == []


def test_without_c_get_and_without_a_port_the_way_out_is_named(starting, series):
    server = starting("orthanc", DicomAlwaysAllowGet=False, DicomModalities={})
    peer = DimsePeer(server.url)
    stored(peer, series)
    with pytest.raises(PeerError) as raised:
        peer.retrieve(series.study_uid, series.series_uid, [], Basket())
    assert server.aet in str(raised.value)


def pynetdicom_server(port: int, received: list[str]) -> Any:
    """Run a storage server of another make."""
    import contextlib

    from pynetdicom import AE, AllStoragePresentationContexts, evt

    def take(event: Any) -> int:
        received.append(str(event.request.AffectedSOPInstanceUID))
        return 0

    @contextlib.contextmanager
    def run() -> Iterator[None]:
        server = AE(ae_title="VQ")
        for context in AllStoragePresentationContexts:
            server.add_supported_context(context.abstract_syntax)
        running = server.start_server(("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, take)])
        try:
            yield
        finally:
            running.shutdown()

    return run()


@pytest.mark.parametrize(("count", "associations"), [(1, 1), (6, 1), (7, 2)])
def test_all_that_may_come_is_offered_in_turn(count, associations):
    classes = [f"1.2.{n}" for n in range(count)]
    offered = list(offers(classes, all_known=True))
    assert len(offered) == associations
    assert all(len(part) <= 127 for part in offered)
    pairs = [pair for part in offered for pair in part]
    assert len(pairs) == len(set(pairs))
    assert {sop_class for sop_class, _ in offered[0]} == set(classes)


def test_where_the_classes_are_not_known_the_common_ones_are_offered_first():
    offered = list(offers(["1.2.3"], all_known=False))
    assert {"1.2.3", CT, "1.2.840.10008.5.1.4.1.1.481.3"} <= {sop_class for sop_class, _ in offered[0]}
    everything = {sop_class for part in offered for sop_class, _ in part}
    assert {"1.2.840.10008.5.1.4.1.1.12.1", "1.2.840.10008.5.1.4.1.1.77.1.6"} <= everything
    assert all(len(part) <= 127 for part in offered)
