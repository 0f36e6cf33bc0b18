"""Which data point counts: queries of iPACS against a plain model of creators, dates, names and inputs."""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset

from vqscript.datapoints import quantification, subject
from vqscript.datapoints.parse import parse
from vqscript.datapoints.records import Quantification
from vqscript.repository.local import LocalRepository
from vqscript.roi.files.rtstruct import write_structures
from vqscript.roi.files.seg import write_rois
from vqscript.roi.roiset import RoiSet

NAMES = ("Cor", "Cor, left", "Hepar", "T 1", "T 2")
CREATORS = ("reader", "Reader", "reader 2", "König^Anna")
DATES = ("20300101", "20300102")
# One moment in several spellings, one before and one after it.
TIMES = ("0915", "091500", "091500.000000", "091459.999999", "091500.5", "100000")
OPEN = 'local repo = require("ipacs").iPACS(args.repo, args.project)\n'


@dataclass(frozen=True)
class Made:
    """An object of the study, as it was made: its ROI of name ``i`` is the voxel (k, i, 1)."""

    k: int
    creator: str
    date: str
    time: str
    names: tuple[str, ...]
    elsewhere: bool
    uid: str

    @property
    def age(self) -> tuple[str, float, str]:
        """What "most recent" means: date, time of day in seconds, then the UID as text."""
        whole, _, fraction = self.time.partition(".")
        padded = whole.ljust(6, "0")
        seconds = int(padded[:2]) * 3600 + int(padded[2:4]) * 60 + int(padded[4:6]) + float(f"0.{fraction or 0}")
        return self.date, round(seconds, 6), self.uid


def model(objects: list[Made], query: dict) -> list[tuple[str, int]] | None:
    """Return names and objects that a query gives, in order; None where it has to fail."""
    able = [one for one in objects if not one.elsewhere and query.get("creator") in (None, one.creator)]
    able.sort(key=lambda one: one.age, reverse=True)
    wanted = query.get("names")
    if query["call"] == "getROIs":
        fits = [one for one in able if set(wanted or ()) <= set(one.names)]
        return [(name, fits[0].k) for name in fits[0].names] if fits else None
    chosen: dict[str, Made] = {}
    for name in wanted:
        holding = [one for one in able if name in one.names]
        if not holding:
            return None
        chosen.setdefault(name, holding[0])
    result = {name: one.k for name, one in chosen.items()}
    if query.get("exactlist") is False:
        for one in sorted(set(chosen.values()), key=lambda one: one.age, reverse=True):
            for name in one.names:
                result.setdefault(name, one.k)
    return list(result.items())


def lua(query: dict) -> str:
    options = []
    if "creator" in query:
        options.append(f"'-creator', '{query['creator']}'")
    if "names" in query:
        options.append("'-names', {" + ", ".join(f"'{name}'" for name in query["names"]) + "}")
    if "exactlist" in query:
        options.append(f"'-exactlist', {str(query['exactlist']).lower()}")
    random.Random(str(query)).shuffle(options)
    return f"ask('{query['call']}', {', '.join(options)})" if options else f"ask('{query['call']}')"


ASK = """
VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")
local roi = VQ.currentOp()
local function ask(call, ...)
  local before = {}
  for j = 1, roi:numROIs() - 1 do before[j] = roi:getROIDetails(j)[1] .. roi:getROICenterOfMass(j) end
  local ok, names = pcall(repo[call], ...)
  local after = {}
  for j = 1, roi:numROIs() - 1 do
    after[j] = roi:getROIDetails(j)[1] .. "|" .. roi:getROICenterOfMass(j):match("%((%d+) ")
    if not ok then assert(before[j] == roi:getROIDetails(j)[1] .. roi:getROICenterOfMass(j)) end
  end
  if ok then
    for j, name in ipairs(names) do assert(after[j]:match("^(.*)|") == name) end
    assert(#names == #after)
  else
    assert(#before == #after)
  end
  print(ok and table.concat(after, ";") or "fails")
end
"""


