"""VQ: the root of what scripts see."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from vqscript import names
from vqscript.errors import Aborted, UsageError, did_you_mean
from vqscript.vq.catalog import script
from vqscript.vq.controler import Controler
from vqscript.vq.data_manager import DataManager
from vqscript.vq.main_win import MainWin
from vqscript.vq.min_max_tool import MinMaxTool
from vqscript.vq.operator import Operator
from vqscript.vq.repository import DicomRepository
from vqscript.vq.types import Input, ReadPath, RepoUrl, WriteFolder, WritePath
from vqscript.vq.viewers import SliceViewer, VtkController, VtkViewer

if TYPE_CHECKING:
    from vqscript.session import Session


class VQ:
    """The root of everything: objects of the host, questions to the user, files."""

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

    # Host ---------------------------------------------------------------------------------

    @script(example="print(VQ.applicationName())")
    def applicationName(self) -> str:
        """Return name and version of the program.

        Returns
        -------
        str
            "name version"; scripts take the second word.
        """
        from vqscript import __version__

        return f"vqscript {__version__}"

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

    @script(example='VQ.log("dose is missing")')
    def log(self, *parts: Any) -> None:
        """Write a line to the log, beside the script's own output.

        Parameters
        ----------
        *parts
            Values, joined by spaces.
        """
        self._session.interaction.log(" ".join(_shown(part) for part in parts))

    @script(example="VQ.progress(3, 10)")
    def progress(self, done: int, total: int) -> None:
        """Say how far the script has come.

        Parameters
        ----------
        done, total : int
            How many of how many.
        """
        self._session.interaction.progress(done, total)

    @property
    @script(example="print(VQ.output)")
    def output(self) -> str:
        """The folder of this run: relative paths that are written land there."""
        return str(self._session.output.resolve())

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

    @script(example='VQ.fail("no dose is entered", "enter one with repo:setSubject")')
    def fail(self, message: str, hint: str = "") -> None:
        """End the script with an error at the line that called.

        Parameters
        ----------
        message : str
            What was asked and what was found.
        hint : str
            The way out.

        Raises
        ------
        UsageError
            Always.
        """
        raise UsageError(message, hint=hint)

    @script(example='print(VQ.didYouMean("Hart", {"Heart", "Liver"}))')
    def didYouMean(self, word: str, known: list[str]) -> str:
        """Return a hint that names the closest of the known words, or lists them.

        Parameters
        ----------
        word : str
            What was written.
        known : list of str
            What could have been meant.

        Returns
        -------
        str
            As in: did you mean "Heart"?
        """
        return did_you_mean(word, known)

    # Asking the user ----------------------------------------------------------------------

    @script(example='VQ.suspend("draw the ROI")', waits=True)
    def suspend(self, msg: str = "") -> None:
        """Wait until the user lets the script go on.

        Parameters
        ----------
        msg : str
            What to wait for.
        """
        self._session.interaction.pause(msg or "The script is waiting")

    @script(example="VQ.abort()")
    def abort(self) -> None:
        """End the script.

        Raises
        ------
        Aborted
            Always; `pcall` does not catch it.
        """
        raise Aborted("the script called VQ.abort()")

    @script(example='VQ.showMessage("done")')
    def showMessage(self, text: str) -> None:
        """Show a message.

        Parameters
        ----------
        text : str
            What it says.
        """
        self._session.interaction.show(text)

    @script(example='if VQ.askYesNoQuestion("Go on?") then print("yes") end', waits=True)
    def askYesNoQuestion(self, question: str) -> bool:
        """Ask a question that is answered by yes or no.

        On a terminal it asks; elsewhere `--answer "title=value"` or `--answers FILE` answer.

        Parameters
        ----------
        question : str
            What to ask; it is the title for `--answer` too.

        Returns
        -------
        bool
            true for yes.

        Raises
        ------
        UsageError
            Nobody is there to answer.
        """
        return self._session.interaction.confirm(question)

    @script(example='local name = VQ.getText("Study", "Name of the study")', waits=True)
    def getText(self, title: str, prompt: str = "") -> str:
        """Ask for a line of text.

        On a terminal it asks; elsewhere `--answer "title=value"` or `--answers FILE` answer.

        Parameters
        ----------
        title : str
            Title of the question, which `--answer` names.
        prompt : str
            What is asked for.

        Returns
        -------
        str
            The answer.

        Raises
        ------
        UsageError
            Nobody is there to answer.
        """
        return self._session.interaction.text(title, prompt)

    @script(example='local organ = VQ.getItem("Organ", "Which one?", {"Heart", "Liver"}, 0)', waits=True)
    def getItem(self, title: str, prompt: str, items: list[str], default: int = 0) -> str:
        """Ask for one of several items.

        On a terminal it asks; elsewhere `--answer "title=value"` or `--answers FILE` answer.

        Parameters
        ----------
        title : str
            Title of the question, which `--answer` names.
        prompt : str
            What is asked for.
        items : list of str
            What can be chosen.
        default : int
            Item that is proposed, from 0.

        Returns
        -------
        str
            The item.

        Raises
        ------
        UsageError
            Nobody is there to answer, or the answer is none of the items.
        """
        if not items:
            raise UsageError("getItem: items is an empty list, so there is nothing to choose from")
        if not 0 <= default < len(items):
            raise UsageError(f"getItem: there is no item {default} of {len(items)}", hint="default counts from 0")
        return self._session.interaction.choose(title, prompt, items, default)

    @script(example='local folder = VQ.getLocalPath("Where to?", ".")', waits=True)
    def getLocalPath(self, title: str, start: str = "") -> str:
        """Ask for a path on this machine.

        On a terminal it asks; elsewhere `--answer "title=value"` or `--answers FILE` answer.

        Parameters
        ----------
        title : str
            Title of the question, which `--answer` names.
        start : str
            Folder to begin in.

        Returns
        -------
        str
            The path, from the root; a relative answer is meant from the current folder. It is a place that is there,
            or a new one in a folder that is. To write there the script needs `--allow-write` all the same.

        Raises
        ------
        UsageError
            Nobody is there to answer.
        """
        return self._session.interaction.path(title, start)

    # Files --------------------------------------------------------------------------------

    @script(example='if VQ.fileExists("doses.csv") then print(VQ.readFile("doses.csv")) end')
    def fileExists(self, path: ReadPath) -> bool:
        """Say whether there is a file.

        Returns
        -------
        bool
            false for a folder, too.

        Raises
        ------
        PermissionDenied
            Scripts may not look there.
        """
        return Path(path).is_file()

    @script(example='print(VQ.folderExists("pictures"))')
    def folderExists(self, path: ReadPath) -> bool:
        """Say whether there is a folder.

        Returns
        -------
        bool
            false for a file, too.

        Raises
        ------
        PermissionDenied
            Scripts may not look there.
        """
        return Path(path).is_dir()

    @script(example='local text = VQ.readFile("doses.csv")')
    def readFile(self, path: ReadPath) -> str:
        """Return the text of a file (UTF-8).

        Returns
        -------
        str
            All of it.

        Raises
        ------
        PermissionDenied
            Scripts may not read there.
        UsageError
            There is no such file, or it is no UTF-8 text.
        """
        from vqscript.session.files import read_text

        self._session.texts.add(path)
        return read_text(path)

    @script(example='VQ.writeFile("notes.txt", "done\\n")')
    def writeFile(self, p: WritePath, text: str) -> None:
        """Write a text file (UTF-8), whole or not at all.

        Parameters
        ----------
        text : str
            All of the file; one of that name is replaced.

        Raises
        ------
        PermissionDenied
            Scripts may not write there.
        """
        from vqscript.session.files import write_text

        write_text(p, text)

    @script(example='local folder = VQ.mkdir("pictures", "day 1")')
    def mkdir(self, parent: WriteFolder, name: str) -> str:
        """Make a folder, if it is not there.

        Parameters
        ----------
        parent : str
            Folder to make it in; a relative one lies under the output folder.
        name : str
            One name, without slashes.

        Returns
        -------
        str
            The path of the folder.

        Raises
        ------
        UsageError
            The name is no name of a folder.
        PermissionDenied
            Scripts may not write there.
        """
        fault = "it is empty" if not name.strip() else names.fault(name)
        if fault:
            raise UsageError(
                f'"{name}" is no folder name: {fault}', hint='one name, without slashes; require "names" has safe(text)'
            )
        folder = Path(parent) / name
        folder.mkdir(parents=True, exist_ok=True)
        return str(folder)


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "nil", True: "true", False: "false"}[value]
    return f"{value:.14g}" if isinstance(value, float) else str(value)
