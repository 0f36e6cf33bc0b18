"""What a study's script prints, is warned of and asks: into the log of its study."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from vqscript.session.answers import Answers
from vqscript.session.interaction import Prepared


class LogInteraction(Prepared):
    """Writes notes and warnings into a log, and takes prepared answers.

    Parameters
    ----------
    file : text file
    answers : Answers
    named : callable
        Returns a line with folders called as people know them.

    Attributes
    ----------
    warnings : list of str
        For the report.
    """

    def __init__(self, file: TextIO, answers: Answers, named: Callable[[str], str] = str) -> None:
        super().__init__(answers)
        self._file = file
        self._named = named
        self.warnings: list[str] = []

    def log(self, text: str, level: str = "info") -> None:
        """Write a note; warnings are kept for the report, too."""
        if level == "warning":
            self.warnings.append(self._named(text))
        self.write(f"{level}: {text}")

    def show(self, text: str) -> None:
        """Write a message of the script."""
        self.write(text)

    def write(self, line: str) -> None:
        """Write a line at once: whatever ends the process, it is there."""
        self._file.write(f"{self._named(line)}\n")
        self._file.flush()


@contextmanager
def output_into(path: Path) -> Iterator[TextIO]:
    """Send all that this process prints, C libraries included, into a file while the block runs; gives the file."""
    with path.open("a", encoding="utf-8", errors="replace") as file:
        kept = [os.dup(number) for number in (1, 2)]
        sys.stdout.flush()
        sys.stderr.flush()
        try:
            for number in (1, 2):
                os.dup2(file.fileno(), number)
            yield file
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, old in zip((1, 2), kept, strict=True):
                os.dup2(old, number)
                os.close(old)
