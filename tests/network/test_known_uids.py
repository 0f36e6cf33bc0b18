"""A different instance under a known UID: what servers answer, and what is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import ImplicitVRLittleEndian

from tests.network.conftest import ORTHANC_DICOMWEB, Made, Orthanc
from vqscript.config import CacheSettings, Config
from vqscript.network.peer import Sent
from vqscript.repository.opening import open_repository
from vqscript.repository.servers import open_peer


@pytest.fixture
def other(series: Made, tmp_path: Path) -> Path:
    """Another object under the UID of the first slice."""
    dataset = dcmread(series.paths[0])
    dataset.InstitutionName = "Elsewhere"
    dataset.save_as(tmp_path / "other.dcm")
    return tmp_path / "other.dcm"


@pytest.fixture
def keeping(starting) -> Orthanc:
    """An Orthanc that keeps what it has, as it does unless it is configured otherwise."""
    return starting("orthanc", OverwriteInstances=False)


def send(url: str, *paths: Path) -> list[Sent]:
    peer = open_peer(url, Config())
    try:
        return list(peer.send(paths))
    finally:
        peer.close()


def test_what_orthanc_has_already_is_compared(keeping: Orthanc, series: Made, other: Path, tmp_path: Path) -> None:
    first = series.paths[0]
    again = tmp_path / "again.dcm"
    dataset = dcmread(first)
    dataset.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian  # the same object, written otherwise
    dataset.save_as(again)
    url = f"orthanc+http://127.0.0.1:{keeping.http}"
    assert [one.status for one in send(url, first)] == ["Success"]
    same, written_otherwise, different = send(url, first, again, other)
    assert (same.accepted, written_otherwise.accepted, different.accepted) == (True, True, False)
    assert same.status == written_otherwise.status == "AlreadyStored"
    assert "other content, which was kept" in different.status


@pytest.mark.parametrize("kind", ["dimse", "dicomweb", "qrscp"])
def test_other_protocols_cannot_tell_but_a_repository_looks_first(
    keeping: Orthanc, starting, series: Made, other: Path, tmp_path: Path, kind: str
) -> None:
    """As docs/network.md says: the answer is a success, whether the server kept or replaced what it had."""
    if kind == "dicomweb" and not ORTHANC_DICOMWEB.exists():
        pytest.skip("needs Orthanc's DICOMweb plugin (.ci/install-peers)")
    url = {
        "dimse": lambda: keeping.url,
        "dicomweb": lambda: f"dicomweb+http://127.0.0.1:{keeping.http}/dicom-web",
        "qrscp": lambda: starting("qrscp").url,
    }[kind]()
    assert [one.accepted for one in send(url, series.paths[0], other)] == [True, True]
    server_has, refused = (other, series.paths[0]) if kind == "qrscp" else (series.paths[0], other)
    repository = open_repository(url, Config(cache=CacheSettings(tmp_path / "cache")))
    try:
        report = repository.store([server_has, refused])
    finally:
        repository.close()
    assert (report.added, report.known, report.failed) == ([], [server_has], {refused})
