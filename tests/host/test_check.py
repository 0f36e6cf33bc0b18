"""Mistakes in scripts, each found at its line and column, with a way out."""

from __future__ import annotations

import pytest

from vqscript.errors import ScriptError
from vqscript.host.check import Finding, check_text

OBJECTS = "local dm, mw = VQ.dataManager(), VQ.mainWin()\n"
PROJECT = 'local ipacs = require "ipacs"\nlocal repo = ipacs.iPACS(args.repo, args.project)\n'
ROI = 'VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")\nlocal roi = VQ.currentOp()\n'


def only(code: str) -> Finding:
    """Return what is wrong with a script in which one thing is."""
    (finding,) = check_text(code, "main.lua")
    return finding


# Script, line:column of the finding, its kind, what its message and hint hold.
MISTAKES = [
    # Variables
    ("print(x)", "1:7", "global", '"x" is never given a value'),
    ("foo()", "1:1", "global", '"foo" is never given a value'),
    ("local total = 1\nprint(totl)", "2:7", "global", 'did you mean "total"?'),
    ("prnt(1)", "1:1", "global", 'did you mean "print"?'),
    ("x = 1\nprint(x, y)", "2:10", "global", '"y"'),
    ("do\n  local z = 1\nend\nprint(z)", "4:7", "global", "known only in the block"),
    ("local a = a + 1", "1:11", "global", '"a"'),
    ("for i = 1, 2 do end\nprint(i)", "2:7", "global", "known only in the block"),
    ("local function f(n) return n + m end\nf(1)", "1:32", "global", '"m"'),
    ('print("µCi", y)', "1:14", "global", '"y"'),
    ("repeat local done = true until done\nprint(done)", "2:7", "global", '"done"'),
    ("\tprint(x)", "1:8", "global", '"x"'),
    ('io.open("doses.csv")', "1:1", "global", "VQ.readFile"),
    ("local n = unpack({ 1 })", "1:11", "global", "table.unpack"),
    ("local x = null", "1:11", "global", "nil in Lua"),
    ('csv.write("a.csv", {})', "1:1", "global", 'local csv = require "csv"'),
    ('local repo = iPACS(args.repo, "/a")', "1:14", "global", 'require "ipacs"'),
    ("dataManager():size()", "1:1", "global", "VQ.dataManager"),
    ("print(dm:size())", "1:7", "global", "local dm = VQ.dataManager()"),
    # Members
    ("VQ.dataManger()", "1:4", "member", 'VQ has no member "dataManger" (did you mean "dataManager"?)'),
    (OBJECTS + "print(dm:siez())", "2:10", "member", 'DataManager has no member "siez" (did you mean "size"?)'),
    (OBJECTS + 'dm["siez"](dm)', "2:4", "member", '"siez"'),
    (OBJECTS + "local f = dm.siez", "2:14", "member", '"siez"'),
    ("VQ.dataManager():siez()", "1:18", "member", '"siez"'),
    ("VQ.dataManager:size()", "1:16", "member", "a function, which has no members"),
    (OBJECTS + "if dm.siez then print(1) end", "2:7", "member", '"siez"'),
    (OBJECTS + "local t = {}\nt.unit = 3\ndm:unit()", "4:4", "arguments", "unit needs i"),
    (OBJECTS + "dm.size = 3", "2:4", "member", "DataManager.size cannot be assigned"),
    (OBJECTS + "dm:size():foo()", "2:11", "member", 'a number has no member "foo"'),
    (OBJECTS + "print(dm:unit(0):uper())", "2:18", "member", 'did you mean "upper"?'),
    (PROJECT + "repo:getStudys()", "3:6", "member", 'did you mean "getStudies"?'),
    (PROJECT + 'repo.dcmRep:findStudy("/a")', "3:13", "member", "DicomRepository has no member"),
    (PROJECT + "local s = repo:getStudies()\nprint(s.PatientID)", "4:9", "member", "list[1]"),
    (PROJECT + "for _, s in ipairs(repo:getStudies()) do s:load() end", "3:44", "member", "Study has no member"),
    ("local csv = require 'csv'\ncsv.wriet('a.csv', {})", "2:5", "member", 'did you mean "write"?'),
    ('os.execute("rm")', "1:4", "member", "scripts do not have it"),
    ("print(table.getn({}))", "1:13", "member", "#list"),
    ("print(math.pow(2, 3))", "1:12", "member", "x ^ y"),
    (
        OBJECTS + "local function f() return VQ.mainWin() end\nf():saveImge('a')",
        "3:5",
        "member",
        'did you mean "saveImage"?',
    ),
    (
        OBJECTS + "local o\nif args.a then o = dm else o = mw end\no:foo()",
        "4:3",
        "member",
        'DataManager or MainWin has no member "foo"',
    ),
    # Operators
    ("VQ.currentOp():scalarMult(1, 2)", "1:16", "member", 'choose it with setViewMode("Slice View", "Arithmetics")'),
    (ROI + "roi:scalarMult(1, 2)", "3:5", "member", "RoiTool has no member"),
    (ROI + "roi:addRoi('Heart')", "3:5", "member", 'did you mean "addROI"?'),
    (ROI + "local function f() VQ.currentOp():foo() end", "3:35", "member", "the operator has no member"),
    (OBJECTS + 'mw:setViewMode("Slice View", "3D ROI Tol")', "2:30", "value", 'did you mean "3D ROI Tool"?'),
    (OBJECTS + 'mw:setViewMode("Slce View")', "2:16", "value", 'there is no view "Slce View"'),
    # Numbers of arguments
    (OBJECTS + "dm:unit()", "2:4", "arguments", "unit needs i (call it as unit(i))"),
    (OBJECTS + "dm.unit(dm)", "2:4", "arguments", "unit needs i"),
    (OBJECTS + "dm:unit(0, 1)", "2:4", "arguments", "unit takes 1 argument, got 2"),
    (OBJECTS + "dm.unit(dm, 0, 1)", "2:4", "arguments", "unit takes 1 argument, got 2"),
    (OBJECTS + "dm.size(1)", "2:4", "arguments", "size takes no arguments, got 1"),
    (PROJECT + "repo:load(repo:getStudies()[1])", "3:6", "arguments", "load needs series"),
    ('#include "ipacs.lua"\nlocal repo = iPACS()', "2:14", "arguments", "iPACS needs url"),
    ('print(string.rep("x"))', "1:14", "arguments", "rep needs n"),
    # Options
    (PROJECT + 'repo:getSeries("1.2", "-modaltiy", "CT")', "3:23", "option", 'did you mean "-modality"?'),
    (PROJECT + "repo:getStudies { namefiltre = '*' }", "3:19", "option", 'no option "namefiltre"'),
    (PROJECT + "repo.getStudies('-sort')", "3:17", "option", '"-sort" has no value'),
    (PROJECT + "repo:getStudies('-sort', 'PatientID', '-sort', 'StudyDate')", "3:39", "option", "given twice"),
    (PROJECT + "repo:getStudies { '-sort', 'PatientID' }", "3:19", "option", "an option name is text as '-key', got 1"),
    (PROJECT + "repo:getStudies('-sort', 5)", "3:26", "value", "-sort takes text, got 5"),
    (PROJECT + "repo:setSubject('1.2', { wieght = '24 g' })", "3:26", "option", 'did you mean "weight"?'),
    (OBJECTS + "dm:convertUnit(0, 'SUV', '-sex', 'X')", "2:34", "value", "-sex takes one of M, F, O"),
    (ROI + 'roi:statistics(1, 0, "-ful", true)', "3:22", "option", 'did you mean "-full"?'),
    (ROI + 'roi:exportTable("a", "-layout", "long")', "3:33", "value", "takes one of tidy, wide"),
    (ROI + 'roi:statistics("-full")', "3:16", "value", 'j takes a whole number, got "-full"'),
    # Words and types
    (OBJECTS + 'dm:setPalette(0, "hott")', "2:18", "value", 'there is no palette "hott" (did you mean "hot"?)'),
    (OBJECTS + 'dm:convertUnit(0, "SUVx")', "2:19", "value", 'did you mean "SUVbw"?'),
    (OBJECTS + 'mw:saveImage("a", "compsite")', "2:19", "value", 'did you mean "composite"?'),
    (OBJECTS + 'dm:unit("0")', "2:9", "value", 'i takes a whole number, got "0"'),
    (OBJECTS + "dm:unit(1.5)", "2:9", "value", "i takes a whole number, got 1.5"),
    (OBJECTS + "mw:switchCrosshair(2)", "2:20", "value", "takes true or false, 0 or 1, got 2"),
    ("VQ.getItem('a', 'b', 'c')", "1:22", "value", "items takes a list"),
    (OBJECTS + "dm:unit(mw)", "2:9", "value", "got the MainWin object"),
    (PROJECT + "local s = repo:getStudies()\nrepo:getSeries(s)", "4:16", "value", "take one out of it"),
    (OBJECTS + "dm:unit(dm.size)", "2:9", "value", "got a function (call it"),
    # Calls of what is no function, and modules
    ("print(VQ.output())", "1:10", "call", "write it without brackets"),
    ("local csv = require 'csv'\ncsv:write('a.csv', {})", "2:5", "call", "write csv.write(...)"),
    ("VQ()", "1:1", "call", '"VQ" is an object, no function'),
    ("local m = require 'cvs'", "1:19", "module", 'there is no module "cvs"'),
    ('  #include "nothing.lua"', "1:3", "module", 'there is no module "nothing.lua"'),
    ("local m = require '../x'", "1:19", "module", "is no module name"),
]


