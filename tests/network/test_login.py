"""Credentials as a user gives them: sent to the one server they are for, and to be found nowhere else."""

from __future__ import annotations

import base64
import contextlib
import http.client
import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import vqscript
from vqscript.network.dimse import DimsePeer

SECRET = "hunter2-is-secret"
BASIC = "Basic " + base64.b64encode(f"anna:{SECRET}".encode()).decode()
BEARER = f"Bearer {SECRET}"
LEAKS = (SECRET, BASIC.partition(" ")[2])


class Guard(http.server.BaseHTTPRequestHandler):
    """Lets those through to a server who show one Authorization, as the proxy of a hospital does."""

    protocol_version = "HTTP/1.1"
    server: Any

    def do_GET(self) -> None:
        """Answer, or pass on."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        shown = self.headers.get("Authorization", "")
        self.server.seen.append((self.path, shown))
        if shown not in self.server.valid:
            self.reply(403 if shown in self.server.weak else 401, b"", {})
            return
        if self.server.elsewhere:
            self.reply(302, b"", {"Location": self.server.elsewhere + self.path})
            return
        connection = http.client.HTTPConnection("127.0.0.1", self.server.behind, timeout=20)
        headers = {key: self.headers[key] for key in ("Accept", "Content-Type") if key in self.headers}
        connection.request(self.command, self.path, body, headers)
        answer = connection.getresponse()
        self.reply(answer.status, answer.read(), {"Content-Type": answer.getheader("Content-Type", "")})
        connection.close()

    do_POST = do_PUT = do_GET  # noqa: N815

    def reply(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        """Send an answer."""
        self.send_response(status)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def guarding(behind: int) -> Iterator[Any]:
    """Run a guard before a server of this machine."""
    server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Guard)
    server.daemon_threads = True
    server.behind, server.seen, server.elsewhere = behind, [], ""
    server.valid, server.weak = {BASIC, BEARER}, set()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def guard(orthanc: Any) -> Iterator[Any]:
    """Before an Orthanc."""
    with guarding(orthanc.http) as server:
        yield server


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run vqscript as a process; the keys are those of the repository "clinic", the variables those of the process."""
    (tmp_path / "ours.py").write_text(
        "from keyring.backend import KeyringBackend\n"
        "class Ours(KeyringBackend):\n"
        "    priority = 1\n"
        "    def get_password(self, service, username):\n"
        f"        return {{('pacs', 'anna'): {SECRET!r}, ('pacs', 'token'): {SECRET!r}}}.get((service, username))\n"
        "    def set_password(self, service, username, password):\n"
        "        raise NotImplementedError\n"
    )

    path = os.pathsep.join([str(tmp_path), str(Path(vqscript.__file__).parents[1])])

    def start(url: str, keys: str, *words: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
        file = tmp_path / "vqscript.toml"
        file.write_text(f'[repositories.clinic]\nurl = "{url}"\n{keys}\n[timeouts]\nanswer = 20\n')
        given = {"VQSCRIPT_CONFIG": str(file), "VQSCRIPT_CACHE": str(tmp_path / "cache"), **variables}
        return subprocess.run(
            [sys.executable, "-m", "vqscript", *map(str, words)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": path, "PYTHON_KEYRING_BACKEND": "ours.Ours", **given},
            capture_output=True,
            text=True,
            timeout=120,
        )

    return start


def urls(guard: Any) -> tuple[str, str]:
    """Return both ways to an Orthanc over HTTP."""
    base = f"http://127.0.0.1:{guard.server_port}"
    return f"dicomweb+{base}/dicom-web", f"orthanc+{base}"


WAYS = {
    "basic from variables": ('user_env = "U"\npassword_env = "P"', {"U": "anna", "P": SECRET}, BASIC),
    "bearer from a variable": ('token_env = "T"', {"T": SECRET}, BEARER),
    "basic from the keyring": ('keyring = "pacs"\nuser = "anna"', {}, BASIC),
    "bearer from the keyring": ('keyring = "pacs"', {}, BEARER),
}


@pytest.mark.parametrize(("keys", "variables", "expected"), WAYS.values(), ids=WAYS.keys())
def test_credentials_reach_the_server(guard, run, keys, variables, expected):
    if "keyring" in keys:
        pytest.importorskip("keyring")
    for url in urls(guard):
        guard.seen.clear()
        done = run(url, keys, "pacs", "echo", "--pacs", "clinic", **variables)
        assert done.returncode == 0, done.stderr
        assert guard.seen and {shown for _, shown in guard.seen} == {expected}


def test_they_are_nowhere_but_in_the_requests(guard, run, orthanc, series, tmp_path):
    assert all(one.accepted for one in DimsePeer(orthanc.url).send(series.paths))
    (tmp_path / "show.lua").write_text(
        "local repository = VQ.dicomRepository(args.repo)\n"
        "print(repository.url, #repository:findStudies())\n"
        "for name, value in pairs(_G) do print(name, value) end\n"
    )
    (tmp_path / "each.lua").write_text(
        "function process(repo, study)\n"
        "  repo:load(study, repo:getSeries(study)[1], 0)\n"
        "  return { who = study.patientID }\n"
        "end\n"
    )
    for url in urls(guard):
        for words in (
            ["pacs", "find", "--pacs", "clinic", "--PatientID", "CASE-1", "-v", "--json"],
            ["pacs", "get", "--pacs", "clinic", "--study", series.study_uid, "--repo", "got.repo", "-v", "--json"],
            ["pacs", "store", "--pacs", "clinic", series.paths[0], "-v", "--json"],
            ["pacs", "tags", "--pacs", "clinic", series.series_uid],
            ["run", "show.lua", "--repo", "ipacs://clinic"],
            ["batch", "each.lua", "--repo", "ipacs://clinic", "--jobs", "2", "--output", f"out-{url[:5]}"],
            ["config", "check", "--reach", "--json"],
            ["health", "--json"],
        ):
            done = run(url, 'user = "anna"\npassword_env = "P"', *words, P=SECRET)
            assert done.returncode == 0 or words[0] == "health", (words, done.stdout, done.stderr)
            assert not [leak for leak in LEAKS if leak in done.stdout + done.stderr], words
    assert {shown for _, shown in guard.seen} == {BASIC}
    written = [path for path in tmp_path.rglob("*") if path.name not in ("ours.py",) and path.is_file()]
    assert len(written) > 10
    for path in written:
        content = path.read_bytes() + str(path).encode()
        assert not [leak for leak in LEAKS if leak.encode() in content], path


@pytest.mark.parametrize("keys", ["", 'token_env = "T"', 'user = "anna"\nkeyring = "pacs"'])
def test_a_refusal_names_the_server_and_where_credentials_are_from(guard, run, keys):
    if "keyring" in keys:
        pytest.importorskip("keyring")
    source = {"": "vqscript.toml names no credentials", "t": "environment variable T", "u": 'keyring, service "pacs"'}
    guard.valid = set()
    for status, weak in (("401", set()), ("403", {BASIC, BEARER, ""})):
        guard.weak = weak
        for url in urls(guard):
            done = run(url, keys, "pacs", "find", "--pacs", "clinic", "--PatientID", "CASE-1", "--json", T=SECRET)
            assert done.returncode == 1
            assert done.stderr.startswith(f"vqscript: clinic refused: {status}"), done.stderr
            assert source[keys[:1]] in done.stderr
            assert not [leak for leak in LEAKS if leak in done.stdout + done.stderr]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_redirect_to_another_server_gets_neither_credentials_nor_a_request(guard, orthanc, run, host):
    with guarding(orthanc.http) as other:
        guard.elsewhere = f"http://{host}:{other.server_port}"
        for url in urls(guard):
            done = run(url, 'token_env = "T"', "pacs", "echo", "--pacs", "clinic", T=SECRET)
            assert done.returncode == 1
            assert "clinic is at another place: http://" in done.stderr and SECRET not in done.stderr
        assert guard.seen and other.seen == []


def test_credentials_are_for_exactly_one_url(guard, run):
    """A script, or a user in a hurry, may name another path of the same server."""
    url = urls(guard)[0]
    done = run(url, 'token_env = "T"', "pacs", "echo", "--pacs", f"{url}/other", T=SECRET)
    assert done.returncode == 1
    assert {shown for _, shown in guard.seen} == {""}


def test_credentials_over_plain_http_to_another_host_are_warned_of_once(run):
    """No such host is needed: the warning comes before the first request."""
    words = ["pacs", "find", "--pacs", "clinic", "--PatientID", "CASE-1"]
    done = run("dicomweb+http://no-such-host.invalid/x", 'token_env = "T"', *words, T=SECRET)
    assert done.stderr.count("everybody on the way can read") == 1
    assert "no-such-host.invalid" in done.stderr and SECRET not in done.stderr
    for url, keys in (
        ("dicomweb+https://no-such-host.invalid/x", 'token_env = "T"'),
        ("dicomweb+http://127.0.0.1:9/x", 'token_env = "T"'),
        ("dicomweb+http://no-such-host.invalid/x", ""),
    ):
        assert "everybody" not in run(url, keys, *words, T=SECRET).stderr
