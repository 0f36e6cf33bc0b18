"""What the parts of the 3D ROI Tool share: the session and its ROIs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
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

    @property
    def rois(self) -> RoiSet:
        """The ROIs themselves."""
        return self._session.rois
