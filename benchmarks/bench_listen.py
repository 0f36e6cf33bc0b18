"""Receiving: our server beside DCMTK's storescp and dcmqrscp, each fed by storescu with the same files.

Like with like: all with TCP_NODELAY=1 and, with ``--fast``, without flushing to the disk. storescp writes plain files,
as ``listen --folder`` does. dcmqrscp keeps an index that answers queries, as a repository does, which hashes each
instance and compares it with what is stored as well. Neither of DCMTK's can flush what it acknowledges.

    python benchmarks/bench_listen.py [--slices 400] [--runs 5]

Runs on Linux, where the CPU time of a process that goes on can be read.
"""

# The commands that are run are DCMTK's and our own.
# ruff: noqa: S603

from __future__ import annotations

import argparse
import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from series_files import write_ct
from timing import Table, machine

from vqscript.repository.local import LocalRepository

SYSTEM = "/usr/local/bin:/usr/bin:/opt/homebrew/bin"
ENVIRONMENT = {
    **os.environ,
    "TCP_NODELAY": "1",
    "PYTHONPATH": str(Path(__file__).resolve().parent.parent),
}
CALLED = "ANY-SCP"
TICKS = os.sysconf("SC_CLK_TCK")


def tool(name: str) -> str:
    """Return where a tool of DCMTK is; pynetdicom installs others of the same names beside Python."""
    found = shutil.which(name, path=SYSTEM)
    if not found:
        raise SystemExit(f"needs DCMTK's {name}")
    return found


def cpu(process: subprocess.Popen[str]) -> float:
    """Return the CPU seconds that a process, and those it began and that have ended, have used (Linux)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / TICKS


@contextmanager
def storescp(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start storescp; gives the process and its port."""
    port = free_port()
    with answering([tool("storescp"), "-od", str(folder), str(port)], port) as process:
        yield process, port


@contextmanager
def dcmqrscp(folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start dcmqrscp; gives the process and its port."""
    port = free_port()
    settings = folder.parent / "dcmqrscp.cfg"
    settings.write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 131072\nMaxAssociations = 16\nHostTable BEGIN\nHostTable END\n"
        f"VendorTable BEGIN\nVendorTable END\nAETable BEGIN\n{CALLED} {folder} RW (2000, 1024mb) ANY\nAETable END\n"
    )
    with answering([tool("dcmqrscp"), "-c", str(settings)], port) as process:
        yield process, port


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def answering(command: list[str], port: int) -> Iterator[subprocess.Popen[str]]:
    """Start a server of DCMTK and wait until it answers; it is ended with the block."""
    process = subprocess.Popen(command, env=ENVIRONMENT, text=True, stderr=subprocess.DEVNULL)
    give_up = time.monotonic() + 10
    echo = [tool("echoscu"), "-aec", CALLED, "127.0.0.1", str(port)]
    try:
        while subprocess.run(echo, capture_output=True).returncode:
            if time.monotonic() > give_up:
                raise SystemExit(f"{command[0]} does not start")
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def listen(*words: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start ``vqscript pacs listen``; gives the process and its port."""
    command = [sys.executable, "-m", "vqscript", "pacs", "listen", *words, "--port", "0", "--json", "--aet", CALLED]
    process = subprocess.Popen(command, env=ENVIRONMENT, text=True, stdout=subprocess.PIPE)
    assert process.stdout is not None
    port = json.loads(process.stdout.readline())["about"]["port"]
    try:
        yield process, port
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def feed(started: tuple[subprocess.Popen[str], int], source: Path, warm: Path) -> tuple[float, float]:
    """Send a folder by storescu; returns wall seconds, and CPU seconds of the receiver."""
    process, port = started
    command = [tool("storescu"), "-aec", CALLED, "127.0.0.1", str(port)]
    subprocess.run([*command, str(warm)], env=ENVIRONMENT, check=True)  # imports, first tables
    echo = [tool("echoscu"), "-aec", CALLED, "127.0.0.1", str(port)]
    subprocess.run(echo, env=ENVIRONMENT, check=True)
    used, start = cpu(process), time.perf_counter()
    subprocess.run([*command, "+sd", str(source)], env=ENVIRONMENT, check=True)
    seconds = time.perf_counter() - start
    subprocess.run(echo, env=ENVIRONMENT, check=True)  # dcmqrscp takes note only now that its process for us has ended
    return seconds, cpu(process) - used


PEERS = {"storescp": storescp, "dcmqrscp": dcmqrscp}


def measure(name: str, source: Path, warm: Path, work: Path) -> tuple[float, float]:
    """Run one receiver once, into an empty place."""
    place = work / "place"
    shutil.rmtree(place, ignore_errors=True)
    if name in PEERS:
        place.mkdir()
        with PEERS[name](place) as started:
            return feed(started, source, warm)
    kind, how = name.split()
    if kind == "repository":
        LocalRepository.create(place).close()
    words = [str(place)] if kind == "repository" else ["--folder", str(place)]
    with listen(*words, f"--{how}") as started:
        return feed(started, source, warm)


def main() -> None:
    """Measure all receivers in turn."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--slices", type=int, default=400)
    parser.add_argument("--runs", type=int, default=5)
    args = parser.parse_args()
    names = ("storescp", "folder fast", "dcmqrscp", "repository fast", "folder durable", "repository durable")
    print(machine("pydicom"))
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        source, warm = write_ct(work / "ct", args.slices), write_ct(work / "warm", 1) / "IM0000.dcm"
        found: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
        for _ in range(args.runs):
            for name in names:
                found[name].append(measure(name, source, warm, work))

    def middle(name: str, n: int) -> float:
        return statistics.median(run[n] for run in found[name])

    table = Table("Receiver", "Wall", "CPU of the receiver", "Peer", "Beside it")
    for name in names:
        wall, used = middle(name, 0), middle(name, 1)
        peer = {"folder fast": "storescp", "repository fast": "dcmqrscp"}.get(name, "")
        table.row(name, f"{wall:.2f} s", f"{used:.2f} s", peer, f"{middle(peer, 0) / wall:.2f} x" if peer else "")


if __name__ == "__main__":
    main()
