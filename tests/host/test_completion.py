"""What can follow at the cursor, from what is there and from the handbook."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vqscript.host.completion import Candidate, Completion
from vqscript.host.gate import Gate
from vqscript.host.repl import Repl, Stage
from vqscript.host.runtime import Runtime
from vqscript.session import Session
from vqscript.vq.root import VQ

LINES = (
    "local dm = VQ.dataManager()",
    'local ipacs = require "ipacs"',
    'local repo = ipacs.iPACS("lab.repo", "/p")',
    "local t = { alpha = 1, beta = { gamma = 2, run = function() end }, ['not a name'] = 3 }",
    "studies = { { PatientID = 'M1' } }",
    "text = 'abc'",
    'VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")',
)


@pytest.fixture
def candidates(home, lab) -> Callable[[str], list[Candidate]]:
    """Return the completion of a session in which these lines were typed."""

    def stage() -> Stage:
        session = Session(output=home.output)
        home.sessions.append(session)
        return Stage(session, Runtime(VQ(session), Gate(home.output), write=home.lines.append))

    return Completion(Repl(stage, LINES).runtime.bridge).candidates


@pytest.fixture
def texts(candidates) -> Callable[[str], list[str]]:
    """Return a function that gives the texts of what can follow."""
    return lambda text: [candidate.text for candidate in candidates(text)]


@pytest.mark.parametrize(
    ("typed", "follows"),
    [
        ("d", ["dm", "do"]),
        ("x = stu", ["studies"]),
        ("print(al", []),
        ("whi", ["while"]),
        ("local function f(alpha, beta) return al", ["alpha"]),
        ("dm:size", ["size"]),
        ("dm.voxel", ["voxelSizeX", "voxelSizeY", "voxelSizeZ"]),
        ("dm : voxelSizeX", ["voxelSizeX"]),
        ("VQ.mainWin():saveI", ["saveImage"]),
        ("VQ . mainWin ( ) . saveI", ["saveImage"]),
        ("VQ.currentOp():addR", ["addROI"]),
        ("VQ.ou", ["output"]),
        ("VQ:ou", []),
        ("repo:getStu", ["getStudies"]),
        ("repo.dcmRep:findSt", ["findStudies"]),
        ("repo:dcm", []),
        ("repo:getStudies()[1].PatientI", ["PatientID"]),
        ('ipacs.iPACS("x"):getStu', ["getStudies"]),
        ('VQ.dicomRepository("x"):findSt', ["findStudies"]),
        ("t.", ["alpha", "beta"]),
        ("t.beta.", ["gamma", "run"]),
        ("t:", []),
        ("t.beta:", ["run"]),
        ('t["beta"].g', ["gamma"]),
        ("studies[1].", ["PatientID"]),
        ("studies[i].", []),
        ("string.form", ["format"]),
        ("text:upp", ["upper"]),
        ("('abc'):upp", ["upper"]),
        ("(f or g):upp", []),
        ("nothing.x", []),
        ("dm.nothing.x", []),
        ("f(x).y", []),
        ("args.re", []),
        ("-- d", []),
        ("--[[ d", []),
        ("x = [[d", []),
        ("x = 'd", []),
        ("x = 5", []),
        ("", None),
    ],
)
def test_names_and_members(texts, typed, follows):
    if follows is None:
        found = texts(typed)
        assert {"dm", "repo", "VQ", "print"} <= set(found)
        assert not [name for name in found if name.startswith("_")]
    else:
        assert texts(typed) == follows


@pytest.mark.parametrize(
    ("typed", "follows"),
    [
        ('repo:getStudies("-n', ["-namefilter"]),
        ("repo:getStudies('-date", ["-datestart", "-dateend"]),
        ('repo:getStudies("-namefilter", "*", "-i', ["-idfilter"]),
        ('repo:getStudies("-namefilter", "-i', []),
        ('repo.getStudies("-n', ["-namefilter"]),
        ("repo:getStudies { namef", ["namefilter = "]),
        ('repo:getStudies({ sort = "StudyDate", namef', ["namefilter = "]),
        ('dm:convertUnit(1, "SUVlbm", "-le', ["-lean"]),
        ('dm:convertUnit(1, "SUVlbm", "-lean", "James', ["James", "James128"]),
        ('dm:convertUnit(1, "SUVlbm", { lean = "James', ["James", "James128"]),
        ('dm:convertUnit(f(1, 2), "SUVl', ["SUVlbm"]),
        ('VQ.mainWin():setViewMode("Sl', ["Slice View"]),
        ('VQ.mainWin():setViewMode("Slice View", "3D', ["3D ROI Tool"]),
        ('dm:setPalette(1, "hotb', ["hotblue"]),
        ('VQ.dicomRepository("x"):dataPoints(s, "ro', ["roi"]),
        ('require "ipa', ["ipacs"]),
        ("require('ipa", ["ipacs"]),
        ('x = 1\n#include "ipa', ["ipacs"]),
        ('help "DataMan', ["DataManager"]),
        ('repo:getStudies("-nothing", "', []),
        ('print("-n', []),
    ],
)
def test_words_within_strings(texts, typed, follows):
    assert texts(typed) == follows


@pytest.fixture
def folder(home) -> Path:
    """The current folder, with files to find."""
    (home.folder / "images" / "ct").mkdir(parents=True)
    for name in ("doses.csv", "images/one.dcm", ".hidden"):
        (home.folder / name).write_text("")
    return home.folder


@pytest.mark.parametrize(
    ("typed", "follows"),
    [
        ('VQ.readFile("do', ["doses.csv"]),
        ('dm:open("im', ["images/"]),
        ('dm:open("images/', ["ct/", "one.dcm"]),
        ('dm:open({ "images/o', ["one.dcm"]),
        ('VQ.readFile(".h', [".hidden"]),
        ('print("images/o', ["one.dcm"]),
        ('print("ima', []),
        ('VQ.readFile("absent/', []),
        ('VQ.readFile("~nobody-here/', []),
        ('VQ.readFile("a\0/', []),
        ('VQ.dicomRepository("la', ["lab.repo/"]),
    ],
)
def test_files(folder, texts, typed, follows):
    assert texts(typed) == follows


def test_files_of_the_home_folder(folder, texts, monkeypatch):
    monkeypatch.setenv("HOME", str(folder))
    assert texts('VQ.readFile("~/do') == ["doses.csv"]


def test_a_candidate_says_what_it_is(candidates):
    (found,) = candidates("dm:convertU")
    assert (found.replaces, found.shown) == (8, "convertUnit(i, u, ...)")
    assert found.meaning.startswith("Convert")
    (option,) = candidates('repo:getStudies("-namef')
    assert (option.replaces, option.shown, option.meaning) == (6, "-namefilter", "Pattern for PatientsName.")


def test_completing_runs_nothing(home, candidates):
    candidates("print(1).")
    candidates("VQ.abort().")
    candidates('VQ.writeFile("a.txt", "x").')
    assert home.lines == []
    assert not home.output.exists()
