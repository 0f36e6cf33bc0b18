"""How a script comes by an object: the line that gets it, and which object has a member."""

from __future__ import annotations

from collections.abc import Collection

from vqscript.host.handbook.book import Handbook
from vqscript.host.handbook.entries import ClassEntry


def way_to(book: Handbook, entry: ClassEntry) -> list[str]:
    """Return Lua that gets an object, module or table; an empty list for what is simply there."""
    if entry.kind == "module":
        return [f'local {entry.name} = require "{entry.name}"']
    operator = book.operator_of(entry.name)
    if operator:
        return [f'VQ.mainWin():setViewMode("Slice View", "{operator}")', "local op = VQ.currentOp()"]
    if entry.kind == "choice":
        return ["local op = VQ.currentOp()"]
    found = []
    for owner in book.classes.values():
        if owner.kind in ("library", "choice"):
            continue
        start = "VQ." if owner.name == "VQ" else f"{owner.name}." if owner.kind == "module" else f"{owner.name}:"
        found += [
            start + member.signature
            for member in owner.members.values()
            if any(result.type_text.removesuffix("[]") == entry.name for result in member.results)
        ]
    return found


def elsewhere(book: Handbook, name: str, owners: Collection[str]) -> str:
    """Return a hint that says which other object has a member, "" if none has.

    Parameters
    ----------
    book : Handbook
    name : str
        The member.
    owners : collection of str
        The objects that it was sought in. Of an operator's, another operator is named first.
    """
    objects = {entry.name: entry for entry in book.classes.values() if entry.kind in ("object", "choice")}
    if not all(owner in objects for owner in owners):
        return ""  # a library or module: its members are functions of another kind
    having = [each for each in objects.values() if each.kind == "object" and name in each.members]
    having = [each for each in having if each.name not in owners]
    among_operators = all(book.operator_of(owner) for owner in owners)
    having.sort(key=lambda entry: bool(book.operator_of(entry.name)) != among_operators)
    if not having:
        return ""
    operator = book.operator_of(having[0].name)
    if operator:
        return f'"{operator}" has it: choose it with setViewMode("Slice View", "{operator}")'
    way = next(iter(way_to(book, having[0])), having[0].name)
    separator = "." if having[0].name == "VQ" else ":"
    return f"{having[0].name} has it: {way}{separator}{having[0].members[name].signature}"
