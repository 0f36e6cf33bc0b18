"""Types for editors: ``---@meta`` files of Lua's language server, made from the handbook.

The server reads a module's types from the file that bears its name, hence one file per module of the standard library
beside ``vq.lua``, which holds the rest.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from vqscript.host.handbook.book import Handbook
from vqscript.host.handbook.entries import AliasEntry, ClassEntry, Entry, FieldEntry, ParameterEntry

MAIN = "vq.lua"


def type_files(book: Handbook) -> dict[str, str]:
    """Return the text of each file by its name: :data:`MAIN`, and one per module."""
    main = [*_head(), *_blocks(_aliases(book)), *_blocks(_classes(book)), *_blocks(_globals(book))]
    files = {MAIN: "\n".join(main)}
    for name, module in book.modules.items():
        lines = [*_head(name), *_blocks([_class(module)]), f"return {_variable(module)}", ""]
        files[f"{name}.lua"] = "\n".join(lines)
    return files


def _head(name: str = "") -> list[str]:
    from vqscript import __version__

    return [
        f"---@meta {name}".rstrip(),
        "",
        f"-- Made by vqscript {__version__} for editors; it is not run.",
        "-- luacheck: ignore",
        "",
    ]


def _blocks(blocks: Iterable[list[str]]) -> Iterator[str]:
    for block in blocks:
        yield from block
        yield ""


def _aliases(book: Handbook) -> Iterator[list[str]]:
    for alias in book.aliases.values():
        yield _alias(alias)
    options = sorted(
        {entry.options_class for owner in book.classes.values() for entry in owner.members.values()} - {""}
    )
    for name in options:
        words = "|".join(_quoted(f"-{field}") for field in book.classes[name].fields)
        yield [f"---@alias {name}Pair {words}|any"]


def _alias(alias: AliasEntry) -> list[str]:
    lines = [*_comment(alias.doc), f"---@alias {alias.name}"]
    return [*lines, *(f"---| {_quoted(word)}" for word in alias.words), f"---| {alias.type_text}"]


def _classes(book: Handbook) -> Iterator[list[str]]:
    for entry in book.classes.values():
        if entry.kind == "choice":
            yield [*_comment(entry.doc), f"---@alias {entry.name} {'|'.join(entry.one_of)}"]
        elif entry.kind in ("object", "table"):
            yield _class(entry)


def _globals(book: Handbook) -> Iterator[list[str]]:
    """Yield what scripts find that Lua's own library does not have."""
    yield ["---The root of everything.", "---@type VQ", f"VQ = {_variable(book.classes['VQ'])}"]
    yield ["---Arguments of the run.", "---@type args", "args = {}"]
    help_entry = book.globals["help"]
    assert isinstance(help_entry, Entry)
    yield _function("help", help_entry, colon=False, owner=None)
    for name in ("split", "trim"):  # the language's own functions are known to every editor
        entry = book.classes["string"].members.get(name)
        if entry is not None:
            yield _function(f"string.{name}", entry, colon=False, owner=None)


def _class(entry: ClassEntry) -> list[str]:
    lines = [*_comment(entry.doc), f"---@class {_class_name(entry)}", *map(_field, entry.fields.values())]
    if entry.kind == "table":
        return lines
    variable = _variable(entry)
    lines.append(f"local {variable} = {{}}")
    # VivoScript writes VQ.mainWin() with a dot and dm:size() with a colon; both forms are right for every object.
    colon = entry.kind == "object" and entry.name != "VQ"
    for member in sorted(entry.members.values(), key=lambda each: each.name):
        mark = ":" if colon else "."
        lines += [
            "",
            *_function(
                f"{variable}{mark}{member.name}", member, colon=colon, owner=entry if entry.kind == "object" else None
            ),
        ]
    return lines


def _class_name(entry: ClassEntry) -> str:
    return f"{entry.name}.module" if entry.kind == "module" else entry.name


def _variable(entry: ClassEntry) -> str:
    return f"{entry.name}_class" if entry.kind == "object" else entry.name


def _field(field: FieldEntry) -> str:
    mark = "?" if field.optional else ""
    return f"---@field {field.name}{mark} {field.type_text} {_one_line(field.doc)}".rstrip()


def _function(name: str, entry: Entry, *, colon: bool, owner: ClassEntry | None) -> list[str]:
    lines = _comment(entry.doc)
    if entry.example:
        lines += ["---", "---```lua", *(f"---{line}" for line in entry.example.splitlines()), "---```"]
    if entry.raises:
        lines += ["---", *(f"---{kind}: {_one_line(text)}" for kind, text in entry.raises)]
    lines += map(_parameter, entry.parameters)
    more = _more(entry)
    if more:
        lines.append(f"---@param ... {more}")
    lines += [
        f"---@return {result.type_text} # {_one_line(result.doc)}".removesuffix(" # ") for result in entry.results
    ]
    lines += [f"---@overload {each}" for each in _overloads(entry, colon=colon, owner=owner)]
    names = [_safe_name(parameter.name) for parameter in entry.parameters] + (["..."] if more else [])
    return [*lines, f"function {name}({', '.join(names)}) end"]


def _parameter(parameter: ParameterEntry) -> str:
    mark = "?" if parameter.optional else ""
    default = f" Default {parameter.default}." if parameter.default else ""
    said = f"{parameter.type_text} {_one_line(parameter.doc)}{default}".rstrip()
    return f"---@param {_safe_name(parameter.name)}{mark} {said}"


def _more(entry: Entry) -> str:
    """Return the type of further arguments, "" if it takes none."""
    if entry.options is not None:
        return f"{entry.options_class}Pair '-name', value pairs"
    return f"{entry.rest.type_text} {_one_line(entry.rest.doc)}".rstrip() if entry.rest else ""


def _overloads(entry: Entry, *, colon: bool, owner: ClassEntry | None) -> Iterator[str]:
    """Yield the other ways to call a function: with a dot or a colon, and with options as one table."""
    given = [f"{_safe_name(p.name)}{'?' if p.optional else ''}: {p.type_text}" for p in entry.parameters]
    myself = [f"self: {owner.name}"] if owner else []
    more = [f"...: {_more(entry).split()[0]}"] if _more(entry) else []
    results = ", ".join(result.type_text for result in entry.results)
    returns = f": {results}" if results else ""
    if owner:
        yield f"fun({', '.join([*([] if colon else myself), *given, *more])}){returns}"
    if entry.options is not None:
        table = [f"options: {entry.options_class}"]
        for first in (myself, []) if owner else ([],):
            yield f"fun({', '.join([*first, *given, *table])}){returns}"


_KEYWORDS = frozenset({"end", "for", "function", "goto", "in", "not", "or", "repeat", "return", "then", "until"})
"""Words of Lua that could be the name of a parameter in Python."""


def _safe_name(name: str) -> str:
    return f"{name}_" if name in _KEYWORDS else name


def _quoted(word: str) -> str:
    return f'"{word}"'


def _comment(text: str) -> list[str]:
    """Return a text as lines of comment."""
    return [f"---{line}".rstrip() for line in text.split("\n")] if text else []


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)
