"""Lua's own word on a script's syntax, and the column that Lua does not tell."""

from __future__ import annotations

import re
from functools import cache
from typing import Any, NamedTuple

from lupa.lua54 import LuaRuntime

from vqscript.host.convert import lua_text, readable
from vqscript.host.source import OPENING, prepare

LONGEST_TOKEN = 60
"""Lua quotes a whole string that does not end."""

_COMPLAINT = re.compile(r"^script:(\d+): (.*)$", re.DOTALL)
_NEAR = re.compile(r" near '(.+)'$", re.DOTALL)
_BYTE = re.compile(r"<\\(\d+)>")
_NAMED = re.compile(r"^(break) |for <(goto)>|^<(goto)|const variable '(\w+)'")
_AT_LINE = re.compile(r" at line (\d+)$")

# What people write who know other languages, and what it is in Lua. A pattern finds it in the line, around the place
# where Lua stopped.
_HABITS = (
    (r"!=", "not equal is written ~= in Lua"),
    (r"[-+*/.]=(?!=)", "Lua has no such short form: write x = x + 1"),
    (r"\+\+", "Lua has no such short form: write x = x + 1"),
    (r"&&", 'Lua has the word "and" for it'),
    (r"\|\|", 'Lua has the word "or" for it'),
    (r"!", 'Lua has the word "not" for it'),
    (r"^\s*(//|/\*)", "a comment begins with --"),
    (r"\?", "Lua has no ?: operator: write a and b or c"),
    (r"^\s*#", 'an include stands alone on its line, as in #include "ipacs.lua"'),
)


class Complaint(NamedTuple):
    """A syntax error."""

    line: int
    column: int
    message: str
    hint: str = ""


def complaint(text: str) -> Complaint | None:
    """Return what Lua's compiler says against a script, or None.

    Nothing of the script runs.

    Parameters
    ----------
    text : str
        The script as its author wrote it.
    """
    code = prepare(text)
    found = _compile(code)
    if found is None:
        return None
    line, message = found
    column = _column(code, line, message)
    content = text.split("\n")[line - 1]
    shown = _NEAR.sub(lambda near: f" near '{_short(near[1])}'", message)
    if _BYTE.search(shown) and column <= len(content):
        shown = _BYTE.sub(content[column - 1], shown)
    return Complaint(line, column, shown, _hint(text, content, column, message))


@cache
def _compiler() -> Any:
    lua = LuaRuntime(encoding="latin-1", register_eval=False, register_builtins=False)
    return lua.eval('function(code) local _, problem = load(code, "=script", "t"); return problem end')


def _compile(code: str) -> tuple[int, str] | None:
    """Return line and message of Lua's complaint."""
    problem = _compiler()(lua_text(code))
    if problem is None:
        return None
    match = _COMPLAINT.match(readable(problem))
    if match is None:
        return 1, readable(problem)
    told = _AT_LINE.search(match[2])  # of a goto, which is found out when its block ends
    return int(told[1] if told else match[1]), match[2]


def _column(code: str, line: int, message: str) -> int:
    """Return where in its line the token is that Lua complained of.

    The text up to a place draws the very same complaint if the token lies before the place, and another one or none
    if it lies behind. So the first occurrence of the token with the same complaint is the one.
    """
    start = 0
    for _ in range(line - 1):
        start = code.find("\n", start) + 1
    end = code.find("\n", start)
    content = code[start : end if end >= 0 else len(code)]
    shift = len(OPENING) if line == 1 else 0
    if message.endswith("near <eof>"):
        return max(len(content) - shift, 0) + 1
    places = [place for place in _places(content, message) if place[0] >= shift]
    low, high = 0, len(places) - 1
    while low < high:
        middle = (low + high) // 2
        if _compile(code[: start + places[middle][1]]) == (line, message):
            high = middle
        else:
            low = middle + 1
    return places[low][0] - shift + 1 if places else 1


def _places(content: str, message: str) -> list[tuple[int, int]]:
    """Return where in a line the token may stand that Lua complained of: beginning and end."""
    near = _NEAR.search(message)
    byte = _BYTE.match(near[1]) if near else None
    if byte is not None:  # Lua reads bytes, and names the first one of a character
        return [(i, i + 1) for i, char in enumerate(content) if char.encode()[0] == int(byte[1])]
    if near is not None:
        pattern = re.escape(near[1].split("\n")[0])
    else:  # about a goto, a break or a constant
        named = _NAMED.search(message)
        pattern = rf"\b{next(filter(None, named.groups()))}\b" if named else r"\S"
    return [match.span() for match in re.finditer(pattern, content)]


def _short(token: str) -> str:
    return token if len(token) <= LONGEST_TOKEN else token[: LONGEST_TOKEN - 3] + "..."


def _hint(text: str, content: str, column: int, message: str) -> str:
    if "'then' expected near '='" in message or "'do' expected near '='" in message:
        return "two values are compared with =="
    if message.startswith("'end' expected"):
        return 'did you mean "elseif", one word? "else if" needs an "end" of its own' if "else if" in text else ""
    around = content[max(column - 3, 0) : column + 2]
    for pattern, hint in _HABITS:
        if re.search(pattern, content if pattern.startswith("^") else around):
            return hint
    return ""
