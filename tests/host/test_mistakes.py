"""Mistakes that users make, and what they are told: what was asked, what was found, the way out."""

from __future__ import annotations

import pytest

from vqscript.errors import ScriptError
from vqscript.host.gate import Gate
from vqscript.host.runtime import Runtime
from vqscript.repository.base import SeriesFilter
from vqscript.session import Session
from vqscript.vq.root import VQ

AROUND = """
local ipacs = require "ipacs"
local repo = ipacs.iPACS(args.repo, args.project)
local repository, study = repo.dcmRep, repo:getStudies()[1]
local dm, mw, ctl, mm = VQ.dataManager(), VQ.mainWin(), VQ.controler(), VQ.minMaxTool()
local function op(name) mw:setViewMode("Slice View", name) return VQ.currentOp() end
local roi = op("3D ROI Tool")
"""
LINE = AROUND.count("\n") + 1

MISTAKES = """
VQ.dataManger()                            | VQ has no member "dataManger"               | did you mean "dataManager"?
dm:sizes()                                 | DataManager has no member "sizes"           | did you mean "size"?
dm:saveImage("x")                          | DataManager has no member "saveImage"       | VQ.mainWin():saveImage
mw:scalarMult(0, 2)                        | MainWin has no member "scalarMult"          | "Slice View", "Arithmetics"
dm:readFile("x")                           | DataManager has no member "readFile"        | VQ has it: VQ.readFile
roi:convertUnit(1, "%ID")                  | RoiTool has no member "convertUnit"         | VQ.dataManager():convertUnit
ipacs.iPACS()                              | iPACS needs the url of a repository         | args.repo
dm.size = 3                                | DataManager.size cannot be assigned         |
repo:getStudys()                           | iPACS has no member "getStudys"             | did you mean "getStudies"?
require("stats").men({1})                  | stats has no member "men"                   | did you mean "mean"?
op("Navigation"):scalarMult(0, 2)          | Navigation has no member "scalarMult"       | "Slice View", "Arithmetics"
op("Arithmetics"):addROI("A")              | Arithmetics has no member "addROI"          | "Slice View", "3D ROI Tool"
op("Arithmetics"):scalarMul(0, 2)          | Arithmetics has no member "scalarMul"       | did you mean "scalarMult"?
mw:setViewMode("Slice View", "Arithmetic") | there is no operator "Arithmetic"           | did you mean "Arithmetics"?
mw:setViewMode("SliceView", "Cropping")    | there is no view "SliceView"                | did you mean "Slice View"?
dm:unit()                                  | unit needs i                                | call it as unit(i)
dm:unit(7)                                 | there is no input 7; loaded: 0, 1           | inputs are numbered from 0
dm:unit("0")                               | unit: i takes a whole number, got "0"       |
dm:unit(1.5)                               | unit: i takes a whole number, got 1.5       |
dm:unit(0, 1)                              | unit takes 1 argument                       | call it as unit(i)
dm:value(0, 1000, 0, 0)                    | x = 1000 is outside the image               | x runs from 0 to
dm:open("absent")                          | there is no file or folder                  | beside the script
dm:setUnit(0, "HUU")                       | "HUU" is no unit that is known here         | did you mean "HU"?
dm:convertUnit(1, "SVU")                   | "SVU" is no unit that is known here         | SUVbw
dm:convertUnit(0, "SUVbw")                 | from "HU" no way leads there                | setUnit
dm:setPalette(0, "hott")                   | there is no palette "hott"                  | did you mean "hot"?
ctl:setPal(0, "hotblu")                    | there is no palette "hotblu"                | did you mean "hotblue"?
dm:getDesc(0, "seriesdat")                 | there is no DICOM attribute "seriesdat"     | did you mean "SeriesDate"?
dm:getDcmString(0, "PatientNme")           | there is no DICOM attribute "PatientNme"    | did you mean "PatientName"?
dm:save(0, "x", "nifty")                   | there is no format "nifty"                  | did you mean "nifti"?
dm:save(0, "x.png")                        | an image is not saved as ".png"             | saveImage
mw:saveImage("x", 9)                       | there is no picture mode 9                  | 5 composite
mw:saveImage("x", "compsite")              | there is no picture mode "compsite"         | did you mean "composite"?
mw:saveImage("x.jpg", 0)                   | x.jpg would be a .png file                  | end the name in .png
ctl:setPos(5, 1)                           | there is no axis 5                          | 0, 1 and 2 are x, y and z
ctl:setOpacity(0, 5)                       | an opacity of 5 is out of range             | 0 (invisible) to 1
mm:setMinMax(0, 5, 1)                      | a scale from 5 to 1 has no extent           | a larger max
repo:getStudies("-namefiltr", "x")         | getStudies has no option "-namefiltr"       | did you mean "-namefilter"?
repo:getStudies("-namefilter", 5)          | getStudies: -namefilter takes text, got 5   |
repo:getStudies("-namefilter")             | the option "-namefilter" has no value       | pairs
repo:getStudies("-sort", "Name")           | studies cannot be sorted by "Name"          | StudyDate
repo:getSeries()                           | getSeries needs study                       | getSeries(study
repo:getSeries(repo:getStudies())          | getSeries: study takes one study            | studies[1]
repo:load(study, repo:getSeries(study), 0) | load: series takes one series               | series[1]
repo:load(study)                           | a series is needed, got nothing             | did getSeries find one?
repo:mergeROIs("-names", {"Hart"})         | no ROI object of this study holds "Hart"    | Heart
repo:setSubject(study, {weigth = 24})      | setSubject has no option "weigth"           | did you mean "-weight"?
repo:setSubject(study, {weight = "24 st"}) | "st" is no unit of mass                     | known: g, kg, mg
repo:setSubject(study, {nuclide="In-11"})  | "In-11" is no radionuclide                  | did you mean "In-111"?
repository:dataPoints(study, "rois")       | kind takes one of roi, quantification       | did you mean "roi"?
roi:addROI("New", "redd")                  | "redd" is no colour                         | "#rrggbb"
roi:getROIDetails(99)                      | there is no ROI 99                          |
roi:setActiveLayer(9)                      | there is no layer 9                         | add a layer first
op("Cropping"):setRange(3, 0, 1)           | there is no axis 3                          | x, y and z
op("Filtering"):gaussian(0, -1)            | a full width at half maximum of -1          | none below 0
op("Resampling"):toInput(0, 1, "cubc")     | method takes one of nearest, linear, cubic  | did you mean "cubic"?
op("Arithmetics"):scalarMult(0, "2")       | scalarMult: number takes a number, got "2"  |
op("Arithmetics"):scalarDiv(0, 0)          | cannot be divided by zero                   | is a dose or a size missing?
op("Arithmetics"):expression("sqr(a)", {a = 0}, 2) | there is no function "sqr"          | did you mean "sqrt"?
VQ.dicomRepository("absent.repo")          | absent.repo does not exist                  | vqscript repo init
VQ.dicomRepository("ipacs://lab")          | no repository is named "lab"                | vqscript.toml
VQ.readFile("absent.txt")                  | there is no file                            |
VQ.writeFile("x", {})                      | writeFile: text takes text, got a table     |
VQ.preProcess("convertUnits=true")         | preProcess knows no "convertUnits"          | did you mean "convertUnit"?
VQ.getItem("Organ", "", {})                | getItem: items is an empty list             |
VQ.getItem("Organ", "", {"Heart"}, 1)      | there is no item 1 of 1                     | counts from 0
VQ.mkdir("a", "b/c")                       | "b/c" is no folder name                     | one name
require "ipac"                             | there is no module "ipac"                   | did you mean "ipacs"?
require("csv").write("x.csv", 5)           | csv.write: rows takes a list of rows, got 5 |
require("dates").daysBetween("20230229", "20230301") | 2023-02 has no day 29             |
"""


