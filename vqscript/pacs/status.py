"""How far each series is: asked for, received, filed, pushed, missing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vqscript.errors import PeerError, Unreachable
from vqscript.network.peer import Peer
from vqscript.pacs.journal import Journal
from vqscript.pacs.places import Place
from vqscript.pacs.retrieving import listed
from vqscript.pacs.wanted import Wanted

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class SeriesStatus:
    """How far a series is; each a set of SOP Instance UIDs.

    Attributes
    ----------
    wanted : Wanted
    listed : frozenset of str
        What the server lists now.
    requested, received : frozenset of str
        What was asked of it, and came from it, at any time: to a command that fetched it, or to a listener of ours
        that it was to send to, which is known from its being at the place.
    filed : frozenset of str
        What is at the place now.
    pushed : frozenset of str
        What was seen at another place or server after a push.
    problem : str
        Why the server does not say, "" if it does.
    """

    wanted: Wanted
    listed: frozenset[str]
    requested: frozenset[str]
    received: frozenset[str]
    filed: frozenset[str]
    pushed: frozenset[str]
    problem: str = ""

    @property
    def missing(self) -> list[str]:
        """What the server lists and the place does not have."""
        return sorted(self.listed - self.filed)

    @property
    def complete(self) -> bool:
        """Whether nothing is missing, as far as the server says."""
        return bool(self.listed) and not self.missing and not self.problem


def status(
    peer: Peer, wanted: Sequence[Wanted], place: Place, journal: Journal, progress: Progress | None = None
) -> list[SeriesStatus]:
    """Return how far series are.

    Raises
    ------
    Unreachable
        If the server is not there: what is missing cannot be known then.
    """
    found = []
    for number, one in enumerate(wanted):
        if progress:
            progress(number, len(wanted), one.title)
        there: set[str] = set()
        problem = ""
        try:
            there = listed(peer, one)
        except Unreachable:
            raise
        except PeerError as error:
            problem = error.message
        held = set(place.held(one.study_uid, one.series_uid))
        requested = journal.noted("requested", one.series_uid, peer.url)
        received = journal.noted("received", one.series_uid, peer.url) | (requested & held)
        known = there | requested | journal.noted("received", one.series_uid)
        found.append(
            SeriesStatus(
                one,
                frozenset(there),
                frozenset(requested),
                frozenset(received),
                frozenset(held & known),
                frozenset(journal.noted("pushed", one.series_uid)),
                problem,
            )
        )
    return found
