"""Real servers on free ports of this machine, a proxy that cuts connections, and small series to send them."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

ORTHANC_DICOMWEB = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
START_SECONDS = 20


def free_port() -> int:
    """Return a port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(port: int) -> bool:
    """Whether somebody listens."""
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def needs(program: str) -> str:
    """Return where a program is; skip the test where it is not installed.

    Not one of this Python's own: pynetdicom installs a storescp and others that are called as DCMTK's are.
    """
    own = Path(sys.executable).parent
    folders = [folder for folder in os.environ.get("PATH", "").split(os.pathsep) if Path(folder) != own]
    found = shutil.which(program, path=os.pathsep.join([*folders, "/usr/sbin", "/usr/local/sbin"]))
    if not found:
        pytest.skip(f"needs {program} (.ci/install-peers)")
    return found


@contextlib.contextmanager
def running(command: Sequence[str], folder: Path, ready: Callable[[], bool]) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server, wait until it answers, and stop it in the end."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        try:
            give_up = time.monotonic() + START_SECONDS
            while not ready():
                if process.poll() is not None or time.monotonic() > give_up:
                    raise AssertionError(f"{command[0]} does not start: {(folder / 'server.log').read_text()[-2000:]}")
                time.sleep(0.02)
            yield process
        finally:
            # What it holds is thrown away: it need not put its affairs in order, which takes Orthanc 5 s.
            process.kill()
            process.wait()


@dataclass(frozen=True)
class Orthanc:
    """A running Orthanc: DICOM, REST and DICOMweb; it knows VQ as a caller that listens on ``move_port``."""

    dicom: int
    http: int
    move_port: int
    aet: str = "ORTHANC"

    @property
    def url(self) -> str:
        """For DIMSE."""
        return f"dicom://{self.aet}@127.0.0.1:{self.dicom}"

    def rest(self, path: str, data: bytes | None = None, method: str | None = None) -> object:
        """Ask its REST interface."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.http}{path}", data=data, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:
            return json.loads(answer.read() or b"null")

    def held(self) -> set[str]:
        """SOP Instance UIDs of all it has."""
        return {one["MainDicomTags"]["SOPInstanceUID"] for one in self.rest("/instances?expand")}  # type: ignore[attr-defined]

    def clear(self) -> None:
        """Forget everything."""
        for patient in self.rest("/patients"):  # type: ignore[attr-defined]
            self.rest(f"/patients/{patient}", method="DELETE")


@contextlib.contextmanager
def start_orthanc(folder: Path, **settings: object) -> Iterator[Orthanc]:
    """Start an Orthanc with an empty store; settings replace those of its configuration."""
    program = needs("Orthanc")
    peer = Orthanc(free_port(), free_port(), free_port())
    plugins = [str(ORTHANC_DICOMWEB)] if ORTHANC_DICOMWEB.exists() else []
    configuration: dict[str, object] = {
        "Name": "test",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "index"),
        "HttpPort": peer.http,
        "DicomPort": peer.dicom,
        "DicomAet": peer.aet,
        "AuthenticationEnabled": False,
        "RemoteAccessAllowed": False,
        **{f"DicomAlwaysAllow{verb}": True for verb in ("Echo", "Store", "Find", "Get", "Move")},
        "DicomCheckCalledAet": False,
        "UnknownSopClassAccepted": True,
        "OverwriteInstances": True,
        "StableAge": 1,
        "SyncStorageArea": False,
        "MaximumPduLength": 131072,
        "DicomModalities": {"vq": ["VQ", "127.0.0.1", peer.move_port]},
        "Plugins": plugins,
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/", "EnableWado": True, "Host": f"127.0.0.1:{peer.http}"},
    }
    configuration.update(settings)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "orthanc.json").write_text(json.dumps(configuration))
    with running([program, "orthanc.json"], folder, lambda: answers(peer.http) and answers(peer.dicom)):
        yield peer


@pytest.fixture(scope="module")
def orthanc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """An Orthanc of this module's own, empty at first."""
    with start_orthanc(tmp_path_factory.mktemp("orthanc")) as peer:
        yield peer


@dataclass(frozen=True)
class Qrscp:
    """A running dcmqrscp; it knows VQ as a caller that listens on ``move_port``."""

    port: int
    move_port: int
    area: Path
    aet: str = "QRSCP"

    @property
    def url(self) -> str:
        """For DIMSE."""
        return f"dicom://{self.aet}@127.0.0.1:{self.port}"


@contextlib.contextmanager
def start_qrscp(folder: Path, *options: str) -> Iterator[Qrscp]:
    """Start DCMTK's PACS with an empty store."""
    program = needs("dcmqrscp")
    peer = Qrscp(free_port(), free_port(), folder / "area")
    peer.area.mkdir(parents=True)
    (folder / "qr.cfg").write_text(
        f"NetworkTCPPort = {peer.port}\nMaxPDUSize = 131072\nMaxAssociations = 16\n"
        f"HostTable BEGIN\nvq = (VQ, 127.0.0.1, {peer.move_port})\nHostTable END\n"
        "VendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\n{peer.aet} {peer.area} RW (500, 1024mb) ANY\nAETable END\n"
    )
    with running([program, "-c", "qr.cfg", *options], folder, lambda: answers(peer.port)):
        yield peer


@pytest.fixture(scope="module")
def qrscp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Qrscp]:
    """A dcmqrscp of this module's own, empty at first."""
    with start_qrscp(tmp_path_factory.mktemp("qrscp")) as peer:
        yield peer


@contextlib.contextmanager
def start_storescp(folder: Path, *options: str) -> Iterator[int]:
    """Start a storescp that writes into a folder; gives its port."""
    program, port = needs("storescp"), free_port()
    folder.mkdir(parents=True, exist_ok=True)
    with running([program, *options, "-od", str(folder), str(port)], folder, lambda: answers(port)):
        yield port


