"""From a path or URL to a repository."""

from __future__ import annotations

from pathlib import Path

import pytest

from vqscript.config import CacheSettings, Config
from vqscript.errors import ConfigError, NotARepository, RepositoryError, UsageError
from vqscript.repository.local import LocalRepository
from vqscript.repository.opening import is_name, local_path, located, open_repository


def test_a_url_leads_back_to_its_repository(tmp_path: Path) -> None:
    folder = tmp_path / "50% ü #1?.repo"
    with LocalRepository.create(folder) as made:
        url = made.url
    assert url.startswith("ipacs:///")
    for spelling in (url, folder, str(folder)):
        with open_repository(spelling) as found:
            assert found.url == url
            assert found.kind == "local"


def test_names_are_looked_up_in_the_configuration(tmp_path: Path) -> None:
    config = Config(repositories={"lab": str(tmp_path / "a"), "url": f"ipacs://{tmp_path}/b", "again": "ipacs://lab"})
    assert local_path("ipacs://lab", config) == tmp_path / "a"
    assert local_path("ipacss://url/", config) == tmp_path / "b"
    with pytest.raises(ConfigError, match="a name again"):
        local_path("ipacs://again", config)
    with pytest.raises(UsageError, match='no repository is named "lap"') as error:
        local_path("ipacs://lap", config)
    assert '"lab"' in error.value.hint
    with pytest.raises(UsageError):
        local_path("ipacs://lab")


def test_folders_are_no_names() -> None:
    assert [is_name(url) for url in ("ipacs://lab", "ipacss://lab", "IPACS://lab")] == [True] * 3
    folders = ("ipacs:///x", "ipacss:///x", "IPACSS:///x", "/x", "x", "dicom://A@h", "file:///x")
    assert [is_name(url) for url in folders] == [False] * 7
    config = Config(repositories={"url": "ipacss:///data/lab.repo"})
    assert local_path("ipacs://url", config) == Path("/data/lab.repo")


def test_names_may_stand_for_servers() -> None:
    url = "dicomweb+https://host/dicom-web"
    config = Config(repositories={"clinic": url})
    assert located("ipacs://clinic", config) == located(url) == url
    with pytest.raises(RepositoryError, match="no folder of this machine"):
        local_path("ipacs://clinic", config)


def test_a_bare_name_is_one_where_no_folder_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = Config(repositories={"lab": "/data/lab.repo"})
    assert located("lab", config) == Path("/data/lab.repo")
    assert located("lap", config) == Path("lap")
    (tmp_path / "lab").mkdir()
    assert located("lab", config) == Path("lab")


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("dicom://PACS@host:104", "dimse"),
        ("dicoms://PACS@host:104", "dimse"),
        ("DicomWeb+https://host/dicom-web", "dicomweb"),
        ("dicomweb+http://[::1]:8042/dicom-web", "dicomweb"),
        ("orthanc+http://host:8042", "orthanc"),
    ],
)
def test_a_server_is_opened_without_being_asked_anything(url: str, kind: str, tmp_path: Path) -> None:
    repository = open_repository(url, Config(cache=CacheSettings(tmp_path)))
    try:
        assert (repository.kind, repository.url, repository.root) == (kind, url, None)
    finally:
        repository.close()


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("https://host/dicom-web", "dicomweb+https://"),
        ("orthank+http://host", "orthanc+http"),
        ("dicomweb+https://", "as in https://"),
        ("orthanc+http://host?x=1", "as in https://"),
        ("dicom://host:104", "dicom://PACS@"),
    ],
)
def test_what_no_server_can_be_reached_by_is_refused(url: str, hint: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_repository(url, Config(cache=CacheSettings(tmp_path)))
    assert hint in caught.value.hint


@pytest.mark.parametrize("url", ["orthanc+http://anna:hunter2@host", "https://anna:hunter2@host/x"])
def test_a_password_in_a_url_is_refused_and_not_shown(url: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        open_repository(url, Config(cache=CacheSettings(tmp_path)))
    assert "hunter2" not in str(caught.value) + caught.value.hint
    with pytest.raises(RepositoryError) as refused:
        local_path(url)
    assert "hunter2" not in str(refused.value) + refused.value.hint


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert local_path("~/lab.repo") == tmp_path / "lab.repo"
    assert local_path("ipacs://lab", Config(repositories={"lab": "~/lab.repo"})) == tmp_path / "lab.repo"
    with pytest.raises(UsageError, match="is no folder"):
        local_path("~nobody-of-this-name/lab.repo")


def test_what_is_none(tmp_path: Path) -> None:
    with pytest.raises(NotARepository):
        open_repository(tmp_path)
    with pytest.raises(UsageError):
        open_repository(" ")
