"""Bringing instances to another server or a tree of files, and seeing that they are there."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vqscript.errors import Unreachable
from vqscript.imaging.dicom.instance import Instance
from vqscript.network.peer import Peer, Sent
from vqscript.pacs.consignment import Consignment
from vqscript.pacs.journal import Journal
from vqscript.pacs.places import TreePlace
from vqscript.pacs.retrieving import listed
from vqscript.pacs.sending import in_order, send
from vqscript.pacs.wanted import Wanted

Progress = Callable[[int, int, str], None]


@dataclass
class Delivered:
    """What became of instances.

    Attributes
    ----------
    answers : list of Sent
        One for each that was sent now.
    known : list of str
        SOP Instance UIDs that were there already, so that they were not sent.
    missing : list of str
        Those that are not there at the end, or of which nobody knows since the server went away.
    lost : Unreachable, optional
        How it went away.
    """

    answers: list[Sent] = field(default_factory=list)
    known: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    lost: Unreachable | None = None

    @property
    def complete(self) -> bool:
        """Whether all is there, and was taken."""
        return not self.missing and all(one.accepted for one in self.answers)


class Target(Protocol):
    """Takes instances; :class:`ServerTarget` and :class:`TreeTarget`."""

    url: str

    def deliver(self, instances: Sequence[Instance], progress: Progress | None) -> Delivered:
        """Bring instances there."""


class ServerTarget:
    """Another server."""

    def __init__(self, peer: Peer) -> None:
        self.url = peer.url
        self._peer = peer

    def deliver(self, instances: Sequence[Instance], progress: Progress | None) -> Delivered:
        """Send what the server does not list yet, in order; afterwards it is asked what it has."""
        uids = {one.sop_uid for one in instances}
        before = self._listed(instances)
        result = Delivered(known=sorted(uids & before))
        fresh = [one for one in instances if one.sop_uid not in before]
        result.answers = list(send(self._peer, in_order(fresh), len(fresh), progress))
        try:
            there = self._listed(instances) if result.answers else before
        except Unreachable as error:
            there, result.lost = before, error
        result.missing = sorted(uids - there)
        return result

    def _listed(self, instances: Sequence[Instance]) -> set[str]:
        series = {(one.study_uid, one.series_uid) for one in instances}
        return {uid for each in sorted(series) for uid in listed(self._peer, Wanted(*each))}


class TreeTarget:
    """A folder of plain files."""

    def __init__(self, place: TreePlace) -> None:
        self.url = place.name
        self._place = place

    def deliver(self, instances: Sequence[Instance], progress: Progress | None) -> Delivered:
        """Copy the files; each copy is read back."""
        result = Delivered()
        for number, one in enumerate(instances, start=1):
            if progress:
                progress(number, len(instances), one.path.name)
            if self._place.has(one.sop_uid):
                result.known.append(one.sop_uid)
                continue
            refused = self._place.file({one.sop_uid: one.path})
            status = "; ".join(reason for _, reason in refused)
            result.answers.append(Sent(one.path, one.sop_uid, not refused, status or "copied"))
        result.missing = sorted(one.sop_uid for one in instances if not self._place.has(one.sop_uid))
        return result


def push(
    target: Target, consignment: Consignment, journal: Journal, progress: Progress | None = None
) -> Iterator[Delivered]:
    """Bring instances to a target, batch by batch, and note which are there; yields what became of each batch.

    Once a server went away, nothing more is sent, and what is left is missing. What the consignment could not give is
    missing in the last one.

    Raises
    ------
    Unreachable
        If the server is not there at the beginning.
    """
    done = 0
    lost: Unreachable | None = None
    for batch in consignment.batches():
        result = Delivered(missing=sorted(one.sop_uid for one in batch))
        if not lost:
            try:
                result = target.deliver(batch, _after(done, consignment.count, progress))
            except Unreachable as error:
                if not done:
                    raise
                result.lost = error
            lost = result.lost
        done += len(batch)
        missing = set(result.missing)
        by_series: dict[str, list[str]] = {}
        for one in batch:
            if one.sop_uid not in missing:
                by_series.setdefault(one.series_uid, []).append(one.sop_uid)
        for series_uid, uids in by_series.items():
            journal.note("pushed", target.url, series_uid, uids)
        yield result
    if consignment.lost:
        yield Delivered(missing=[uid for one in consignment.lost for uid in one.sop_uids])


def _after(done: int, total: int, progress: Progress | None) -> Progress | None:
    """Return a progress that counts on over all batches."""
    return (lambda number, _, what: progress(done + number, total, what)) if progress else None