@pytest.mark.parametrize("seed", range(4))
def test_rois_are_those_of_the_model(desk, mice, tmp_path, seed):
    own = mice.copied(tmp_path / "own.repo")
    desk.load(own, 0, "CT")
    volume = desk.session.reference.volume
    chance = random.Random(seed)
    objects, datasets = [], []
    for k in range(12):
        names = tuple(chance.sample(NAMES, chance.randrange(1, len(NAMES))))
        rois = RoiSet(volume.grid)
        for name in names:
            mask = np.zeros((1, 1, 1), bool)
            mask[:] = True
            i = NAMES.index(name)
            rois.set_mask(rois.add(name), mask, (slice(1, 2), slice(i, i + 1), slice(k, k + 1)))
        date, time = chance.choice(DATES), chance.choice(TIMES)
        creator, elsewhere = chance.choice(CREATORS), chance.random() < 0.2
        if chance.random() < 0.5:
            ds = write_rois(rois, volume, creator=creator)
            ds.ContentDate, ds.ContentTime = date, time
        else:
            ds = write_structures(rois, volume, creator=creator)
            ds.StructureSetDate, ds.StructureSetTime = date, time
        if elsewhere:
            move_elsewhere(ds)
        objects.append(Made(k, creator, date, time, names, elsewhere, str(ds.SOPInstanceUID)))
        datasets.append(ds)
    desk.session.repository(own.path).store_datasets(datasets)

    queries = []
    for _ in range(60):
        query: dict = {"call": chance.choice(("getROIs", "mergeROIs"))}
        if chance.random() < 0.4:
            query["creator"] = chance.choice((*CREATORS, "read"))
        if query["call"] == "mergeROIs" or chance.random() < 0.6:
            query["names"] = chance.sample(NAMES, chance.randrange(1, 4))
        if query["call"] == "mergeROIs" and chance.random() < 0.6:
            query["exactlist"] = chance.random() < 0.5
        queries.append(query)
    code = OPEN + ASK + "\n".join(lua(query) for query in queries)
    printed = desk.run(code, repo=str(own.path), project=own.project)
    expected = [model(objects, query) for query in queries]
    texts = ["fails" if each is None else ";".join(f"{name}|{k}" for name, k in each) for each in expected]
    for query, found, text in zip(queries, printed, texts, strict=True):
        assert found == text, query
    # Neither everything nor nothing fails, or this would say little.
    assert 0 < texts.count("fails") < 50


def move_elsewhere(ds: Dataset) -> None:
    """Give an object another frame of reference."""
    ds.FrameOfReferenceUID = "1.2.3"
    for item in ds.get("StructureSetROISequence", ()):
        item.ReferencedFrameOfReferenceUID = "1.2.3"
    for item in ds.get("ReferencedFrameOfReferenceSequence", ()):
        item.FrameOfReferenceUID = "1.2.3"


@pytest.mark.parametrize("seed", range(3))
def test_measurements_are_those_of_the_inputs_series_newest_first(desk, mice, tmp_path, seed):
    own = mice.copied(tmp_path / "own.repo")
    desk.load(own, 0, "CT", "NM")
    volumes = [item.volume for _, item in desk.session.inputs]
    rois = RoiSet(volumes[0].grid)
    rois.set_mask(rois.add("Heart"), np.ones((1, 1, 1)), (slice(1, 2), slice(1, 2), slice(1, 2)))
    seg = write_rois(rois, volumes[0], creator="reader")
    chance = random.Random(seed)
    made = []
    for k in range(20):
        # Its number when it was measured is not where the series is loaded now.
        series, number = chance.randrange(2), chance.randrange(3)
        ds = quantification.build(
            name=chance.choice(NAMES),
            input=number,
            unit=volumes[series].unit,
            values={"mean": float(k)},
            creator=chance.choice(CREATORS),
            image=volumes[series],
            roi_object=seg,
            segment=1,
        )
        ds.ContentDate, ds.ContentTime = chance.choice(DATES), chance.choice(TIMES)
        one = Made(k, "", ds.ContentDate, ds.ContentTime, (), False, str(ds.SOPInstanceUID))
        made.append((series, one, ds))
    repository = desk.session.repository(own.path)
    repository.store_datasets([ds for _, _, ds in made])
    printed = desk.run(
        OPEN
        + """
        for input = 0, 1 do
          local means = {}
          for i, q in ipairs(repo:getQuantification(input)) do means[i] = ("%d"):format(q.mean // 1) end
          print(table.concat(means, ","))
        end
        """,
        repo=str(own.path),
        project=own.project,
    )
    for series, line in enumerate(printed):
        newest_first = sorted((one for s, one, _ in made if s == series), key=lambda one: one.age, reverse=True)
        assert line == ",".join(str(one.k) for one in newest_first)


