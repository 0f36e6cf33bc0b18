"""Answers that were given before the script asked."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path

from vqscript.errors import UsageError


class Answers:
    """Answers by the title of the question, or by its text where it has no title.

    Parameters
    ----------
    table : mapping
        Title -> answer.
    pairs : sequence of str
        ``title=answer``, as on the command line; they come before the table. Where the title ends is known when it
        is asked for, so both it and the answer may hold ``=``. Of several with one title the last counts.
    """

    def __init__(self, table: Mapping[str, str] | None = None, pairs: Sequence[str] = ()) -> None:
        self._table = {title.strip(): answer for title, answer in (table or {}).items()}
        self._pairs = list(pairs)
        for pair in pairs:
            if not pair.partition("=")[0].strip() or "=" not in pair:
                raise UsageError(f'--answer takes TITLE=VALUE, got "{pair}"', hint='as in --answer "Organ=Liver"')

    def find(self, title: str) -> str | None:
        """Return the answer to a question, None without one."""
        wanted = title.strip()
        for pair in reversed(self._pairs):
            ends = (i for i, char in enumerate(pair) if char == "=" and pair[:i].strip() == wanted)
            end = next(ends, None)
            if end is not None:
                return pair[end + 1 :]
        return self._table.get(wanted)

    @property
    def entries(self) -> tuple[str, ...]:
        """All that was given, as ``title=answer``: the same for the same answers."""
        return (*(f"{title}={answer}" for title, answer in sorted(self._table.items())), *self._pairs)

    def resembling(self, title: str) -> str:
        """Return the title among those given that is spelled most like a title, "" without one."""
        titles = [*self._table, *(pair.partition("=")[0].strip() for pair in self._pairs)]
        return next(iter(difflib.get_close_matches(title, titles, n=1)), "")


def read_answers(path: Path) -> dict[str, str]:
    """Read a file of answers: TOML, one ``"title" = "answer"`` a line.

    Numbers stand for their text, true and false for yes and no.

    Raises
    ------
    UsageError
        If there is no such file, or it is something else.
    """
    import tomllib

    example = 'a line is: "Name of the study" = "pilot"'
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UsageError(f"the answers {path} cannot be read: {error.strerror}", path=path) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"the answers {path} are no valid TOML: {error}", hint=example, path=path) from error
    answers = {}
    for title, answer in table.items():
        if not isinstance(answer, str | int | float):
            raise UsageError(
                f'{path}: the answer to "{title}" is no text', hint=f"{example}; the title in quotes", path=path
            )
        answers[title] = {True: "yes", False: "no"}[answer] if isinstance(answer, bool) else str(answer)
    return answers