@pytest.fixture(scope="module")
def told(mice, tmp_path_factory):
    """Return a function that gives the error of a line; two images of a study are loaded."""
    folder = tmp_path_factory.mktemp("mistakes")
    session = Session(output=folder / "out")
    repository = session.repository(mice.path)
    for i, modality in enumerate(("CT", "NM")):
        (series,) = repository.find_series(mice.uid(0), SeriesFilter(modality))
        session.open(repository.fetch(mice.uid(0), series.series_uid), i, repository)
    vq, gate = VQ(session), Gate(folder / "out", folder)

    def run(line: str) -> ScriptError:
        runtime = Runtime(vq, gate, args={"repo": str(mice.path), "project": mice.project}, write=lambda text: None)
        with pytest.raises(ScriptError) as caught:
            runtime.run_text(f"{AROUND}{line}", folder=folder)
        return caught.value

    yield run
    session.close()


@pytest.mark.parametrize("row", MISTAKES.strip().splitlines(), ids=lambda row: row.partition("|")[0].strip())
def test_a_mistake_is_told_with_the_way_out(told, row):
    line, message, hint = (part.strip() for part in row.split("|"))
    error = told(line)
    assert str(error).startswith(f"script:{LINE}: ")
    assert message in str(error)
    assert hint in error.hint
    assert error.frames == ()


def test_including_a_module_makes_it_global_by_its_name(home):
    home.run('#include "stats.lua"\nassert(stats == require "stats" and mean == nil and sum == nil)')
    home.run('#include "ipacs.lua"\nassert(ipacs == require "ipacs" and iPACS == ipacs.iPACS)')


def test_other_files_keep_their_tables_as_they_are(home):
    home.write("mine.lua", "return { known = 1 }")
    assert home.run('print(require("mine").unknown)') == ["nil"]
