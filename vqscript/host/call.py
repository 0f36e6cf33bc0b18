"""One host method as Lua calls it: arguments by their type hints, results as plain values, errors as data.

The answer is the result alone, or ``True, results...`` of a method with several; an error is ``False, kind, message,
hint, number of the cause``. What nearly every call looks like, arguments by their position and none before the last
left out, has ways of its own: they cost a third of the general one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from vqscript.errors import UsageError, did_you_mean
from vqscript.host.convert import Border, Converter, Mismatch, Reading, converter, describe, text
from vqscript.vq.catalog import Member, Parameter

Answer = tuple[Any, ...]
Call = Callable[..., Any]
Options = Callable[[tuple[Any, ...]], dict[str, Any]]

PLAIN = frozenset((bool, float, type(None)))
"""What a script gets as it is. A subclass (a numpy scalar) would reach it as an opaque object; an int may be
too large."""

SMALLEST, LARGEST = -(2**63), 2**63 - 1
"""The whole numbers that Lua has."""

STOPPED: Answer = (False, True)
"""The answer of an aborted script to every call: the abort itself is known to the runtime."""


class Counter(Border, Protocol):
    """What a call needs of the bridge."""

    halted: bool
    """Whether the script has to stop."""

    def to_lua(self, value: Any) -> Any:
        """Return what represents a Python value in Lua."""

    def as_data(self, error: BaseException) -> Answer:
        """Return an exception as ``False, kind, message, hint, number of the cause``."""


def shape(member: Member) -> int | str:
    """Return how Lua makes the method: by its number of parameters, "any" number, or "several_results"."""
    if _several(member):
        return "several_results"
    if member.rest is not None or member.options is not None or len(member.parameters) > 2:
        return "any"
    return len(member.parameters)


def _several(member: Member) -> bool:
    return getattr(member.returns, "__origin__", None) is tuple


def make_call(method: Callable[..., Any], member: Member, border: Counter) -> Call:
    """Return what Lua calls for a method."""
    parameters = [_Read(parameter) for parameter in member.parameters]
    several = _several(member)

    def answer(result: Any) -> Any:
        return (True, *map(border.to_lua, result)) if several else border.to_lua(result)

    general = _general(method, member, parameters, border, answer)
    if several or member.rest is not None or member.options is not None:
        return general
    if len(parameters) == 0:
        return _without(method, general, border, answer)
    if len(parameters) == 1:
        return _with_one(method, parameters[0], general, border, answer)
    if len(parameters) == 2:
        return _with_two(method, parameters, general, border, answer)
    return _with_more(method, parameters, general, border, answer)


class _Read:
    """How an argument is read.

    Attributes
    ----------
    exact : type
        A value of this very type is taken as it is, unless it is NaN.
    """

    def __init__(self, parameter: Parameter) -> None:
        self.name = parameter.name
        self.required = parameter.required
        self.default = parameter.default
        self.convert = converter(parameter.type)
        self.exact = parameter.type if parameter.type in (int, float, bool) else _Read


# Each function named "border_..." is the last Python frame before Lua; the runtime relies on the prefix, and the
# watchdog on their knowing the method by this name. They repeat themselves: each further call costs a tenth.


def _without(method: Callable[..., Any], general: Call, border: Counter, answer: Call) -> Call:
    def border_without(*given: Any) -> Any:
        if given or border.halted:
            return general(*given)
        try:
            result = method()
            kind = type(result)
            return result if result is None or kind is float or kind is bool else answer(result)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the border: it becomes data
            return border.as_data(error)

    return border_without


def _with_one(method: Callable[..., Any], read: _Read, general: Call, border: Counter, answer: Call) -> Call:
    convert, exact, required, default = read.convert, read.exact, read.required, read.default

    def border_with_one(first: Any = None, *more: Any) -> Any:
        try:
            if type(first) is exact and first == first and not more and not border.halted:
                result = method(first)
            elif more or border.halted or (first is None and required):
                return general(first, *more)
            else:
                result = method(default if first is None else convert(first, border))
            kind = type(result)
            return result if result is None or kind is float or kind is bool else answer(result)
        except Mismatch:
            return general(first)  # says which parameter
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the border: it becomes data
            return border.as_data(error)

    return border_with_one


def _with_two(
    method: Callable[..., Any], parameters: list[_Read], general: Call, border: Counter, answer: Call
) -> Call:
    convert, exact = parameters[0].convert, parameters[0].exact
    convert_second, exact_second = parameters[1].convert, parameters[1].exact
    required, default = parameters[1].required, parameters[1].default

    def border_with_two(first: Any = None, second: Any = None, *more: Any) -> Any:
        if more or border.halted or first is None or (second is None and required):
            return general(first, second, *more)
        try:
            one = first if type(first) is exact and first == first else convert(first, border)
            if type(second) is exact_second and second == second:
                two = second
            else:
                two = default if second is None else convert_second(second, border)
            result = method(one, two)
            kind = type(result)
            return result if result is None or kind is float or kind is bool else answer(result)
        except Mismatch:
            return general(first, second)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the border: it becomes data
            return border.as_data(error)

    return border_with_two


def _with_more(
    method: Callable[..., Any], parameters: list[_Read], general: Call, border: Counter, answer: Call
) -> Call:
    readers = [(parameter.exact, parameter.convert) for parameter in parameters]
    defaults = [parameter.default for parameter in parameters]
    required, most = sum(parameter.required for parameter in parameters), len(parameters)

    def border_with_more(*given: Any) -> Any:
        count = len(given)
        if border.halted or not required <= count <= most or None in given:
            return general(*given)
        try:
            read = []
            for (exact, convert), value in zip(readers, given):  # noqa: B905 - fewer where the last are left out
                read.append(value if type(value) is exact and value == value else convert(value, border))
            return answer(method(*read, *defaults[count:]))
        except Mismatch:
            return general(*given)
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the border: it becomes data
            return border.as_data(error)

    return border_with_more


def _general(
    method: Callable[..., Any],
    member: Member,
    parameters: list[_Read],
    border: Counter,
    answer: Call,
) -> Call:
    required = sum(parameter.required for parameter in parameters)
    rest = converter(member.rest) if member.rest is not None else None

    def invoke(given: tuple[Any, ...]) -> Any:
        count = len(given)
        while count and given[count - 1] is None:
            count -= 1
        if count < required:
            missing = parameters[count].name
            raise UsageError(f"{member.name} needs {missing}", hint=f"call it as {member.signature}")
        begin = len(parameters) if member.options is None else _begin(member.options, parameters, given[:count], border)
        arguments = []
        for parameter, value in zip(parameters[:begin], given[:count], strict=False):
            if value is None and not parameter.required:
                arguments.append(parameter.default)
            else:
                arguments.append(_named(f"{member.name}: {parameter.name}", parameter.convert, value, border))
        further = given[begin:count]
        if not further:
            return method(*arguments)
        if rest is not None:
            return method(*arguments, *(_named(f"{member.name}: argument", rest, each, border) for each in further))
        if member.options is not None:
            return method(*arguments, **read_options(member, given[begin:], border))
        raise UsageError(  # not all of a great many are handed over, so there is no saying how many more
            f"{member.name} takes {len(parameters)} argument{'' if len(parameters) == 1 else 's'}, got more",
            hint=f"call it as {member.signature}",
        )

    def border_general(*given: Any) -> Any:
        if border.halted:
            return STOPPED
        try:
            return answer(invoke(given))
        except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the border: it becomes data
            return border.as_data(error)

    return border_general


def _begin(options: Mapping[str, Any], parameters: list[_Read], given: tuple[Any, ...], border: Border) -> int:
    """Return where the options begin: behind the parameters, or where an optional one is left out for them.

    Text with a dash stands for an option there if it names one, or where the parameter takes no text.
    """
    for place, (parameter, value) in enumerate(zip(parameters, given, strict=False)):
        if parameter.required or type(value) is not str or not value.startswith("-"):
            continue
        if value[1:].strip().casefold() in map(str.casefold, options) or not _fits(parameter, value, border):
            return place
    return len(parameters)


def _fits(parameter: _Read, value: Any, border: Border) -> bool:
    try:
        parameter.convert(value, border)
    except Mismatch:
        return False
    return True


def read_options(member: Member, given: tuple[Any, ...], border: Border) -> dict[str, Any]:
    """Read ``'-key', value`` pairs or one table by the declaration of a method's options.

    An option whose value is nil is one that was not given, as in a table.

    Raises
    ------
    UsageError
        For an unknown option (with the closest known one), one without a value, or one given twice.
    """
    assert member.options is not None
    while len(given) > 1 and given[-1] is None and given[-2] is None:
        given = given[:-2]
    if border.is_table(given[0]) and all(each is None for each in given[1:]):
        pairs = list(_table(given[0], member, border).items())
    elif len(given) % 2:
        last = describe(given[-1], border)
        raise UsageError(f"{member.name}: the option {last} has no value", hint="options are '-key', value pairs")
    else:
        pairs = list(zip(given[::2], given[1::2], strict=True))
    known = {name.casefold(): name for name in member.options}
    found: dict[str, Any] = {}
    for key, value in pairs:
        if type(key) is not str:
            raise UsageError(f"{member.name}: an option name is text as '-key', got {describe(key, border)}")
        name = known.get(text(key).strip().removeprefix("-").casefold())
        if name is None:
            raise UsageError(
                f'{member.name} has no option "{text(key)}"',
                hint=did_you_mean("-" + text(key).removeprefix("-"), ["-" + each for each in member.options]),
            )
        if name in found:
            raise UsageError(f'{member.name}: the option "-{name}" is given twice')
        if value is not None:
            found[name] = _named(f"{member.name}: -{name}", converter(member.options[name]), value, border)
    return found


def _table(value: Any, member: Member, border: Border) -> dict[Any, Any]:
    if border.object_name(value) is not None:
        raise UsageError(
            f"{member.name}: options are '-key', value pairs or one table, got {describe(value, border)}",
            hint=f"call it as {member.signature}",
        )
    try:
        return dict(Reading.of(border).entries(value))
    except Mismatch as problem:
        raise UsageError(f"{member.name} {problem.message}") from None


def _named(where: str, convert: Converter, value: Any, border: Border) -> Any:
    try:
        return convert(value, border)
    except Mismatch as problem:
        raise UsageError(f"{where} {problem.message}", hint=problem.hint) from None
