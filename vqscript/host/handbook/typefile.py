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
        lines = [*_head(name), *_blocks([_class(module, book)]), f"return {_variable(module)}", ""]
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
            yield _class(entry, book)


def _globals(book: Handbook) -> Iterator[list[str]]:
    """Yield what scripts find that Lua's own library does not have."""
    yield ["---The root of everything.", "---@type VQ", f"VQ = {_variable(book.classes['VQ'])}"]
    yield ["---Arguments of the run.", "---@type args", "args = {}"]
    help_entry = book.globals["help"]
    assert isinstance(help_entry, Entry)
    yield _function("help", help_entry)
    for name in ("split", "trim"):  # the language's own functions are known to every editor
        entry = book.classes["string"].members.get(name)
        if entry is not None:
            yield _function(f"string.{name}", entry)


def _class(entry: ClassEntry, book: Handbook) -> list[str]:
    lines = [*_comment(entry.doc), f"---@class {_class_name(entry)}", *map(_field, entry.fields.values())]
    if entry.name == "args":
        lines.append("---@field [string] string? what `--arg name=value` gave")
    if entry.kind == "table":
        return lines
    variable = _variable(entry)
    lines.append(f"local {variable} = {{}}")
    for member in sorted(entry.members.values(), key=lambda each: each.name):
        lines += ["", *_function(f"{variable}.{member.name}", member, _myself(entry, book))]
    return lines


def _myself(entry: ClassEntry, book: Handbook) -> str:
    """Return the type of what stands before a colon, "" where there is none.

    ``VQ.currentOp()`` is one of several operators: what is called on it has to take each of them.
    """
    if entry.kind != "object":
        return ""
    return "Operator" if book.operator_of(entry.name) else entry.name


def _class_name(entry: ClassEntry) -> str:
    return f"{entry.name}.module" if entry.kind == "module" else entry.name


def _variable(entry: ClassEntry) -> str:
    return f"{entry.name}_class" if entry.kind == "object" else entry.name


def _field(field: FieldEntry) -> str:
    mark = "?" if field.optional else ""
    return f"---@field {field.name}{mark} {field.type_text} {_one_line(field.doc)}".rstrip()


def _function(name: str, entry: Entry, myself: str = "") -> list[str]:
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
    lines += [f"---@overload {each}" for each in _overloads(entry, myself)]
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


def _overloads(entry: Entry, myself: str) -> Iterator[str]:
    """Yield the other ways to call a function.

    VivoScript writes VQ.mainWin() with a dot and dm:size() with a colon; both are right for every object. Options may
    come as one table.
    """
    given = [f"{_safe_name(p.name)}{'?' if p.optional else ''}: {p.type_text}" for p in entry.parameters]
    more = [f"...: {_more(entry).split()[0]}"] if _more(entry) else []
    results = ", ".join(result.type_text for result in entry.results)
    returns = f": {results}" if results else ""
    before = [f"self: {myself}"] if myself else []
    if before:
        yield f"fun({', '.join([*before, *given, *more])}){returns}"
    if entry.options is not None:
        table = f"options: {entry.options_class}"
        yield f"fun({', '.join([*given, table])}){returns}"
        if before:
            yield f"fun({', '.join([*before, *given, table])}){returns}"


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
