"""From a path or URL to a repository."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from vqscript.errors import ConfigError, NotARepository, RepositoryError, UsageError
from vqscript.repository.local import LocalRepository
from vqscript.repository.opening import local_path, open_repository


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
    config = SimpleNamespace(
        repositories={"lab": str(tmp_path / "a"), "url": f"ipacs://{tmp_path}/b", "again": "ipacs://lab"}
    )
    assert local_path("ipacs://lab", config) == tmp_path / "a"
    assert local_path("ipacss://url/", config) == tmp_path / "b"
    with pytest.raises(ConfigError, match="a name again"):
        local_path("ipacs://again", config)
    with pytest.raises(UsageError, match='no repository is named "lap"') as error:
        local_path("ipacs://lap", config)
    assert '"lab"' in error.value.hint
    with pytest.raises(UsageError):
        local_path("ipacs://lab")


@pytest.mark.parametrize("url", ["dicom://host:104/AE", "https://host/dicom-web", "orthanc+http://host"])
def test_servers_are_refused_clearly(url: str) -> None:
    with pytest.raises(RepositoryError, match="local repositories only"):
        open_repository(url)


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert local_path("~/lab.repo") == tmp_path / "lab.repo"
    assert local_path("ipacs://lab", SimpleNamespace(repositories={"lab": "~/lab.repo"})) == tmp_path / "lab.repo"
    with pytest.raises(UsageError, match="is no folder"):
        local_path("~nobody-of-this-name/lab.repo")


def test_what_is_none(tmp_path: Path) -> None:
    with pytest.raises(NotARepository):
        open_repository(tmp_path)
    with pytest.raises(UsageError):
        open_repository(" ")
