"""iPACS in Lua, every method, on a repository of synthetic mice."""

from __future__ import annotations

import time

import numpy as np
import pytest

from vqscript.errors import ScriptError
from vqscript.repository.base import SeriesFilter
from vqscript.roi.files.seg import write_rois
from vqscript.roi.roiset import RoiSet

REPO = 'local repo = require("ipacs").iPACS(args.repo, args.project)\nlocal dm, mw = VQ.dataManager(), VQ.mainWin()\n'
LOAD = """
local function load(n)
  local study = repo:getStudies()[n]
  repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0)
  repo:load(study, repo:getSeries(study, "-modality", "NM")[1], 1)
  return study
end
local function tool()
  mw:setViewMode("Slice View", "3D ROI Tool")
  return VQ.currentOp()
end
local function show(list) print(table.concat(list, ",")) end
"""

LINE = (REPO + LOAD).count("\n") + 1
"""Line of the script at which the code of a test begins."""


@pytest.fixture
def run(desk, mice):
    """Run Lua with ``repo`` at hand; returns what it printed."""

    def run(code: str, at=mice, project: str | None = None) -> list[str]:
        return desk.run(REPO + LOAD + code, repo=str(at.path), project=at.project if project is None else project)

    return run


@pytest.fixture
def own(mice, tmp_path):
    return mice.copied(tmp_path / "own.repo")


def fails(run, code: str, **more) -> ScriptError:
    with pytest.raises(ScriptError) as caught:
        run(code, **more)
    return caught.value


# The object ---------------------------------------------------------------------------------


def test_properties_and_both_spellings_of_a_call(run, mice):
    assert run("""
        print(repo.repository_url, repo.project, repo.dcmRep.kind)
        print(#repo.getStudies(), #repo:getStudies(), #repo.getStudies("-sort", "PatientID"))
        print(repo.dcmRep == VQ.dicomRepository(args.repo))
    """) == [f"{mice.path}\t{mice.project}\tlocal", "3\t3\t3", "true"]


@pytest.mark.parametrize("include", ['#include "ipacs.vqs"', '#include "ipacs.lua"'])
def test_the_include_line_of_published_scripts(desk, mice, include):
    assert desk.run(f"{include}\nprint(#iPACS(args.repo, '/demo/mice/'):getStudies())", repo=str(mice.path)) == ["3"]


@pytest.mark.parametrize(
    ("project", "count"), [("/demo/mice", 3), ("/demo/mice/", 3), ("/demo", 0), ("/demo/*", 3), ("", 3), ("/no", 0)]
)
def test_projects(run, project, count):
    assert run("print(#repo:getStudies())", project=project) == [str(count)]


def test_a_project_without_studies_is_warned_of_and_a_filter_that_lets_none_through_is_not(desk, run):
    run("repo:getStudies('-namefilter', 'nobody')")
    assert desk.logged == []
    run("repo:getStudies() repo:getStudies()", project="/demo/mouse")
    assert desk.logged == ['warning: no study is in project "/demo/mouse"; the projects are: /demo/mice']


def test_its_members_are_fixed_and_unknown_ones_are_told(run):
    assert "did you mean" in fails(run, "repo:getStudys()").hint
    assert "cannot be assigned" in str(fails(run, "repo.project = '/other'"))


# Studies and series -------------------------------------------------------------------------


def test_filters_and_order_of_studies(run, mice):
    names = [f"{scan.animal.name} {scan.study_start:%Y%m%d}" for scan in mice.scans]
    show = "for _, s in ipairs(repo:getStudies({})) do print(s.PatientsName .. ' ' .. s.StudyDate) end"

    def found(options: str) -> list[str]:
        return run(show.format(options).replace("({})", f"({options})"))

    by_date = sorted(names, key=lambda text: text[-8:])
    assert found("") == found("'sort', 'Study Date'") == by_date
    assert found("'-namefilter', 's1*'") == [name for name in by_date if name.startswith("S1")]
    assert found("'-idfilter', '?" + mice.scans[0].animal.patient_id[1:] + "'") == names[:2]
    assert found("{sort = 'PatientsName', namefilter = '*'}") == sorted(names)
    first = names[0][-8:]
    assert found(f"'-dateend', '{first}', '-datestart', '{first}'") == [n for n in by_date if n.endswith(first)]
    assert found("'-datestart', '20991231'") == []


