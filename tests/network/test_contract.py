"""The same scripts on every kind of repository: every method of ``ipacs.lua``, through the real host."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.network.conftest import ORTHANC_DICOMWEB, start_orthanc, start_qrscp
from tests.pacs.treatment import write_treatment
from vqscript import Session
from vqscript.config import CacheSettings, Config, Project, Server, Timeouts
from vqscript.errors import ScriptError
from vqscript.host.permits import make_gate
from vqscript.host.runtime import Runtime
from vqscript.network.dicomweb import DicomwebPeer
from vqscript.network.dimse import DimsePeer
from vqscript.network.orthanc import OrthancPeer
from vqscript.repository.local import LocalRepository
from vqscript.repository.opening import open_repository
from vqscript.session.interaction import Prepared
from vqscript.vq.root import VQ

RULE = Project("StudyDescription", "{project} SPECT/CT*")
"""Makes "In-111 SPECT/CT 4 h" a study of project /In-111."""

START = """
local repo = require("ipacs").iPACS(args.repo, args.project)
local dm, mw = VQ.dataManager(), VQ.mainWin()
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


@dataclass
class Backend:
    """A repository with three studies, and scripts run on it."""

    kind: str
    url: str
    config: Config
    logged: list[str]
    folder: Path

    def run(self, code: str, project: str = "/In-111") -> list[str]:
        """Run Lua in a session of its own; returns the lines it printed."""
        printed: list[str] = []
        interaction = Prepared()
        interaction.log = lambda text, level="info": self.logged.append(f"{level}: {text}")  # type: ignore[method-assign]
        self.session = Session(
            output=self.folder / "out", creator="tester", interaction=interaction, config=self.config
        )
        gate = make_gate(self.folder / "out", None, self.config, repositories=[self.url])
        args = {"repo": self.url, "project": project}
        try:
            Runtime(VQ(self.session), gate, args=args, write=printed.append).run_text(START + code)
        finally:
            self.session.close()
        return printed

    def fails(self, code: str) -> ScriptError:
        """Run Lua that fails."""
        with pytest.raises(ScriptError) as caught:
            self.run(code)
        return caught.value


def few_files(path: Path) -> list[Path]:
    """Files of three studies; the CT, which has most of them, of the first one only."""
    with LocalRepository.open(path) as local:
        return [
            instance.path
            for n, study in enumerate(local.find_studies())
            for series in local.find_series(study.study_uid)
            if n == 0 or series.modality != "CT"
            for instance in local.fetch(study.study_uid, series.series_uid).instances
        ]


@pytest.fixture(scope="module", params=["local", "dimse", "dicomweb", "orthanc", "qrscp"])
def backend(request: pytest.FixtureRequest, mice, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backend]:
    folder = tmp_path_factory.mktemp(request.param)
    files = few_files(mice.path)
    with ExitStack() as stack:
        port = 0
        if request.param == "local":
            url = str(folder / "lab.repo")
            LocalRepository.create(Path(url)).close()
        elif request.param == "qrscp":
            server = stack.enter_context(start_qrscp(folder / "qrscp"))
            url, port = server.url, server.move_port
        else:
            if request.param == "dicomweb" and not ORTHANC_DICOMWEB.exists():
                pytest.skip("needs Orthanc's DICOMweb plugin (.ci/install-peers)")
            orthanc = stack.enter_context(start_orthanc(folder / "orthanc"))
            port = orthanc.move_port
            url = {
                "dimse": orthanc.url,
                "dicomweb": f"dicomweb+http://127.0.0.1:{orthanc.http}/dicom-web",
                "orthanc": f"orthanc+http://127.0.0.1:{orthanc.http}",
            }[request.param]
        config = Config(
            servers={"peer": Server("peer", url, project=RULE)},
            aet="VQ",
            port=port or 11112,
            cache=CacheSettings(folder / "cache"),
            timeouts=Timeouts(5, 20),
        )
        repository = open_repository(url, config)
        report = repository.store(files, "/In-111")
        repository.close()
        assert (len(report.added), report.skipped) == (len(files), [])
        yield Backend(request.param, url, config, [], folder)


def test_what_it_is(backend):
    kind = "dimse" if backend.kind == "qrscp" else backend.kind
    assert backend.run("print(repo.repository_url, repo.dcmRep.kind, repo.dcmRep.url)")[0].split("\t")[:2] == [
        backend.url,
        kind,
    ]


@pytest.mark.parametrize(
    ("project", "count"), [("/In-111", 3), ("/In-111/", 3), ("/", 3), ("", 3), ("/In-111/*", 3), ("/no", 0)]
)
def test_projects(backend, project, count):
    assert backend.run("print(#repo:getStudies())", project) == [str(count)]


def test_a_project_without_studies_is_warned_of(backend):
    backend.logged.clear()
    backend.run("repo:getStudies()", "/In-112")
    assert backend.logged == ['warning: no study is in project "/In-112"; the projects are: /In-111']


