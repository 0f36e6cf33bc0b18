"""The catalog: what scripts can call, read off the classes that implement it.

A method marked with :func:`script` is visible to scripts. Its type hints say how values are
converted at the border and its docstring is its documentation, so neither can drift from the code.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeVar, get_args, get_origin, get_type_hints, is_typeddict

F = TypeVar("F", bound=Callable[..., Any])

REQUIRED: Any = inspect.Parameter.empty
"""Default of a parameter that has none."""


@dataclass(frozen=True)
class Mark:
    """What :func:`script` notes on a method."""

    since: str
    example: str
    waits: bool


@dataclass(frozen=True)
class Parameter:
    """One parameter of a script-visible method."""

    name: str
    type: Any
    default: Any = REQUIRED

    @property
    def required(self) -> bool:
        """Whether a script must give it."""
        return self.default is REQUIRED


@dataclass(frozen=True)
class Member:
    """A script-visible method.

    Attributes
    ----------
    owner, name : str
        Class and method, as scripts spell them.
    parameters : tuple of Parameter
        Positional parameters without ``self``.
    rest : type or None
        Type of each further argument (``*args``).
    options : dict or None
        Option name -> type, where the method takes ``'-name', value`` pairs or one table.
    options_type : type or None
        The TypedDict that declares the options.
    returns : type
    since, example, doc : str
    """

    owner: str
    name: str
    parameters: tuple[Parameter, ...]
    rest: Any
    options: dict[str, Any] | None
    options_type: Any
    returns: Any
    since: str
    example: str
    doc: str
    waits: bool = False

    @property
    def signature(self) -> str:
        """The call as a script writes it, as in ``saveImage(path [, mode])``."""
        text = ""
        for parameter in self.parameters:
            separator = ", " if text else ""
            text += f"{separator}{parameter.name}" if parameter.required else f" [{separator}{parameter.name}]"
        if self.rest is not None or self.options is not None:
            text += ", ..." if text else "..."
        return f"{self.name}({text.strip()})"


def script(*, since: str = "0.1", example: str = "", waits: bool = False) -> Callable[[F], F]:
    """Make a method visible to scripts.

    Parameters
    ----------
    since : str
        Version that brought it.
    example : str
        A line of Lua that shows it.
    waits : bool
        Whether it waits for a person, which does not count as the script's time.
    """

    def mark(function: F) -> F:
        function.__script__ = Mark(since, example, waits)  # type: ignore[attr-defined]
        return function

    return mark


@cache
def fields(owner: type[Any]) -> tuple[str, ...]:
    """Return the script-visible properties of a class; their values do not change during a script."""
    found = inspect.getmembers(owner, lambda value: isinstance(value, property))
    return tuple(name for name, value in found if hasattr(value.fget, "__script__"))


@cache
def members(owner: type[Any]) -> dict[str, Member]:
    """Return the script-visible methods of a class by name, inherited ones included."""
    found = {}
    for name, function in inspect.getmembers(owner, inspect.isfunction):
        mark = getattr(function, "__script__", None)
        if mark is not None:
            found[name] = _read(owner, name, function, mark)
    return found


def _read(owner: type, name: str, function: Callable[..., Any], mark: Mark) -> Member:
    hints = get_type_hints(function)
    parameters: list[Parameter] = []
    rest: Any = None
    declared: Any = None
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        hint = hints.get(parameter.name, Any)
        if parameter.kind is parameter.VAR_POSITIONAL:
            rest = hint
        elif parameter.kind is parameter.VAR_KEYWORD:
            declared = _declared(hint)
        else:
            # "from_" is Python's way of writing a parameter "from".
            parameters.append(Parameter(parameter.name.rstrip("_"), hint, parameter.default))
    return Member(
        owner=owner.__name__,
        name=name,
        parameters=tuple(parameters),
        rest=rest,
        options=None if declared is None else get_type_hints(declared),
        options_type=declared,
        returns=hints.get("return", Any),
        since=mark.since,
        example=mark.example,
        doc=inspect.getdoc(function) or "",
        waits=mark.waits,
    )


def _declared(hint: Any) -> Any:
    """Return the TypedDict of ``**options: Unpack[...]``."""
    declared = get_args(hint)[0] if get_origin(hint) is not None else hint
    if not is_typeddict(declared):
        raise TypeError(f"options are declared as Unpack[a TypedDict], not {hint!r}")
    return declared
