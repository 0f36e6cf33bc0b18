"""Arguments of a call against what the handbook says of the function: how many, which options, which words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import zip_longest

from vqscript.errors import did_you_mean
from vqscript.host.check.finding import Problem
from vqscript.host.check.kinds import Kind, Of, one
from vqscript.host.check.tree import Call, Expression, Literal, Node, Table, Vararg, beginning
from vqscript.host.check.words import described, misfit, mismatch, shown
from vqscript.host.handbook import Entry, Handbook, OptionEntry

_TEXT = one(Of("text"))


def problems(
    entry: Entry, arguments: list[Expression], at: Node, kind: Callable[[Expression], Kind], *, lenient: bool
) -> list[Problem]:
    """Return what is wrong with the arguments of a call.

    Parameters
    ----------
    entry : Entry
        The function.
    arguments : list of Expression
        Without the object itself.
    at : Node
        Where the name of the function stands.
    kind : callable
        Tells what an expression is.
    lenient : bool
        Whether the function is written in Lua, which ignores what is too much.
    """
    if entry.owner == "" or Handbook.load().classes[entry.owner].kind == "library":
        # Lua's own functions tell nil from nothing, ignore what is too much, and take "3" for 3 and 3 for "3".
        return list(_too_few(entry, arguments, at))
    given = arguments if lenient else _without_nils(arguments)
    begin = len(entry.parameters) if lenient else _begin(entry, arguments, kind)
    return [
        *_too_few(entry, given, at),
        *_too_many(entry, given, at, lenient),
        *_values(entry, given[:begin], kind, lenient),
        *_options(entry, arguments[begin:], kind),
    ]


def _open(arguments: list[Expression]) -> bool:
    """Whether the last argument may be any number of values."""
    return bool(arguments) and isinstance(arguments[-1], Call | Vararg)


def _too_few(entry: Entry, arguments: list[Expression], at: Node) -> Iterator[Problem]:
    if len(arguments) < entry.required and not _open(arguments):
        missing = entry.parameters[len(arguments)].name
        yield Problem(at, "arguments", f"{entry.name} needs {missing}", f"call it as {entry.signature}")


def _too_many(entry: Entry, arguments: list[Expression], at: Node, lenient: bool) -> Iterator[Problem]:
    most, count = len(entry.parameters), len(arguments) - _open(arguments)
    if count <= most or entry.rest is not None or entry.options is not None:
        return
    takes = f"{entry.name} takes {most or 'no'} argument{'' if most == 1 else 's'}, got {count}"
    hint = f"call it as {entry.signature}"
    if lenient:
        yield Problem(beginning(arguments[most]), "arguments", f"{takes}: the rest is ignored", hint, "warning")
    else:
        yield Problem(at, "arguments", takes, hint)


def _values(
    entry: Entry, arguments: list[Expression], kind: Callable[[Expression], Kind], lenient: bool
) -> Iterator[Problem]:
    for parameter, argument in zip(entry.parameters, arguments, strict=False):
        if not _is_nil(argument) or not (parameter.optional or lenient):
            yield from _value(entry, parameter.name, parameter.type_text, argument, kind)


def _value(
    entry: Entry, name: str, type_text: str, value: Expression, kind: Callable[[Expression], Kind]
) -> Iterator[Problem]:
    """Look at what is given for a parameter or an option."""
    where = f"{entry.name}: {name}"
    if not isinstance(value, Literal | Table):
        wrong = misfit(kind(value), type_text)
        if wrong is not None:
            yield Problem(beginning(value), "value", f"{where} {wrong[0]}", wrong[1])
        return
    wrong = mismatch(value, type_text, entry.full_name)
    if wrong is not None:
        message, hint = wrong
        yield Problem(value, "value", f"{where} {message}" if message.startswith("takes ") else message, hint)
    elif isinstance(value, Table):
        yield from _items(entry, name, type_text, value, kind)


def _items(
    entry: Entry, name: str, type_text: str, table: Table, kind: Callable[[Expression], Kind]
) -> Iterator[Problem]:
    """Look into a list, or a table whose fields the handbook knows."""
    declared = described(type_text)
    for key, value in table.items:
        if type_text.endswith("[]") and key is None:
            yield from _value(entry, name, type_text.removesuffix("[]"), value, kind)
        elif declared is not None and isinstance(key, Literal) and isinstance(key.value, str):
            known = {field.casefold(): field for field in declared.fields}
            field = known.get(key.value.strip().removeprefix("-").casefold())
            if field is None:
                hint = did_you_mean(key.value, declared.fields)
                yield Problem(key, "option", f'{entry.name}: {name} has no field "{key.value}"', hint)
            elif not _is_nil(value):
                yield from _value(entry, field, declared.fields[field].type_text, value, kind)


def _begin(entry: Entry, arguments: list[Expression], kind: Callable[[Expression], Kind]) -> int:
    """Return where the options begin, as a call finds it: an optional parameter may be left out for them."""
    for place, (parameter, argument) in enumerate(zip(entry.parameters, arguments, strict=False)):
        if entry.options is None or not parameter.optional:
            continue
        if isinstance(argument, Literal):
            text = argument.value if isinstance(argument.value, str) else ""
            if text.startswith("-") and (_find(entry.options, text) or mismatch(argument, parameter.type_text)):
                return place
        elif kind(argument) == _TEXT and misfit(_TEXT, parameter.type_text):
            return place  # the name of an option in a variable
    return len(entry.parameters)


def _options(entry: Entry, given: list[Expression], kind: Callable[[Expression], Kind]) -> Iterator[Problem]:
    if entry.options is None or not _without_nils(given):
        return
    named: list[tuple[Expression, Expression | None]]
    if len(given) == 1 and isinstance(given[0], Table):
        # What has no key has a number, which is no name of an option.
        named = [(Literal(value.row, value.column, 1) if key is None else key, value) for key, value in given[0].items]
    elif len(given) == 1 and not isinstance(given[0], Literal):
        return  # a table of options, or all of them as several values
    else:
        named = list(zip_longest(given[::2], given[1::2]))
        if len(given) % 2 and not _open(given) and not _is_nil(given[-1]):
            yield _without_value(entry, given[-1])
    found: set[str] = set()
    for key, value in named:
        if not isinstance(key, Literal) or key.value is None:
            continue
        if not isinstance(key.value, str):
            yield Problem(key, "option", f"{entry.name}: an option name is text as '-key', got {shown(key)}")
            return
        option = _find(entry.options, key.value)
        if option is None:
            known = ["-" + name for name in entry.options]
            hint = did_you_mean("-" + key.value.removeprefix("-"), known)
            yield Problem(key, "option", f'{entry.name} has no option "{key.value}"', hint)
        elif option.name in found:
            yield Problem(key, "option", f'{entry.name}: the option "-{option.name}" is given twice')
        else:
            found.add(option.name)
            if value is not None and not _is_nil(value):
                yield from _value(entry, f"-{option.name}", option.type_text, value, kind)


def _without_value(entry: Entry, last: Expression) -> Problem:
    which = shown(last) if isinstance(last, Literal | Table) else "that comes last"
    message = f"{entry.name}: the option {which} has no value"
    return Problem(beginning(last), "option", message, "options are '-key', value pairs")


def _find(options: dict[str, OptionEntry], key: str) -> OptionEntry | None:
    wanted = key.strip().removeprefix("-").casefold()
    return next((option for name, option in options.items() if name.casefold() == wanted), None)


def _without_nils(arguments: list[Expression]) -> list[Expression]:
    """Return the arguments without those at the end that are the same as none."""
    count = len(arguments)
    while count and _is_nil(arguments[count - 1]):
        count -= 1
    return arguments[:count]


def _is_nil(expression: Expression) -> bool:
    return isinstance(expression, Literal) and expression.value is None
