"""DIMSE over TLS: servers that ask for our certificate, and certificates that are none of theirs."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vqscript.errors import ConfigError, PeerError, Unreachable
from vqscript.network.dimse import DimsePeer, Tls


@dataclass(frozen=True)
class Authority:
    """An authority, and what it has signed."""

    folder: Path

    @classmethod
    def create(cls, folder: Path) -> Authority:
        """Make keys for itself, for a server on this machine and for us."""
        folder.mkdir()
        made = cls(folder)
        made.openssl("req -x509 -nodes -days 2 -newkey rsa:2048 -keyout ca.key -out ca.pem -subj /CN=authority")
        for name, alternative in (("server", "IP:127.0.0.1"), ("client", "DNS:vq.example")):
            made.openssl(f"req -nodes -newkey rsa:2048 -keyout {name}.key -out {name}.csr -subj /CN={name}")
            (folder / f"{name}.ext").write_text(f"subjectAltName={alternative}\n")
            made.openssl(
                f"x509 -req -days 2 -in {name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out {name}.pem "
                f"-extfile {name}.ext"
            )
        return made

    def openssl(self, line: str) -> None:
        """Run the program in the folder."""
        subprocess.run(["openssl", *line.split()], cwd=self.folder, check=True, capture_output=True)

    def __truediv__(self, name: str) -> Path:
        return self.folder / name

    @property
    def ours(self) -> Tls:
        """What we show and whom we trust."""
        return Tls(ca=self / "ca.pem", certificate=self / "client.pem", key=self / "client.key")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The one that both sides trust."""
    return Authority.create(tmp_path_factory.mktemp("tls") / "good")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """Another one."""
    return Authority.create(tmp_path_factory.mktemp("tls") / "other")


@pytest.fixture
def secure(starting: Any, authority: Authority, port: int) -> Any:
    """An Orthanc that speaks TLS with those whose certificate it knows; it knows us as VQ."""
    return starting(
        "orthanc",
        DicomTlsEnabled=True,
        DicomTlsCertificate=str(authority / "server.pem"),
        DicomTlsPrivateKey=str(authority / "server.key"),
        DicomTlsTrustedCertificates=str(authority / "ca.pem"),
        DicomModalities={"vq": {"AET": "VQ", "Host": "127.0.0.1", "Port": port, "UseDicomTls": True}},
    )


def over_tls(server: Any, tls: Tls, **options: Any) -> DimsePeer:
    """Return the peer under a dicoms URL."""
    return DimsePeer(server.url.replace("dicom:", "dicoms:"), calling="VQ", tls=tls, answer_timeout=10, **options)


def test_everything_works_over_tls(secure, authority, port, make_series):
    series = make_series("series", slices=6, side=300)
    peer = over_tls(secure, authority.ours, move_port=port)
    assert peer.url.startswith("dicoms://ORTHANC@")
    assert peer.echo() > 0
    assert [one.status for one in peer.send(series.paths)] == ["0000"] * 6
    (study,) = peer.find("STUDY", {"StudyInstanceUID": series.study_uid}, ["PatientName"])
    assert study["PatientName"] == "Case^One"
    for by_get in (True, False):
        peer._sends_by_get = by_get
        got: dict[str, bytes] = {}
        peer.retrieve(
            series.study_uid, series.series_uid, [], lambda uid, file, got=got: got.update({uid: bytes(file)})
        )
        assert {uid: file[-180_000:] for uid, file in got.items()} == {
            uid: path.read_bytes()[-180_000:] for uid, path in series.files.items()
        }
    peer.close()


def test_a_storescp_that_asks_for_certificates(starting, authority, series):
    port = starting("storescp", "+tls", authority / "server.key", authority / "server.pem", "+cf", authority / "ca.pem")
    peer = DimsePeer(f"dicoms://ANY@127.0.0.1:{port}", tls=authority.ours)
    assert peer.echo() > 0
    assert all(one.accepted for one in peer.send(series.paths))
    with pytest.raises(Unreachable, match="127"):
        DimsePeer(f"dicoms://ANY@127.0.0.1:{port}", tls=Tls(ca=authority / "ca.pem")).echo()


def test_a_server_with_a_certificate_of_somebody_else(secure, stranger, authority, series):
    tls = Tls(ca=stranger / "ca.pem", certificate=authority / "client.pem", key=authority / "client.key")
    with pytest.raises(Unreachable, match=r"has a certificate that is not trusted: .*self-signed"):
        list(over_tls(secure, tls).send(series.paths))
    assert secure.held() == set()


def test_a_client_with_a_certificate_of_somebody_else(secure, stranger, authority, series):
    tls = Tls(ca=authority / "ca.pem", certificate=stranger / "client.pem", key=stranger / "client.key")
    with pytest.raises(Unreachable, match="ORTHANC@"):
        list(over_tls(secure, tls).send(series.paths))
    with pytest.raises(Unreachable, match="ORTHANC@"):
        over_tls(secure, Tls(ca=authority / "ca.pem")).echo()
    assert secure.held() == set()


def test_a_certificate_for_another_host(secure, authority):
    url = secure.url.replace("dicom:", "dicoms:").replace("127.0.0.1", "localhost")
    with pytest.raises(Unreachable, match=r"not trusted: .*localhost"):
        DimsePeer(url, tls=authority.ours).echo()
    lenient = Tls(authority / "ca.pem", authority / "client.pem", authority / "client.key", check_host=False)
    assert DimsePeer(url, tls=lenient).echo() > 0


def test_tls_and_plain_do_not_mix(secure, orthanc, authority):
    with pytest.raises(Unreachable, match="no common TLS"):
        over_tls(orthanc, authority.ours).echo()
    with pytest.raises(PeerError, match="ORTHANC@"):
        DimsePeer(secure.url, answer_timeout=5).echo()


def test_nobody_without_a_certificate_delivers_to_us(secure, authority, stranger, port, series):
    """While the port is open for what is moved."""
    peer = over_tls(secure, authority.ours, move_port=port)
    list(peer.send(series.paths))
    peer._sends_by_get = False
    peer.retrieve(series.study_uid, series.series_uid, [], lambda uid, file: None)
    for tls in (Tls(ca=authority / "ca.pem", check_host=False), Tls(authority / "ca.pem", stranger / "client.pem")):
        with pytest.raises((Unreachable, ConfigError)):
            DimsePeer(f"dicoms://VQ@127.0.0.1:{port}", tls=tls, answer_timeout=5).echo()
    peer.close()


@pytest.mark.parametrize("part", ["ca", "certificate", "key"])
def test_files_that_are_no_certificates_are_named(authority, tmp_path, part):
    wrong = tmp_path / "wrong.pem"
    wrong.write_text("this is not PEM")
    files = {"ca": authority / "ca.pem", "certificate": authority / "client.pem", "key": authority / "client.key"}
    for path in (wrong, tmp_path / "absent.pem"):
        with pytest.raises(ConfigError, match="cannot be used for TLS") as raised:
            Tls(**{**files, part: path}).client()
        assert str(path.parent) in str(raised.value) or part == "key"
