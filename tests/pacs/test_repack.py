"""pacs repack: readable trees, and nothing lost on the way."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from vqscript.pacs.template import LONGEST_PART
from vqscript.repository.local import LocalRepository

from .conftest import Made, Pacs, write_series


def tree(folder: Path) -> list[str]:
    """The files below a folder."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_the_usual_layout(pacs: Pacs, series: Made, tmp_path: Path):
    (tmp_path / "series" / "notes.txt").write_text("hello")
    done = pacs("repack", "series", "--folder", "out")
    assert "4 files are new, 0 were there, 0 failed" in done.out and "notes.txt" in done.out
    found = tree(tmp_path / "out")
    assert {Path(one).name for one in found} == {f"{k + 1:04}-{uid}.dcm" for k, uid in enumerate(series.files)}
    (folder,) = {str(Path(one).parent) for one in found}
    assert folder.startswith("CASE-1-Case^One-19700101/Chest-A1-20240115/Axial-")
    assert all(path.exists() for path in series.paths), "a copy leaves its source"
    assert "0 files are new, 4 were there" in pacs("repack", "series", "--folder", "out").out


def test_another_template(pacs: Pacs, series: Made, tmp_path: Path):
    pacs("repack", "series", "--folder", "out", "--template", "{Modality}/{SeriesNumber:03}/{SOPInstanceUID}.dcm")
    assert tree(tmp_path / "out") == sorted(f"CT/003/{uid}.dcm" for uid in series.files)


@pytest.mark.parametrize(
    "template",
    ["../{SOPInstanceUID}", "/{SOPInstanceUID}", "{Modality}.dcm", "{Modalty}/{SOPInstanceUID}", "{x/{SOPInstanceUID}"],
)
def test_a_template_that_cannot_be_is_wrong_use(pacs: Pacs, series: Made, template):
    pacs("repack", "series", "--folder", "out", "--template", template, code=2)


def test_sources_go_only_once_their_copies_are_verified(pacs: Pacs, series: Made, tmp_path: Path):
    cut = series.paths[0]
    cut.write_bytes(cut.read_bytes()[:-100])
    done = pacs("repack", "series", "--folder", "out", "--move", "--json", code=1).json
    assert [one["path"] for one in done["failed"]] == [str(cut.relative_to(tmp_path))] and cut.exists()
    assert len(done["new"]) == len(done["removed"]) == 3
    assert not any(path.exists() for path in series.paths[1:])


def test_a_file_that_cannot_be_filed_keeps_its_source(pacs: Pacs, series: Made, tmp_path: Path):
    pacs("repack", "series", "--folder", "out")
    other = next((tmp_path / "out").rglob("0001-*.dcm"))
    data = bytearray(other.read_bytes())
    data[-1] ^= 1
    other.write_bytes(data)
    done = pacs("repack", "series", "--folder", "out", "--move", "--json", code=1).json
    assert "other content, which was kept" in done["failed"][0]["reason"]
    assert other.read_bytes() == data and series.paths[0].exists() and len(done["removed"]) == 3


def test_a_file_is_not_removed_where_it_is_its_own_copy(pacs: Pacs, series: Made, tmp_path: Path):
    pacs("repack", "series", "--folder", "out")
    where = tree(tmp_path / "out")
    os.chdir(tmp_path / "out")
    pacs("repack", next((tmp_path / "out").rglob("0001-*.dcm")), "--folder", ".", "--move")
    assert tree(tmp_path / "out") == where


@pytest.mark.parametrize(
    "hostile", ["../../../etc", "/etc/passwd", "..", "CON", "a/../../b", ".hidden", "x" * 60 + "é" * 4]
)
def test_no_tag_leads_out_of_the_tree(pacs: Pacs, tmp_path: Path, hostile):
    write_series(tmp_path / "in", 1, PatientID=hostile, PatientName=hostile, SeriesDescription=hostile)
    pacs(
        "repack",
        "in",
        "--folder",
        "deep/er/out",
        "--template",
        "{PatientID}/{PatientName}-{SeriesDescription}/{SOPInstanceUID}.dcm",
    )
    shutil.rmtree(tmp_path / "in")
    (only,) = tmp_path.rglob("*.dcm")
    assert only.resolve().is_relative_to(tmp_path / "deep" / "er" / "out")
    parts = only.relative_to(tmp_path / "deep/er/out").parts
    assert len(parts) == 3
    for part in parts:
        assert not part.startswith(".") and part.casefold() != "con" and len(part) <= LONGEST_PART


def test_a_link_in_the_tree_is_not_followed(pacs: Pacs, series: Made, tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "CT").symlink_to(tmp_path / "elsewhere")
    done = pacs("repack", "series", "--folder", "out", "--template", "{Modality}/{SOPInstanceUID}.dcm", code=1)
    assert "is a link" in done.out and not tree(tmp_path / "elsewhere")


def test_nothing_is_moved_out_of_a_repository(pacs: Pacs, series: Made, tmp_path: Path):
    with LocalRepository.create(tmp_path / "lab.repo") as repository:
        repository.store(series.paths)
    assert "belongs to the repository" in pacs("repack", "lab.repo", "--folder", "out", "--move", code=2).err
    assert "4 files are new" in pacs("repack", "lab.repo", "--folder", "out").out
    assert len(tree(tmp_path / "lab.repo" / "instances")) == 4
