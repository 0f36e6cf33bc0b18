"""The way out of Lua's own errors, which say what was wrong and not what to write instead."""

from __future__ import annotations

import re
from collections.abc import Iterable

_NIL = "was it ever given a value, and is it spelled right?"

_REMEDIES = (
    (r"attempt to call a table value \(for iterator", "write: for _, item in ipairs(list) do ... end"),
    (r"'for iterator' \(table expected, got nil\)", "there is no table to go through: it is nil"),
    (r"'for iterator' \(table expected, got function\)", "call the function, with brackets: ipairs(f())"),
    (r"attempt to (index|call) a nil value \(field '(\?|integer index)'\)", "a list begins at 1 and ends at #list"),
    (r"attempt to index a function value", "call it, with brackets: f().x"),
    (r"a '(string|number)' with a '(?!\1)(string|number)'", "texts are joined with .., tonumber(text) reads a number"),
    (r"attempt to compare (number with string|string with number)", "tonumber(text) reads a number"),
    (r"attempt to compare (nil with|\w+ with nil)", f"one of the two is nil: {_NIL}"),
    (r"attempt to index a nil value(?! \()", "there is no table: it is nil"),
    (r"attempt to (perform arithmetic on|concatenate) a nil value(?! \()", f"one of the two is nil: {_NIL}"),
    (r"attempt to .* a nil value \((?:local|upvalue|field|constant) '(?P<name>\w+)'\)", rf"\g<name> is nil: {_NIL}"),
    (r"attempt to concatenate a (table|boolean|function) value", "tostring(x) makes a text of any value"),
    (r"number has no integer representation", "math.floor(x) makes a whole number of x"),
)

_GLOBAL = re.compile(r"attempt to .* a nil value \(global '(\w+)'\)")


def remedy(message: str, known: Iterable[str] = ()) -> str:
    """Return what to write instead, "" where that is not known.

    Parameters
    ----------
    message : str
        As Lua puts it.
    known : iterable of str
        The globals that there are.
    """
    unknown = _GLOBAL.search(message)
    if unknown:
        from vqscript.host.check.habits import advice

        return advice(unknown[1], known)
    for pattern, way in _REMEDIES:
        found = re.search(pattern, message)
        if found:
            return found.expand(way)
    return ""
