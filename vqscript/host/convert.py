"""Values across the border: Lua to Python by the type hint, Python to Lua by what they are.

Lua strings are bytes. The runtime hands them over as Latin-1, which loses nothing, and
:func:`text` reads them as UTF-8; what goes to Lua is encoded by :func:`lua_text`.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Literal, Protocol, Union, get_args, get_origin, get_type_hints, is_typeddict

from vqscript.errors import UsageError, did_you_mean
from vqscript.host.gate import Gate
from vqscript.vq import types as vq_types

MAX_DEPTH = 32

MOST_READ, PER_ENTRY, PER_TABLE = 256 * 2**20, 100, 2000
"""Characters that the tables of one argument may bring; what an entry counts beside its text, and if it is a table."""


class Border(Protocol):
    """What converters need of the bridge."""

    gate: Gate

    def is_table(self, value: Any) -> bool:
        """Whether a value is a Lua table, an object included."""

    def object_name(self, value: Any) -> str | None:
        """Return the name of the object that a table is; None for a plain table."""

    def host_object(self, value: Any) -> Any:
        """Return the host object behind a facade, or None."""


class Reading:
    """A border that counts what the tables of one argument bring.

    In Lua a text or table takes its place once, however often a table holds it; here it takes it each time.
    """

    def __init__(self, border: Border) -> None:
        self.gate, self.is_table = border.gate, border.is_table
        self.object_name, self.host_object = border.object_name, border.host_object
        self._left = MOST_READ

    @classmethod
    def of(cls, border: Border) -> Reading:
        """Return the border itself if it counts already."""
        return border if isinstance(border, cls) else cls(border)

    def entries(self, table: Any) -> Iterator[tuple[Any, Any]]:
        """Yield the entries of a table.

        Raises
        ------
        Mismatch
            Once they are too many.
        """
        for key, value in table.items():
            self._left -= PER_TABLE if self.is_table(value) else PER_ENTRY
            self._left -= sum(len(each) for each in (key, value) if type(each) is str)
            if self._left < 0:
                raise Mismatch("takes less at a time: the table, with all that it refers to, is above 256 MB")
            yield key, value


Converter = Callable[[Any, Border], Any]


class Mismatch(UsageError):
    """A value does not fit its type; the caller adds which parameter of which method.

    Parameters
    ----------
    message : str
        Goes on after the parameter's name: "takes a whole number, got 1.5".
    expected : str
        What the type takes, where the value is of another type altogether; "" if the value is nearly right.
    """

    def __init__(self, message: str, *, expected: str = "", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.expected = expected


def text(value: str) -> str:
    """Return the text of a Lua string."""
    if value.isascii():
        return value
    try:
        return value.encode("latin-1").decode("utf-8")
    except UnicodeDecodeError:
        raise Mismatch("is not UTF-8 text") from None


def lua_text(value: str) -> str | bytes:
    """Return what the runtime turns into the right Lua string."""
    if value.isascii():
        return value
    try:
        return value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # half of a pair, as "\\ud800" in JSON makes it
        return value.encode("utf-8", "replace")


def readable(value: str) -> str:
    """Return a Lua string for people; bytes that are no UTF-8 are replaced."""
    return value.encode("latin-1").decode("utf-8", "replace")


def describe(value: Any, border: Border) -> str:
    """Return a value as an error message shows it: ``"abc"``, ``3.5``, ``a table``."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        shown = readable(value)
        return f'"{shown if len(shown) <= 40 else shown[:37] + "..."}"'
    if isinstance(value, int | float):
        return str(int(value)) if isinstance(value, float) and value.is_integer() and abs(value) < 1e15 else str(value)
    if border.is_table(value):
        name = border.object_name(value)
        return "a table" if name is None else f"the {name} object"
    return "a function" if callable(value) else f"a {type(value).__name__}"


