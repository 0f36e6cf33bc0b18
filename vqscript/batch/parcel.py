"""What a task left in its folder, as data that travels back from a machine that does not see the batch's folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vqscript import names
from vqscript.batch.folder import RESULT, BatchFolder
from vqscript.errors import Damaged, UsageError
from vqscript.files import whole_file

MOST = 512 * 2**20
"""Bytes of a task that travel; they are in memory on their way."""


@dataclass(frozen=True)
class Parcel:
    """Files by their paths relative to the task's folder, with ``/``."""

    files: dict[str, bytes]


def pack(place: Path) -> Parcel:
    """Return all files of a folder.

    Raises
    ------
    UsageError
        If they are too large to travel.
    """
    paths = [path for path in sorted(place.rglob("*")) if path.is_file()]
    size = sum(path.stat().st_size for path in paths)
    if size > MOST:
        raise UsageError(
            f"the study wrote {size / 2**20:.0f} MB, and at most {MOST >> 20} MB travel back",
            hint="let --output be a folder that the workers see under the same path",
        )
    return Parcel({path.relative_to(place).as_posix(): path.read_bytes() for path in paths})


def unpack(parcel: Parcel, folder: BatchFolder, name: str) -> None:
    """Write the files of a task, its record last.

    Raises
    ------
    Damaged
        If a name would lead out of the task's folder, or the record is not there.
    """
    for each in parcel.files:
        path = PurePosixPath(each)
        if path.is_absolute() or not path.parts or any(part == ".." or names.fault(part) for part in path.parts):
            raise Damaged(f'a worker sent a file named "{each}", which is no name within the folder of a study')
    if RESULT not in parcel.files:
        raise Damaged(f"a worker sent no record of {name}")
    place = folder.clear(name)
    for each in sorted(parcel.files, key=lambda each: each == RESULT):
        with whole_file(place / each) as file:
            file.write(parcel.files[each])
