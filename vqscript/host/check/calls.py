"""Arguments of a call against what the handbook says of the function: how many, which options, which words."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from typing import NamedTuple

from vqscript.errors import did_you_mean
from vqscript.host.check.finding import Severity
from vqscript.host.check.tree import Call, Expression, Literal, Node, Table, Vararg
from vqscript.host.check.words import mismatch, shown
from vqscript.host.handbook import Entry, OptionEntry


class Problem(NamedTuple):
    """What is wrong, and at which part of the script."""

    at: Node
    kind: str
    message: str
    hint: str = ""
    severity: Severity = "error"


def problems(entry: Entry, arguments: list[Expression], at: Node, *, lenient: bool) -> list[Problem]:
    """Return what is wrong with the arguments of a call.

    Parameters
    ----------
    entry : Entry
        The function.
    arguments : list of Expression
        Without the object itself.
    at : Node
        Where the name of the function stands.
    lenient : bool
        Whether the function is written in Lua, which ignores what is too much.
    """
    return [*_count(entry, arguments, at, lenient), *_values(entry, arguments), *_options(entry, arguments)]


def _open(arguments: list[Expression]) -> bool:
    """Whether the last argument may be any number of values."""
    return bool(arguments) and isinstance(arguments[-1], Call | Vararg)


def _count(entry: Entry, arguments: list[Expression], at: Node, lenient: bool) -> Iterator[Problem]:
    count = len(arguments)
    if _open(arguments):
        count -= 1
    else:
        count = len(_without_nils(arguments))
        if count < entry.required:
            missing = entry.parameters[count].name
            yield Problem(at, "arguments", f"{entry.name} needs {missing}", f"call it as {entry.signature}")
    most = len(entry.parameters)
    if count > most and entry.rest is None and entry.options is None:
        takes = f"{entry.name} takes {most or 'no'} argument{'' if most == 1 else 's'}, got {count}"
        hint = f"call it as {entry.signature}"
        if not lenient:
            yield Problem(at, "arguments", takes, hint)
        elif entry.owner:
            yield Problem(arguments[most], "arguments", f"{takes}: the rest is ignored", hint, "warning")


def _values(entry: Entry, arguments: list[Expression]) -> Iterator[Problem]:
    for parameter, argument in zip(entry.parameters, _without_nils(arguments), strict=False):
        if isinstance(argument, Literal | Table) and not (parameter.optional and _is_nil(argument)):
            wrong = mismatch(argument, parameter.type_text, entry.full_name)
            if wrong is not None:
                yield _unfit(f"{entry.name}: {parameter.name}", argument, wrong)


def _unfit(where: str, argument: Expression, wrong: tuple[str, str]) -> Problem:
    message, hint = wrong
    return Problem(argument, "value", f"{where} {message}" if message.startswith("takes ") else message, hint)


def _options(entry: Entry, arguments: list[Expression]) -> Iterator[Problem]:
    given = arguments[len(entry.parameters) :]
    if entry.options is None or not given:
        return
    named: list[tuple[Expression, Expression | None]]
    if len(given) == 1 and isinstance(given[0], Table):
        named = [(key or value, value) for key, value in given[0].items]
    elif len(given) == 1 and not isinstance(given[0], Literal):
        return  # a table of options, or all of them as several values
    else:
        named = list(zip_longest(given[::2], given[1::2]))
        if len(given) % 2 and not _open(given) and not _is_nil(given[-1]):
            yield _without_value(entry, given[-1])
    found: set[str] = set()
    for key, value in named:
        if not isinstance(key, Literal):
            continue
        if not isinstance(key.value, str):
            yield Problem(key, "option", f"{entry.name}: an option name is text as '-key', got {shown(key)}")
            continue
        option = _find(entry.options, key.value)
        if option is None:
            known = ["-" + name for name in entry.options]
            hint = did_you_mean("-" + key.value.removeprefix("-"), known)
            yield Problem(key, "option", f'{entry.name} has no option "{key.value}"', hint)
        elif option.name in found:
            yield Problem(key, "option", f'{entry.name}: the option "-{option.name}" is given twice')
        else:
            found.add(option.name)
            if isinstance(value, Literal | Table) and not _is_nil(value):
                wrong = mismatch(value, option.type_text, entry.full_name)
                if wrong is not None:
                    yield _unfit(f"{entry.name}: -{option.name}", value, wrong)


def _without_value(entry: Entry, last: Expression) -> Problem:
    which = shown(last) if isinstance(last, Literal | Table) else "that comes last"
    message = f"{entry.name}: the option {which} has no value"
    return Problem(last, "option", message, "options are '-key', value pairs")


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
