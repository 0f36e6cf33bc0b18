"""What travels with a script, and what stands where it is unpacked."""

from __future__ import annotations

import pytest

from vqscript.batch import bundle
from vqscript.batch.bundle import Bundle, pack
from vqscript.errors import UsageError


@pytest.fixture
def home(tmp_path):
    """A folder with a script, and what it needs and does not need."""
    folder = tmp_path / "home"
    (folder / "lib").mkdir(parents=True)
    (folder / "tables").mkdir()
    (folder / "lib" / "organs.lua").write_text('return require "deep"\n')
    (folder / "lib" / "deep.lua").write_text("return {}\n")
    (folder / "tools.lua").write_text('local organs = require("lib.organs")\n')
    (folder / "unused.lua").write_text("")
    (folder / "tables" / "doses.csv").write_text("a,1\n")
    (folder / "notes.txt").write_text("nobody names this\n")
    (tmp_path / "secret.txt").write_text("outside")
    (folder / "quantify.lua").write_text("""#include "tools.lua"
        -- require "unused"
        local stats = require "stats"
        local lost = pcall(require, "no.such.module")
        print(VQ.readFile("tables/doses.csv"), "../secret.txt", [[tables]], "")
    """)
    return folder


def test_includes_modules_and_files_that_are_named_travel_and_nothing_else(home):
    packed = pack(home / "quantify.lua")
    assert set(packed.files) == {"quantify.lua", "tools.lua", "lib/organs.lua", "lib/deep.lua", "tables/doses.csv"}
    assert packed.config is None


def test_unpacked_elsewhere_all_stands_as_it_stood(home, tmp_path):
    config = tmp_path / "vqscript.toml"
    config.write_text('user = "anovicki"\n')
    packed = Bundle.of(pack(home / "quantify.lua", config).data())
    script, settings = packed.unpack(tmp_path / "there" / "script")
    for name in packed.files:
        assert (script.parent / name).read_bytes() == (home / name).read_bytes()
    assert settings.read_text() == config.read_text()
    assert not settings.is_relative_to(script.parent)


def test_what_is_seen_unchanged_need_not_be_unpacked(home):
    packed = pack(home / "quantify.lua")
    assert packed.visible
    (home / "lib" / "deep.lua").write_text("return {1}\n")
    assert not packed.visible


def test_what_is_too_large_to_travel_has_to_be_seen(home, tmp_path, monkeypatch):
    (home / "tables" / "doses.csv").write_text("a,1\n" * 1000)
    monkeypatch.setattr(bundle, "MOST", 3000)
    packed = pack(home / "quantify.lua")
    assert packed.left_out == ("tables/doses.csv",)
    assert packed.visible
    with pytest.raises(UsageError, match=r"doses\.csv is too large to travel"):
        packed.unpack(tmp_path / "there")


def test_a_link_out_of_the_folder_is_not_followed(home, tmp_path):
    try:
        (home / "linked.txt").symlink_to(tmp_path / "secret.txt")
    except OSError:
        pytest.skip("links cannot be made here")
    (home / "quantify.lua").write_text('function process() return VQ.readFile("linked.txt") end')
    assert set(pack(home / "quantify.lua").files) == {"quantify.lua"}
