"""What ``vqscript health`` checks, each with what is fine and what is broken."""

from __future__ import annotations

import os
from importlib import metadata
from types import SimpleNamespace

import pytest

from vqscript import config
from vqscript.session import health
from vqscript.session.health import Level


def levels(findings):
    return [(found.level, found.topic) for found in findings]


def test_all_is_well_where_the_tests_run(tmp_path, mice):
    (tmp_path / "vqscript.toml").write_text(f"[repositories]\nlab = '{mice.path}'\n", encoding="utf-8")
    found = list(health.examine(tmp_path / "out", tmp_path / "vqscript.toml"))
    assert [each for each in found if each.level is Level.ERROR] == []
    text = "\n".join(each.text for each in found)
    for part in ("numpy", "pydicom", "lupa", "JPEG 2000", "SimpleITK", "repositories lab", "studies: 3", "GB are free"):
        assert part in text
    assert not (tmp_path / "out").exists()


def test_packages_that_are_absent_or_old(monkeypatch):
    monkeypatch.setattr(
        metadata, "requires", lambda name: ["numpy>=99.1", "no-such-package>=1.0", 'x>=1; extra == "y"']
    )
    numpy, absent = (each for each in health.packages() if each.level is Level.ERROR)
    assert "is too old: 99.1 or newer is needed" in numpy.text and "--upgrade" in numpy.advice
    assert absent.text == "no-such-package is not installed"
    assert absent.advice == 'pip install "no-such-package>=1.0"'


def test_decoders_that_are_absent(monkeypatch):
    import pydicom.pixels.decoders.base as decoders

    monkeypatch.setattr(decoders, "get_decoder", lambda uid: SimpleNamespace(is_available=uid.endswith(".5")))
    there, missing = health.decoders()
    assert there.text == "compressed DICOM: RLE"
    assert (missing.level, missing.advice) == (Level.WARNING, 'pip install "vqscript[codecs]"')
    assert "JPEG, JPEG-LS, JPEG 2000" in missing.text


def test_an_extra_that_is_absent():
    found = health.extra("no_such_module", "registration", "aligning")
    assert (found.level, found.advice) == (Level.WARNING, 'pip install "vqscript[registration]"')


def test_a_configuration_that_cannot_be_read(tmp_path):
    file = tmp_path / "vqscript.toml"
    file.write_text("repositries = {}")
    settings, found = health.configuration(file)
    assert (found.level, found.advice) == (Level.ERROR, 'did you mean "repositories"?')
    assert settings == config.Config()


@pytest.mark.parametrize("url", ["/no/such/folder", "ipacs://other", "https://pacs.example.org/x"])
def test_repositories_that_cannot_be_opened(url):
    (found,) = health.repository("lab", url, config.Config(repositories={"lab": url}))
    assert (found.level, found.topic) == (Level.ERROR, "repository lab")
    assert found.advice


def test_a_repository_whose_files_are_gone(mice, tmp_path):
    lab = mice.copied(tmp_path / "lab.repo").path
    for file in lab.rglob("*.dcm"):
        file.unlink()
    (found,) = health.repository("lab", str(lab), config.Config(repositories={"lab": str(lab)}))
    assert found.level is Level.ERROR
    assert "repo verify" in found.advice


def test_folders(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    assert levels(health.writable("output", tmp_path / "file" / "out")) == [(Level.ERROR, "output")]
    first, disk = health.writable("output", tmp_path / "new" / "out")
    assert "can be made" in first.text and disk.topic == "output"
    assert list(tmp_path.iterdir()) == [tmp_path / "file"]

    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(health.tempfile, "TemporaryFile", refuse)
    (refused,) = health.writable("output", tmp_path)
    assert "nothing can be written" in refused.text and "--output" in refused.advice


@pytest.mark.skipif(os.name == "nt", reason="modes of files are others there")
def test_a_repository_that_may_only_be_read_is_said_to_be(mice, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK)
    found, _ = health.repository("lab", str(mice.path), config.Config(repositories={"lab": str(mice.path)}))
    assert found.level is Level.OK and found.text.endswith(", read only")


@pytest.mark.parametrize(("free", "level"), [(10**12, Level.OK), (10**9, Level.WARNING), (10**6, Level.ERROR)])
def test_space(tmp_path, free, level):
    (found,) = health.space("output", tmp_path, lambda folder: free)
    assert found.level is level
    assert bool(found.advice) == (level is not Level.OK)


def test_the_clock():
    assert health.clock().level is Level.OK
    assert health.clock(0.0).level is Level.ERROR
    assert health.clock(health.OLDEST_CLOCK + 1).level is Level.WARNING
