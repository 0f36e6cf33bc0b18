"""The tags of a series as JSON, in the envelope that pfdcm answers with."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.errors import NotFound
from vqscript.network.peer import Peer
from vqscript.pacs.wanted import of_uids

if TYPE_CHECKING:
    from pydicom import Dataset

_TEXT = frozenset({"AE", "AS", "CS", "DA", "DT", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"})


def text_tags(header: Dataset) -> dict[str, str]:
    """Return the tags that hold a single text, by keyword; private ones have none and are left out."""
    from vqscript.imaging.dicom.tags import tag_values

    return {
        keyword: value
        for keyword, value in tag_values(header).items()
        if isinstance(value, str) and header[keyword].VR in _TEXT
    }


def all_tags(header: Dataset) -> dict[str, Any]:
    """Return also numbers, lists of values and sequences; bulk data and private tags are left out."""
    from vqscript.imaging.dicom.tags import tag_values
    from vqscript.imaging.dicom.values import conversion_errors, quiet

    found = tag_values(header)
    with quiet():
        for tag in sorted(header.keys()):
            try:
                element = header[tag]
                if element.VR == "SQ" and element.keyword:
                    found[element.keyword] = [all_tags(item) for item in element.value]
            except conversion_errors():  # one malformed sequence must not hide the others
                continue
    return found


def envelope(tags: dict[str, Any], *, good: bool = True) -> dict[str, Any]:
    """Return tags as ``{"status", "DICOMtagsGet": {"status", "d_dicom"}}``; good is whether there are any."""
    return {"status": good, "DICOMtagsGet": {"status": good, "d_dicom": tags}}


def fetch_header(peer: Peer, folder: Path, *, study: str = "", series: str) -> Dataset:
    """Return the header of the first instance of a series of a server; only this one is fetched, into a folder.

    Raises
    ------
    NotFound
        If the server has no such series, or does not give the instance.
    """
    from vqscript.imaging.dicom.header import read_header

    (wanted,) = of_uids(peer, study=study, series=series)[:1]
    keys = {"StudyInstanceUID": wanted.study_uid, "SeriesInstanceUID": wanted.series_uid}
    answers = [one for one in peer.find("IMAGE", keys, ("InstanceNumber",)) if one.get("SOPInstanceUID")]
    if answers:
        first = min(answers, key=lambda one: (_number(one.get("InstanceNumber", "")), one["SOPInstanceUID"]))
        path = folder / "first.dcm"
        peer.retrieve(
            wanted.study_uid, wanted.series_uid, [first["SOPInstanceUID"]], lambda uid, data: _write(path, data)
        )
        if path.exists():
            return read_header(path)[0]
    raise NotFound(f"{peer.name} gave no instance of series {series}", uid=series)


def _write(path: Path, data: bytes | memoryview) -> None:
    path.write_bytes(data)


def _number(text: str) -> int:
    return int(text) if text.strip().isdecimal() else 1 << 31
