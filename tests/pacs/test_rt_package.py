"""Radiotherapy plans with what belongs to them, from servers of all kinds and into scripts."""

from __future__ import annotations

from pathlib import Path

import pytest

from vqscript.errors import NotFound, UsageError
from vqscript.pacs.plan_package import plan_package
from vqscript.repository.local import LocalRepository

from .conftest import Pacs
from .treatment import RT, Treatment, write_treatment


@pytest.fixture
def treatment(tmp_path: Path) -> Treatment:
    """A treatment in files."""
    return write_treatment(tmp_path / "treatment")


@pytest.fixture
def stored(treatment: Treatment, tmp_path: Path) -> Path:
    """The same in a local repository."""
    with LocalRepository.create(tmp_path / "rt.repo") as repository:
        repository.store([treatment.folder])
    return tmp_path / "rt.repo"


def instances(path: Path, treatment: Treatment) -> set[str]:
    """What a local repository has of it."""
    with LocalRepository.open(path) as repository:
        return set(repository.instances(treatment.ct.study_uid))


def test_the_doses_of_a_plan_are_those_that_refer_to_it(treatment: Treatment, stored: Path):
    with LocalRepository.open(stored) as repository:
        package = plan_package(repository, treatment.plan)
        assert package.label == "Boost" and [dose.sop_uid for _, dose in package.doses] == [treatment.dose]
        kinds = [{one.sop_class for one in step} for step in package.steps()]
        assert kinds == [{"1.2.840.10008.5.1.4.1.1.2"}, {f"{RT}3"}, {f"{RT}5"}, {f"{RT}2"}]
        assert {one.sop_uid for step in package.steps() for one in step} == treatment.package


def test_what_is_no_plan_or_not_there_is_told(treatment: Treatment, stored: Path):
    with LocalRepository.open(stored) as repository:
        with pytest.raises(UsageError, match="is no radiotherapy plan, but RT Dose"):
            plan_package(repository, treatment.dose)
        with pytest.raises(NotFound, match=r"has no instance 1\.2\.3"):
            plan_package(repository, "1.2.3")
        with pytest.raises(NotFound, match=r"has no instance 1\.2\.3"):
            plan_package(repository, "1.2.3", treatment.ct.study_uid)


def test_a_plan_whose_structure_set_is_lost_names_it(treatment: Treatment, tmp_path: Path):
    with LocalRepository.create(tmp_path / "part.repo") as repository:
        repository.store([treatment.folder / "b-plan.dcm"])
        with pytest.raises(NotFound, match=rf"refers to structure set {treatment.structures}, which is not there"):
            plan_package(repository, treatment.plan)


def test_a_package_of_every_kind_of_server(pacs: Pacs, orthanc, qrscp, treatment: Treatment, tmp_path: Path):
    http = f"127.0.0.1:{orthanc.http}"
    for url in (orthanc.url, qrscp.url):
        pacs("store", "--pacs", url, "treatment")
    ways = [orthanc.url, f"dicomweb+http://{http}/dicom-web", f"orthanc+http://{http}", qrscp.url]
    for number, url in enumerate(ways):
        said = pacs("rt-package", treatment.plan, "--pacs", url, "--repo", f"{number}.repo", "--json").json
        assert (said["status"], said["label"], said["doses"]) == (True, "Boost", [treatment.dose])
        assert instances(tmp_path / f"{number}.repo", treatment) == treatment.package
    words = ("rt-package", treatment.plan, "--pacs", qrscp.url, "--study", treatment.ct.study_uid)
    assert "dose: " + treatment.dose in pacs(*words, "--folder", "tree").out
    assert len(list((tmp_path / "tree").rglob("*.dcm"))) == len(treatment.package)


def test_a_package_goes_on_to_another_server(pacs: Pacs, orthanc, qrscp, treatment: Treatment):
    pacs("store", "--pacs", qrscp.url, "treatment")
    orthanc.clear()
    done = pacs("rt-package", treatment.plan, "--pacs", qrscp.url, "--to", orthanc.url)
    assert "7 of 7 instances are at" in done.out and orthanc.held() == treatment.package


def test_a_plan_that_is_not_there(pacs: Pacs, orthanc):
    for url in (orthanc.url, f"orthanc+http://127.0.0.1:{orthanc.http}"):
        assert "1.2.3.9" in pacs("rt-package", "1.2.3.9", "--pacs", url, "--repo", "x.repo", code=1).err
    assert "is no UID" in pacs("rt-package", "*", "--pacs", orthanc.url, "--repo", "x.repo", code=2).err


SCRIPT = """
local ipacs = require "ipacs"
local repo = ipacs.iPACS(args.repo)
local dm = VQ.dataManager()
"""


def test_a_script_loads_a_plan(desk, treatment: Treatment, stored: Path):
    printed = desk.run(
        SCRIPT
        + """
        local package = repo:getPlanPackage(args.plan)
        print(package.plan == args.plan, package.label, #package.structures, package.structures[1])
        print(#package.doses, dm:size(), dm:unit(0), dm:unit(package.doses[1]))
        VQ.mainWin():setViewMode("Slice View", "3D ROI Tool")
        local roi = VQ.currentOp()
        print(#package.structures == roi:numROIs() - 1)
        """,
        repo=str(stored),
        plan=treatment.plan,
    )
    assert printed == ["true\tBoost\t1\tLiver", "1\t2\tHU\tGy", "true"]
    measured = desk.session.roi_tool.statistics(1, 1).fields()
    assert (measured["min"], measured["max"]) == (pytest.approx(1.0), pytest.approx(1.0)), "of this plan, not another"


def test_a_script_stores_a_package_in_order(desk, treatment: Treatment, stored: Path, tmp_path: Path, monkeypatch):
    order: list[str] = []
    real = LocalRepository.store

    def noting(self, paths, project=""):
        from vqscript.imaging.dicom.header import read_instance

        order.append(read_instance(paths[0]).modality)
        return real(self, paths, project)

    monkeypatch.setattr(LocalRepository, "store", noting)
    LocalRepository.create(tmp_path / "other.repo").close()
    printed = desk.run(
        SCRIPT + "print(ipacs.iPACS(args.other):store(repo:getPlanPackage(args.plan)))",
        repo=str(stored),
        other=str(tmp_path / "other.repo"),
        plan=treatment.plan,
    )
    assert printed == ["7"] and order == ["CT", "RTSTRUCT", "RTPLAN", "RTDOSE"]
    assert instances(tmp_path / "other.repo", treatment) == treatment.package


def test_a_script_is_told_what_is_wrong_and_nothing_changes(desk, treatment: Treatment, stored: Path):
    for uid, said in ((treatment.dose, "is no radiotherapy plan"), ("1.2.3", "has no instance 1.2.3")):
        (line,) = desk.run(
            SCRIPT + "local ok, why = pcall(repo.getPlanPackage, args.plan) print(ok, why.message, dm:size())",
            repo=str(stored),
            plan=uid,
        )
        assert line.startswith("false") and said in line and line.endswith("\t0")


def test_a_script_loads_a_plan_from_a_server(pacs: Pacs, orthanc, desk, treatment: Treatment):
    pacs("store", "--pacs", orthanc.url, "treatment")
    code = SCRIPT + "local p = repo:getPlanPackage(args.plan) print(p.label, #p.doses, dm:unit(p.doses[1]))"
    url = f"orthanc+http://127.0.0.1:{orthanc.http}"
    assert desk.run(code, repo=url, plan=treatment.plan) == ["Boost\t1\tGy"]
