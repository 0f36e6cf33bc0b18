"""A server as a repository, behind a peer that fails as servers do."""

from __future__ import annotations

import errno
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import ImplicitVRLittleEndian, generate_uid

from vqscript.config import CacheSettings, Project
from vqscript.errors import ConfigError, NotFound, PeerError, RepositoryError, Unreachable, UsageError
from vqscript.network.peer import Answer, Level, Receiver, Sent
from vqscript.repository import fetching, layout, receiving
from vqscript.repository.base import SeriesFilter, StudyFilter
from vqscript.repository.cache import Cache
from vqscript.repository.projects import ProjectRule
from vqscript.repository.remote import RemoteRepository


class Peer:
    """A server that holds files; what is wrong with it is set by the test."""

    name, url, kind = "clinic", "dicom://CLINIC@host:104", "dimse"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: dict[str, Path] = {}
        self.asked: list[tuple[str, tuple[str, ...]]] = []
        self.left_out: set[str] = set()
        self.refused: dict[str, str] = {}
        self.retrieving: Callable[[list[str], Receiver], None] | None = None
        self.sending: Callable[[int], None] = lambda number: None

    def echo(self) -> float:
        return 0.0

    def find(self, level: Level, keys: Mapping[str, str], wanted: Sequence[str] = ()) -> list[Answer]:
        self.asked.append((f"find {level}", tuple(keys.values())))
        uid_of = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}[level]
        found: dict[str, Answer] = {}
        for path in self.files.values():
            header = dcmread(path, stop_before_pixels=True)
            if any(key.endswith("UID") and str(header[key].value) != value for key, value in keys.items()):
                continue
            words = {uid_of, *keys, *wanted} - self.left_out
            answer = {word: str(header[word].value) for word in words if word in header}
            found[str(header[uid_of].value)] = answer
        return list(found.values())

    def retrieve(self, study_uid: str, series_uid: str, instances: Sequence[str], receive: Receiver) -> None:
        uids = list(instances) or [
            answer["SOPInstanceUID"] for answer in self.find("IMAGE", {"SeriesInstanceUID": series_uid})
        ]
        self.asked.append(("retrieve", tuple(uids)))
        if self.retrieving:
            self.retrieving(uids, receive)
            return
        self.give(uids, receive)

    def give(self, uids: Iterable[str], receive: Receiver) -> None:
        for uid in uids:
            receive(uid, self.files[uid].read_bytes())

    def send(self, paths: Iterable[Path]) -> Iterator[Sent]:
        for number, path in enumerate(paths):
            self.sending(number)
            uid = str(dcmread(path, stop_before_pixels=True).SOPInstanceUID)
            self.asked.append(("send", (uid,)))
            status = self.refused.get(uid, "0000")
            if uid not in self.refused:
                self.files[uid] = Path(shutil.copy(path, self.folder / f"{len(self.files)}.dcm"))
            yield Sent(path, uid, uid not in self.refused or status.startswith("B"), status)

    def close(self) -> None:
        self.asked.append(("close", ()))

    def count(self, what: str) -> int:
        return sum(name == what for name, _ in self.asked)


@pytest.fixture
def peer(tmp_path: Path) -> Peer:
    (tmp_path / "server").mkdir()
    return Peer(tmp_path / "server")


@pytest.fixture
def opened(peer: Peer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., RemoteRepository]]:
    """Open the server as a repository, each time as another process would."""
    monkeypatch.setattr(fetching, "PAUSE", 0.0)
    made: list[RemoteRepository] = []

    def open_(project: Project | None = None) -> RemoteRepository:
        rule = ProjectRule.of(project) if project else None
        made.append(RemoteRepository(peer, Cache(CacheSettings(tmp_path / "cache"), peer.url), rule))  # type: ignore[arg-type]
        return made[-1]

    yield open_
    for one in made:
        one.close()