def test_a_series_in_several_inputs_gives_each_input_its_own(desk, mice, tmp_path):
    """Separate images of one series (energy windows) are measured as inputs of their own."""
    own = mice.copied(tmp_path / "own.repo")
    desk.load(own, 0, "CT", "NM", "NM")
    lines = desk.run(
        OPEN
        + """
        repo:getROIs()
        VQ.dataManager():setUnit(2, "%ID")
        repo:submitROIs()
        for i = 0, 2 do
          local quant = repo:getQuantification(i)
          print(#quant, quant[1].unit, quant[1].input, quant[2].input)
        end
        VQ.dataManager():remove(2)
        print(#repo:getQuantification(1))
        """,
        repo=str(own.path),
        project=own.project,
    )
    assert lines == ["2\tHU\t0\t0", "2\tuCi\t1\t1", "2\t%ID\t2\t2", "4"]


def test_reports_and_segmentations_of_others(desk, mice, data, tmp_path):
    """An SR that another program made, on the series that it measured (here a stand-in of the same UIDs)."""
    example = data / "dcmqi" / "sr-example"
    report = pydicom.dcmread(example / "sr.dcm")
    (theirs,) = (point for point in parse(report) if isinstance(point, Quantification))
    desk.load(mice, 0, "CT")
    folder = tmp_path / "series"
    folder.mkdir()
    for n, path in enumerate(desk.session.reference.volume.source.paths):
        ds = pydicom.dcmread(path)
        ds.StudyInstanceUID, ds.SeriesInstanceUID = report.StudyInstanceUID, theirs.image_series
        ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"{theirs.image_series[:50]}.{n}"
        ds.save_as(folder / f"{n}.dcm")
    with LocalRepository.create(tmp_path / "others.repo") as repository:
        report = repository.import_folder([folder, example], project="/others")
        assert not report.failed
    assert desk.run(
        OPEN
        + """
        local study = repo:getStudies()[1]
        repo:load(study, repo:getSeries(study, "-modality", "CT")[1], 0)
        local quant = repo:getQuantification(0)
        local q = quant[1]
        print(#quant, q.name, q.unit, q.creator, q.date)
        print(("%.5f %.5f %.4f %.5f %.1f"):format(q.mean, q.sd, q.max, q.median, q.volume))
        print(repo.dcmRep:dataPoints(study, "roi")[1].names[1])
        """,
        repo=str(tmp_path / "others.repo"),
        project="/others",
    ) == [
        "1\tprimary tumor\tSUVbw\tUser2\t20150819",
        "6.01529 1.62653 10.3814 5.71824 33582.4",
        pydicom.dcmread(example / "seg.dcm").SegmentSequence[0].SegmentLabel,
    ]


@pytest.mark.parametrize("seed", range(3))
def test_the_newest_subject_information_counts(desk, mice, tmp_path, seed):
    own = mice.copied(tmp_path / "own.repo")
    desk.load(own, 0, "NM")
    repository = desk.session.repository(own.path)
    header = repository.header(own.uid(0))
    chance = random.Random(seed)
    made = []
    for k in range(8):
        ds = subject.build(header, injected_dose=100.0 + k, weight=20.0 + k, creator=chance.choice(CREATORS))
        ds.ContentDate, ds.ContentTime = chance.choice(DATES), chance.choice(TIMES)
        made.append((Made(k, "", ds.ContentDate, ds.ContentTime, (), False, str(ds.SOPInstanceUID)), ds))
        repository.store_datasets([ds])
        newest = max((one for one, _ in made), key=lambda one: one.age)
        (line,) = desk.run(OPEN + "print(repo:getInjectedDose(0))", repo=str(own.path), project=own.project)
        dose, source = line.split("\t")
        assert (float(dose), source) == (pytest.approx(100 + newest.k), "subject")


def test_nothing_that_was_submitted_is_ever_overwritten(desk, mice, tmp_path):
    own = mice.copied(tmp_path / "own.repo")
    desk.load(own, 0, "CT", "NM")

    def files() -> dict:
        return {path: path.read_bytes() for path in own.path.rglob("*") if path.is_file() and path.suffix == ".dcm"}

    before = files()
    assert before
    for count in (1, 2, 3):
        lines = desk.run(
            OPEN
            + """
            local names = repo:getROIs("-names", {"Heart"})
            repo:submitROIs()
            repo:setSubject(repo:getStudies()[1], {injectedDose = 250})
            local study = repo:getStudies()[1]
            local points = repo.dcmRep:dataPoints(study, "roi")
            local mine = 0
            for _, point in ipairs(points) do if point.creator == "tester" then mine = mine + 1 end end
            print(mine, #repo:getQuantification(1) / #names)
            """,
            repo=str(own.path),
            project=own.project,
        )
        assert lines == [f"{count}\t{count}.0"]
        now = files()
        assert {path: now.get(path) for path in before} == before
        assert len(now) > len(before)
        before = now
