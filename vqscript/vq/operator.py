"""What all operators have in common: ``VQ.currentOp()`` after ``setViewMode``."""

from __future__ import annotations

from vqscript.vq.catalog import script
from vqscript.vq.host_object import HostObject


class Operator(HostObject):
    """An operator of the main window."""


class Navigation(Operator):
    """Looking around: it changes nothing."""

    @script(example="VQ.currentOp():center()")
    def center(self) -> None:
        """Put the cursor into the middle of the reference."""
        self._session.display.cursor = None
