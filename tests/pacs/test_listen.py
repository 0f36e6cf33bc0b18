"""The server of our own before real clients: DCMTK's tools and Orthanc."""

from __future__ import annotations

import json
import re
import shutil
import signal
import time
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import ImplicitVRLittleEndian, RLELossless

from vqscript.cli import pacs_listen
from vqscript.config import Caller, load
from vqscript.errors import Unreachable, UsageError
from vqscript.network.dimse.address import Address
from vqscript.network.dimse.fast import elements, pdu
from vqscript.network.dimse.fast.link import Link
from vqscript.network.dimse.store import send
from vqscript.pacs.listen.callers import Callers
from vqscript.pacs.listen.events import Event
from vqscript.repository import layout
from vqscript.repository.local import LocalRepository

from ..network.conftest import Proxy, free_port, make_series, proxy, series, start_orthanc, write_series
from .listening import EXPLICIT, Running, dataset_of, dcmtk, listen, of_study, raw_store, started, stored

__all__ = ["listen", "make_series", "proxy", "series", "started"]  # fixtures

# -- storing ------------------------------------------------------------------------------------------------------


def test_echoscu(listen):
    assert dcmtk("echoscu", "-aec", "OURS", "127.0.0.1", listen().port).returncode == 0


@pytest.mark.parametrize("durable", [True, False])
def test_what_storescu_sends_is_in_the_repository(listen, series, durable):
    running = listen(store={"durable": durable})
    done = dcmtk("storescu", "-aec", "OURS", "127.0.0.1", running.port, *series.paths)
    assert done.returncode == 0, done.stderr
    assert running.told("ended")[0].startswith("STORESCU@127.0.0.1: 4 received")
    with running.repository() as repository:
        handle = repository.fetch(series.study_uid, series.series_uid)
        assert {one.sop_uid for one in handle.instances} == set(series.files)
        for one in handle.instances:
            assert dcmread(one.path) == dcmread(series.files[one.sop_uid])
        assert repository.find_studies()[0].patient_name == "Case^One"
        assert repository.verify() == []
    assert list((running.root / "incoming").iterdir()) == []


def test_an_instance_is_acknowledged_only_when_others_can_see_it(listen, series):
    running = listen()
    with running.repository() as repository:
        for path, uid in zip(series.paths, series.files, strict=True):
            sent = send(running.address, [path])
            assert next(sent).accepted
            assert uid in repository.instances(series.study_uid)
            sent.close()


def test_what_comes_again_is_known_even_if_it_is_written_otherwise(listen, series, tmp_path):
    running = listen()
    stored(running, series)
    implicit = tmp_path / "implicit.dcm"
    dataset = dcmread(series.paths[0])
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    dataset.save_as(implicit, implicit_vr=True, little_endian=True)
    assert [one.status for one in send(running.address, [*series.paths, implicit])] == ["0000"] * 5
    assert "5 of them known" in running.told("ended", 2)[1]
    assert running.rejected() == []


def test_what_was_imported_from_a_folder_is_known_when_it_is_sent(listen, series):
    running = listen()
    with running.repository() as repository:
        repository.import_folder(series.paths)
    stored(running, series)
    assert running.rejected() == []


def test_other_content_under_a_known_uid_is_refused_and_kept_aside(listen, series, tmp_path):
    running = listen()
    stored(running, series)
    uid, path = next(iter(series.files.items()))
    changed = dcmread(path)
    changed.SeriesDescription = "Something else"
    changed.save_as(tmp_path / "changed.dcm")
    (sent,) = send(running.address, [tmp_path / "changed.dcm"])
    assert not sent.accepted and sent.status.startswith("0111 duplicate SOP instance: SOP Instance UID")
    (why,) = running.rejected()
    assert why["sop_uid"] == uid and "other content" in why["reason"] and why["caller"] == "TESTER"
    (kept,) = running.root.glob("rejected/*.dcm")
    assert dcmread(kept).SeriesDescription == "Something else"
    with running.repository() as repository:
        assert dcmread(repository.fetch(series.study_uid, series.series_uid).instances[0].path) == dcmread(path)
    assert "kept as" in running.told("rejected")[0]
    list(send(running.address, [tmp_path / "changed.dcm"]))
    assert len(running.rejected()) == 1, "kept once, however often it is sent"


