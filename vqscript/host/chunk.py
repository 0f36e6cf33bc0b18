"""What was typed at a prompt, read as Lua: is it whole, has it a value, what does it declare."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from vqscript.host import source
from vqscript.host.tokens import Token, tokens

Syntax = Callable[[str], str]
"""Says what is wrong with a piece of Lua, "" if nothing is."""

UNFINISHED = "<eof>"
"""How Lua ends its message where only the rest is missing."""

_OPENS = frozenset(("function", "do", "if", "repeat"))
_CLOSES = frozenset(("end", "until"))


@dataclass(frozen=True)
class Chunk:
    """Lines that make a whole.

    Attributes
    ----------
    text : str
        As typed.
    code : str
        As :meth:`Runtime.run_line` takes it.
    names : tuple of str
        What it declares for the lines that follow.
    value : bool
        Whether it is an expression.
    call : bool
        Whether it is an expression that is a call, and so could stand in a script as it is.
    """

    text: str
    code: str
    names: tuple[str, ...] = ()
    value: bool = False
    call: bool = False


def read(text: str, syntax: Syntax, *, last: bool = False) -> Chunk | None:
    """Return what was typed as a chunk, or None while it is incomplete.

    An expression is tried first, then statements. A ``return`` before an expression changes nothing. Text that is no
    Lua at all is a chunk too: running it tells what is wrong. So is incomplete text if nothing follows (``last``).
    """
    lua = source.prepare(text).removeprefix(source.OPENING)
    first = next(tokens(lua), None)
    value = lua[first.end :] if first is not None and first.text == "return" else lua
    # With the end of the line a string that stays open is wrong, not incomplete.
    problem = syntax(f"return {value}\n")
    if not problem:
        return Chunk(text, f"{source.OPENING}return {value}", value=first is not None, call=not syntax(value))
    if not last and (problem.endswith(UNFINISHED) or syntax(lua + "\n").endswith(UNFINISHED)):
        return None
    code, names = outlasting(lua)
    return Chunk(text, source.OPENING + code, names)


def outlasting(lua: str) -> tuple[str, tuple[str, ...]]:
    """Rewrite the locals of the outermost block, which would end with the chunk, to names that outlast it.

    ``local x = 1`` becomes ``x = 1``, ``local x`` becomes ``x = nil``, ``local function`` becomes ``function``; lines
    keep their numbers. A ``<const>`` is dropped. What has to be closed at the end of its block stays local.

    Returns
    -------
    code : str
    names : tuple of str
    """
    words = list(tokens(lua))
    code, done, depth, names = "", 0, 0, list[str]()
    for i, word in enumerate(words):
        if word.kind != "keyword":
            continue
        depth += (word.text in _OPENS) - (word.text in _CLOSES)
        if word.text == "local" and depth == 0:
            found = _declaration(words[i + 1 :])
            if found is not None:
                cuts, ends, declared = found
                for start, end in [(word.start, word.end), *cuts]:
                    code, done = code + lua[done:start], end
                if ends:
                    code, done = f"{code}{lua[done:ends]} = nil", ends
                names += declared
    return code + lua[done:], tuple(dict.fromkeys(names))


def _declaration(words: list[Token]) -> tuple[list[tuple[int, int]], int, list[str]] | None:
    """Read what follows ``local``: what to cut out, where to add "= nil" (0: nowhere), the names; None to keep it."""
    if len(words) > 1 and words[0].text == "function" and words[1].kind == "name":
        return [], 0, [words[1].text]
    cuts, names, i = list[tuple[int, int]](), list[str](), 0
    while i < len(words) and words[i].kind == "name" and words[i].text != "_ENV":
        names.append(words[i].text)
        last, i = words[i].end, i + 1
        attribute = [word.text for word in words[i : i + 3]]
        if attribute[:1] == ["<"]:
            if attribute != ["<", "const", ">"]:
                return None
            cuts.append((words[i].start, words[i + 2].end))
            last, i = words[i + 2].end, i + 3
        following = words[i].text if i < len(words) else ""
        if following != ",":
            return cuts, 0 if following == "=" else last, names
        i += 1
    return None