def test_records_have_all_their_names_and_nothing_is_nil(run):
    assert run("""
        local study = repo:getStudies()[1]
        for _, key in ipairs{"PatientComments", "PatientID", "PatientsName", "StudyDate", "StudyDescription",
                             "StudyInstanceUID", "StudyTime"} do assert(type(study[key]) == "string", key) end
        local series = repo:getSeries(study)[1]
        for _, key in ipairs{"ManufacturersModelName", "Modality", "SeriesDate", "SeriesDescription",
            "SeriesInstanceUID", "SeriesNumber", "SeriesTime", "StudyInstanceUID"} do
          assert(type(series[key]) == "string", key)
        end
        print(#repo:getSeries(study, "-modality", "NM", "-seriesdescription", "*In-111 *"),
              #repo:getSeries(study, {modality = "nm"}), #repo:getSeries(study, "-modality", "PT"))
    """) == ["1\t1\t0"]


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        ("repo:getSeries(repo:getStudies()[1], '-modaltiy', 'CT')", "no option", '"-modality"'),
        ("repo:getStudies('-datestart', '2014-01-31')", "no date", "YYYYMMDD"),
        ("repo:getStudies('-datestart', '20140231')", "no date", "YYYYMMDD"),
        ("repo:getStudies('-sort', 'Weight')", 'cannot be sorted by "Weight"', "StudyDate"),
        ("repo:getStudies('-namefilter')", "no value", ""),
        ("repo:getStudies('-sort', 'StudyDate', 'sort', 'PatientID')", "given twice", ""),
        ("repo:getSeries(repo:getStudies())", "list", "studies[1]"),
        ("repo:getSeries('1.2.3')", "1.2.3", ""),
        ("repo:load(repo:getStudies()[1], {}, 0)", "empty list", ""),
        ("repo:load(repo:getStudies()[1], nil, 0)", "a series is needed, got nothing", "getSeries"),
    ],
)
def test_what_is_asked_wrongly_is_told_at_the_users_line(run, call, message, hint):
    error = fails(run, call)
    assert message in str(error)
    assert hint in error.hint
    assert (error.file, error.line) == ("script", LINE)


@pytest.mark.parametrize(
    ("search", "what"),
    [
        ('"-modality", "CX"', '-modality "CX" in study {}; modalities there: CT, NM'),
        ('{seriesdescription = "PET*"}', '-seriesdescription "PET*" in study {}; descriptions there: CT whole body, '),
    ],
)
def test_loading_what_no_search_found_says_what_was_searched_and_what_there_is(run, mice, search, what):
    """A search that finds nothing is an empty list, which scripts test; the error comes with what they forgot."""
    find = f"local study = repo:getStudies()[1] local found = repo:getSeries(study, {search})"
    assert run(f"{find} print(#found)") == ["0"]
    error = fails(run, f"{find} repo:load(study, found[1], 0)")
    scan = mice.scans[0]
    assert f"no series matches {what.format(f'{scan.animal.name} of {scan.started:%Y%m%d}')}" in str(error)
    assert "#series" in error.hint


def test_loading_tells_how_many_inputs_it_filled(run):
    assert run("""
        local study = repo:getStudies()[1]
        print(repo:load(study, repo:getSeries(study, "-modality", "NM")[1], 3), dm:size(), dm:unit(3))
    """) == ["1\t4\tuCi"]


# ROIs ---------------------------------------------------------------------------------------


def test_the_newest_object_of_all_of_one_reader_and_of_names(run):
    assert run("""
        load(1)
        show(repo:getROIs())
        show(repo:getROIs("-creator", "bsmith"))
        show(repo:getROIs("-names", {"Kidneys", "Tumor"}))
        show(repo.getROIs{names = "Liver"})
        print(tool():numROIs() - 1)
    """) == ["Heart,Liver", "Kidneys,Muscle,Tumor,Bladder", "Kidneys,Muscle,Tumor,Bladder", "Heart,Liver", "2"]


