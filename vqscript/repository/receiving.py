"""Instances that come one by one from elsewhere: each is in the repository, or is not, before the next one comes."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vqscript.datapoints.parse import SOP_CLASSES, parse
from vqscript.datapoints.records import DataPoint
from vqscript.errors import RepositoryError, VqError
from vqscript.imaging.dicom.header import read_header, read_quickly
from vqscript.imaging.dicom.instance import Instance
from vqscript.imaging.dicom.values import conversion_errors
from vqscript.repository import layout
from vqscript.repository.attributes import KEYWORDS, other_patient, same_name, series_of, study_of
from vqscript.repository.base import Series, Study
from vqscript.repository.encoding import encode
from vqscript.repository.importing import quiet_about_files
from vqscript.repository.index import Entry, Index

if TYPE_CHECKING:
    from pydicom import Dataset


_REMEMBERED = 1000


class Mismatch(RepositoryError):
    """An instance is not the one that was announced."""


class Conflict(RepositoryError):
    """A SOP Instance UID came with other content than is stored."""


@dataclass(frozen=True)
class Arrived:
    """A file that has come whole, and waits in ``incoming`` to be filed.

    Attributes
    ----------
    path : Path
    sha256 : str
        Of its content; "" where nobody needs it.
    """

    path: Path
    sha256: str


@dataclass(frozen=True)
class Filed:
    """What became of an instance.

    Attributes
    ----------
    path : Path
        Its file.
    new : bool
        Whether it was not there before.
    notes : tuple of str
        Remarks: on data points that cannot be read, on a patient whose name or ID differs from what is known.
    """

    path: Path
    new: bool
    notes: tuple[str, ...] = ()


class Receiving:
    """Files into one repository, by one thread.

    Parameters
    ----------
    root : Path
        Folder of the repository.
    index : Index
    folder : Path
        Below ``incoming``, for files on their way in.
    durable : bool
        Whether a file and its name are flushed to the disk before :meth:`file` returns. The row of the index is
        written then, too, and may be lost by a failure of power; the next import finds the file and writes it again.
    """

    def __init__(self, root: Path, index: Index, folder: Path, *, durable: bool = True) -> None:
        self._root = root
        self._index = index
        self._folder = folder
        self._durable = durable
        self._known: dict[tuple[bytes, ...], tuple[Study, Series]] = {}
        self._seen: set[Study] = set()
        self._synced: set[Path] = set()

    def take(self, head: bytes, pieces: Iterable[bytes | memoryview]) -> Arrived:
        """Write a file as its bytes come; nothing stays of one that does not come whole.

        Parameters
        ----------
        head : bytes
            What stands before the data set.
        pieces : iterable of bytes

        Raises
        ------
        RepositoryError
            If it cannot be written.
        """
        path = self._folder / f"{uuid.uuid4().hex}.dcm"
        return Arrived(path, write_whole(path, head, pieces, durable=self._durable))

    def file(self, arrived: Arrived, announced: tuple[str, str], place: tuple[str, str] | None = None) -> Filed:
        """Give a file its place, and write its row.

        Parameters
        ----------
        arrived : Arrived
        announced : (str, str)
            SOP class and SOP Instance UID that the sender has named beside it.
        place : (str, str), optional
            Study and series that it has to be of.

        Raises
        ------
        Mismatch
            If it is another instance than was announced, or of another series.
        Conflict
            If its UID is known with other content.
        ImageError
            If it is no whole DICOM instance.
        RepositoryError
            If the repository cannot be written. After any error the file is where it was.
        """
        instance, study, series, points, notes = self._read(arrived.path)
        check_announced(instance.sop_class, instance.sop_uid, announced)
        if place and (instance.study_uid, instance.series_uid) != place:
            own = f"of study {instance.study_uid}, series {instance.series_uid}"
            raise Mismatch(f"it says of itself that it is {own}", uid=instance.sop_uid)
        row = self._index.row(instance.sop_uid)
        stored = layout.instance_path(self._root, instance.sop_uid)
        notes += self._compare(study)
        sha256 = arrived.sha256
        if row and row.sha256 != sha256 and not stored.exists():
            raise Conflict(f"the repository has lost instance {instance.sop_uid}, but it had other content")
        try:
            layout.publish(arrived.path, stored)
            new = row is None
        except FileExistsError:
            if not same_object(arrived.path, stored):
                known = f"SOP Instance UID {instance.sop_uid} is stored already with other content, which was kept"
                raise Conflict(known, uid=instance.sop_uid) from None
            arrived.path.unlink()
            sha256, new = row.sha256 if row else layout.hash_file(stored), False
        self._sync(stored.parent)
        now = stored.stat()
        if row is None:
            entry = Entry(instance, now.st_size, now.st_mtime_ns, sha256, study, series, points)
            self._index.add([entry])
        elif (row.size, row.mtime_ns) != (now.st_size, now.st_mtime_ns):  # it was lost, and is there again
            self._index.renew(instance.sop_uid, now.st_size, now.st_mtime_ns, encode(instance))
        return Filed(stored, new, tuple(notes))

    def _sync(self, folder: Path) -> None:
        """Flush a new name to the disk, and that of its folder when it is first met."""
        if self._durable:
            with layout.writing(folder):
                layout.sync_folders({folder} if folder in self._synced else {folder, folder.parent})
            self._synced.add(folder)

    def _read(self, path: Path) -> tuple[Instance, Study, Series, tuple[DataPoint, ...], list[str]]:
        """Return what the index keeps of a file, and remarks on it."""
        found = read_quickly(path)
        key = tuple(found[0].raw(keyword) for keyword in KEYWORDS) if found else ()
        known = self._known.get(key)
        if found and known and found[1].sop_class not in SOP_CLASSES:
            return found[1], *known, (), []
        header, instance = read_header(path)
        study, series = study_of(header), series_of(header)
        if key:
            # The slices of a series agree in these bytes: to decode them once is enough.
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[key] = study, series
        points, note = _points(header, instance)
        return instance, study, series, points, [note] if note else []

    def _compare(self, study: Study) -> list[str]:
        """Return what differs from what is known of the patient; of each study only once."""
        if study in self._seen:
            return []
        if len(self._seen) >= _REMEMBERED:
            self._seen.clear()
        self._seen.add(study)
        known = self._index.study(study.study_uid)
        notes = [note for _, note in other_patient(known, study)] if known else []
        others = self._index.patient_names(study.patient_id) if study.patient_id and study.patient_name else []
        different = [name for name in others if not same_name(name, study.patient_name)]
        if different and not notes:
            notes.append(f'patient ID {study.patient_id} is of "{study.patient_name}", elsewhere of "{different[0]}"')
        return notes


@contextmanager
def receiving(root: Path, *, durable: bool = True) -> Iterator[Receiving]:
    """Open a repository to receive instances; what is not filed at the end of the block is gone.

    Parameters
    ----------
    root : Path
        Folder of the repository.
    durable : bool
        As for :class:`Receiving`.
    """
    index = Index.open(root / layout.INDEX)
    try:
        with layout.incoming(root) as folder, quiet_about_files():
            yield Receiving(root, index, folder, durable=durable)
    finally:
        index.close()


def write_whole(
    path: Path, head: bytes, pieces: Iterable[bytes | memoryview], *, durable: bool, hashed: bool = True
) -> str:
    """Write a new file as its bytes come, and return their SHA-256; nothing stays of one that does not come whole.

    Parameters
    ----------
    path : Path
    head : bytes
        What stands before the data set.
    pieces : iterable of bytes
    durable : bool
        Whether it is flushed to the disk.
    hashed : bool
        Whether the hash is wanted; "" is returned if not, in half the time.

    Raises
    ------
    RepositoryError
        If it cannot be written.
    """
    try:
        # What goes wrong with the pieces is no OSError: the network has errors of its own.
        with layout.writing(path), path.open("xb", buffering=0) as file:
            digest = hashlib.sha256(head) if hashed else None
            _write(file, head)
            for piece in pieces:
                _write(file, piece)
                if digest:
                    digest.update(piece)
            if durable:
                os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return digest.hexdigest() if digest else ""


def check_announced(sop_class: str, sop_uid: str, announced: tuple[str, str]) -> None:
    """Raise Mismatch if an instance has another SOP class or UID than was announced."""
    for what, said, found in (("SOP class", announced[0], sop_class), ("SOP Instance UID", announced[1], sop_uid)):
        if said != found:
            raise Mismatch(f"its {what} is {found}, but {said[:64]} was announced", uid=sop_uid)


def same_object(one: Path, other: Path) -> bool:
    """Whether two DICOM files hold the same object.

    The same bytes will do. Otherwise elements are compared: who sent it may have written it in another way, and a
    file's meta information is not part of the object.
    """
    if one.stat().st_size == other.stat().st_size and layout.hash_file(one) == layout.hash_file(other):
        return True
    from vqscript.imaging.dicom.same import same_content

    return same_content(one, other)


def _points(header: Dataset, instance: Instance) -> tuple[tuple[DataPoint, ...], str]:
    """Return the data points of an object, and why they cannot be read, if so."""
    if instance.sop_class not in SOP_CLASSES:
        return (), ""
    try:
        return tuple(parse(header)), ""
    except VqError as error:
        reason = str(error)
    except conversion_errors() as error:
        reason = str(error)
    return (), f"stored, but its data points cannot be read: {reason}"


def _write(file: BinaryIO, data: bytes | memoryview) -> None:
    left = memoryview(data)
    while left:
        left = left[file.write(left) :]
