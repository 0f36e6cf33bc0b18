"""What a word in ``help "..."`` means: an object, a function, an option, a module or a topic."""

from __future__ import annotations

from collections.abc import Iterator

from vqscript.errors import UsageError, did_you_mean
from vqscript.host.handbook.book import Handbook
from vqscript.host.handbook.entries import AliasEntry, ClassEntry, Entry, FieldEntry

VARIABLES = {
    "dm": "DataManager",
    "mw": "MainWin",
    "mm": "MinMaxTool",
    "ctl": "Controler",
    "roi": "RoiTool",
    "repo": "iPACS",
    "repository": "DicomRepository",
}
"""What the examples call objects: help "dm" means what help(dm) means."""

Found = ClassEntry | Entry | FieldEntry | AliasEntry | str


def find(book: Handbook, subject: str) -> list[Found]:
    """Return what a subject means, the best match first; a topic as text.

    Raises
    ------
    UsageError
        Nothing has that name.
    """
    word = subject.strip()
    found = _exact(book, word) or _exact(book, word, fold=True)
    if found:
        return found
    if word.startswith("-"):
        known = [f"-{name}" for entry in functions(book) for name in entry.options or {}]
    else:
        known = names(book)
    raise UsageError(
        f'there is no help on "{word}"', hint=did_you_mean(word, known, limit=0) or "help() lists what there is"
    )


def functions(book: Handbook) -> Iterator[Entry]:
    """Yield every function and method once: those of a choice belong to the objects it chooses from."""
    for owner in book.classes.values():
        if owner.kind != "choice":
            yield from owner.members.values()
    yield from (entry for entry in book.globals.values() if isinstance(entry, Entry))


def names(book: Handbook) -> list[str]:
    """Return all that ``help "..."`` knows, for completion."""
    found = [*book.classes, *VARIABLES, *book.globals, *TOPICS, *(f"{name}s" for name in book.aliases), *book.operators]
    found += [entry.name for entry in functions(book)]
    found += [f"-{name}" for entry in functions(book) for name in entry.options or {}]
    return list(dict.fromkeys(found))


TOPICS = ("errors", "globals", "include", "modules", "modes", "options", "paths")


def _exact(book: Handbook, word: str, *, fold: bool = False) -> list[Found]:
    def same(name: str) -> bool:
        return name.casefold() == word.casefold() if fold else name == word

    for name, target in VARIABLES.items():
        if same(name) and target in book.classes:
            return [book.classes[target]]
    topics: list[Found] = [topic for topic in TOPICS if same(topic)]
    if topics:
        return topics
    classes: list[Found] = [entry for name, entry in book.classes.items() if same(name)]
    if classes:
        return classes
    for operator, name in book.operators.items():
        if same(operator):
            return [book.classes[name]]
    if word.startswith("-"):
        return [entry for entry in functions(book) if any(same(f"-{name}") for name in entry.options or {})]
    owner, dot, member = word.replace(":", ".").rpartition(".")
    if dot:
        return [each for entry in _exact(book, owner, fold=fold) for each in _members(entry, member, fold)]
    for alias in book.aliases.values():
        if same(alias.name) or same(f"{alias.name}s") or any(each and same(each) for each in alias.words):
            return [alias]
    # VQ.help is the same as help
    entries: list[Found] = [
        each for each in functions(book) if same(each.name) and not (each.owner == "VQ" and each.name in book.globals)
    ]
    owners = [each.fields for each in book.classes.values() if each.kind != "table"]
    owners.append({name: each for name, each in book.globals.items() if isinstance(each, FieldEntry)})
    fields: list[Found] = [each for fields in owners for each in fields.values() if same(each.name)]
    return [*entries, *fields]


def _members(entry: Found, member: str, fold: bool) -> list[Found]:
    if not isinstance(entry, ClassEntry):
        return []
    everything: dict[str, Entry | FieldEntry] = {**entry.members, **entry.fields}
    return [
        each for name, each in everything.items() if name == member or (fold and name.casefold() == member.casefold())
    ]
