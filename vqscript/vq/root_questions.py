"""VQ's questions to the user."""

from __future__ import annotations

from vqscript.errors import UsageError
from vqscript.vq.catalog import script
from vqscript.vq.host_object import HostObject


class RootQuestions(HostObject):
    """What a script asks, and what it shows."""

    @script(example='VQ.suspend("draw the ROI")', waits=True)
    def suspend(self, msg: str = "") -> None:
        """Wait until the user lets the script go on.

        Parameters
        ----------
        msg : str
            What to wait for.
        """
        self._session.interaction.pause(msg or "The script is waiting")

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
