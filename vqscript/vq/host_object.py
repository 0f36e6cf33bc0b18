"""What all objects of the VQ tree have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vqscript.session import Session


class HostObject:
    """An object that scripts call: it works on the session of the script."""

    def __init__(self, session: Session) -> None:
        self._session = session