def test_a_data_set_that_is_another_instance_than_the_message_says(listen, series):
    running = listen()
    assert raw_store(running, dataset_of(series.paths[0])) == 0xA900
    assert "was announced" in running.rejected()[0]["reason"]
    with running.repository() as repository:
        assert repository.count() == 0


@pytest.mark.parametrize("data", [b"\0", b"no data set at all" * 100, b"\x08\x00\x18\x00UI\xff\xff1.2.3"])
def test_bytes_that_are_no_instance_are_kept_aside(listen, data):
    running = listen()
    assert raw_store(running, data) == 0xC000
    assert running.rejected()[0]["sop_uid"] == "1.2.3"
    with running.repository() as repository:
        assert repository.count() == 0


def test_the_same_patient_id_under_another_name_is_told(listen, series, make_series):
    running = listen()
    stored(running, series)
    stored(running, make_series("same", 2, PatientName="CASE^ONE^^"))
    assert not [event for event in running.events if event.kind == "patient"]
    stored(running, make_series("other", 2, PatientName="Case^Two"))
    (text,) = running.told("patient")
    assert text == 'TESTER@127.0.0.1: patient ID CASE-1 is of "Case^Two", elsewhere of "CASE^ONE^^"'


@pytest.mark.parametrize("stated", ["ISO_IR 192", None])
def test_a_caller_with_a_character_set_of_its_own(listen, make_series, tmp_path, stated):
    callers = Callers([Caller("TESTER", "127.0.0.1", 1, "ISO_IR 100")])
    running = listen(callers=callers)
    made = make_series("latin", 1, PatientName="Mueller", SpecificCharacterSet=stated)
    path = made.paths[0]
    path.write_bytes(path.read_bytes().replace(b"Mueller ", "Müllers ".encode("latin-1")))
    stored(running, made)
    with running.repository() as repository:
        assert repository.find_studies()[0].patient_name == "Müllers"
        held = dcmread(repository.fetch(made.study_uid, made.series_uid).instances[0].path)
        assert held.SpecificCharacterSet == "ISO_IR 100" and held.PatientName == "Müllers"
        assert held.PixelData == dcmread(path).PixelData
    with pytest.raises(UsageError, match="no character set"):
        listen(callers=Callers([Caller("TESTER", "127.0.0.1", 1, "Latin")]))


def test_the_configuration_names_callers_and_their_character_sets(tmp_path):
    file = tmp_path / "vqscript.toml"
    file.write_text('[[callers]]\naet = "US"\nhost = "10.0.0.7"\nport = 104\ncharset = "ISO_IR 100"\n')
    assert load(file).callers == (Caller("US", "10.0.0.7", 104, "ISO_IR 100"),)


def test_a_name_cannot_forge_a_line(capsys):
    pacs_listen._line(Event("patient", 'patient ID 1 is of "A\nended: SCANNER: 5 received"', {}))
    assert capsys.readouterr().out == 'patient: patient ID 1 is of "A\\x0aended: SCANNER: 5 received"\n'


def test_a_full_disk(listen, series):
    running = listen(store={"spare": 1 << 60})
    sent = list(send(running.address, series.paths))
    assert {one.status for one in sent} == {"A700 out of resources: too little room is left on the disk"}
    with running.repository() as repository:
        assert repository.count() == 0
    assert running.rejected() == [], "nothing more is written on a full disk"


