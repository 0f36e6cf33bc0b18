"""What talks to a person is injected: a terminal, prepared answers, or nobody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from vqscript.errors import UsageError


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
        """Ask for a local path."""

    def progress(self, done: int, total: int, what: str = "") -> None:
        """Show how far something long has come."""


class Prepared:
    """Answers that were given beforehand; a question without one is an error that quotes it.

    Parameters
    ----------
    answers : mapping
        Title (or the question's own text where it has no title) -> answer.
    """

    def __init__(self, answers: Mapping[str, str] | None = None) -> None:
        self._answers = dict(answers or {})

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
        answer = self.answer(title or prompt, prompt)
        if answer not in items:
            raise UsageError(f'"{answer}" is no answer to "{title or prompt}"', hint=f"it takes {', '.join(items)}")
        return answer

    def path(self, title: str, start: str) -> str:
        """Take the prepared answer."""
        return self.answer(title)

    def progress(self, done: int, total: int, what: str = "") -> None:
        """Nobody watches."""

    def has(self, key: str) -> bool:
        """Whether there is an answer to a question."""
        return key in self._answers

    def answer(self, key: str, prompt: str = "") -> str:
        """Return the prepared answer to a question.

        Raises
        ------
        UsageError
            If there is none; it quotes the question.
        """
        if key in self._answers:
            return self._answers[key]
        asked = f"{key}: {prompt}" if prompt and prompt != key else key
        raise UsageError(
            f'the script asks "{asked}", and nobody is there to answer', hint=f'answer with --answer "{key}=..."'
        )


def yes_or_no(answer: str, question: str) -> bool:
    """Read an answer as yes or no.

    Raises
    ------
    UsageError
        For anything else.
    """
    words = {"y": True, "yes": True, "true": True, "1": True, "n": False, "no": False, "false": False, "0": False}
    if answer.strip().casefold() not in words:
        raise UsageError(f'"{answer}" is no answer to "{question}"', hint="yes or no")
    return words[answer.strip().casefold()]
