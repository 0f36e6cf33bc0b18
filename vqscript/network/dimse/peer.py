"""A server behind DIMSE, as a :class:`~vqscript.network.peer.Peer`."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vqscript.errors import PeerError, Unreachable
from vqscript.network.dimse import get, query, statuses, store
from vqscript.network.dimse.address import Address, check_title, parse
from vqscript.network.dimse.fast import elements, pdu
from vqscript.network.dimse.fast.link import Link
from vqscript.network.dimse.landing import Landing
from vqscript.network.dimse.move import Moved, move
from vqscript.network.dimse.offers import offers
from vqscript.network.peer import Answer, Level, Receiver, Sent
from vqscript.network.tls import Tls

VERIFICATION = "1.2.840.10008.1.1"
_UIDS_AT_ONCE = 100
"""Instances named in one request; servers take longer lists than this, but not any."""


@dataclass(frozen=True)
class _Instance:
    """What a server says of an instance; the SOP class is "" where it does not say."""

    series_uid: str
    sop_class: str


class DimsePeer:
    """A server that is called by its AE title: C-ECHO, C-FIND, C-GET or C-MOVE, C-STORE.

    Instances are fetched by C-GET where the server does that, else by C-MOVE to a port of ours; what worked is
    remembered.

    Parameters
    ----------
    address : Address or str
        A URL is read by :func:`vqscript.network.dimse.address.parse`, which takes the other parameters.
    calling, tls, connect_timeout, answer_timeout, charset, move_port, label
        As in :class:`~vqscript.network.dimse.address.Address`; for a URL only.
    """

    kind: Literal["dimse"] = "dimse"

    def __init__(
        self,
        address: Address | str,
        *,
        calling: str = "VQSCRIPT",
        tls: Tls | None = None,
        connect_timeout: float = 10.0,
        answer_timeout: float = 60.0,
        charset: str = "",
        move_port: int = 0,
        label: str = "",
    ) -> None:
        if isinstance(address, str):
            address = parse(
                address,
                calling=calling,
                tls=tls,
                connect_timeout=connect_timeout,
                answer_timeout=answer_timeout,
                charset=charset,
                move_port=move_port,
                label=label,
            )
        self.address = address
        self._sends_by_get: bool | None = None
        self._landing: Landing | None = None

    @property
    def name(self) -> str:
        """How to call it in messages: as configured, else ``AET@host:port``."""
        return self.address.name

    @property
    def url(self) -> str:
        """How to reach it again."""
        return self.address.url

    def echo(self) -> float:
        """Ask whether it is there (C-ECHO); returns the seconds from the connection to the answer."""
        started = time.monotonic()
        with Link(self.address, [pdu.Context(VERIFICATION, (elements.IMPLICIT,))]) as link:
            link.send(link.context(VERIFICATION), elements.request(elements.C_ECHO_RQ, 1, VERIFICATION))
            answer, _ = link.read_answer(elements.C_ECHO_RSP, 1)
            status = answer.number(elements.STATUS)
            seconds = time.monotonic() - started
        if status != statuses.SUCCESS:
            shown = statuses.shown(status, answer.text(elements.ERROR_COMMENT))
            raise self.address.refused(f"answered C-ECHO with {shown}", shown)
        return seconds

    def find(self, level: Level, keys: Mapping[str, str], wanted: Sequence[str] = ()) -> list[Answer]:
        """Return what fits a query; see :meth:`vqscript.network.peer.Peer.find`.

        UIDs of the levels above may be left out: a server that insists on them is asked for these first. It has to
        be told enough of the study for that, so as not to be asked for each of thousands.
        """
        return query.find(self.address, level, keys, wanted)

    def retrieve(self, study_uid: str, series_uid: str, instances: Sequence[str], receive: Receiver) -> None:
        """Fetch a series, or instances of it; see :meth:`vqscript.network.peer.Peer.retrieve`.

        What the receiver gets is valid during the call only. It is called in this thread, and an instance is
        acknowledged once it returns.
        """
        if self._sends_by_get is not False:
            try:
                self._get(study_uid, series_uid, instances, receive)
                return
            except Unreachable:
                raise
            except get.NotOffered as error:
                if not self.address.move_port:
                    hint = "set our AE title and a port it may send to, and tell both to the server, for C-MOVE"
                    raise PeerError(error.message, hint=hint, peer=self.name, status=error.status) from error
            except PeerError:
                if self._sends_by_get or not self.address.move_port:
                    raise  # it can send by C-GET, but does not send this; or there is no other way
        if self._landing is None:
            self._landing = Landing(self.address)
        for identifier in _identifiers(study_uid, series_uid, instances):
            self._landing.receive(self.address, identifier, receive)
        self._sends_by_get = False

    def move(self, study_uid: str, series_uid: str, instances: Sequence[str], to: str) -> Moved:
        """Have it send a study, a series ("" for all) or instances (none for all) to another AE title (C-MOVE).

        Returns
        -------
        Moved
            The sums over all requests, and the status of the last one.
        """
        check_title(to)
        parts = [move(self.address, one, to) for one in _identifiers(study_uid, series_uid, instances)]
        return Moved(
            sum(one.completed for one in parts),
            sum(one.failed for one in parts),
            sum(one.warned for one in parts),
            parts[-1].status,
        )

    def send(self, paths: Iterable[Path]) -> Iterator[Sent]:
        """Send DICOM files in the order given (C-STORE), each as it is; yields what became of each."""
        return store.send(self.address, paths)

    def close(self) -> None:
        """Stop listening for what is moved to us; associations end with each call."""
        if self._landing is not None:
            self._landing.close()
            self._landing = None

    def _get(self, study_uid: str, series_uid: str, instances: Sequence[str], receive: Receiver) -> None:
        """Fetch by C-GET, which has to name beforehand what may come: so ask for the SOP classes first."""
        missing = self._held(study_uid, series_uid, set(instances))
        classes = list(dict.fromkeys(one.sop_class for one in missing.values()))
        known = [sop_class for sop_class in classes if sop_class]
        expected = len(missing)
        asked = _identifiers(study_uid, series_uid, instances)
        refusal: PeerError | None = None

        def take(uid: str, file: bytes | memoryview) -> None:
            receive(uid, file)
            missing.pop(uid, None)

        for number, offer in enumerate(offers(known, all_known=known == classes)):
            try:
                get.get(self.address, asked, offer, take)
                self._sends_by_get = True
            except Unreachable:
                raise
            except PeerError as error:
                if isinstance(error, get.NotOffered) and number == 0:
                    raise
                refusal = error  # what it has may be among those offered next
            if not missing:
                return
            asked = []
            for series in dict.fromkeys(one.series_uid for one in missing.values()):
                its = [uid for uid, one in missing.items() if one.series_uid == series]
                asked += _identifiers(study_uid, series, its)
        if refusal and len(missing) == expected:
            raise refusal

    def _held(self, study_uid: str, series_uid: str, wanted: set[str]) -> dict[str, _Instance]:
        """Ask which instances there are, by UID; only those that are wanted, if any are named."""
        found = {}
        for series in [series_uid] if series_uid else self._series(study_uid):
            keys = {"StudyInstanceUID": study_uid, "SeriesInstanceUID": series}
            for one in self.find("IMAGE", keys, ("SOPClassUID",)):
                uid = one.get("SOPInstanceUID", "")
                if uid and (uid in wanted or not wanted):
                    found[uid] = _Instance(series, one.get("SOPClassUID", ""))
        return found

    def _series(self, study_uid: str) -> list[str]:
        answers = self.find("SERIES", {"StudyInstanceUID": study_uid})
        return [one["SeriesInstanceUID"] for one in answers if one.get("SeriesInstanceUID")]


def _identifiers(study_uid: str, series_uid: str, instances: Sequence[str]) -> list[dict[int, str | int]]:
    """Return the identifiers that name what is to be sent, with the UIDs of all levels."""
    if not series_uid:
        return [{elements.QUERY_LEVEL: "STUDY", elements.STUDY_INSTANCE: study_uid}]
    above: dict[int, str | int] = {elements.STUDY_INSTANCE: study_uid, elements.SERIES_INSTANCE: series_uid}
    if not instances:
        return [{elements.QUERY_LEVEL: "SERIES", **above}]
    return [
        {elements.QUERY_LEVEL: "IMAGE", **above, elements.SOP_INSTANCE: "\\".join(instances[at : at + _UIDS_AT_ONCE])}
        for at in range(0, len(instances), _UIDS_AT_ONCE)
    ]
