"""Having a server send series to a third one, and asking that one what it has then."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vqscript.errors import PeerError, Unreachable
from vqscript.network.dimse import DimsePeer
from vqscript.network.peer import Peer
from vqscript.pacs.journal import Journal
from vqscript.pacs.retrieving import listed
from vqscript.pacs.wanted import Wanted
from vqscript.repository.fetching import PAUSE, TRIES

Progress = Callable[[int, int, str], None]


@dataclass
class MovedSeries:
    """What became of a series that was sent to a third server.

    Attributes
    ----------
    wanted : Wanted
    check : bool
        Whether the receiver was to be asked.
    listed : set of str
        SOP Instance UIDs that the sender lists, or that were named.
    sent, failed : int
        How many it says to have sent, and to have failed to send.
    missing : list of str, optional
        Those that the receiver does not list; None if it was not asked, or did not answer.
    problems : list of str
    """

    wanted: Wanted
    check: bool = False
    listed: set[str] = field(default_factory=set)
    sent: int = 0
    failed: int = 0
    missing: list[str] | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether all is there: by the receiver's list; by the sender's count, which is less, if none was wanted."""
        if self.check:
            return bool(self.listed) and self.missing == []
        return bool(self.listed) and self.sent >= len(self.listed) and not self.failed


def move_to(
    peer: DimsePeer,
    wanted: Sequence[Wanted],
    to: str,
    journal: Journal,
    receiver: Peer | None = None,
    progress: Progress | None = None,
) -> list[MovedSeries]:
    """Have series sent to an AE title; what the receiver then misses is sent again, three times in all.

    Parameters
    ----------
    peer : DimsePeer
        The sender, which has to know the AE title.
    wanted : sequence of Wanted
    to : str
    journal : Journal
        Notes what was asked for, and what the receiver lists then.
    receiver : Peer, optional
        The same receiver as a server that can be asked.
    progress : callable, optional
    """
    results = []
    for number, one in enumerate(wanted):
        if progress:
            progress(number, len(wanted), one.title)
        result = MovedSeries(one, check=receiver is not None)
        results.append(result)
        try:
            _move(peer, result, to, receiver)
        except PeerError as error:
            result.problems.append(error.message)
        journal.note("requested", peer.url, one.series_uid, result.listed)
        if receiver is not None and result.missing is not None:
            journal.note("pushed", receiver.url, one.series_uid, result.listed - set(result.missing))
    return results


def _move(peer: DimsePeer, result: MovedSeries, to: str, receiver: Peer | None) -> None:
    one = result.wanted
    there = listed(peer, one)
    result.listed = set(one.instances) or there
    result.problems += [f"{peer.name} does not have instance {uid}" for uid in sorted(result.listed - there)]
    instances: Sequence[str] = one.instances
    for attempt in range(TRIES if there else 0):
        time.sleep(attempt * PAUSE)
        try:
            moved = peer.move(one.study_uid, one.series_uid, instances, to)
        except Unreachable as error:  # what went out before, only the receiver knows
            result.problems.append(error.message)
            if receiver is None:
                continue
        else:
            result.sent += moved.completed + moved.warned
            if moved.failed:
                result.failed += moved.failed
                result.problems.append(f"{peer.name} could not send {moved.failed} instances: {moved.status}")
            if receiver is None:
                return
        result.missing = sorted(result.listed - listed(receiver, one))
        instances = [uid for uid in result.missing if uid in there]
        if not instances:
            return