def test_filters_and_order_of_studies(backend, mice):
    names = [f"{scan.animal.name} {scan.study_start:%Y%m%d}" for scan in mice.scans]

    def found(options: str) -> list[str]:
        return backend.run(
            f"for _, s in ipairs(repo:getStudies({options})) do print(s.PatientsName .. ' ' .. s.StudyDate) end"
        )

    by_date = sorted(names, key=lambda text: text[-8:])
    assert found("") == found("'sort', 'Study Date'") == by_date
    assert found("'-namefilter', 's1*'") == [name for name in by_date if name.startswith("S1")]
    assert found("'-namefilter', '*m02'") == [name for name in by_date if name.split()[0].endswith("M02")]
    assert found("'-namefilter', 'nobody*'") == []
    assert found("'-idfilter', 'm?01'") == names[:2]
    assert found("{sort = 'PatientsName'}") == sorted(names)
    first = names[0][-8:]
    assert found(f"'-dateend', '{first}', '-datestart', '{first}'") == [n for n in by_date if n.endswith(first)]
    assert found(f"'-dateend', '{first}'") == by_date[:1]
    assert found("'-datestart', '20991231'") == []


def test_records_are_those_of_the_files_where_the_server_says_them(backend, mice):
    with LocalRepository.open(mice.path) as local:
        truth = local.find_studies()[0]
        series = local.find_series(truth.study_uid)
    keys = ["StudyInstanceUID", "PatientID", "PatientsName", "StudyDate", "StudyTime", "StudyDescription"]
    shown = " .. '|' .. ".join(f"s.{key}" for key in keys)
    assert backend.run(f"local s = repo:getStudies()[1] print({shown})") == [
        "|".join(
            (
                truth.study_uid,
                truth.patient_id,
                truth.patient_name,
                truth.study_date,
                truth.study_time,
                truth.study_description,
            )
        )
    ]
    listed = backend.run(
        "for _, s in ipairs(repo:getSeries(repo:getStudies()[1])) do print(s.SeriesInstanceUID, s.Modality) end"
    )
    assert sorted(listed) == sorted(f"{one.series_uid}\t{one.modality}" for one in series)
    # dcmqrscp leaves out what it need not say: then it is "", never nil.
    code = """
        for _, s in ipairs(repo:getSeries(repo:getStudies()[1])) do
          for _, key in ipairs{"ManufacturersModelName", "SeriesDate", "SeriesDescription", "SeriesNumber"} do
            assert(type(s[key]) == "string", key)
          end
        end
    """
    assert backend.run(code) == []


def test_filters_of_series(backend):
    assert backend.run("""
        local study = repo:getStudies()[1]
        print(#repo:getSeries(study, "-modality", "nm"), #repo:getSeries(study, "-modality", "PT"))
        print(#repo:getSeries(study, "-modality", "NM", "-seriesdescription", "*in-111 *"))
    """) == ["1\t0", "1"]
    assert "1.2.3" in str(backend.fails("repo:getSeries('1.2.3')"))
    assert "modalities there: CT, NM" in str(
        backend.fails("local s = repo:getStudies()[1] repo:load(s, repo:getSeries(s, '-modality', 'CX')[1], 0)")
    )
    assert "1.2.3" in str(backend.fails("repo:load(repo:getStudies()[1], '1.2.3', 0)"))


def test_images_are_those_of_the_files(backend, mice, tmp_path: Path):
    code = "load(1) for i = 0, 1 do print(dm:getMax(i), dm:getMin(i), dm:unit(i), dm:voxelSizeZ(i)) end"
    assert backend.run(code) == Backend("", str(mice.path), Config(), [], tmp_path).run(code, "")


def test_tags(backend):
    assert backend.run("""
        local study = repo:getStudies()[1]
        local series = repo:getSeries(study, "-modality", "CT")[1]
        local tags = repo.dcmRep:tags(series)
        print(tags.Modality, tags.InstanceNumber, tags.PatientName)
    """) == ["CT\t1\tS1+M01"]


def test_rois_by_creator_and_names(backend):
    assert backend.run("""
        load(1)
        show(repo:getROIs())
        show(repo:getROIs("-names", {"Tumor"}))
        local all = repo.dcmRep:dataPoints(repo:getStudies()[1], "roi")
        local names = repo:mergeROIs("-names", {"Heart", "Tumor"})
        table.sort(names)
        show(names)
        repo:getROIs("-creator", all[1].creator)
        print(tool():numROIs() > 1)
    """)[-2:] == ["Heart,Tumor", "true"]
    assert "no ROI object of this study is by" in str(backend.fails("load(1) repo:getROIs('-creator', 'nobody')"))


