"""DICOM files to a server: never over what it has, and with an answer for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.errors import ImageError, Unreachable
from vqscript.imaging.dicom.instance import Instance
from vqscript.network.peer import Peer, Sent
from vqscript.repository.base import StoreReport
from vqscript.repository.fetching import TRIES, Fetcher
from vqscript.repository.importing import list_files, quiet_about_files, why_skipped
from vqscript.repository.receiving import same_object

if TYPE_CHECKING:
    from vqscript.repository.cache import Cache


def read_files(paths: Sequence[Path], root: Path, report: StoreReport) -> dict[Path, Instance]:
    """Return the DICOM files among files and folders; what is left out is noted in the report."""
    from vqscript.imaging.dicom.header import read_header

    files, skipped = list_files(paths, root)
    report.skipped += skipped
    found = {}
    with quiet_about_files():
        for path in files:
            try:
                found[path] = read_header(path)[1] if path.is_file() else None
            except ImageError as error:
                skip(report, path, *why_skipped(path, error))
            except OSError as error:
                skip(report, path, f"cannot be read: {error.strerror or error}", failed=True)
    report.skipped += [(path, "no plain file") for path, instance in found.items() if instance is None]
    return {path: instance for path, instance in found.items() if instance is not None}


def leave_out_known(
    files: Mapping[Path, Instance], fetcher: Fetcher, cache: Cache, report: StoreReport
) -> dict[Path, Instance]:
    """Return the files whose instance the server does not have.

    The others are fetched and compared: a server may be set to replace what it has, and would not say so.
    """
    series = {(instance.study_uid, instance.series_uid) for instance in files.values()}
    listed = {each: set(fetcher.listed(*each)) for each in sorted(series)}
    fresh: dict[Path, Instance] = {}
    taken: dict[str, Path] = {}
    for path, instance in files.items():
        where = (instance.study_uid, instance.series_uid)
        if instance.sop_uid in taken:
            _compare(path, taken[instance.sop_uid], instance.sop_uid, report)
        elif instance.sop_uid in listed[where]:
            fetcher.fetch(*where, only=[instance.sop_uid])
            _compare(path, cache.path_of(instance.sop_uid), instance.sop_uid, report)
        else:
            fresh[path] = instance
            taken[instance.sop_uid] = path
        report.studies.add(instance.study_uid)
    return fresh


def send(peer: Peer, paths: Sequence[Path]) -> list[Sent]:
    """Send files; where the connection breaks, what had no answer is sent again, three times in all.

    Raises
    ------
    Unreachable
        If the server went away each time; it says how many it has.
    """
    answers: dict[Path, Sent] = {}
    for attempt in range(1, TRIES + 1):
        left = [path for path in paths if path not in answers]
        try:
            for sent in peer.send(left):
                answers[sent.path] = sent
        except Unreachable as error:
            if attempt == TRIES:
                stored = sum(sent.accepted for sent in answers.values())
                raise Unreachable(
                    f"{error.message}; it has stored {stored} of {len(paths)} instances",
                    hint=error.hint or "try again: what it has is left as it is",
                    peer=peer.name,
                    status="",
                ) from error
        else:
            break
    return [answers.get(path, Sent(path, "", accepted=False, status="no answer")) for path in paths]


def skip(report: StoreReport, path: Path, reason: str, failed: bool) -> None:
    """Note a file that is left out."""
    report.skipped.append((path, reason))
    if failed:
        report.failed.add(path)


def _compare(path: Path, stored: Path, uid: str, report: StoreReport) -> None:
    if same_object(path, stored):
        report.known.append(path)
    else:
        skip(report, path, f"SOP Instance UID {uid} is stored already with other content, which was kept", failed=True)
