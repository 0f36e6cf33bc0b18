"""Data points are valid DICOM, and an archive that is not ours keeps them as they are."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pydicom
import pytest
from pydicom.dataset import Dataset

from vqscript.datapoints import quantification, subject
from vqscript.datapoints.parse import parse
from vqscript.imaging.volume import Volume

CONFIGURATION = """\
NetworkTCPPort = {port}
MaxPDUSize = 131072
MaxAssociations = 16
HostTable BEGIN
HostTable END
VendorTable BEGIN
VendorTable END
AETable BEGIN
QRSCP {area} RW (500, 1024mb) ANY
AETable END
"""


@pytest.fixture
def points(spect: Volume, seg: Dataset, header: Dataset) -> dict[str, Dataset]:
    """One data point of each kind."""
    values = {"voxels": 4, "volume": 8.0, "mean": 1 / 3, "sd": 0.1, "variance": 0.01, "integral": 2.0, "skewness": 0.5}
    report = quantification.build(
        name="Liver",
        input=1,
        unit="%ID/g",
        values=values,
        creator="anovicki",
        image=spect,
        roi_object=seg,
        segment=1,
    )
    entered = subject.build(
        header,
        injected_dose=250.0,
        weight=24.0,
        injection_time="20140131093000",
        nuclide="In-111",
        creator="anovicki",
    )
    return {"Segmentation": seg, "Comprehensive3DSR": report, "EnhancedSR": entered}


@pytest.mark.parametrize("kind", ["Segmentation", "Comprehensive3DSR", "EnhancedSR"])
def test_valid(kind: str, points: dict[str, Dataset], save: Callable[[Dataset], Path]) -> None:
    tool = shutil.which("dciodvfy")
    if not tool:
        pytest.skip("needs dciodvfy (Debian package dicom3tools)")
    result = subprocess.run([tool, str(save(points[kind]))], capture_output=True, text=True, check=False)
    lines = (result.stdout + result.stderr).splitlines()
    assert kind in lines  # it was recognised as what it is meant to be
    assert [line for line in lines if line.startswith("Error")] == []


def dcmtk(tool: str) -> str:
    """Where a program is, "" for nowhere; pynetdicom installs others of the same names beside this Python."""
    own = Path(sys.executable).parent
    folders = [folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder) != own]
    return shutil.which(tool, path=os.pathsep.join(folders)) or ""


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[int]:
    """Port of a DCMTK archive, started for one test."""
    missing = [tool for tool in ("dcmqrscp", "storescu", "getscu", "echoscu") if not dcmtk(tool)]
    if missing:
        pytest.skip(f"needs DCMTK ({', '.join(missing)})")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    area = tmp_path / "area"
    area.mkdir()
    configuration = tmp_path / "qr.cfg"
    configuration.write_text(CONFIGURATION.format(port=port, area=area))
    server = subprocess.Popen([dcmtk("dcmqrscp"), "-c", str(configuration)])
    try:
        deadline = time.monotonic() + 10
        echo = [dcmtk("echoscu"), "-aec", "QRSCP", "127.0.0.1", str(port)]
        while subprocess.run(echo, capture_output=True, check=False).returncode:
            assert time.monotonic() < deadline, "the archive does not answer"
            time.sleep(0.05)
        yield port
    finally:
        server.terminate()
        server.wait()


def test_an_archive_gives_them_back(
    archive: int, points: dict[str, Dataset], save: Callable[[Dataset], Path], tmp_path: Path
) -> None:
    # -R proposes the SOP classes of the files only: the usual list lacks the newer reports.
    peer = ["-aec", "QRSCP", "127.0.0.1", str(archive)]
    paths = {ds.SOPInstanceUID: save(ds) for ds in points.values()}
    subprocess.run([dcmtk("storescu"), "-R", *peer, *map(str, paths.values())], check=True, capture_output=True)
    back = tmp_path / "back"
    back.mkdir()
    study = points["Segmentation"].StudyInstanceUID
    keys = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}"]
    subprocess.run([dcmtk("getscu"), "-S", "+B", "-od", str(back), *keys, *peer], check=True, capture_output=True)

    received = {ds.SOPInstanceUID: ds for ds in map(pydicom.dcmread, back.iterdir())}
    assert received.keys() == paths.keys()
    for uid, path in paths.items():
        assert received[uid] == pydicom.dcmread(path)
        assert parse(received[uid]) == parse(pydicom.dcmread(path))
