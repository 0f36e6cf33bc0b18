"""Files and folders that appear whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from vqscript.files import whole_folder


def fill(path: Path, text: str) -> None:
    with whole_folder(path) as fresh:
        (fresh / "file").write_text(text)


def test_a_folder_is_replaced_once_the_new_one_is_whole(tmp_path):
    path = tmp_path / "new" / "folder"
    fill(path, "first")
    fill(path, "second")
    assert (path / "file").read_text() == "second"
    assert [entry.name for entry in path.parent.iterdir()] == ["folder"]


def test_what_was_there_stays_if_filling_fails(tmp_path):
    fill(tmp_path / "folder", "first")
    with pytest.raises(RuntimeError, match="half way"), whole_folder(tmp_path / "folder") as fresh:
        (fresh / "file").write_text("second")
        raise RuntimeError("half way")
    assert (tmp_path / "folder" / "file").read_text() == "first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]


def test_what_was_there_comes_back_between_the_two_names(tmp_path, monkeypatch):
    path = tmp_path / "folder"
    fill(path, "first")
    rename = Path.replace

    def cut_short(self: Path, target: Path) -> Path:
        if self.name.endswith(".part"):
            raise KeyboardInterrupt
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", cut_short)
    with pytest.raises(KeyboardInterrupt):
        fill(path, "second")
    assert (path / "file").read_text() == "first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["folder"]
