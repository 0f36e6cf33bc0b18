"""The configuration file: where it is looked for, what it may say, what is refused."""

from __future__ import annotations

import getpass
import re
import sys
from pathlib import Path

import pytest

from vqscript import config
from vqscript.charsets import TERMS
from vqscript.config import Caller, Config, Project, Server, load
from vqscript.config_file import KEYS, SERVER_KEYS, read
from vqscript.config_lines import line_of
from vqscript.config_urls import shown
from vqscript.errors import ConfigError
from vqscript.repository.projects import ProjectRule


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
        tmp_path, 'user = " anovicki "\n[repositories]\nlab = "/data/lab.repo"\n"old pacs" = "dicom://A@a:104"\n'
    )
    found = load(file)
    assert found.user == "anovicki"
    assert dict(found.repositories) == {"lab": "/data/lab.repo", "old pacs": "dicom://A@a:104"}
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
    file.write_bytes(b'\nuser = "Andr\xe9"')
    with pytest.raises(ConfigError, match=r"latin\.toml, line 2: .*not in UTF-8") as caught:
        load(file)
    assert (caught.value.line, caught.value.hint) == (2, "save it as UTF-8")


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


WHOLE = """
user = "anovicki"
aet = "VQ"
port = 11113

[repositories]
lab = "/data/lab.repo"

[repositories.clinic]
url = "dicomweb+https://pacs.example.org/dicom-web"
ca = "hospital.pem"
user = "anna"
keyring = "pacs"
timeout = 5
project = { attribute = "StudyDescription", pattern = "*{project}" }

[[callers]]
aet = "ARCHIVE"
host = "10.0.0.7"
port = 104

[cache]
folder = "cache"
size = "1.5 GB"

[timeouts]
connect = 3
answer = 20.5
"""


def test_all_that_can_be_said(tmp_path: Path) -> None:
    found = load(write(tmp_path, WHOLE))
    clinic = found.servers["clinic"]
    assert (found.aet, found.port, found.callers) == ("VQ", 11113, (Caller("ARCHIVE", "10.0.0.7", 104),))
    assert found.repositories["clinic"] == clinic.url == "dicomweb+https://pacs.example.org/dicom-web"
    assert (clinic.ca, clinic.user, clinic.keyring, clinic.timeout) == (tmp_path / "hospital.pem", "anna", "pacs", 5)
    assert clinic.project == Project("StudyDescription", "*{project}")
    assert found.server(clinic.url) is clinic
    assert found.server("dicomweb+https://elsewhere") == Server("", "dicomweb+https://elsewhere")
    assert (found.cache.place(), found.cache.size) == (tmp_path / "cache", 1_500_000_000)
    assert (found.timeouts.connect, found.timeouts.answer) == (3, 20.5)


