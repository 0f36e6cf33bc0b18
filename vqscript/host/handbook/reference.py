"""The reference pages: Markdown, made from the handbook by ``python -m vqscript.host.handbook.reference FOLDER``."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from vqscript.host.handbook.book import Handbook
from vqscript.host.handbook.entries import ClassEntry, Entry
from vqscript.host.handbook.ways import way_to

TABLES = "records.md"
LANGUAGE = "language.md"
INDEX = "index.md"


def pages(book: Handbook) -> dict[str, str]:
    """Return the text of each page by its file name."""
    made = {
        page_of(entry): _page(entry, book)
        for entry in book.classes.values()
        if entry.kind == "module" or (entry.kind == "object" and not entry.module)
    }
    made[TABLES] = _tables(book)
    made[LANGUAGE] = _language(book)
    made[INDEX] = _index(book)
    return {name: text.rstrip() + "\n" for name, text in made.items()}


def page_of(entry: ClassEntry) -> str:
    """Return the file name of the page of a class, which may be one of several on it."""
    if entry.module:
        return f"{entry.module}.md"
    if entry.kind in ("table", "choice"):
        return TABLES
    if entry.kind == "library":
        return LANGUAGE
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", entry.name).lower() + ".md"


def _page(entry: ClassEntry, book: Handbook) -> str:
    operator = book.operator_of(entry.name)
    parts = [f"# {entry.name}" + (f" (operator {operator})" if operator else ""), entry.doc]
    way = way_to(book, entry)
    if way:
        parts.append(_fence(way))
    if entry.example:
        parts.append(_fence([entry.example]))
    parts += _members(entry, book)
    for other in book.classes.values():
        if other.module == entry.name and other.kind == "object" and entry.kind == "module":
            parts += [
                f"## {other.name} (object)",
                other.doc,
                _fence(way_to(book, other)),
                *_members(other, book, "###"),
            ]
        elif other.module == entry.name and other.kind == "table" and other.name not in _options(book):
            parts += _fields(other, book)
    return "\n\n".join(parts)


def _members(entry: ClassEntry, book: Handbook, level: str = "##") -> Iterable[str]:
    if entry.fields:
        yield f"{level} Fields"
        rows = [(f"`{each.name}`", _type(each.type_text, book), each.doc) for each in entry.fields.values()]
        yield _table(("Field", "Type", "Meaning"), rows)
    members = [entry.members[name] for name in sorted(entry.members, key=str.casefold)]
    if members:
        calls = [
            (f"[`{each.signature}`](#{_heading(each).lower().replace('.', '')})", each.summary) for each in members
        ]
        yield _table(("Call", ""), calls)
    for member in members:
        yield f"{level} {_heading(member)}"
        yield f"**`{member.signature}`**"
        yield from _function(member, book)


def _function(entry: Entry, book: Handbook) -> Iterable[str]:
    yield entry.doc
    rows: list[tuple[str, ...]] = []
    parameters = [*entry.parameters, *([entry.rest] if entry.rest else [])]
    if parameters:
        for each in parameters:
            left_out = f" Default `{each.default}`." if each.default else ""
            kind = _type(each.type_text, book) + (", optional" if each.optional and each.name != "..." else "")
            rows.append((f"`{each.name}`", kind, each.doc + left_out))
        yield _table(("Parameter", "Type", "Meaning"), rows)
    if entry.options is not None:
        yield "Options, as `'-name', value` pairs or one table:"
        rows = [(f"`-{each.name}`", _type(each.type_text, book), each.doc) for each in entry.options.values()]
        yield _table(("Option", "Type", "Meaning"), rows)
    if entry.results:
        yield _table(("Returns", "Meaning"), [(_type(each.type_text, book), each.doc) for each in entry.results])
    if entry.raises:
        yield _table(("Error", "When"), [(f"`{kind}`", when) for kind, when in entry.raises])
    yield _fence(entry.example.splitlines())
    if entry.since:
        yield f"Since {entry.since}."


def _tables(book: Handbook) -> str:
    parts = ["# Records", "Tables with known fields, which scripts get and give, and types with a fixed list of words."]
    for entry in book.classes.values():
        if entry.kind == "table" and not entry.module and entry.name not in _options(book):
            parts += _fields(entry, book)
        elif entry.kind == "choice":
            links = ", ".join(_link(book.classes[name]) for name in entry.one_of)
            parts += [f"## {entry.name}", entry.doc, f"One of {links}."]
    for alias in book.aliases.values():
        parts += [f"## {alias.name}", alias.doc]
        if alias.words:
            parts.append(", ".join(f'`"{word}"`' for word in alias.words))
    return "\n\n".join(parts)


def _fields(entry: ClassEntry, book: Handbook) -> list[str]:
    rows = [(f"`{each.name}`", _type(each.type_text, book), each.doc) for each in entry.fields.values()]
    return [f"## {entry.name}", *([entry.doc] if entry.doc else []), _table(("Field", "Type", "Meaning"), rows)]


def _options(book: Handbook) -> set[str]:
    """Return the tables that are the options of a function, where they are told."""
    return {entry.options_class for owner in book.classes.values() for entry in owner.members.values()}


def _language(book: Handbook) -> str:
    parts = [
        "# The language",
        "Lua 5.4, as far as scripts have it: no files, no processes, no bytecode. What is listed here is there without "
        "`require`.",
    ]
    functions = [entry for entry in book.globals.values() if isinstance(entry, Entry)]
    host = ClassEntry("", "library", members={entry.name: entry for entry in functions})
    parts += ["## Globals", *_members(host, book, "###")]
    for entry in book.classes.values():
        if entry.kind == "library":
            parts += [f"## {entry.name}", entry.doc, *_members(entry, book, "###")]
    return "\n\n".join(parts)


def _index(book: Handbook) -> str:
    kinds = {kind: [each for each in book.classes.values() if each.kind == kind] for kind in ("object", "module")}
    operators = [book.classes[name] for name in book.operators.values()]
    objects = [entry for entry in kinds["object"] if entry not in operators]
    return "\n\n".join(
        [
            "# Reference",
            "Every name that scripts know. The pages are made from the declarations that the program itself runs by; "
            '`help(object)`, `help(object.method)` and `help "name"` say the same in a script or at the prompt.',
            "Methods take their arguments with a dot or a colon: `dm.size()` and `dm:size()` are the same. An optional "
            "argument may be left out or `nil`. Every method refuses a value of another type, an unknown option, and "
            "an input or ROI that does not exist, with a `UsageError` that names what was expected; the pages list "
            "what else can go wrong. `local ok, e = pcall(...)` gives an error as `e.type`, `e.message` and `e.hint`.",
            "## Objects",
            _table(("Object", ""), [(_link(entry), entry.summary) for entry in objects]),
            "## Operators",
            'What `VQ.currentOp()` returns after `VQ.mainWin():setViewMode("Slice View", name)`.',
            _table(
                ("Name", "Object", ""),
                [
                    (f'`"{name}"`', _link(book.classes[owner]), book.classes[owner].summary)
                    for name, owner in book.operators.items()
                ],
            ),
            "## Standard library",
            'Modules that scripts include: `local stats = require "stats"`.',
            _table(("Module", ""), [(_link(entry), entry.summary) for entry in kinds["module"]]),
            "## And",
            f"- [Records]({TABLES}): tables with known fields; units, palettes and other lists of words\n"
            f"- [The language]({LANGUAGE}): what there is of Lua",
        ]
    )


def _link(entry: ClassEntry) -> str:
    return f"[{entry.name}]({_place(entry)})"


def _place(entry: ClassEntry) -> str:
    """Return where a class is told: its page, with the heading where it is one of several there."""
    shared = entry.kind in ("table", "choice", "library") or (entry.module and entry.kind == "object")
    anchor = f"{entry.name.lower()}-object" if entry.kind == "object" else entry.name.lower()
    return page_of(entry) + (f"#{anchor}" if shared else "")


def _type(text: str, book: Handbook) -> str:
    """Return a type as code, or as a link where it has a page or a list of words."""
    bare = text.removesuffix("[]")
    entry = book.classes.get(bare)
    if entry is not None and entry.kind in ("object", "table", "choice"):
        return f"[`{text}`]({_place(entry)})" if bare not in _options(book) else f"`{text}`"
    if bare in book.aliases:
        return f"[`{text}`]({TABLES}#{bare})"
    return f"`{text}`"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [_row(head), "|" + "---|" * len(head)]
    return "\n".join([*lines, *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(_cell(each) for each in cells) + " |"


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|")


def _fence(lines: Sequence[str]) -> str:
    return "\n".join(["```lua", *lines, "```"])


def _heading(entry: Entry) -> str:
    """Return the heading of a function: the one page of Lua's libraries has several of one name."""
    return f"{entry.owner}.{entry.name}" if entry.owner in ("string", "table", "math", "utf8", "os") else entry.name


def write(folder: Path) -> None:
    """Write all pages into a folder; pages of what is no more go."""
    folder.mkdir(parents=True, exist_ok=True)
    made = pages(Handbook.load())
    for name, text in made.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    for path in folder.glob("*.md"):
        if path.name not in made:
            path.unlink()


if __name__ == "__main__":
    write(Path(sys.argv[1]))
