"""Servers and programs of others that the network benchmarks run beside ours."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")


def program(name: str) -> str:
    """Return where a program is: not one of this Python's own, as pynetdicom's are called like DCMTK's."""
    own = Path(sys.executable).parent
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if Path(folder) != own]
    found = shutil.which(name, path=os.pathsep.join([*folders, "/usr/sbin"]))
    if not found:
        raise SystemExit(f"needs {name}: see .ci/install-peers")
    return found


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc, as Debian packages it."""

    dicom: int
    http: int


@contextlib.contextmanager
def orthanc(folder: Path, **environment: str) -> Iterator[Orthanc]:
    """Run an Orthanc with an empty store; ``TCP_NODELAY="1"`` is what DCMTK within it looks at."""
    running = Orthanc(free_port(), free_port())
    folder.mkdir()
    configuration = {
        "StorageDirectory": "storage",
        "IndexDirectory": "storage",
        "HttpPort": running.http,
        "DicomPort": running.dicom,
        "DicomAet": "ORTHANC",
        "DicomCheckCalledAet": False,
        "AuthenticationEnabled": False,
        **{f"DicomAlwaysAllow{verb}": True for verb in ("Echo", "Store", "Find", "Get", "Move")},
        "OverwriteInstances": True,
        "SyncStorageArea": False,
        "MaximumPduLength": 131072,
        "Plugins": [str(PLUGIN)] if PLUGIN.exists() else [],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "Host": f"127.0.0.1:{running.http}"},
    }
    (folder / "orthanc.json").write_text(json.dumps(configuration))
    with (folder / "log").open("wb") as log:
        command = [program("Orthanc"), "orthanc.json"]
        told = {**os.environ, **environment}
        process = subprocess.Popen(command, cwd=folder, env=told, stdout=log, stderr=log)  # noqa: S603
        try:
            for port in (running.dicom, running.http):
                _wait(port, process)
            yield running
        finally:
            process.kill()
            process.wait()


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < give_up:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise SystemExit(f"a server does not answer on port {port}")
