"""The server of our own in a thread of this process, and DCMTK's tools to call it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

import vqscript
from vqscript.network.dimse.address import Address
from vqscript.network.dimse.fast import elements, pdu
from vqscript.network.dimse.fast.link import Link
from vqscript.network.dimse.store import send
from vqscript.pacs.listen.events import Event
from vqscript.pacs.listen.filing import Store
from vqscript.pacs.listen.server import Server, Settings
from vqscript.repository.local import LocalRepository

from ..network.conftest import Made

CT = "1.2.840.10008.5.1.4.1.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"


def dcmtk(program: str, *words: object, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run a tool of DCMTK; pynetdicom installs others of the same names beside Python."""
    found = shutil.which(program, path="/usr/local/bin:/usr/bin:/opt/homebrew/bin")
    if not found:
        pytest.skip(f"needs DCMTK's {program} (.ci/install-peers)")
    command = [found, *(word if isinstance(word, bytes) else str(word) for word in words)]
    environment = {**os.environ, "TCP_NODELAY": "1"}
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=60, env=environment
    )


@dataclass
class Running:
    """A server in a thread of this process."""

    server: Server
    root: Path
    events: list[Event] = field(default_factory=list)

    @property
    def port(self) -> int:
        return self.server.port

    @property
    def address(self) -> Address:
        return Address("OURS", "127.0.0.1", self.port, "TESTER", answer_timeout=20)

    def repository(self) -> LocalRepository:
        return LocalRepository.open(self.root)

    def told(self, kind: str, count: int = 1) -> list[str]:
        """What was told of a kind; the end of an association is told shortly after the caller sees it."""
        give_up = time.monotonic() + 10
        while True:
            found = [event.text for event in self.events if event.kind == kind]
            if len(found) >= count or time.monotonic() > give_up:
                return found
            time.sleep(0.01)

    def rejected(self) -> list[dict[str, str]]:
        return [json.loads(path.read_text()) for path in sorted(self.root.glob("rejected/*.json"))]


Listen = Callable[..., Running]


@pytest.fixture
def listen(tmp_path: Path) -> Iterator[Listen]:
    """Start servers: ``listen(callers=...)``; ``store`` takes what Store does."""
    running: list[Running] = []

    def start(store: dict[str, object] | None = None, **settings: object) -> Running:
        root = tmp_path / f"server{len(running)}.repo"
        if not (store or {}).get("plain"):
            LocalRepository.create(root).close()
        events: list[Event] = []
        made = Settings(Store(root, **{"durable": False, **(store or {})}), "OURS", **{"port": 0, **settings})  # type: ignore[arg-type]
        running.append(Running(Server(made, events.append), root, events))
        threading.Thread(target=running[-1].server.serve, daemon=True).start()
        return running[-1]

    yield start
    for one in running:
        one.server.close()


def of_study(made: Made) -> tuple[object, ...]:
    return "-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={made.study_uid}"


def stored(running: Running, *series: Made) -> None:
    """Send series that have to be accepted."""
    sent = list(send(running.address, [path for one in series for path in one.paths]))
    assert [one.status for one in sent] == ["0000"] * len(sent)


def raw_store(running: Running, data: bytes, sop_class: str = CT, uid: str = "1.2.3", syntax: str = EXPLICIT) -> int:
    """Send any bytes as an instance; returns the status."""
    with Link(running.address, [pdu.Context(sop_class, (syntax,))]) as link:
        request = elements.request(elements.C_STORE_RQ, 1, sop_class, dataset=True)
        request[elements.AFFECTED_SOP_INSTANCE] = uid
        link.send(link.accepted(sop_class), request, len(data), (memoryview(data),))
        answer, _ = link.read_answer(elements.C_STORE_RSP, 1)
        return answer.number(elements.STATUS)


def dataset_of(path: Path) -> bytes:
    """Return the data set of a file, which begins with its character set."""
    start = path.read_bytes()
    return start[start.index(b"\x08\x00\x05\x00CS") :]


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Callable[..., tuple[subprocess.Popen[str], int]]]:
    """Start ``vqscript pacs listen``; gives the process, and the port that it has told."""
    running: list[subprocess.Popen[str]] = []

    def start(*words: object) -> tuple[subprocess.Popen[str], int]:
        command = [sys.executable, "-m", "vqscript", "pacs", "listen", "--port", "0", "--aet", "OURS", "--json"]
        environment = {**os.environ, "PYTHONPATH": str(Path(vqscript.__file__).parents[1])}
        made = subprocess.Popen(
            [*command, *map(str, words)], cwd=tmp_path, stdout=subprocess.PIPE, text=True, env=environment
        )
        running.append(made)
        assert made.stdout is not None
        return made, json.loads(made.stdout.readline())["about"]["port"]

    yield start
    for one in running:
        one.kill()
        one.wait()
        assert one.stdout is not None
        one.stdout.close()
