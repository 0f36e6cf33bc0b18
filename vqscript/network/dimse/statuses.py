"""What a status of a DIMSE answer means."""

from __future__ import annotations

SUCCESS = 0x0000
CANCELLED = 0xFE00
PENDING = (0xFF00, 0xFF01)
OUT_OF_RESOURCES = 0xA700
NOT_UNDERSTOOD = 0xC000

# PS3.7, annex C, and the classes of PS3.4: sections B.2.3 (storage), C.4.1.1.4, C.4.2.1.5 and C.4.3.1.4 (query and
# retrieve). Where the last digits are free, the first that are not.
_MEANINGS = {
    0x0105: "no such attribute",
    0x0106: "invalid attribute value",
    0x0107: "attribute list error",
    0x0110: "processing failure",
    0x0111: "duplicate SOP instance",
    0x0112: "no such SOP instance",
    0x0115: "invalid argument value",
    0x0116: "attribute value out of range",
    0x0117: "invalid SOP instance UID",
    0x0118: "no such SOP class",
    0x0119: "class and instance conflict",
    0x0120: "missing attribute",
    0x0121: "missing attribute value",
    0x0122: "SOP class not supported",
    0x0124: "not authorized",
    0x0210: "duplicate invocation",
    0x0211: "unrecognized operation",
    0x0212: "mistyped argument",
    0x0213: "resource limitation",
    0xA701: "out of resources: unable to count the matches",
    0xA702: "out of resources: unable to perform the sub-operations",
    0xA801: "move destination unknown",
    0xA900: "data set does not match SOP class",
    0xB000: "warning",
    0xB006: "elements were discarded",
    0xB007: "data set does not match SOP class",
    0xFE00: "cancelled",
}
_RANGES = {0xA7: "out of resources", 0xA9: "data set does not match SOP class", 0xB0: "warning"}


def accepted(status: int) -> bool:
    """Whether an instance that was answered so has been taken: success, or a warning (PS3.7, annex C)."""
    return status in (SUCCESS, 0x0001, 0x0107, 0x0116) or status >> 12 == 0xB


def shown(status: int, comment: str = "") -> str:
    """Return a status as text: ``B000 warning``, with what the server says of it, made fit for one line."""
    meaning = _MEANINGS.get(status) or _RANGES.get(status >> 8) or ("unable to process" if status >> 12 == 0xC else "")
    said = " ".join("".join(c if c.isprintable() else " " for c in comment).split())[:200]
    text = f"{status:04X} {meaning}".strip()
    return f"{text}: {said}" if said else text
