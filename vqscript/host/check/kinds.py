"""What a value may be, as far as it can be told without running the script.

A kind is a set of alternatives, or None where nothing is known. What cannot be told for certain is not known: a
check that is wrong once is not believed again. nil is in no kind: it is what a variable is before it has its value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from vqscript.host.check.tree import Function
from vqscript.host.handbook import Entry, Handbook


@dataclass(frozen=True)
class Of:
    """An object, module, library or table that the handbook describes, or a plain "text", "number" or "boolean"."""

    name: str


@dataclass(frozen=True)
class ListOf:
    """A list of items of one kind."""

    item: Kind


@dataclass(frozen=True, eq=False)  # entries hold dictionaries, which cannot be hashed
class Known:
    """A function of the handbook."""

    entry: Entry


@dataclass(frozen=True)
class Own:
    """A function of the script."""

    function: Function


Alternative = Of | ListOf | Known | Own
Kind = frozenset[Alternative] | None

NOTHING: Kind = frozenset()
PLAIN = {"string": "text", "number": "number", "integer": "number", "boolean": "boolean"}
SHOWN = {"text": "a text", "number": "a number", "boolean": "true or false"}
"""Plain values as findings name them."""


def one(alternative: Alternative) -> Kind:
    """Return the kind of a value that is nothing else."""
    return frozenset((alternative,))


def is_object(name: str) -> bool:
    """Whether a class is one of objects, whose members are fixed, and which take calls with a dot or a colon."""
    entry = Handbook.load().classes.get(name)
    return entry is not None and entry.kind in ("object", "choice")


def union(kinds: Iterable[Kind]) -> Kind:
    """Return the kind of what is one of several; one that is not known makes it unknown."""
    found: set[Alternative] = set()
    for kind in kinds:
        if kind is None:
            return None
        found |= kind
    return frozenset(found)


@cache
def of_type(text: str) -> Kind:
    """Return the kind of a type as the handbook writes it: ``DataManager``, ``string[]``, ``Study|nil``."""
    return union(_of_part(part) for part in parts(text))


def _of_part(part: str) -> Kind:
    book = Handbook.load()
    if part.endswith("[]"):
        return one(ListOf(of_type(part[:-2])))
    if part.startswith("(") and part.endswith(")"):
        return of_type(part[1:-1])
    if part == "nil":
        return NOTHING
    if part.startswith('"'):
        return one(Of("text"))
    if part in book.aliases:
        return of_type(book.aliases[part].type_text)
    if part in PLAIN:
        return one(Of(PLAIN[part]))
    if part in book.classes and book.classes[part].kind in ("object", "choice", "table"):
        return one(Of(part))
    return None  # any, a table of no name, a number as a word ...


@cache
def parts(text: str) -> tuple[str, ...]:
    """Return the alternatives of a type: ``"CT"|string[]|nil`` has three; ``X?`` is ``X|nil``."""
    found, depth, part = [], 0, ""
    for piece in re.findall(r'"[^"]*"|.', text.strip()):
        depth += (piece in "(<{") - (piece in ")>}")
        if piece == "|" and depth == 0:
            found.append(part)
            part = ""
        else:
            part += piece
    found.append(part)
    plain = [each.strip().removesuffix("?") for each in found]
    return (*plain, "nil") if any(each.strip().endswith("?") for each in found) else tuple(plain)