@dataclass
class Proxy:
    """Between a client and a server on this machine: cuts or stalls what comes back or goes there.

    Attributes
    ----------
    cut_to_server, cut_to_client : int
        After so many bytes of that direction, over all connections, both ends are closed; 0 for never.
    stalled : bool
        Whether a connection, instead of being cut there, just stays silent.
    watched : bytes
        What is counted in ``seen``, of what goes to the server.
    """

    server: int
    port: int = 0
    cut_to_server: int = 0
    cut_to_client: int = 0
    stalled: bool = False
    watched: bytes = b""
    seen: int = 0
    passed: dict[str, int] = field(default_factory=lambda: {"to_server": 0, "to_client": 0})
    last: dict[str, bytes] = field(default_factory=lambda: {"to_server": b"", "to_client": b""})
    connections: int = 0
    _open: list[socket.socket] = field(default_factory=list)

    def heal(self) -> None:
        """Let everything pass from now on."""
        self.cut_to_server = self.cut_to_client = 0
        self.stalled = False

    def start(self) -> None:
        """Listen, on a port of its own."""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        """Close everything."""
        for one in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self.connections += 1
                server = socket.create_connection(("127.0.0.1", self.server))
                self._open += [client, server]
                for source, to, way in ((client, server, "to_server"), (server, client, "to_client")):
                    threading.Thread(target=self._pump, args=(source, to, way), daemon=True).start()

    def _pump(self, source: socket.socket, to: socket.socket, way: str) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                self.passed[way] += len(data)
                if self.watched and way == "to_server":
                    self.seen += data.count(self.watched)
                self.last[way] = (self.last[way] + data)[-64:]
                limit = getattr(self, f"cut_{way}")
                if limit and self.passed[way] > limit:
                    if self.stalled:
                        continue
                    break
                to.sendall(data)
        for end in (source, to):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def proxy() -> Iterator[Callable[[int], Proxy]]:
    """Make proxies before servers of this machine, by port."""
    made: list[Proxy] = []

    def make(server: int) -> Proxy:
        made.append(Proxy(server))
        made[-1].start()
        return made[-1]

    yield make
    for one in made:
        one.stop()


@dataclass(frozen=True)
class Made:
    """A small series that was written for a test."""

    study_uid: str
    series_uid: str
    files: dict[str, Path]
    """SOP Instance UID -> file."""

    @property
    def paths(self) -> list[Path]:
        """The files in order."""
        return list(self.files.values())


def write_series(folder: Path, slices: int = 4, side: int = 16, **attributes: object) -> Made:
    """Write a CT series; attributes replace those it has, None leaves one out."""
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    values: dict[str, object] = {
        "SpecificCharacterSet": "ISO_IR 100",
        "SOPClassUID": CTImageStorage,
        "StudyInstanceUID": generate_uid(),
        "SeriesInstanceUID": generate_uid(),
        "FrameOfReferenceUID": generate_uid(),
        "PatientName": "Case^One",
        "PatientID": "CASE-1",
        "PatientBirthDate": "19700101",
        "PatientSex": "F",
        "StudyDate": "20240115",
        "StudyTime": "101500",
        "StudyID": "1",
        "AccessionNumber": "A1",
        "StudyDescription": "Chest",
        "SeriesDescription": "Axial",
        "SeriesNumber": "3",
        "Modality": "CT",
        "Rows": side,
        "Columns": side,
        "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2",
        "BitsAllocated": 16,
        "BitsStored": 16,
        "HighBit": 15,
        "PixelRepresentation": 1,
        "PixelSpacing": ["1", "1"],
        "ImageOrientationPatient": ["1", "0", "0", "0", "1", "0"],
        "RescaleSlope": "1",
        "RescaleIntercept": "-1024",
        **attributes,
    }
    folder.mkdir(parents=True, exist_ok=True)
    files = {}
    for k in range(slices):
        dataset = Dataset()
        for keyword, value in values.items():
            if value is not None:
                setattr(dataset, keyword, value)
        dataset.SOPInstanceUID = generate_uid()
        dataset.InstanceNumber = str(k + 1)
        dataset.ImagePositionPatient = ["0", "0", str(2 * k)]
        dataset.PixelData = bytes((k + i) % 251 for i in range(2 * side * side))
        dataset.file_meta = FileMetaDataset()
        dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        path = folder / f"{k:04}.dcm"
        dataset.save_as(path, enforce_file_format=True)
        files[str(dataset.SOPInstanceUID)] = path
    return Made(str(values["StudyInstanceUID"]), str(values["SeriesInstanceUID"]), files)


@pytest.fixture
def series(tmp_path: Path) -> Made:
    """Four small slices, new in every test."""
    return write_series(tmp_path / "series")


@pytest.fixture
def make_series(tmp_path: Path) -> Callable[..., Made]:
    """Write further series: ``make_series("name", slices=2, Modality="MR")``."""

    def make(name: str, slices: int = 4, side: int = 16, **attributes: object) -> Made:
        return write_series(tmp_path / name, slices, side, **attributes)

    return make


@pytest.fixture
def port() -> int:
    """A port that nobody listens on."""
    return free_port()


@pytest.fixture
def starting(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Start further servers for one test: ``starting("storescp", "+uf")``; "orthanc" takes settings by name."""
    kinds = {"orthanc": start_orthanc, "qrscp": start_qrscp, "storescp": start_storescp}
    with contextlib.ExitStack() as stack:

        def start(kind: str, *options: str, **settings: object) -> Any:
            folder = tmp_path / f"{kind}-{free_port()}"
            return stack.enter_context(kinds[kind](folder, *options, **settings))

        yield start