def test_the_most_recent_object_wins_over_the_careless_one(desk, run, mice):
    run('load(1) repo:getROIs("-creator", "anovicki")')
    objects = desk.session.repository(mice.path).data_points(mice.uid(0), "roi")
    newest, oldest = (one for one in objects if one.creator == "anovicki")
    assert newest.date > oldest.date
    count = desk.session.rois.count(1)
    desk.session.rois.clear()
    desk.session.roi_tool.load(oldest.path)
    assert desk.session.rois.count(1) != count
    desk.session.rois.clear()
    desk.session.roi_tool.load(newest.path)
    assert desk.session.rois.count(1) == count


def test_merging_takes_each_name_from_its_newest_object_in_the_order_asked(run):
    assert run("""
        load(1)
        show(repo:mergeROIs("-names", {"Kidneys", "Heart", "Tumor"}))
        show(repo:mergeROIs("-names", {"Heart"}, "-exactlist", false))
        show(repo:mergeROIs{names = {"Tumor", "Heart"}, exactlist = false})
        show(repo:mergeROIs("-names", {"Tumor", "Tumor"}, "-exactlist", true, "-creator", "bsmith"))
        print(tool():getROIDetails(1)[1], tool():numROIs() - 1)
    """) == [
        "Kidneys,Heart,Tumor",
        "Heart,Liver",
        "Tumor,Heart,Liver,Kidneys,Muscle,Bladder",
        "Tumor",
        "Tumor\t1",
    ]


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        ("repo:getROIs('-creator', 'anovick')", 'by "anovick"', "creators here: anovicki, bsmith"),
        ("repo:getROIs('-names', {'Heart', 'Tumor'})", "holds Heart, Tumor", "Bladder, Heart, Kidneys"),
        ("repo:getROIs('-creator', 'bsmith', '-names', {'Heart'})", "holds Heart", "Bladder, Kidneys, Muscle, Tumor"),
        ("repo:mergeROIs('-names', {'Heart', 'Spleen'})", 'holds "Spleen"', "Bladder, Heart, Kidneys"),
        ("repo:mergeROIs('-names', {'Heart'}, '-creator', 'bsmith')", 'holds "Heart"', "Bladder, Kidneys"),
        ("repo:mergeROIs('-exactlist', true)", "needs the names", "mergeROIs("),
        ("repo:mergeROIs('-names', {'Heart'}, '-exactlst', true)", "no option", '"-exactlist"'),
        ("repo:mergeROIs('-names', {'Heart'}, '-exactlist', 'yes')", "true or false", ""),
        ("repo:mergeROIs('-names', {})", "a list of names", ""),
    ],
)
def test_rois_that_cannot_be_had_leave_the_tool_as_it_was(desk, run, call, message, hint):
    run("load(1) repo:getROIs()")
    before = desk.session.rois
    error = fails(run, call)
    assert message in str(error)
    assert hint in error.hint
    assert (error.file, error.line) == ("script", LINE)
    assert desk.session.rois is before
    assert before.names == ["Heart", "Liver"]


def test_rois_drawn_on_an_image_that_is_not_loaded_are_told(desk, run):
    run("load(1) repo:getROIs() repo:mergeROIs('-names', {'Heart'})")
    assert not [line for line in desk.logged if "not loaded" in line]
    run("""
        local study = repo:getStudies()[1]
        VQ.dataManager():clear()
        repo:load(study, repo:getSeries(study, "-modality", "NM")[1], 2)
        repo:load(study, repo:getSeries(study, "-modality", "NM")[1], 0)
        local names = repo:mergeROIs("-names", {"Heart"})
        print(#repo.dcmRep:dataPoints(study, "roi")[1].referencedSeries)
    """)
    (told,) = [line for line in desk.logged if "not loaded" in line]
    assert "Heart" in told


