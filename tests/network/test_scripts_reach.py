"""Which servers a script gets to: those that were named, by whatever way it tries."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import vqscript


class Answering(http.server.BaseHTTPRequestHandler):
    """Says that it has nothing, or that it is elsewhere; its server counts who asks."""

    server: Any

    def do_GET(self) -> None:
        """Answer."""
        self.server.asked.append(self.path)
        body = b"[]"
        self.send_response(302 if self.server.elsewhere else 200)
        if self.server.elsewhere:
            self.send_header("Location", self.server.elsewhere + self.path)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def servers() -> Iterator[tuple[Any, Any]]:
    """One that the script may reach, and one that it may not."""
    made = []
    for _ in range(2):
        server: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        server.daemon_threads = True
        server.asked, server.elsewhere = [], ""
        server.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        made.append(server)
    yield made[0], made[1]
    for server in made:
        server.shutdown()
        server.server_close()


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a line of Lua as a user does; ``lines`` are the configuration."""

    def run(line: str, *words: str, lines: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
        (tmp_path / "vqscript.toml").write_text("\n".join(["[timeouts]", "answer = 5", "connect = 5", *lines]))
        (tmp_path / "main.lua").write_text(line)
        return subprocess.run(
            [sys.executable, "-m", "vqscript", "run", "main.lua", "--config", "vqscript.toml", *words],
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(vqscript.__file__).parents[1]),
                "VQSCRIPT_CACHE": str(tmp_path / "cache"),
            },
            capture_output=True,
            text=True,
            timeout=60,
        )

    return run


def asking(url: str) -> str:
    """Return a script that asks a repository for its studies."""
    return f"print(#VQ.dicomRepository({json.dumps(url)}):findStudies())"


def test_a_server_that_nobody_named_is_not_asked(servers, script):
    allowed, other = servers
    for url in (f"dicomweb+{other.url}/x", f"orthanc+{other.url}", f"dicom://A@127.0.0.1:{other.server_port}"):
        done = script(asking(url), "--repo", f"dicomweb+{allowed.url}/x")
        assert done.returncode == 1
        assert f"may not reach 127.0.0.1:{other.server_port}" in done.stderr
    done = script(f'require("ipacs").iPACS("dicomweb+{other.url}/x"):getStudies()')
    assert done.returncode == 1 and "may not reach" in done.stderr
    assert allowed.asked == other.asked == []


def test_servers_that_were_named_are_asked_by_each_way_of_naming(servers, script):
    allowed, other = servers
    url = f"dicomweb+{allowed.url}/x"
    configured = ("[repositories]", f'clinic = "{url}"')
    for line, words, lines in (
        (asking(url), ("--repo", url), ()),
        (asking(url), ("--allow-net", f"127.0.0.1:{allowed.server_port}"), ()),
        (asking(url), (), configured),
        (asking("ipacs://clinic"), (), configured),
        (asking("clinic"), (), configured),
        (asking("ipacss://clinic"), ("--repo", "ipacs://clinic"), configured),
    ):
        allowed.asked.clear()
        done = script(line, *words, lines=lines)
        assert (done.returncode, done.stdout) == (0, "0\n"), done.stderr
        assert allowed.asked
    assert other.asked == []


def test_a_redirect_leads_to_no_other_server(servers, script):
    allowed, other = servers
    allowed.elsewhere = other.url
    url = f"dicomweb+{allowed.url}/x"
    done = script(asking(url), "--repo", url)
    assert done.returncode == 1 and "is at another place" in done.stderr
    assert allowed.asked and other.asked == []


def test_a_name_stands_for_what_the_configuration_says_only(servers, script):
    _, other = servers
    for name in (
        f"ipacs://127.0.0.1:{other.server_port}",
        "ipacs://clinic",
        f"ipacs://x@127.0.0.1:{other.server_port}/x",
    ):
        done = script(asking(name))
        assert done.returncode == 1 and "no repository is named" in done.stderr
    assert other.asked == []
