"""Storing and retrieving a CT over the network, beside DCMTK's programs.

    python benchmarks/bench_network.py [--runs 3] [--slices 400]

Prints a table in Markdown. The server is Orthanc as Debian packages it, on this machine; it is told nothing of
TCP_NODELAY unless the row says so. CPU seconds are those of the client alone.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import series_files
import servers
from timing import Bound, Table, finish, machine

from vqscript.network.dicomweb import DicomwebPeer
from vqscript.network.dimse import DimsePeer
from vqscript.network.http import Http
from vqscript.network.orthanc import OrthancPeer
from vqscript.network.peer import Peer


@dataclass(frozen=True)
class Run:
    """What one client took, in seconds."""

    wall: float
    cpu: float

    def __str__(self) -> str:
        return f"{self.wall:.2f} s ({self.cpu:.2f} s CPU)"


@dataclass(frozen=True)
class Series:
    """The files that are sent, and the UIDs they are asked for by."""

    paths: list[Path]
    study_uid: str
    series_uid: str


def main() -> None:
    """Store a CT and get it back: ours and DCMTK's in turn."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--slices", type=int, default=400)
    options = parser.parse_args()
    print(machine("pydicom", "pynetdicom"), end="\n\n")
    table = Table("Work", "Ours", "DCMTK", "Ratio of wall times", "Bound")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        series = write(folder / "ct", options.slices)
        for label, environment, bound in (
            ("as packaged", {}, Bound(5)),
            ("TCP_NODELAY=1 on both sides", {"TCP_NODELAY": "1"}, None),
        ):
            with servers.orthanc(folder / label[:3], **environment) as server:
                theirs = Dcmtk(server, environment, folder / "dcmtk")
                peer = DimsePeer(f"dicom://ORTHANC@127.0.0.1:{server.dicom}", calling="BENCH")
                stored = in_turn(options.runs, partial(store, peer, series), partial(theirs.store, series))
                compare(table, f"C-STORE to Orthanc, {label}", *stored, "storescu", bound)
                out = folder / "ours"
                fetched = in_turn(options.runs, partial(retrieve, peer, series, out), partial(theirs.retrieve, series))
                compare(table, f"C-GET from Orthanc to files, {label}", *fetched, "getscu", bound)
                if environment:
                    over_http(table, options.runs, server, theirs, series, out)
    finish([table])


def over_http(table: Table, runs: int, server: servers.Orthanc, theirs: Dcmtk, series: Series, out: Path) -> None:
    """The same by DICOMweb and Orthanc's REST interface, beside DCMTK at its best."""
    at = f"http://127.0.0.1:{server.http}"
    for store_name, fetch_name, peer in (
        ("STOW-RS", "WADO-RS", DicomwebPeer(Http(f"{at}/dicom-web", name="Orthanc"), at)),
        ("REST, store", "REST, fetch", OrthancPeer(Http(at, name="Orthanc"), at)),
    ):
        stored = in_turn(runs, partial(store, peer, series), partial(theirs.store, series))
        compare(table, f"{store_name}, beside TCP_NODELAY=1", *stored, "storescu", None)
        fetched = in_turn(runs, partial(retrieve, peer, series, out), partial(theirs.retrieve, series))
        compare(table, f"{fetch_name} to files, beside TCP_NODELAY=1", *fetched, "getscu", Bound(1.5, faster=False))
        peer.close()


def write(folder: Path, slices: int) -> Series:
    """Write the CT, and read it once so that it is in the page cache."""
    from pydicom import dcmread

    series_files.write_ct(folder, slices=slices)
    paths = sorted(folder.iterdir())
    for path in paths:
        path.read_bytes()
    first = dcmread(paths[0], stop_before_pixels=True)
    return Series(paths, first.StudyInstanceUID, first.SeriesInstanceUID)


def store(peer: Peer, series: Series) -> None:
    """Send all; all have to be accepted."""
    assert all(sent.accepted for sent in peer.send(series.paths))


def retrieve(peer: Peer, series: Series, folder: Path) -> None:
    """Fetch all, and write each to a file."""
    folder.mkdir()
    count = 0

    def take(uid: str, file: bytes | memoryview) -> None:
        nonlocal count
        count += 1
        (folder / f"{count}.dcm").write_bytes(file)

    peer.retrieve(series.study_uid, series.series_uid, [], take)
    assert count == len(series.paths)
    shutil.rmtree(folder)


class Dcmtk:
    """DCMTK's clients before a server."""

    def __init__(self, server: servers.Orthanc, environment: dict[str, str], folder: Path) -> None:
        self._peer = ["-aec", "ORTHANC", "127.0.0.1", str(server.dicom)]
        self._environment = {**os.environ, **environment}
        self._folder = folder

    def store(self, series: Series) -> None:
        """Send all by storescu."""
        self._run("storescu", *self._peer, "+sd", str(series.paths[0].parent))

    def retrieve(self, series: Series) -> None:
        """Fetch all by getscu, which writes the data sets as they come."""
        self._folder.mkdir()
        keys = {
            "QueryRetrieveLevel": "SERIES",
            "StudyInstanceUID": series.study_uid,
            "SeriesInstanceUID": series.series_uid,
        }
        asked = [word for key, value in keys.items() for word in ("-k", f"{key}={value}")]
        self._run("getscu", "-S", "+B", "-od", str(self._folder), *asked, *self._peer)
        assert len(list(self._folder.iterdir())) == len(series.paths)
        shutil.rmtree(self._folder)

    def _run(self, name: str, *words: str) -> None:
        command = [servers.program(name), *words]
        subprocess.run(command, check=True, capture_output=True, env=self._environment)  # noqa: S603


def in_turn(runs: int, *works: Callable[[], None]) -> list[Run]:
    """Run works in turn, the first time for warmth, and return the run of the median wall time of each."""
    found: list[list[Run]] = [[] for _ in works]
    for n in range(runs + 1):
        for work, its in zip(works, found, strict=True):
            began, cpu = time.perf_counter(), cpu_seconds()
            work()
            run = Run(time.perf_counter() - began, cpu_seconds() - cpu)
            if n or runs == 0:
                its.append(run)
    return [Run(median(run.wall for run in its), median(run.cpu for run in its)) for its in found]


def cpu_seconds() -> float:
    """Return what this process and the clients it has run have used; servers that still run do not count."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    )


def compare(table: Table, work: str, ours: Run, theirs: Run, name: str, bound: Bound | None) -> None:
    """Print a row; a bound that is missed is kept."""
    ratio = theirs.wall / ours.wall
    if bound is not None and ratio < (bound.times if bound.faster else 1 / bound.times):
        table.missed.append(work)
    table.row(work, ours, f"{name}: {theirs}", f"{ratio:.2g} x", bound or "")


if __name__ == "__main__":
    main()
