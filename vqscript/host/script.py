"""Lines that were typed, as a script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vqscript.host import source
from vqscript.host.chunk import Chunk, Syntax, outlasting
from vqscript.host.tokens import tokens

HEADING = "-- {name}: lines of a vqscript session.\n--\n--   vqscript run {name}{flags}\n\n"


@dataclass(frozen=True)
class Line:
    """A chunk that worked.

    Attributes
    ----------
    chunk : Chunk
    opening : bool
        Whether the session began with it; it is needed only where a later line uses its names.
    file : bool
        Whether it ran a file.
    """

    chunk: Chunk
    opening: bool = False
    file: bool = False


def as_script(lines: Sequence[Line], name: str, syntax: Syntax) -> str:
    """Return a script that does what the lines did, and prints what they showed.

    Locals stay local, unless they are more than Lua allows in one script.

    Parameters
    ----------
    lines : sequence of Line
    name : str
        Of the script, for its heading.
    syntax : callable
        Says what is wrong with a piece of Lua.
    """
    kept = _needed(lines)
    texts = [_text(line, _uses_last(kept[i + 1 :]), syntax) for i, line in enumerate(kept)]
    body = "\n".join([*texts, ""])
    if syntax(source.prepare(body)):
        body = outlasting(body)[0]
    words = {word.text for word in tokens(body)}
    return HEADING.format(name=name, flags=" --repo REPO --project PROJECT" if "args" in words else "") + body


def _needed(lines: Sequence[Line]) -> list[Line]:
    """Leave out opening lines whose names are not used."""
    kept: list[Line] = []
    used: set[str] = set()
    for line in reversed(lines):
        if line.opening and used.isdisjoint(line.chunk.names):
            continue
        used |= {word.text for word in tokens(line.chunk.text) if word.kind == "name"}
        kept.insert(0, line)
    return kept


def _uses_last(following: Sequence[Line]) -> bool:
    """Whether ``_`` is used before another line gives it a value."""
    for line in following:
        if any(word.kind == "name" and word.text == "_" for word in tokens(line.chunk.text)):
            return True
        if line.chunk.value:
            return False
    return False


def _text(line: Line, used: bool, syntax: Syntax) -> str:
    """Return a line as a statement; ``used`` is whether its value is needed later, as ``_``."""
    text = line.chunk.text.strip()
    if line.file and (":" in text or ".." in text or '"/' in text):  # an include does not lead out of its folder
        return f"-- {text}"
    if not line.chunk.value:
        ends = syntax(source.prepare(f"{text}\nreturn")) and not syntax(source.prepare(text))
        return f";(function() {text}\nend)()" if ends else text  # a "return" would be the end of the script
    words = list(tokens(text))
    start = words[0].end if words[0].text == "return" else 0
    value = text[start : words[-1].end].strip()
    if not value:
        return ""
    if used:
        return f"_ = {value}" if line.chunk.call else f"_ = {value}\nprint(_)"
    if not line.chunk.call:
        return f"print({value})"
    return f";{text}" if value.startswith("(") else text  # ";" keeps it from being the arguments of the line before
