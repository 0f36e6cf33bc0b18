"""Whole batches on servers, by real processes: results as from a folder, everything fetched and written once."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import vqscript
from tests.network.conftest import ORTHANC_DICOMWEB, Orthanc, Proxy
from vqscript.config import CacheSettings, Config
from vqscript.repository.local import LocalRepository
from vqscript.repository.opening import open_repository

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "batch_quantify.lua"

SUBMITS = """
function process(repo, study, batch)
  repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0)
  repo:getROIs()
  local measurements = repo:submitROIs()
  VQ.mainWin():setViewMode("Slice View", "Arithmetics")
  VQ.currentOp():scalarMult(0, 2, "HU")
  return { measurements = measurements, images = repo:store(0) }
end
"""

STUDY_ROOT_GET = b"1.2.840.10008.5.1.4.1.2.2.3"
"""What an association is asked for that is to fetch."""

LOADS = """
local repo = require("ipacs").iPACS(args.repo, args.project)
local study = repo:getStudies()[tonumber(args.n)]
print(repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0), VQ.dataManager():getMax(0))
"""

HOLDS = """
import sys
from pathlib import Path
from vqscript.config import load
from vqscript.repository.base import SeriesFilter
from vqscript.repository.opening import open_repository
repository = open_repository("ipacs://clinic", load(Path("vqscript.toml")))
study = repository.find_studies(None, "/In-111")[0].study_uid
(ct,) = repository.find_series(study, SeriesFilter("CT"))
paths = [each.path for each in repository.fetch(study, ct.series_uid).instances]
print("holds", len(paths), flush=True)
sys.stdin.readline()
print("holds", len([path.read_bytes() for path in paths]))
"""


class Desk:
    """A folder with a configuration that calls a server ``clinic``, and commands run in it."""

    def __init__(self, folder: Path, url: str = "", cache: str = "1 GB") -> None:
        self.folder = folder
        settings = f'[cache]\nfolder = "cache"\nsize = "{cache}"\n[timeouts]\nconnect = 2\nanswer = 20\n'
        if url:
            settings += f'[repositories.clinic]\nurl = "{url}"\n'
            settings += 'project = { attribute = "StudyDescription", pattern = "{project} SPECT/CT*" }\n'
        (folder / "vqscript.toml").write_text(settings)
        (folder / "submits.lua").write_text(SUBMITS)
        (folder / "loads.lua").write_text(LOADS)

    def start(self, *words: str | Path) -> subprocess.Popen[str]:
        """Start Python; what it says to both streams is its output."""
        return subprocess.Popen(
            [sys.executable, *words],
            cwd=self.folder,
            env={**os.environ, "PYTHONPATH": str(Path(vqscript.__file__).parents[1])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def vqscript(self, *words: str | Path) -> subprocess.Popen[str]:
        return self.start("-m", "vqscript", *words, "--config", "vqscript.toml")

    def batch(self, script: str | Path, output: str, *where: str) -> subprocess.Popen[str]:
        place = where or ("--repo", "ipacs://clinic", "--project", "/In-111")
        return self.vqscript("batch", script, *place, "--output", output, "--jobs", "2")

    def load(self, n: int) -> subprocess.Popen[str]:
        place = ("--repo", "clinic", "--project", "/In-111")
        return self.vqscript("run", "loads.lua", *place, "--arg", f"n={n}")

    def results(self, output: str) -> bytes:
        return (self.folder / output / "results.csv").read_bytes()


def ended(process: subprocess.Popen[str], code: int = 0) -> str:
    """Wait for a process, and return what it said."""
    said, _ = process.communicate(timeout=120)
    assert process.returncode == code, said
    return said


def fill(url: str, repository: Path) -> None:
    """Store all that a repository has on a server."""
    files = sorted((repository / "instances").rglob("*.dcm"))
    server = open_repository(url, Config(cache=CacheSettings(repository.parent / "filling")))
    try:
        report = server.store(files)
    finally:
        server.close()
    assert len(report.added) + len(report.known) == len(files)


@pytest.fixture(scope="module")
def loaded(orthanc: Orthanc, mice) -> Orthanc:
    """Orthanc with the studies of the mice."""
    fill(f"orthanc+http://127.0.0.1:{orthanc.http}", mice.path)
    return orthanc


@pytest.fixture(scope="module")
def truth(mice, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Results of the batch on the folder."""
    desk = Desk(tmp_path_factory.mktemp("local"))
    ended(desk.batch(EXAMPLE, "out", "--repo", str(mice.path), "--project", mice.project))
    return desk.results("out")


