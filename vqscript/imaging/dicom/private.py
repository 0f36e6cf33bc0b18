"""Private attributes, which belong to whoever reserved their block."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydicom.dataset import Dataset


def private_text(header: Dataset, group: int, creator: str, element: int) -> str:
    """Return a private attribute as text, "" if it is absent.

    Where no creator is named for the usual block 10 (anonymisers drop it), the attribute is looked for there.

    Parameters
    ----------
    header : pydicom.Dataset
    group : int
        Odd group number.
    creator : str
        Private Creator that reserved the block.
    element : int
        Element within the block, 0x00 to 0xFF.
    """
    try:
        found = header.private_block(group, creator)[element].value
    except KeyError:
        tag = (group, 0x1000 + element)
        found = header[tag].value if tag in header and (group, 0x0010) not in header else None
    if isinstance(found, bytes):  # a private attribute of unknown value representation (UN)
        found = found.decode("ascii", errors="replace")
    return str(found).strip(" \0") if found is not None else ""
