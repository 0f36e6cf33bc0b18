"""The handbook's entries as lines of plain text, for ``help`` in scripts and at the prompt."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence

from vqscript.host.handbook.book import Handbook
from vqscript.host.handbook.entries import AliasEntry, ClassEntry, Entry, FieldEntry, OptionEntry
from vqscript.host.handbook.ways import way_to

WIDTH = 96
INDENT = "    "


def of_function(entry: Entry, book: Handbook) -> list[str]:
    """Return the page of a function or method."""
    owner = f"{entry.owner}." if entry.owner else ""
    lines = [owner + entry.signature, *prose(entry.doc, INDENT)]
    parameters = [*entry.parameters, *([entry.rest] if entry.rest else [])]
    if parameters:
        rows = [
            (
                each.name,
                each.type_text + (", optional" if each.optional and each.name != "..." else ""),
                _said(each.doc, each.default),
            )
            for each in parameters
        ]
        lines += ["", "Parameters", *table(rows)]
    if entry.options is not None:
        lines += ["", 'Options: "-name", value pairs, or one table {name = value}', *_options(entry.options.values())]
    if entry.results and any(result.doc for result in entry.results):
        lines += ["", "Returns", *table([(result.type_text, plain(result.doc)) for result in entry.results])]
    elif entry.results:
        lines += ["", f"Returns {entry.returns}"]
    if entry.raises:
        lines += ["", "Errors", *table([(kind, plain(text)) for kind, text in entry.raises])]
    if entry.example:
        lines += ["", "Example", *(INDENT + line for line in entry.example.splitlines())]
    for name in _classes_named(entry, book):
        lines += ["", f'See help "{name}" for its members']
    return lines


def of_class(entry: ClassEntry, book: Handbook) -> list[str]:
    """Return the page of an object, a module, a library or a table."""
    operator = book.operator_of(entry.name)
    title = f"{entry.name}, the operator {operator}" if operator else f"{entry.name} ({KINDS[entry.kind]})"
    lines = [title, *prose(entry.doc, INDENT)]
    way = way_to(book, entry)
    if way:
        lines += ["", "How to get it", *(INDENT + line for line in way)]
    if entry.one_of:
        lines += ["", "One of", *table([(name, plain(book.classes[name].summary)) for name in entry.one_of])]
    elif entry.members:
        rows = [(each.signature, plain(each.summary)) for _, each in sorted(entry.members.items())]
        lines += ["", "Functions" if entry.kind in ("module", "library") else "Methods", *table(rows)]
    if entry.fields:
        rows = [(each.name, f"{each.type_text}. {plain(each.doc)}") for each in entry.fields.values()]
        lines += ["", "Fields", *table(rows)]
    if entry.members and not entry.one_of:
        name = next(iter(sorted(entry.members)))
        lines += ["", f'help "{entry.name}.{name}" says all about one of them']
    return lines


KINDS = {
    "object": "object",
    "module": "module of the standard library",
    "library": "Lua's library",
    "table": "table",
    "choice": "object",
}


def of_field(entry: FieldEntry) -> list[str]:
    """Return the page of a field."""
    name = f"{entry.owner}.{entry.name}" if entry.owner else entry.name
    lines = [f"{name}: {entry.type_text}", *prose(entry.doc, INDENT)]
    return lines + (["", "Example", INDENT + entry.example] if entry.example else [])


def of_alias(entry: AliasEntry) -> list[str]:
    """Return the page of a type of parameter, with the words it takes."""
    lines = [f"{entry.name}: {entry.type_text}", *prose(entry.doc, INDENT)]
    words = [f'"{word}"' for word in entry.words]
    return lines + (
        ["", *textwrap.wrap("  ".join(words), WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)] if words else []
    )


def of_several(subject: str, entries: Sequence[Entry | FieldEntry]) -> list[str]:
    """Return a list of those that share a name or an option."""
    rows = []
    for each in entries:
        option = each.options.get(subject.removeprefix("-")) if isinstance(each, Entry) and each.options else None
        call = each.signature if isinstance(each, Entry) else each.name
        said = option.doc if option and subject.startswith("-") else each.doc.split("\n\n")[0]
        rows.append((f"{each.owner}.{call}" if each.owner else call, plain(said)))
    title = f"{subject} is an option of" if subject.startswith("-") else f"{subject} is in several places"
    first = entries[0]
    name = f"{first.owner}.{first.name}" if first.owner else first.name
    return [title, *table(rows), "", f'help "{name}" says all about one of them']


def prose(text: str, indent: str = "") -> list[str]:
    """Return paragraphs, wrapped."""
    lines: list[str] = []
    for paragraph in plain(text).split("\n\n"):
        for part in paragraph.split("\n"):
            lines += textwrap.wrap(part, WIDTH, initial_indent=indent, subsequent_indent=indent)
        lines.append("")
    return lines[:-1]


def table(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Return rows as columns, the last one wrapped; a cell that is too wide has a line of its own."""
    widths = [min(max(len(row[i]) for row in rows), 40) for i in range(len(rows[0]) - 1)]
    left = len(INDENT) + sum(width + 2 for width in widths)
    lines = []
    for row in rows:
        start = INDENT
        for cell, width in zip(row, widths, strict=False):
            if len(cell) > width:
                lines.append(start + cell)
                start = " " * (len(start) + width + 2)
            else:
                start += cell.ljust(width + 2)
        wrapped = textwrap.wrap(row[-1], WIDTH - left) or [""]
        lines += [(start + wrapped[0]).rstrip(), *(" " * left + each for each in wrapped[1:])]
    return lines


def plain(text: str) -> str:
    """Return a text without the marks of code."""
    return text.replace("`", "")


def _said(text: str, default: str) -> str:
    ends = "" if not text or text.endswith((".", "?")) else "."
    return plain(text) + (f"{ends}{' ' if text else ''}Default {default}." if default else "")


def _options(options: Iterable[OptionEntry]) -> list[str]:
    return table([(f"-{each.name}", each.type_text, plain(each.doc)) for each in options])


def _classes_named(entry: Entry, book: Handbook) -> list[str]:
    """Return the known classes of what a function returns."""
    words = [result.type_text.removesuffix("[]").removesuffix("?") for result in entry.results]
    return [
        word for word in dict.fromkeys(words) if word in book.classes and book.classes[word].kind not in ("library",)
    ]
