"""Many senders at once, a disk that is full, a server that is killed: what was acknowledged is there."""

from __future__ import annotations

import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from pydicom import dcmread

from vqscript.errors import PeerError
from vqscript.network.dimse.address import Address
from vqscript.network.dimse.store import send
from vqscript.repository.local import LocalRepository

from ..network.conftest import Made, make_series, series
from .listening import dataset_of, listen, raw_store, started

__all__ = ["listen", "make_series", "series", "started"]  # fixtures


@pytest.fixture
def all_series(make_series) -> list[Made]:
    """What eight callers send: four of them the same, the others each their own."""
    own = [make_series(f"own{n}", 15, PatientID=f"P{n}", PatientName=f"N{n}") for n in range(4)]
    return [*own, *[make_series("same", 15)] * 4]


def acknowledged(port: int, number: int, made: Made) -> set[str]:
    """Send a series, and return what was acknowledged until the server was gone."""
    accepted: set[str] = set()
    with suppress(PeerError):
        for one in send(Address("OURS", "127.0.0.1", port, f"CALLER{number}", answer_timeout=20), made.paths):
            assert one.accepted, one.status
            accepted.add(one.sop_uid)
    return accepted


def all_sent(pool: ThreadPoolExecutor, port: int, all_series: list[Made]):
    return [pool.submit(acknowledged, port, n, made) for n, made in enumerate(all_series)]


def test_eight_senders_at_once_some_with_the_same_instances(listen, all_series):
    running = listen()
    with ThreadPoolExecutor(8) as pool:
        results = [one.result() for one in all_sent(pool, running.port, all_series)]
    assert [len(one) for one in results] == [15] * 8
    running.told("ended", 8)
    counted = [event.about for event in running.events if event.kind == "ended"]
    assert sum(one["received"] for one in counted) == 120
    assert sum(one["known"] for one in counted) == 45, "each is new once"
    with running.repository() as repository:
        for made in all_series:
            assert set(repository.instances(made.study_uid)) == set(made.files)
        assert repository.count() == 75 and repository.verify() == []


@pytest.mark.parametrize("how", ["--durable", "--fast"])
def test_a_server_that_is_killed_while_many_send(started, all_series, tmp_path, how):
    LocalRepository.create(tmp_path / "lab.repo").close()
    server, port = started(tmp_path / "lab.repo", how)
    with ThreadPoolExecutor(8) as pool:
        running = all_sent(pool, port, all_series)
        stored = tmp_path / "lab.repo" / "instances"
        give_up = time.monotonic() + 20
        while len(list(stored.rglob("*.dcm"))) < 10 and time.monotonic() < give_up:
            time.sleep(0.01)
        server.kill()
        promised = set().union(*(one.result() for one in running))
    assert 0 < len(promised) < 75, "it was killed on the way"
    started(tmp_path / "lab.repo", how)
    with LocalRepository.open(tmp_path / "lab.repo") as repository:
        held = {uid for study in repository.find_studies() for uid in repository.instances(study.study_uid)}
        assert promised <= held
        assert repository.verify() == []


@pytest.mark.skipif(sys.platform != "linux", reason="limits of another process can be set on Linux")
@pytest.mark.parametrize("plain", [False, True])
def test_a_disk_that_takes_no_more(started, make_series, tmp_path, plain):
    import resource

    root = tmp_path / "lab.repo"
    if not plain:
        LocalRepository.create(root).close()
    server, port = started(*(("--folder", root) if plain else (root,)))
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
    large, small = make_series("large", 1, 1024), make_series("small", 1)
    address = Address("OURS", "127.0.0.1", port, "TESTER", answer_timeout=20)
    sent = list(send(address, [*large.paths, *small.paths]))
    assert sent[0].status.startswith("A700 out of resources: ") and "too large" in sent[0].status
    assert sent[1].accepted, "what fits is still taken"
    assert not list((root / "incoming").rglob("*.dcm"))


def test_what_was_cut_short_inside_the_pixels_is_kept_aside(listen, series):
    running = listen()
    path, uid = series.paths[0], next(iter(series.files))
    assert raw_store(running, dataset_of(path)[:-100], uid=uid) == 0xC000
    assert running.rejected()[0]["sop_uid"] == uid
    with running.repository() as repository:
        assert repository.count() == 0
    assert raw_store(running, dataset_of(path), uid=uid) == 0


def test_another_sop_class_than_was_announced(listen, series):
    running = listen()
    uid = next(iter(series.files))
    assert raw_store(running, dataset_of(series.paths[0]), "1.2.840.10008.5.1.4.1.1.4", uid) == 0xA900
    assert "its SOP class is 1.2.840.10008.5.1.4.1.1.2, but" in running.rejected()[0]["reason"]


def test_what_is_rejected_into_a_folder_is_kept_there(listen, series, tmp_path):
    running = listen(store={"plain": True})
    assert all(one.accepted for one in send(running.address, series.paths))
    changed = dcmread(series.paths[0])
    changed.SeriesDescription = "Something else"
    changed.save_as(tmp_path / "changed.dcm")
    (sent,) = send(running.address, [tmp_path / "changed.dcm"])
    assert sent.status.startswith("0111")
    assert len(running.rejected()) == 1
    shutil.rmtree(running.root / "rejected")
    target: Path = next(running.root.rglob(f"{next(iter(series.files))}.dcm"))
    assert dcmread(target) == dcmread(series.paths[0]), "never replaced"
