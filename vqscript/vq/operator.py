"""What all operators have in common: ``VQ.currentOp()`` after ``setViewMode``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqscript.vq.catalog import script

if TYPE_CHECKING:
    from vqscript.session import Session


class Operator:
    """An operator of the main window."""

    def __init__(self, session: Session) -> None:
        self._session = session


class Navigation(Operator):
    """Looking around: it changes nothing."""

    @script(example="VQ.currentOp():center()")
    def center(self) -> None:
        """Put the cursor into the middle of the reference."""
        self._session.display.cursor = None
