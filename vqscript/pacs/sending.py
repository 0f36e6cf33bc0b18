"""Sending files in the order that radiotherapy systems need, with an answer for each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from vqscript.errors import Unreachable
from vqscript.imaging.dicom.instance import Instance
from vqscript.network.peer import Peer, Sent
from vqscript.repository.fetching import TRIES

Progress = Callable[[int, int, str], None]

_RT = "1.2.840.10008.5.1.4.1.1.481."
_STEPS = (
    ("1.2.840.10008.5.1.4.1.1.66.1", "1.2.840.10008.5.1.4.1.1.66.3"),  # registrations
    (f"{_RT}3", "1.2.840.10008.5.1.4.1.1.66.4", "1.2.840.10008.5.1.4.1.1.66.7"),  # structure sets, segmentations
    (f"{_RT}5", f"{_RT}8"),  # plans, also of ions
    (f"{_RT}2",),  # doses
)
_OTHERS_AFTER = ("1.2.840.10008.5.1.4.1.1.88.", "1.2.840.10008.5.1.4.1.1.11.", "1.2.840.10008.5.1.4.1.1.104.", _RT)
"""Reports, presentation states, documents and records of treatments refer to everything else."""


def step(sop_class: str) -> int:
    """Return when an object is sent: images first, then what refers to them, then what refers to that."""
    for number, classes in enumerate(_STEPS, start=1):
        if sop_class in classes:
            return number
    return len(_STEPS) + 1 if sop_class.startswith(_OTHERS_AFTER) else 0


def by_step(instances: Iterable[Instance]) -> dict[int, list[Instance]]:
    """Return the instances by step, in order, each step by series and number; steps without one are left out."""
    steps: dict[int, list[Instance]] = {}
    for one in instances:
        steps.setdefault(step(one.sop_class), []).append(one)
    return {
        number: sorted(
            steps[number], key=lambda one: (one.study_uid, one.series_uid, one.instance_number or 0, one.sop_uid)
        )
        for number in sorted(steps)
    }


def in_order(instances: Iterable[Instance]) -> list[list[Instance]]:
    """Return the instances step by step."""
    return list(by_step(instances).values())


def send(
    peer: Peer, batches: Iterable[Sequence[Instance]], total: int = 0, progress: Progress | None = None
) -> Iterator[Sent]:
    """Send instances, a batch only once the one before has been answered; yields what became of each.

    What had no answer when a connection broke is sent again, three times in all; then it is among what was not
    accepted, as all that would have followed. Every answer names the SOP Instance UID.

    Parameters
    ----------
    peer : Peer
    batches : iterable of sequence of Instance
        In the order in which the server can take them (:func:`in_order`); read one by one.
    total : int
        How many instances there are in all, for the progress; 0 if that is not known.
    progress : callable, optional
    """
    done = 0
    gone = ""
    for batch in batches:
        uids = {one.path: one.sop_uid for one in batch}
        for sent in _answered(peer, list(uids)) if not gone else _unsent(batch, gone):
            done += 1
            if progress:
                progress(done, total, sent.path.name)
            if not sent.accepted and sent.status.startswith(_LOST):
                gone = sent.status
            yield sent if sent.sop_uid else replace(sent, sop_uid=uids[sent.path])


_LOST = "not sent: "


def _answered(peer: Peer, paths: Sequence[Path]) -> Iterator[Sent]:
    left = dict.fromkeys(paths)
    for attempt in range(1, TRIES + 1):
        try:
            for sent in peer.send(list(left)):
                left.pop(sent.path, None)
                yield sent
        except Unreachable as error:
            if attempt == TRIES:
                yield from (Sent(path, "", accepted=False, status=f"{_LOST}{error.message}") for path in left)
                return
        else:
            break
    yield from (Sent(path, "", accepted=False, status="no answer") for path in left)


def _unsent(batch: Sequence[Instance], why: str) -> Iterator[Sent]:
    return (Sent(one.path, one.sop_uid, accepted=False, status=why) for one in batch)
