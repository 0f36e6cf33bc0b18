"""Orthanc by its REST interface: faster than DIMSE, and it knows labels."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar
from urllib.parse import quote

from vqscript.errors import NotDicom, PeerError, UsageError
from vqscript.imaging.dicom.same import same_content
from vqscript.network.filemeta import file_meta
from vqscript.network.http import NO_JSON, Http
from vqscript.network.peer import Answer, Level, Receiver, Sent
from vqscript.network.uid import is_uid, sound

THREADS = 4
"""Requests at a time; more gain nothing with a server that has few threads itself."""

LABELS = "Labels"
"""Not a DICOM attribute, but asked for like one: labels of a study, joined by a backslash."""

LABELS_SINCE = (1, 12)
REQUESTED_TAGS_SINCE = (1, 11)

_LEVELS = {"STUDY": "Study", "SERIES": "Series", "IMAGE": "Instance"}
_CHILDREN = {"STUDY": "Series", "SERIES": "Instances"}
_LABEL = re.compile(r"[A-Za-z0-9_-]{1,64}")

_IS_IT = "is it an Orthanc?"

_In = TypeVar("_In")
_Out = TypeVar("_Out")
_Kind = TypeVar("_Kind")


class OrthancPeer:
    """An Orthanc server; implements :class:`~vqscript.network.peer.Peer`.

    Parameters
    ----------
    http : Http
        Its base, which ``/system`` follows.
    url : str
        ``orthanc+http://host:8042``.
    """

    def __init__(self, http: Http, url: str) -> None:
        self._http = http
        self._url = url

    @property
    def name(self) -> str:
        """How to call it in messages."""
        return self._http.name

    @property
    def url(self) -> str:
        """How to reach it again."""
        return self._url

    @property
    def kind(self) -> Literal["orthanc"]:
        """Always "orthanc"."""
        return "orthanc"

    @cached_property
    def version(self) -> tuple[int, ...]:
        """Its version, as (1, 10, 1); that of a development build is beyond all."""
        text = str(self._object("/system").get("Version", ""))
        return (9999,) if text == "mainline" else tuple(int(number) for number in re.findall(r"\d+", text)[:3])

    def echo(self) -> float:
        """Ask what it is; returns the seconds that the answer took."""
        start = time.perf_counter()
        if "Version" not in self._object("/system"):
            raise self._http.error("is no Orthanc", "", "is the path of the URL right?")
        return time.perf_counter() - start

    # Finding ------------------------------------------------------------------------------

    def find(self, level: Level, keys: Mapping[str, str], wanted: Sequence[str] = ()) -> list[Answer]:
        """Return what fits a query; see :meth:`~vqscript.network.peer.Peer.find`.

        ``Labels`` may be among what is wanted of studies, where the version knows them.
        """
        if not sound(keys):
            return []
        words = list(dict.fromkeys([*keys, *wanted]))
        question: dict[str, Any] = {
            "Level": _LEVELS[level],
            "Query": {keyword: value for keyword, value in keys.items() if value},
            "Expand": True,
        }
        if self.version >= REQUESTED_TAGS_SINCE:
            question["RequestedTags"] = [word for word in words if word != LABELS]
        resources = self._found(question)
        # A query with a UID finds what has it: UIDs of the levels above need not be looked up.
        uids = {keyword: value for keyword, value in keys.items() if keyword.endswith("InstanceUID") and value}
        answers = [{**uids, **_answer(level, resource)} for resource in resources]
        missing = [word for word in words if word != LABELS]
        return list(
            self._each(lambda pair: self._completed(level, *pair, missing), zip(resources, answers, strict=True))
        )

    def _completed(self, level: Level, resource: dict[str, Any], answer: Answer, words: list[str]) -> Answer:
        """Add what the index of an older version does not hold, from the resource's first instance."""
        keys = {"STUDY": ("StudyInstanceUID",), "SERIES": ("StudyInstanceUID", "SeriesInstanceUID")}
        above = keys.get(level, ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"))
        if all(word in answer for word in (*words, *above)):
            return answer
        first = self._first_instance(level, resource)
        tags = self._object(f"/instances/{quote(first)}/simplified-tags")
        found = {word: _text(tags[word]) for word in (*words, *above) if word in tags}
        return {**found, **answer}

    def _first_instance(self, level: Level, resource: dict[str, Any]) -> str:
        while level != "IMAGE":
            children = _part(resource, _CHILDREN[level], list)
            if not children:
                raise self._http.error(f"tells of a {_LEVELS[level].casefold()} with nothing in it", "")
            below = str(children[0])
            if level == "SERIES":
                return below
            level, resource = "SERIES", self._object(f"/series/{quote(below)}")
        return str(resource.get("ID", ""))

    # Fetching and storing -----------------------------------------------------------------

    def retrieve(self, study_uid: str, series_uid: str, instances: Sequence[str], receive: Receiver) -> None:
        """Fetch a series, or the named instances of it; see :meth:`~vqscript.network.peer.Peer.retrieve`."""
        for uid, data in self._each(self._file, self._identifiers(study_uid, series_uid, instances)):
            receive(uid, data)

    def _identifiers(self, study_uid: str, series_uid: str, instances: Sequence[str]) -> list[str]:
        """Return Orthanc's own names of instances."""
        if not is_uid(study_uid) or (series_uid and not is_uid(series_uid)):
            return []
        query = {"StudyInstanceUID": study_uid, **({"SeriesInstanceUID": series_uid} if series_uid else {})}
        if not instances:
            return self._names("Instance", query)
        found = self._found({"Level": "Instance", "Query": query, "Expand": True})
        by_uid = {_part(each, "MainDicomTags", dict).get("SOPInstanceUID"): str(each.get("ID", "")) for each in found}
        return [by_uid[uid] for uid in instances if uid in by_uid]

    def _file(self, identifier: str) -> tuple[str, bytes]:
        with self._http.open("GET", f"/instances/{quote(identifier)}/file") as response:
            data = response.read(limit=4 << 30)
        try:
            return file_meta(data).sop_uid, data
        except NotDicom as error:
            raise self._http.error(f"gave a file that cannot be read: {error}", "") from error

    def send(self, paths: Iterable[Path]) -> Iterator[Sent]:
        """Store DICOM files, some at a time; yields what became of each."""
        yield from self._each(self._store, paths)

    def _store(self, path: Path) -> Sent:
        data = path.read_bytes()
        uid = ""
        with contextlib.suppress(NotDicom):
            uid = file_meta(data).sop_uid
        try:
            said = self._json("POST", "/instances", data)
        except PeerError as error:
            if not error.status.startswith(("4", "5")) or error.status.startswith(("401", "403")):
                raise  # not this instance's fault: the others would fare no better
            return Sent(path, uid, accepted=False, status=error.message.partition(" refused: ")[2] or error.status)
        status = str(said.get("Status", "")) if isinstance(said, dict) else ""
        if status == "AlreadyStored" and not self._has(str(said.get("ID", "")), data):
            return Sent(path, uid, accepted=False, status="AlreadyStored, with other content, which was kept")
        return Sent(path, uid, accepted=status in ("Success", "AlreadyStored"), status=status or "no status")

    def _has(self, identifier: str, data: bytes) -> bool:
        """Whether what it keeps of an instance is this file; it says that it has the UID, and compares nothing."""
        with self._http.open("GET", f"/instances/{quote(identifier)}/attachments/dicom/md5") as response:
            digest = response.read().strip()
        if digest == hashlib.md5(data, usedforsecurity=False).hexdigest().encode():
            return True
        return same_content(BytesIO(data), BytesIO(self._file(identifier)[1]))

    # Labels -------------------------------------------------------------------------------

    def has_labels(self) -> bool:
        """Whether its version knows labels."""
        return self.version >= LABELS_SINCE

    def add_label(self, study_uid: str, label: str) -> None:
        """Put a label on a study; raises as :func:`check_label`."""
        check_label(label)
        for study in self._names("Study", {"StudyInstanceUID": study_uid}):
            self._http.open("PUT", f"/studies/{quote(study)}/labels/{label}", body=b"").close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    # Inside -------------------------------------------------------------------------------

    def _json(self, method: str, path: str, body: Any = None) -> Any:
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        with self._http.open(method, path, body=data, accept="application/json") as response:
            answer = response.read()
        try:
            return json.loads(answer or b"null")
        except NO_JSON as error:
            raise self._http.error("gave an answer that is no JSON", "", _IS_IT) from error

    def _object(self, path: str) -> dict[str, Any]:
        """Return the one thing that is at a path."""
        found = self._json("GET", path)
        if not isinstance(found, dict):
            raise self._http.error("gave an answer that is no object", "", _IS_IT)
        return found

    def _found(self, question: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return the resources that fit a question that wants them expanded."""
        found = self._json("POST", "/tools/find", question)
        if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
            raise self._http.error("gave an answer that is no list of resources", "", _IS_IT)
        return found

    def _names(self, level: str, query: Mapping[str, str]) -> list[str]:
        """Return what Orthanc itself calls the resources that fit a query."""
        found = self._json("POST", "/tools/find", {"Level": level, "Query": query})
        if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
            raise self._http.error("gave an answer that is no list of names", "", _IS_IT)
        return found

    def _each(self, do: Callable[[_In], _Out], items: Iterable[_In]) -> Iterator[_Out]:
        """Yield what a function makes of each item, in order, some at a time; no more than those are held at once."""
        waiting = iter(items)
        with ThreadPoolExecutor(THREADS) as pool:
            running: list[Future[_Out]] = [pool.submit(do, item) for item in islice(waiting, 2 * THREADS)]
            try:
                while running:
                    done = running.pop(0).result()
                    running += [pool.submit(do, item) for item in islice(waiting, 1)]
                    yield done
            finally:
                for future in running:
                    future.cancel()


def check_label(label: str) -> None:
    """Raise UsageError for a text that can be no label: letters, digits, ``-`` and ``_`` can, 64 at most."""
    if not _LABEL.fullmatch(label):
        raise UsageError(f'"{label}" is no label of Orthanc', hint="letters, digits, - and _, 64 at most")


def _answer(level: Level, resource: dict[str, Any]) -> Answer:
    tags = {
        **_part(resource, "PatientMainDicomTags", dict),
        **_part(resource, "MainDicomTags", dict),
        **_part(resource, "RequestedTags", dict),
    }
    answer = {keyword: _text(value) for keyword, value in tags.items() if isinstance(value, str | int | float)}
    if LABELS in resource:
        answer[LABELS] = "\\".join(map(str, _part(resource, LABELS, list)))
    if level == "SERIES":
        answer["NumberOfSeriesRelatedInstances"] = str(len(_part(resource, "Instances", list)))
    if level == "STUDY":
        answer["NumberOfStudyRelatedSeries"] = str(len(_part(resource, "Series", list)))
    return answer


def _part(resource: Mapping[str, Any], key: str, kind: type[_Kind]) -> _Kind:
    """Return a list or object of a resource, an empty one if the server gave none."""
    value = resource.get(key)
    return value if isinstance(value, kind) else kind()


def _text(value: Any) -> str:
    return value.strip(" \0") if isinstance(value, str) else str(value)
