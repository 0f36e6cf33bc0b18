"""C-GET and C-MOVE from a local repository: which files are meant, and on what way they go."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from vqscript.errors import ImageError
from vqscript.imaging.dicom.stream import EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN, NATIVE
from vqscript.imaging.dicom.values import conversion_errors, quiet
from vqscript.network.dimse import part10, statuses
from vqscript.network.dimse.address import Address
from vqscript.network.dimse.fast import elements
from vqscript.network.dimse.fast.accepting import Accepting, is_cancel
from vqscript.network.dimse.fast.pdu import Malformed
from vqscript.network.dimse.store import send
from vqscript.network.tls import Tls
from vqscript.pacs.listen.callers import Callers
from vqscript.pacs.listen.identifiers import BAD_IDENTIFIER, Query, Refused
from vqscript.repository import layout
from vqscript.repository.base import Study
from vqscript.repository.local import LocalRepository

if TYPE_CHECKING:
    from pydicom import Dataset

MOVE_DESTINATION_UNKNOWN = 0xA801
NONE_SENT = 0xA702
SOME_SENT = 0xB000
_READ = 1 << 20
_UNIQUE = {
    "PATIENT": "PatientID",
    "STUDY": "StudyInstanceUID",
    "SERIES": "SeriesInstanceUID",
    "IMAGE": "SOPInstanceUID",
}


@dataclass(frozen=True)
class Outcome:
    """What became of an instance that was to be sent."""

    sop_uid: str
    accepted: bool
    warned: bool = False


@dataclass(frozen=True)
class Sender:
    """With what instances go out.

    Attributes
    ----------
    aet : str
        Our AE title.
    callers : Callers
    tls : Tls, optional
        For connections to the destinations of C-MOVE, too.
    connect_timeout, answer_timeout : float
        Seconds.
    """

    aet: str
    callers: Callers
    tls: Tls | None = None
    connect_timeout: float = 10.0
    answer_timeout: float = 60.0

    def destination(self, title: str) -> Address:
        """Return where C-MOVE sends to for an AE title; Refused if nobody is known by it."""
        caller = self.callers.destination(title)
        if caller is None:
            raise Refused(f"no AE title {title} is known here", status=MOVE_DESTINATION_UNKNOWN)
        return Address(
            caller.aet,
            caller.host,
            caller.port,
            calling=self.aet,
            tls=self.tls,
            connect_timeout=self.connect_timeout,
            answer_timeout=self.answer_timeout,
        )


class Cancelled(Exception):
    """The caller does not want the rest."""


def meant(repository: LocalRepository, query: Query) -> dict[str, Path]:
    """Return SOP Instance UID -> file of what an identifier of C-GET or C-MOVE describes.

    Raises
    ------
    Refused
        If it has not the UID that its level wants: a whole archive is not sent by mistake.
    """
    unique = _UNIQUE[query.level]
    if not query.uids(unique):
        raise Refused(f"{unique} is missing at level {query.level}", status=BAD_IDENTIFIER)
    series, instances = query.uids("SeriesInstanceUID"), query.uids("SOPInstanceUID")
    found = {}
    for study in _studies(repository, query):
        for uid, held in repository.instances(study.study_uid).items():
            if (not series or held.series_uid in series) and (not instances or uid in instances):
                found[uid] = layout.instance_path(repository.root, uid)
    return found


def move(address: Address, files: dict[str, Path]) -> Iterator[Outcome]:
    """Send files to the destination of C-MOVE; Unreachable or PeerError if that fails."""
    uids = {path: uid for uid, path in files.items()}
    for sent in send(address, list(files.values())):
        warned = sent.accepted and not sent.status.startswith("0000")
        yield Outcome(uids[sent.path], sent.accepted, warned)


def get(link: Accepting, message: int, files: dict[str, Path]) -> Iterator[Outcome]:
    """Send files over the association on which C-GET came.

    Parameters
    ----------
    link : Accepting
    message : int
        C-GET itself; Cancelled is raised when the caller cancels it.
    files : dict
    """
    for number, (uid, path) in enumerate(files.items()):
        try:
            file = part10.describe(path)
            contexts = link.taking(file.sop_class)
            syntax = file.syntax if file.syntax in contexts else ""
            size, pieces = file.size, file.pieces(max(_READ // link.piece, 1) * link.piece)
            if not syntax:
                syntax, data = recoded(path, file.syntax, sorted(contexts))
                size, pieces = len(data), iter([memoryview(data)])
        except ImageError:
            yield Outcome(uid, accepted=False)
            continue
        request = elements.request(elements.C_STORE_RQ, number % (1 << 15) + 1, file.sop_class, dataset=True)
        request[elements.AFFECTED_SOP_INSTANCE] = file.sop_uid
        link.send(contexts[syntax], request, size, pieces)
        outcome, stop = _answered(link, message, number % (1 << 15) + 1, uid)
        yield outcome
        if stop:
            raise Cancelled


def failures(sop_uids: Sequence[str]) -> Dataset:
    """Return the identifier that names what could not be sent."""
    from pydicom import Dataset

    made = Dataset()
    made.FailedSOPInstanceUIDList = list(sop_uids)
    return made


def recoded(path: Path, syntax: str, offered: Sequence[str]) -> tuple[str, bytes]:
    """Return a data set in a transfer syntax that the caller takes, plain in any case.

    Raises
    ------
    ImageError
        If it takes none of them, or what is compressed cannot be decompressed here.
    """
    from pydicom import dcmread
    from pydicom.filebase import DicomBytesIO
    from pydicom.filewriter import write_dataset

    target = next((one for one in (EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN) if one in offered), "")
    if not target:
        raise ImageError(f"{path} is in a transfer syntax that the caller does not take", path=path)
    try:
        with quiet():
            dataset = dcmread(path)
            if syntax not in NATIVE and "PixelData" in dataset:
                dataset.decompress(generate_instance_uid=False)
            file = DicomBytesIO()
            file.is_implicit_VR, file.is_little_endian = target == IMPLICIT_LITTLE_ENDIAN, True
            write_dataset(file, dataset)
    except conversion_errors() as error:
        raise ImageError(f"{path} cannot be sent in another transfer syntax: {error}", path=path) from error
    except RuntimeError as error:  # no decoder
        raise ImageError(f"{path} cannot be decompressed: {error}", path=path) from error
    return target, file.getvalue()


def _answered(link: Accepting, message: int, number: int, uid: str) -> tuple[Outcome, bool]:
    """Return what the caller says to an instance, and whether it wants no more."""
    stop = False
    while True:
        _, answer = link.read_command()
        if is_cancel(answer, message):
            stop = True
            continue
        kind, to = answer.number(elements.COMMAND), answer.number(elements.RESPONDED_TO)
        if kind != elements.C_STORE_RSP or to != number:
            raise Malformed(f"a message of type {kind:04X} in answer to C-STORE")
        status = answer.number(elements.STATUS)
        accepted = statuses.accepted(status)
        return Outcome(uid, accepted, accepted and status != statuses.SUCCESS), stop


def _studies(repository: LocalRepository, query: Query) -> list[Study]:
    uids, patients = query.uids("StudyInstanceUID"), query.uids("PatientID")
    return [
        study
        for study in repository.find_studies()
        if (not uids or study.study_uid in uids) and (not patients or study.patient_id in patients)
    ]
