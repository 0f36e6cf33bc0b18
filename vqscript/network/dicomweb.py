"""A DICOMweb server: QIDO-RS finds, WADO-RS fetches, STOW-RS stores (DICOM PS3.18)."""

from __future__ import annotations

import contextlib
import itertools
import json
import secrets
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from vqscript.errors import NotDicom, PeerError
from vqscript.network import multipart
from vqscript.network.filemeta import file_meta
from vqscript.network.http import NO_JSON, Http, Response
from vqscript.network.keywords import answer_of, tag_of
from vqscript.network.peer import Answer, Level, Receiver, Sent
from vqscript.network.uid import is_uid, sound

BATCH_FILES = 20
BATCH_BYTES = 64 << 20
"""A request stores so many files, or bytes if they are large: an answer to each request, none of which takes long."""

MAX_PAGES = 10_000
BLOCK = 1 << 20

_UID_OF_LEVEL = {"STUDY": "StudyInstanceUID", "SERIES": "SeriesInstanceUID", "IMAGE": "SOPInstanceUID"}
_JSON = "application/dicom+json"
_DICOM = 'multipart/related; type="application/dicom"; transfer-syntax=*'
_FAILURES = {
    0x0110: "processing failure",
    0x0111: "duplicate SOP instance",
    0x0122: "referenced SOP class not supported",
    0x0124: "not authorized",
    0x0213: "resource limitation",
    0xA700: "out of resources",
    0xA900: "dataset does not match SOP class",
    0xC000: "cannot understand",
    0xC122: "referenced transfer syntax not supported",
}
"""Failure reasons of a stored instance (PS3.18, table I.2-2; PS3.3, C.14.1.1)."""