@pytest.mark.parametrize("kind", ["orthanc", "dicomweb", "dimse", "qrscp"])
def test_results_are_those_of_the_folder_and_a_second_batch_fetches_nothing(
    loaded: Orthanc, request: pytest.FixtureRequest, mice, truth: bytes, tmp_path: Path, proxy: Any, kind: str
) -> None:
    if kind == "dicomweb" and not ORTHANC_DICOMWEB.exists():
        pytest.skip("needs Orthanc's DICOMweb plugin (.ci/install-peers)")
    if kind == "qrscp":
        server = request.getfixturevalue("qrscp")
        fill(server.url, mice.path)
    gate: Proxy = proxy({"dimse": loaded.dicom, "qrscp": server.port if kind == "qrscp" else 0}.get(kind, loaded.http))
    url, gate.watched = {
        "orthanc": (f"orthanc+http://127.0.0.1:{gate.port}", b"/file HTTP/"),
        "dicomweb": (f"dicomweb+http://127.0.0.1:{gate.port}/dicom-web", b"multipart/related"),
        "dimse": (f"dicom://ORTHANC@127.0.0.1:{gate.port}", STUDY_ROOT_GET),
        "qrscp": (f"dicom://QRSCP@127.0.0.1:{gate.port}", STUDY_ROOT_GET),
    }[kind]
    desk = Desk(tmp_path, url)
    assert "3 done" in ended(desk.batch(EXAMPLE, "one"))
    assert desk.results("one") == truth
    assert gate.seen > 0
    gate.seen = 0
    by_url = desk.batch(EXAMPLE, "two", "--repo", url, "--project", "/In-111")  # the configuration knows the URL
    assert "3 done" in ended(by_url)
    assert desk.results("two") == truth
    assert gate.seen == 0


def test_a_server_that_goes_away_is_tried_again_and_then_named(
    loaded: Orthanc, truth: bytes, tmp_path: Path, proxy: Any
) -> None:
    gate: Proxy = proxy(loaded.http)
    gate.cut_to_client = 300_000
    desk = Desk(tmp_path, f"orthanc+http://127.0.0.1:{gate.port}")
    said = ended(desk.batch(EXAMPLE, "out"), code=1)
    assert "again in" in said
    assert "clinic closed the connection" in said
    assert "failed" in said
    gate.heal()
    ended(desk.batch(EXAMPLE, "out"))
    assert desk.results("out") == truth


def test_what_a_killed_batch_wrote_is_written_once(starting: Any, mice, tmp_path: Path) -> None:
    orthanc = starting("orthanc")
    url = f"orthanc+http://127.0.0.1:{orthanc.http}"
    fill(url, mice.path)
    before = orthanc.rest("/statistics")["CountInstances"]
    desk = Desk(tmp_path, url)
    process = desk.batch("submits.lua", "out")
    assert process.stdout
    said = lines_until(process.stdout, "1/3 done")
    assert said, "it never came so far"
    process.kill()
    process.communicate(timeout=60)  # its workers see that it is gone
    assert "done" in ended(desk.batch("submits.lua", "out"))
    ended(desk.batch("submits.lua", "out"))
    rows = list(csv.DictReader((tmp_path / "out" / "results.csv").read_text().splitlines()))
    written = sum(1 + int(row["measurements"]) + int(row["images"]) for row in rows)
    assert len(rows) == 3
    assert orthanc.rest("/statistics")["CountInstances"] == before + written


def lines_until(lines: Any, text: str) -> Sequence[str]:
    found: list[str] = []
    for line in lines:
        found.append(line)
        if text in line:
            return found
    return []


def test_what_another_process_uses_stays_in_a_cache_that_is_too_small(
    loaded: Orthanc, tmp_path: Path, proxy: Any
) -> None:
    gate: Proxy = proxy(loaded.http)
    gate.watched = b"/file HTTP/"
    desk = Desk(tmp_path, f"orthanc+http://127.0.0.1:{gate.port}", cache="1 MB")  # less than any series

    def fetched(n: int) -> int:
        gate.seen = 0
        ended(desk.load(n))
        return gate.seen

    with desk.start("-c", HOLDS) as holder:
        assert holder.stdout
        held = holder.stdout.readline()
        assert held.startswith("holds "), held
        assert fetched(2) > 0
        assert fetched(3) > 0
        assert fetched(2) > 0, "nobody used it, so it went"
        assert fetched(1) == 0, "the other process has it"
        assert holder.communicate("go on\n", timeout=60)[0] == held
    assert fetched(3) > 0
    assert fetched(1) > 0, "nobody uses it any more"


def test_processes_that_fill_one_cache_at_the_same_time(loaded: Orthanc, tmp_path: Path) -> None:
    desk = Desk(tmp_path, f"orthanc+http://127.0.0.1:{loaded.http}")
    said = [ended(process) for process in [desk.load(n) for n in (1, 1, 2, 1)]]
    assert said[0] == said[1] == said[3]
    (path,) = (tmp_path / "cache").glob("*.repo")
    with LocalRepository.open(path) as cache:
        assert [problem for problem in cache.verify() if not problem.harmless] == []
        assert len(cache.find_studies()) == 2