def test_the_usual_cache(empty_home: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("VQSCRIPT_CACHE", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    assert Config().cache.place() == empty_home / ".cache" / "vqscript"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert Config().cache.place() == empty_home / "Library" / "Caches" / "vqscript"
    monkeypatch.setenv("VQSCRIPT_CACHE", str(tmp_path))
    assert Config().cache.place() == tmp_path


FAULTS = """\
usr = "a"
port = "104"
[repositories]
lab = 3
"old" = "dicomweb+https://anna:secret@host/x"
[repositories.clinic]
url = "orthanc+https://host"
pasword_env = "P"
password = "hunter2"
project = { attribute = "StudyDescription", patern = "{project}" }
timeout = -1
key = "k.pem"
[[callers]]
aet = "TOO LONG FOR AN AE TITLE"
host = "h"
port = 104
[[callers]]
aet = "X"
port = 70000
[cache]
size = "much"
[timeouts]
anwser = 3
"""


def test_every_fault_is_found_with_its_line(tmp_path: Path) -> None:
    _, findings = read(FAULTS, tmp_path / "vqscript.toml")
    assert [(finding.line, finding.message) for finding in findings] == [
        (1, 'unknown key "usr"'),
        (2, "port must be a number from 1 to 65535"),
        (4, 'repository "lab" must be a path or URL'),
        (5, 'the URL of repository "old" holds a password'),
        (8, 'unknown key "pasword_env"'),
        (9, 'unknown key "password"'),
        (10, 'unknown key "patern"'),
        (11, "timeout must be a number of seconds, more than 0"),
        (12, 'repository "clinic" has a key, but no certificate'),
        (14, '"TOO LONG FOR AN AE TITLE" is no AE title'),
        (17, "a caller needs aet, host and port; host is missing"),
        (19, "port must be a number from 1 to 65535"),
        (21, "size must be a number of bytes, or text with a unit: KB, MB, GB, TB"),
        (23, 'unknown key "anwser"'),
    ]
    assert all(finding.hint for finding in findings)
    said = " ".join(finding.message + finding.hint for finding in findings)
    assert "secret@" not in said and "hunter2" not in said
    assert next(each for each in findings if each.line == 8).hint == 'did you mean "password_env"?'
    assert "environment variables" in next(each for each in findings if each.line == 9).hint


HTTPS, DICOM, DICOMS = "orthanc+https://h", "dicom://A@h", "dicoms://A@h"


@pytest.mark.parametrize(
    ("url", "said", "message"),
    [
        (HTTPS, 'project = "StudyDescription"', "project must be a table"),
        (HTTPS, 'project = { attribute = "study description" }', "project needs a DICOM keyword"),
        (HTTPS, 'project = { attribute = "StudyID", pattern = "x" }', "must hold {project} once"),
        (HTTPS, 'project = { attribute = "StudyID", pattern = 3 }', "pattern must be text"),
        (DICOM, 'project = { attribute = "Labels" }', "only Orthanc has Labels"),
        (HTTPS, 'token_env = "T"\npassword_env = "P"\nuser = "u"', "a token and a password"),
        (HTTPS, 'token_env = "T"\nuser = "u"', "has a user, and a token"),
        (HTTPS, 'keyring = "k"\ntoken_env = "T"', "has token_env and keyring"),
        (HTTPS, 'password_env = "P"', "a password, but no user"),
        (HTTPS, 'user = "anna"', "a user, but no password"),
        (HTTPS, 'user_env = "U"', "a user, but no password"),
        (HTTPS, 'user = "anna"\nuser_env = "U"\nkeyring = "k"', "has user and user_env"),
        (HTTPS, 'user = "an:na"\npassword_env = "P"', "with a colon"),
        (HTTPS, 'token_env = "eyJhbGci.eyJzdWIi.SflKxw"', "no name of an environment variable"),
        (HTTPS, "token_env = 3", "token_env must be text"),
        (HTTPS, 'keyring = " "', "keyring is empty"),
        (HTTPS, 'ca = "~nobody-of-this-name/x"', "is no path"),
        (HTTPS, 'ca = "a\\u0000b"', "cannot be seen"),
        (HTTPS, "ca = ['a']", "ca must be text"),
        (HTTPS, 'key = "k.pem"', "has a key, but no certificate"),
        (HTTPS, 'charset = "ISO_IR 100"', "charset has no use"),
        (DICOM, 'charset = "LATIN"', '"LATIN" is no character set of DICOM'),
        (DICOM, 'charset = "ISO_IR 100\\\\LATIN"', '"LATIN" is no character set of DICOM'),
        (DICOM, "charset = 100", "charset must be text"),
        (DICOM, 'ca = "ca.pem"', "ca has no use"),
        (DICOMS, 'token_env = "T"', "token_env has no use"),
        ("orthanc+http://h", 'ca = "ca.pem"', "ca has no use"),
        ("/data/lab.repo", 'token_env = "T"', "token_env has no use"),
        (HTTPS, "timeout = nan", "number of seconds"),
        (HTTPS, "timeout = inf", "number of seconds"),
        (HTTPS, "timeout = true", "number of seconds"),
        (HTTPS, "url_ = 3", 'unknown key "url_"'),
    ],
)
def test_what_does_not_fit_together(tmp_path: Path, url: str, said: str, message: str) -> None:
    _, findings = read(f'[repositories.a]\nurl = "{url}"\n{said}\n', tmp_path / "vqscript.toml")
    assert [message in finding.message for finding in findings] == [True], findings
    assert 3 <= findings[0].line < 3 + len(said.splitlines()) and findings[0].hint
    assert "eyJ" not in findings[0].message + findings[0].hint, "it may be the secret itself"


@pytest.mark.parametrize(
    ("url", "message", "hint"),
    [
        ("dicm://ARCHIVE@h:104", "no kind of server", 'did you mean "dicom"?'),
        ("https://h/dicom-web", "no kind of server", "dicomweb+https://"),
        ("dicom://h:104", "the AE title", "dicom://PACS@"),
        ("dicom://ARCHIVE@h:port", "is none", "dicom://PACS@"),
        ("orthanc+http://", "lacks a host", "as in"),
        ("orthanc+http://h?x=1", "goes on after the path", "as in dicomweb+https://"),
        ("orthanc+http://anna@h", "holds a user", 'user = "NAME"'),
        ("dicom://A@h/x", "goes on after the port", "as in dicom://"),
        ("dicom://AN-AE-TITLE-TOO-LONG@h", 'has "AN-AE-TITLE-TOO-LONG" as the AE title', "1 to 16"),
        ("dicom://%20@h", "as the AE title", "1 to 16"),
        ("dicom://MY PACS@h", "holds a space", "%20"),
        ("dicom://A@h:0", "lacks a host", "as in dicom://"),
        ("ipacs://zz", "is a name again", "the server itself"),
        ("IPACSS://lab", "is a name again", "the server itself"),
        ("lab", "is a name again", "the server itself"),
    ],
)
def test_urls_of_servers_that_cannot_be(tmp_path: Path, url: str, message: str, hint: str) -> None:
    (finding,) = read(f'[repositories]\nlab = "/lab.repo"\na = "{url}"\n', tmp_path / "vqscript.toml")[1]
    assert finding.line == 3 and message in finding.message + finding.hint and hint in finding.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("aet = 3", "aet must be text"),
        ('aet = ""', "aet is empty"),
        ('aet = "a\\\\b"', "is no AE title"),
        ("port = 65536", "port must be a number from 1 to 65535"),
        ("port = true", "port must be a number from 1 to 65535"),
        ("callers = {}", "callers must be tables"),
        ("callers = [1]", "callers must be tables"),
        ('callers = [{ aet = "A", host = "", port = 1 }]', "host is empty"),
        ('callers = [{ aet = "A", host = "a b", port = 1 }]', '"a b" is no host'),
        ('callers = [{ aet = "A", host = "300.1.2.3", port = 1 }]', '"300.1.2.3" is no host'),
        ('callers = [{ aet = "A", host = "10.0.0.0/240", port = 1 }]', '"10.0.0.0/240" is no host'),
        ('callers = [{ aet = "A", host = "h", port = 1, charset = "LATIN" }]', '"LATIN" is no character set'),
        (
            'callers = [{ aet = "A", host = "h", port = 1 }, { aet = "A", host = "h", port = 2 }]',
            "A at h is named twice",
        ),
        ("cache = 3", "cache must be a table"),
        ("cache.folder = 3", "folder must be text"),
        ("cache.size = 0", "size must be a number of bytes"),
        ('cache.size = "5 KiB"', "size must be a number of bytes"),
        (f'cache.size = "{"9" * 400}"', "size must be a number of bytes"),
        ("timeouts = 3", "timeouts must be a table"),
        ("timeouts.connect = inf", "connect must be a number of seconds"),
        ('timeouts.answer = "3"', "answer must be a number of seconds"),
        ("timeouts.answer = 0", "answer must be a number of seconds"),
        ('repositories."" = "/x"', '"" is no name'),
        ('repositories."a/" = "/x"', '"a/" is no name'),
        ('repositories."/a" = "/x"', '"/a" is no name'),
        ('repositories.a = "~nobody-of-this-name/x"', "is no path"),
        ("repositories.a = {}", 'repository "a" must be a path or URL'),
        ("a = [1,\n2", "no valid TOML"),
        ('user = "a"\nuser = "b"', "no valid TOML"),
    ],
)
def test_each_value_that_cannot_be_is_told_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    findings = read(f"\n{text}\n", tmp_path / "vqscript.toml")[1]
    assert [message in finding.message for finding in findings] == [True], findings
    assert findings[0].hint
    assert findings[0].line == (3 if "\n" in text else 2)


