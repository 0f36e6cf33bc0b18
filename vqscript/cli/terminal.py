"""What the commands show on a terminal, and do not show in a pipe."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from vqscript.errors import UsageError
from vqscript.session.interaction import Prepared, yes_or_no

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
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
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


class TerminalInteraction(Prepared):
    """Asks on the terminal what was not answered on the command line; without a terminal that is an error.

    Parameters
    ----------
    answers : mapping
        Prepared answers, by title or question.
    """

    def __init__(self, answers: Mapping[str, str] | None = None) -> None:
        super().__init__(answers)
        self._asks = sys.stdin.isatty() and sys.stderr.isatty()

    def log(self, text: str, level: str = "info") -> None:
        """Notes and warnings go to standard error, so that the script's own output stays clean."""
        print(f"{'warning' if level == 'warning' else 'note'}: {text}", file=sys.stderr)

    def show(self, text: str) -> None:
        """Print a message of the script."""
        print(text, file=sys.stderr)

    def pause(self, text: str) -> None:
        """Wait for Enter."""
        if self.has(text) or not self._asks:
            self.answer(text)
        else:
            self._ask(f"{text} [Enter goes on] ")

    def confirm(self, question: str) -> bool:
        """Ask yes or no until one of them is answered."""
        if self.has(question) or not self._asks:
            return super().confirm(question)
        while True:
            try:
                return yes_or_no(self._ask(f"{question} [y/n] "), question)
            except UsageError as problem:
                print(problem, file=sys.stderr)

    def text(self, title: str, prompt: str) -> str:
        """Ask for a line of text."""
        if self.has(title or prompt) or not self._asks:
            return super().text(title, prompt)
        return self._ask(f"{': '.join(part for part in (title, prompt) if part)} ")

    def choose(self, title: str, prompt: str, items: Sequence[str], default: int) -> str:
        """List the items and ask for one by number or name; Enter takes the default."""
        if self.has(title or prompt) or not self._asks:
            return super().choose(title, prompt, items, default)
        for number, item in enumerate(items, start=1):
            print(f"  {number}  {item}", file=sys.stderr)
        while True:
            answer = self._ask(f"{': '.join(part for part in (title, prompt) if part)} [{items[default]}] ").strip()
            if not answer:
                return items[default]
            if answer in items:
                return answer
            if answer.isdecimal() and 1 <= int(answer) <= len(items):
                return items[int(answer) - 1]
            print(f"a number from 1 to {len(items)}, or a name", file=sys.stderr)

    def path(self, title: str, start: str) -> str:
        """Ask for a path; Enter takes the start."""
        if self.has(title) or not self._asks:
            return super().path(title, start)
        return self._ask(f"{title} [{start}] ").strip() or start

    def progress(self, done: int, total: int, what: str = "") -> None:
        """Show how far the script has come, on one line that is overwritten."""
        if sys.stderr.isatty():
            print(f"\r{done}/{total} {what}", end="\n" if done >= total else "", file=sys.stderr, flush=True)

    @staticmethod
    def _ask(prompt: str) -> str:
        print(prompt, end="", file=sys.stderr, flush=True)
        line = sys.stdin.readline()
        if not line:
            raise UsageError("the terminal was closed before the question was answered")
        return line.rstrip("\n")
