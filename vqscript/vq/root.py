"""VQ: the root of what scripts see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vqscript.vq.catalog import script
from vqscript.vq.controler import Controler
from vqscript.vq.data_manager import DataManager
from vqscript.vq.main_win import MainWin
from vqscript.vq.min_max_tool import MinMaxTool
from vqscript.vq.operator import Operator
from vqscript.vq.repository import DicomRepository
from vqscript.vq.root_files import RootFiles
from vqscript.vq.root_questions import RootQuestions
from vqscript.vq.root_script import RootScript
from vqscript.vq.types import Input, RepoUrl
from vqscript.vq.viewers import SliceViewer, VtkController, VtkViewer

if TYPE_CHECKING:
    from vqscript.session import Session


class VQ(RootScript, RootQuestions, RootFiles):
    """The root of everything: objects of the host, questions to the user, files."""

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._main_win = MainWin(session)
        self._data_manager = DataManager(session)
        self._controler = Controler(session)
        self._min_max_tool = MinMaxTool(session)
        self._slice_viewer = SliceViewer(session)
        self._vtk_controller = VtkController(session)
        self._vtk_viewer = VtkViewer(session)
        self._repositories: dict[str, DicomRepository] = {}

    @script(example="local dm = VQ.dataManager()")
    def dataManager(self) -> DataManager:
        """Return the data manager: the inputs."""
        return self._data_manager

    @script(example="local mw = VQ.mainWin()")
    def mainWin(self) -> MainWin:
        """Return the main window: view modes, pictures, sessions."""
        return self._main_win

    @script(example="local mm = VQ.minMaxTool()")
    def minMaxTool(self) -> MinMaxTool:
        """Return the min/max tool: display scales."""
        return self._min_max_tool

    @script(example="local ctl = VQ.controler()")
    def controler(self) -> Controler:
        """Return the visual controler: cursor, palettes, what is shown."""
        return self._controler

    @script(example="local ctl = VQ.controller()")
    def controller(self) -> Controler:
        """Return the visual controler; the same as :meth:`controler`."""
        return self._controler

    @script(example='VQ.mainWin():setViewMode("Slice View", "Arithmetics"); VQ.currentOp():scalarMult(1, 2)')
    def currentOp(self) -> Operator:
        """Return the operator that `setViewMode` chose last."""
        return self._main_win.operator

    @script(example="VQ.sliceViewer():toggleShowInput2(0)")
    def sliceViewer(self) -> SliceViewer:
        """Return the slice viewer."""
        return self._slice_viewer

    @script(example="VQ.vtkController():resetCamera()")
    def vtkController(self) -> VtkController:
        """Return the controller of the projection."""
        return self._vtk_controller

    @script(example="VQ.vtkViewer():renderUpdate()")
    def vtkViewer(self) -> VtkViewer:
        """Return the viewer of the projection."""
        return self._vtk_viewer

    @script(example='local repository = VQ.dicomRepository("lab.repo")')
    def dicomRepository(self, url: RepoUrl) -> DicomRepository:
        """Return the repository at a URL or path.

        Returns
        -------
        DicomRepository
            The same object each time for the same URL.

        Raises
        ------
        NotARepository
            The folder is no repository.
        PermissionDenied
            It is on the network, and neither the command line nor the configuration names it.
        """
        if url not in self._repositories:
            self._repositories[url] = DicomRepository(self._session, self._session.repository(url))
        return self._repositories[url]

    @script(example="print(VQ.index(1))")
    def index(self, i: Input) -> int:
        """Return the index of an input, checked to be loaded.

        Returns
        -------
        int
            The same number.

        Raises
        ------
        UsageError
            Nothing is loaded there.
        """
        self._session.inputs.check(i)
        return i

    @script(example="VQ.centerCursor()")
    def centerCursor(self) -> None:
        """Put the cursor into the middle of the reference."""
        self._session.display.cursor = None

    @script(example='VQ.preProcess("convertUnit=true|convertUnitUnit=%ID/g|injDose=9.25 MBq")')
    def preProcess(self, protocol: str) -> None:
        """Carry out a protocol: steps and their settings as one text.

        Keys: `bedRemoval coRegister autoCrop calibFactor storeData resample convertUnit` (true or false),
        `convertUnitUnit` (SUV, %ID/g or uCi), `injDose` (net activity at scan time: no decay is applied) and `weight`
        (grams).

        Parameters
        ----------
        protocol : str
            `key=value` pairs joined by `|`.

        Raises
        ------
        UsageError
            A key is unknown, a value is missing, or a step cannot be done; all inputs stay as they were.
        """
        from vqscript.session.preprocess import run

        run(self._session, protocol)