@cache
def converter(hint: Any) -> Converter:
    """Return the function that turns a Lua value into what the type hint says.

    It raises :class:`Mismatch` with "takes ..., got ..." for anything else.
    """
    special = _SPECIAL.get(hint)
    if special is not None:
        return special
    if hasattr(hint, "__supertype__"):  # a type that only says more about a number or a text
        return converter(hint.__supertype__)
    origin, args = get_origin(hint), get_args(hint)
    if origin in (Union, types.UnionType):
        return _union(args)
    if origin is Literal:
        return _literal(args)
    if origin is list:
        return _list(converter(args[0]))
    if origin is dict:
        return _dict(converter(args[1]))
    if is_typeddict(hint):
        return _fields(hint)
    if isinstance(hint, type):
        return _instance(hint)
    raise TypeError(f"no converter for {hint!r}")


def _mismatch(expected: str, value: Any, border: Border) -> Mismatch:
    return Mismatch(f"takes {expected}, got {describe(value, border)}", expected=expected)


def _plain_table(value: Any, border: Border) -> bool:
    return border.is_table(value) and border.object_name(value) is None


def _integer(value: Any, border: Border) -> int:
    if type(value) is int:
        return value
    if type(value) is float and value.is_integer():
        return int(value)
    raise _mismatch("a whole number", value, border)


def _number(value: Any, border: Border) -> float:
    if type(value) is float:
        if math.isnan(value):
            raise _mismatch("a number", value, border)
        return value
    if type(value) is int:
        return float(value)
    raise _mismatch("a number", value, border)


def _string(value: Any, border: Border) -> str:
    if type(value) is str:
        return text(value)
    raise _mismatch("text", value, border)


def _boolean(value: Any, border: Border) -> bool:
    if type(value) is bool:
        return value
    raise _mismatch("true or false", value, border)


def _switch(value: Any, border: Border) -> bool:
    if type(value) is bool:
        return value
    if type(value) in (int, float) and value in (0, 1):
        return bool(value)
    raise _mismatch("true, false, 1 or 0", value, border)


def _nothing(value: Any, border: Border) -> None:
    if value is not None:
        raise _mismatch("nothing", value, border)


def _any(value: Any, border: Border, depth: int = 0) -> Any:
    if value is None or type(value) in (bool, int, float):
        return value
    if type(value) is str:
        return text(value)
    if not border.is_table(value):
        raise _mismatch("a plain value", value, border)
    name = border.object_name(value)
    if name is not None:  # what takes anything shows an object, and does nothing else with it
        return name
    if depth >= MAX_DEPTH:
        raise Mismatch(f"takes tables nested at most {MAX_DEPTH} deep (does one contain itself?)")
    border = Reading.of(border)
    items = {_key(key, border): _any(item, border, depth + 1) for key, item in border.entries(value)}
    if items and all(type(key) is int for key in items) and set(items) == set(range(1, len(items) + 1)):
        return [items[i] for i in range(1, len(items) + 1)]
    return items


def _key(key: Any, border: Border) -> Any:
    if type(key) is str:
        return text(key)
    if type(key) in (int, float, bool):
        return key
    raise _mismatch("tables with text or number keys", key, border)


def _union(args: tuple[Any, ...]) -> Converter:
    choices = [converter(arg) for arg in args if arg is not type(None)]
    optional = type(None) in args

    def convert(value: Any, border: Border) -> Any:
        if value is None and optional:
            return None
        expected = []
        for choice in choices:
            try:
                return choice(value, border)
            except Mismatch as problem:
                if not problem.expected:  # the right type, with something wrong in it: that is what to tell
                    raise
                expected.append(problem.expected)
        raise _mismatch(" or ".join(dict.fromkeys(expected)), value, border)

    return convert


def _literal(words: tuple[Any, ...]) -> Converter:
    def convert(value: Any, border: Border) -> Any:
        plain = text(value) if type(value) is str else value
        for word in words:
            if plain == word and isinstance(plain, bool) == isinstance(word, bool):
                return word
        names = [str(word) for word in words]
        raise Mismatch(
            f"takes one of {', '.join(names)}; got {describe(value, border)}",
            hint=did_you_mean(plain, names) if isinstance(plain, str) else "",
        )

    return convert


