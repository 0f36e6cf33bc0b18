"""Arguments and results at the border."""

from __future__ import annotations

import numpy as np
import pytest

from vqscript.host.gate import Gate
from vqscript.host.runtime import Runtime
from vqscript.vq.catalog import script


@pytest.mark.parametrize("call", ["VQ.getText('title')", "VQ.getText('title', nil)", "VQ.getText('title', nil, nil)"])
def test_nil_means_the_default_and_trailing_ones_do_not_count(home, call):
    assert home.run(f"print({call})", answers={"title": "answer"}) == ["answer"]


def test_a_nil_in_the_middle_means_the_default(home, lab):
    home.run(f'assert(#VQ.dicomRepository("{lab}"):findStudies(nil, "-sort", "StudyDate") == 0)')


@pytest.mark.parametrize("index", ["0", "0.0", "6 / 3 - 2"])
def test_a_whole_float_is_an_index(home, index):
    code = f"print(VQ.getItem('t', '', {{'a', 'b'}}, {index}))"
    assert home.run(code, answers={"t": "a"}) == ["a"]


MISFITS = {
    "VQ.dataManager():unit(1.5)": "unit: i takes a whole number, got 1.5",
    "VQ.dataManager():unit(1.0000001)": "unit: i takes a whole number, got 1.0000001",
    "VQ.dataManager():unit('1')": 'unit: i takes a whole number, got "1"',
    "VQ.dataManager():unit(true)": "unit: i takes a whole number, got true",
    "VQ.dataManager():unit({})": "unit: i takes a whole number, got a table",
    "VQ.dataManager():unit(VQ)": "unit: i takes a whole number, got the VQ object",
    "VQ.dataManager():unit(print)": "unit: i takes a whole number, got a function",
    "VQ.dataManager():unit(0/0)": "unit: i takes a whole number, got nan",
    "VQ.dataManager():unit(1/0)": "unit: i takes a whole number, got inf",
    "VQ.dataManager():unit()": "unit needs i",
    "VQ.dataManager():unit(nil)": "unit needs i",
    "VQ.dataManager():setUnit(nil, 'HU')": "setUnit: i takes a whole number, got nothing",
    "VQ.dataManager():unit(1, 2)": "unit takes 1 argument, got more",
    "VQ.dataManager():size(1)": "size takes 0 arguments, got more",
    "VQ.dataManager():setPalette(1)": "setPalette needs name",
    "VQ.dataManager():setPaletteFromTo(1, {}, 1)": "setPaletteFromTo: from takes a number, got a table",
    "VQ.dataManager():setMinMaxCache(0, 0/0, 1)": "setMinMaxCache: min takes a number, got nan",
    "VQ.showMessage(5)": "showMessage: text takes text, got 5",
    "VQ.showMessage('\\xff')": "showMessage: text is not UTF-8 text",
    "VQ.controler():setShowROIs(2)": "setShowROIs: on takes true, false, 1 or 0, got 2",
    "VQ.controler():setShowROIs('on')": 'setShowROIs: on takes true, false, 1 or 0, got "on"',
    "VQ.didYouMean('a', {'b', 3})": "didYouMean: known takes text, got 3 (entry 2 of the list)",
    "VQ.didYouMean('a', {[2]='b'})": "didYouMean: known takes a list with entries 1 to n; entry 1 of 1 is missing",
    "VQ.didYouMean('a', 'b')": 'didYouMean: known takes a list, got "b"',
    "VQ.didYouMean('a', VQ)": "didYouMean: known takes a list, got the VQ object",
    "VQ.didYouMean('ä', 3)": "didYouMean: known takes a list, got 3",
    "VQ.dataManager():open(5)": "open: what takes a FetchedSeries or text or a list, got 5",
}


@pytest.mark.parametrize(("call", "message"), MISFITS.items())
def test_a_misfit_names_parameter_expected_and_found(refusal, call, message):
    kind, found, hint = refusal(call)
    assert (kind, found) == ("UsageError", message)
    if "needs" in message or "arguments" in message:
        assert hint.startswith("call it as ")


