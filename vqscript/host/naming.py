"""What an expression at the cursor stands for, found out without running it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vqscript.host.bridge import Bridge
from vqscript.host.handbook import ClassEntry, Entry, Handbook
from vqscript.host.tokens import Token

_PAIRS = {")": "(", "]": "[", "}": "{"}


@dataclass(frozen=True)
class Value:
    """A Lua value that is there."""

    value: Any


@dataclass(frozen=True)
class Typed:
    """Something of a known type: a class of the handbook, or a list ``X[]`` of one."""

    type_text: str


@dataclass(frozen=True)
class Callee:
    """A function that the handbook describes."""

    entry: Entry


Meaning = Value | Typed | Callee | None
_Step = tuple[str, str]  # ("name", "dm"), ("text", ""), ("member", "size"), ("call", ""), ("index", "1")


def opening_of(words: Sequence[Token], end: int) -> int:
    """Return where the bracket opens that is open at ``end``, -1 if none is."""
    depth = 0
    for i in range(end - 1, -1, -1):
        if words[i].kind != "mark":
            continue
        if words[i].text in _PAIRS:
            depth += 1
        elif words[i].text in _PAIRS.values():
            if depth == 0:
                return i
            depth -= 1
    return -1


class Naming:
    """Follows names, members and calls through the values that are there and the handbook's types.

    Parameters
    ----------
    bridge : Bridge
    book : Handbook
    """

    def __init__(self, bridge: Bridge, book: Handbook) -> None:
        self.book = book
        self._bridge = bridge
        self._driver = bridge.driver

    def globals(self) -> dict[str, Any]:
        """Return the names that a line finds, with their values; those it declared itself come first."""
        return {**self.entries(self._driver["env"]), **self.entries(self._driver["kept"])}

    def meaning(self, words: Sequence[Token], end: int) -> Meaning:
        """Return what the expression that ends before ``words[end]`` stands for, None if that is not known."""
        steps = _steps(words, end)
        found: Meaning = None
        for kind, text in steps:
            if kind == "text":
                found = Value("")
            elif kind == "name":
                found = self._named(text)
            elif kind == "member":
                found = self._member(found, text)
            elif kind == "index":
                found = self._indexed(found, text)
            else:
                found = self._result(found)
            if found is None:
                return None
        return found

    def members(self, meaning: Meaning) -> tuple[dict[str, Any], ClassEntry | None]:
        """Return the members of what an expression stands for, and what the handbook says of its class."""
        if isinstance(meaning, Value):
            return self._members_of(meaning.value), self._class_of(meaning.value)
        if isinstance(meaning, Typed):
            entry = self.book.classes.get(meaning.type_text)
            return {**entry.fields, **entry.members} if entry else {}, entry
        return {}, None

    def entries(self, table: Any) -> dict[str, Any]:
        """Return the entries of a plain table that have names."""
        return {key: value for key, value in table.items() if type(key) is str and key.isidentifier()}

    def described(self, function: Any) -> Entry | None:
        """Return what the handbook says of a function."""
        owner, _, name = str(self._driver.name_of(function)).rpartition(".")
        members = self.book.classes[owner].members if owner in self.book.classes else self.book.globals
        entry = members.get(name)
        return entry if isinstance(entry, Entry) else None

    def is_function(self, value: Any) -> bool:
        """Whether a Lua value is a function."""
        return callable(value) and not self._bridge.is_table(value)

    # Steps --------------------------------------------------------------------------------

    def _named(self, name: str) -> Meaning:
        value = self._driver.get(self._driver["kept"], name)
        return self._found(self._driver.get(self._driver["env"], name) if value is None else value)

    def _member(self, owner: Meaning, name: str) -> Meaning:
        members, described = self.members(owner)
        entry = described and (described.members.get(name) or described.fields.get(name))
        if isinstance(entry, Entry):
            return Callee(entry)
        value = members.get(name)
        if isinstance(owner, Value):
            return self._found(value)
        return Typed(entry.type_text) if entry else None

    def _indexed(self, owner: Meaning, key: str) -> Meaning:
        if isinstance(owner, Typed):
            return Typed(owner.type_text.removesuffix("[]")) if owner.type_text.endswith("[]") else None
        if isinstance(owner, Value) and self._plain(owner.value) and key:
            return self._found(self._driver.get(owner.value, int(key) if key.isdecimal() else key.strip("'\"")))
        return None

    def _result(self, called: Meaning) -> Meaning:
        if not isinstance(called, Callee) or not called.entry.results:
            return None
        if called.entry.full_name == "VQ.currentOp":  # which one it is, is known
            root = self._bridge.host_object(self._driver.get(self._driver["env"], "VQ"))
            return Typed(type(root.currentOp()).__name__)
        return Typed(called.entry.results[0].type_text)

    # Values -------------------------------------------------------------------------------

    def _found(self, value: Any) -> Meaning:
        if value is None:
            return None
        entry = self.described(value) if self.is_function(value) else None
        return Value(value) if entry is None else Callee(entry)

    def _plain(self, value: Any) -> bool:
        return self._bridge.is_table(value) and self._bridge.object_name(value) is None

    def _members_of(self, value: Any) -> dict[str, Any]:
        if isinstance(value, str):
            return self.entries(self._driver.get(self._driver["env"], "string"))
        if not self._bridge.is_table(value):
            return {}
        return self.entries(value if self._plain(value) else self._driver.members(value))

    def _class_of(self, value: Any) -> ClassEntry | None:
        if isinstance(value, str):
            return self.book.classes.get("string")
        if not self._bridge.is_table(value):
            return None
        return self.book.classes.get(str(self._driver.name_of(value)))


def _steps(words: Sequence[Token], end: int) -> list[_Step]:
    """Return the steps of the expression that ends before ``words[end]``, none for what is not followed."""
    steps: list[_Step] = []
    i = end - 1
    while i >= 0:
        word = words[i]
        if word.text in _PAIRS and word.kind == "mark":
            start = opening_of(words, i)
            inner = words[start + 1 : i]
            known = len(inner) == 1 and inner[0].kind in ("string", "number")
            if word.text == ")" and known and (start == 0 or not _called(words[start - 1])):  # ("text"):upper()
                return [("text", ""), *reversed(steps)] if inner[0].kind == "string" else []
            steps.append(("index", inner[0].text if known else "") if word.text == "]" else ("call", ""))
            i = start - 1
        elif word.kind == "string":  # require "ipacs"
            steps.append(("call", ""))
            i -= 1
        elif word.kind == "name":
            if i == 0 or words[i - 1].text not in (".", ":"):
                return [("name", word.text), *reversed(steps)]
            steps.append(("member", word.text))
            i -= 2
        else:
            break
    return []


def _called(word: Token) -> bool:
    """Whether brackets that follow a word are those of a call."""
    return word.kind in ("name", "string") or word.text in _PAIRS