class DicomwebPeer:
    """A DICOMweb server; implements :class:`~vqscript.network.peer.Peer`.

    Parameters
    ----------
    http : Http
        Its base, which ``/studies`` follows.
    url : str
        ``dicomweb+https://host/path``.
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
    def kind(self) -> Literal["dicomweb"]:
        """Always "dicomweb"."""
        return "dicomweb"

    def echo(self) -> float:
        """Search for one study; returns the seconds that the answer took."""
        start = time.perf_counter()
        with self._http.open("GET", "/studies?limit=1", accept=_JSON) as response:
            response.read()
        return time.perf_counter() - start

    def find(self, level: Level, keys: Mapping[str, str], wanted: Sequence[str] = ()) -> list[Answer]:
        """Return what fits a query; see :meth:`~vqscript.network.peer.Peer.find`."""
        keys = {keyword: value for keyword, value in keys.items() if value}
        if not sound(keys):
            return []
        path, above = _resource(level, keys)
        words = list(dict.fromkeys([_UID_OF_LEVEL[level], *above, *keys, *wanted]))
        query = [f"{keyword}={_value(value)}" for keyword, value in keys.items() if keyword not in above]
        query += [f"includefield={tag_of(keyword)}" for keyword in words]
        found: dict[str, Answer] = {}
        for _ in range(MAX_PAGES):
            more = [f"offset={len(found)}"] if found else []
            datasets, incomplete = self._page(f"{path}?{'&'.join(query + more)}")
            page = {
                each.get(_UID_OF_LEVEL[level], ""): {**above, **each}
                for each in (answer_of(ds, words) for ds in datasets)
            }
            fresh = {uid: answer for uid, answer in page.items() if uid and uid not in found}
            found |= fresh
            if not incomplete:
                return list(found.values())
            if not fresh:
                break
        raise PeerError(
            f"{self.name} holds back answers to the query: it gave {len(found)} and says that there are more",
            hint="ask for less at once, as with dates",
            peer=self.name,
            status="299",
        )

    def _page(self, path: str) -> tuple[list[Any], bool]:
        """Return the datasets of an answer, and whether the server says that there are more."""
        with self._http.open("GET", path, accept=_JSON, accepted=(404,)) as response:
            body = response.read()
            if response.status in (204, 404):  # no content; some say that a study they do not have is not found
                return [], False
            incomplete = response.header("Warning").lstrip().startswith("299")
        try:
            datasets = json.loads(body or b"[]")
        except NO_JSON as error:
            raise self._http.error(
                "gave an answer that is no DICOM JSON", "", "is the path of the URL right?"
            ) from error
        if not isinstance(datasets, list) or not all(isinstance(each, dict) for each in datasets):
            raise self._http.error("gave an answer that is no DICOM JSON", "", "is the path of the URL right?")
        return datasets, incomplete

    def retrieve(self, study_uid: str, series_uid: str, instances: Sequence[str], receive: Receiver) -> None:
        """Fetch a series, or the named instances of it; see :meth:`~vqscript.network.peer.Peer.retrieve`."""
        if not is_uid(study_uid) or (series_uid and not is_uid(series_uid)):
            return
        path = f"/studies/{study_uid}" + (f"/series/{series_uid}" if series_uid else "")
        paths = [f"{path}/instances/{uid}" for uid in instances if is_uid(uid)] if instances else [path]
        for each in paths:
            with self._http.open("GET", each, accept=_DICOM, accepted=(404,)) as response:
                if response.status != 404:
                    self._receive(response, receive)

    def _receive(self, response: Response, receive: Receiver) -> None:
        try:
            boundary = multipart.boundary_of(response.content_type)
            for part in multipart.parts(response.some, boundary):
                receive(file_meta(part).sop_uid, part)
            response.some(1)  # nothing, but then the connection may be used again
        except multipart.CutOff as error:
            raise self._http.cut_off() from error
        except (multipart.Malformed, NotDicom) as error:
            raise self._http.error(f"gave what cannot be taken apart: {error}", str(response.status)) from error

    def send(self, paths: Iterable[Path]) -> Iterator[Sent]:
        """Store DICOM files, some at a time; yields what became of each."""
        for batch in _batches(paths):
            yield from self._store(batch)

    def _store(self, paths: list[Path]) -> Iterator[Sent]:
        uids = {path: _uid(path) for path in paths}
        good = [path for path, uid in uids.items() if uid]
        answers = self._post(good) if good else {}
        for path in paths:
            if not uids[path]:
                yield Sent(path, "", accepted=False, status="no DICOM file")
                continue
            status = answers.get(uids[path], "the server did not say what became of it")
            yield Sent(path, uids[path], accepted=status.startswith(("0000", "B")), status=status)

    def _post(self, paths: list[Path]) -> dict[str, str]:
        """Store files; returns SOP Instance UID -> status."""
        boundary = secrets.token_hex(16).encode()
        sizes = [path.stat().st_size for path in paths]

        def content() -> Iterable[bytes]:
            return multipart.join(((size, _blocks(path)) for path, size in zip(paths, sizes, strict=True)), boundary)[1]

        length = multipart.join(((size, ()) for size in sizes), boundary)[0]
        kind = f'multipart/related; type="application/dicom"; boundary={boundary.decode()}'
        # 409 and 202: some or all were refused, and the answer says which.
        with self._http.open(
            "POST",
            "/studies",
            body=content,
            length=length,
            accept=_JSON,
            headers={"Content-Type": kind},
            accepted=(400, 409),
        ) as response:
            body, status = response.read(), response.status
        try:
            said = json.loads(body or b"{}")
        except NO_JSON:
            said = {}
        said = said[0] if isinstance(said, list) and said else said
        answers = _stored(said if isinstance(said, dict) else {})
        if not answers:
            raise self._http.error(f"did not store {len(paths)} instances", str(status), "it gave no reason")
        return answers

    def close(self) -> None:
        """Close the connections."""
        self._http.close()


def _resource(level: Level, keys: Mapping[str, str]) -> tuple[str, dict[str, str]]:
    """Return the path to search at, and the UIDs that are in it; without those of the levels above, all is searched."""
    study, series = keys.get("StudyInstanceUID", ""), keys.get("SeriesInstanceUID", "")
    if level == "STUDY":
        return "/studies", {}
    if level == "SERIES":
        return (f"/studies/{study}/series", {"StudyInstanceUID": study}) if study else ("/series", {})
    if study and series:
        above = {"StudyInstanceUID": study, "SeriesInstanceUID": series}
        return f"/studies/{study}/series/{series}/instances", above
    if study:
        return f"/studies/{study}/instances", {"StudyInstanceUID": study}
    return "/instances", {}


def _value(value: str) -> str:
    # Servers are about that do not decode the query: what may stand there as it is, does.
    return quote(value, safe="*?/:@!$'(),;~")


def _uid(path: Path) -> str:
    """Return which instance a file is, "" if it is none."""
    with path.open("rb") as file, contextlib.suppress(NotDicom):
        return file_meta(file.read(64 << 10)).sop_uid
    return ""


def _blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            yield block


def _batches(paths: Iterable[Path]) -> Iterator[list[Path]]:
    batch: list[Path] = []
    size = 0
    for path in paths:
        batch.append(path)
        size += path.stat().st_size
        if len(batch) == BATCH_FILES or size >= BATCH_BYTES:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _stored(said: dict[str, Any]) -> dict[str, str]:
    """Return SOP Instance UID -> status of a store's answer (PS3.18, 10.5.3)."""
    answers = {}
    for item in _items(said, "00081199"):  # ReferencedSOPSequence
        warning = _number(item, "00081196")
        answers[_text(item, "00081155")] = f"{warning:04X} warning" if warning is not None else "0000"
    for item in itertools.chain(_items(said, "00081198")):  # FailedSOPSequence
        reason = _number(item, "00081197") or 0
        meaning = _FAILURES.get(reason) or _FAILURES.get(reason & 0xFF00) or _FAILURES.get(reason & 0xF000, "failed")
        answers[_text(item, "00081155")] = f"{reason:04X} {meaning}"
    answers.pop("", None)
    return answers


def _items(dataset: dict[str, Any], tag: str) -> list[dict[str, Any]]:
    value = dataset.get(tag, {}).get("Value", []) if isinstance(dataset.get(tag), dict) else []
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _first(item: dict[str, Any], tag: str) -> Any:
    element = item.get(tag)
    value = element.get("Value") if isinstance(element, dict) else None
    return value[0] if isinstance(value, list) and value else None


def _text(item: dict[str, Any], tag: str) -> str:
    return str(_first(item, tag) or "").strip(" \0")


def _number(item: dict[str, Any], tag: str) -> int | None:
    value = _first(item, tag)
    try:
        return None if value is None else int(value)
    except (TypeError, ValueError):
        return None
