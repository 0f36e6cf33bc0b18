"""Identifiers of queries and orders to send, read from what a caller has sent, and answers to them (PS3.4, annex C)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vqscript.charsets import SINGLE
from vqscript.errors import VqError
from vqscript.imaging.dicom.stream import IMPLICIT_LITTLE_ENDIAN
from vqscript.imaging.dicom.values import conversion_errors, quiet
from vqscript.network.dimse.fast import elements
from vqscript.network.dimse.fast.pdu import Malformed
from vqscript.pacs.listen.charset import replaced
from vqscript.pacs.listen.matching import listed
from vqscript.repository.attributes import text

if TYPE_CHECKING:
    from pydicom import Dataset

BAD_IDENTIFIER = 0xA900
LEVELS = ("PATIENT", "STUDY", "SERIES", "IMAGE")
UNICODE = "ISO_IR 192"
_LONGEST_KEY = 1024
"""Characters of a key that lists no UIDs: with thousands of alternatives, one would keep the server busy for hours."""


class Refused(VqError):
    """A query or an order to send that cannot be followed; ``status`` is what to answer."""


@dataclass(frozen=True)
class Query:
    """What is asked for.

    Attributes
    ----------
    level : str
    keys : mapping
        DICOM keyword -> what to match, "" for anything.
    charset : str
        The caller's SpecificCharacterSet, "" if it stated none.
    """

    level: str
    keys: Mapping[str, str]
    charset: str = ""

    def uids(self, keyword: str) -> frozenset[str]:
        """Return the UIDs that a key lists; none if it is not a list of UIDs."""
        value = self.keys.get(keyword, "")
        return frozenset() if "*" in value or "?" in value else listed(value)


def read(data: bytes, syntax: str, charset: str = "") -> Query:
    """Return what an identifier asks for.

    Parameters
    ----------
    data : bytes
    syntax : str
        Transfer syntax: explicit or implicit, little endian.
    charset : str
        Its character set, whatever it says; "" believes it.

    Raises
    ------
    Refused
        If it cannot be read, asks at no level, or has a key that is too long.
    """
    from io import BytesIO

    from pydicom.datadict import dictionary_VR, keyword_for_tag
    from pydicom.filereader import read_dataset

    implicit = syntax == IMPLICIT_LITTLE_ENDIAN
    try:
        if implicit:
            elements.check_lengths(data)
        with quiet(), _unreadable():
            found = read_dataset(BytesIO(replaced(data, charset, syntax) if charset else data), implicit, True)
            keys = {keyword: _value(found, keyword) for tag in found.keys() if (keyword := keyword_for_tag(tag))}  # noqa: SIM118
    except (Malformed, _Unreadable) as error:
        raise Refused(f"the identifier cannot be read: {error}", status=BAD_IDENTIFIER) from error
    level = keys.pop("QueryRetrieveLevel", "")
    stated = keys.pop("SpecificCharacterSet", "")
    if level not in LEVELS:
        raise Refused(f'"{level[:16]}" is no QueryRetrieveLevel', status=BAD_IDENTIFIER)
    for keyword, value in keys.items():
        if len(value) > _LONGEST_KEY and dictionary_VR(keyword) != "UI":
            raise Refused(f"the key {keyword} is longer than {_LONGEST_KEY} characters", status=BAD_IDENTIFIER)
    return Query(level, keys, charset or stated)


def answer(found: Mapping[str, str | None], query: Query, aet: str) -> Dataset:
    """Return the identifier that answers a query with one thing that was found.

    Parameters
    ----------
    found : mapping
        Keyword of each key -> its value as text; None for one that is not kept, which is left out.
    query : Query
    aet : str
        Who can be asked to send it: ourselves.
    """
    from pydicom import Dataset
    from pydicom.datadict import dictionary_VR

    made = Dataset()
    made.QueryRetrieveLevel = query.level
    with quiet():
        for keyword, value in found.items():
            kind = dictionary_VR(keyword)
            if kind == "SQ":
                setattr(made, keyword, [])
            elif value is not None:
                try:
                    setattr(made, keyword, _typed(kind, value))
                except conversion_errors():  # not what its type wants, as it stands in the file
                    setattr(made, keyword, None)
        made.RetrieveAETitle = aet
        if "InstanceAvailability" in query.keys:
            made.InstanceAvailability = "ONLINE"
        texts = "".join(filter(None, found.values()))
        if not texts.isascii():
            made.SpecificCharacterSet = query.charset if _can_be_said(texts, query.charset) else UNICODE
    return made


def encoded(answer: Dataset, syntax: str) -> bytes:
    """Return an answer in bytes."""
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    file = DicomBytesIO()
    file.is_implicit_VR = syntax == IMPLICIT_LITTLE_ENDIAN
    file.is_little_endian = True
    with quiet():
        write_dataset(file, answer)
    return file.getvalue()


def _can_be_said(texts: str, charset: str) -> bool:
    """Whether texts beyond ASCII can be written in a character set; with code extensions they are not."""
    from pydicom.charset import python_encoding

    if charset not in SINGLE or charset == "ISO_IR 6":  # which is ASCII
        return False
    try:
        texts.encode(python_encoding[charset])
    except UnicodeEncodeError:
        return False
    return True


def _typed(kind: str, value: str) -> str | int | list[int] | None:
    if kind in ("US", "UL", "SS", "SL"):
        numbers = [int(one) for one in value.split("\\") if one]
        return numbers or None
    return value


def _value(found: Dataset, keyword: str) -> str:
    from pydicom.datadict import dictionary_VR

    return "" if dictionary_VR(keyword) == "SQ" else text(found, keyword)


class _Unreadable(Exception):
    """Bytes that are no data set."""


@contextmanager
def _unreadable() -> Iterator[None]:
    try:
        yield
    except conversion_errors() as error:
        raise _Unreadable(str(error)) from error
