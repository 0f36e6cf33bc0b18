"""What a server tells of itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal["listening", "refused", "ended", "rejected", "patient", "error", "stopped"]


@dataclass(frozen=True)
class Event:
    """Something that happened.

    Attributes
    ----------
    kind : str
        "listening" and "stopped": the server. "refused": an association that was not opened. "ended": one that was
        open. "rejected": an instance that was not filed. "patient": what is known of a patient differs. "error":
        something went wrong.
    text : str
        For a person.
    about : dict
        The same in parts: caller, host, instances, bytes, seconds, sop_uid, reason, path.
    """

    kind: Kind
    text: str
    about: dict[str, str | int | float] = field(default_factory=dict)


Tell = Callable[[Event], None]
