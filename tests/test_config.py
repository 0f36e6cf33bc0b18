"""The configuration file: where it is looked for, what it may say, what is refused."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

import pytest

from vqscript import config
from vqscript.config import Config, load
from vqscript.errors import ConfigError


@pytest.fixture(autouse=True)
def empty_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home without any configuration, so that the developer's own plays no part."""
    home = tmp_path / "home"
    home.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(home))
    for name in ("XDG_CONFIG_HOME", "APPDATA", "VQSCRIPT_CONFIG"):
        monkeypatch.delenv(name, raising=False)
    return home


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "vqscript.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_without_a_file_the_defaults_hold() -> None:
    assert load() == Config()
    assert load().repository("lab.repo") == "lab.repo"


def test_a_file(tmp_path: Path) -> None:
    file = write(
        tmp_path, 'user = " anovicki "\n[repositories]\nlab = "/data/lab.repo"\n"old pacs" = "dimse://a:104"\n'
    )
    found = load(file)
    assert found.user == "anovicki"
    assert dict(found.repositories) == {"lab": "/data/lab.repo", "old pacs": "dimse://a:104"}
    assert found.repository("lab") == "/data/lab.repo"
    assert found.path == file
    with pytest.raises(TypeError):
        found.repositories["lab"] = "elsewhere"  # type: ignore[index]


def test_what_is_named_goes_before_the_environment_and_that_before_the_usual_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(config.usual_place(), 'user = "usual"')
    assert load().user == "usual"
    monkeypatch.setenv("VQSCRIPT_CONFIG", str(write(tmp_path / "b", 'user = "environment"')))
    assert load().user == "environment"
    assert load(write(tmp_path / "c", 'user = "named"')).user == "named"


@pytest.mark.parametrize(
    ("platform", "variables", "folder"),
    [
        ("linux", {}, ".config/vqscript"),
        ("linux", {"XDG_CONFIG_HOME": "{home}/xdg"}, "xdg/vqscript"),
        ("linux", {"XDG_CONFIG_HOME": "relative"}, ".config/vqscript"),
        ("darwin", {"XDG_CONFIG_HOME": "{home}/xdg"}, "Library/Application Support/vqscript"),
        ("win32", {"APPDATA": "{home}/roaming"}, "roaming/vqscript"),
        ("win32", {}, "AppData/Roaming/vqscript"),
    ],
)
def test_the_usual_place(
    empty_home: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variables: dict[str, str], folder: str
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value.format(home=empty_home))
    monkeypatch.setattr(sys, "platform", platform)
    assert config.usual_place() == empty_home / folder


def test_a_named_file_must_exist(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match=r"no configuration file .*gone\.toml") as caught:
        load(tmp_path / "gone.toml")
    assert caught.value.path == tmp_path / "gone.toml"
    assert "--config" in caught.value.hint
    monkeypatch.setenv("VQSCRIPT_CONFIG", str(tmp_path / "gone.toml"))
    with pytest.raises(ConfigError) as caught:
        load()
    assert "VQSCRIPT_CONFIG" in caught.value.hint
    with pytest.raises(ConfigError, match="cannot read"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("text", "said", "line"),
    [
        ('\nusr = "a"', 'unknown key "usr"', 2),
        ('user = "a"\n[repository]\nlab = "x"', 'unknown key "repository"', 2),
        ("user = 3", "user must be text", 1),
        ('repositories = "lab"', "repositories must be a table", 1),
        ("[repositories]\nlab = 3", 'repository "lab" must be a path or URL', 2),
        ('[repositories]\n"lab" = " "', 'repository "lab" must be a path or URL', 2),
    ],
)
def test_what_cannot_be_is_refused_with_its_line(tmp_path: Path, text: str, said: str, line: int) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigError, match=said) as caught:
        load(file)
    assert str(caught.value).startswith(f"{file}, line {line}: ")
    assert (caught.value.path, caught.value.line) == (file, line)
    assert caught.value.hint


def test_a_misspelt_key_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(write(tmp_path, 'respositories = "x"'))
    assert caught.value.hint == 'did you mean "repositories"?'


def test_broken_toml_and_bytes_that_are_no_text(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no valid TOML.*line 2"):
        load(write(tmp_path, 'user = "a"\nuser = x\n'))
    file = tmp_path / "latin.toml"
    file.write_bytes(b'user = "Andr\xe9"')
    with pytest.raises(ConfigError, match=r"cannot read .*latin\.toml"):
        load(file)


def test_the_creator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "login")
    assert Config(user="configured").creator("given") == "given"
    assert Config(user="configured").creator(" ") == "configured"
    assert Config(user="configured").creator() == "configured"
    assert Config().creator() == "login"

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 4711")

    monkeypatch.setattr(getpass, "getuser", nobody)
    assert Config().creator() == "unknown"
