"""The cache: what is used stays, what was not used for longest goes, whatever other processes do."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid

from vqscript.config import CacheSettings
from vqscript.errors import RepositoryError
from vqscript.repository.cache import Cache
from vqscript.repository.uses import FILE, HOLDERS, Uses

URL = "dicom://CLINIC@host:104"
Key = tuple[str, str]


class Opened:
    """Caches of one folder, each as another process would open it."""

    def __init__(self, folder: Path, make_file: Callable[..., Path]) -> None:
        self.folder = folder
        self._make = make_file
        self.all: list[Cache] = []

    def cache(self, size: int = 10**9, url: str = URL) -> Cache:
        self.all.append(Cache(CacheSettings(self.folder, size), url))
        return self.all[-1]

    def add(self, cache: Cache) -> Key:
        """Fetch a new series of one instance."""
        study, series = generate_uid(), generate_uid()
        path = self._make(series, StudyInstanceUID=study, SeriesInstanceUID=series)
        cache.hold(study, series)
        cache.add([path], [(study, series)])
        return study, series

    def size(self) -> int:
        """Bytes of one series."""
        return self._make("any").stat().st_size


@pytest.fixture
def opened(tmp_path: Path, make_file) -> Iterator[Opened]:
    made = Opened(tmp_path / "cache", make_file)
    yield made
    for cache in made.all:
        cache.close()


def has(cache: Cache, key: Key) -> bool:
    known = cache.known(*key)
    assert all(cache.path_of(uid).is_file() for uid in known)
    return bool(known)


def test_the_series_that_was_not_used_for_longest_goes_first(opened: Opened) -> None:
    room = 3 * opened.size() + 100
    first = opened.cache(room)
    keys = [opened.add(first) for _ in range(3)]
    first.close()
    second = opened.cache(room)
    second.hold(*keys[0])  # used again
    new = opened.add(second)
    assert [has(second, key) for key in (*keys, new)] == [True, False, True, True]
    assert second.repository.find_studies() and len(second.repository.find_studies()) == 3
    assert second.repository.verify() == []


def test_what_a_script_uses_stays_even_beyond_the_limit(opened: Opened, caplog) -> None:
    cache = opened.cache(100)
    with caplog.at_level("INFO", "vqscript"):
        keys = [opened.add(cache) for _ in range(3)]
    assert all(has(cache, key) for key in keys)
    assert caplog.text.count("they stay until the scripts end") == 1
    cache.close()
    later = opened.cache(100)
    new = opened.add(later)
    assert [has(later, key) for key in (*keys, new)] == [False, False, False, True]


def test_what_another_cache_holds_stays(opened: Opened) -> None:
    room = opened.size() + 100
    one, other = opened.cache(room), opened.cache(room)
    held = opened.add(one)
    new = opened.add(other)
    assert has(other, held) and has(other, new)
    one.close()
    newer = opened.add(other)
    assert [has(other, key) for key in (held, new, newer)] == [False, True, True]


def test_servers_share_the_limit_and_nothing_else(opened: Opened) -> None:
    room = opened.size() + 100
    one = opened.cache(room)
    key = opened.add(one)
    one.close()
    other = opened.cache(room, "dicom://OTHER@host:104")
    assert not has(other, key)
    opened.add(other)
    assert not has(opened.cache(room), key)


HOLD = """
import sys, time
from pathlib import Path
from vqscript.config import CacheSettings
from vqscript.repository.cache import Cache
cache = Cache(CacheSettings(Path(sys.argv[1])), sys.argv[2])
cache.hold(sys.argv[3], sys.argv[4])
print("held", flush=True)
time.sleep(60)
"""


def test_a_process_that_was_killed_holds_nothing(opened: Opened, python) -> None:
    room = opened.size() + 100
    first = opened.cache(room)
    key = opened.add(first)
    first.close()
    process: subprocess.Popen[str] = python(HOLD, opened.folder, URL, *key)
    try:
        assert process.stdout is not None and process.stdout.readline() == "held\n"
        cache = opened.cache(room)
        opened.add(cache)
        assert has(cache, key)  # the other process lives
    finally:
        process.kill()
        process.communicate()
    opened.add(cache)
    assert not has(cache, key)
    for each in opened.all:
        each.close()
    assert list((opened.folder / HOLDERS).iterdir()) == []


ADD = """
import sys
from pathlib import Path
from vqscript.config import CacheSettings
from vqscript.repository.cache import Cache
cache = Cache(CacheSettings(Path(sys.argv[1]), 3000), sys.argv[2])
for path in map(Path, sys.argv[3:]):
    study, series = path.name.split("_")
    cache.hold(study, series)
    cache.add([path], [(study, series)])
    assert cache.known(study, series), series
cache.close()
"""


def test_processes_that_begin_at_the_same_time_share_it(opened: Opened, make_file, python) -> None:
    shares = []
    for n in range(4):
        share = []
        for k in range(6):
            study, series = f"1.2.{k % 3}", f"1.3.{k % 3}.{n % 2}"
            uid = f"1.4.{k % 3}.{n % 2}"
            share.append(
                make_file(
                    f"{n}{k}/{study}_{series}", StudyInstanceUID=study, SeriesInstanceUID=series, SOPInstanceUID=uid
                )
            )
        shares.append(share)
    running = [python(ADD, opened.folder, URL, *share) for share in shares]
    for process in running:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors
    cache = opened.cache()
    assert [problem for problem in cache.repository.verify() if not problem.harmless] == []


def test_a_cache_can_be_deleted_and_a_broken_one_is_told(opened: Opened, tmp_path: Path) -> None:
    import shutil

    cache = opened.cache()
    key = opened.add(cache)
    cache.close()
    shutil.rmtree(opened.folder)
    assert not has(opened.cache(), key)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / FILE).write_bytes(b"no database" * 100)
    with pytest.raises(RepositoryError, match=r"the cache .*broken cannot be used") as caught:
        Uses(broken)
    assert "deleted" in caught.value.hint


def test_what_a_killed_process_fetched_counts(opened: Opened, make_file) -> None:
    cache = opened.cache()
    study, series = generate_uid(), generate_uid()
    cache.hold(study, series)
    path = make_file(series, StudyInstanceUID=study, SeriesInstanceUID=series)
    cache.repository.store([path])  # killed before it could note the size
    cache.close()
    size = path.stat().st_size
    again = opened.cache(size)
    key = opened.add(again)
    assert has(again, key)
    assert not has(again, (study, series)), "both together are beyond the limit"


def test_a_series_that_is_discarded_takes_its_study_along(opened: Opened, make_file) -> None:
    cache = opened.cache()
    study, one, two = (generate_uid() for _ in range(3))
    paths = [make_file(uid, StudyInstanceUID=study, SeriesInstanceUID=uid) for uid in (one, two)]
    cache.add(paths, [(study, one), (study, two)])
    repository = cache.repository
    repository.discard(study, one)
    assert [series.series_uid for series in repository.find_series(study)] == [two]
    repository.discard(study, two)
    assert repository.find_studies() == []
    assert repository.verify() == []
    cache.add(paths[:1], [(study, one)])  # and may come again
    assert cache.known(study, one) == {str(dcmread(paths[0]).SOPInstanceUID)}