@pytest.mark.parametrize("text", ["a = " + "[" * 20_000, "port = " + "9" * 5000])
def test_what_no_person_writes_is_a_fault_as_well(tmp_path: Path, text: str) -> None:
    (finding,) = read(text, tmp_path / "vqscript.toml")[1]
    assert finding.message.startswith("cannot be read: ")


def test_a_password_is_not_shown_whatever_it_holds() -> None:
    assert shown("dicom://anna:se\ncr@et@pacs:104") == "dicom://anna:...@pacs:104"


@pytest.mark.parametrize(
    "host", ["pacs_1.example.org", "10.0.0.7", "fe80::1%eth0", "10.0.0.0/24", "10.0.0.7/24", "::/0"]
)
def test_hosts_of_callers(tmp_path: Path, host: str) -> None:
    text = f'callers = [{{ aet = "A", host = "{host}", port = 104 }}]'
    settings, findings = read(text, tmp_path / "vqscript.toml")
    assert (findings, settings.callers) == ([], (Caller("A", host, 104),))


def test_a_url_has_one_set_of_keys(tmp_path: Path) -> None:
    """Else a name would be called with the certificates or credentials of another one."""
    one = '[repositories.a]\nurl = "orthanc+https://h"\ntoken_env = "A"\n[repositories.b]\nurl = "orthanc+https://h"\n'
    (finding,) = read(one + 'token_env = "B"\n', tmp_path / "vqscript.toml")[1]
    assert finding.line == 4 and '"a" and "b" have the same URL' in finding.message
    assert read(one + 'token_env = "A"\n', tmp_path / "vqscript.toml")[1] == []