@pytest.fixture
def series(peer: Peer, make_file) -> tuple[str, str, list[str]]:
    """Five slices that the server has: study, series, instances."""
    study, one = generate_uid(), generate_uid()
    uids = []
    for k in range(5):
        uid = generate_uid()
        peer.files[uid] = make_file(
            f"slice{k}",
            SOPInstanceUID=uid,
            SeriesInstanceUID=one,
            StudyInstanceUID=study,
            InstanceNumber=5 - k,
            SeriesDescription="Axial",
            StudyDescription="/oncology/pilot",
        )
        uids.append(uid)
    return study, one, uids


# Complete is what the server lists ------------------------------------------------------------


def test_a_series_is_fetched_once(opened, peer: Peer, series) -> None:
    study, one, uids = series
    with opened() as repository:
        handle = repository.fetch(study, one)
        assert [instance.sop_uid for instance in handle.instances] == uids[::-1]
        assert handle.series.series_description == "Axial"
        assert [each.path.read_bytes() for each in handle.instances] == [
            peer.files[uid].read_bytes() for uid in uids[::-1]
        ]
        repository.fetch(study, one)
    with opened() as again:
        assert len(again.fetch(study, one).instances) == 5
    assert peer.count("retrieve") == 1


def test_only_what_is_missing_is_fetched(opened, peer: Peer, series) -> None:
    study, one, uids = series
    late = {uid: peer.files.pop(uid) for uid in uids[:2]}
    repository = opened()
    assert len(repository.fetch(study, one).instances) == 3
    peer.files |= late
    assert len(repository.fetch(study, one).instances) == 5
    assert peer.asked[-1] == ("retrieve", tuple(sorted(late)))
    del peer.files[uids[4]]  # deleted there: it is no part of the series any more
    assert len(repository.fetch(study, one).instances) == 4


def test_what_does_not_arrive_is_tried_again_and_named(opened, peer: Peer, series, caplog) -> None:
    study, one, uids = series
    peer.retrieving = lambda asked, receive: peer.give((uid for uid in asked if uid not in uids[:2]), receive)
    repository = opened()
    with pytest.raises(PeerError, match="2 of the 5 instances") as caught:
        repository.fetch(study, one)
    assert not isinstance(caught.value, Unreachable)
    assert caught.value.missing == sorted(uids[:2])
    assert all(uid in str(caught.value) for uid in uids[:2])
    tries = [words for name, words in peer.asked if name == "retrieve"]
    assert [len(words) for words in tries] == [5, 2, 2]
    peer.retrieving = None
    assert len(repository.fetch(study, one).instances) == 5


def test_a_broken_connection_is_taken_up_where_it_broke(opened, peer: Peer, series, caplog) -> None:
    study, one, _ = series
    broken = []

    def breaks(asked: list[str], receive: Receiver) -> None:
        peer.give(asked[:1], receive)
        broken.append(len(asked))
        raise Unreachable("clinic went away", peer="clinic", status="")

    peer.retrieving = breaks
    repository = opened()
    with pytest.raises(Unreachable, match=r"2 of the 5 instances.*clinic went away"):
        repository.fetch(study, one)
    assert broken == [5, 4, 3]
    peer.retrieving = None
    assert len(repository.fetch(study, one).instances) == 5
    assert peer.asked[-1][1] == tuple(sorted(peer.asked[-1][1])) and len(peer.asked[-1][1]) == 2


def test_what_came_before_an_interruption_is_kept(opened, peer: Peer, series) -> None:
    study, one, _ = series

    def interrupted(asked: list[str], receive: Receiver) -> None:
        peer.give(asked[:3], receive)
        raise KeyboardInterrupt

    peer.retrieving = interrupted
    repository = opened()
    with pytest.raises(KeyboardInterrupt):
        repository.fetch(study, one)
    peer.retrieving = None
    repository.fetch(study, one)
    assert [len(words) for name, words in peer.asked if name == "retrieve"] == [5, 2]


