"""Every example of the handbook runs: what ``help`` and the reference show is never wrong.

Each runs in the real host, on a study of a synthetic mouse with ROIs, under the names that the examples use.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from vqscript.errors import Aborted, ScriptError
from vqscript.host.gate import Gate
from vqscript.host.handbook import Entry, FieldEntry, Handbook
from vqscript.host.handbook.finding import functions
from vqscript.host.limits import Limits
from vqscript.host.runtime import Runtime
from vqscript.repository.local import LocalRepository
from vqscript.session import Session
from vqscript.session.interaction import Prepared
from vqscript.vq.root import VQ

from ...pacs.treatment import write_treatment

BOOK = Handbook.load()

PLAN = "1.2.826.0.1.77"
"""A radiotherapy plan in the repository."""

ANSWERS = {"Study": "S1", "Organ": "Liver", "Where to?": ".", "Go on?": "yes", "draw the ROI": ""}

PRELUDE = """
local dm, mw, mm, ctl = VQ.dataManager(), VQ.mainWin(), VQ.minMaxTool(), VQ.controler()
local ipacs = require "ipacs"
local repo = ipacs.iPACS(args.repo, args.project)
local repository = repo.dcmRep
local study = repo:getStudies()[1]
local ct, nm = repo:getSeries(study, "-modality", "CT"), repo:getSeries(study, "-modality", "NM")
local series = ct[1]
repo:load(study, ct[1], 0)
repo:load(study, nm[1], 1)
dm:duplicate(1)
repo:getROIs()
local roi = VQ.currentOp()
roi:addROI("Muscle", "#00ff00")
local plan = args.plan
local object = repository:dataPoints(study, "roi")[1]
local dose, voxel_ml = 250, dm:voxelSizeX(1) * dm:voxelSizeY(1) * dm:voxelSizeZ(1) / 1000
"""
"""What the examples take for granted."""

BEFORE = {
    "MainWin.loadSession": 'mw:saveSession("after-rois")',
    "RoiTool.load": 'roi:save("mouse1.rmha") roi:clearAllROIs()',
    "RoiTool.setActiveLayer": "roi:addLayer()",
    "RoiTool.moveROI": "roi:addLayer()",
}
"""What an example goes on from."""

ENDS = {"VQ.abort": Aborted, "VQ.fail": ScriptError}
"""Examples that end the script, which is what they show."""


def examples() -> list[tuple[str, str, str]]:
    """Return name, owner and Lua of each example: of functions, fields, and modules as a whole."""
    found: list[tuple[str, str, str]] = []
    members: list[Entry | FieldEntry] = list(functions(BOOK))
    members += [field for owner in BOOK.classes.values() for field in owner.fields.values() if field.example]
    found += [(f"{each.owner}.{each.name}".lstrip("."), each.owner, each.example) for each in members]
    found += [(f"module {name}", name, module.example) for name, module in BOOK.modules.items() if module.example]
    return found


ALL = examples()


@pytest.fixture(scope="module")
def shelf(mice, tmp_path_factory) -> Path:
    """A folder with a repository to write into and the files that examples read."""
    folder = tmp_path_factory.mktemp("shelf")
    mice.copied(folder / "mice.repo")
    with LocalRepository.open(folder / "mice.repo") as repository:  # in no project
        repository.store([write_treatment(folder / "treatment", plan=PLAN).folder])
    LocalRepository.create(folder / "lab.repo").close()
    (folder / "doses.csv").write_text("mouse,dose\nM01,250\n")
    return folder


@pytest.fixture
def run(shelf, mice, tmp_path, monkeypatch):
    """Run an example; returns what it printed."""
    monkeypatch.chdir(shelf)
    output = tmp_path / "out"
    session = Session(output=output, interaction=Prepared(ANSWERS), creator="tester")
    lines: list[str] = []

    def run(code: str) -> list[str]:
        gate = Gate(output, shelf, repositories=[shelf / "mice.repo", shelf / "lab.repo"])
        args = {"repo": str(shelf / "mice.repo"), "project": mice.project, "plan": PLAN}
        runtime = Runtime(VQ(session), gate, args=args, write=lines.append, limits=Limits(time=60))
        runtime.run_text(code, shown="example.lua", folder=shelf)
        return lines

    yield run
    session.close()


def surroundings(owner: str) -> str:
    """Return Lua that makes what the examples of an owner take for granted."""
    if owner == "" or (owner in BOOK.classes and BOOK.classes[owner].kind == "library"):
        return ""
    operator = BOOK.operator_of(owner)
    if operator:
        return f'{PRELUDE}mw:setViewMode("Slice View", "{operator}")\nlocal op = VQ.currentOp()\n'
    if owner in BOOK.modules and owner != "ipacs":
        return f'local {owner} = require "{owner}"\n'
    return PRELUDE


@pytest.mark.parametrize(("name", "owner", "example"), ALL, ids=[name for name, _, _ in ALL])
def test_it_runs(run, name, owner, example):
    script = f"{surroundings(owner)}{BEFORE.get(name, '')}\ndo\n{example}\nend\n"
    if name in ENDS:
        with pytest.raises(ENDS[name]):
            run(script)
    else:
        run(script)


def test_an_example_that_is_wrong_is_found(run):
    with pytest.raises(ScriptError, match="no member"):
        run(f"{PRELUDE}dm:sizes()")