def test_a_folder_is_sought_from_the_file_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "conf", '[repositories]\nlab = "lab.repo"\nold = "~/old.repo"\n')
    monkeypatch.chdir(tmp_path)
    found = load(Path("conf/vqscript.toml"))
    assert found.repositories["lab"] == str(file.parent / "lab.repo")
    assert found.repositories["old"] == str(tmp_path / "home" / "old.repo")


def test_the_mark_at_the_beginning_of_a_file_of_windows(tmp_path: Path) -> None:
    file = tmp_path / "vqscript.toml"
    file.write_bytes(b'\xef\xbb\xbfuser = "anna"\r\n')
    assert load(file).user == "anna"


def test_the_character_sets_are_those_that_are_read() -> None:
    from pydicom.charset import python_encoding

    assert set(TERMS) <= set(python_encoding)
    assert len(TERMS) > 25


def test_lines_are_found_however_a_key_is_written() -> None:
    text = (
        '# a = 1\na.b = 1\n"c d" = """\ne = 2\n"""\n[ x . "y z" ]\nf = { g = 1, h = 2 }\n[[l]]\nk = 1\n[[l]]\nk = 2\n'
    )
    assert line_of(text, ("a", "b")) == 2
    assert line_of(text, ("c d",)) == 3
    assert line_of(text, ("e",)) == 0
    assert line_of(text, ("x", "y z", "f", "h")) == 7
    assert line_of(text, ("l", "1", "k")) == 11
    assert line_of(text, ("l", "1", "missing")) == 10


def test_the_documentation_shows_what_is_right(tmp_path: Path) -> None:
    page = (Path(__file__).parent.parent / "docs" / "network.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert len(blocks) == 2
    for block in blocks:
        settings, findings = read(block, tmp_path / "vqscript.toml")
        assert findings == []
        assert settings.servers["clinic"].project == Project("StudyDescription", "*[{project}]*")
        rule = ProjectRule.of(settings.servers["clinic"].project)
        assert rule.projects("PET/CT [oncology/pilot] week 2") == ["/oncology/pilot"]
        assert rule.projects("[" * 300 + "a]") == [], "too long to be one"
    for key in (*SERVER_KEYS, *KEYS, "connect", "answer", "folder", "size"):
        assert f"`{key}`" in page or f"[{key}]" in page, key
