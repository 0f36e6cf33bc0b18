"""No write goes past the gate: Python's own audit events of scripts that use every method that writes."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

import vqscript.vq
from vqscript.vq import catalog
from vqscript.vq.types import WriteFolder, WritePath

STORING = {"store", "submitROIs", "setSubject"}

PREPARED = """
local ipacs = require "ipacs"
local repo = ipacs.iPACS(args.repo, args.project)
local repository = repo.dcmRep
local dm, mw = VQ.dataManager(), VQ.mainWin()
local study = repo:getStudies()[1]
repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0)
repo:load(study, repo:getSeries(study, "-modality", "NM")[1], 1)
mw:setViewMode("Slice View", "3D ROI Tool")
local roi = VQ.currentOp()
roi:addROI("Box", "#ff0000")
roi:threshold(1, 0, 0, 100)
"""

EVERY_WRITER = """
VQ.writeFile("notes.txt", "x")
VQ.mkdir("pictures", "day 1")
mw:saveImage("pictures/slice", 5)
mw:saveImage("pictures/mip.png", 0)
mw:saveMovie("movie", 0)
mw:saveSession("session")
mw:saveSession("session")
mw:loadSession("session")
dm:save(0, "ct.nii.gz")
dm:save(1, "nm_series")
roi:save("rois.rmha")
roi:save("rois.nii.gz")
roi:exportTable("table.csv")
require("csv").write("own.csv", { { "a" } })
repository:store(1)
repo:store(1)
repo:submitROIs()
repo:setSubject(study, { weight = "24 g" })
repo:getROIs("-savepath", "left/")
repo:mergeROIs("-names", { "Heart" }, "-savepath", "merged.rmha")
print("done")
"""


def writers() -> set[str]:
    """Return the names of all methods of the catalog that take the path of a file to write, or store."""
    found = set(STORING)
    for module in pkgutil.iter_modules(vqscript.vq.__path__):
        for _, cls in inspect.getmembers(importlib.import_module(f"vqscript.vq.{module.name}"), inspect.isclass):
            for name, member in catalog.members(cls).items():
                if any(parameter.type in (WritePath, WriteFolder) for parameter in member.parameters):
                    found.add(name)
    return found


@pytest.fixture
def audited(tmp_path, mice) -> Callable[[str], tuple[subprocess.CompletedProcess[str], list[tuple[str, str]]]]:
    """Return a function that runs Lua in a process with an audit hook; gives the process and its events."""

    def run(code: str):
        script = tmp_path / "scripts" / "main.lua"
        script.parent.mkdir()
        script.write_text(code, encoding="utf-8")
        repository = mice.copied(tmp_path / "mice.repo").path
        done = subprocess.run(
            [sys.executable, Path(__file__).with_name("audited.py"), script, repository, tmp_path / "out"],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={
                **os.environ,
                "PYTHONPATH": str(Path(vqscript.__file__).parents[1]),
                "PYTHONDONTWRITEBYTECODE": "1",
                "XDG_CONFIG_HOME": str(tmp_path / "config"),
                "HOME": str(tmp_path / "home"),
            },
            timeout=300,
            check=False,
        )
        events = [line for line in done.stdout.splitlines() if line.startswith("AUDIT ")]
        assert events, done.stderr
        return done, [tuple(event) for event in json.loads(events[0].removeprefix("AUDIT "))]

    return run


def outside(events: list[tuple[str, str]], *folders: Path) -> list[tuple[str, str]]:
    """Return the events that touch something beside these folders; one that makes such a folder is fine."""
    return [event for event in events if not any(Path(event[1]).is_relative_to(folder) for folder in folders)]


def test_the_script_uses_every_method_that_writes():
    missing = {name for name in writers() if f":{name}(" not in EVERY_WRITER and f".{name}(" not in EVERY_WRITER}
    assert missing == set()


@pytest.mark.skipif(sys.platform != "linux", reason="reads folders of descriptors from /proc")
def test_all_writes_are_in_the_output_and_the_repository(audited, tmp_path):
    done, events = audited(PREPARED + EVERY_WRITER)
    assert done.stdout.splitlines()[0] == "done"
    output, repository = tmp_path / "out", tmp_path / "mice.repo"
    assert outside(events, output, repository) == []
    # Only the repository's own methods write there: whole instances, and the index.
    names = {Path(path).relative_to(repository).parts[0] for _, path in events if path.startswith(f"{repository}/")}
    assert names <= {"incoming", "instances", "index.sqlite"}
    assert {"notes.txt", "pictures", "movie.gif", "session.vqsession", "ct.nii.gz", "nm_series", "rois.rmha"} <= {
        entry.name for entry in output.iterdir()
    }


HOSTILE = """
local elsewhere = "{elsewhere}"
local targets = {{
  elsewhere .. "/x", "../elsewhere/x", "link/x", "link", "pictures/../../elsewhere/x", "~/x", "/tmp/vq-x",
  args.repo .. "/x", args.repo .. "/index.sqlite", "../scripts/main", "../scripts/new", "a\\0b", "", " ",
  "//host/share/x", "\\\\\\\\host\\\\share\\\\x", "C:/x", "con", "aux.png", "a.txt:b", "dot.", "space ",
  "/proc/self/fd/1", "/dev/stdout", "/dev/shm/x",
  "../config/vqscript/vqscript.toml", "folder/" .. ("../"):rep(40) .. "etc/x",
}}
local writers = {{
  writeFile = function(target) VQ.writeFile(target, "x") end,
  mkdir = function(target) VQ.mkdir(target, "x") end,
  saveImage = function(target) mw:saveImage(target, 1) end,
  saveMovie = function(target) mw:saveMovie(target, 0) end,
  saveSession = function(target) mw:saveSession(target) end,
  saveNifti = function(target) dm:save(0, target, "nifti") end,
  saveDicom = function(target) dm:save(1, target, "dicom") end,
  saveRois = function(target) roi:save(target) end,
  exportTable = function(target) roi:exportTable(target) end,
  savepath = function(target) repo:getROIs("-savepath", target) end,
  csv = function(target) require("csv").write(target, {{ {{ 1 }} }}) end,
}}
for name, write in pairs(writers) do write("fine/" .. name) end
for _, target in ipairs(targets) do
  for name, write in pairs(writers) do
    local ok, problem = pcall(write, target)
    if ok then
      print("written: " .. name .. " " .. target)
    elseif problem.type ~= "PermissionDenied" and problem.type ~= "UsageError" then
      print("not refused but failed: " .. name .. " " .. target .. ": " .. tostring(problem))
    end
  end
end
print("all tried")
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads folders of descriptors from /proc")
def test_hostile_paths_write_nowhere_else(audited, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "secret.txt").write_text("secret")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "link").symlink_to(elsewhere)
    done, events = audited(PREPARED + HOSTILE.format(elsewhere=elsewhere))
    assert outside(events, tmp_path / "out", tmp_path / "mice.repo") == []
    assert [path.name for path in elsewhere.iterdir()] == ["secret.txt"]
    assert [path.name for path in (tmp_path / "scripts").iterdir()] == ["main.lua"]
    assert not any(path.startswith(str(tmp_path / "mice.repo" / "x")) for _, path in events)
    assert done.stdout.splitlines()[0] == "all tried"
