"""Queries by C-FIND: keys into an identifier, answers into text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from vqscript.errors import NotDicom, PeerError, Unreachable, UsageError, did_you_mean
from vqscript.imaging.dicom.values import conversion_errors, quiet, text
from vqscript.network.dimse import statuses
from vqscript.network.dimse.address import Address
from vqscript.network.dimse.fast import elements, pdu
from vqscript.network.dimse.fast.link import Link
from vqscript.network.peer import Answer, Level

if TYPE_CHECKING:
    from pydicom import Dataset
    from pydicom.tag import BaseTag

STUDY_ROOT_FIND = "1.2.840.10008.5.1.4.1.2.2.1"

UNIQUE: Mapping[Level, str] = {
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}
_LEVELS: tuple[Level, ...] = ("STUDY", "SERIES", "IMAGE")

# Of what belongs to the study and its patient (PS3.4, section C.6.2.1), what servers can be asked for.
_STUDY_KEYS = {
    *("PatientName", "PatientID", "IssuerOfPatientID", "PatientBirthDate", "PatientSex", "PatientComments"),
    *("StudyInstanceUID", "StudyDate", "StudyTime", "StudyID", "StudyDescription", "AccessionNumber"),
    *("ModalitiesInStudy", "ReferringPhysicianName"),
}

_CHARACTER_SET = 0x00080005

_MOST_WALKED = 500
"""Studies or series that are looked through one by one for something below them."""

_LATIN = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "TM", "UI", "UR"}
_TEXT = {"LO", "LT", "PN", "SH", "ST", "UC", "UT"}
_NUMBERS = {"AT", "FD", "FL", "SL", "SS", "SV", "UL", "US", "UV"}


def find(address: Address, level: Level, keys: Mapping[str, str], wanted: Sequence[str] = ()) -> list[Answer]:
    """Return what fits a query; see :meth:`vqscript.network.peer.Peer.find`.

    A server need not answer below the level of studies without the UIDs of the levels above. Where they are not
    given and the plain query finds nothing, the studies that fit the other keys are gone through.
    """
    if level not in _LEVELS:
        raise UsageError(f'"{level}" is no level of a query', hint="STUDY, SERIES or IMAGE")
    with Link(address, [pdu.Context(STUDY_ROOT_FIND, (elements.IMPLICIT,))]) as link:
        query = _Query(address, link)
        above = [UNIQUE[one] for one in _LEVELS[: _LEVELS.index(level)]]
        if all(keys.get(keyword) for keyword in above):
            return list(query.ask(level, keys, wanted))
        return query.ask_anyway(level, keys, wanted) or query.walk(level, keys, wanted)


class _Query:
    """Queries over one association."""

    def __init__(self, address: Address, link: Link) -> None:
        self._address = address
        self._link = link
        self._context = link.context(STUDY_ROOT_FIND)
        self._asked = 0

    def ask(self, level: Level, keys: Mapping[str, str], wanted: Sequence[str]) -> Iterator[Answer]:
        """Yield the answers to a query as it stands."""
        identifier = _identifier(level, keys, wanted, self._address.charset)
        asked = {*keys, *wanted, *(UNIQUE[one] for one in _LEVELS[: _LEVELS.index(level) + 1])}
        data = memoryview(_encoded(identifier))
        self._asked += 1
        request = elements.request(elements.C_FIND_RQ, self._asked, STUDY_ROOT_FIND, dataset=True)
        self._link.send(self._context, request, len(data), (data,))
        while True:
            answer, found = self._link.read_answer(elements.C_FIND_RSP, self._asked)
            status = answer.number(elements.STATUS)
            if status in statuses.PENDING:
                yield _answer(_decoded(found), asked, self._address.charset)
                continue
            if status != statuses.SUCCESS and not statuses.accepted(status):
                shown = statuses.shown(status, answer.text(elements.ERROR_COMMENT))
                raise self._address.refused(f"refused the query at {level} level: {shown}", shown)
            return

    def ask_anyway(self, level: Level, keys: Mapping[str, str], wanted: Sequence[str]) -> list[Answer]:
        """Ask without the UIDs above; nothing, where that is refused or something else comes back."""
        unique = UNIQUE[level]
        above = [UNIQUE[one] for one in _LEVELS[: _LEVELS.index(level)] if not keys.get(UNIQUE[one])]
        asked = set(keys.get(unique, "").split("\\")) - {"", "*"}
        try:
            found = list(self.ask(level, keys, [*wanted, *above]))
        except Unreachable:
            raise
        except PeerError:
            return []
        fits = all(all(one.get(keyword) for keyword in above) for one in found)
        return found if fits and (not asked or all(one.get(unique) in asked for one in found)) else []

    def walk(self, level: Level, keys: Mapping[str, str], wanted: Sequence[str]) -> list[Answer]:
        """Go through the levels above, one study and series after another."""
        upper = {keyword: value for keyword, value in keys.items() if keyword in _STUDY_KEYS}
        lower = {keyword: value for keyword, value in keys.items() if keyword not in _STUDY_KEYS}
        paths = [{"StudyInstanceUID": one} for one in self._unique("STUDY", upper)]
        if level == "IMAGE":
            series = lower.pop("SeriesInstanceUID", "")
            paths = [
                {**path, "SeriesInstanceUID": one}
                for path in self._few(paths, "studies")
                for one in self._unique("SERIES", {**path, "SeriesInstanceUID": series})
            ]
        found = []
        for path in self._few(paths, "studies" if level == "SERIES" else "series"):
            found += [{**path, **answer} for answer in self.ask(level, {**lower, **path}, wanted)]
        return found

    def _unique(self, level: Level, keys: Mapping[str, str]) -> list[str]:
        return [uid for answer in self.ask(level, keys, ()) if (uid := answer.get(UNIQUE[level]))]

    def _few(self, paths: list[dict[str, str]], what: str) -> list[dict[str, str]]:
        if len(paths) > _MOST_WALKED:
            raise self._address.refused(
                f"would have to be asked for each of {len(paths)} {what}",
                "",
                "say more of the study: StudyInstanceUID, PatientID or StudyDate",
            )
        return paths


def _identifier(level: Level, keys: Mapping[str, str], wanted: Sequence[str], charset: str) -> Dataset:
    """Return what to ask; texts that are not ASCII go in the server's own character set if that is known."""
    from pydicom import Dataset
    from pydicom.datadict import dictionary_VR, keyword_dict

    made = Dataset()
    made.QueryRetrieveLevel = level
    if not all(value.isascii() for value in keys.values()):
        made.SpecificCharacterSet = charset.split("\\") if charset else "ISO_IR 192"
    with quiet():
        for keyword, value in {**dict.fromkeys((UNIQUE[level], *wanted), ""), **keys}.items():
            if keyword not in keyword_dict:
                raise UsageError(f'"{keyword}" is no DICOM keyword', hint=did_you_mean(keyword, keyword_dict, limit=0))
            kind = dictionary_VR(keyword)
            if kind == "SQ" and value:
                raise UsageError(f"{keyword} is a sequence: it cannot be asked for with a value", hint="leave it out")
            try:
                setattr(made, keyword, [] if kind == "SQ" else int(value) if value and kind in ("US", "UL") else value)
                made[keyword].to_json_dict(None, 1 << 20)  # what cannot be encoded later shows here
            except conversion_errors() as error:
                raise UsageError(
                    f'{keyword} "{value}" cannot be asked for: {error}', hint="is it such a value?"
                ) from error
    return made


