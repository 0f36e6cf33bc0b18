"""Values of a script as people read them: tables laid out, records in columns, objects in a line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from vqscript.host.aligned import printable, shown_width
from vqscript.host.bridge import Bridge
from vqscript.host.convert import readable
from vqscript.host.records import is_record, record_lines
from vqscript.host.tokens import KEYWORDS

DEPTH = 6
ENTRIES = 100
"""Entries of a table, and rows, that are shown."""

SCANNED = 20_000
"""Entries of a table that are looked at for their order."""

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass
class _Node:
    """A table to be laid out: its entries as key and text or node, and what stands for those left out."""

    entries: list[tuple[str, str | _Node]] = field(default_factory=list)
    more: str = ""


class Showing:
    """Turns Lua values into text; no metamethod runs but ``__tostring`` of a script's own tables.

    Parameters
    ----------
    bridge : Bridge
    facts : callable
        Says what is worth knowing of a host object, in a few words.
    function : callable
        Says what a function is.
    width : int
        Characters in a line.
    """

    def __init__(
        self,
        bridge: Bridge,
        facts: Callable[[Any], str],
        function: Callable[[Any], str],
        width: int,
    ) -> None:
        self._bridge = bridge
        self._driver = bridge.driver
        self._facts = facts
        self._function = function
        self.width = width

    def values(self, values: Sequence[Any]) -> str:
        """Return the text of an expression's values: plain ones in one line, others below each other."""
        shown = [self.value(value) for value in values]
        line = "  ".join(shown)
        return line if "\n" not in line and len(line) <= self.width else "\n".join(shown)

    def value(self, value: Any) -> str:
        """Return the text of a value."""
        if type(value) is str and "\n" in value:
            return printable(readable(value)).rstrip("\n")
        if not self._bridge.is_table(value) or self._bridge.object_name(value) is not None:
            return self._leaf(value)
        wish = self._wish(value)
        if wish is not None:
            return wish
        rows = self._records(value)
        if rows:
            return "\n".join(record_lines(rows, len(value), self.width))
        return self._laid_out(self._look(value, 0, ()), 0)

    # One value ----------------------------------------------------------------------------

    def _leaf(self, value: Any) -> str:
        if value is None:
            return "nil"
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, float):
            return number(value)
        if isinstance(value, int):
            return str(value)
        if isinstance(value, str):
            return quoted(value)
        if self._bridge.is_table(value):
            return self._object(value, self._bridge.object_name(value) or "table")
        return self._function(value)

    def _object(self, value: Any, name: str) -> str:
        members = dict(self._driver.members(value).items())
        if name == "error":
            return f"error {members['type']}: {printable(readable(members['message']))}"
        host = self._bridge.host_object(value)
        told = self._facts(host) if host is not None else ""
        if not told:
            plain = {key: each for key, each in sorted(members.items()) if isinstance(each, str | int | float)}
            told = ", ".join(f"{key} = {self._leaf(each)}" for key, each in plain.items())
        return f"{name}: {told}; help(_)" if told else f"{name}; help(_)"

    def _wish(self, value: Any) -> str | None:
        """Return what a table's ``__tostring`` says."""
        found = self._driver.wish(value)
        if found is True:
            return None
        done, result = found[0], found[1:]
        return printable(readable(result[0][1])) if done else f"a table whose __tostring failed: {readable(result[1])}"

    # Tables -------------------------------------------------------------------------------

    def _plain(self, value: Any) -> bool:
        return self._bridge.is_table(value) and self._bridge.object_name(value) is None

    def _records(self, value: Any) -> list[Mapping[str, Any]]:
        """Return the rows of a list of records, as far as they are shown; none if it is something else."""
        listed = list(islice(value.items(), ENTRIES + 1))
        if not listed or any(type(key) is not int or key != i for i, (key, _) in enumerate(listed, start=1)):
            return []
        rows: list[Mapping[str, Any]] = []
        for _, entry in listed[:ENTRIES]:
            if not self._plain(entry) or self._driver.wish(entry) is not True:
                return []
            row = {key: self._cell(each) for key, each in islice(entry.items(), ENTRIES) if type(key) is str}
            if len(row) != min(len(list(islice(entry.items(), ENTRIES))), ENTRIES):
                return []
            rows.append(row)
        return rows if is_record(rows) else []

    def _cell(self, value: Any) -> Any:
        """Return a value for a table's cell: numbers as they are, everything else as text."""
        if isinstance(value, str):
            return printable(readable(value)).replace("\n", " ").replace("\t", " ")
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        if not self._plain(value):
            return self._leaf(value)
        entries = [each for _, each in islice(value.items(), 8)]
        if len(value) != len(entries) or any(self._bridge.is_table(each) for each in entries):
            return "{...}"
        return ", ".join(str(self._cell(each)) for each in entries)

    def _look(self, value: Any, depth: int, above: tuple[int, ...]) -> _Node | str:
        """Return a table as a node, bounded in depth and length; one within itself is named as such."""
        if not self._plain(value):
            return self._leaf(value)
        place = self._driver.address(value)
        if place in above:
            return "<the table itself>" if place == above[-1] else "<a table above>"
        wish = self._wish(value) if depth else None
        if wish is not None:
            return wish
        if depth == DEPTH:
            return "{...}"
        scanned = list(islice(value.items(), SCANNED + 1))
        room = ENTRIES if depth == 0 else ENTRIES // 4
        node = _Node()
        for key, entry in islice(_ordered(scanned), room):
            node.entries.append((self._key(key), self._look(entry, depth + 1, (*above, place))))
        if len(scanned) > room:
            node.more = f"... {len(scanned) - room}{' or more' if len(scanned) > SCANNED else ''} more"
        return node

    def _key(self, key: Any) -> str:
        """Return a key as a table constructor writes it, "" for the entries of a list."""
        if isinstance(key, _Place):
            return ""
        if isinstance(key, str) and _NAME.fullmatch(key) and key not in KEYWORDS:
            return f"{key} = "
        return f"[{'table' if self._plain(key) else self._leaf(key)}] = "

    def _laid_out(self, node: _Node | str, indent: int) -> str:
        """Return a node in one line if it fits, else an entry a line; lists of plain values fill their lines."""
        if isinstance(node, str):
            return node
        line = self._in_one_line(node, self.width - indent)
        if line is not None:
            return line
        inner = " " * (indent + 2)
        pieces = [key + self._laid_out(entry, indent + 2) for key, entry in node.entries]
        pieces += [node.more] if node.more else []
        if all(not key and isinstance(entry, str) for key, entry in node.entries):
            lines = _filled(pieces, self.width - indent - 3)
        else:
            lines = pieces
        return "{\n" + "".join(f"{inner}{piece},\n" for piece in lines) + " " * indent + "}"

    def _in_one_line(self, node: _Node, room: int) -> str | None:
        parts, length = [], 4
        for key, entry in node.entries:
            text = entry if isinstance(entry, str) else self._in_one_line(entry, room - length)
            if text is None:
                return None
            parts.append(key + text)
            length += shown_width(parts[-1]) + 2
            if length > room + 2:
                return None
        parts += [node.more] if node.more else []
        return "{ " + ", ".join(parts) + " }" if parts else "{}"


