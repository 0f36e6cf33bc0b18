"""The identity of what a task writes: the same content has the same UIDs, however often the task is tried."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydicom import DataElement, Dataset

_OWN = frozenset({"SOPInstanceUID", "SeriesInstanceUID"})
"""UIDs of the object itself, at the top of its header."""

_INNER = frozenset({"TrackingUID", "DimensionOrganizationUID"})
"""UIDs made for parts of the object, wherever they stand."""

_MOMENT = frozenset(
    f"{module}{part}"
    for module in ("InstanceCreation", "Content", "Series", "StructureSet")
    for part in ("Date", "Time")
)
"""When the object was made: another attempt has another moment."""

_LEFT_OUT = _MOMENT | {"SeriesNumber", "FrameOfReferenceUID"}
"""At the top of the header; also what is chosen by what else the study holds, or made up where the source has none."""


def settle(datasets: Sequence[Dataset], salt: str) -> None:
    """Give objects made together the UIDs that follow from what they hold.

    Parameters
    ----------
    datasets : sequence of Dataset
        Changed in place, references between them and the file meta information included.
    salt : str
        The batch: another one writes other objects, even if they hold the same.
    """
    made = list(dict.fromkeys(uid for dataset in datasets for uid in _made(dataset)))
    order = {uid: f"#{number}" for number, uid in enumerate(made)}
    digest = hashlib.sha256(salt.encode())
    for dataset in datasets:
        for part in _content(dataset, order, top=True):
            digest.update(part)
    space = uuid.UUID(bytes=digest.digest()[:16], version=5)
    fresh = {uid: f"2.25.{uuid.uuid5(space, name).int}" for uid, name in order.items()}
    for dataset in datasets:
        _rename(dataset, fresh)
        meta = getattr(dataset, "file_meta", None)
        if meta is not None and "MediaStorageSOPInstanceUID" in meta:
            meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID


def _made(dataset: Dataset) -> Iterator[str]:
    """Return the UIDs that were made up for an object."""
    for keyword in sorted(_OWN):
        yield str(dataset.get(keyword, ""))
    for element in dataset.iterall():
        if element.keyword in _INNER:
            yield str(element.value)


def _content(dataset: Dataset, order: Mapping[str, str], *, top: bool = False) -> Iterator[bytes]:
    for element in dataset:
        if (top and element.keyword in _LEFT_OUT) or element.keyword == "ContributionDateTime":
            continue
        yield f"{element.tag:08x}{element.VR}".encode()
        if element.VR == "SQ":
            for item in element.value:
                yield b"["
                yield from _content(item, order)
                yield b"]"
        elif isinstance(element.value, bytes):
            yield element.value
        else:
            yield "\\".join(order.get(text, text) for text in _texts(element.value)).encode()


def _texts(value: Any) -> list[str]:
    from pydicom.multival import MultiValue

    return [str(each) for each in value] if isinstance(value, MultiValue | list) else [str(value)]


def _rename(dataset: Dataset, fresh: Mapping[str, str]) -> None:
    def rename(_: Dataset, element: DataElement) -> None:
        if element.VR == "UI" and element.value:
            texts = _texts(element.value)
            if any(text in fresh for text in texts):
                renamed = [fresh.get(text, text) for text in texts]
                element.value = renamed if len(renamed) > 1 else renamed[0]

    dataset.walk(rename)
