"""What can follow at the cursor: names, members, options, words that fit, files."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vqscript.host import source
from vqscript.host.bridge import Bridge
from vqscript.host.handbook import ClassEntry, Entry, Handbook
from vqscript.host.naming import Callee, Naming, opening_of
from vqscript.host.tokens import KEYWORDS, Token, tokens

_INCLUDE = re.compile(r"""^[ \t]*#[ \t]*include[ \t]+["'<](?P<name>[^"'<>]*)$""")
_WORD = re.compile(r'"([^"]*)"')


@dataclass(frozen=True)
class Candidate:
    """One way to go on.

    Attributes
    ----------
    text : str
        What is written in place of the last ``replaces`` characters before the cursor.
    replaces : int
    shown : str
        How it is listed.
    meaning : str
        What it is, in a sentence.
    """

    text: str
    replaces: int
    shown: str = ""
    meaning: str = ""


class Completion:
    """Completes Lua from what is there and what the handbook knows.

    Parameters
    ----------
    bridge : Bridge
        Of the runtime whose names are completed.
    book : Handbook, optional
        Default: that of this installation.
    """

    def __init__(self, bridge: Bridge, book: Handbook | None = None) -> None:
        self._book = book or Handbook.load()
        self._naming = Naming(bridge, self._book)

    def candidates(self, text: str) -> list[Candidate]:
        """Return what can follow a text that ends at the cursor, in the order to show it."""
        include = _INCLUDE.match(text.rpartition("\n")[2])
        if include:
            return _starting(source.modules(Path.cwd()), include["name"], "module")
        words = list(tokens(text, comments=True))
        last = words[-1] if words and words[-1].end == len(text) else None
        if last is not None and last.kind == "comment":
            return []
        code = [word for word in words if word.kind != "comment"]
        if last is not None and last.open:
            begun = last.text[1:]
            fitting = [] if last.text.startswith("[") else list(self._in_string(code[:-1], begun))
            return fitting or (files(begun) if "/" in begun else [])
        if last is not None and last.kind in ("name", "keyword"):
            return self._name(code[:-1], last.text)
        return self._name(code, "") if last is None or last.kind == "mark" else []

    # Names --------------------------------------------------------------------------------

    def _name(self, words: list[Token], begun: str) -> list[Candidate]:
        if words and words[-1].text in (".", ":"):
            return self._members(words, begun)
        found = list(self._fields(words, begun))
        inside = [word.text for i, word in enumerate(words) if word.kind == "name" and not _after_dot(words, i)]
        known = self._naming.globals()
        names = [name for name in {*known, *inside} if name.startswith(begun) and (begun or not name.startswith("_"))]
        found += [
            self._described(name, begun, self._book.globals.get(name)) for name in sorted(names, key=str.casefold)
        ]
        if begun:
            found += _starting(sorted(KEYWORDS), begun, "keyword")
        return found

    def _members(self, words: list[Token], begun: str) -> list[Candidate]:
        meaning = self._naming.meaning(words, len(words) - 1)
        members, described = self._naming.members(meaning)
        only_methods = words[-1].text == ":"
        found = []
        for name, value in sorted(members.items(), key=lambda item: item[0].casefold()):
            method = isinstance(value, Entry) or self._naming.is_function(value)
            if name.startswith(begun) and (method or not only_methods) and (begun or not name.startswith("_")):
                entry = described and (described.members.get(name) or described.fields.get(name))
                found.append(self._described(name, begun, entry))
        return found

    def _described(self, name: str, begun: str, entry: object) -> Candidate:
        if isinstance(entry, Entry):
            return Candidate(name, len(begun), entry.signature, entry.summary)
        if isinstance(entry, str):
            entry = self._book.classes.get(entry)
        doc = getattr(entry, "doc", "") if entry is not None else ""
        what = entry.kind if isinstance(entry, ClassEntry) else ""
        return Candidate(name, len(begun), name, doc.split("\n\n")[0] or what)

    def _fields(self, words: list[Token], begun: str) -> Iterator[Candidate]:
        """Options as the fields of a table: ``repo:getStudies { namefilter = ...``."""
        opened = opening_of(words, len(words))
        if opened < 0 or words[opened].text != "{" or words[-1].text not in ("{", ",", ";"):
            return
        outer = opened if opened and words[opened - 1].text not in ("(", ",") else opening_of(words, opened)
        called = self._naming.meaning(words, outer) if outer > 0 else None
        if isinstance(called, Callee):
            for option in (called.entry.options or {}).values():
                if option.name.startswith(begun):
                    yield Candidate(f"{option.name} = ", len(begun), option.name, option.doc)

    # Strings ------------------------------------------------------------------------------

    def _in_string(self, words: list[Token], begun: str) -> Iterable[Candidate]:
        called, place = self._call(words)
        if called is None:
            return []
        if called.name == "require":
            return _starting(source.modules(Path.cwd()), begun, "module")
        if called.name == "help" and not called.owner:
            return _starting(sorted({*self._book.classes, *self._book.operators}), begun, "")
        if place < len(called.parameters):
            return self._fitting(called.parameters[place].type_text, begun)
        if called.options is None:
            return self._fitting(called.rest.type_text, begun) if called.rest else []
        option = _option_before(words)
        if option is not None:
            return self._fitting(called.options[option].type_text, begun) if option in called.options else []
        return [
            Candidate(f"-{each.name}", len(begun), f"-{each.name}", each.doc)
            for each in called.options.values()
            if f"-{each.name}".startswith(begun)
        ]

    def _call(self, words: list[Token]) -> tuple[Entry | None, int]:
        """Return the function in whose arguments the cursor is, and the place of the argument from 0."""
        opened = opening_of(words, len(words))
        if words and words[-1].kind == "name":  # require "...
            opened = len(words)
        elif opened < 0:
            return None, 0
        elif words[opened].text == "{" and opened and words[opened - 1].text in ("(", ","):
            opened = opening_of(words, opened)
        called = self._naming.meaning(words, opened) if opened > 0 else None
        return (called.entry, _commas(words, opened)) if isinstance(called, Callee) else (None, 0)

    def _fitting(self, type_text: str, begun: str) -> Iterable[Candidate]:
        """Words of a type, files where it is one of paths."""
        found: list[Candidate] = []
        for part in type_text.split("|"):
            alias = self._book.aliases.get(part.removesuffix("[]"))
            if part.removesuffix("[]") in ("path", "url"):
                found += files(begun)
            elif alias is not None:
                found += _starting(alias.words, begun, part)
            else:
                found += _starting(_WORD.findall(part), begun, "")
        return list(dict.fromkeys(found))