class _Place(int):
    """The key of an entry of a list, which goes without saying."""


def _ordered(entries: list[tuple[Any, Any]]) -> Iterator[tuple[Any, Any]]:
    """Yield entries 1, 2 ... n first, then numbers, then text in alphabetical order, then the rest."""
    listed = {key: each for key, each in entries if type(key) is int}  # to Python, true would be the key 1
    count = 0
    while count + 1 in listed:
        count += 1
        yield _Place(count), listed[count]
    ranks = {int: 0, float: 0, str: 1}
    rest = [
        (ranks.get(type(key), 2), key, each) for key, each in entries if type(key) is not int or not 1 <= key <= count
    ]
    yield from ((key, each) for _, key, each in sorted(rest, key=lambda item: (item[0], item[1] if item[0] < 2 else 0)))


def _filled(pieces: list[str], width: int) -> list[str]:
    lines = [""]
    for piece in pieces:
        if lines[-1] and shown_width(lines[-1]) + shown_width(piece) + 2 > width:
            lines.append("")
        lines[-1] += f", {piece}" if lines[-1] else piece
    return lines


def number(value: float) -> str:
    """Return a float as Lua writes it."""
    text = f"{value:.14g}"
    return text if not text.lstrip("-").isdigit() else text + ".0"


def quoted(value: str) -> str:
    """Return a Lua string in quotes, on one line."""
    text = readable(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{printable(text)}"'
