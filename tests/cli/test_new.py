"""``vqscript new`` and ``vqscript types``, in a real process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import vqscript as package
from vqscript.host.check import check_files
from vqscript.host.handbook import Handbook
from vqscript.host.handbook.typefile import MAIN, type_files


@pytest.fixture
def vqscript(tmp_path):
    """Run the command in an empty folder."""

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "vqscript.cli.main", *words]
        where = {**os.environ, "PYTHONPATH": str(Path(package.__file__).parents[1])}
        return subprocess.run(
            command, cwd=tmp_path, env=where, capture_output=True, text=True, encoding="utf-8", timeout=300
        )

    return run


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)).replace("\\", "/") for path in folder.rglob("*") if path.is_file()}


def test_types_are_printed(vqscript):
    answer = vqscript("types")
    assert answer.returncode == 0 and answer.stderr == ""
    assert answer.stdout == type_files(Handbook.load())[MAIN]


def test_types_are_written_into_a_folder(vqscript, tmp_path):
    answer = vqscript("types", "--folder", "types")
    assert answer.returncode == 0
    assert names(tmp_path / "types") == set(type_files(Handbook.load()))


def test_a_new_folder_has_a_script_settings_and_types(vqscript, tmp_path):
    answer = vqscript("new", "pilot-study")
    assert answer.returncode == 0, answer.stderr
    assert "vqscript run pilot-study.lua" in answer.stdout
    folder = tmp_path / "pilot-study"
    assert names(folder) == {
        "pilot-study.lua",
        ".luarc.json",
        *(f"types/{name}" for name in type_files(Handbook.load())),
    }
    settings = json.loads((folder / ".luarc.json").read_text(encoding="utf-8"))
    assert settings["workspace.library"] == ["types"] and settings["runtime.version"] == "Lua 5.4"
    assert "NAME" not in (folder / "pilot-study.lua").read_text(encoding="utf-8")
    assert check_files([folder / "pilot-study.lua"]) == []


def test_the_new_script_measures_a_project(vqscript, tmp_path, mice):
    vqscript("new", "pilot")
    answer = vqscript("run", "pilot/pilot.lua", "--repo", str(mice.path), "--project", mice.project, "--output", "out")
    assert answer.returncode == 0, answer.stderr
    rows = (tmp_path / "out" / "rois.csv").read_text(encoding="utf-8").splitlines()
    assert rows[0] == "patient,date,roi,volume_ml,mean,sd,max,unit"
    assert len(rows) > len(mice.scans) and all(row.endswith(",uCi") for row in rows[1:])
    assert len(list((tmp_path / "out").glob("*.png"))) == len(mice.scans)


def test_a_folder_elsewhere_may_be_named(vqscript, tmp_path):
    (tmp_path / "work").mkdir()
    assert vqscript("new", "work/pilot").returncode == 0
    assert (tmp_path / "work" / "pilot" / "pilot.lua").is_file()


def test_an_empty_folder_is_taken(vqscript, tmp_path):
    (tmp_path / "pilot").mkdir()
    assert vqscript("new", "pilot").returncode == 0


@pytest.mark.parametrize("name", ["a:b", "..", ".", "con", "x.", ".hidden", "a|b", "-x/-y"])
def test_a_name_that_is_none_is_refused(vqscript, tmp_path, name):
    answer = vqscript("new", "--", name)
    assert answer.returncode == 2
    assert "is no name for a folder" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_stays(vqscript, tmp_path):
    (tmp_path / "pilot").mkdir()
    (tmp_path / "pilot" / "mine.lua").write_text("print(1)")
    answer = vqscript("new", "pilot")
    assert answer.returncode == 2 and "is there already, and not empty" in answer.stderr
    assert names(tmp_path) == {"pilot/mine.lua"}
    (tmp_path / "file").write_text("x")
    assert "is a file" in vqscript("new", "file").stderr


def test_nothing_is_left_of_a_folder_that_could_not_be_made(tmp_path, monkeypatch):
    from vqscript.cli import new

    monkeypatch.setattr(new.json, "dumps", lambda *args, **more: "\ud800")  # no text that a file could hold
    with pytest.raises(UnicodeEncodeError):
        new.make(tmp_path / "pilot", "pilot")
    assert list(tmp_path.iterdir()) == []
