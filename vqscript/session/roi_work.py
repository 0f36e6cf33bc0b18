"""What the parts of the 3D ROI Tool share: the session, its ROIs, and what is said of changes to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vqscript.roi.roiset import Met, RoiSet
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

    @property
    def rois(self) -> RoiSet:
        """The ROIs themselves."""
        return self._session.rois

    def _changed(self, j: int, met: Met) -> int:
        """Say which other ROIs a change of ROI ``j`` met on its layer; returns the voxels it has now."""
        roi = self.rois.roi(j)
        if met.lost:
            self._session.say_once(
                f'ROI "{roi.name}" took voxels of {_quoted(met.lost)} on layer {roi.layer}: '
                "only ROIs on different layers may overlap",
                "warning",
            )
        if met.kept:
            self._session.say_once(f'ROI "{roi.name}" leaves out voxels of {_quoted(met.kept)}, locked on its layer')
        return self.rois.count(j)

    def _moved(self, j: int, moved: bool) -> int:
        """Say whether ROI ``j`` moved to another layer; returns the voxels it has now."""
        roi = self.rois.roi(j)
        if moved:
            self._session.say_once(f'ROI "{roi.name}" lies on layer {roi.layer} now: it overlaps others on its old one')
        return self.rois.count(j)


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
