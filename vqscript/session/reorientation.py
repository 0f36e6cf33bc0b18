"""Reorientation and registration: inputs moved, turned, mirrored and aligned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqscript.errors import UsageError
from vqscript.imaging import reorient
from vqscript.imaging.registration import Start

if TYPE_CHECKING:
    from vqscript.imaging.registration import Registration
    from vqscript.session.session import Session

Triple = tuple[float, float, float]


class Reorientation:
    """Moves inputs against the reference. Their voxels stay as they are; only where they lie changes.

    Input 0 stays: what is drawn on it has to stay where its own files are.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def translate(self, i: int, millimetres: Triple) -> None:
        """Move input ``i`` by x, y, z in mm (LPS)."""
        self._refuse_reference(i)
        moved = reorient.translate(self._session.inputs[i].volume, millimetres)
        self._session.replace_volume(i, moved, "moved by {:g}, {:g}, {:g} mm".format(*millimetres))

    def rotate(self, i: int, degrees: Triple) -> None:
        """Turn input ``i`` about its centre, about the patient's x, then y, then z axis."""
        self._refuse_reference(i)
        turned = reorient.rotate(self._session.inputs[i].volume, degrees)
        self._session.replace_volume(i, turned, "turned by {:g}, {:g}, {:g} degrees".format(*degrees))

    def flip(self, i: int, axis: reorient.Axis) -> None:
        """Mirror the voxels of input ``i`` along one of its axes: the correction of an image written the wrong way.

        Raises
        ------
        UsageError
            For the reference once ROIs are drawn on it: they would stay where they are.
        """
        if i == 0 and len(self._session.rois):
            raise UsageError(
                "the reference cannot be mirrored under its ROIs", hint="flip first, then draw or load ROIs"
            )
        flipped = reorient.flip(self._session.inputs[i].volume, axis)
        self._session.replace_volume(i, flipped, f"mirrored along {axis}")

    def register(self, moving: int, fixed: int = 0, start: Start | None = None) -> Registration:
        """Align input ``moving`` with input ``fixed`` by a rigid motion (extra ``registration``)."""
        from vqscript.imaging.registration import register

        self._refuse_reference(moving)
        if moving == fixed:
            raise UsageError(f"input {moving} cannot be aligned with itself", hint="register(moving, fixed)")
        found = register(self._session.inputs[fixed].volume, self._session.inputs[moving].volume, start=start)
        what = f"aligned with input {fixed}: " + "; ".join(found.notes)
        self._session.replace_volume(moving, found.volume, what)
        return found

    def _refuse_reference(self, i: int) -> None:
        self._session.inputs.check(i)
        if i == 0:
            raise UsageError("input 0 is the reference and stays", hint="move the other inputs, the opposite way")
