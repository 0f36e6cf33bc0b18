"""The ledger: what a task writes, is written once, wherever an attempt was killed."""

from __future__ import annotations

import pytest

from vqscript.batch.ledger import Ledger
from vqscript.batch.sent import Sent
from vqscript.errors import RepositoryError
from vqscript.repository import layout
from vqscript.repository.local import LocalRepository
from vqscript.session.subject import set_subject


@pytest.fixture
def repository(tmp_path, mice):
    with LocalRepository.open(mice.copied(tmp_path / "own.repo").path) as repository:
        yield repository


@pytest.fixture
def attempt(repository, tmp_path):
    """Return the repository as a new attempt sees it."""
    return lambda: Ledger(repository, Sent(tmp_path / "sent"), "batch")


def subject(ledger, mice) -> None:
    set_subject(ledger, mice.uid(0), creator="somebody", dose="200 uCi")


def test_what_is_written_again_is_not_stored_again(repository, attempt, mice):
    subject(attempt(), mice)
    held = repository.instances(mice.uid(0))
    again = attempt()
    subject(again, mice)
    assert repository.instances(mice.uid(0)) == held
    assert len(again.data_points(mice.uid(0), "subject")) == len(attempt().data_points(mice.uid(0), "subject")) + 1


def test_killed_between_file_and_index_an_attempt_leaves_what_the_next_one_takes(repository, attempt, mice):
    before = set(repository.instances(mice.uid(0)))
    subject(attempt(), mice)
    held = repository.instances(mice.uid(0))
    (made,) = set(held) - before
    _forget(repository, mice.uid(0), made)
    assert set(repository.instances(mice.uid(0))) == before
    subject(attempt(), mice)
    assert repository.instances(mice.uid(0)) == held  # the file that was there, not the one made now


def test_what_cannot_be_stored_is_told(repository, attempt, mice, monkeypatch):
    def refuse(*_: object) -> None:
        raise RepositoryError("the disk is full")

    monkeypatch.setattr(LocalRepository, "store_datasets", refuse)
    with pytest.raises(RepositoryError, match="the disk is full"):
        subject(attempt(), mice)


def test_the_studies_that_a_script_asks_for_are_known(attempt, mice):
    ledger = attempt()
    ledger.find_series(mice.uid(1))
    ledger.data_points(mice.uid(2), "roi")
    assert ledger.looked_into == {mice.uid(1), mice.uid(2)}


def _forget(repository, study_uid: str, sop_uid: str) -> None:
    """Leave an instance as a killed import does: its file is there, its row is not, nor is the import's folder gone."""
    series = repository.instances(study_uid)[sop_uid].series_uid
    assert repository._index.discard(study_uid, series) == [sop_uid]
    (repository.root / layout.INCOMING / "killed").mkdir(parents=True)
    (repository.root / layout.INCOMING / "killed" / layout.LOCK).touch()