UNKNOWN = {
    "VQ.mainWin():setViewMode('Slice View', 'Arithmetic')": 'did you mean "Arithmetics"?',
    "VQ.mainWin():setViewMode('Slice Vew')": 'did you mean "Slice View"?',
    "VQ.dataManager():nit(0)": 'did you mean "unit"?',
    "VQ.dicomRepository('lab.repo'):findStudies('', '-namefiltre', '*')": 'did you mean "-namefilter"?',
    "VQ.dicomRepository('lab.repo'):findStudies('', {idfiltr = '*'})": 'did you mean "-idfilter"?',
    "VQ.dicomRepository('lab.repo'):findSeries('1.2', '-modaltiy', 'CT')": 'did you mean "-modality"?',
    "require('ipacs').iPACS('lab.repo'):mergeROIs('-nmaes', {'a'})": 'did you mean "-names"?',
    "VQ.dicomRepository('lab.repo'):dataPoints('1.2', 'rio')": 'did you mean "roi"?',
}


@pytest.mark.parametrize(("call", "hint"), UNKNOWN.items())
def test_an_unknown_name_is_answered_with_the_closest(refusal, lab, call, hint):
    assert refusal(call)[::2] == ("UsageError", hint)


OPTIONS = {
    "repo:findStudies('', '-sort')": 'the option "-sort" has no value',
    "repo:findStudies('', '-sort', 'StudyDate', '-SORT', 'StudyDate')": 'the option "-sort" is given twice',
    "repo:findStudies('', 5, 'x')": "an option name is text as '-key', got 5",
    "repo:findStudies('', '-sort', {})": "-sort takes text, got a table",
    "repo:findStudies('', VQ)": "options are '-key', value pairs or one table, got the VQ object",
    "repo:findStudies('', {'StudyDate'})": "an option name is text as '-key', got 1",
}


@pytest.mark.parametrize(("call", "message"), OPTIONS.items())
def test_misused_options(refusal, lab, call, message):
    kind, found, _ = refusal(call.replace("repo", f"VQ.dicomRepository('{lab}')", 1))
    assert (kind, found) == ("UsageError", f"findStudies: {message}")


@pytest.mark.parametrize(
    "given",
    ["", "'-sort', 'StudyDate'", "'sort', 'StudyDate'", "{sort = 'StudyDate'}", "'-sort', args.absent", "{}", "nil"],
)
def test_ways_to_give_options(home, lab, given):
    home.run(f'local repo = VQ.dicomRepository("{lab}") repo:findStudies("" {"," if given else ""} {given})')


def test_options_may_follow_where_a_parameter_is_left_out(home, lab, refusal):
    home.run(f'assert(#VQ.dicomRepository("{lab}"):findStudies("-SORT", "StudyDate") == 0)')
    # Text with a dash is text where it is asked for, and where no option is called so.
    assert refusal(f'VQ.dicomRepository("{lab}"):findSeries("-modality")')[1].endswith("has no study -modality")
    assert "has no value" in refusal(f'VQ.dicomRepository("{lab}"):findStudies("-pilot", "-sort")')[1]


@pytest.mark.parametrize("word", ["Überlauf", "µCi", "心臓", "🐁", "a\\0b", "a\\nb"])
def test_text_crosses_as_utf8(home, word):
    lua = word.encode().decode()
    code = f"local w = \"{lua}\" assert(VQ.didYouMean(w, {{w}}) == 'did you mean \"' .. w .. '\"?') print(w)"
    home.write("main.lua", code)
    assert home.run(code) == [word.replace("\\0", "\0").replace("\\n", "\n")]


class Results:
    """Returns what methods might return."""

    def __init__(self, value):
        self.value = value

    @script(example="r:give()")
    def give(self) -> float:
        """Give it."""
        return self.value


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (np.float64(1.5), "number\t1.5"),
        (np.float32(0.5), "number\t0.5"),
        (np.int64(3), "number\t3"),
        (np.bool_(True), "boolean\ttrue"),
        (2**70, "number\t1.1805916207174e+21"),
        (True, "boolean\ttrue"),
        (None, "nil\tnil"),
        ("µ", "string\tµ"),
    ],
)
def test_no_python_object_reaches_a_script(tmp_path, value, shown):
    lines = []
    Runtime(Results(value), Gate(tmp_path), write=lines.append).run_text("local v = VQ.give() print(type(v), v)")
    assert lines == [shown]


def test_what_cannot_cross_is_an_error_not_an_object(tmp_path):
    lines = []
    code = "local ok, e = pcall(VQ.give) print(ok, e.type)"
    Runtime(Results(object()), Gate(tmp_path), write=lines.append).run_text(code)
    assert lines == ["false\tInternalError"]


def test_a_table_that_answers_by_a_metamethod_is_read_as_it_is(refusal, lab):
    sly = "setmetatable({}, {__index = function() error('asked') end, __len = function() error('asked') end})"
    assert "takes a study" in refusal(f"VQ.dicomRepository('{lab}'):findSeries({sly})")[1]
