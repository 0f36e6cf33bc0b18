"""The viewers of VivoScript: what acts on pictures does, the rest is accepted and said once."""

from __future__ import annotations

from vqscript.vq.catalog import script
from vqscript.vq.host_object import HostObject
from vqscript.vq.types import Switch


class SliceViewer(HostObject):
    """The slice view."""

    @script(example="VQ.sliceViewer():toggleShowInput2(0)")
    def toggleShowInput2(self, on: Switch) -> None:
        """Show input 2 and those above it, or not."""
        self._session.display.show_overlay = bool(on)


class VtkController(HostObject):
    """What the projection shows (``saveImage`` and ``saveMovie``, mode 0)."""

    @script(example="VQ.vtkController():setMIPEnabled(true)")
    def setMIPEnabled(self, on: Switch) -> None:
        """Show the projection; it is what mode 0 draws, so switching it off has no effect."""
        self._without_window("setMIPEnabled")

    @script(example="VQ.vtkController():setMPREnabled(false)")
    def setMPREnabled(self, on: Switch) -> None:
        """Show the planes inside the projection; without effect here."""
        self._without_window("setMPREnabled")

    @script(example="VQ.vtkController():setAnnotationEnabled(false)")
    def setAnnotationEnabled(self, on: Switch) -> None:
        """Write texts into the picture or not."""
        self._session.display.corner_info = bool(on)

    @script(example="VQ.vtkController():disableAxes(true)")
    def disableAxes(self, off: Switch | None = None) -> None:
        """Hide the axes; the projection is drawn without, so nothing changes."""
        self._without_window("disableAxes")

    @script(example="VQ.vtkController():setOrientEnabled(false)")
    def setOrientEnabled(self, on: Switch) -> None:
        """Show the orientation marker; without effect here, the edges are labelled."""
        self._without_window("setOrientEnabled")

    @script(example="VQ.vtkController():resetCamera()")
    def resetCamera(self) -> None:
        """Look from the front again; pictures always do."""
        self._without_window("resetCamera")

    def _without_window(self, name: str) -> None:
        self._session.say_once(f"vtkController: {name} has no effect without a window")


class VtkViewer(HostObject):
    """The projection's viewer."""

    @script(example="VQ.vtkViewer():setEnableGradient(false)")
    def setEnableGradient(self, on: Switch) -> None:
        """Shade the projection by gradients; without effect here."""
        self._session.say_once("vtkViewer: setEnableGradient has no effect without a window")

    @script(example="VQ.vtkViewer():renderUpdate()")
    def renderUpdate(self) -> None:
        """Draw anew; pictures always show the state as it is."""
