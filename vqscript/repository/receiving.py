"""Instances that come one by one from elsewhere: each is in the repository, or is not, before the next one comes."""

from __future__ import annotations

import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from vqscript.datapoints.parse import SOP_CLASSES, parse
from vqscript.datapoints.records import DataPoint
from vqscript.errors import ImageError, RepositoryError, VqError
from vqscript.imaging.dicom.header import read_header
from vqscript.imaging.dicom.instance import Instance
from vqscript.imaging.dicom.values import conversion_errors
from vqscript.repository import layout
from vqscript.repository.attributes import series_of, study_of
from vqscript.repository.base import Series, Study
from vqscript.repository.encoding import encode
from vqscript.repository.index import Entry, Index

if TYPE_CHECKING:
    from pydicom import Dataset


class Conflict(RepositoryError):
    """A SOP Instance UID came with other content than is stored."""


@dataclass(frozen=True)
class Arrived:
    """A file that has come whole, and waits in ``incoming`` to be filed.

    Attributes
    ----------
    path : Path
    sha256 : str
        Of its content.
    """

    path: Path
    sha256: str


@dataclass(frozen=True)
class Filed:
    """What became of an instance.

    Attributes
    ----------
    instance : Instance
    new : bool
        Whether it was not there before.
    notes : tuple of str
        Remarks: on data points that cannot be read, on a patient whose name or ID differs from what is known.
    """

    instance: Instance
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
        self._studies: dict[str, Study] = {}
        self._told: set[tuple[str, ...]] = set()

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
        try:
            with layout.writing(path):
                file = path.open("xb", buffering=0)
            with file:
                digest = hashlib.sha256(head)
                _write(path, file, head)
                for piece in pieces:
                    _write(path, file, piece)
                    digest.update(piece)
                if self._durable:
                    with layout.writing(path):
                        os.fsync(file.fileno())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Arrived(path, digest.hexdigest())

    def file(self, arrived: Arrived) -> Filed:
        """Give a file its place, and write its row.

        Raises
        ------
        Conflict
            If its UID is known with other content.
        ImageError
            If it is no whole DICOM instance.
        RepositoryError
            If the repository cannot be written. After any error the file is where it was.
        """
        header, instance = read_header(arrived.path)
        stored = layout.instance_path(self._root, instance.sop_uid)
        study = study_of(header)
        notes = self._compare(study)
        if self._index.row(instance.sop_uid) and stored.exists():
            self._check_same(arrived, stored)
            return Filed(replace(instance, path=stored), new=False, notes=tuple(notes))
        points = self._points(header, instance, notes)
        sha256 = self._publish(arrived, stored)
        entry = self._entry(stored, instance, sha256, study, series_of(header), points)
        if not self._index.add([entry]):  # it was there, but its file was lost
            self._index.renew(instance.sop_uid, entry.size, entry.mtime_ns, encode(instance))
        return Filed(replace(instance, path=stored), new=True, notes=tuple(notes))

    def _publish(self, arrived: Arrived, stored: Path) -> str:
        """Give a file its name and return its hash; if the name is taken, it has to be the same object."""
        known = self._index.row(layout_uid := "") if False else None
        raise NotImplementedError(known, layout_uid)
