"""Each pacs command hands find JSON to the next: chains of real processes with real servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import vqscript as package
from vqscript.pacs.found import from_json

from .conftest import Done, Made, Pacs, sent, start_orthanc, write_series

Chain = Callable[..., Done]


@pytest.fixture
def chain(place: Path) -> Chain:
    """Run ``pacs`` commands as a shell runs ``a | b | c``: all at once; returns how the last one ended."""

    def run(*commands: tuple[object, ...], code: int = 0) -> Done:
        env = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])}
        processes: list[subprocess.Popen[bytes]] = []
        for words in commands:
            line = [sys.executable, "-m", "vqscript.cli.main", "pacs", *map(str, words)]
            given = processes[-1].stdout if processes else subprocess.DEVNULL
            processes.append(
                subprocess.Popen(line, stdin=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=place, env=env)
            )
            if len(processes) > 1 and processes[-2].stdout:
                processes[-2].stdout.close()  # the next one alone reads it
        out, err = processes[-1].communicate(timeout=60)
        said = [err.decode()]
        for one in processes[:-1]:
            assert one.stderr is not None
            said.insert(0, one.stderr.read().decode())
            one.stderr.close()
            one.wait(timeout=60)
        return Done(processes[-1].returncode, out.decode(), "".join(said)).checked(code)

    return run


@pytest.fixture(scope="module")
def sender(tmp_path_factory: pytest.TempPathFactory, qrscp) -> Iterator[object]:
    """An Orthanc that knows dcmqrscp, so that it can send there."""
    known = {"third": [qrscp.aet, "127.0.0.1", qrscp.port]}
    with start_orthanc(tmp_path_factory.mktemp("sender"), DicomModalities=known) as peer:
        yield peer


def counts(done: Done) -> dict[str, object]:
    """What ``status --json`` says of the one series."""
    (one,) = done.json["results"]
    return {**one, "missing": len(one["missing"])}


def test_find_get_status(chain: Chain, sender, series: Made):
    sent(sender.url, series)
    of, place = ("--pacs", sender.url), ("--repo", "lab.repo")
    find = ("find", *of, "--StudyInstanceUID", series.study_uid, "--json")
    said = chain(find, ("get", *of, *place, "-", "--json"), ("status", *of, *place, "-", "--json"))
    one = counts(said)
    assert (one["requested"], one["received"], one["filed"], one["missing"]) == (4, 4, 4, 0)
    assert "made repository lab.repo" in said.err, "a mistaken name would be seen"
    again = chain(find, ("get", *of, *place, "-", "--json"), ("report", "-"))
    assert "PatientID: CASE-1" in again.out and "made" not in again.err, "what was known of the study goes along"


def test_find_move_status_to_ourselves_and_to_another(chain: Chain, sender, qrscp, series: Made):
    sent(sender.url, series)
    of, place = ("--pacs", sender.url), ("--folder", "tree")
    find = ("find", *of, "--StudyInstanceUID", series.study_uid, "--json")
    moved = ("move", *of, "--to", qrscp.aet, "--check", qrscp.url, "-", "--json")
    one = counts(chain(find, moved, ("status", *of, *place, "-", "--json"), code=1))
    assert (one["requested"], one["pushed"], one["filed"], one["missing"]) == (4, 4, 0, 4)
    ours = ("move", *of, *place, "-", "--json")
    assert chain(find, ours).json["command"] == "move"
    one = counts(chain(find, ours, ("status", *of, *place, "-", "--json")))
    assert (one["received"], one["filed"], one["pushed"]) == (4, 4, 4)


def test_find_move_get_from_where_it_went(chain: Chain, sender, qrscp, series: Made, tmp_path: Path):
    sent(sender.url, series)
    find = ("find", "--pacs", sender.url, "--SeriesInstanceUID", series.series_uid, "--json")
    move = ("move", "--pacs", sender.url, "--to", qrscp.aet, "--json", "-")
    done = chain(find, move, ("get", "--pacs", qrscp.url, "--folder", "tree", "-"))
    assert "4 of 4 instances, 4 new" in done.out
    assert {path.name[5:-4] for path in (tmp_path / "tree").rglob("*.dcm")} == set(series.files)


def test_find_push_status(chain: Chain, sender, qrscp, series: Made):
    sent(sender.url, series)
    find = ("find", "--pacs", sender.url, "--StudyInstanceUID", series.study_uid, "--json")
    push = ("push", "--pacs", sender.url, "--to", qrscp.url, "-", "--json")
    status = ("status", "--pacs", qrscp.url, "--folder", "none", "-", "--json")
    one = counts(chain(find, push, status, code=1))
    assert (one["listed"], one["pushed"], one["filed"]) == (4, 4, 0)


@pytest.mark.parametrize("kind", ["dimse", "dicomweb", "rest"])
def test_store_get_status_on_every_kind_of_server(chain: Chain, sender, qrscp, tmp_path: Path, kind: str):
    write_series(tmp_path / "files")
    http = f"127.0.0.1:{sender.http}"
    url = {"dimse": sender.url, "dicomweb": f"dicomweb+http://{http}/dicom-web", "rest": f"orthanc+http://{http}"}[kind]
    of, place = ("--pacs", url), ("--repo", "lab.repo")
    store, get = ("store", *of, "files", "--json"), ("get", *of, *place, "-", "--json")
    one = counts(chain(store, get, ("status", *of, *place, "-", "--json")))
    assert (one["listed"], one["received"], one["filed"], one["missing"]) == (4, 4, 4, 0)


def test_get_push_store_report(chain: Chain, sender, qrscp, series: Made):
    sent(sender.url, series)
    get = ("get", "--pacs", sender.url, "--repo", "lab.repo", "--study", series.study_uid, "--json")
    push = ("push", "--repo", "lab.repo", "--to", qrscp.url, "-", "--json")
    assert "PatientID: CASE-1" in chain(get, push, ("report", "-")).out, "the repository knows the patient"
    store = ("store", "--repo", "lab.repo", "--pacs", sender.url, "-", "--json")
    report = ("report", "-", "--json")
    last = chain(get, push, store, report).json
    assert last["command"] == "report" and last["status"] is True
    (study,) = from_json(json.dumps(last)).studies
    assert study.uid == series.study_uid and [one["SeriesInstanceUID"] for one in study.series] == [series.series_uid]
    assert "1 study, 1 series" in chain(get, report, ("report", "-")).out


def test_find_then_does_it_in_one_command(process: Pacs, sender, qrscp, series: Made, tmp_path: Path):
    sent(sender.url, series)
    words = ("find", "--pacs", sender.url, "--StudyInstanceUID", series.study_uid, "--repo", "lab.repo")
    done = process(*words, "--then", "report,get,status,push", "--to", qrscp.url)
    for said in ("1 study, 1 series", "complete: CT Axial", "Requested", "4 of 4 instances are at"):
        assert said in done.out
    one = process(*words, "--then", "push", "--to", "tree", "--json").json
    assert one["command"] == "push" and one["data"] and len(one["results"]) == 4


def test_a_chain_does_not_go_on_with_parts_but_says_what_is_missing(chain: Chain, sender, series: Made, tmp_path: Path):
    sent(sender.url, series)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "CT").write_text("in the way")
    of, place = ("--pacs", sender.url), ("--folder", "tree", "--template", "{Modality}/{SOPInstanceUID}.dcm")
    get = ("get", *of, *place, "--study", series.study_uid, "--json")
    refused = chain(get, ("push", *of, "--to", "other", "-"), code=2)
    assert refused.out == "" and "had failed" in refused.err and not (tmp_path / "other").exists()
    said = chain(get, ("status", *of, *place, "-"), code=1).out
    assert all(f"missing: {uid}" in said for uid in series.files), "that is what one asks then"
    report = ("report", "-", "--json")
    assert chain(get, report, code=1).json["status"] is False
    assert "had failed" in chain(get, report, ("push", *of, "--to", "other", "-"), code=2).err
