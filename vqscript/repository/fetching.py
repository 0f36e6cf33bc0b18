"""From a server into the cache: complete is what the server itself lists, instance by instance."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Sequence

from vqscript.errors import ImageError, NotFound, PeerError, Unreachable
from vqscript.network.filemeta import file_meta
from vqscript.network.peer import Answer, Peer, find_fitting
from vqscript.network.uid import is_uid
from vqscript.repository.cache import Cache
from vqscript.repository.receiving import Conflict, Mismatch, Receiving, receiving

log = logging.getLogger("vqscript")

TRIES = 3
PAUSE = 0.3
"""Seconds before the second try; the third waits twice as long."""

SHOWN = 3
"""How many of the missing instances an error names."""


def until_complete(
    missing: Callable[[], set[str]], ask: Callable[[set[str]], None]
) -> tuple[set[str], Unreachable | None]:
    """Ask for what is missing, and again for what is still missing then, three times in all.

    Parameters
    ----------
    missing : callable
        Returns the SOP Instance UIDs that are not there yet; looked up before each try and at the end.
    ask : callable
        Asks for these once. A connection that breaks (Unreachable) is a try as any other.

    Returns
    -------
    set of str
        What is missing in the end.
    Unreachable or None
        How the connection of the last try broke, if it did.
    """
    lost: Unreachable | None = None
    for attempt in range(TRIES):
        left = missing()
        if not left:
            return left, lost
        time.sleep(attempt * PAUSE)
        lost = None
        try:
            ask(left)
        except Unreachable as error:
            lost = error
    return missing(), lost


class Fetcher:
    """Brings series of one server into its cache.

    Parameters
    ----------
    peer : Peer
    cache : Cache
    """

    def __init__(self, peer: Peer, cache: Cache) -> None:
        self._peer = peer
        self._cache = cache

    def listed(self, study_uid: str, series_uid: str, *wanted: str) -> dict[str, Answer]:
        """Ask the server for the instances of a series: SOP Instance UID -> its answer."""
        if not is_uid(study_uid) or not is_uid(series_uid):
            return {}
        keys = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": series_uid}
        answers = find_fitting(self._peer, "IMAGE", keys, ("SOPInstanceUID", *wanted))
        return {answer["SOPInstanceUID"]: answer for answer in answers if answer.get("SOPInstanceUID")}

    def fetch(self, study_uid: str, series_uid: str, only: Collection[str] = ()) -> set[str]:
        """Bring what is missing of a series into the cache; returns the UIDs of its instances.

        Parameters
        ----------
        study_uid, series_uid : str
        only : collection of str
            SOP Instance UIDs of the instances that are needed; none for all that the server lists.

        Raises
        ------
        NotFound
            If the server lists none.
        PeerError
            If instances are missing after three tries; it names them. Unreachable if the server went away each time.
        """
        asked = set(only) or set(self.listed(study_uid, series_uid))
        if not asked:
            raise NotFound(f"{self._peer.name} has no series {series_uid} in study {study_uid}", uid=series_uid)
        self._cache.hold(study_uid, series_uid)

        def ask(missing: set[str]) -> None:
            self._retrieve(study_uid, series_uid, () if missing == asked and not only else sorted(missing), asked)

        left, lost = until_complete(lambda: asked - self._cache.known(study_uid, series_uid), ask)
        if left:
            raise self._incomplete(series_uid, sorted(left), len(asked), lost)
        return asked

    def _retrieve(self, study_uid: str, series_uid: str, instances: Sequence[str], asked: Collection[str]) -> None:
        """Fetch once; what arrives is kept, also if the connection breaks."""
        # What a failure of power costs can be fetched again.
        with receiving(self._cache.repository.root, durable=False) as files:
            landing = _Landing(files, (study_uid, series_uid), asked, self._peer.name)
            try:
                self._peer.retrieve(study_uid, series_uid, instances, landing.receive)
            except Unreachable as error:
                log.warning("%s; %d instances had arrived", error.message, landing.count)
                raise
            finally:  # also what came before Ctrl-C
                self._cache.settle([(study_uid, series_uid)])

    def _incomplete(self, series_uid: str, missing: list[str], count: int, lost: Unreachable | None) -> PeerError:
        more = f" and {len(missing) - SHOWN} more" if len(missing) > SHOWN else ""
        text = (
            f"series {series_uid} is incomplete: {len(missing)} of the {count} instances that {self._peer.name} lists "
            f"did not arrive in {TRIES} tries: {', '.join(missing[:SHOWN])}{more}"
        )
        if lost is not None:
            error: PeerError = Unreachable(
                f"{text} ({lost.message})", hint=lost.hint, peer=self._peer.name, status="", missing=missing
            )
        else:
            error = PeerError(
                text,
                hint="those that arrived are kept; look into the log of the server",
                peer=self._peer.name,
                status="incomplete",
                missing=missing,
            )
        error.__cause__ = lost
        return error


class _Landing:
    """Where instances come down: each is in the cache before the next one comes, and what was not asked for is told."""

    def __init__(self, files: Receiving, series: tuple[str, str], asked: Collection[str], peer: str) -> None:
        self._files = files
        self._series = series
        self._asked = asked
        self._peer = peer
        self.count = 0

    def receive(self, uid: str, data: bytes | memoryview) -> None:
        if uid not in self._asked:
            log.warning("%s sent instance %s, which was not asked for; it was not kept", self._peer, uid[:64])
            return
        try:
            arrived = self._files.take(b"", (data,))
            filed = self._files.file(arrived, (file_meta(data).sop_class, uid), self._series)
        except (ImageError, Mismatch, Conflict) as error:
            log.warning("what %s sent as instance %s cannot be used: %s", self._peer, uid, error.message)
            return
        self.count += 1
        for note in filed.notes:
            log.info("%s: %s", self._peer, note)
