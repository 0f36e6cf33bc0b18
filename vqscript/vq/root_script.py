"""VQ's words on the running script: its log, progress, folder and end."""

from __future__ import annotations

from typing import Any

from vqscript.errors import Aborted, UsageError, did_you_mean
from vqscript.vq.catalog import script
from vqscript.vq.host_object import HostObject


class RootScript(HostObject):
    """What a script says of itself, and how it ends."""

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

    @property
    @script(example="print(VQ.output)")
    def output(self) -> str:
        """The folder of this run: relative paths that are written land there."""
        return str(self._session.output.resolve())

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

    @script(example="VQ.abort()")
    def abort(self) -> None:
        """End the script.

        Raises
        ------
        Aborted
            Always; `pcall` does not catch it.
        """
        raise Aborted("the script called VQ.abort()")


def _shown(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "nil", True: "true", False: "false"}[value]
    return f"{value:.14g}" if isinstance(value, float) else str(value)