def test_where_nothing_can_be_written_questions_are_answered_and_no_path_is_told(listen, series):
    running = listen()
    stored(running, series)
    incoming = running.root / layout.INCOMING
    give_up = time.monotonic() + 20
    while incoming.exists() and any(incoming.iterdir()):
        assert time.monotonic() < give_up, "the association that stored does not end"
        time.sleep(0.01)
    shutil.rmtree(incoming, ignore_errors=True)
    incoming.write_text("in the way")
    done = dcmtk("findscu", "-S", "-aec", "OURS", "127.0.0.1", running.port, *of_study(series))
    assert done.returncode == 0 and series.study_uid in done.stderr + done.stdout
    (sent, *_) = send(running.address, series.paths[:1])
    assert not sent.accepted
    assert sent.status.startswith("A700 out of resources: cannot write to the repository: ")
    assert str(running.root) not in sent.status


def test_a_connection_that_breaks_in_the_middle_of_an_instance(listen, make_series, proxy):
    running = listen()
    made = make_series("cut", 3, 64)
    between: Proxy = proxy(running.port)
    between.cut_to_server = 20_000
    address = Address("OURS", "127.0.0.1", between.port, "TESTER")
    arrived = []
    with pytest.raises(Unreachable):
        arrived += [one.sop_uid for one in send(address, made.paths)]
    assert "aborted" in running.told("ended")[0]
    with running.repository() as repository:
        held = set(repository.instances(made.study_uid))
        assert held == set(list(made.files)[: len(held)]) and len(held) == 2
        assert repository.verify() == []
    between.heal()
    assert all(one.accepted for one in send(address, made.paths))
    with running.repository() as repository:
        assert set(repository.instances(made.study_uid)) == set(made.files)


def test_a_folder_of_plain_files(listen, series, tmp_path):
    running = listen(store={"plain": True})
    stored(running, series)
    for uid, path in series.files.items():
        assert dcmread(running.root / series.study_uid / series.series_uid / f"{uid}.dcm") == dcmread(path)
    stored(running, series)
    done = dcmtk("findscu", "-S", "-aec", "OURS", "127.0.0.1", running.port, *of_study(series))
    assert done.returncode != 0, "a folder is not asked"


@pytest.mark.parametrize("plain", [True, False])
def test_a_uid_is_never_a_path(listen, make_series, plain):
    running = listen(store={"plain": plain})
    made = make_series("hostile", 1, SeriesInstanceUID="1.2.3.4.5.6.7.8.9")
    data = dataset_of(made.paths[0]).replace(b"1.2.3.4.5.6.7.8.9", b"../../../../etc/x")
    assert raw_store(running, data, uid=next(iter(made.files))) == 0xC000
    assert "is no UID" in running.rejected()[0]["reason"]
    running.told("ended")  # its folder for what comes in is gone now
    assert not list(running.root.glob("**/etc"))


# -- finding ------------------------------------------------------------------------------------------------------


