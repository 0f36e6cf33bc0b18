"""What the parts of the 3D ROI Tool share: the session, its ROIs, and what is said of changes to them."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ReferenceType, ref

if TYPE_CHECKING:
    from vqscript.imaging.volume import Volume
    from vqscript.roi.record import Met
    from vqscript.roi.roiset import RoiSet
    from vqscript.session.session import Session


class RoiWork:
    """Work on the ROIs of a session.

    Attributes
    ----------
    input : int
        The input that tools measure and segment where none is named (``setInputROI``).
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self.input = 0
        self._told: set[str] = set()
        self._told_of: ReferenceType[Volume] | None = None

    @property
    def rois(self) -> RoiSet:
        """The ROIs themselves."""
        return self._session.rois

    def _changed(self, j: int, met: Met, why_empty: str = "") -> int:
        """Say which other ROIs a change of ROI ``j`` met on its layer, or that nothing is left; returns its voxels."""
        roi = self.rois.roi(j)
        if met.lost:
            self._say(
                f'ROI "{roi.name}" took voxels of {_quoted(met.lost)} on layer {roi.layer}: '
                "only ROIs on different layers may overlap",
                "warning",
            )
        if met.kept:
            self._say(f'ROI "{roi.name}" leaves out voxels of {_quoted(met.kept)}, locked on its layer')
        voxels = self.rois.count(j)
        if not voxels:
            self._say(f'ROI "{roi.name}" is empty now{why_empty}')
        return voxels

    def _say(self, text: str, level: str = "info") -> None:
        """Log a note once for each reference: a script that goes through studies does the same to each."""
        volume = self._session.reference.volume
        if self._told_of is None or self._told_of() is not volume:
            self._told_of = ref(volume)
            self._told.clear()
        if text not in self._told:
            self._told.add(text)
            self._session.interaction.log(text, level)

    def _moved(self, j: int, moved: bool) -> int:
        """Say whether ROI ``j`` moved to another layer; returns the voxels it has now."""
        roi = self.rois.roi(j)
        if moved:
            self._say(f'ROI "{roi.name}" lies on layer {roi.layer} now: it overlaps others on its old one')
        return self.rois.count(j)


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
