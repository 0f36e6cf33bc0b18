"""``vqscript batch --scheduler``: a scheduler and workers as processes of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import vqscript
from vqscript.batch import cluster as cluster_module
from vqscript.batch.cluster import ClusterError, cluster
from vqscript.batch.folder import BatchFolder
from vqscript.batch.task import Job
from vqscript.errors import UsageError
from vqscript.repository.local import LocalRepository

HANG_GUARD = 120
PACKAGE = str(Path(vqscript.__file__).parents[1])

HIDING = """
import os
from vqscript.batch import bundle, place, sight

def hide():
    hidden = os.environ["TEST_HIDES"].split()
    if "script" in hidden:
        bundle.Bundle.visible = property(lambda self: False)
    if "output" in hidden:
        place.shares = lambda job: False
    if "system" in hidden:
        sight._system = lambda: "another one"

hide()
"""
"""What makes a worker of this machine one that does not see its folders; Dask runs it in each worker."""


class DaskCluster:
    """A scheduler, and workers that come when they are asked for.

    Parameters
    ----------
    folder : Path
        For what they write; workers run in folders of their own.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workers: list[subprocess.Popen[bytes]] = []
        self._begun: list[subprocess.Popen[bytes]] = []
        self._scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.address = self._said("scheduler", "Scheduler at:").split()[-1]

    def add_worker(self, *, hides: str = "", path: Path | None = None) -> subprocess.Popen[bytes]:
        """Start a worker with one thread, and wait until it has registered."""
        name = f"worker-{len(self.workers)}"
        more: list[str] = []
        if hides:
            (self.folder / "hiding.py").write_text(HIDING)
            more = ["--preload", str(self.folder / "hiding.py")]
        worker = self._start(
            name, self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard", *more, hides=hides, path=path
        )
        self.workers.append(worker)
        self._said(name, "Registered to:")
        return worker

    def end(self) -> None:
        """End all that was started."""
        for process in reversed(self._begun):
            process.kill()
            process.wait()

    def _start(self, name: str, *words: str, hides: str = "", path: Path | None = None) -> subprocess.Popen[bytes]:
        home = self.folder / name
        home.mkdir()
        kind = "scheduler" if name == "scheduler" else "worker"
        places = os.pathsep.join(filter(None, [str(path) if path else "", PACKAGE]))
        with (home / "log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "dask", kind, *words],
                cwd=home,
                stdout=log,
                stderr=log,
                env={**os.environ, "PYTHONPATH": places, "TEST_HIDES": hides},
            )
        self._begun.append(process)
        return process

    def _said(self, name: str, words: str) -> str:
        """Wait for a line of a log and return it."""
        log = self.folder / name / "log"
        end = time.monotonic() + HANG_GUARD
        while True:
            found = [line for line in log.read_text(errors="replace").splitlines() if words in line]
            if found:
                return found[0]
            assert time.monotonic() < end, log.read_text(errors="replace")
            time.sleep(0.05)


def children(pid: int) -> list[int]:
    """Return the processes that a process began to run scripts in."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
            command = (stat.parent / "cmdline").read_bytes()
        except OSError:
            continue
        if int(fields[1]) == pid and b"spawn_main" in command:
            found.append(int(stat.parent.name))
    return found


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="finds processes in /proc")


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A scheduler with two workers that see all folders."""
    made = DaskCluster(tmp_path_factory.mktemp("dask"))
    try:
        made.add_worker()
        made.add_worker()
        yield made
    finally:
        made.end()


@pytest.fixture(scope="module")
def apart(tmp_path_factory):
    """A scheduler with a worker that sees neither the script nor the folder of the batch."""
    made = DaskCluster(tmp_path_factory.mktemp("apart"))
    try:
        made.add_worker(hides="script output")
        yield made
    finally:
        made.end()


@pytest.fixture
def own(tmp_path):
    """A scheduler without workers."""
    made = DaskCluster(tmp_path)
    yield made
    made.end()


MEASURE = """
function process(repo, study, batch)
  local dm = VQ.dataManager()
  repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0)
  repo:load(study, repo:getSeries(study, "-modality", "NM")[1], 1)
  repo:mergeROIs("-names", {"Heart", "Liver"})
  VQ.mainWin():saveImage("planes", 5)
  print("study " .. batch.index, batch.args.colour)
  return VQ.currentOp():table(1)
end
"""


