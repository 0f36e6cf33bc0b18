"""The Reorientation/Registration operator."""

from __future__ import annotations

from vqscript.vq.catalog import script
from vqscript.vq.operator import Operator


class Registration(Operator):
    """Reorientation and registration of inputs."""

    @script(example="VQ.currentOp():translate(1, 0.5, 0, 0)")
    def translate(self, input: int, x: float, y: float, z: float) -> None:
        """Move an input by x, y, z in mm (LPS: to the left, to the back, to the head)."""
        self._session.translate(input, (x, y, z))
