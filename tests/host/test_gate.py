"""The one gate for paths."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vqscript.errors import PermissionDenied, UsageError
from vqscript.host.gate import Gate


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "secret.txt").write_text("secret")
    return folder


def test_relative_paths_that_are_written_land_in_the_output(home):
    home.run('VQ.writeFile("a/notes.txt", "µ") assert(VQ.readFile("a/notes.txt") == "µ")')
    assert (home.output / "a" / "notes.txt").read_text(encoding="utf-8") == "µ"


def test_the_output_is_made_only_when_something_is_written(home):
    home.run('assert(not VQ.fileExists("x.txt") and not VQ.folderExists("pictures")) print(VQ.output)')
    assert not home.output.exists()
    home.run('VQ.mkdir(".", "pictures")')
    assert (home.output / "pictures").is_dir()


WRITES = ["../out.txt", "a/../../out.txt", "{elsewhere}/x.txt", "link/x.txt", "~/x.txt", "{scripts}/main.lua"]


@pytest.mark.parametrize("target", WRITES)
def test_writing_outside_names_the_flag(home, refusal, elsewhere, target):
    home.output.mkdir()
    (home.output / "link").symlink_to(elsewhere)
    kind, message, hint = refusal(f"VQ.writeFile('{target.format(elsewhere=elsewhere, scripts=home.folder)}', 'x')")
    assert kind == "PermissionDenied"
    assert "the script may not write" in message
    assert "--allow-write" in hint
    assert [path.name for path in elsewhere.iterdir()] == ["secret.txt"]


@pytest.mark.parametrize("target", ["", "   ", "a\\0b", "//server/share/x", "\\\\\\\\server\\\\x", "/\\\\server/x"])
@pytest.mark.parametrize("call", ["VQ.writeFile('{}', 'x')", "VQ.readFile('{}')", "VQ.dataManager():open('{}')"])
def test_what_is_no_path_is_refused(refusal, call, target):
    kind, message, _ = refusal(call.format(target))
    assert kind in ("PermissionDenied", "UsageError")
    assert "path" in message


@pytest.mark.skipif(os.name == "nt", reason="there it is a path like any other")
@pytest.mark.parametrize("target", ["C:/path/to/local/folder/x", "d:\\\\pictures\\\\x"])
def test_a_path_of_windows_makes_no_folder_called_c(home, refusal, target):
    kind, message, hint = refusal(f"VQ.writeFile('{target}', 'x')")
    assert (kind, "path of Windows" in message, "relative" in hint) == ("UsageError", True, True)
    assert not home.output.exists()


def test_a_flag_allows_writing_elsewhere(home, elsewhere):
    home.run(f'VQ.writeFile("{elsewhere}/x.txt", "x")', write=[elsewhere])
    assert (elsewhere / "x.txt").read_text() == "x"


def test_the_scripts_own_folder_is_never_written(home):
    with pytest.raises(PermissionDenied, match="own folder"):
        Gate(home.folder, home.folder).write("main.lua")
    with pytest.raises(PermissionDenied, match="own folder"):
        Gate(home.output, home.folder, write=[home.folder]).write(str(home.folder / "main.lua"))
    assert Gate(home.output, home.folder).write("x.txt") == home.output / "x.txt"


@pytest.mark.parametrize("opened", [True, False])
def test_a_repository_is_never_written(home, lab, opened):
    """Neither one that the script opened nor one that it only knows of."""
    code = f"""
        {f'VQ.dicomRepository("{lab}")' if opened else ""}
        local ok, e = pcall(VQ.writeFile, "{home.folder / lab}/index.sqlite", "x")
        print(e.type, e.message:match("is a repository") ~= nil)"""
    assert home.run(code, write=[home.folder / lab]) == ["PermissionDenied\ttrue"]


def test_the_configuration_is_never_written(home):
    config = home.output / "vqscript.toml"
    with pytest.raises(PermissionDenied, match="the configuration"):
        Gate(home.output, home.folder, protected=[config]).write("vqscript.toml")


def test_text_is_read_in_the_scripts_folder_the_current_one_and_the_output(home, elsewhere, monkeypatch):
    home.write("beside.txt", "beside")
    work = home.folder.parent / "work"
    work.mkdir()
    (work / "here.txt").write_text("here")
    monkeypatch.chdir(work)
    code = 'VQ.writeFile("written.txt", "written") print(VQ.readFile("beside.txt"), VQ.readFile("here.txt"))'
    assert home.run(code + ' print(VQ.readFile("written.txt"))') == ["beside\there", "written"]


@pytest.mark.parametrize("call", ["readFile", "fileExists", "folderExists"])
def test_reading_elsewhere_names_the_flag(home, refusal, elsewhere, call):
    (home.folder / "link").symlink_to(elsewhere)
    for path in (elsewhere / "secret.txt", "link/secret.txt", "../elsewhere/secret.txt"):
        kind, message, hint = refusal(f"VQ.{call}('{path}')")
        assert kind == "PermissionDenied"
        assert str(path) in message
        assert f"--allow-read {elsewhere}" in hint


def test_a_flag_allows_reading_elsewhere(home, elsewhere):
    code = f'print(VQ.readFile("{elsewhere}/secret.txt"))'
    assert home.run(code, read=[elsewhere]) == ["secret"]
    assert home.run(code, read=[elsewhere / "secret.txt"]) == ["secret"]


def test_a_home_folder_that_is_not_there_is_no_crash(home):
    with pytest.raises(UsageError, match="is no path"):
        Gate(home.output).read("~no-such-user-here/x")


def test_images_are_read_anywhere(refusal, elsewhere):
    kind, message, _ = refusal(f"VQ.dataManager():open('{elsewhere}')")
    assert kind != "PermissionDenied"
    assert str(elsewhere) in message
