"""Fetching series completely: what the server lists, instance by instance, and nothing less."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vqscript.errors import PeerError, Unreachable, VqError
from vqscript.network.peer import Peer
from vqscript.pacs.journal import Journal
from vqscript.pacs.places import Place
from vqscript.pacs.wanted import Wanted
from vqscript.repository.fetching import until_complete

Progress = Callable[[int, int, str], None]


@dataclass
class Retrieved:
    """What became of a series that was asked for.

    Attributes
    ----------
    wanted : Wanted
    listed : set of str
        SOP Instance UIDs that the server lists, or that were named.
    received : set of str
        Those that came now; the others were there.
    missing : list of str
        Those that are not filed at the end.
    problems : list of str
        What went wrong on the way, also where another try mended it.
    """

    wanted: Wanted
    listed: set[str] = field(default_factory=set)
    received: set[str] = field(default_factory=set)
    missing: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Whether all is there that the server lists, and it lists something."""
        return bool(self.listed) and not self.missing


def listed(peer: Peer, wanted: Wanted) -> set[str]:
    """Return the SOP Instance UIDs of a series, as the server lists them; of those that were named, the ones it has."""
    keys = {"StudyInstanceUID": wanted.study_uid, "SeriesInstanceUID": wanted.series_uid}
    found = {uid for one in peer.find("IMAGE", keys) if (uid := one.get("SOPInstanceUID"))}
    return found & set(wanted.instances) if wanted.instances else found


def retrieve(
    peer: Peer,
    wanted: Sequence[Wanted],
    place: Place,
    journal: Journal,
    progress: Progress | None = None,
) -> list[Retrieved]:
    """Bring series to a place; what is there already is not fetched again.

    A series that fails does not keep the others from coming. Progress is told by the instances of a series.

    Returns
    -------
    list of Retrieved
        One for each series; its problems say why it is not complete.
    """
    done = []
    for number, one in enumerate(wanted):
        told = _told(progress, f"{one.title} ({number + 1} of {len(wanted)} series)")
        result = Retrieved(one)
        done.append(result)
        try:
            _retrieve(peer, result, place, journal, told)
        except PeerError as error:
            result.problems.append(error.message)
            result.missing = sorted(result.listed - set(place.held(one.study_uid, one.series_uid)))
        if not result.listed and not result.problems:
            result.problems.append(f"{peer.name} lists no instance of it")
    return done


def _told(progress: Progress | None, what: str) -> Callable[[int, int], None]:
    return lambda done, total: progress(done, total, what) if progress else None


def _retrieve(peer: Peer, result: Retrieved, place: Place, journal: Journal, told: Callable[[int, int], None]) -> None:
    one = result.wanted
    there = listed(peer, one)
    result.listed = set(one.instances) or there
    journal.note("requested", peer.url, one.series_uid, result.listed)
    result.problems += [f"{peer.name} does not have instance {uid}" for uid in sorted(result.listed - there)]

    def ask(missing: set[str]) -> None:
        named = () if missing == there and not one.instances else tuple(sorted(missing))
        try:
            _once(peer, result, named, missing, place, told)
        except Unreachable as error:
            result.problems.append(error.message)
            raise
        finally:
            journal.note("received", peer.url, one.series_uid, result.received)

    until_complete(lambda: there - place.held(one.study_uid, one.series_uid).keys(), ask)
    result.missing = sorted(result.listed - place.held(one.study_uid, one.series_uid).keys())


def _once(
    peer: Peer,
    result: Retrieved,
    named: Sequence[str],
    missing: Collection[str],
    place: Place,
    told: Callable[[int, int], None],
) -> None:
    """Ask once; what arrives is filed, also if the connection breaks or Ctrl-C ends it."""
    one = result.wanted
    files: dict[str, Path] = {}
    with place.landing() as folder:

        def receive(uid: str, data: bytes | memoryview) -> None:
            if uid not in missing or uid in files:
                why = "came twice" if uid in files else "was not asked for"
                result.problems.append(f"instance {uid} {why}; it was not kept")
                return
            # The name has nothing of what the server calls it.
            path = folder / f"{len(files):06d}.dcm"
            try:
                path.write_bytes(data)
            except OSError as error:
                raise VqError(
                    f"cannot write {path}: {error.strerror or error}", hint="is the disk full?", path=path
                ) from error
            files[uid] = path
            told(len(files), len(missing))

        try:
            peer.retrieve(one.study_uid, one.series_uid, named, receive)
        finally:
            refused = place.file(files)
            result.problems += [f"instance {uid} could not be filed: {reason}" for uid, reason in refused]
            result.received |= files.keys()