def test_what_was_not_asked_for_is_told_and_not_kept(opened, peer: Peer, series, make_file, caplog) -> None:
    study, one, _ = series
    stranger = make_file("stranger", SeriesInstanceUID=one, StudyInstanceUID=study)
    uid = str(dcmread(stranger).SOPInstanceUID)

    def more(asked: list[str], receive: Receiver) -> None:
        peer.give(asked, receive)
        receive(uid, stranger.read_bytes())
        receive("../../etc/passwd", b"x")

    peer.retrieving = more
    with caplog.at_level(logging.WARNING, "vqscript"):
        assert len(opened().fetch(study, one).instances) == 5
    assert f"sent instance {uid}, which was not asked for" in caplog.text
    assert "../../etc/passwd" in caplog.text


def test_another_object_under_the_name_that_was_asked_for_is_none(
    opened, peer: Peer, series, make_file, caplog
) -> None:
    """The name that the server calls it by is not believed, its own is."""
    study, one, uids = series
    other = make_file("other").read_bytes()

    def swapped(asked: list[str], receive: Receiver) -> None:
        for uid in asked:
            receive(uid, other if uid == uids[0] else peer.files[uid].read_bytes())

    peer.retrieving = swapped
    with pytest.raises(PeerError) as caught:
        opened().fetch(study, one)
    assert caught.value.missing == [uids[0]]


def test_instances_that_come_twice_or_are_no_dicom(opened, peer: Peer, series, caplog) -> None:
    study, one, uids = series

    def twice(asked: list[str], receive: Receiver) -> None:
        peer.give(asked[1:] + asked[1:], receive)
        receive(uids[0], b"no DICOM")

    peer.retrieving = twice
    with pytest.raises(PeerError) as caught:
        opened().fetch(study, one)
    assert caught.value.missing == [uids[0]]
    assert "cannot be used" in caplog.text


