"""Readable trees of DICOM files, into which none is put over another."""

from __future__ import annotations

import hashlib
import os
import secrets
from dataclasses import dataclass, field
from pathlib import Path

from vqscript.errors import ImageError, VqError
from vqscript.imaging.dicom import values
from vqscript.pacs.template import Template

_PARTIAL = ".incoming-"


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
