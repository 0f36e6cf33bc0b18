"""What is right is not complained of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from vqscript import resources
from vqscript.host.check import check_files, check_text
from vqscript.host.handbook import ClassEntry, Handbook

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = [*sorted(resources.examples().glob("*.lua")), *sorted(resources.stdlib().glob("*.lua"))]
SCRIPTS += sorted((ROOT / "tests" / "stdlib").glob("*.lua"))
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^ *```lua (run|more|wrong)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)

DESK = (
    "local dm, mw, mm, ctl = VQ.dataManager(), VQ.mainWin(), VQ.minMaxTool(), VQ.controler()\n"
    'local ipacs, options = require "ipacs", require "options"\n'
    "local repo = ipacs.iPACS(args.repo, args.project)\n"
    "local repository = repo.dcmRep\n"
    "local study = repo:getStudies()[1]\n"
    "local ct = repo:getSeries(study)\n"
    "local series = ct[1]\n"
    'local object = repository:dataPoints(study, "roi")[1]\n'
    "local dose, voxel_ml, plan = repo:getInjectedDose(1), 0.001, args.plan\n"
    'mw:setViewMode("Slice View", "{operator}")\n'
    "local op = VQ.currentOp()\n"
    "local roi = op\n"
)
"""The variables that the examples of the handbook name."""


def errors(code: str, name: str) -> list[str]:
    return [str(finding) for finding in check_text(code, name) if finding.severity == "error"]


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_that_run_have_no_mistakes(path):
    assert [str(finding) for finding in check_files([path])] == []


def page_scripts(page: Path) -> list[tuple[str, str]]:
    """Return the scripts of a page that run to their end: kind of block and code, earlier blocks included."""
    found, before = [], ""
    for kind, code in FENCE.findall(page.read_text(encoding="utf-8")):
        if kind != "wrong":
            before = before + code if kind == "more" else code
            found.append((kind, before))
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_scripts_of_the_documentation_have_no_mistakes(page):
    for _, code in page_scripts(page):
        assert errors(code, page.name) == []


@pytest.mark.parametrize("owner", Handbook.load().classes.values(), ids=lambda owner: owner.name)
def test_the_examples_of_the_handbook_have_no_mistakes(owner: ClassEntry):
    book = Handbook.load()
    if owner.kind == "choice":
        return  # its members are looked at with the operators they are of
    operator = book.operator_of(owner.name) or "3D ROI Tool"
    for entry in (owner, *owner.members.values(), *owner.fields.values()):
        if entry.example:
            assert errors(DESK.format(operator=operator) + entry.example, entry.name) == [], entry.example


RIGHT = dict(
    part.split("\n", 1)
    for part in (Path(__file__).with_name("right_scripts.lua")).read_text(encoding="utf-8").split("\n--- ")[1:]
)
"""Title -> script."""


@pytest.mark.parametrize("code", RIGHT.values(), ids=RIGHT)
def test_what_is_right_or_cannot_be_told_is_left_alone(code):
    assert [str(finding) for finding in check_text(code, "main.lua")] == []


def test_line_ends_of_windows_and_an_empty_script_are_left_alone(tmp_path):
    script = tmp_path / "main.lua"
    for code in (b"", b"\xef\xbb\xbf", b"local dm = VQ.dataManager()\r\nprint(dm:size())\r\n"):
        script.write_bytes(code)
        assert check_files([script]) == []
