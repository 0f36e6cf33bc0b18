"""A reader of the comments of Lua modules, in the form of Lua's language server.

::

    --- One sentence.
    --- More text.
    --- ```lua
    --- an example that runs
    --- ```
    ---@param name type what it means
    ---@param name? type one that may be left out
    ---@param ... StudyOptions '-name', value pairs: the fields of that class are the options
    ---@return type what it is
    ---@raise UsageError when
    ---@since 0.1

above a function, ``---@class Name`` with ``---@field name type text`` above a table or alone. Functions put into the
table that the module returns are its members; those put into a table below ``---@class`` are members of that class.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from vqscript.host.handbook.entries import ClassEntry, Entry, FieldEntry, OptionEntry, ParameterEntry, ResultEntry
from vqscript.host.handbook.numpydoc import paragraphs

_FUNCTION = re.compile(r"^\s*(?:local\s+)?function\s+([\w.:]+)\s*\(([^)]*)\)")
_ASSIGNED_FUNCTION = re.compile(r"^\s*(?:local\s+)?([\w.]+)\s*=\s*function\s*\(([^)]*)\)")
_ASSIGNED = re.compile(r"^\s*(?:local\s+)?([\w.]+)\s*=")
_RETURNED = re.compile(r"^return\s+(?:(\w+)|\{(.*)\})\s*$", re.DOTALL | re.MULTILINE)


@dataclass
class Comment:
    """A block of ``---`` lines and the line of code below it.

    Attributes
    ----------
    text : list of str
        Lines without tags.
    tags : list of (str, str)
        ``("param", "name type text")`` ...
    target : str
        The line of code right below, "" if there is none.
    """

    text: list[str] = field(default_factory=list)
    tags: list[tuple[str, str]] = field(default_factory=list)
    target: str = ""

    def values(self, tag: str) -> list[str]:
        """Return what follows each tag of a name."""
        return [value for name, value in self.tags if name == tag]


@dataclass(frozen=True)
class LuaModule:
    """What the comments of a file say.

    Attributes
    ----------
    module : ClassEntry
        The file's own functions, by the name that ``require`` gives them.
    classes : dict
        What its ``---@class`` comments declare.
    """

    module: ClassEntry
    classes: dict[str, ClassEntry]


def read_module(name: str, code: str, *, known: dict[str, ClassEntry] | None = None) -> LuaModule:
    """Read the comments of a Lua module.

    Parameters
    ----------
    name : str
        What ``require`` takes.
    code : str
    known : dict, optional
        Classes of elsewhere; the fields of one may be the options of a function.
    """
    comments = _comments(code)
    classes = {entry.name: entry for entry in map(_class, comments) if entry is not None}
    tables = {_assigned(each): cls.name for each in comments if (cls := _class(each)) is not None and _assigned(each)}
    exported = _exported(code)
    available = {**(known or {}), **classes}
    members: dict[str, Entry] = {}
    fields: dict[str, FieldEntry] = {}
    for comment in comments:
        named = _named(comment)
        if named is None:
            continue
        table, _, short = named[0].replace(":", ".").rpartition(".")
        if table in tables:
            owner = classes[tables[table]]
            owner.members[short] = _function(owner.name, short, named[1], comment, available)
        elif exported.get(named[0], exported.get(f"{table}.*") and short):
            public = exported.get(named[0]) or short
            members[public] = _function(name, public, named[1], comment, available)
    for comment in comments:
        target = _assigned(comment)
        table, _, short = target.rpartition(".")
        types = comment.values("type")
        if types and exported.get(f"{table}.*"):
            fields[short] = FieldEntry(name, short, _type_and_text(types[0])[0], paragraphs(comment.text))
    doc, example = _fenced(_header(comments).text)
    classes = {each: replace(entry, module=name) for each, entry in classes.items()}
    return LuaModule(ClassEntry(name, "module", doc, members, fields, example=example, module=name), classes)


def _comments(code: str) -> list[Comment]:
    found: list[Comment] = []
    current: Comment | None = None
    for raw in code.splitlines():
        line = raw.strip()
        if line.startswith("---") and not line.startswith("----"):
            current = current or Comment()
            tag = re.match(r"---\s*@(\w+)\s*(.*)", line)
            if tag:
                current.tags.append((tag[1], tag[2].strip()))
            else:
                current.text.append(line[3:].removeprefix(" "))
        elif current is not None:
            current.target = raw
            found.append(current)
            current = None
    return [*found, current] if current else found


def _header(comments: list[Comment]) -> Comment:
    """Return the comment that opens the file: the one that stands above no code."""
    first = comments[0] if comments else Comment()
    return Comment() if first.tags or _named(first) else first


def _exported(code: str) -> dict[str, str]:
    """Return what a file returns: name in the file -> public name; ``{"stats.*": "*"}`` where it returns a table."""
    returned = list(_RETURNED.finditer(code))
    if not returned:
        return {}
    name, listed = returned[-1].groups()
    if name:
        return {f"{name}.*": "*"}
    return {local: public for public, local in re.findall(r"(\w+)\s*=\s*(\w+)", listed)}


def _named(comment: Comment) -> tuple[str, list[str]] | None:
    """Return the name and the parameters of the function below a comment."""
    match = _FUNCTION.match(comment.target) or _ASSIGNED_FUNCTION.match(comment.target)
    return (match[1], [name.strip() for name in match[2].split(",") if name.strip()]) if match else None


def _assigned(comment: Comment) -> str:
    match = _ASSIGNED.match(comment.target)
    return match[1] if match and not comment.target.lstrip().startswith("return") else ""


def _class(comment: Comment) -> ClassEntry | None:
    declared = comment.values("class")
    if not declared:
        return None
    name = re.split(r"[\s:]", declared[0], maxsplit=1)[0]
    doc, example = _fenced(comment.text)
    entry = ClassEntry(name, "object" if _assigned(comment) else "table", doc, example=example)
    for text in comment.values("field"):
        field_name, _, rest = text.partition(" ")
        kind, said = _type_and_text(rest)
        optional = field_name.endswith("?") or kind.endswith("?")
        short = field_name.removesuffix("?")
        entry.fields[short] = FieldEntry(name, short, kind.removesuffix("?"), said, optional)
    return entry


def _function(owner: str, name: str, names: list[str], comment: Comment, classes: dict[str, ClassEntry]) -> Entry:
    said = {}
    for text in comment.values("param"):
        param, _, rest = text.partition(" ")
        said[param.removesuffix("?")] = (param.endswith("?"), *_type_and_text(rest))
    parameters = []
    rest_entry, options, options_class = None, None, ""
    for each in names:
        optional, kind, doc = said.get(each, (False, "any", ""))
        if each == "..." and kind in classes:
            options_class = kind
            options = {
                field.name: OptionEntry(field.name, field.type_text, field.doc)
                for field in classes[kind].fields.values()
            }
        elif each == "...":
            rest_entry = ParameterEntry("...", kind, True, doc)
        else:
            optional = optional or kind.endswith("?")
            parameters.append(ParameterEntry(each, kind.removesuffix("?"), optional, doc))
    doc, example = _fenced(comment.text)
    return Entry(
        owner=owner,
        name=name,
        signature=signature(name, parameters, more=rest_entry is not None or options is not None),
        parameters=tuple(parameters),
        rest=rest_entry,
        options=options,
        options_class=options_class,
        results=tuple(ResultEntry(*_type_and_text(text)) for text in comment.values("return")),
        doc=doc,
        raises=tuple(
            (kind, _sentence(text.strip())) for kind, _, text in (t.partition(" ") for t in comment.values("raise"))
        ),
        example=example,
        since=next(iter(comment.values("since")), ""),
    )


def signature(name: str, parameters: list[ParameterEntry], *, more: bool) -> str:
    """Return a call as a script writes it, as in ``mean(values [, weights])``."""
    text = ""
    for parameter in parameters:
        separator = ", " if text else ""
        text += f" [{separator}{parameter.name}]" if parameter.optional else f"{separator}{parameter.name}"
    text += (", ..." if text else "...") if more else ""
    return f"{name}({text.strip()})"


def _type_and_text(text: str) -> tuple[str, str]:
    """Split ``table<string, number> the rest`` behind the type."""
    depth, quote, end = 0, "", len(text)
    for i, char in enumerate(text):
        if quote:
            quote = "" if char == quote else quote
        elif char in "\"'`":
            quote = char
        elif char in "<([{":
            depth += 1
        elif char in ">)]}":
            depth -= 1
        elif char.isspace() and depth == 0 and not _goes_on(text[:i], text[i:]):
            end = i
            break
    kind = re.sub(r"\s*\|\s*", "|", text[:end])
    return kind, _sentence(text[end:].strip().removeprefix("#").strip())


def _sentence(text: str) -> str:
    """Return a text as a sentence, as the declarations in Python have it; names and values keep their case."""
    if not text:
        return ""
    first = text.split()[0].rstrip(",;:")
    is_word = first.isalpha() and first.islower() and (len(first) > 1 or first == "a")  # x is the name of a parameter
    if is_word and first not in ("true", "false", "nil"):
        text = text[0].upper() + text[1:]
    return text if text.endswith((".", "?", "...")) else text + "."


def _goes_on(before: str, after: str) -> bool:
    """Whether a type goes on behind a space: ``string | number``, ``fun(x: number): boolean``."""
    return after.lstrip().startswith("|") or before.endswith(("|", ":"))


def _fenced(lines: list[str]) -> tuple[str, str]:
    """Return the text without its example, and the example."""
    text: list[str] = []
    example: list[str] = []
    inside = False
    for line in lines:
        if line.strip().startswith("```"):
            inside = not inside
        else:
            (example if inside else text).append(line)
    return paragraphs(text), "\n".join(example)