@pytest.mark.parametrize(
    ("code", "place", "kind", "said"), MISTAKES, ids=[f"{kind}-{said[:30]}" for _, _, kind, said in MISTAKES]
)
def test_a_mistake_is_found_where_it_is(code, place, kind, said):
    finding = only(code)
    assert f"{finding.line}:{finding.column}" == place
    assert finding.kind == kind
    assert finding.severity == "error"
    assert said in str(finding)


QUIET = ("known only in the block", "the operator has no member", "Study has no member", "list[1]")
"""These are never reached with an empty repository, or read as nil."""


@pytest.mark.parametrize(
    ("code", "place"),
    [
        (code, place)
        for code, place, kind, said in MISTAKES
        if kind not in ("global", "syntax") and not any(quiet in said for quiet in QUIET)
    ],
)
def test_a_script_with_such_a_mistake_ends_at_that_line(code, place, home, lab):
    with pytest.raises(ScriptError) as error:
        home.run(code.replace("args.repo", '"lab.repo"').replace("args.project", '""').replace("args.a", "true"))
    assert error.value.line == int(place.split(":")[0])


# What is worth a look, and no error: the script goes on.
DOUBTS = [
    ("if DEBUG then print('x') end", "1:4", '"DEBUG" is never given a value'),
    ("local d = DOSE or 4", "1:11", '"DOSE"'),
    ("pcall(function() VQ.newThing() end)", "1:21", '"newThing"'),
    ("if string.trimm then print(1) end", "1:11", '"trimm"'),
    (PROJECT + "for _, s in ipairs(repo:getStudies()) do print(s.PatientName) end", "3:50", '"PatientsName"'),
    (PROJECT + "repo:load('1.2', '1.2.3', 0, 1)", "3:30", "the rest is ignored"),
]