def files(begun: str) -> list[Candidate]:
    """Return the files and folders that a path can go on with."""
    folder, slash, name = begun.rpartition("/")
    try:
        inside = Path(folder + slash).expanduser() if slash else Path()
        entries = sorted(inside.iterdir(), key=lambda path: path.name.casefold())
    except (OSError, RuntimeError, ValueError):  # no such folder, not readable, "~nobody", a NUL: nothing can follow
        return []
    found = []
    for path in entries:
        if path.name.startswith(name) and (name or not path.name.startswith(".")):
            text = path.name + ("/" if path.is_dir() else "")
            found.append(Candidate(text, len(name), text))
    return found


def _starting(words: Iterable[str], begun: str, meaning: str) -> list[Candidate]:
    return [Candidate(word, len(begun), word, meaning) for word in words if word.startswith(begun)]


def _after_dot(words: list[Token], i: int) -> bool:
    return i > 0 and words[i - 1].text in (".", ":")


def _commas(words: list[Token], opened: int) -> int:
    """Return how many commas separate the arguments of a bracket that is still open."""
    return sum(
        word.kind == "mark" and word.text == "," and opening_of(words, i) == opened for i, word in enumerate(words)
    )


def _option_before(words: list[Token]) -> str | None:
    """Return the option whose value is to follow: ``'-modality', "`` or ``modality = "``."""
    if len(words) > 1 and words[-1].text == "=" and words[-2].kind == "name":
        return words[-2].text
    before = words[-2] if len(words) > 1 and words[-1].text == "," else None
    if before is not None and before.kind == "string" and before.text[1:2] == "-":
        return before.text[2:-1]
    return None