def test_the_rows_are_those_of_this_machine(bench, two):
    bench.write(MEASURE)
    assert bench.run("--arg", "colour=red").code == 0
    here = (bench.output / "results.csv").read_bytes()
    logs = [bench.log(n) for n in range(3)]
    ended = bench.run("--arg", "colour=red", "--fresh", "--scheduler", two.address)
    assert ended.code == 0, ended.err
    assert ended.err.splitlines()[0] == "3 studies, 2 at a time"
    assert (bench.output / "results.csv").read_bytes() == here
    assert [bench.log(n) for n in range(3)] == logs
    assert bench.run_json["scheduler"] == two.address
    assert (bench.study(0) / "planes.png").stat().st_size > 1000


def test_what_holds_is_kept_wherever_it_was_made(bench, two):
    bench.write()
    assert bench.run("--scheduler", two.address).code == 0
    assert bench.run().out.startswith("0 done, 3 as before")


def test_setup_and_summary_run_once_here(bench, two):
    bench.write("""
        function setup(batch) if not batch.args.factor then VQ.fail("no factor") end end
        function process(repo, study, batch) return {value = batch.index} end
        function summary(rows, batch) return {of = #rows} end
    """)
    ended = bench.run("--scheduler", two.address)
    assert ended.code == 1
    assert "no factor" in ended.err
    assert bench.run("--scheduler", two.address, "--arg", "factor=1").code == 0
    assert bench.rows("summary.csv") == [{"of": "3"}]


# Without common folders ---------------------------------------------------------------------


@pytest.fixture
def travelling(bench):
    """A script in several files, with a table beside it."""
    (bench.folder / "lib").mkdir()
    (bench.folder / "lib" / "organs.lua").write_text(
        "local M = {}\nfunction M.fail(n) if n == 2 then local x; return x.y end end\nreturn M\n"
    )
    (bench.folder / "tools.lua").write_text('organs = require "lib.organs"\n')
    (bench.folder / "doses.csv").write_text("M01,250\n")
    bench.write("""#include "tools.lua"
        function process(repo, study, batch)
          print(VQ.output)
          print(VQ.readFile("doses.csv"))
          VQ.writeFile("notes/remark.txt", study.PatientID)
          organs.fail(batch.index)
          return {file = VQ.output .. "/notes/remark.txt", n = batch.index}
        end
    """)
    return bench


def test_script_includes_and_texts_travel_and_results_travel_back(travelling, apart):
    bench = travelling
    ended = bench.run("--scheduler", apart.address)
    assert ended.code == 1, ended.err
    assert [row["n"] for row in bench.rows()] == ["1", "3"]
    for n in (0, 2):
        assert bench.result(n)["files"] == ["notes/remark.txt"]
        assert (bench.study(n) / "notes" / "remark.txt").read_text()
    assert "M01,250" in bench.log(0)


def test_messages_and_records_name_the_folders_of_this_machine(travelling, apart):
    bench = travelling
    bench.run("--scheduler", apart.address)
    assert set(bench.result(0)["sources"]) == {
        str(bench.folder / name) for name in ("quantify.lua", "tools.lua", "lib/organs.lua", "doses.csv")
    }
    failure = bench.result(1)["failure"]
    assert failure["message"].startswith(f"{bench.folder}/lib/organs.lua:2: ")
    assert failure["frames"][0].startswith(f"{bench.script}:6: ")
    assert str(bench.study(0)) in bench.log(0)
    assert bench.rows()[0]["file"] == f"{bench.study(0)}/notes/remark.txt"
    everything = "".join(path.read_text(errors="replace") for path in bench.output.rglob("*") if path.is_file())
    assert str(apart.folder) not in everything
    (bench.folder / "lib" / "organs.lua").write_text("return {fail = function() end}")
    ended = bench.run("--scheduler", apart.address)
    assert ended.out.startswith("3 done"), ended.err  # all changed
    assert bench.run("--scheduler", apart.address).out.startswith("0 done, 3 as before")


STORING = """
function process(repo, study, batch)
  local before = #repo.dcmRep:dataPoints(study, "subject")
  repo:setSubject(study, {injectedDose = "111 uCi"})
  return {before = before}
end
"""


