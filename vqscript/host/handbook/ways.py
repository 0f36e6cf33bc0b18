"""How a script comes by an object: the line that gets it."""

from __future__ import annotations

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
