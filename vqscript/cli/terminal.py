"""What the commands show on a terminal, and do not show in a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from vqscript.errors import UsageError
from vqscript.host.aligned import one_line as one_line
from vqscript.host.aligned import printable as printable
from vqscript.session.answers import Answers
from vqscript.session.interaction import Misfit, Prepared, local_path, one_of, yes_or_no

T = TypeVar("T")
Progress = Callable[[int, int, str], None]


@contextmanager
def progress(title: str) -> Iterator[Progress]:
    """Yield a callable ``(done, total, what)`` that draws a bar on a terminal and does nothing elsewhere.

    The bar goes to standard error, so that piped output stays clean.
    """
    if not sys.stderr.isatty():
        yield lambda done, total, what: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[what]}", markup=False),
    )
    # What is printed meanwhile goes above the bar, but into a pipe where it is one.
    console, redirected = Console(stderr=True), sys.stdout.isatty()
    with Bar(*columns, console=console, transient=True, redirect_stdout=redirected) as bar:
        task = bar.add_task(title, total=None, what="")

        def update(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total or None, what=what)

        yield update


def print_json(value: Any) -> None:
    """Print a value as JSON, readable and in UTF-8 as it is."""
    print(json.dumps(value, indent=2, ensure_ascii=False))


def print_table(headers: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print aligned columns: numbers to the right, text to the left, no colours, no frame."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max([len(header), *(len(row[i]) for row in cells)]) for i, header in enumerate(headers)]
    right = [bool(rows) and all(isinstance(row[i], int | float) for row in rows) for i in range(len(headers))]
    for line in ([str(header) for header in headers], *cells):
        columns = [text.rjust(w) if r else text.ljust(w) for text, w, r in zip(line, widths, right, strict=True)]
        print("  ".join(columns).rstrip())


def terminal_writer() -> Callable[[str], None]:
    """Return what prints the lines of a script: as they are, but on a terminal without what would steer it."""
    return (lambda line: print(printable(line))) if sys.stdout.isatty() else print


class TerminalInteraction(Prepared):
    """Asks on the terminal what was not answered on the command line; without a terminal that is an error.

    Everything goes to standard error, so that the script's own output stays clean.

    Parameters
    ----------
    answers : Answers or mapping
        Prepared answers, by title or question.
    """

    def __init__(self, answers: Answers | Mapping[str, str] | None = None) -> None:
        super().__init__(answers)
        self._asks = sys.stdin.isatty() and sys.stderr.isatty()
        self._line = 0  # how long the line of an unfinished progress is

    def log(self, text: str, level: str = "info") -> None:
        """Tell a note or a warning."""
        self._say(f"{'warning' if level == 'warning' else 'note'}: {text}")

    def show(self, text: str) -> None:
        """Show a message of the script."""
        self._say(text)

    def pause(self, text: str) -> None:
        """Wait for Enter."""
        if self.has(text) or not self._asks:
            super().pause(text)
        else:
            self._ask(f"{text} [Enter goes on] ")

    def confirm(self, question: str) -> bool:
        """Ask yes or no until one of them is answered."""
        if self.has(question) or not self._asks:
            return super().confirm(question)
        return self._until(lambda: yes_or_no(self._ask(f"{question} [y/n] "), question))

    def text(self, title: str, prompt: str) -> str:
        """Ask for a line of text."""
        if self.has(title or prompt) or not self._asks:
            return super().text(title, prompt)
        return self._ask(f"{_joined(title, prompt)} ")

    def choose(self, title: str, prompt: str, items: Sequence[str], default: int) -> str:
        """List the items and ask for one by number or name; Enter takes the default."""
        if self.has(title or prompt) or not self._asks:
            return super().choose(title, prompt, items, default)
        for number, item in enumerate(items, start=1):
            self._say(f"  {number}  {item}")

        def choice() -> str:
            answer = self._ask(f"{_joined(title, prompt)} [{items[default]}] ").strip()
            if answer.isdecimal() and answer not in items and 1 <= int(answer) <= len(items):
                return items[int(answer) - 1]
            return one_of(items, answer, title or prompt) if answer else items[default]

        return self._until(choice, f"a number from 1 to {len(items)}, or a name")

    def path(self, title: str, start: str) -> str:
        """Ask for a path; Enter takes the start."""
        if self.has(title) or not self._asks:
            return super().path(title, start)
        return self._until(lambda: local_path(self._ask(f"{title} [{start}] ").strip() or start, title))

    def progress(self, done: int, total: int, what: str = "") -> None:
        """Show how far the script has come, on one line that is overwritten."""
        if sys.stderr.isatty():
            line = f"{done}/{total} {printable(what)}".rstrip()
            print("\r" + line.ljust(self._line), end="", file=sys.stderr, flush=True)
            self._line = len(line)
            if done >= total:
                self._close_line()

    def _say(self, text: str) -> None:
        self._close_line()
        print(printable(text), file=sys.stderr)

    def _ask(self, prompt: str) -> str:
        self._close_line()
        print(printable(prompt), end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            print(file=sys.stderr)
            raise UsageError(
                f'the terminal was closed before "{prompt.strip()}" was answered', hint="--answer does it beforehand"
            )
        return line.rstrip("\n")

    def _until(self, question: Callable[[], T], otherwise: str = "") -> T:
        """Ask again after an answer that does not fit, with what would."""
        while True:
            try:
                return question()
            except Misfit as problem:
                self._say(f"{problem} ({otherwise or problem.hint})")

    def _close_line(self) -> None:
        """End the line of a progress that is not complete, so that nothing is written behind it."""
        if self._line:
            print(file=sys.stderr)
            self._line = 0


def _joined(title: str, prompt: str) -> str:
    return ": ".join(part for part in (title, prompt) if part)
