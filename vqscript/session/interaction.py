"""What talks to a person is injected: a terminal, prepared answers, or nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from vqscript.errors import UsageError, did_you_mean
from vqscript.session.answers import Answers

LISTED = 12
"""How many items an error lists; of more, it names the closest."""


class Misfit(UsageError):
    """An answer that is none to its question."""


class Interaction(Protocol):
    """Questions to and messages for whoever runs the script."""

    def log(self, text: str, level: str = "info") -> None:
        """Tell something on the side: notes ("info") and warnings ("warning")."""

    def show(self, text: str) -> None:
        """Show a message of the script."""

    def pause(self, text: str) -> None:
        """Wait until the user lets the script go on."""

    def confirm(self, question: str) -> bool:
        """Ask yes or no."""

    def text(self, title: str, prompt: str) -> str:
        """Ask for a line of text."""

    def choose(self, title: str, prompt: str, items: Sequence[str], default: int) -> str:
        """Ask for one of several items; ``default`` is a 0-based index."""

    def path(self, title: str, start: str) -> str:
        """Ask for a local path; the answer is absolute."""

    def progress(self, done: int, total: int, what: str = "") -> None:
        """Show how far something long has come."""


class Prepared:
    """Answers that were given beforehand; a question without one is an error that quotes it.

    Parameters
    ----------
    answers : Answers or mapping
        Title (or the question's own text where it has no title) -> answer.
    """

    def __init__(self, answers: Answers | Mapping[str, str] | None = None) -> None:
        self._answers = answers if isinstance(answers, Answers) else Answers(answers)

    def log(self, text: str, level: str = "info") -> None:
        """Warnings and notes are left to the ``vqscript`` logger."""
        import logging

        logging.getLogger("vqscript").log(logging.WARNING if level == "warning" else logging.INFO, "%s", text)

    def show(self, text: str) -> None:
        """Messages are notes where nobody watches."""
        self.log(text)

    def pause(self, text: str) -> None:
        """Needs an answer like any question, whatever it says."""
        self.answer(text)

    def confirm(self, question: str) -> bool:
        """Take the prepared answer as yes or no."""
        return yes_or_no(self.answer(question), question)

    def text(self, title: str, prompt: str) -> str:
        """Take the prepared answer."""
        return self.answer(title or prompt, prompt)

    def choose(self, title: str, prompt: str, items: Sequence[str], default: int) -> str:
        """Take the prepared answer, which must be one of the items."""
        return one_of(items, self.answer(title or prompt, prompt), title or prompt)

    def path(self, title: str, start: str) -> str:
        """Take the prepared answer, which must be a path that is there or can be made."""
        return local_path(self.answer(title), title)

    def progress(self, done: int, total: int, what: str = "") -> None:
        """Nobody watches."""

    def has(self, key: str) -> bool:
        """Whether there is an answer to a question."""
        return self._answers.find(key) is not None

    def answer(self, key: str, prompt: str = "") -> str:
        """Return the prepared answer to a question.

        Raises
        ------
        UsageError
            If there is none; it quotes the question.
        """
        found = self._answers.find(key)
        if found is not None:
            return found
        asked = f"{key}: {prompt}" if prompt and prompt != key else key
        given = self._answers.resembling(key)
        raise UsageError(
            f'the script asks "{asked}", and nobody is there to answer',
            hint=f'answer with --answer "{key}=..."' + (f'; there is an answer to "{given}"' if given else ""),
        )


def yes_or_no(answer: str, question: str) -> bool:
    """Read an answer as yes or no.

    Raises
    ------
    Misfit
        For anything else.
    """
    words = {"y": True, "yes": True, "true": True, "1": True, "n": False, "no": False, "false": False, "0": False}
    if answer.strip().casefold() not in words:
        raise Misfit(f'"{answer}" is no answer to "{question}"', hint="yes or no")
    return words[answer.strip().casefold()]


def one_of(items: Sequence[str], answer: str, question: str) -> str:
    """Read an answer as one of several items.

    Raises
    ------
    Misfit
        For anything else; it lists them.
    """
    if answer in items:
        return answer
    listed = f"it takes {', '.join(items)}" if len(items) <= LISTED else did_you_mean(answer, items, limit=LISTED)
    raise Misfit(f'"{answer}" is no answer to "{question}"', hint=listed)


def local_path(answer: str, question: str) -> str:
    """Read an answer as a path on this machine, relative to the current folder; return it whole.

    It may be new, but the folder it is to lie in must be there: another one is nearly always misspelled.

    Raises
    ------
    Misfit
        For anything else.
    """
    problem = f'"{answer}" is no answer to "{question}"'
    if not answer.strip() or "\0" in answer:
        raise Misfit(problem, hint="a path of a file or folder, as in /data/mice or results")
    try:
        path = Path(answer.strip()).expanduser().absolute()
    except RuntimeError as error:  # "~nobody"
        raise Misfit(f"{problem}: {error}", hint="write the whole path") from error
    if not path.exists() and not path.parent.is_dir():
        raise Misfit(
            f"{problem}: there is no folder {path.parent}",
            hint="a path that is there, or a new one in a folder that is",
        )
    return str(path)
