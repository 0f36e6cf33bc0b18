"""Whether what stands in a script fits the type of a parameter: numbers, text, and words of a fixed list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vqscript.errors import VqError, did_you_mean
from vqscript.host.check.kinds import SHOWN, Alternative, Kind, Known, ListOf, Own, parts
from vqscript.host.check.tree import Literal, Table
from vqscript.host.handbook import AliasEntry, ClassEntry, Handbook

EXPECTED = {
    "integer": "a whole number",
    "number": "a number",
    "string": "text",
    "boolean": "true or false",
    "nil": "nothing",
    "table": "a table",
    "function": "a function",
}
"""Types of which a value that stands in the script surely is one or is none; as the host's errors name them."""

_SCALARS = frozenset({"integer", "number", "string", "boolean", "nil", "function"})
_TAKES = {"text": {"string"}, "number": {"number", "integer"}, "boolean": {"boolean"}}

KNOWN_UNITS_ONLY = frozenset({"DataManager.setUnit", "DataManager.convertUnit"})
"""Elsewhere a unit may be a label of the script's own."""

Mismatch = tuple[str, str]
"""Message, which goes on after the parameter's name, and hint."""


def mismatch(value: Literal | Table, type_text: str, function: str = "") -> Mismatch | None:
    """Return why a value does not fit a type of the handbook, or None if it does or that cannot be told.

    Parameters
    ----------
    value : Literal or Table
    type_text : str
        As in :attr:`ParameterEntry.type_text`.
    function : str
        Full name of the function whose parameter or option has the type.
    """
    wanted = parts(type_text)
    if any(_fits(value, part, function) for part in wanted):
        return None
    words = [part for part in wanted if part[:1] in "\"'-" or part.isdecimal()]
    word = value.value if isinstance(value, Literal) else None
    aliases = [alias for part in wanted if (alias := Handbook.load().aliases.get(part)) is not None]
    for alias in aliases:
        if isinstance(word, str) and (problem := _refusal(alias, word, function)) is not None:
            return problem
    if words and isinstance(word, str) and len(words) == len([part for part in wanted if part != "nil"]):
        known = [part.strip("\"'") for part in words]
        return f"takes one of {', '.join(known)}; got {shown(value)}", did_you_mean(word, known)
    return f"takes {_listed(wanted)}, got {shown(value)}", ""


def described(part: str) -> ClassEntry | None:
    """Return what the handbook says of an object or table that a type names; ``string`` is a library as well."""
    entry = Handbook.load().classes.get(part)
    return entry if entry is not None and entry.kind in ("object", "choice", "table") else None


def misfit(kind: Kind, type_text: str) -> Mismatch | None:
    """Return why a value of a kind surely does not fit a type, or None."""
    wanted = parts(type_text)
    if not kind or any(_accepts(part, alternative) for part in wanted for alternative in kind):
        return None
    *_, first = kind
    expected = _listed(wanted)
    if isinstance(first, ListOf):
        single = any(described(part) is not None for part in wanted)
        return f"takes {expected}, got a list", "take one out of it, as in list[1]" if single else ""
    if isinstance(first, Known | Own):
        return f"takes {expected}, got a function", "call it: its name is followed by brackets"
    return f"takes {expected}, got {SHOWN.get(first.name, f'the {first.name} object')}", ""


def _accepts(part: str, alternative: Alternative) -> bool:
    """Whether a type without alternatives may take a value; a type that is not known takes anything."""
    book = Handbook.load()
    alias = book.aliases.get(part)
    if alias is not None:
        return any(_accepts(each, alternative) for each in parts(alias.type_text))
    if part == "nil":
        return False
    entry = described(part)
    if isinstance(alternative, ListOf):
        return part not in _SCALARS and not _is_word(part) and entry is None
    if isinstance(alternative, Known | Own):
        return part not in _SCALARS - {"function"} and not _is_word(part) and not part.endswith("[]") and entry is None
    if alternative.name in SHOWN:
        if _is_word(part):
            return part.startswith('"') == (alternative.name == "text")
        return part in _TAKES[alternative.name] or not (part in EXPECTED or part.endswith("[]") or entry is not None)
    given = book.classes[alternative.name]
    if given.kind == "table" or (part not in EXPECTED and entry is None):
        return part not in _SCALARS  # a table may have further fields
    return part == given.name or part in given.one_of or given.name in getattr(entry, "one_of", ())


def shown(value: Literal | Table) -> str:
    """Return a value as the host's errors show it."""
    if isinstance(value, Table):
        return "a table"
    match value.value:
        case None:
            return "nothing"
        case bool(word):
            return "true" if word else "false"
        case str(text):
            return f'"{text if len(text) <= 40 else text[:37] + "..."}"'
        case number:
            return f"{number:g}" if isinstance(number, float) else str(number)


def _listed(wanted: Sequence[str]) -> str:
    *others, last = dict.fromkeys(_expected(part) for part in wanted if part != "nil")
    return f"{', '.join(others)} or {last}" if others else last


def _expected(part: str) -> str:
    alias = Handbook.load().aliases.get(part)
    if alias is not None:
        return _expected(alias.type_text)
    if described(part) is not None:
        return f"a {part}"
    return "a list" if part.endswith("[]") else EXPECTED.get(part, part)


def _fits(value: Literal | Table, part: str, function: str) -> bool:
    """Whether a value may be of a type without alternatives; a type that is not known takes anything."""
    alias = Handbook.load().aliases.get(part)
    if alias is not None:
        if not any(_fits(value, each, function) for each in parts(alias.type_text)):
            return False
        word = value.value if isinstance(value, Literal) else None
        return not isinstance(word, str) or _refusal(alias, word, function) is None
    if isinstance(value, Table):
        return part not in _SCALARS and not _is_word(part)
    word = value.value
    if _is_word(part):
        if isinstance(word, str) or part.startswith(('"', "'")):
            return isinstance(word, str) and word == part.strip("\"'")
        return not isinstance(word, bool) and word == int(part)
    if part == "nil":
        return word is None
    if part in ("integer", "number"):
        plain = isinstance(word, int | float) and not isinstance(word, bool)
        return plain and (part == "number" or float(word or 0).is_integer())
    if part == "string":
        return isinstance(word, str)
    if part == "boolean":
        return isinstance(word, bool)
    # Lists, tables, objects and functions never stand in a script as one word.
    return not (part.endswith("[]") or part in EXPECTED or described(part) is not None)


def _is_word(part: str) -> bool:
    return part.startswith(('"', "'")) or part.lstrip("-").isdecimal()


def _refusal(alias: AliasEntry, word: str, function: str) -> Mismatch | None:
    """Return why a text is none of the words of an alias; in which spellings it takes them the host says itself."""
    if alias.name == "unit" and function not in KNOWN_UNITS_ONLY:
        return None
    read = _READERS.get(alias.name)
    if read is not None:
        try:
            read(word)
        except VqError as problem:
            return problem.message, problem.hint
        return None
    if not alias.words or word.casefold() in {known.casefold() for known in alias.words}:
        return None
    return f'there is no {alias.name} "{word}"', did_you_mean(word, alias.words)


def _unit(word: str) -> None:
    from vqscript.imaging.units import canonical

    canonical(word)


def _palette(word: str) -> None:
    from vqscript.render.palette_names import palette_name

    palette_name(word)


_READERS: dict[str, Callable[[str], None]] = {"unit": _unit, "palette": _palette}
