"""What comes back from a worker that does not see the batch's folder."""

from __future__ import annotations

import pytest

from vqscript.batch import parcel
from vqscript.batch.folder import BatchFolder
from vqscript.batch.parcel import Parcel, pack, unpack
from vqscript.errors import Damaged, UsageError


@pytest.fixture
def folder(tmp_path):
    return BatchFolder.prepare(tmp_path / "out")


def test_a_folder_arrives_as_it_was_sent_and_replaces_what_was_there(folder, tmp_path):
    sent = tmp_path / "sent"
    (sent / "notes").mkdir(parents=True)
    (sent / "notes" / "a.txt").write_bytes(b"\x00\xff")
    (sent / "result.json").write_text("{}")
    folder.study("P1").mkdir(parents=True)
    (folder.study("P1") / "old.txt").touch()
    unpack(pack(sent), folder, "P1")
    found = {
        path.relative_to(folder.study("P1")).as_posix() for path in folder.study("P1").rglob("*") if path.is_file()
    }
    assert found == {"notes/a.txt", "result.json"}
    assert (folder.study("P1") / "notes" / "a.txt").read_bytes() == b"\x00\xff"


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", "C:/x", "a\\..\\x", "", "a/./../..", "nul.txt"])
def test_names_that_lead_elsewhere_are_refused(folder, tmp_path, name):
    with pytest.raises(Damaged, match="no name within the folder of a study"):
        unpack(Parcel({"result.json": b"{}", name: b"evil"}), folder, "P1")
    assert not folder.study("P1").exists()


def test_a_parcel_without_a_record_is_refused(folder):
    with pytest.raises(Damaged, match="no record of P1"):
        unpack(Parcel({"a.txt": b""}), folder, "P1")


def test_what_is_too_large_does_not_travel(tmp_path, monkeypatch):
    monkeypatch.setattr(parcel, "MOST", 10)
    (tmp_path / "a.raw").write_bytes(b"x" * 11)
    with pytest.raises(UsageError, match="at most 0 MB travel back"):
        pack(tmp_path)
