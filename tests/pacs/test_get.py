"""pacs get and move: complete is the set of instances, and what is missing is named."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from vqscript.errors import Unreachable
from vqscript.network.dimse import DimsePeer
from vqscript.network.dimse.move import Moved
from vqscript.pacs.journal import Journal
from vqscript.pacs.moving import move_to
from vqscript.pacs.places import RepositoryPlace, TreePlace
from vqscript.pacs.retrieving import retrieve
from vqscript.pacs.template import Template
from vqscript.pacs.wanted import Wanted
from vqscript.repository.local import LocalRepository

from .conftest import Made, Pacs, sent, start_orthanc, write_series


def held(path: Path, made: Made) -> set[str]:
    """The instances that a local repository has."""
    with LocalRepository.open(path) as repository:
        return set(repository.instances(made.study_uid))


def urls(orthanc, qrscp) -> list[str]:
    """Servers of all kinds; the first three are one."""
    http = f"127.0.0.1:{orthanc.http}"
    return [orthanc.url, f"dicomweb+http://{http}/dicom-web", f"orthanc+http://{http}", qrscp.url]


def test_find_and_get_chain_on_every_kind_of_server(pacs: Pacs, orthanc, qrscp, series: Made, tmp_path: Path):
    for url in (orthanc.url, qrscp.url):
        sent(url, series)
    for number, url in enumerate(urls(orthanc, qrscp)):
        found = pacs("find", "--pacs", url, "--StudyInstanceUID", series.study_uid, "--json").out
        place = tmp_path / f"{number}.repo"
        done = pacs("get", "--pacs", url, "--repo", place, "-", "--json", text=found).json
        (one,) = done["results"]
        assert (one["complete"], one["requested"], one["received"], one["filed"]) == (True, 4, 4, 4)
        assert held(place, series) == set(series.files)
        again = pacs("get", "--pacs", url, "--repo", place, "-", text=json.dumps(done)).out
        assert "complete: CT" in again and "4 of 4 instances, 0 new" in again, "a second run fetches nothing"


def test_a_whole_chain_as_processes(process: Pacs, orthanc, series: Made, tmp_path: Path):
    sent(orthanc.url, series)
    found = process("find", "--pacs", orthanc.url, "--SeriesInstanceUID", series.series_uid, "--json")
    assert "complete" in process("get", "--pacs", orthanc.url, "--folder", "tree", "-", text=found.out).out
    files = sorted((tmp_path / "tree").rglob("*.dcm"))
    assert [path.name for path in files] == [f"{k + 1:04}-{uid}.dcm" for k, uid in enumerate(series.files)]
    assert files[0].parts[-4] == "CASE-1-Case^One-19700101"
    assert not list((tmp_path / "tree").glob(".incoming*"))


def test_get_by_study_series_and_instance_uid(pacs: Pacs, orthanc, qrscp, series: Made, tmp_path: Path):
    for url in (orthanc.url, qrscp.url):
        sent(url, series)
    uid = next(iter(series.files))
    for number, url in enumerate((orthanc.url, qrscp.url)):
        for words in (("--study", series.study_uid), ("--study", series.study_uid, "--series", series.series_uid)):
            place = tmp_path / f"{number}-{len(words)}.repo"
            pacs("get", "--pacs", url, "--repo", place, *words)
            assert held(place, series) == set(series.files)
        place = tmp_path / f"{number}-one.repo"
        words = ("--study", series.study_uid, "--series", series.series_uid, "--instance", uid)
        pacs("get", "--pacs", url, "--repo", place, *words)
        assert held(place, series) == {uid}


def test_a_description_cannot_forge_a_line(pacs: Pacs, orthanc, tmp_path: Path):
    made = write_series(tmp_path / "forging", SeriesDescription="CT\ncomplete: forged: 1 of 1 instances, 1 new")
    sent(orthanc.url, made)
    done = pacs("get", "--pacs", orthanc.url, "--repo", tmp_path / "lab.repo", "--study", made.study_uid)
    (line,) = done.out.splitlines()
    assert line.startswith("complete: CT") and "CT\\x0acomplete: forged" in line


def test_uids_may_be_repeated(pacs: Pacs, orthanc, tmp_path: Path):
    made = [write_series(tmp_path / name) for name in "abc"]
    for one in made:
        sent(orthanc.url, one)
    of, place = ("--pacs", orthanc.url), ("--repo", "lab.repo")
    first, second, third = made
    pacs("get", *of, *place, "--study", first.study_uid, "--study", second.study_uid)
    for one in (first, second):
        assert held(tmp_path / "lab.repo", one) == set(one.files)
    assert held(tmp_path / "lab.repo", third) == set()
    some = list(third.files)[:2]
    pacs("get", *of, *place, "--series", third.series_uid, "--instance", some[0], "--instance", some[1])
    assert held(tmp_path / "lab.repo", third) == set(some)
    words = ("push", *place, "--to", "tree", "--series", first.series_uid, "--series", second.series_uid)
    assert "8 of 8" in pacs(*words).out
    mixed = ("--study", first.study_uid, "--study", second.study_uid, "--series", first.series_uid)
    assert "which belongs to which" in pacs("get", *of, *place, *mixed, code=2).err


def test_what_the_server_does_not_have_is_a_failure(pacs: Pacs, orthanc, series: Made):
    sent(orthanc.url, series)
    for words in (("--study", "1.2.3.4"), ("--study", series.study_uid, "--instance", "1.2.3.4")):
        done = pacs("get", "--pacs", orthanc.url, "--repo", "lab.repo", *words, code=1)
        assert "has nothing with" in done.err and "1.2.3.4" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("--repo", "x.repo"),
        ("--repo", "x.repo", "--study", "1.2", "-"),
        ("--study", "*", "--repo", "x.repo"),
        ("--repo", "x.repo", "--folder", "y", "-"),
    ],
)
def test_wrong_use_is_told_before_anything_is_asked(pacs: Pacs, words):
    pacs("get", "--pacs", "dicom://A@127.0.0.1:9", *words, code=2)


def test_a_connection_that_is_cut_is_tried_again_and_completes(orthanc, proxy, tmp_path: Path):
    made = write_series(tmp_path / "s", 12, 64)
    sent(orthanc.url, made)
    between = proxy(orthanc.dicom)
    between.cut_to_client = 40_000
    peer = DimsePeer(f"dicom://ORTHANC@127.0.0.1:{between.port}", calling="VQ", answer_timeout=5)
    wanted = [Wanted(made.study_uid, made.series_uid)]
    for place in (RepositoryPlace(tmp_path / "cut.repo"), TreePlace(tmp_path / "tree", Template())):
        between.cut_to_client, between.passed["to_client"] = 40_000, 0
        journal = Journal(tmp_path / "notes")
        heal = place.file

        def healing(files, between=between, heal=heal):
            if files:
                between.heal()
            return heal(files)

        place.file = healing  # type: ignore[method-assign]
        (result,) = retrieve(peer, wanted, place, journal)
        assert result.complete and result.problems, "the break is told, and mended"
        assert set(place.held(made.study_uid, made.series_uid)) == set(made.files)
        assert journal.noted("received", made.series_uid) == set(made.files)
        journal.close()
        place.close()


def test_a_series_that_stays_cut_is_incomplete_and_names_what_is_missing(pacs: Pacs, orthanc, proxy, tmp_path: Path):
    made = write_series(tmp_path / "s", 12, 64)
    sent(orthanc.url, made)
    between = proxy(orthanc.dicom)
    url = f"dicom://ORTHANC@127.0.0.1:{between.port}"
    between.cut_to_client = 60_000
    words = ("--study", made.study_uid, "--series", made.series_uid)
    done = pacs("get", "--pacs", url, "--repo", "lab.repo", *words, "--json", code=1).json
    (one,) = done["results"]
    assert done["status"] is False and one["complete"] is False
    there = held(tmp_path / "lab.repo", made)
    assert set(one["missing"]) == set(made.files) - there and one["missing"]
    assert pacs("push", "--to", "x", "--repo", "lab.repo", "-", text=json.dumps(done), code=2).err
    between.heal()
    assert "complete" in pacs("get", "--pacs", url, "--repo", "lab.repo", *words).out
    assert held(tmp_path / "lab.repo", made) == set(made.files)


def test_a_lost_file_is_seen_although_the_count_is_right(pacs: Pacs, orthanc, series: Made, tmp_path: Path):
    sent(orthanc.url, series)
    words = ("get", "--pacs", orthanc.url, "--folder", "tree", "--study", series.study_uid)
    pacs(*words)
    files = sorted((tmp_path / "tree").rglob("*.dcm"))
    files[1].write_bytes(files[0].read_bytes())  # four files, but three instances
    done = pacs(*words, code=1)
    assert f"missing: {list(series.files)[1]}" in done.out, "another file is in its place, and is not replaced"
    files[1].unlink()
    assert "4 of 4 instances, 1 new" in pacs(*words).out


def test_an_instance_that_cannot_be_filed_is_missing_and_nothing_is_lost(
    pacs: Pacs, orthanc, series: Made, tmp_path: Path
):
    sent(orthanc.url, series)
    template = ("--template", "{Modality}/{SOPInstanceUID}.dcm")
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "CT").write_text("in the way")
    words = ("get", "--pacs", orthanc.url, "--folder", "tree", *template, "--study", series.study_uid)
    done = pacs(*words, code=1)
    assert "INCOMPLETE" in done.out and "could not be filed" in done.out
    assert orthanc.held() >= set(series.files)
    (tmp_path / "tree" / "CT").unlink()
    assert "complete" in pacs(*words).out


def test_move_to_ourselves(pacs: Pacs, qrscp, series: Made, tmp_path: Path):
    sent(qrscp.url, series)
    words = ("move", "--pacs", qrscp.url, "--study", series.study_uid)
    done = pacs(*words, "--port", qrscp.move_port, "--repo", "moved.repo")
    assert "complete" in done.out and held(tmp_path / "moved.repo", series) == set(series.files)


def test_move_to_a_third_server_is_checked_there(pacs: Pacs, qrscp, series: Made, tmp_path: Path):
    known = {"third": [qrscp.aet, "127.0.0.1", qrscp.port]}
    with start_orthanc(tmp_path / "sender", DicomModalities=known) as sender:
        sent(sender.url, series)
        words = ("move", "--pacs", sender.url, "--study", series.study_uid)
        counted = pacs(*words, "--to", qrscp.aet)
        assert "sent: CT Axial: 4 of 4" in counted.out and "--check" in counted.out
        (one,) = pacs(*words, "--to", qrscp.aet, "--check", qrscp.url, "--json").json["results"]
        assert one["checked"] and one["complete"] and one["missing"] == []
        nobody = ("--check", "dicom://GONE@127.0.0.1:9")
        blind = pacs(*words, "--to", qrscp.aet, *nobody, code=1).out
        assert "NOT CHECKED: CT Axial: 4 of 4" in blind and "GONE@127.0.0.1:9" in blind, "asked to look, it did not see"
        (one,) = pacs(*words, "--to", qrscp.aet, *nobody, "--json", code=1).json["results"]
        assert not one["complete"] and not one["checked"]
        unknown = pacs(*words, "--to", "NOBODY", code=1)
        assert "INCOMPLETE" in unknown.out and "NOBODY" in unknown.out
        (one,) = pacs(*words, "--to", qrscp.aet, "--check", sender.url, "--json").json["results"]
        assert one["complete"], "who is asked is who is named"
        over_http = f"orthanc+http://127.0.0.1:{sender.http}"
        assert "DIMSE" in pacs("move", "--pacs", over_http, "--to", "X", "--study", series.study_uid, code=2).err


def test_a_third_server_that_misses_something_is_sent_it_again_and_named(
    pacs: Pacs, qrscp, orthanc, series: Made, tmp_path: Path
):
    known = {"third": [qrscp.aet, "127.0.0.1", qrscp.port]}
    with start_orthanc(tmp_path / "sender", DicomModalities=known) as sender:
        sent(sender.url, series)
        words = ("move", "--pacs", sender.url, "--study", series.study_uid, "--to", qrscp.aet)
        (one,) = pacs(*words, "--check", orthanc.url, "--json", code=1).json["results"]  # it went elsewhere
        assert set(one["missing"]) == set(series.files) and not one["complete"]


class Breaking:
    """A sender whose connection breaks the first time, when it has sent some."""

    name, url, kind = "test", "dicom://TEST@127.0.0.1:1", "dimse"

    def __init__(self, made: Made, there: set[str]):
        self.made, self.there, self.asked = made, there, []

    def find(self, level, keys, wanted=()):
        return [{"SOPInstanceUID": uid} for uid in self.made.files]

    def move(self, study_uid, series_uid, instances, to):
        self.asked.append(list(instances))
        uids = list(instances) or list(self.made.files)
        if len(self.asked) == 1:
            self.there |= set(uids[:2])
            raise Unreachable("test closed the connection", hint="", peer="test", status="")
        self.there |= set(uids)
        return Moved(len(uids), 0, 0, "0000")


class Asked:
    """The receiver, which says what it has."""

    url = "dicom://THIRD@127.0.0.1:1"

    def __init__(self, there: set[str]):
        self.there = there

    def find(self, level, keys, wanted=()):
        return [{"SOPInstanceUID": uid} for uid in self.there]


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """Notes of transfers."""
    notes = Journal(tmp_path / "notes")
    yield notes
    notes.close()


def test_a_move_whose_connection_broke_goes_on_with_what_is_missing(series: Made, journal: Journal):
    there: set[str] = set()
    peer = Breaking(series, there)
    (one,) = move_to(peer, [Wanted(series.study_uid, series.series_uid)], "THIRD", journal, Asked(there))
    assert journal.noted("pushed", series.series_uid, Asked.url) == set(series.files), "seen there, so noted"
    assert one.good and one.missing == [] and "closed the connection" in one.problems[0]
    assert peer.asked == [[], sorted(set(series.files) - set(list(series.files)[:2]))]


def test_a_move_that_nobody_can_check_is_asked_for_again_as_a_whole(series: Made, journal: Journal):
    peer = Breaking(series, set())
    (one,) = move_to(peer, [Wanted(series.study_uid, series.series_uid)], "THIRD", journal)
    assert journal.noted("pushed", series.series_uid) == set(), "a count is no sight"
    assert one.good and one.missing is None and peer.asked == [[], []]


def test_the_dcmtk_line_of_get(pacs: Pacs, orthanc, series: Made):
    sent(orthanc.url, series)
    done = pacs("get", "-v", "--pacs", orthanc.url, "--folder", "a b", "--study", series.study_uid)
    assert "getscu" in done.err and "'a b'" in done.err and f"SeriesInstanceUID={series.series_uid}" in done.err


def test_nothing_is_started_for_what_arrives(pacs: Pacs, orthanc, series: Made, monkeypatch):
    sent(orthanc.url, series)

    def refused(*words, **more):
        raise AssertionError(f"started {words}")

    monkeypatch.setattr(subprocess.Popen, "__init__", refused)
    monkeypatch.setattr(os, "system", refused)
    assert "complete" in pacs("get", "-v", "--pacs", orthanc.url, "--repo", "lab.repo", "--study", series.study_uid).out


class Interrupted:
    """A peer that is stopped by Ctrl-C after two instances, or gives others than it was asked for."""

    name, url, kind = "test", "dicom://TEST@127.0.0.1:1", "dimse"

    def __init__(self, made: Made, *, extra: dict[str, Path] | None = None, ends: type[BaseException] | None = None):
        self.made, self.extra, self.ends = made, extra or {}, ends

    def find(self, level, keys, wanted=()):
        return [{"SOPInstanceUID": uid} for uid in self.made.files]

    def retrieve(self, study_uid, series_uid, instances, receive):
        for number, (uid, path) in enumerate({**self.extra, **self.made.files}.items()):
            if number == 2 and self.ends:
                raise self.ends
            receive(uid, memoryview(path.read_bytes()))


def test_what_came_before_ctrl_c_is_kept(series: Made, tmp_path: Path):
    place, journal = RepositoryPlace(tmp_path / "lab.repo"), Journal(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        retrieve(
            Interrupted(series, ends=KeyboardInterrupt), [Wanted(series.study_uid, series.series_uid)], place, journal
        )
    there = set(list(series.files)[:2])
    assert set(place.held(series.study_uid, series.series_uid)) == there
    assert journal.noted("received", series.series_uid) == there
    place.close()
    journal.close()


def test_what_was_not_asked_for_or_comes_twice_is_told_and_not_kept(series: Made, tmp_path: Path):
    other = write_series(tmp_path / "other", 1)
    place, journal = TreePlace(tmp_path / "tree", Template()), Journal(tmp_path)
    peer = Interrupted(series, extra=other.files)
    told: list[tuple[int, int, str]] = []
    (result,) = retrieve(
        peer, [Wanted(series.study_uid, series.series_uid)], place, journal, lambda *said: told.append(said)
    )
    (problem,) = result.problems
    assert "was not asked for" in problem and result.complete
    assert set(place.held("", "")) == set(series.files)
    assert [done for done, total, _ in told if total == 4] == [1, 2, 3, 4]
    journal.close()


def test_another_instance_under_a_known_uid_does_not_make_it_complete(series: Made, tmp_path: Path):
    """The server names it as asked, but its content is another instance."""
    other = write_series(tmp_path / "other", 1)
    uid = next(iter(series.files))
    wrong = Made(series.study_uid, series.series_uid, {**series.files, uid: other.paths[0]})
    place, journal = RepositoryPlace(tmp_path / "lab.repo"), Journal(tmp_path)
    (result,) = retrieve(Interrupted(wrong), [Wanted(series.study_uid, series.series_uid)], place, journal)
    assert not result.complete and result.missing == [uid]
    place.close()
    journal.close()


def test_no_plain_file_is_put_into_a_repository(pacs: Pacs, orthanc, series: Made, tmp_path: Path):
    sent(orthanc.url, series)
    LocalRepository.create(tmp_path / "lab.repo").close()
    lines = ["[repositories]", f'lab = "{tmp_path / "lab.repo"}"']
    words = ("--pacs", orthanc.url, "--study", series.study_uid)
    for command in (
        ("get", *words, "--folder", "lab.repo"),
        ("push", *words, "--to", "lab"),
        ("repack", "series", "--folder", "lab.repo/instances"),
    ):
        assert "belongs to the repository" in pacs(*command, code=2, lines=lines).err
    assert not list((tmp_path / "lab.repo").rglob("*.dcm"))


def test_names_without_an_ending_are_found_again(pacs: Pacs, orthanc, series: Made):
    sent(orthanc.url, series)
    words = (
        "get",
        "--pacs",
        orthanc.url,
        "--study",
        series.study_uid,
        "--folder",
        "tree",
        "--template",
        "{SOPInstanceUID}",
    )
    assert "4 new" in pacs(*words).out
    assert "0 new" in pacs(*words).out


def test_every_command_that_asks_a_pacs_prints_its_line(pacs: Pacs, orthanc, series: Made, tmp_path: Path):
    sent(orthanc.url, series)
    by_study = ("--pacs", orthanc.url, "-v", "--study", series.study_uid)
    assert "findscu" in pacs("status", *by_study, "--folder", "tree", code=1).err
    assert "getscu" in pacs("tags", series.series_uid, *by_study).err
    assert "storescu" in pacs("store", "--pacs", orthanc.url, "-v", "series").err
    assert "echoscu" in pacs("echo", "--pacs", orthanc.url, "-v").err
    http = f"orthanc+http://127.0.0.1:{orthanc.http}"
    assert "speaks HTTP" in pacs("echo", "--pacs", http, "-v").err
