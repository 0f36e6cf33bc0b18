"""Commands of a real process on a server that wants credentials."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import vqscript
from tests.network.conftest import ORTHANC_DICOMWEB, Orthanc, start_orthanc
from vqscript.repository.local import LocalRepository

SCRIPT = """
local repo = require("ipacs").iPACS(args.repo, args.project)
for _, study in ipairs(repo:getStudies()) do
  local series = repo:getSeries(study, "-modality", "NM")[1]
  print(study.PatientsName, repo:load(study, series, 0), repo:getInjectedDose(0))
  repo:setSubject(study, { weight = "24 g" })
end
"""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Orthanc]:
    """An Orthanc that lets in who knows the password."""
    settings = {"AuthenticationEnabled": True, "RegisteredUsers": {"anna": "hunter2"}}
    with start_orthanc(tmp_path_factory.mktemp("guarded"), **settings) as peer:
        yield peer


@pytest.fixture
def command(tmp_path: Path, guarded: Orthanc) -> Run:
    """Run ``vqscript`` with a configuration that names the server twice."""
    (tmp_path / "list.lua").write_text(SCRIPT)
    (tmp_path / "vqscript.toml").write_text(f"""
[repositories.rest]
url = "orthanc+http://127.0.0.1:{guarded.http}"
user = "anna"
password_env = "CLINIC_PASSWORD"

[repositories.web]
url = "dicomweb+http://127.0.0.1:{guarded.http}/dicom-web"
user_env = "CLINIC_USER"
password_env = "CLINIC_PASSWORD"
project = {{ attribute = "StudyDescription", pattern = "{{project}} SPECT/CT*" }}

[cache]
folder = "cache"
""")

    def run(*words: str | Path, password: str = "hunter2") -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "vqscript", *words, "--config", "vqscript.toml"],
            capture_output=True,
            encoding="utf-8",
            cwd=tmp_path,
            timeout=120,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(vqscript.__file__).parents[1]),
                "CLINIC_USER": "anna",
                "CLINIC_PASSWORD": password,
            },
        )
        assert not password or password not in done.stdout + done.stderr
        return done

    return run


def test_a_script_runs_on_the_server_by_name(command: Run, mice, tmp_path: Path) -> None:
    if not ORTHANC_DICOMWEB.exists():
        pytest.skip("needs Orthanc's DICOMweb plugin (.ci/install-peers)")
    with LocalRepository.open(mice.path) as local:
        study = local.find_studies()[0]
        (series,) = [one for one in local.find_series(study.study_uid) if one.modality == "NM"]
        (instance,) = local.fetch(study.study_uid, series.series_uid).instances
    (tmp_path / "send.lua").write_text(
        f'print(VQ.dicomRepository("ipacs://rest"):store("{instance.path.as_posix()}"))\n'
    )
    done = command("run", "send.lua")
    assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr
    for place in (("--repo", "ipacs://web", "--project", "/In-111"), ("--repo", "rest"), ("--repo", "ipacs://rest")):
        done = command("run", "list.lua", *place)
        assert done.returncode == 0, done.stderr
        name, loaded, dose, source = done.stdout.split()
        assert (name, loaded, source) == (study.patient_name, "1", "header")
        assert float(dose) > 0


def test_a_batch_runs_on_the_server(command: Run, mice, tmp_path: Path) -> None:
    with LocalRepository.open(mice.path) as local:
        study = local.find_studies()[0]
        paths = [
            instance.path.as_posix()
            for series in local.find_series(study.study_uid)
            if series.modality != "CT"
            for instance in local.fetch(study.study_uid, series.series_uid).instances
        ]
    listed = ", ".join(f'"{path}"' for path in paths)
    (tmp_path / "send.lua").write_text(
        f'for _, path in ipairs{{{listed}}} do VQ.dicomRepository("ipacs://rest"):store(path) end\n'
    )
    assert command("run", "send.lua").returncode == 0
    (tmp_path / "batch.lua").write_text("""
function process(repo, study, batch)
  repo:load(study, repo:getSeries(study, "-modality", "NM")[1], 0)
  repo:getROIs()
  return { name = study.PatientsName, measurements = repo:submitROIs() }
end
""")
    for place in ("ipacs://rest", "rest"):
        done = command(
            "batch", "batch.lua", "--repo", place, "--output", f"out-{place[-4:]}-{len(place)}", "--jobs", "2"
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "1 done" in done.stdout + done.stderr


def test_wrong_credentials_and_none(command: Run) -> None:
    done = command("run", "list.lua", "--repo", "ipacs://rest", password="wrong")
    assert done.returncode == 1
    assert "rest refused: 401" in done.stderr and "does not take the credentials" in done.stderr
    done = command("run", "list.lua", "--repo", "ipacs://rest", password="")
    assert done.returncode in (1, 2)
    assert "CLINIC_PASSWORD, which is not set" in done.stderr


def test_what_a_script_names_itself_is_not_reached(command: Run, guarded: Orthanc, tmp_path: Path) -> None:
    (tmp_path / "own.lua").write_text('VQ.dicomRepository("orthanc+http://localhost:1"):findStudies()\n')
    done = command("run", "own.lua")
    assert done.returncode == 1
    assert "the script may not reach localhost:1" in done.stderr
    done = command("run", "own.lua", "--allow-net", "localhost:1")
    assert "nothing listens at localhost:1" in done.stderr
    # Credentials belong to the URL that the configuration names, not to its host.
    (tmp_path / "other.lua").write_text(
        f'VQ.dicomRepository("orthanc+http://127.0.0.1:{guarded.http}/other"):findStudies()\n'
    )
    done = command("run", "other.lua")
    assert "401" in done.stderr and "names no credentials" in done.stderr


def test_health_and_config_reach_servers(command: Run) -> None:
    done = command("config", "check", "--reach", "--json")
    reached = json.loads(done.stdout)["repositories"]
    assert {name: each["reached"] for name, each in reached.items()} == {"rest": True, "web": ORTHANC_DICOMWEB.exists()}
    done = command("health", "--json")
    found = {each["topic"]: each for each in json.loads(done.stdout)["findings"]}
    assert found["repository rest"]["level"] == "OK" and "answers in" in found["repository rest"]["text"]
    done = command("health", "--json", password="wrong")
    found = {each["topic"]: each for each in json.loads(done.stdout)["findings"]}
    assert found["repository rest"]["level"] == "ERROR" and "401" in found["repository rest"]["text"]


def test_a_command_for_folders_says_that_a_server_is_none(command: Run) -> None:
    done = command("repo", "ls", "ipacs://rest")
    assert done.returncode == 1
    assert "is a server, no folder" in done.stderr
