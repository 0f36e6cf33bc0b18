"""The demo's folder: an earlier demo is replaced, anything else is left alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vqscript.demo.folder import DemoFolder
from vqscript.errors import UsageError


@pytest.fixture
def finished(tmp_path: Path) -> DemoFolder:
    folder = DemoFolder(tmp_path / "demo")
    folder.prepare(1)
    instances = folder.repository / "instances" / "ab"
    instances.mkdir(parents=True)
    (instances / "abcd.dcm").write_bytes(b"image")
    (instances / "abcd.dcm").chmod(0o444)
    (folder.repository / "index.sqlite").write_bytes(b"index")
    folder.output.mkdir()
    (folder.output / "results.csv").write_text("table")
    folder.finish(1)
    return folder


def contents(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_an_earlier_demo_is_replaced_and_files_beside_it_stay(finished: DemoFolder):
    (finished.output / "my notes.txt").write_text("mine")
    (finished.path / "talk.odp").write_text("mine")
    (finished.repository / "index.sqlite-wal").write_bytes(b"left by a reader")
    finished.prepare(2)
    assert contents(finished.path) == ["demo.json", "output/my notes.txt", "talk.odp"]
    assert not finished.repository.exists()


def test_a_demo_that_was_stopped_is_replaced(finished: DemoFolder):
    finished.prepare(2)
    finished.repository.mkdir()
    (finished.repository / "half.dcm").write_bytes(b"")
    (finished.path / ".making-x1").mkdir()
    (finished.path / ".making-x1" / "CT001.dcm").write_bytes(b"")
    finished.prepare(3)
    assert contents(finished.path) == ["demo.json"]


def test_studies_that_were_added_are_not_thrown_away(finished: DemoFolder):
    added = finished.repository / "instances" / "ab" / "ef01.dcm"
    added.write_bytes(b"a real study")
    before = contents(finished.path)
    with pytest.raises(UsageError, match="holds 1 file"):
        finished.prepare(2)
    assert contents(finished.path) == before
    assert added.read_bytes() == b"a real study"


@pytest.mark.parametrize(
    "marker", [None, "{", "[]", json.dumps({"seed": 1}), json.dumps({"made_by": "vqscript demo", "files": 3}), b"\xff"]
)
def test_a_folder_that_is_no_demo_is_refused_untouched(tmp_path: Path, marker: str | bytes | None):
    (tmp_path / "thesis.txt").write_text("years of work")
    (tmp_path / "output").mkdir()
    (tmp_path / "output" / "results.csv").write_text("mine")
    if marker is not None:
        (tmp_path / "demo.json").write_bytes(marker if isinstance(marker, bytes) else marker.encode())
    before = contents(tmp_path)
    with pytest.raises(UsageError, match="no earlier demo"):
        DemoFolder(tmp_path).prepare(1)
    assert contents(tmp_path) == before


def test_a_marker_cannot_name_files_elsewhere(finished: DemoFolder, tmp_path: Path):
    elsewhere = tmp_path / "elsewhere.txt"
    elsewhere.write_text("mine")
    (finished.path / "mine.txt").write_text("mine")
    marker = json.loads(finished.marker.read_text())
    marker["files"] += ["../elsewhere.txt", "output/../../elsewhere.txt", str(elsewhere), "mine.txt", 7]
    finished.marker.write_text(json.dumps(marker))
    finished.prepare(2)
    assert elsewhere.exists()
    assert contents(finished.path) == ["demo.json", "mine.txt"]


def test_an_output_folder_that_is_a_link_keeps_what_it_leads_to(finished: DemoFolder, tmp_path: Path):
    target = tmp_path / "target"
    finished.output.rename(target)
    finished.output.symlink_to(target)
    finished.prepare(2)
    assert (target / "results.csv").exists()


def test_an_empty_folder_will_do_but_a_file_or_a_missing_parent_will_not(tmp_path: Path):
    DemoFolder(tmp_path).prepare(1)
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="is a file"):
        DemoFolder(tmp_path / "file").prepare(1)
    with pytest.raises(UsageError, match="no folder"):
        DemoFolder(tmp_path / "no" / "demo").prepare(1)
    assert not (tmp_path / "no").exists()