def test_equal_times_are_decided_by_the_uid(desk, run, own):
    desk.load(own, 0, "CT")
    repository = desk.session.repository(own.path)
    objects = []
    for k in range(4):
        rois = RoiSet(desk.session.reference.volume.grid)
        mask = np.zeros(rois.grid.shape, bool)
        mask[k, :2, :2] = True
        rois.set_mask(rois.add("Heart"), mask)
        made = write_rois(rois, desk.session.reference.volume, creator="tester")
        made.ContentDate, made.ContentTime = "20990101", "120000"
        objects.append(made)
    repository.store_datasets(objects)
    highest = max(range(4), key=lambda k: objects[k].SOPInstanceUID)
    run('load(1) repo:getROIs("-creator", "tester")', at=own)
    assert desk.session.rois.mask(1)[highest].any()
    run('load(1) repo:mergeROIs("-names", {"Heart"})', at=own)
    assert desk.session.rois.mask(1)[highest].any()


def test_a_copy_of_the_rois_is_left_where_it_was_asked_for(desk, run):
    run("""
        load(1)
        repo:getROIs("-savepath", "mouse")
        repo:mergeROIs("-names", {"Tumor"}, "-savepath", "sub/")
    """)
    assert (desk.output / "mouse.rmha").is_file()
    assert (desk.output / "sub" / "rois.rmha").is_file()
    desk.session.rois.clear()
    assert desk.session.roi_tool.load(desk.output / "mouse.rmha") == ["Heart", "Liver"]


def test_without_a_loaded_study_there_is_none_to_look_in(run):
    assert "there is no input 0" in str(fails(run, "repo:getROIs()"))


# Data points --------------------------------------------------------------------------------


def test_submitted_measurements_are_those_of_the_tool(run, own):
    printed = run(
        """
        load(1)
        repo:mergeROIs("-names", {"Heart", "Tumor"})
        print(repo:submitROIs())
        local quant = repo:getQuantification(1)
        local roi = tool()
        print(#quant)
        for _, q in ipairs(quant) do
          local s = roi:statistics(roi:find(q.name), 1)
          assert(math.abs(q.mean - s.mean) <= 1e-6 * s.mean, q.mean .. " " .. s.mean)
          assert(math.abs(q.volumeML - s.volumeML) < 1e-9 and q.voxels == s.voxels and q.std == q.sd)
          assert(q.unit == "uCi" and q.creator == "tester" and q.input == 1 and #q.date == 8 and q.time ~= "")
        end
        local names = { quant[1].name, quant[2].name }
        table.sort(names)
        show(names)
        show(repo:getROIs())
        print(repo:submitROIs(), #repo:getQuantification(1), #repo:getQuantification(0))
        """,
        at=own,
    )
    assert printed == ["4", "2", "Heart,Tumor", "Heart,Tumor", "4\t4\t4"]


def test_inputs_that_are_off_are_not_submitted(run, own):
    assert run("load(1) repo:getROIs() VQ.controler():setShow(1, false) print(repo:submitROIs())", at=own) == ["2"]


def test_a_leftover_of_another_study_is_refused(run, own):
    code = """
        load(1)
        local study = repo:getStudies()[2]
        repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0)
        repo:getROIs()
        repo:submitROIs()
    """
    assert "belong to 2 studies" in str(fails(run, code, at=own))


def test_rois_on_a_spect_in_input_0(run, own):
    assert run(
        """
        local study = repo:getStudies()[1]
        repo:load(study, repo:getSeries(study, "-modality", "NM")[1], 0)
        show(repo:getROIs())
        local roi = tool()
        local mean = roi:statistics(1).mean
        print(repo:submitROIs())
        roi:clearAllROIs()
        show(repo:getROIs("-creator", "tester"))
        print(math.abs(roi:statistics(1).mean - mean) < 1e-9, repo:getQuantification(0)[1].input)
        """,
        at=own,
    ) == ["Heart,Liver", "2", "Heart,Liver", "true\t0"]