def test_what_is_stored_from_afar_is_stored_once_and_no_input_of_a_rerun(own_bench, apart, mice):
    own_bench.write(STORING)
    ended = own_bench.run("--scheduler", apart.address)
    assert ended.code == 0, ended.err
    before = [row["before"] for row in own_bench.rows()]
    held = _held(own_bench.repo, mice)
    assert own_bench.run("--scheduler", apart.address).out.startswith("0 done, 3 as before")
    own_bench.write(STORING + "-- again")
    assert own_bench.run("--scheduler", apart.address).out.startswith("3 done")
    assert [row["before"] for row in own_bench.rows()] == before
    assert _held(own_bench.repo, mice) == held


def _held(repo, mice) -> list[set[str]]:
    with LocalRepository.open(repo) as repository:
        return [set(repository.instances(mice.uid(n))) for n in range(3)]


# Ends ---------------------------------------------------------------------------------------


STORE_AND_WAIT = """
function process(repo, study, batch)
  local before = #repo.dcmRep:dataPoints(study, "subject")
  repo:setSubject(study, {injectedDose = "111 uCi"})
  while batch.index == 2 and not VQ.fileExists(batch.args.go) do end
  return {n = batch.index, new = #repo.dcmRep:dataPoints(study, "subject") - before}
end
"""


@needs_proc
@pytest.mark.parametrize("hides", ["", "output"])
def test_a_worker_killed_in_the_middle_costs_nothing(own_bench, own, mice, until, hides):
    bench = own_bench
    bench.write(STORE_AND_WAIT)
    before = _held(bench.repo, mice)
    workers = [own.add_worker(hides=hides), own.add_worker(hides=hides)]
    go = bench.folder / "go"
    flags = ("--jobs", "1", "--arg", f"go={go}", "--allow-read", str(bench.folder))
    process = bench.start("--scheduler", own.address, *flags)
    until(lambda: sum(map(len, _held(bench.repo, mice))) == sum(map(len, before)) + 2)
    busy = max(workers, key=lambda worker: max(map(_used, children(worker.pid)), default=0.0))
    busy.kill()
    go.touch()
    _, err = process.communicate(timeout=240)
    assert process.returncode == 0, err
    assert [(row["n"], row["new"]) for row in bench.rows()] == [("1", "1"), ("2", "1"), ("3", "1")]
    assert [len(now - then) for now, then in zip(_held(bench.repo, mice), before, strict=True)] == [1, 1, 1]


@needs_proc
def test_a_process_that_ends_costs_its_study_and_no_worker(bench, two, until):
    bench.write("""
        function process(repo, study, batch)
          if batch.index == 1 then VQ.writeFile("working", "1") while true do end end
          return {n = batch.index}
        end
    """)
    process = bench.start("--scheduler", two.address)
    until(
        lambda: (
            any(bench.output.glob("studies/*/working")) and len(list(bench.output.glob("studies/*/result.json"))) == 2
        )
    )
    busy = max((child for worker in two.workers for child in children(worker.pid)), key=_used)
    os.kill(busy, signal.SIGKILL)
    _, err = process.communicate(timeout=240)
    assert process.returncode == 1, err
    assert "SIGKILL" in bench.result(0)["failure"]["message"]
    assert [row["n"] for row in bench.rows()] == ["2", "3"]
    assert all(worker.poll() is None for worker in two.workers)


