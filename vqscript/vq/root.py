"""VQ: the root of what scripts see."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript.errors import Aborted, UsageError, did_you_mean
from vqscript.vq.catalog import script
from vqscript.vq.controler import Controler
from vqscript.vq.data_manager import DataManager
from vqscript.vq.main_win import MainWin
from vqscript.vq.min_max_tool import MinMaxTool
from vqscript.vq.operator import Operator
from vqscript.vq.repository import DicomRepository
from vqscript.vq.types import ReadPath, RepoUrl, WritePath
from vqscript.vq.viewers import SliceViewer, VtkController, VtkViewer

if TYPE_CHECKING:
    from vqscript.session import Session


class VQ:
    """The objects of the host, and what a script asks of it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._main_win = MainWin(session)
        self._data_manager = DataManager(session)
        self._controler = Controler(session)
        self._min_max_tool = MinMaxTool(session)
        self._slice_viewer = SliceViewer(session)
        self._vtk_controller = VtkController(session)
        self._vtk_viewer = VtkViewer(session)
        self._repositories: dict[str, DicomRepository] = {}

    # Objects ------------------------------------------------------------------------------

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
        """Return the operator that ``setViewMode`` chose last."""
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
        """Return the repository at a URL or path; the same object for the same URL."""
        if url not in self._repositories:
            self._repositories[url] = DicomRepository(self._session, self._session.repository(url))
        return self._repositories[url]

    # Host ---------------------------------------------------------------------------------

    @script(example="print(VQ.applicationName())")
    def applicationName(self) -> str:
        """Return ``"name version"``."""
        from vqscript import __version__

        return f"vqscript {__version__}"

    @script(example="print(VQ.index(1))")
    def index(self, i: int) -> int:
        """Return the index of an input, checked to be loaded."""
        self._session.inputs.check(i)
        return i

    @script(example="VQ.centerCursor()")
    def centerCursor(self) -> None:
        """Put the cursor into the middle of the reference."""
        self._session.display.cursor = None

    @script(example='VQ.log("dose is missing")')
    def log(self, *parts: Any) -> None:
        """Write a line to the log, beside the script's own output."""
        self._session.interaction.log(" ".join(_shown(part) for part in parts))

    @script(example="VQ.progress(3, 10)")
    def progress(self, done: int, total: int) -> None:
        """Say how far the script has come."""
        self._session.interaction.progress(done, total)

    @property
    @script(example="print(VQ.output)")
    def output(self) -> str:
        """The folder of this run: relative paths that are written land there."""
        return str(self._session.output.resolve())

    @script(example='VQ.preProcess("convertUnit=true|convertUnitUnit=%ID/g|injDose=9.25 MBq")')
    def preProcess(self, protocol: str) -> None:
        """Carry out a protocol of ``key=value`` pairs joined by ``|``.

        Keys: ``bedRemoval coRegister autoCrop calibFactor storeData resample convertUnit`` (true or
        false), ``convertUnitUnit`` (SUV, %ID/g or uCi), ``injDose`` (net activity at scan time: no
        decay is applied) and ``weight`` (grams).
        """
        from vqscript.session.preprocess import run

        run(self._session, protocol)

    @script(example='VQ.fail("no dose is entered", "enter one with repo:setSubject")')
    def fail(self, message: str, hint: str = "") -> None:
        """End the script with an error at the line that called, and a hint."""
        raise UsageError(message, hint=hint)

    @script(example='print(VQ.didYouMean("Hart", {"Heart", "Liver"}))')
    def didYouMean(self, word: str, known: list[str]) -> str:
        """Return a hint that names the closest of the known words, or lists them."""
        return did_you_mean(word, known)

    # Asking the user ----------------------------------------------------------------------

    @script(example='VQ.suspend("draw the ROI")')
    def suspend(self, msg: str = "") -> None:
        """Wait until the user lets the script go on."""
        self._session.interaction.pause(msg or "The script is waiting")

    @script(example="VQ.abort()")
    def abort(self) -> None:
        """End the script."""
        raise Aborted("the script called VQ.abort()")

    @script(example='VQ.showMessage("done")')
    def showMessage(self, text: str) -> None:
        """Show a message."""
        self._session.interaction.show(text)

    @script(example='if VQ.askYesNoQuestion("Go on?") then print("yes") end')
    def askYesNoQuestion(self, question: str) -> bool:
        """Ask, and return true for yes."""
        return self._session.interaction.confirm(question)

    @script(example='local name = VQ.getText("Study", "Name of the study")')
    def getText(self, title: str, prompt: str = "") -> str:
        """Ask for a line of text."""
        return self._session.interaction.text(title, prompt)

    @script(example='local organ = VQ.getItem("Organ", "Which one?", {"Heart", "Liver"}, 0)')
    def getItem(self, title: str, prompt: str, items: list[str], default: int = 0) -> str:
        """Ask for one of several items; ``default`` counts from 0."""
        if not 0 <= default < len(items):
            raise UsageError(f"getItem: there is no item {default} of {len(items)}", hint="default counts from 0")
        return self._session.interaction.choose(title, prompt, items, default)

    @script(example='local folder = VQ.getLocalPath("Where to?", ".")')
    def getLocalPath(self, title: str, start: str = "") -> str:
        """Ask for a path on this machine."""
        return self._session.interaction.path(title, start)

    # Files --------------------------------------------------------------------------------

    @script(example='if VQ.fileExists("doses.csv") then print(VQ.readFile("doses.csv")) end')
    def fileExists(self, path: ReadPath) -> bool:
        """Whether there is a file."""
        return Path(path).is_file()

    @script(example='print(VQ.folderExists("pictures"))')
    def folderExists(self, path: ReadPath) -> bool:
        """Whether there is a folder."""
        return Path(path).is_dir()

    @script(example='local text = VQ.readFile("doses.csv")')
    def readFile(self, path: ReadPath) -> str:
        """Return the text of a file (UTF-8)."""
        from vqscript.session.files import read_text

        return read_text(path)

    @script(example='VQ.writeFile("notes.txt", "done\\n")')
    def writeFile(self, p: WritePath, text: str) -> None:
        """Write a text file, whole or not at all."""
        from vqscript.session.files import write_text

        write_text(p, text)

    @script(example='local folder = VQ.mkdir("pictures", "day 1")')
    def mkdir(self, parent: WritePath, name: str) -> str:
        """Make a folder (if it is not there) and return its path."""
        if not name.strip() or any(mark in name for mark in "/\\\0") or name in (".", ".."):
            raise UsageError(f'"{name}" is no folder name', hint="one name, without slashes")
        folder = Path(parent) / name
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "nil", True: "true", False: "false"}[value]
    return f"{value:.14g}" if isinstance(value, float) else str(value)