@pytest.mark.parametrize(("code", "place", "said"), DOUBTS, ids=[said for _, _, said in DOUBTS])
def test_what_may_be_meant_so_is_a_warning(code, place, said):
    finding = only(code)
    assert (f"{finding.line}:{finding.column}", finding.severity) == (place, "warning")
    assert said in str(finding)


def test_all_mistakes_of_a_script_are_told_in_the_order_of_its_lines():
    found = check_text("foo()\nlocal dm = VQ.dataManager()\ndm:siez() dm:unit()\nprint(bar)", "main.lua")
    assert [(each.line, each.column) for each in found] == [(1, 1), (3, 4), (3, 14), (4, 7)]


def test_a_finding_reads_as_an_error_of_the_running_script():
    assert str(only("VQ.dataManger()")) == 'main.lua:1:4: VQ has no member "dataManger" (did you mean "dataManager"?)'
    assert str(only("if x then end")).startswith("main.lua:1:4: warning: ")


def test_the_operator_is_known_from_the_line_that_chose_it():
    chosen = 'VQ.mainWin():setViewMode("Slice View", "Arithmetics")\n'
    use = "VQ.currentOp():addROI('Heart')"
    assert only(chosen + use).message == 'Arithmetics has no member "addROI"'
    assert only(chosen + "print(VQ.dataManager():size())\n" + use).line == 3
    for between in ("choose()", "if args.a then choose() end", "for i = 1, 2 do choose() end", "pcall(choose)"):
        assert check_text("function choose() end\n" + chosen + between + "\n" + use) == [], between
    assert check_text(chosen + "local function f() " + use + " end") == []
    assert check_text(chosen + "local ipacs = require 'ipacs'\n" + use) == []


def test_branches_that_choose_the_same_operator_agree():
    branch = 'if args.a then mw:setViewMode("Slice View", "{}") else mw:setViewMode("Slice View", "{}") end\n'
    use = "VQ.currentOp():addROI('Heart')"
    assert check_text(OBJECTS + branch.format("Arithmetics", "3D ROI Tool") + use) == []
    assert only(OBJECTS + branch.format("Arithmetics", "Arithmetics") + use).kind == "member"


def test_what_a_batch_hands_to_a_script_is_known():
    finding = only("function process(repo, study, batch)\n  repo:getSerie(study)\n  return { batch.index }\nend")
    assert (finding.line, finding.column, finding.hint) == (2, 8, 'did you mean "getSeries"?')
    # Where the script calls it as well, it may be with anything.
    assert check_text("function process(repo) repo:anything() end\nprocess { anything = print }") == []