def test_what_is_stored_loads_back(desk, run, own):
    assert run(
        """
        local study = load(1)
        mw:setViewMode("Slice View", "Arithmetics")
        VQ.currentOp():scalarMult(1, 2, "%ID")
        print(repo:store(1))
        local found = repo:getSeries(study, "-modality", "NM", "-seriesdescription", "*[%ID]")
        print(#found, repo:load(study, found[1], 2), dm:unit(2))
        print(math.abs(dm:getMax(2) - dm:getMax(1)) < dm:getMax(1) / 60000)
        """,
        at=own,
    ) == ["1", "1\t1\t%ID", "true"]
    assert len(desk.session.repository(own.path).find_series(own.uid(0), SeriesFilter("NM"))) == 2


def test_storing_under_sub_projects_makes_no_project_of_the_star(run, own):
    assert run("load(1) repo:getROIs() print(repo:submitROIs(), repo:store(1))", at=own, project="/demo/*") == ["4\t1"]


# Subject information ------------------------------------------------------------------------


def test_the_dose_of_the_subject_goes_before_that_of_the_header(run, mice, own):
    dose = mice.scans[0].animal.dose
    printed = run("load(1) print(repo:getInjectedDose(1)) print(repo.getInjectedDose(0))")
    assert [line.split("\t")[1] for line in printed] == ["subject", "subject"]
    assert float(printed[0].split("\t")[0]) == pytest.approx(dose)
    printed = run(
        """
        local study = load(1)
        repo:setSubject(study, {injectedDose = 111})
        print(repo:getInjectedDose(1))
        repo:setSubject(study, {weight = "30 g", injectedDose = "3.7 MBq"})
        print(repo:getInjectedDose(1))
        local now = repo.dcmRep:dataPoints(study, "subject")[1]
        print(now.weight, now.nuclide, now.creator)
        """,
        at=own,
    )
    assert [line.split("\t")[1] for line in printed[:2]] == ["subject", "subject"]
    assert [float(line.split("\t")[0]) for line in printed[:2]] == pytest.approx([111, 100])
    assert printed[2] == "30.0\tIn-111\ttester"


def test_the_dose_of_the_header_and_none(desk, mice):
    repository = desk.session.repository(mice.path)
    for modality, source in (("NM", "header"), ("CT", "none")):
        (series,) = repository.find_series(mice.uid(0), SeriesFilter(modality))
        files = [str(one.path) for one in repository.fetch(mice.uid(0), series.series_uid).instances]
        listed = ", ".join(f'"{path}"' for path in files)
        dose, found = desk.run(f"VQ.dataManager():open({{{listed}}}, 0) print(VQ.dataManager():injectedDose(0))")[
            0
        ].split("\t")
        assert found == source
        assert float(dose) == pytest.approx(mice.scans[0].animal.dose if source == "header" else 0, rel=1e-3)


def test_a_dose_of_the_header_in_a_doubtful_unit_is_warned_of(desk, mice):
    desk.load(mice, 0, "CT", "NM")
    item = desk.session.inputs[1]
    item.study = None
    item.volume.header.RadiopharmaceuticalInformationSequence[0].RadionuclideTotalDose = "9250000"
    read = "print(VQ.dataManager():injectedDose(1))"
    assert desk.run(read) == desk.run(read) == ["250.0\theader"]
    assert [line for line in desk.logged if "read as Bq" in line and line.startswith("warning: input 1")] == desk.logged
    assert len(desk.logged) == 1


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ("{}", "nothing to set"),
        ("{dose = 5}", 'no option "dose"'),
        ("{injectedDose = '250'}", "no unit"),
        ("{weight = -2}", "not above 0"),
    ],
)
def test_subject_information_that_cannot_be(run, own, fields, message):
    assert message in str(fails(run, f"repo:setSubject(repo:getStudies()[1], {fields})", at=own))


def test_a_project_is_walked_quickly_without_loading(run):
    start = time.perf_counter()
    run("for _, s in ipairs(repo:getStudies()) do repo:getSeries(s) end")
    assert time.perf_counter() - start < 5
