"""DIMSE over TLS: servers that ask for our certificate, and certificates that are none of theirs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import vqscript
from vqscript.errors import ConfigError, PeerError, Unreachable
from vqscript.network.dimse import DimsePeer, Tls
from vqscript.repository.local import LocalRepository

from .certificates import Authority


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
    with pytest.raises(Unreachable, match=r"not trusted: .*localhost") as caught:
        DimsePeer(url, tls=authority.ours).echo()
    assert caught.value.hint == "give the host as the certificate names it"
    lenient = Tls(authority / "ca.pem", authority / "client.pem", authority / "client.key", check_host=False)
    assert DimsePeer(url, tls=lenient).echo() > 0


def test_tls_and_plain_do_not_mix(secure, orthanc, authority):
    with pytest.raises(Unreachable, match=r"closed the connection before it answered|no common TLS") as caught:
        over_tls(orthanc, authority.ours).echo()
    assert "does it speak TLS on this port" in caught.value.hint
    with pytest.raises(PeerError, match="ORTHANC@") as caught:
        DimsePeer(secure.url, answer_timeout=5).echo()
    assert "dicoms://" in caught.value.hint


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


# The commands, as a user meets them --------------------------------------------------------------

PACKAGE = str(Path(vqscript.__file__).parents[1])


@pytest.fixture
def pacs(tmp_path):
    """Run ``vqscript pacs`` as a process, with a server called "radiology"."""

    def run(server, tls, *words):
        url = server.url.replace("dicom:", "dicoms:")
        files = {"ca": tls.ca, "certificate": tls.certificate, "key": tls.key}
        lines = [f'{key} = "{path}"' for key, path in files.items() if path]
        file = tmp_path / "vqscript.toml"
        file.write_text("\n".join(['aet = "VQ"', "[repositories.radiology]", f'url = "{url}"', *lines]))
        return subprocess.run(
            [sys.executable, "-m", "vqscript", "pacs", words[0], "--pacs", "radiology", *map(str, words[1:])],
            env={
                **os.environ,
                "PYTHONPATH": PACKAGE,
                "VQSCRIPT_CONFIG": str(file),
                "VQSCRIPT_CACHE": str(tmp_path / "cache"),
            },
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


@pytest.mark.parametrize(
    ("ours", "message", "hint"),
    [
        (None, "asks for a certificate of ours|closed the connection", "certificate and key in vqscript.toml"),
        ("stranger", "does not accept our certificate client.pem: unknown ca|closed the connection", "authority"),
        ("expired", "does not accept our certificate expired.pem: certificate expired|closed the connection", ""),
    ],
)
def test_how_a_server_refuses_our_certificate_is_told(secure, authority, stranger, pacs, ours, message, hint):
    """The connection may be closed so fast that the reason never arrives; then the hint has to do."""
    folder, name = (stranger, "client") if ours == "stranger" else (authority, ours)
    certificate, key = (folder / f"{name}.pem", folder / f"{name}.key") if ours else (None, None)
    done = pacs(secure, Tls(authority / "ca.pem", certificate, key), "echo")
    assert done.returncode == 1 and done.stdout == ""
    assert re.match(f"vqscript: radiology ({message})", done.stderr)
    assert hint in done.stderr and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("shown", "message", "hint"),
    [
        ("expired", "certificate has expired", "has to renew it"),
        ("elsewhere", "IP address mismatch", "give the host as the certificate names it"),
        ("server", "self-signed certificate", "ca = "),
    ],
)
def test_why_a_server_is_not_trusted_is_told(starting, authority, stranger, pacs, shown, message, hint, series):
    server = starting(
        "orthanc",
        DicomTlsEnabled=True,
        DicomTlsCertificate=str(authority / f"{shown}.pem"),
        DicomTlsPrivateKey=str(authority / f"{shown}.key"),
        DicomTlsTrustedCertificates=str(authority / "ca.pem"),
    )
    ca = (stranger if shown == "server" else authority) / "ca.pem"
    tls = Tls(ca, authority / "client.pem", authority / "client.key")
    for words in (["echo"], ["find", "--PatientID", "CASE-1"], ["store", series.paths[0]]):
        done = pacs(server, tls, *words)
        assert done.returncode == 1, done.stdout
        said = done.stdout + done.stderr  # store tells it of each instance
        assert f"radiology has a certificate that is not trusted: {message}" in said
        assert hint in said or words[0] == "store"
    assert server.held() == set()


def test_commands_over_tls(secure, authority, pacs, series, tmp_path):
    uid = ["--StudyInstanceUID", series.study_uid]
    for words in (["echo"], ["store", *series.paths], ["find", *uid]):
        done = pacs(secure, authority.ours, *words)
        assert done.returncode == 0, done.stderr
    assert series.series_uid in done.stdout
    done = pacs(secure, authority.ours, "get", "--study", series.study_uid, "--repo", tmp_path / "got.repo")
    assert done.returncode == 0, done.stderr
    with LocalRepository.open(tmp_path / "got.repo") as repository:
        assert set(repository.instances(series.study_uid)) == set(series.files)
