"""Readable trees of DICOM files: where a template of tags puts each, and putting it there."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript import names
from vqscript.errors import ImageError, UsageError, VqError
from vqscript.imaging.dicom import values

if TYPE_CHECKING:
    from pydicom import Dataset

TEMPLATE = (
    "{PatientID}-{PatientName}-{PatientBirthDate}/{StudyDescription}-{AccessionNumber}-{StudyDate}/"
    "{SeriesDescription}-{SeriesHash}/{InstanceNumber:04}-{SOPInstanceUID}.dcm"
)
SERIES_HASH = "SeriesHash"
"""Stands in a template for eight digits that follow from SeriesInstanceUID: descriptions are often the same."""

LONGEST_PART = 120
"""Characters of a name; at up to two bytes each it stays below what file systems take, with room for an ending."""

_FIELD = re.compile(r"\{([A-Za-z]+)(?::0(\d))?\}")
_PARTIAL = ".incoming-"


class Template:
    """Where a file goes, by its tags.

    Parameters
    ----------
    text : str
        Folders and name with ``{Keyword}`` for any DICOM keyword, ``{InstanceNumber:04}`` for a number with leading
        zeros, and ``{SeriesHash}``.

    Raises
    ------
    UsageError
        If a keyword is none, it leads out of the tree, or does not tell instances apart.
    """

    def __init__(self, text: str = TEMPLATE) -> None:
        from vqscript.pacs.finding import check_keywords

        check_keywords([word for word, _ in _FIELD.findall(text) if word != SERIES_HASH])
        self._parts = text.split("/")
        rest = _FIELD.sub("x", text)
        if "{" in rest or "}" in rest or any(names.fault(part) or part.strip(".") == "" for part in rest.split("/")):
            raise UsageError(f'"{text}" is no template of a path', hint=f"as in {TEMPLATE}")
        if "{SOPInstanceUID}" not in self._parts[-1]:
            raise UsageError(
                f'the name "{self._parts[-1]}" would be that of several instances',
                hint="it has to hold {SOPInstanceUID}",
            )

    def path(self, header: Dataset) -> Path:
        """Return the relative path of an instance; nothing that stands in a tag can lead elsewhere."""
        return Path(*(self._part(part, header) for part in self._parts))

    def _part(self, part: str, header: Dataset) -> str:
        filled = _FIELD.sub(lambda found: _value(found[1], found[2], header), part)
        whole = filled[:LONGEST_PART]
        if whole != filled:  # what is cut off must not make two names one
            ending = Path(part).suffix if "{" not in Path(part).suffix else ""
            digits = hashlib.sha256(filled.encode()).hexdigest()[:16]
            whole = f"{filled[: LONGEST_PART - 17 - len(ending)]}-{digits}{ending}"
        whole = whole.strip(" ").rstrip(".")
        # Hidden folders would be overlooked, and ".." leads out.
        return f"_{whole}" if not whole or whole.startswith(".") or names.fault(whole) else whole


@dataclass
class Filed:
    """What became of files that were put into a tree.

    Attributes
    ----------
    new, known : list of Path
        Files of the tree: those that came, and those that had been there with the same content.
    failed : list of (Path, str)
        Files that were not put there, with the reason; they are where they were.
    removed : list of Path
        Sources that are gone since their copies are verified.
    """

    new: list[Path] = field(default_factory=list)
    known: list[Path] = field(default_factory=list)
    failed: list[tuple[Path, str]] = field(default_factory=list)
    removed: list[Path] = field(default_factory=list)


def file_into(folder: Path, template: Template, source: Path, filed: Filed, *, remove: bool = False) -> str:
    """Copy a DICOM file to where the template says; nothing there is ever replaced.

    Parameters
    ----------
    remove : bool
        Remove the source once its copy has been read back and is the same.

    Returns
    -------
    str
        Its SOP Instance UID, "" if it was not filed; ``filed`` says why.
    """
    from vqscript.imaging.dicom.header import read_header

    try:
        with values.quiet():
            header, instance = read_header(source)
            target = folder / template.path(header)
        _check_links(folder, target)
        fresh = _copy(source, target)
    except (ImageError, FileConflict) as error:
        filed.failed.append((source, error.about.get("reason", error.message)))
        return ""
    except OSError as error:
        filed.failed.append((source, f"{error.strerror or error}: {error.filename or source}"))
        return ""
    (filed.new if fresh else filed.known).append(target)
    if remove and not target.samefile(source):
        source.unlink()
        filed.removed.append(source)
    return instance.sop_uid


class FileConflict(VqError):
    """Another file has that name already."""


def _copy(source: Path, target: Path) -> bool:
    """Copy and read back; returns False where the same content was there already."""
    digest = _digest(source)
    if target.exists():
        if _digest(target) == digest:
            return False
        raise FileConflict(f"{target} is there with other content, which was kept")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f"{_PARTIAL}{secrets.token_hex(6)}")
    try:
        with source.open("rb") as reader, part.open("xb") as writer:
            while chunk := reader.read(1 << 20):
                writer.write(chunk)
            writer.flush()
            os.fsync(writer.fileno())
        if _digest(part) != digest:
            raise FileConflict(f"the copy in {target.parent} is not what was read: is the disk sound?")
        try:
            os.link(part, target)
        except FileExistsError:
            raise FileConflict(f"{target} appeared meanwhile, and was kept") from None
        except OSError:  # no hard links here: a rename is as whole, but would replace
            if target.exists():
                raise FileConflict(f"{target} appeared meanwhile, and was kept") from None
            part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    return True


def _check_links(folder: Path, target: Path) -> None:
    """Refuse a way through a link: somebody may have put it there to lead out of the tree."""
    for parent in target.relative_to(folder).parents:
        if (folder / parent).is_symlink() and parent != Path():
            raise FileConflict(f"{folder / parent} is a link, which is not followed")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _value(keyword: str, width: str, header: Dataset) -> str:
    if keyword == SERIES_HASH:
        return hashlib.sha256(values.text(header, "SeriesInstanceUID").encode()).hexdigest()[:8]
    try:
        text = values.text(header, keyword)
    except values.conversion_errors() as error:  # what cannot be read is no reason not to file the rest
        text = "" if keyword != "SOPInstanceUID" else str(error)
    except ImageError:
        text = ""
    if width and text.isascii() and text.isdigit():
        text = text.zfill(int(width))
    return "".join(letter if letter.isalnum() or letter in "-._^+ " else "_" for letter in text).strip(" ")
