"""The prompt of a terminal: colours, completion, history, lines until they make a whole."""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from prompt_toolkit import PromptSession
from prompt_toolkit.auto_suggest import AutoSuggestFromHistory
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.formatted_text import StyleAndTextTuples
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.lexers import Lexer
from prompt_toolkit.styles import Style

from vqscript.host.tokens import tokens

if TYPE_CHECKING:
    from vqscript.host.completion import Candidate

PROMPT, CONTINUED = "vq> ", "... "
COLORS = {
    "keyword": "ansimagenta",
    "string": "ansigreen",
    "number": "ansicyan",
    "comment": "ansibrightblack italic",
    "prompt": "bold",
    "continued": "ansibrightblack",
}
_DEEPER = frozenset(("function", "do", "then", "repeat", "else", "(", "{", "["))
_SHALLOWER = frozenset(("end", "until", "elseif", "else", ")", "}", "]"))


class Editor:
    """Reads what is typed.

    Parameters
    ----------
    whole : callable
        Whether a text can be run, or Enter goes on to the next line.
    candidates : callable
        What can follow a text that ends at the cursor.
    history : Path, optional
        File of the lines of earlier sessions.
    """

    def __init__(
        self,
        whole: Callable[[str], bool],
        candidates: Callable[[str], Iterable[Candidate]],
        history: Path | None = None,
    ) -> None:
        self._session: PromptSession[str] = PromptSession(
            [("class:prompt", PROMPT)],
            multiline=True,
            prompt_continuation=[("class:continued", CONTINUED)],
            lexer=LuaColors(),
            completer=_Completer(candidates),
            complete_while_typing=False,
            auto_suggest=AutoSuggestFromHistory(),
            history=_history(history),
            enable_history_search=True,
            enable_suspend=True,
            key_bindings=_keys(whole, candidates),
            style=Style.from_dict(COLORS),
        )

    def read(self) -> str:
        """Return what was typed.

        Raises
        ------
        EOFError
            On Ctrl-D.
        KeyboardInterrupt
            On Ctrl-C, which drops what was begun.
        """
        return self._session.prompt()


class LuaColors(Lexer):
    """Colours of Lua."""

    def lex_document(self, document: Document) -> Callable[[int], StyleAndTextTuples]:
        """Return what gives the coloured pieces of each line."""
        lines: list[StyleAndTextTuples] = [[]]
        done = 0

        def add(style: str, text: str) -> None:
            for i, piece in enumerate(text.split("\n")):
                if i:
                    lines.append([])
                lines[-1].append((style, piece))

        text = document.text
        for token in tokens(text, comments=True):
            add("", text[done : token.start])
            add(f"class:{token.kind}", token.text)
            done = token.end
        add("", text[done:])
        return lambda number: lines[number] if number < len(lines) else []


class _Completer(Completer):
    def __init__(self, candidates: Callable[[str], Iterable[Candidate]]) -> None:
        self._candidates = candidates

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        for each in self._candidates(document.text_before_cursor):
            yield Completion(each.text, -each.replaces, display=each.shown or each.text, display_meta=each.meaning)


def indent(text: str) -> str:
    """Return the spaces that a line after this text begins with."""
    depth = 0
    for token in tokens(text):
        if token.kind in ("keyword", "mark"):
            depth += (token.text in _DEEPER) - (token.text in _SHALLOWER)
    return "  " * max(0, depth)


def _outdented(before: str, line: str) -> str:
    """Return a line that closes a block with the indentation of the line that opened it, if it was indented for us."""
    first = next(tokens(line), None)
    deep = indent(before)
    if first is None or first.text not in _SHALLOWER or not deep or line[: first.start] != deep:
        return line
    return line[2:]


def _keys(whole: Callable[[str], bool], candidates: Callable[[str], Iterable[Candidate]]) -> KeyBindings:
    keys = KeyBindings()

    @keys.add("enter")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state and buffer.complete_state.current_completion:
            buffer.complete_state = None
            return
        before, _, line = buffer.document.text_before_cursor.rpartition("\n")
        outdented = _outdented(before, line)
        if outdented != line:
            buffer.delete_before_cursor(len(line))
            buffer.insert_text(outdented)
        if whole(buffer.text):
            buffer.validate_and_handle()
        else:
            buffer.insert_text("\n" + indent(buffer.document.text_before_cursor))

    @keys.add("tab")
    def _(event: KeyPressEvent) -> None:
        buffer = event.current_buffer
        if buffer.complete_state:
            buffer.complete_next()
        elif not buffer.document.current_line_before_cursor.strip():
            buffer.insert_text("  ")
        else:  # what is certain at once, so that typing on does not undo it
            found = list(candidates(buffer.document.text_before_cursor))
            common = _common([each.text for each in found])
            if found and len(common) > found[0].replaces:
                buffer.delete_before_cursor(found[0].replaces)
                buffer.insert_text(common)
            elif found:
                buffer.start_completion()

    return keys


def _common(texts: list[str]) -> str:
    """Return what all texts begin with."""
    shared = itertools.takewhile(lambda chars: len(set(chars)) == 1, zip(*texts, strict=False))
    return "".join(chars[0] for chars in shared)


def history_file() -> Path:
    """Return where the platform keeps what a program remembers: the lines typed in earlier sessions."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or str(Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = str(Path.home() / "Library" / "Application Support")
    else:
        # The XDG base directory specification has relative paths ignored.
        base = os.environ.get("XDG_STATE_HOME", "")
        if not Path(base).is_absolute():
            base = str(Path.home() / ".local" / "state")
    return Path(base) / "vqscript" / "history"


def _history(path: Path | None) -> History:
    """Return the history of a file that nobody else can read: lines name patients. Without a place it is forgotten."""
    if path is None:
        return InMemoryHistory()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.chmod(0o600)  # one that was there already
    except OSError as error:
        print(f"note: lines are not kept for later sessions: {error.strerror}: {path}", file=sys.stderr)
        return InMemoryHistory()
    return FileHistory(path)
