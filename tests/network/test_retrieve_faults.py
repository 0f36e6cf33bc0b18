"""A PACS that answers wrongly, over a real association: what a repository makes of it."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset, dcmread
from pydicom.uid import generate_uid

from tests.network.conftest import Made
from vqscript.config import CacheSettings, Config
from vqscript.errors import PeerError
from vqscript.repository import fetching
from vqscript.repository.opening import open_repository
from vqscript.repository.remote import RemoteRepository

LEVELS = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}


class Wrong:
    """A PACS of pynetdicom's that holds datasets; a test replaces what it lists, sends, or says of what it takes."""

    def __init__(self, paths: list[Path]) -> None:
        from pynetdicom import AE, AllStoragePresentationContexts, evt
        from pynetdicom.sop_class import (
            StudyRootQueryRetrieveInformationModelFind,
            StudyRootQueryRetrieveInformationModelGet,
        )

        self.held = [dcmread(path) for path in paths]
        self.lists: Callable[[list[Dataset]], list[Dataset]] = lambda found: found
        self.sends: Callable[[list[Dataset]], list[Dataset]] = lambda found: found
        self.status = 0x0000
        self.asked_for = 0

        server = AE(ae_title="WRONG")
        server.add_supported_context(StudyRootQueryRetrieveInformationModelFind)
        server.add_supported_context(StudyRootQueryRetrieveInformationModelGet)
        for context in AllStoragePresentationContexts:
            server.add_supported_context(context.abstract_syntax, scu_role=True, scp_role=True)
        handlers = [(evt.EVT_C_FIND, self._find), (evt.EVT_C_GET, self._get), (evt.EVT_C_STORE, self._store)]
        self.server = server.start_server(("127.0.0.1", 0), block=False, evt_handlers=handlers)
        self.url = f"dicom://WRONG@127.0.0.1:{self.server.server_address[1]}"

    def fitting(self, identifier: Dataset) -> list[Dataset]:
        """What fits the UIDs of a query."""
        keys = {word: identifier[word].value for word in LEVELS.values() if identifier.get(word)}
        return [
            each
            for each in self.held
            if all(each[word].value in ([value] if isinstance(value, str) else value) for word, value in keys.items())
        ]

    def _find(self, event: Any) -> Iterator[tuple[int, Dataset | None]]:
        word = LEVELS[event.identifier.QueryRetrieveLevel]
        found = {each[word].value: each for each in self.lists(self.fitting(event.identifier))}
        for each in found.values():
            answer = Dataset()
            answer.QueryRetrieveLevel = event.identifier.QueryRetrieveLevel
            for element in event.identifier:
                if element.tag in each:
                    answer[element.tag] = each[element.tag]
            yield 0xFF00, answer

    def _get(self, event: Any) -> Iterator[Any]:
        self.asked_for += 1
        found = self.sends(self.fitting(event.identifier))
        yield len(found)
        for each in found:
            yield 0xFF00, each

    def _store(self, event: Any) -> int:
        dataset = event.dataset
        dataset.file_meta = event.file_meta
        self.held.append(dataset)
        return self.status


@pytest.fixture
def pacs(series: Made) -> Iterator[Wrong]:
    made = Wrong(series.paths)
    yield made
    made.server.shutdown()


@pytest.fixture
def repository(pacs: Wrong, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RemoteRepository]:
    monkeypatch.setattr(fetching, "PAUSE", 0.0)
    opened = open_repository(pacs.url, Config(cache=CacheSettings(tmp_path / "cache")))
    assert isinstance(opened, RemoteRepository)
    yield opened
    opened.close()


def changed(dataset: Dataset, **attributes: str) -> Dataset:
    other = copy.deepcopy(dataset)
    for keyword, value in attributes.items():
        setattr(other, keyword, value)
    return other


def test_it_does_well_when_it_wants_to(pacs: Wrong, repository: RemoteRepository, series: Made) -> None:
    assert len(repository.fetch(series.study_uid, series.series_uid).instances) == 4
    assert pacs.asked_for == 1


def test_an_instance_that_comes_twice_is_there_once(pacs: Wrong, repository, series: Made, caplog) -> None:
    pacs.sends = lambda found: [each for each in found for _ in range(2)]
    handle = repository.fetch(series.study_uid, series.series_uid)
    assert {each.sop_uid for each in handle.instances} == set(series.files)
    assert len(handle.instances) == 4
    assert (pacs.asked_for, caplog.text) == (1, "")


def test_of_two_instances_of_one_uid_the_first_is_kept_and_the_other_told(pacs: Wrong, repository, series, caplog):
    pacs.sends = lambda found: [*found, changed(found[1], InstitutionName="Elsewhere")]
    handle = repository.fetch(series.study_uid, series.series_uid)
    assert len(handle.instances) == 4
    uid = list(series.files)[1]
    assert f"what WRONG@{pacs.url.partition('@')[2]} sent as instance {uid} cannot be used" in caplog.text
    assert "other content" in caplog.text
    assert "InstitutionName" not in dcmread(next(each.path for each in handle.instances if each.sop_uid == uid))


def test_what_belongs_to_another_study_is_not_taken_for_it(pacs: Wrong, repository, series, caplog) -> None:
    """An instance has the UID that was asked for, and says of itself that it is of another study."""
    pacs.sends = lambda found: [changed(each, StudyInstanceUID="1.2.3") for each in found]
    with pytest.raises(PeerError, match="is incomplete: 4 of the 4 instances") as caught:
        repository.fetch(series.study_uid, series.series_uid)
    assert sorted(caught.value.missing) == sorted(series.files)
    assert "it says of itself that it is of study 1.2.3" in caplog.text
    # Once it is put right there, nothing stands in the way.
    pacs.sends = lambda found: found
    assert len(repository.fetch(series.study_uid, series.series_uid).instances) == 4


def test_an_answer_of_another_study_is_left_out(pacs: Wrong, repository, series: Made, caplog) -> None:
    stranger = changed(pacs.held[0], StudyInstanceUID="1.2.3", SeriesInstanceUID="1.2.3.4", SOPInstanceUID="1.2.3.4.5")
    pacs.lists = lambda found: [*found, stranger]
    assert [each.series_uid for each in repository.find_series(series.study_uid)] == [series.series_uid]
    assert set(repository.instances(series.study_uid)) == set(series.files)
    assert len(repository.fetch(series.study_uid, series.series_uid).instances) == 4
    assert "answered with what was not asked for" in caplog.text


def test_an_instance_that_was_not_asked_for_is_not_kept(pacs: Wrong, repository, series: Made, caplog) -> None:
    stranger = changed(pacs.held[0], SOPInstanceUID="1.2.3.4.5")
    pacs.sends = lambda found: [stranger, *found]
    handle = repository.fetch(series.study_uid, series.series_uid)
    assert {each.sop_uid for each in handle.instances} == set(series.files)
    assert "sent instance 1.2.3.4.5, which was not asked for" in caplog.text


def test_a_warning_is_an_acceptance_that_is_told(pacs: Wrong, repository, make_series, caplog) -> None:
    """What was coerced there is not what was sent: it is fetched when it is needed."""
    new = make_series("new", slices=2, SeriesInstanceUID=generate_uid())
    pacs.status = 0xB000
    report = repository.store(new.paths)
    assert (report.added, report.failed) == (new.paths, set())
    assert [note.partition("warning: ")[2] for _, note in report.notes] == ["B000 warning", "B000 warning"]
    assert "stored 2 of 2 instances with a warning: B000 warning" in caplog.text
    assert len(repository.fetch(new.study_uid, new.series_uid).instances) == 2
    assert pacs.asked_for == 1
