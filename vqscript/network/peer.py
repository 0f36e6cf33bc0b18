"""A peer: what every kind of server can be asked, whatever it speaks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

log = logging.getLogger("vqscript")

Level = Literal["STUDY", "SERIES", "IMAGE"]

Answer = dict[str, str]
"""What a query found: DICOM keyword -> text, in Unicode; several values are joined by a backslash. An attribute that
the peer left out is absent."""

Receiver = Callable[[str, bytes | memoryview], None]
"""Takes a DICOM file whole: SOP Instance UID as the peer names it (never to be trusted as a path), and its bytes."""


@dataclass(frozen=True)
class Sent:
    """What a peer answered to one instance.

    Attributes
    ----------
    path : Path
    sop_uid : str
    accepted : bool
        Whether the peer has it now; a warning is an acceptance.
    status : str
        As the peer gave it: ``0000``, ``B000 Coercion of data elements``, ``409 Conflict`` ...
    """

    path: Path
    sop_uid: str
    accepted: bool
    status: str


class Peer(Protocol):
    """A server that can be asked, sent to and fetched from.

    Every method raises :class:`~vqscript.errors.Unreachable` where the peer cannot be reached or went away, and
    :class:`~vqscript.errors.PeerError` where it answered with a refusal; both name the peer and its status.
    """

    @property
    def name(self) -> str:
        """How to call it in messages."""

    @property
    def url(self) -> str:
        """How to reach it again, without anything secret."""

    @property
    def kind(self) -> Literal["dimse", "dicomweb", "orthanc"]:
        """What it speaks."""

    def echo(self) -> float:
        """Ask whether it is there; returns the seconds that the answer took."""

    def find(self, level: Level, keys: Mapping[str, str], wanted: Sequence[str] = ()) -> list[Answer]:
        """Return what fits a query.

        Parameters
        ----------
        level : str
        keys : mapping
            DICOM keyword -> value to match; ``*`` and ``?`` match as DICOM says, ranges of dates are ``A-B``. UIDs of
            the levels above are given where they are needed.
        wanted : sequence of str
            Keywords of further attributes to return.
        """

    def retrieve(self, study_uid: str, series_uid: str, instances: Sequence[str], receive: Receiver) -> None:
        """Fetch a series, or the named instances of it ("" and none: all that the levels above hold).

        What arrives is handed over as it comes. That it was all is for the caller to see.
        """

    def send(self, paths: Iterable[Path]) -> Iterator[Sent]:
        """Send DICOM files one after another; yields what became of each."""

    def close(self) -> None:
        """End associations and connections in order."""


def find_fitting(peer: Peer, level: Level, keys: Mapping[str, str], wanted: Sequence[str] = ()) -> list[Answer]:
    """Return what fits a query, without answers that are of something else; parameters as :meth:`Peer.find`.

    A server may ignore a key that it does not know, and some ignore others. An answer with another UID than was asked
    for is left out, which is told; one that leaves the UID out is believed.
    """
    asked = {keyword: value.split("\\") for keyword, value in keys.items() if keyword.endswith("InstanceUID") and value}
    found = peer.find(level, keys, wanted)
    fitting = [answer for answer in found if all(answer.get(word, uids[0]) in uids for word, uids in asked.items())]
    if len(fitting) < len(found):
        log.warning(
            "%s answered with what was not asked for (%s); left out: %d of %d answers",
            *(peer.name, ", ".join(asked), len(found) - len(fitting), len(found)),
        )
    return fitting
