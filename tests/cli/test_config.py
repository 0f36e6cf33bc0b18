"""``vqscript config check`` as a user runs it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from vqscript.cli.main import main
from vqscript.repository.local import LocalRepository


def write(tmp_path: Path, text: str) -> str:
    file = tmp_path / "vqscript.toml"
    file.write_text(text, encoding="utf-8")
    return str(file)


def check(capsys: pytest.CaptureFixture[str], file: str, *more: str) -> tuple[int, str]:
    code = main(["config", "check", "--config", file, *more])
    return code, capsys.readouterr().out


def test_all_faults_are_told_with_their_lines(tmp_path: Path) -> None:
    file = write(tmp_path, 'usr = "x"\n[repositories]\nlab = 3\n[cache]\nsize = -1\n')
    done = subprocess.run(
        [sys.executable, "-m", "vqscript", "config", "check", "--config", file],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONIOENCODING": "utf-8"},
    )
    assert done.returncode == 1
    lines = [line for line in done.stdout.splitlines() if line.startswith(file)]
    assert [line.removeprefix(file).split(": ")[0] for line in lines] == [":1", ":3", ":5"]
    assert 'did you mean "user"?' in done.stdout
    assert done.stdout.endswith("3 faults\n")


def test_a_sound_file_and_none(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    assert check(capsys, write(tmp_path, '[repositories]\nlab = "/data/lab.repo"\n')) == (
        0,
        f"{tmp_path / 'vqscript.toml'}: all is well; 1 repository\n",
    )
    for name in ("HOME", "USERPROFILE", "APPDATA", "XDG_CONFIG_HOME"):
        monkeypatch.setenv(name, str(tmp_path / "home"))
    monkeypatch.delenv("VQSCRIPT_CONFIG", raising=False)
    assert main(["config", "check"]) == 0
    assert "none is needed" in capsys.readouterr().out


def test_broken_toml_is_one_fault_with_its_line(tmp_path: Path, capsys) -> None:
    code, out = check(capsys, write(tmp_path, 'user = "a"\nuser =\n'), "--json")
    found = json.loads(out)
    assert code == 1
    assert [each["line"] for each in found["findings"]] == [2]
    assert "no valid TOML" in found["findings"][0]["message"]


def test_each_repository_is_asked_where_that_is_wanted(tmp_path: Path, capsys) -> None:
    LocalRepository.create(tmp_path / "lab.repo").close()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]  # nobody listens there once this is closed
    text = f"""
[repositories]
lab = "{(tmp_path / "lab.repo").as_posix()}"
gone = "orthanc+http://127.0.0.1:{port}"
[repositories.locked]
url = "dicomweb+https://127.0.0.1:{port}/x"
token_env = "A_VARIABLE_THAT_NOBODY_SETS"
"""
    code, out = check(capsys, write(tmp_path, text), "--reach", "--json")
    reached = json.loads(out)["repositories"]
    assert code == 1
    assert {name: each["reached"] for name, each in reached.items()} == {"lab": True, "gone": False, "locked": False}
    assert "nothing listens" in reached["gone"]["message"]
    assert "A_VARIABLE_THAT_NOBODY_SETS, which is not set" in reached["locked"]["message"]
    code, out = check(capsys, str(tmp_path / "vqscript.toml"), "--reach")
    assert (code, out.splitlines()[-1]) == (1, "2 repositories not reached")


def test_what_fails_only_when_it_is_used_is_told_before(tmp_path: Path, capsys) -> None:
    """Files that are no certificates, attributes that DICOM does not have."""
    (tmp_path / "wrong.pem").write_text("this is not PEM")
    text = """\
[repositories.a]
url = "orthanc+https://h"
ca = "wrong.pem"
project = { attribute = "StudyDescripton" }
[repositories.b]
url = "dicoms://B@h"
certificate = "absent.pem"
key = "wrong.pem"
project = { attribute = "PixelData" }
[cache]
folder = "wrong.pem"
"""
    code, out = check(capsys, write(tmp_path, text), "--json")
    found = [(each["line"], each["message"].replace(str(tmp_path), ".")) for each in json.loads(out)["findings"]]
    assert code == 1
    assert [line for line, _ in found] == [3, 4, 7, 9, 11]
    for (_, message), part in zip(
        found,
        [
            "wrong.pem: cannot be used for TLS",
            '"StudyDescripton" is no DICOM',
            "absent.pem: cannot",
            "no text",
            "a file",
        ],
        strict=True,
    ):
        assert part in message
    assert 'did you mean "StudyDescription"?' in out.replace("\\", "")


def test_credentials_that_are_not_here_are_noted(tmp_path: Path, capsys, monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no fault of the file: another machine, or the night's run, may have them."""
    file = write(
        tmp_path,
        '[repositories.clinic]\nurl = "orthanc+http://pacs.example.org"\ntoken_env = "CLINIC_TOKEN"\n'
        '[repositories.near]\nurl = "orthanc+http://127.0.0.1"\ntoken_env = "CLINIC_TOKEN"\n',
    )
    monkeypatch.delenv("CLINIC_TOKEN", raising=False)
    code, out = check(capsys, file)
    assert code == 0
    assert f"{file}:3: note: token_env of repository" in out and "CLINIC_TOKEN, which is not set" in out
    monkeypatch.setenv("CLINIC_TOKEN", "hunter2")
    code, out = check(capsys, file, "--json")
    (note,) = json.loads(out)["notes"]
    assert (code, note["line"]) == (0, 2) and "pacs.example.org over http" in note["message"]
    assert "hunter2" not in out


def test_a_file_that_cannot_be_read(tmp_path: Path, capsys) -> None:
    for file, message in ((tmp_path, "cannot read"), (tmp_path / "gone.toml", "no configuration file")):
        assert main(["config", "check", "--config", str(file)]) == 2
        assert message in capsys.readouterr().err


def test_a_project_is_told_by_an_attribute_of_studies(tmp_path: Path, capsys) -> None:
    text = '[repositories.x]\nurl = "orthanc+http://127.0.0.1:1"\nproject = { attribute = "SeriesDescription" }\n'
    code, out = check(capsys, write(tmp_path, text), "--json")
    (found,) = json.loads(out)["findings"]
    assert code == 1 and found["line"] == 3
    assert "SeriesDescription is no attribute of studies" in found["message"]