def _list(item: Converter) -> Converter:
    def convert(value: Any, border: Border) -> list[Any]:
        if not _plain_table(value, border):
            raise _mismatch("a list", value, border)
        border = Reading.of(border)
        entries = dict(border.entries(value))
        found = []
        for i in range(1, len(entries) + 1):
            if i not in entries:
                raise Mismatch(f"takes a list with entries 1 to n; entry {i} of {len(entries)} is missing")
            try:
                found.append(item(entries[i], border))
            except Mismatch as problem:
                raise Mismatch(f"{problem.message} (entry {i} of the list)", hint=problem.hint) from None
        return found

    return convert


def _dict(item: Converter) -> Converter:
    def convert(value: Any, border: Border) -> dict[str, Any]:
        if not _plain_table(value, border):
            raise _mismatch("a table", value, border)
        border = Reading.of(border)
        return {str(_key(key, border)): item(entry, border) for key, entry in border.entries(value)}

    return convert


def _fields(declared: Any) -> Converter:
    """A table with the fields of a TypedDict, all optional."""
    types = {name: converter(hint) for name, hint in get_type_hints(declared).items()}

    def convert(value: Any, border: Border) -> dict[str, Any]:
        if not _plain_table(value, border):
            raise _mismatch(f"a table with {', '.join(types)}", value, border)
        found, border = {}, Reading.of(border)
        for key, entry in border.entries(value):
            name = _key(key, border)
            if name not in types:
                raise Mismatch(f'has no field "{name}"', hint=did_you_mean(str(name), types))
            try:
                found[name] = types[name](entry, border)
            except Mismatch as problem:
                raise Mismatch(f"{name} {problem.message}", hint=problem.hint) from None
        return found

    return convert


def _instance(wanted: type) -> Converter:
    def convert(value: Any, border: Border) -> Any:
        behind = border.host_object(value) if border.is_table(value) else None
        if isinstance(behind, wanted):
            return behind
        raise _mismatch(f"a {wanted.__name__}", value, border)

    return convert


def _reference(key: str, what: str, plural: str) -> Converter:
    """A record with a UID, or the UID itself."""

    def convert(value: Any, border: Border) -> str:
        if type(value) is str and value:
            return text(value)
        if _plain_table(value, border):
            record = dict(
                Reading.of(border).entries(value)
            )  # as it is: value[key] would run a metamethod of the script
            uid = record.get(key)
            if type(uid) is str and uid:
                return text(uid)
            if 1 in record:
                raise Mismatch(f"takes one {what}, got a list of them", hint=f"take one out of the list: {plural}[1]")
            if not record:
                raise Mismatch(f"takes a {what}, got an empty list", hint=f"test #{plural} before taking one")
        raise _mismatch(f"a {what}", value, border)

    return convert


def _url(value: Any, border: Border) -> str:
    url = _string(value, border)
    if "\0" in url:
        raise Mismatch("takes a path or URL, got text with a NUL character")
    return url


_SPECIAL: dict[Any, Converter] = {
    int: _integer,
    float: _number,
    str: _string,
    bool: _boolean,
    type(None): _nothing,
    Any: _any,
    vq_types.Switch: _switch,
    vq_types.ImagePath: lambda value, border: border.gate.image(_string(value, border)),
    vq_types.ReadPath: lambda value, border: border.gate.read(_string(value, border)),
    vq_types.WritePath: lambda value, border: border.gate.write(_string(value, border)),
    vq_types.WriteFolder: lambda value, border: border.gate.folder(_string(value, border)),
    vq_types.RepoUrl: _url,
    vq_types.StudyRef: _reference("StudyInstanceUID", "study", "studies"),
    vq_types.SeriesRef: _reference("SeriesInstanceUID", "series", "series"),
}
