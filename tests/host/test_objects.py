"""Objects in scripts: empty locked tables that cannot be tampered with."""

from __future__ import annotations

import pytest


def test_the_same_object_is_the_same_table(home):
    home.run("assert(VQ.mainWin() == VQ.mainWin() and VQ.controler() == VQ.controller())")


def test_dot_and_colon_are_the_same(home):
    code = "local dm = VQ.dataManager(); print(dm.size(), dm:size(), VQ.didYouMean('Hart', {'Heart'}))"
    assert home.run(code) == ['0\t0\tdid you mean "Heart"?']


def test_an_object_is_empty_and_shows_its_name(home):
    code = "print(next(VQ), rawget(VQ, 'output'), rawlen(VQ), #VQ, tostring(VQ), getmetatable(VQ), type(VQ))"
    assert home.run(code) == ["nil\tnil\t0\t0\tVQ\tVQ\ttable"]


def test_pairs_gives_a_copy(home):
    code = """
        local names = {}
        for name in pairs(VQ) do names[name] = true end
        assert(names.mainWin and names.output and names.args)
        local _, members = pairs(VQ)
        members.mainWin = nil
        assert(type(VQ.mainWin) == "function")"""
    home.run(code)


TAMPERING = [
    "rawset(%s, 'x', 1)",
    "setmetatable(%s, {})",
    "table.insert(%s, 1)",
    "table.move({1}, 1, 1, 1, %s)",
    "(function() (%s).output = 1 end)()",
    "(function() (%s).neverHeardOf = 1 end)()",
]


@pytest.mark.parametrize("attempt", TAMPERING)
@pytest.mark.parametrize("victim", ["VQ", "VQ.dataManager()", "made", "caught"])
def test_nothing_changes_an_object(home, lab, attempt, victim):
    code = f"""
        local made = require("ipacs").iPACS("{lab}") local caught = select(2, pcall(VQ.index, 7))
        local ok = pcall(function() return {attempt % victim} end)
        assert(not ok, "it was changed")
        assert(next({victim}) == nil and rawget({victim}, "x") == nil)
        assert(type(VQ.output) == "string" and VQ.dataManager():size() == 0)"""
    home.run(code)


def test_an_object_written_in_lua_behaves_the_same(home, lab):
    code = f"""
        local repo = require("ipacs").iPACS("{lab}", "/p/")
        assert(#repo:getStudies() == 0 and #repo.getStudies() == 0)
        assert(next(repo) == nil and getmetatable(repo) == "iPACS" and tostring(repo) == "iPACS")
        assert(not pcall(rawset, repo, "x", 1) and not pcall(function() repo.project = "other" end))
        assert(repo.dcmRep == VQ.dicomRepository("{lab}"))
        print(select(2, pcall(function() return repo.getStudy() end)).hint)"""
    assert home.run(code) == ['did you mean "getStudies"?']


def test_an_unknown_member_is_named_with_the_closest(refusal):
    assert refusal("VQ.mainWin():setViewMod()") == (
        "UsageError",
        'MainWin has no member "setViewMod"',
        'did you mean "setViewMode"?',
    )
    assert refusal(r'VQ["\xff"]')[1] == 'VQ has no member "\ufffd"'
    assert refusal("VQ[1]")[1] == 'VQ has no member "1"'


def test_output_and_args_are_fields(home):
    code = "print(VQ.output) assert(VQ.args == args and args.day == '3' and args.absent == nil)"
    assert home.run(code) == [str(home.output)]


def test_a_first_argument_that_claims_to_equal_the_object_runs_no_harm(home):
    code = """
        local sly = setmetatable({}, { __eq = function() error("asked") end })
        assert(not pcall(VQ.dataManager().voxelSizeX, sly))"""
    home.run(code)
