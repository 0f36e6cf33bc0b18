"""Members of values: whether they are there, and whether they can be assigned."""

from __future__ import annotations

from collections.abc import Collection

from vqscript.errors import did_you_mean
from vqscript.host.check.finding import Problem
from vqscript.host.check.habits import advice
from vqscript.host.check.kinds import SHOWN, Alternative, Kind, Known, ListOf, Of, is_object
from vqscript.host.check.tree import Index, Literal, Name
from vqscript.host.handbook import ClassEntry, Handbook
from vqscript.host.handbook.ways import elsewhere

COMPLETE = frozenset({"Study", "Series"})
"""Tables that have no fields but those in the handbook; others may have more."""


def members_of(name: str) -> ClassEntry | None:
    """Return what the handbook says of the members of a kind; a text has those of the library ``string``."""
    return Handbook.load().classes.get("string" if name == "text" else name)


def unknown_member(
    index: Index, name: str, kind: Kind, assigned: Collection[str], *, called: bool, tested: bool
) -> Problem | None:
    """Return what is wrong with reading a member, or None if it is there or that cannot be told.

    Parameters
    ----------
    index : Index
        Where the member is read.
    name : str
        Its name.
    kind : Kind
        Of the object.
    assigned : collection of str
        Members that the script assigns somewhere, in whatever table.
    called, tested : bool
        Whether it is called, or only asked for.
    """
    if not kind or not all(_lacks(alternative, name, assigned) for alternative in kind):
        return None
    owners = sorted({each.name for each in kind if isinstance(each, Of)})
    if owners:
        return _of_objects(index, name, owners, called=called, tested=tested)
    if any(isinstance(each, ListOf) for each in kind):
        hint = f"take one out of it, as in list[1].{name}"
        return Problem(index, "member", f'a list has no member "{name}"', hint, "warning" if tested else "error")
    known = [each.entry.full_name for each in kind if isinstance(each, Known)]
    what = f"{known[0]} is" if known else "this is"
    return Problem(index, "member", f"{what} a function, which has no members", "call it, with brackets: f().x")


def fixed_member(target: Index, kind: Kind) -> Problem | None:
    """Return what is wrong with assigning a member, or None."""
    if not kind or not all(isinstance(each, Of) and is_object(each.name) for each in kind):
        return None
    owner = " or ".join(sorted(each.name for each in kind if isinstance(each, Of)))
    message = f"{owner}.{shown_key(target)} cannot be assigned: the members of {owner} are fixed"
    return Problem(target, "member", message)


def shown_key(expression: Index | Name) -> str:
    """Return the last name of an expression, as a message quotes it."""
    if isinstance(expression, Name):
        return expression.text
    return str(expression.key.value) if isinstance(expression.key, Literal) else "..."


def _lacks(alternative: Alternative, name: str, assigned: Collection[str]) -> bool:
    """Whether a value surely has no such member."""
    if not isinstance(alternative, Of):
        return not isinstance(alternative, ListOf) or name not in assigned
    entry = members_of(alternative.name)
    if entry is None:  # a number
        return True
    if name in entry.members or name in entry.fields:
        return False
    if entry.kind == "table" and entry.name not in COMPLETE:
        return False
    return is_object(entry.name) or name not in assigned


def _of_objects(index: Index, name: str, owners: list[str], *, called: bool, tested: bool) -> Problem:
    entries = [entry for owner in owners if (entry := members_of(owner)) is not None]
    known = [key for entry in entries for key in (*entry.members, *entry.fields)]
    shown = " or ".join(SHOWN.get(owner, "the operator" if owner == "Operator" else owner) for owner in owners)
    hint = elsewhere(Handbook.load(), name, owners) or advice(f"{owners[0]}.{name}") or did_you_mean(name, known)
    # An object refuses to be asked for what it does not have; of a table it is nil.
    harmless = all(not is_object(owner) for owner in owners) and (
        tested or (not called and all(entry.kind == "table" for entry in entries) and bool(entries))
    )
    return Problem(index, "member", f'{shown} has no member "{name}"', hint, "warning" if harmless else "error")
