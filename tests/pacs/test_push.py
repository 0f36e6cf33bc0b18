"""pacs store and push: the order, every answer, and nothing called there that is not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import vqscript as package
from vqscript.imaging.dicom.header import read_instance
from vqscript.network.peer import Sent
from vqscript.pacs.consignment import OfRepository
from vqscript.pacs.journal import Journal
from vqscript.pacs.sending import in_order, send, step
from vqscript.repository.local import LocalRepository

from .conftest import Made, Pacs, sent, write_series

RT = "1.2.840.10008.5.1.4.1.1.481."
CT = "1.2.840.10008.5.1.4.1.1.2"


def local(path: Path, *made: Made) -> Path:
    """A local repository of these series."""
    with LocalRepository.create(path) as repository:
        for one in made:
            repository.store(one.paths)
    return path


def mixed(folder: Path) -> dict[str, Made]:
    """Objects of a plan, named so that the order of files is the wrong one."""
    study = write_series(folder / "4", 2)
    kinds = {"dose": f"{RT}2", "plan": f"{RT}5", "structures": f"{RT}3"}
    made = {
        name: write_series(
            folder / f"{n}", 1, StudyInstanceUID=study.study_uid, SOPClassUID=uid, Modality="RT" + name[:4].upper()
        )
        for n, (name, uid) in enumerate(kinds.items())
    }
    return {**made, "ct": study}


class Recording:
    """A peer that notes what it is sent, and can refuse."""

    name = url = "test"
    kind = "dimse"

    def __init__(self, refused: str = "") -> None:
        self.got: list[Path] = []
        self.refused = refused

    def send(self, paths):
        for path in paths:
            self.got.append(path)
            uid = read_instance(path).sop_uid
            bad = uid == self.refused
            yield Sent(path, uid, not bad, "A900 data set does not match SOP class" if bad else "0000")


def test_images_go_before_structures_before_plans_before_doses(tmp_path: Path):
    made = mixed(tmp_path)
    instances = [read_instance(path) for one in made.values() for path in one.paths]
    peer = Recording()
    assert all(one.accepted for one in send(peer, in_order(instances)))
    order = ["ct", "ct", "structures", "plan", "dose"]
    assert peer.got == [*made["ct"].paths, *(made[name].paths[0] for name in order[2:])]
    assert [len(part) for part in in_order(instances)] == [2, 1, 1, 1]


def test_reports_and_presentation_states_go_last():
    assert step("1.2.840.10008.5.1.4.1.1.88.22") > step(f"{RT}2") > step(f"{RT}5") > step(f"{RT}3") > step(CT)
    assert step("1.2.840.10008.5.1.4.1.1.66.4") == step(f"{RT}3"), "a segmentation needs its images"


def test_store_says_what_the_server_answered_to_each(pacs: Pacs, orthanc, qrscp, tmp_path: Path):
    for number, url in enumerate((orthanc.url, f"orthanc+http://127.0.0.1:{orthanc.http}", qrscp.url)):
        series = write_series(tmp_path / f"s{number}")
        (tmp_path / f"s{number}" / "notes.txt").write_text("no DICOM")
        done = pacs("store", "--pacs", url, f"s{number}", "--json").json
        assert {one["SOPInstanceUID"] for one in done["results"]} == set(series.files)
        assert all(one["accepted"] and one["answer"] for one in done["results"])
        assert [one["failed"] for one in done["skipped"]] == [False]


def test_store_fails_where_one_file_is_cut_short(pacs: Pacs, orthanc, series: Made):
    cut = series.paths[1]
    cut.write_bytes(cut.read_bytes()[:-40])
    done = pacs("store", "--pacs", orthanc.url, "series", code=1)
    assert f"NOT SENT: series/{cut.name}" in done.out and "3 of 3 instances accepted" in done.out


def test_store_fails_where_nothing_is_sent(pacs: Pacs, orthanc, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    assert "0 of 0" in pacs("store", "--pacs", orthanc.url, "empty", code=1).out


def test_store_to_a_dead_server_names_every_instance(pacs: Pacs, series: Made):
    done = pacs("store", "--pacs", "dicom://GONE@127.0.0.1:9", "series", "--json", code=1).json
    assert len(done["results"]) == 4 and not any(one["accepted"] for one in done["results"])
    assert "GONE@127.0.0.1:9" in done["results"][0]["answer"]


def test_store_takes_studies_of_a_repository(pacs: Pacs, orthanc, series: Made, tmp_path: Path):
    local(tmp_path / "lab.repo", series)
    words = ("store", "--pacs", orthanc.url, "--repo", "lab.repo")
    assert "4 of 4 instances accepted" in pacs(*words, "--study", series.study_uid).out
    found = pacs("find", "--pacs", orthanc.url, "--StudyInstanceUID", series.study_uid, "--json").out
    assert "4 of 4 instances accepted" in pacs(*words, "-", text=found).out
    (line,) = [line for line in pacs(*words, "-v", "-", text=found).err.splitlines() if line.startswith("dcmtk: ")]
    assert line.count("/lab.repo/") == 4 and not line.endswith(" -"), "what DCMTK can read"
    assert "what is to be sent" in pacs("store", "--pacs", orthanc.url, code=2).err
    assert "pacs push" in pacs("store", "--pacs", orthanc.url, "-", text=found, code=2).err
    assert "has no study 1.2.3" in pacs(*words, "--study", "1.2.3", code=1).err
    assert "either" in pacs(*words, "--study", series.study_uid, "-", text=found, code=2).err


def test_store_and_push_take_a_whole_repository_images_of_all_studies_first(pacs: Pacs, orthanc, qrscp, tmp_path: Path):
    """A plan of one study may refer to images of another."""
    plans = [mixed(tmp_path / name) for name in "ab"]
    local(tmp_path / "lab.repo", *(one for made in plans for one in made.values()))
    uids = {uid: one.paths[0] for made in plans for one in made.values() for uid in one.files}
    done = pacs("store", "--pacs", orthanc.url, "--repo", "lab.repo", "--json")
    assert "lab.repo: 2 studies, 10 instances" in done.err
    sent_uids = [one["SOPInstanceUID"] for one in done.json["results"]]
    steps = [step(read_instance(uids[uid]).sop_class) for uid in sent_uids]
    assert steps == [0, 0, 0, 0, 2, 2, 3, 3, 4, 4] and set(sent_uids) == set(uids)
    assert orthanc.held() >= set(uids)
    pushed = pacs("push", "--to", qrscp.url, "--repo", "lab.repo", "--json")
    assert "lab.repo: 2 studies, 10 instances" in pushed.err
    assert [one["SOPInstanceUID"] for one in pushed.json["results"]] == sent_uids
    assert "10 of 10 instances are at tree" in pacs("push", "--to", "tree", "--repo", "lab.repo").out
    assert "10 of them before" in pacs("push", "--to", "tree", "--repo", "lab.repo").out


def test_answers_go_into_the_pipe_while_the_bar_is_on_the_terminal(orthanc, series: Made, tmp_path: Path):
    pty = pytest.importorskip("pty")
    master, terminal = pty.openpty()
    line = [sys.executable, "-m", "vqscript.cli.main", "pacs", "store", "--pacs", orthanc.url, str(tmp_path / "series")]
    env = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1]), "TERM": "xterm"}
    done = subprocess.run(line, stdout=subprocess.PIPE, stderr=terminal, env=env, cwd=tmp_path)
    os.close(terminal)
    drawn = os.read(master, 1 << 16).decode()
    os.close(master)
    assert done.stdout.decode().splitlines() == [
        *(f"accepted: {uid}: 0000" for uid in series.files),
        "4 of 4 instances accepted",
    ]
    assert "sending" in drawn and "accepted" not in drawn


def test_an_empty_repository_and_an_empty_find_are_not_the_whole_of_it(pacs: Pacs, series: Made, tmp_path: Path):
    local(tmp_path / "lab.repo", series)
    nothing = json.dumps({"data": []})
    assert "0 of 0" in pacs("push", "--to", "tree", "--repo", "lab.repo", "-", text=nothing, code=1).out
    assert not (tmp_path / "tree").exists()
    local(tmp_path / "empty.repo")
    done = pacs("push", "--to", "tree", "--repo", "empty.repo", code=1)
    assert "0 studies, 0 instances" in done.err and "0 of 0" in done.out


def test_a_damaged_series_stays_behind_and_is_named_and_the_others_go(pacs: Pacs, orthanc, tmp_path: Path):
    good, bad = write_series(tmp_path / "good"), write_series(tmp_path / "bad")
    local(tmp_path / "lab.repo", good, bad)
    lost = next(
        path
        for path in (tmp_path / "lab.repo" / "instances").rglob("*.dcm")
        if read_instance(path).sop_uid == next(iter(bad.files))
    )
    lost.unlink()
    done = pacs("push", "--to", orthanc.url, "--repo", "lab.repo", code=1)
    assert f"NOT SENT: {lost}" in done.out and "4 of 8 instances are at" in done.out
    assert all(f"missing: {uid}" in done.out for uid in bad.files)
    stored = pacs("store", "--pacs", orthanc.url, "--repo", "lab.repo", "--json", code=1).json
    assert {one["SOPInstanceUID"] for one in stored["results"]} == set(good.files)
    assert [(one["path"], one["failed"]) for one in stored["skipped"]] == [(str(lost), True)]


def test_what_is_sent_from_a_repository_is_read_study_by_study(tmp_path: Path):
    """However many studies there are, only one is at hand."""
    made = [write_series(tmp_path / str(n), 2) for n in range(3)]
    with LocalRepository.open(local(tmp_path / "lab.repo", *made)) as repository:
        reads: list[str] = []
        real = repository.fetch
        repository.fetch = lambda study, one: (reads.append(study), real(study, one))[1]  # type: ignore[method-assign]
        whole = OfRepository(repository)
        batches = whole.batches()
        assert (whole.count, reads) == (6, [])
        for number in range(1, 4):
            assert len({one.study_uid for one in next(batches)}) == 1 and len(reads) == number


def test_push_by_series_alone_and_never_by_instance(pacs: Pacs, series: Made, tmp_path: Path):
    other = write_series(tmp_path / "other", StudyInstanceUID=series.study_uid)
    local(tmp_path / "lab.repo", series, other)
    words = ("push", "--to", "tree", "--repo", "lab.repo")
    assert "4 of 4" in pacs(*words, "--series", series.series_uid).out
    assert {path.name[5:-4] for path in (tmp_path / "tree").rglob("*.dcm")} == set(series.files)
    assert "no single instance" in pacs(*words, "--instance", next(iter(series.files)), code=2).err
    assert "has no series 1.2" in pacs(*words, "--study", series.study_uid, "--series", "1.2", code=1).err


def test_push_from_a_repository_to_a_server_and_again(pacs: Pacs, orthanc, series: Made, tmp_path: Path):
    local(tmp_path / "lab.repo", series)
    words = ("push", "--repo", "lab.repo", "--to", orthanc.url, "--study", series.study_uid)
    assert "4 of 4 instances are at dicom://" in pacs(*words).out
    assert orthanc.held() >= set(series.files)
    again = pacs(*words, "--json").json
    assert again["status"] and set(again["known"]) == set(series.files) and again["results"] == []
    found = pacs("status", "--pacs", orthanc.url, "--repo", "lab.repo", "-", text=json.dumps(again)).out
    assert series.series_uid in found  # what it prints is find JSON, for the next command


def test_push_from_server_to_server_and_to_a_folder(pacs: Pacs, orthanc, qrscp, series: Made, tmp_path: Path):
    sent(qrscp.url, series)
    found = pacs("find", "--pacs", qrscp.url, "--StudyInstanceUID", series.study_uid, "--json").out
    assert "4 of 4" in pacs("push", "--pacs", qrscp.url, "--to", orthanc.url, "-", text=found).out
    assert orthanc.held() >= set(series.files)
    assert "4 of 4" in pacs("push", "--pacs", qrscp.url, "--to", "tree", "-", text=found).out
    assert {path.name[5:-4] for path in (tmp_path / "tree").rglob("*.dcm")} == set(series.files)
    assert "4 of them before" in pacs("push", "--pacs", qrscp.url, "--to", "tree", "-", text=found).out
    orthanc.clear()
    done = pacs("push", "--pacs", qrscp.url, "--to", orthanc.url, "-v", "--json", "-", text=found)
    assert {one["SOPInstanceUID"] for one in done.json["results"]} == set(series.files)
    assert "vqscript-push-" not in done.out + done.err, "the folder on the way is gone, so it is not named"
    assert "getscu" in done.err and "storescu" in done.err


def test_every_answer_names_its_instance(series: Made):
    """An answer that says no UID, as where nothing was answered, gets it from what was sent."""
    instances = [read_instance(path) for path in series.paths]

    class Silent(Recording):
        def send(self, paths):
            return iter([Sent(path, "", accepted=False, status="no answer") for path in paths])

    assert {one.sop_uid for one in send(Silent(), in_order(instances))} == set(series.files)


def test_what_a_server_accepts_but_does_not_keep_is_missing(
    pacs: Pacs, orthanc, series: Made, tmp_path: Path, monkeypatch
):
    """Complete is what the target lists afterwards, not how many answers were good."""
    from vqscript.network.dimse import DimsePeer

    local(tmp_path / "lab.repo", series)
    real = DimsePeer.send

    def losing(self, paths):
        paths = list(paths)
        yield from real(self, paths[:-1])
        yield Sent(paths[-1], "", accepted=True, status="0000")

    monkeypatch.setattr(DimsePeer, "send", losing)
    done = pacs("push", "--repo", "lab.repo", "--to", orthanc.url, "--study", series.study_uid, "--json", code=1).json
    assert len(done["missing"]) == 1 and all(one["accepted"] for one in done["results"])
    journal = Journal(tmp_path / "cache")
    assert journal.noted("pushed", series.series_uid) == set(series.files) - set(done["missing"])
    journal.close()


def test_a_push_whose_server_goes_away_says_what_is_missing(pacs: Pacs, orthanc, proxy, tmp_path: Path):
    """Of three studies, one and a part arrive; the others are not even tried."""
    made = [write_series(tmp_path / str(n), 4, 64) for n in range(3)]
    local(tmp_path / "lab.repo", *made)
    between = proxy(orthanc.dicom)
    between.cut_to_server = 60_000
    words = ("push", "--repo", "lab.repo", "--to", f"dicom://ORTHANC@127.0.0.1:{between.port}")
    uids = {uid for one in made for uid in one.files}
    done = pacs(*words, "--json", code=1).json
    there = uids - set(done["missing"])
    assert there and there <= orthanc.held() and done["missing"] and done["problems"]
    between.heal()
    again = pacs(*words, "--json").json
    assert set(again["known"]) | {one["SOPInstanceUID"] for one in again["results"]} == uids and not again["missing"]


def test_push_needs_to_know_where_from(pacs: Pacs, series: Made):
    found = json.dumps({"data": []})
    assert "where from" in pacs("push", "--to", "tree", "-", text=found, code=2).err
    both = ("--repo", "lab.repo", "--pacs", "dicom://A@127.0.0.1:9")
    assert (
        "from the repository, or from the server?" in pacs("push", *both, "--to", "tree", "-", text=found, code=2).err
    )