def found(running: Running, folder: Path, *keys: str | bytes, model: str = "-S") -> list[Dataset]:
    """Ask with findscu; returns the answers."""
    folder.mkdir(exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    words = [word for key in keys for word in ("-k", key)]
    done = dcmtk("findscu", model, "-X", "-aec", "OURS", "127.0.0.1", running.port, *words, folder=folder)
    assert done.returncode == 0, done.stderr
    return [dcmread(path, force=True) for path in sorted(folder.glob("rsp*.dcm"))]


@pytest.fixture
def filled(listen, series, make_series) -> Running:
    """A server that holds three studies of two patients."""
    running = listen()
    other = make_series("other", 3, PatientName="Bäcker^Eva", PatientID="CASE-2", StudyDate="20230301", Modality="PT")
    third = make_series("third", 1, StudyDate="20240201", StudyTime="235959", AccessionNumber="B7")
    stored(running, series, other, third)
    return running


@pytest.mark.parametrize(
    ("key", "count"),
    [
        ("PatientName", 3),
        ("PatientName=case*", 2),
        ("PatientName=CASE^ONE", 2),
        ("PatientName=Case", 0),
        ("PatientID=CASE-?", 3),
        ("PatientID=case-1", 0),
        ("StudyDate=20240115", 1),
        ("StudyDate=20240101-", 2),
        ("StudyDate=-20231231", 1),
        ("StudyDate=20230301-20240115", 2),
        ("StudyTime=1000-1100", 2),
        ("StudyTime=2359-", 1),
        ("AccessionNumber=B7", 1),
        ("PatientBirthDate=19700101", 3),
        ("PatientSex=M", 0),
        ("ModalitiesInStudy=PT", 1),
        ("ModalitiesInStudy=CT\\PT", 3),
        ("StudyInstanceUID=1.2.3", 0),
        ("NumberOfStudyRelatedInstances=3", 1),
    ],
)
def test_studies_are_found(filled, tmp_path, key, count):
    answers = found(filled, tmp_path / "answers", "QueryRetrieveLevel=STUDY", "StudyInstanceUID", key)
    assert len(answers) == count
    assert len({one.StudyInstanceUID for one in answers}) == count


def test_an_answer_has_what_was_asked_for(filled, tmp_path, series):
    keys = ("StudyDescription", "PatientBirthDate", "AccessionNumber", "ModalitiesInStudy", "SeriesDescription")
    (one,) = found(
        filled,
        tmp_path / "answers",
        "QueryRetrieveLevel=STUDY",
        f"StudyInstanceUID={series.study_uid}",
        "InstanceAvailability",
        "NumberOfStudyRelatedSeries",
        *keys,
    )
    assert (one.StudyDescription, one.PatientBirthDate, one.AccessionNumber) == ("Chest", "19700101", "A1")
    assert (one.ModalitiesInStudy, one.NumberOfStudyRelatedSeries) == ("CT", 1)
    assert (one.RetrieveAETitle, one.InstanceAvailability) == ("OURS", "ONLINE")
    assert "SeriesDescription" not in one, "no attribute of studies"


def test_names_come_back_in_unicode(filled, tmp_path):
    (one,) = found(filled, tmp_path / "answers", "QueryRetrieveLevel=STUDY", "PatientID=CASE-2", "PatientName")
    assert one.SpecificCharacterSet == "ISO_IR 192" and one.PatientName == "Bäcker^Eva"


@pytest.mark.parametrize(
    ("ours", "stated", "answered"),
    [
        ("", "", "ISO_IR 192"),
        ("", "ISO_IR 100", "ISO_IR 100"),
        ("", "ISO_IR 144", "ISO_IR 192"),  # Cyrillic has no umlauts
        ("", "ISO 2022 IR 100", "ISO_IR 192"),
        ("", "ISO_IR 6", "ISO_IR 192"),
        ("ISO_IR 100", "ISO_IR 192", "ISO_IR 100"),
        ("ISO_IR 100", "", "ISO_IR 100"),
    ],
)
def test_a_caller_is_asked_and_answered_in_its_character_set(listen, make_series, tmp_path, ours, stated, answered):
    callers = Callers([Caller("FINDSCU", "127.0.0.1", 1, ours)], anyone=True)
    running = listen(callers=callers)
    stored(running, make_series("umlaut", 1, PatientName="Bäcker^Eva"))
    asked = "Bäcker*".encode("latin-1" if (ours or stated) == "ISO_IR 100" else "utf-8") if ours else b"B*"
    charset = (f"SpecificCharacterSet={stated}",) if stated else ()
    name = b"PatientName=" + asked
    (one,) = found(running, tmp_path / "answers", "QueryRetrieveLevel=STUDY", *charset, name)
    assert one.SpecificCharacterSet == answered and one.PatientName == "Bäcker^Eva"


def test_a_caller_that_writes_unicode_and_states_latin(listen, make_series):
    running = listen(callers=Callers([Caller("TESTER", "127.0.0.1", 1, "ISO_IR 192")]))
    made = make_series("unicode", 1, PatientName="Mueller", PatientComments="x" * 12)
    path = made.paths[0]
    path.write_bytes(path.read_bytes().replace(b"Mueller ", "Иван".encode()))
    stored(running, made)
    with running.repository() as repository:
        assert repository.find_studies()[0].patient_name == "Иван"
        held = dcmread(repository.fetch(made.study_uid, made.series_uid).instances[0].path)
        assert (held.SpecificCharacterSet, held.PatientName) == ("ISO_IR 192", "Иван")


def test_patients_series_and_instances_are_found(filled, tmp_path, series):
    folder = tmp_path / "answers"
    patients = found(
        filled,
        folder,
        "QueryRetrieveLevel=PATIENT",
        "PatientID",
        *(f"NumberOfPatientRelated{what}" for what in ("Studies", "Series", "Instances")),
        model="-P",
    )
    counts = {
        one.PatientID: (
            one.NumberOfPatientRelatedStudies,
            one.NumberOfPatientRelatedSeries,
            one.NumberOfPatientRelatedInstances,
        )
        for one in patients
    }
    assert counts == {"CASE-1": (2, 2, 5), "CASE-2": (1, 1, 3)}
    study = f"StudyInstanceUID={series.study_uid}"
    (one,) = found(
        filled, folder, "QueryRetrieveLevel=SERIES", study, "SeriesInstanceUID", "Modality", "BodyPartExamined"
    )
    assert (one.SeriesInstanceUID, one.Modality) == (series.series_uid, "CT")
    images = found(
        filled, folder, "QueryRetrieveLevel=IMAGE", study, "SOPInstanceUID", "InstanceNumber", "Rows", "PixelSpacing"
    )
    assert {one.SOPInstanceUID for one in images} == set(series.files)
    assert {(one.Rows, tuple(one.PixelSpacing)) for one in images} == {(16, (1.0, 1.0))}
    assert {int(one.InstanceNumber) for one in images} == {1, 2, 3, 4}


def test_a_query_without_a_level_is_refused(filled):
    done = dcmtk("findscu", "-v", "-S", "-aec", "OURS", "127.0.0.1", filled.port, "-k", "PatientID")
    assert "DataSetDoesNotMatchSOPClass" in done.stdout + done.stderr
    assert filled.told("error") == ['FINDSCU@127.0.0.1: "" is no QueryRetrieveLevel']


def test_an_identifier_that_is_much_too_large(filled):
    data = b"\x09\x00\x10\x00UN\0\0" + (8 << 20).to_bytes(4, "little") + bytes(8 << 20)
    root = "1.2.840.10008.5.1.4.1.2.2.1"
    with pytest.raises(Unreachable), Link(filled.address, [pdu.Context(root, (EXPLICIT,))]) as link:
        request = elements.request(elements.C_FIND_RQ, 1, root, dataset=True)
        link.send(link.accepted(root), request, len(data), (memoryview(data),))
        link.read_answer(elements.C_FIND_RSP, 1)
    assert any("an identifier of more than 4 MiB" in text for text in filled.told("ended", 2)), "in whatever order"


@pytest.mark.parametrize("depth", [50, 5000])
def test_sequences_within_sequences_without_an_end(filled, depth):
    nested = b"\x40\x00\x75\x02SQ\0\0\xff\xff\xff\xff\xfe\xff\x00\xe0\xff\xff\xff\xff" * depth
    assert raw_store(filled, nested) == 0xC000
    assert dcmtk("echoscu", "-aec", "OURS", "127.0.0.1", filled.port).returncode == 0


def test_a_lost_file_fails_the_query_and_not_the_server(filled, series):
    with filled.repository() as repository:
        repository.fetch(series.study_uid, series.series_uid).instances[0].path.unlink()
    words = ("-k", "QueryRetrieveLevel=IMAGE", "-k", f"StudyInstanceUID={series.study_uid}", "-k", "SOPInstanceUID")
    done = dcmtk("findscu", "-v", "-S", "-aec", "OURS", "127.0.0.1", filled.port, *words)
    assert "UnableToProcess" in done.stdout + done.stderr
    assert "has lost" in filled.told("error")[0]
    assert dcmtk("echoscu", "-aec", "OURS", "127.0.0.1", filled.port).returncode == 0


def test_a_query_can_be_cancelled(filled):
    words = ("-k", "QueryRetrieveLevel=IMAGE", "-k", "SOPInstanceUID", "-k", "StudyInstanceUID")
    done = dcmtk("findscu", "-v", "-S", "--cancel", 1, "-aec", "OURS", "127.0.0.1", filled.port, *words)
    assert done.returncode == 0 and "Received Final Find Response" in done.stdout + done.stderr


# -- sending ------------------------------------------------------------------------------------------------------


def received(folder: Path) -> dict[str, Dataset]:
    return {str(one.SOPInstanceUID): one for one in map(dcmread, folder.iterdir())}


@pytest.mark.parametrize("proposed", [(), ("+xi",)])
def test_getscu_gets_a_study(filled, series, tmp_path, proposed):
    out = tmp_path / "out"
    out.mkdir()
    done = dcmtk("getscu", "-S", *proposed, "-od", out, "-aec", "OURS", "127.0.0.1", filled.port, *of_study(series))
    assert done.returncode == 0, done.stderr
    assert received(out) == {uid: dcmread(path) for uid, path in series.files.items()}
    assert any("4 sent" in text for text in filled.told("ended"))


def test_what_is_compressed_is_sent_plain_to_who_does_not_take_it(listen, series, tmp_path):
    running = listen()
    packed = []
    for path in series.paths:
        dataset = dcmread(path)
        pixels = dataset.PixelData
        dataset.compress(RLELossless, generate_instance_uid=False)
        packed.append(tmp_path / path.name)
        dataset.save_as(packed[-1])
    assert all(one.accepted for one in send(running.address, packed))
    out = tmp_path / "out"
    out.mkdir()
    done = dcmtk("getscu", "-S", "-od", out, "-aec", "OURS", "127.0.0.1", running.port, *of_study(series))
    assert done.returncode == 0, done.stderr
    assert received(out)[list(series.files)[-1]].PixelData == pixels


def test_movescu_moves_to_callers_that_are_known(listen, series, tmp_path):
    port, out = free_port(), tmp_path / "out"
    out.mkdir()
    running = listen(callers=Callers([Caller("MOVER", "127.0.0.1", port)], anyone=True))
    stored(running, series)
    words = ("-S", "-aet", "MOVER", "-aec", "OURS", "+P", port, "-od", out, "127.0.0.1", running.port)
    done = dcmtk("movescu", "-aem", "MOVER", *words, *of_study(series))
    assert done.returncode == 0, done.stderr
    assert received(out) == {uid: dcmread(path) for uid, path in series.files.items()}
    done = dcmtk("movescu", "-aem", "ELSEWHERE", *words, *of_study(series))
    assert done.returncode != 0 and "MoveDestinationUnknown" in done.stderr
    assert running.told("error") == ["MOVER@127.0.0.1: no AE title ELSEWHERE is known here"]


def test_a_destination_that_is_not_there(listen, series):
    running = listen(callers=Callers([Caller("MOVER", "127.0.0.1", free_port())], anyone=True))
    stored(running, series)
    done = dcmtk("movescu", "-d", "-S", "-aem", "MOVER", "-aec", "OURS", "127.0.0.1", running.port, *of_study(series))
    assert done.returncode != 0
    assert re.search("Failed Sub[^0-9]*4", done.stdout + done.stderr), done.stdout + done.stderr
    assert "cannot be reached" in running.told("error")[0]


def test_a_whole_archive_is_not_sent_by_mistake(filled, tmp_path):
    words = ("-od", tmp_path, "-aec", "OURS", "127.0.0.1", filled.port, "-k", "QueryRetrieveLevel=STUDY")
    done = dcmtk("getscu", "-S", *words)
    assert "DataSetDoesNotMatchSOPClass" in done.stdout + done.stderr
    assert not list(tmp_path.glob("CT.*"))


def test_orthanc_sends_asks_and_fetches(listen, tmp_path):
    with start_orthanc(tmp_path / "orthanc") as orthanc:
        running = listen(callers=Callers([Caller("ORTHANC", "127.0.0.1", orthanc.dicom)]))
        made = write_series(tmp_path / "made", 3)
        for path in made.paths:
            orthanc.rest("/instances", path.read_bytes())
        ours = {"AET": "OURS", "Host": "127.0.0.1", "Port": running.port, "AllowNEventReport": False}
        orthanc.rest("/modalities/ours", json.dumps(ours).encode(), "PUT")
        orthanc.rest("/modalities/ours/echo", b"{}")
        (study,) = orthanc.rest("/studies")
        orthanc.rest("/modalities/ours/store", json.dumps({"Resources": [study], "Synchronous": True}).encode())
        with running.repository() as repository:
            assert set(repository.instances(made.study_uid)) == set(made.files)
        orthanc.clear()
        query = {"Level": "Study", "Query": {"PatientID": "CASE-*", "StudyDescription": ""}}
        answer = orthanc.rest("/modalities/ours/query", json.dumps(query).encode())
        (first,) = orthanc.rest(f"{answer['Path']}/answers")
        content = orthanc.rest(f"{answer['Path']}/answers/{first}/content?simplify")
        assert content["StudyInstanceUID"] == made.study_uid and content["StudyDescription"] == "Chest"
        orthanc.rest(f"{answer['Path']}/retrieve", b'{"TargetAet": "ORTHANC", "Synchronous": true}')
        assert orthanc.held() == set(made.files)


# -- as a process -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_associations_and_the_server(started, series, tmp_path, how):
    LocalRepository.create(tmp_path / "lab.repo").close()
    server, port = started(tmp_path / "lab.repo")
    address = Address("OURS", "127.0.0.1", port, "TESTER", answer_timeout=20)
    sent = send(address, series.paths)
    assert next(sent).accepted
    server.send_signal(how)
    assert server.wait(20) == 0
    with pytest.raises(Unreachable, match=r"aborted|closed|ended"):
        list(sent)
    assert server.stdout is not None
    ended = json.loads(server.stdout.readline())
    assert (ended["kind"], ended["about"]["caller"]) == ("ended", "TESTER") and ended["about"]["received"] >= 1
    with LocalRepository.open(tmp_path / "lab.repo") as repository:
        assert repository.verify() == [], "nothing is left in incoming"


def test_a_server_that_was_killed_is_started_again(started, series, tmp_path):
    LocalRepository.create(tmp_path / "lab.repo").close()
    server, port = started(tmp_path / "lab.repo")
    sent = send(Address("OURS", "127.0.0.1", port, "TESTER", answer_timeout=20), series.paths)
    assert next(sent).accepted
    server.kill()
    with pytest.raises(Unreachable):
        list(sent)
    with LocalRepository.open(tmp_path / "lab.repo") as repository:
        assert len(repository.instances(series.study_uid)) >= 1, "what was acknowledged is there"
        assert {problem.kind for problem in repository.verify()} <= {"unfinished", "unindexed"}
    _, port = started(tmp_path / "lab.repo")
    assert all(one.accepted for one in send(Address("OURS", "127.0.0.1", port, "TESTER"), series.paths))
    with LocalRepository.open(tmp_path / "lab.repo") as repository:
        assert set(repository.instances(series.study_uid)) == set(series.files)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "a repository or a folder is needed"),
        (("a.repo", "--folder", "b"), "a repository or a folder is needed"),
        (("a.repo", "--bind", "0.0.0.0"), "nobody may call on 0.0.0.0"),
        (("a.repo", "--caller", "X"), '"X" is no caller'),
        (("a.repo", "--key", "k.pem"), "go with --certificate"),
        (("a.repo", "--max-associations", "0"), "0 associations are none"),
        (("a.repo", "--min-free", "much"), "--min-free"),
        (("a.repo", "--aet", "a title that is too long"), "is no AE title"),
    ],
)
def test_wrong_use(pacs, words, said):
    assert said in pacs("listen", *words, code=2).err


def test_no_repository_there(pacs):
    assert "repo init" in pacs("listen", "none.repo", "--port", "0", code=1).err
