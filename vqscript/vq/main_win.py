"""The main window: view modes, pictures, sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqscript.errors import UsageError, did_you_mean
from vqscript.vq.arithmetics import Arithmetics
from vqscript.vq.catalog import script
from vqscript.vq.cropping import Cropping
from vqscript.vq.filtering import Filtering
from vqscript.vq.host_object import HostObject
from vqscript.vq.operator import Navigation, Operator
from vqscript.vq.registration import Registration
from vqscript.vq.resampling import Resampling
from vqscript.vq.roi_tool import RoiTool
from vqscript.vq.types import OperatorName, PictureName, Switch, View, WritePath

if TYPE_CHECKING:
    from vqscript.session import Session

OPERATORS: dict[str, type[Operator]] = {
    "Navigation": Navigation,
    "Arithmetics": Arithmetics,
    "3D ROI Tool": RoiTool,
    "Cropping": Cropping,
    "Reorientation/Registration": Registration,
    "Resampling": Resampling,
    "Filtering": Filtering,
}
"""Operators by the name that ``setViewMode`` takes."""

VIEWS = ("Slice View", "VTK View", "MIP View")
"""Views that ``setViewMode`` takes."""

NAVIGATION = OperatorName("Navigation")


class MainWin(HostObject):
    """The window that is not there: its state decides what pictures show."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._operators: dict[str, Operator] = {}
        self.operator = self._operator("Navigation")

    @script(example='mw:setViewMode("Slice View", "3D ROI Tool")')
    def setViewMode(self, view: View, operator: OperatorName = NAVIGATION) -> None:
        """Choose a view and an operator; `VQ.currentOp()` is that operator then.

        Raises
        ------
        UsageError
            There is no such view or operator.
        """
        if view.casefold() not in {name.casefold() for name in VIEWS}:
            raise UsageError(f'there is no view "{view}"', hint=did_you_mean(view, VIEWS))
        self.operator = self._operator(operator)

    @script(example="mw:setupLayoutSlice()")
    def setupLayoutSlice(self) -> None:
        """Show three planes and the projection, two by two."""
        self._session.display.layout = "slice"

    @script(example="mw:setupLayout1x4()")
    def setupLayout1x4(self) -> None:
        """Show three planes and the projection side by side."""
        self._session.display.layout = "1x4"

    @script(example="mw:switchCrosshair(0)")
    def switchCrosshair(self, on: Switch) -> None:
        """Draw the crosshair or not."""
        self._session.display.crosshair = bool(on)

    @script(example="mw:switchCornerInfo(0)")
    def switchCornerInfo(self, n: int) -> None:
        """Write plane, slice and position into the corners or not.

        Parameters
        ----------
        n : int
            0 for none.
        """
        self._session.display.corner_info = n != 0

    @script(example="mw:switchShowActive(1)")
    def switchShowActive(self, n: int) -> None:
        """Mark the active view; accepted, and without effect where there is no window.

        Parameters
        ----------
        n : int
            0 or 1.
        """
        self._session.say_once("switchShowActive has no effect without a window")

    @script(example="mw:showMinMaxTool()")
    def showMinMaxTool(self) -> None:
        """Open the min/max tool; accepted, and without effect where there is no window."""
        self._session.say_once("showMinMaxTool has no effect without a window")

    @script(example='mw:saveImage("mouse1-heart", 5)')
    def saveImage(self, path: WritePath, mode: int | PictureName = 5) -> str:
        """Save a picture (PNG) and return its path.

        Parameters
        ----------
        path : str
            Name of the file; `.png` is added where there is no extension. A relative path lies under the output folder.
        mode : int or str
            0 "mip", 1 "transverse", 2 "coronal", 3 "sagittal", 4 "montage" of transverse slices, 5 "composite" of the
            slice view.

        Returns
        -------
        str
            The file that was written.

        Raises
        ------
        UsageError
            Nothing is loaded, there is no such mode, or the name has the extension of another kind of file.
        """
        return str(self._session.save_image(path, mode))

    @script(example='mw:saveMovie("mouse1.gif", 0)')
    def saveMovie(self, path: WritePath, mode: int | PictureName = 0) -> str:
        """Save the rotating projection as an animated GIF and return its path.

        Parameters
        ----------
        path : str
            Name of the file; `.gif` is added where there is no extension. A relative path lies under the output folder.
        mode : int or str
            0 or "mip": no other movies are made.

        Returns
        -------
        str
            The file that was written.
        """
        if mode not in (0, "mip"):
            raise UsageError(f"a movie of mode {mode} cannot be made", hint='0 ("mip"), the rotating projection, can')
        return str(self._session.save_movie(path))

    @script(example='mw:saveSession("after-rois")')
    def saveSession(self, name: WritePath) -> str:
        """Save inputs, ROIs and display under a name and return the folder.

        Inputs that are as they were loaded are kept by reference to their series, others with their values.

        Parameters
        ----------
        name : str
            Folder to write; one that was saved before is replaced. A relative path lies under the output folder.

        Returns
        -------
        str
            The folder.
        """
        from vqscript.session.persist import save

        return str(save(self._session, name))

    @script(example='mw:loadSession("after-rois")')
    def loadSession(self, name: WritePath) -> None:
        """Reopen what :meth:`saveSession` saved; on an error the session stays as it was.

        Parameters
        ----------
        name : str
            As it was saved.
        """
        from vqscript.session.persist import load

        load(self._session, name)

    def _operator(self, name: str) -> Operator:
        known = {title.casefold(): title for title in OPERATORS}
        title = known.get(name.casefold())
        if title is None:
            raise UsageError(f'there is no operator "{name}"', hint=did_you_mean(name, OPERATORS))
        if title not in self._operators:
            self._operators[title] = OPERATORS[title](self._session)
        return self._operators[title]