def cut_short(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def changed(path: Path) -> None:
    """As a disk may do: the size is the same, and the header."""
    path.write_bytes(path.read_bytes()[:-7] + b"damaged")


@pytest.mark.parametrize("damage", [cut_short, changed, Path.unlink])
def test_an_instance_that_is_damaged_in_the_cache_is_fetched_again(opened, peer: Peer, series, caplog, damage) -> None:
    study, one, uids = series
    repository = opened()
    path = next(each.path for each in repository.fetch(study, one).instances if each.sop_uid == uids[2])
    whole = path.read_bytes()
    path.chmod(0o644)
    damage(path)
    assert len(repository.fetch(study, one).instances) == 5
    assert path.read_bytes() == whole
    assert "damaged in the cache (instances: 1 of 5)" in caplog.text
    assert [words for name, words in peer.asked if name == "retrieve"][1:] == [(uids[2],)]


def lost(index: Path) -> None:
    index.unlink()


def no_database(index: Path) -> None:
    index.write_bytes(b"rubbish")


def broken_pages(index: Path) -> None:
    with index.open("r+b") as file:
        file.seek(4096)
        file.write(b"\x55" * (index.stat().st_size - 4096))


@pytest.mark.parametrize("damage", [lost, no_database, broken_pages])
def test_a_cache_whose_index_is_damaged_is_filled_again(opened, peer: Peer, series, tmp_path: Path, caplog, damage):
    study, one, _ = series
    first = opened()
    first.fetch(study, one)
    first.close()  # and with it what SQLite keeps beside the index
    (index,) = (tmp_path / "cache").glob("*.repo/index.sqlite")
    damage(index)
    again = opened()
    assert len(again.fetch(study, one).instances) == 5
    assert again.tags(one)["Modality"] == "CT"
    assert "the cache is damaged" in caplog.text
    assert peer.count("retrieve") == 2
    assert len(opened().fetch(study, one).instances) == 5
    assert peer.count("retrieve") == 2


def test_what_is_not_there(opened, series) -> None:
    study, one, _ = series
    repository = opened()
    for call in (
        lambda: repository.fetch(study, "1.2.3"),
        lambda: repository.fetch("1.2.3", one),
        lambda: repository.find_series("1.2.3"),
        lambda: repository.data_points("1.2.3", "roi"),
        lambda: repository.header("1.2.3"),
        lambda: repository.tags("1.2.3"),
    ):
        with pytest.raises(NotFound, match=r"1\.2\.3"):
            call()
    assert repository.instances("1.2.3") == {}


@pytest.mark.parametrize("uid", ["*", "1.2\\1.3", "?", "", "1.2 "])
def test_what_is_no_uid_finds_nothing(opened, peer: Peer, series, uid: str) -> None:
    repository = opened()
    for call in (repository.find_series, repository.tags, repository.header):
        with pytest.raises(NotFound):
            call(uid)
    assert peer.asked == []
    with pytest.raises(NotFound):
        repository.fetch(series[0], uid)


# Finding --------------------------------------------------------------------------------------


def test_what_a_server_leaves_out_is_empty(opened, peer: Peer, series) -> None:
    study, one, _ = series
    peer.left_out = {"PatientName", "StudyDate", "SeriesDescription", "SeriesNumber"}
    repository = opened()
    (found,) = repository.find_studies()
    assert (found.study_uid, found.patient_name, found.study_date) == (study, "", "")
    (listed,) = repository.find_series(study)
    assert (listed.series_uid, listed.series_description, listed.series_number, listed.instances) == (one, "", "", 0)
    # A filter on it has to know, and looks into one instance.
    assert [each.series_uid for each in repository.find_series(study, SeriesFilter(description="ax*"))] == [one]
    assert repository.find_series(study, SeriesFilter(description="coronal")) == []
    assert [len(words) for name, words in peer.asked if name == "retrieve"] == [1]


def test_queries_find_at_least_what_the_filter_lets_through(opened, peer: Peer) -> None:
    repository = opened()
    repository.find_studies(StudyFilter("Müller*", "p-12?", "20240101"))
    repository.find_studies(StudyFilter("*", "7654321", "20240101", "20241231"))
    repository.find_studies(StudyFilter(patient_id="**", date_end="20241231"))
    assert [words for _, words in peer.asked] == [
        ("?*?????*".replace("?????", "????"), "?-12?", "20240101-"),
        ("7654321", "20240101-20241231"),
        ("-20241231",),
    ]


def test_projects(opened, series, make_file, peer: Peer) -> None:
    study, *_ = series
    other = make_file("other", StudyDescription="odd * name")
    peer.files["x"] = other
    repository = opened(Project("StudyDescription"))
    assert repository.projects() == ["/oncology/pilot"]
    assert [each.study_uid for each in repository.find_studies(None, "/oncology/*")] == [study]
    assert repository.find_studies(None, "/oncology") == []
    assert len(repository.find_studies()) == 2
    with pytest.raises(UsageError, match="has no projects") as caught:
        opened().find_studies(None, "/oncology/pilot")
    assert "project = {" in caught.value.hint
    assert opened().projects() == []


def test_a_rule_that_cannot_be_is_told_what_is_wrong_with_it(opened, peer: Peer, series, make_file, caplog) -> None:
    with pytest.raises(ConfigError, match='"StudyDescripton" for the project, which is no DICOM keyword') as caught:
        opened(Project("StudyDescripton"))
    assert "StudyDescription" in caught.value.hint
    labelled = opened(Project("Labels"))
    assert len(labelled.find_studies()) == 1, "nobody asked for a project"
    for call in (
        labelled.projects,
        lambda: labelled.find_studies(None, "/oncology"),
        lambda: labelled.store([make_file("new")], "/oncology"),
    ):
        with pytest.raises(ConfigError, match="clinic has no labels: they are Orthanc's"):
            call()
    assert peer.count("send") == 0


def test_the_label_of_a_project() -> None:
    rule = ProjectRule.of(Project("Labels", "vq-{project}"))
    assert rule.label("/pilot") == "vq-pilot"
    assert rule.projects("vq-pilot\\mine") == ["/pilot"]
    with pytest.raises(UsageError, match='"vq-oncology/pilot" is no label of Orthanc'):
        rule.label("/oncology/pilot")


def test_a_rule_that_no_study_fits_is_told_once(opened, peer: Peer, series, caplog) -> None:
    repository = opened(Project("StudyDescription", "project {project}"))
    assert repository.projects() == repository.find_studies(None, "/oncology/pilot") == []
    peer.left_out = {"StudyDescription"}
    assert repository.projects() == []
    start = 'none of 1 studies of clinic has a StudyDescription that fits "project {project}", which the configuration '
    assert [record.getMessage() for record in caplog.records] == [
        f'{start}takes for the project: as "/oncology/pilot" does not',
        f"{start}takes for the project: the server tells none",
    ]


def test_answers_that_were_not_asked_for_are_left_out_and_told(opened, peer: Peer, series, make_file, caplog) -> None:
    """As of a server that ignores the key."""
    study, one, _ = series
    stranger = generate_uid()
    peer.files[stranger] = make_file("other", SOPInstanceUID=stranger, Modality="PT")
    strict = peer.find

    def find(level: Level, keys: Mapping[str, str], wanted: Sequence[str] = ()) -> list[Answer]:
        return strict(level, {}, (*keys, *wanted))

    peer.find = find  # type: ignore[method-assign]
    repository = opened()
    assert [each.series_uid for each in repository.find_series(study)] == [one]
    assert len(repository.fetch(study, one).instances) == 5
    assert [record.getMessage() for record in caplog.records] == [
        "clinic answered with what was not asked for (StudyInstanceUID); left out: 1 of 2 answers",
        "clinic answered with what was not asked for (StudyInstanceUID, SeriesInstanceUID); left out: 1 of 6 answers",
        f"clinic sent instance {stranger}, which was not asked for; it was not kept",
    ]


def test_tags_of_the_first_instance_fetch_no_other(opened, peer: Peer, series) -> None:
    study, one, uids = series
    repository = opened()
    assert repository.tags(one)["InstanceNumber"] == 1
    assert peer.asked[-1] == ("retrieve", (uids[4],))
    assert repository.header(study).SOPInstanceUID == uids[4]
    assert peer.count("retrieve") == 1


# Storing --------------------------------------------------------------------------------------


def test_what_is_refused_is_told_and_the_rest_is_stored(opened, peer: Peer, make_file) -> None:
    paths = [make_file(f"new{k}") for k in range(3)]
    uids = [str(dcmread(path).SOPInstanceUID) for path in paths]
    peer.refused = {uids[1]: "A700 out of resources"}
    repository = opened()
    report = repository.store(paths)
    assert (report.added, report.failed) == ([paths[0], paths[2]], {paths[1]})
    ((path, reason),) = report.skipped
    assert path == paths[1] and "clinic refused" in reason and "A700 out of resources" in reason
    with pytest.raises(RepositoryError, match=r"1 of 2 objects could not be stored.*A700"):
        repository.store_datasets([dcmread(paths[1]), dcmread(make_file("more"))])


def test_what_is_stored_is_in_the_cache(opened, peer: Peer, make_file) -> None:
    repository = opened()
    dataset = dcmread(make_file("new"))
    report = repository.store_datasets([dataset])
    assert report.added[0].is_file()
    handle = repository.fetch(dataset.StudyInstanceUID, dataset.SeriesInstanceUID)
    assert handle.instances[0].path == report.added[0]
    assert peer.count("retrieve") == 0


def test_what_the_server_changed_is_fetched_as_it_is_there(opened, peer: Peer, make_file) -> None:
    path = make_file("new")
    dataset = dcmread(path)
    uid = str(dataset.SOPInstanceUID)
    peer.refused = {uid: "B000 coercion of data elements"}
    repository = opened()
    report = repository.store([path])
    assert report.added == [path]
    assert "B000" in report.notes[0][1]
    changed = make_file(
        "changed", voxel=9, **{k: dataset[k].value for k in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")}
    )
    peer.files[uid] = changed
    handle = repository.fetch(dataset.StudyInstanceUID, dataset.SeriesInstanceUID)
    assert handle.instances[0].path.read_bytes() == changed.read_bytes()


def test_nothing_that_is_there_is_sent_again(opened, peer: Peer, series, make_file) -> None:
    _, _, uids = series
    known = peer.files[uids[0]]
    changed = make_file(
        "changed",
        voxel=99,
        **{k: dcmread(known)[k].value for k in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")},
    )
    fresh = make_file("fresh")
    report = opened().store([known, changed, fresh, fresh.parent / "fresh"])
    assert (report.known, report.failed, report.added) == ([known], {changed}, [fresh])
    assert "stored already with other content" in report.skipped[0][1]
    assert peer.count("send") == 1


def test_two_files_of_one_uid_in_one_store(opened, peer: Peer, make_file) -> None:
    first = make_file("a")
    same = {k: dcmread(first)[k].value for k in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID")}
    copy, other = make_file("b", **same), make_file("c", voxel=99, **same)
    report = opened().store([first, copy, other])
    assert (report.added, report.known, report.failed) == ([first], [copy], {other})


def test_sending_goes_on_where_the_connection_broke(opened, peer: Peer, make_file) -> None:
    paths = [make_file(f"new{k}") for k in range(4)]
    left = [2]

    def breaks(number: int) -> None:
        if number == 1 and left[0]:
            left[0] -= 1
            raise Unreachable("clinic went away", peer="clinic", status="")

    peer.sending = breaks
    assert opened().store(paths).added == paths
    assert peer.count("send") == 4
    left[0] = 99
    with pytest.raises(Unreachable, match="it has stored 3 of 4 instances"):
        opened().store([make_file(f"other{k}") for k in range(4)])


def test_a_study_that_is_not_in_the_project_is_told(opened, make_file, caplog) -> None:
    inside = make_file("inside", StudyDescription="oncology/pilot")
    outside = make_file("outside", StudyDescription="Chest")
    repository = opened(Project("StudyDescription"))
    with caplog.at_level(logging.WARNING, "vqscript"):
        assert len(repository.store([inside, outside], "/oncology/pilot").added) == 2
    uid = str(dcmread(outside).StudyInstanceUID)
    assert [record.getMessage() for record in caplog.records] == [
        f"clinic stored study {uid}, which is not in project /oncology/pilot there"
    ]


def test_names_of_servers_are_no_paths(tmp_path: Path) -> None:
    from vqscript.repository.cache import folder_name

    names = {
        folder_name(url)
        for url in ("dicom://A@h:104", "dicom://B@h:104", "x://../../etc", "x://" + "a" * 300, "x://ü/?")
    }
    assert len(names) == 5
    assert all(name == Path(name).name and len(name) < 80 and name.isascii() for name in names)
    assert layout.instance_path(tmp_path, "../x").is_relative_to(tmp_path)


def test_a_full_disk_is_told_and_what_arrived_is_kept(
    opened, peer: Peer, series, monkeypatch: pytest.MonkeyPatch
) -> None:
    study, one, _ = series
    repository = opened()
    take = receiving.Receiving.take
    taken = []

    def full(self: receiving.Receiving, head: bytes, pieces: Iterable[bytes | memoryview]) -> receiving.Arrived:
        if len(taken) == 3:
            with layout.writing(peer.folder):
                raise OSError(errno.ENOSPC, "No space left on device")
        taken.append(take(self, head, pieces))
        return taken[-1]

    monkeypatch.setattr(receiving.Receiving, "take", full)
    with pytest.raises(RepositoryError, match="No space left on device") as caught:
        repository.fetch(study, one)
    assert "free some space" in caught.value.hint
    monkeypatch.setattr(receiving.Receiving, "take", take)
    assert len(repository.fetch(study, one).instances) == 5
    assert [len(words) for name, words in peer.asked if name == "retrieve"] == [5, 2]


def test_an_instance_in_another_transfer_syntax_is_the_same(opened, peer: Peer, series, tmp_path: Path) -> None:
    _, _, uids = series
    dataset = dcmread(peer.files[uids[0]])
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    implicit = tmp_path / "implicit.dcm"
    dataset.save_as(implicit, implicit_vr=True, little_endian=True)
    report = opened().store([implicit])
    assert (report.known, report.failed) == ([implicit], set())
    dataset.PatientName = "Other"
    dataset.save_as(implicit, implicit_vr=True, little_endian=True)
    assert opened().store([implicit]).failed == {implicit}