def _ticks(pid: int) -> int:
    """Return the processor time of a process, -1 if it has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return -1
    return int(fields[11]) + int(fields[12])


def _used(pid: int) -> int:
    """Return the processor time that a process takes in half a second."""
    before = _ticks(pid)
    time.sleep(0.5)
    return _ticks(pid) - before


def test_a_hang_ends_at_the_time_limit_there_too(bench, two):
    bench.write("""
        function process(repo, study, batch)
          while batch.index == 1 do pcall(function() end) end
          return {n = batch.index}
        end
    """)
    assert bench.run("--scheduler", two.address, "--time-limit", "2").code == 1
    assert "time limit" in bench.result(0)["failure"]["message"]
    assert [row["n"] for row in bench.rows()] == ["2", "3"]


@needs_proc
def test_ctrl_c_ends_what_runs_and_leaves_the_workers(bench, two, until):
    bench.write("function process() VQ.writeFile('working', '1') while true do end end")
    process = bench.start("--scheduler", two.address)
    until(lambda: len(list(bench.output.glob("studies/*/working"))) == 2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=240)
    assert process.returncode == 130
    until(lambda: not any(children(worker.pid) for worker in two.workers))
    assert all(worker.poll() is None for worker in two.workers)


@needs_proc
def test_a_batch_that_is_killed_leaves_nothing_running(bench, two, until):
    bench.write("function process() VQ.writeFile('working', '1') while true do end end")
    process = bench.start("--scheduler", two.address)
    until(lambda: len(list(bench.output.glob("studies/*/working"))) == 2)
    process.kill()
    process.communicate()
    until(lambda: not any(_used(child) > 0 for worker in two.workers for child in children(worker.pid)))
    bench.write()
    ended = bench.run("--scheduler", two.address)
    assert ended.code == 0, ended.err
    assert len(bench.rows()) == 3


def test_a_scheduler_that_ends_fails_no_study(bench, own, until):
    bench.write("""
        function process(repo, study, batch)
          if batch.index == 2 then VQ.writeFile('working', '1') while not VQ.fileExists(batch.args.go) do end end
          return {n = batch.index}
        end
    """)
    own.add_worker()
    flags = ("--arg", f"go={bench.folder / 'go'}", "--allow-read", str(bench.folder))
    process = bench.start("--scheduler", own.address, "--jobs", "1", *flags)
    until(lambda: any(bench.output.glob("studies/*/working")))
    own.end()
    _, err = process.communicate(timeout=240)
    assert process.returncode == 1
    assert f"the scheduler at {own.address} is gone" in err
    assert "Traceback" not in err
    assert [study["state"] for study in bench.run_json["studies"]] == ["done", "waiting", "waiting"]
    assert [row["n"] for row in bench.rows()] == ["1"]
    (bench.folder / "go").touch()
    assert bench.run(*flags).out.startswith("2 done, 1 as before")


# What is refused ----------------------------------------------------------------------------


def test_other_versions_are_refused_by_name(bench, own, tmp_path):
    other = tmp_path / "other"
    (other / "vqscript-9.8.7.dist-info").mkdir(parents=True)
    (other / "vqscript-9.8.7.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: vqscript\nVersion: 9.8.7\n"
    )
    own.add_worker(path=other)
    bench.write()
    ended = bench.run("--scheduler", own.address)
    assert ended.code == 1
    assert "worker tcp://127.0.0.1:" in ended.err
    assert "vqscript 9.8.7 there, " in ended.err
    assert not (bench.output / "studies").exists()


def test_a_worker_without_vqscript_is_refused_by_name(bench, own, tmp_path):
    (tmp_path / "none" / "vqscript").mkdir(parents=True)
    (tmp_path / "none" / "vqscript" / "__init__.py").touch()
    own.add_worker(path=tmp_path / "none")
    bench.write()
    ended = bench.run("--scheduler", own.address)
    assert ended.code == 1
    assert "cannot load vqscript" in ended.err
    assert "pip install" in ended.err


def test_a_repository_is_not_written_to_over_the_network(bench, own):
    own.add_worker(hides="system")
    bench.write()
    ended = bench.run("--scheduler", own.address)
    assert ended.code == 1
    assert "over the network" in ended.err
    assert "works on one machine only" in ended.err
    assert "share the folder read-only" in ended.err


@pytest.fixture
def job(bench):
    folder = BatchFolder.prepare(bench.output)
    return Job(bench.write(), str(bench.repo), "", folder.root, folder.run_id)


def test_no_scheduler(job, monkeypatch):
    monkeypatch.setattr(cluster_module, "CONNECT", 0.5)
    with (
        pytest.raises(ClusterError, match=r"no scheduler answers at tcp://127\.0\.0\.1:1"),
        cluster("tcp://127.0.0.1:1", job, None, print),
    ):
        pass


def test_an_address_that_is_none(job):
    with (
        pytest.raises(ClusterError, match="htp://head cannot be used as a scheduler"),
        cluster("htp://head", job, None, print),
    ):
        pass


def test_tls_without_certificates(job):
    with (
        pytest.raises(ClusterError, match="no certificate is configured"),
        cluster("tls://127.0.0.1:1", job, None, print),
    ):
        pass


def test_no_worker(job, own, monkeypatch):
    monkeypatch.setattr(cluster_module, "ARRIVE", 0.5)
    with pytest.raises(ClusterError, match="no worker came") as caught, cluster(own.address, job, None, print):
        pass
    assert caught.value.hint == f"start some: dask worker {own.address}"


def test_without_the_extra(job, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(UsageError) as caught, cluster("tcp://127.0.0.1:1", job, None, print):
        pass
    assert caught.value.hint == 'pip install "vqscript[cluster]"'