def _encoded(identifier: Dataset) -> bytes:
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    file = DicomBytesIO()
    file.is_implicit_VR = file.is_little_endian = True
    with quiet():
        write_dataset(file, identifier)
    return file.getvalue()


def _decoded(data: bytes) -> Dataset:
    from io import BytesIO

    from pydicom.filereader import read_dataset

    elements.check_lengths(data)
    try:
        with quiet():
            return read_dataset(BytesIO(data), is_implicit_VR=True, is_little_endian=True)
    except conversion_errors() as error:
        raise pdu.Malformed(f"an answer to a query that cannot be read ({error})") from error


def _answer(found: Dataset, asked: set[str], charset: str) -> Answer:
    """Return what was asked for of an answer as text; sequences and bulk data are left out."""
    from pydicom.datadict import keyword_for_tag

    answer = {}
    with quiet():
        encodings = _encodings(found, charset)
        for tag in list(found.keys()):
            keyword = keyword_for_tag(tag)
            said = _said(found, tag, keyword, encodings) if keyword in asked else None
            if said is not None:
                answer[keyword] = said
    return answer


def _encodings(found: Dataset, charset: str) -> list[str]:
    """Return Python's names of the character sets of an answer: what the configuration says, else what it says."""
    from pydicom.charset import convert_encodings

    stated = charset or _raw(found, _CHARACTER_SET).decode("ascii", "replace")
    return convert_encodings([term.strip(" \0") for term in stated.split("\\")])


def _said(found: Dataset, tag: BaseTag, keyword: str, encodings: list[str]) -> str | None:
    """Return a value as it was sent: a number keeps its spelling, a text is decoded once its bytes are whole."""
    from pydicom.charset import decode_bytes
    from pydicom.datadict import dictionary_VR
    from pydicom.valuerep import PN_DELIMS, TEXT_VR_DELIMS

    kind = dictionary_VR(tag)
    if kind in _NUMBERS:
        try:
            return text(found, keyword)
        except NotDicom:
            return None
    if kind in _LATIN:
        whole = _raw(found, tag).decode("latin-1")
    elif kind in _TEXT:
        whole = decode_bytes(_raw(found, tag), encodings, TEXT_VR_DELIMS | (PN_DELIMS if kind == "PN" else set()))
    else:
        return None
    # A backslash may be the half of a character: values are parted only now.
    return "\\".join(one.strip(" \0") for one in whole.split("\\"))


def _raw(found: Dataset, tag: int) -> bytes:
    """Return the bytes of an element that nobody has converted."""
    element = found.get_item(tag)
    return element.value if element is not None and isinstance(element.value, bytes) else b""