def test_submitted_measurements_are_those_of_the_tool(backend):
    assert backend.run("""
        load(1)
        repo:getROIs()
        print(repo:submitROIs() > 0)
        local quant = repo:getQuantification(1)
        local roi = tool()
        for _, q in ipairs(quant) do
          local s = roi:statistics(roi:find(q.name), 1)
          assert(math.abs(q.mean - s.mean) <= 1e-6 * s.mean, q.mean .. " " .. s.mean)
          assert(q.creator == "tester" and q.input == 1 and #q.date == 8 and q.time ~= "")
        end
        print(#quant > 0, #quant == #repo:getQuantification(0))
        roi:clearAllROIs()
        print(#repo:getROIs("-creator", "tester") > 0)
    """) == ["true", "true\ttrue", "true"]


def test_another_session_finds_what_was_submitted(backend):
    assert backend.run("""
        load(1)
        print(#repo:getQuantification(1) > 0, repo:getQuantification(1)[1].creator)
    """) == ["true\ttester"]


def test_what_is_stored_loads_back(backend):
    assert backend.run("""
        local study = load(1)
        mw:setViewMode("Slice View", "Arithmetics")
        VQ.currentOp():scalarMult(1, 2, "%ID")
        print(repo:store(1))
        local found = repo:getSeries(study, "-modality", "NM", "-seriesdescription", "*[%ID]")
        print(#found, repo:load(study, found[1], 2), dm:unit(2))
        print(math.abs(dm:getMax(2) - dm:getMax(1)) < dm:getMax(1) / 60000)
    """) == ["1", "1\t1\t%ID", "true"]


def test_subject_information(backend, mice):
    printed = backend.run("""
        local study = load(1)
        print(repo:getInjectedDose(1))
        repo:setSubject(study, {injectedDose = 111})
        print(repo:getInjectedDose(1))
        repo:setSubject(study, {weight = "30 g", injectedDose = "3.7 MBq"})
        print(repo:getInjectedDose(1))
        local now = repo.dcmRep:dataPoints(study, "subject")[1]
        print(now.weight, now.nuclide, now.creator)
    """)
    doses = [line.split("\t") for line in printed[:3]]
    assert [float(dose) for dose, _ in doses] == pytest.approx([mice.scans[0].animal.dose, 111, 100])
    assert {source for _, source in doses} == {"subject"}
    assert printed[3] == "30.0\tIn-111\ttester"


def test_files_that_are_there_are_known_and_others_of_their_uid_are_refused(backend, mice, tmp_path: Path) -> None:
    from pydicom import dcmread

    original = few_files(mice.path)[0]
    changed = dcmread(original)
    changed.InstitutionName = "Elsewhere"
    changed.save_as(tmp_path / "changed.dcm")
    (tmp_path / "notes.txt").write_text("no DICOM")
    repository = open_repository(backend.url, backend.config)
    try:
        report = repository.store([original, tmp_path / "changed.dcm", tmp_path / "notes.txt"])
    finally:
        repository.close()
    assert (report.added, report.known, report.failed) == ([], [original], {tmp_path / "changed.dcm"})
    assert {path.name for path, _ in report.skipped} == {"changed.dcm", "notes.txt"}
    assert any("stored already with other content" in reason for _, reason in report.skipped)


def test_a_second_run_fetches_nothing(backend, monkeypatch: pytest.MonkeyPatch) -> None:
    code = "load(1) repo:getROIs() print(#repo:getQuantification(1) > 0)"
    backend.run(code)

    def retrieve(*_: object) -> None:
        raise AssertionError("something was fetched")

    for kind in (DimsePeer, DicomwebPeer, OrthancPeer):
        monkeypatch.setattr(kind, "retrieve", retrieve)
    assert backend.run(code) == ["true"]


def test_rois_are_left_where_the_script_wants_them(backend) -> None:
    assert backend.run("""
        load(1)
        repo:getROIs("-names", {"Heart"}, "-savepath", "all.rmha")
        repo:mergeROIs("-names", {"Heart"}, "-exactlist", false, "-savepath", "merged/")
        print(VQ.fileExists("all.rmha"), VQ.fileExists("merged/rois.rmha"), tool():numROIs() > 2)
        repo:mergeROIs("-names", "Heart")
        print(tool():numROIs())
    """) == ["true\ttrue\ttrue", "2"]


def test_a_plan_comes_with_what_belongs_to_it_and_is_stored_in_order(backend, tmp_path: Path) -> None:
    """Last, for it adds a study."""
    treatment = write_treatment(tmp_path)
    repository = open_repository(backend.url, backend.config)
    try:
        assert repository.store([tmp_path]).failed == set()
    finally:
        repository.close()
    assert backend.run(f"""
        local package = repo:getPlanPackage("{treatment.plan}", "{treatment.ct.study_uid}")
        show(package.structures)
        for _, input in ipairs(package.doses) do print(dm:unit(input), dm:getMax(input)) end
        print(#package.files, repo:store(package))
        local ct = repo.dcmRep:findSeries("{treatment.ct.study_uid}", "-modality", "CT")[1]
        print(repo.dcmRep:tags(ct).PatientID, dm:open(repo.dcmRep:fetch("{treatment.ct.study_uid}", ct), 5))
    """) == ["Liver", "Gy\t1.0", f"{len(treatment.package)}\t0", "RT-1\t1"]
