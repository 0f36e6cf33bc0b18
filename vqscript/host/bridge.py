"""Objects across the border: facades over the classes of vq, made from the catalog."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from vqscript.errors import Aborted, UsageError, VqError, did_you_mean
from vqscript.host.convert import Border, Mismatch, converter, describe, lua_text, text
from vqscript.host.gate import Gate
from vqscript.vq.catalog import Member, fields, members

Call = Callable[..., tuple[Any, ...]]


class Bridge(Border):
    """Makes facades, and keeps which host object is behind each.

    Parameters
    ----------
    lua : lupa.LuaRuntime
    gate : Gate
    on_abort : callable
        Told why, when an :class:`Aborted` or Ctrl-C passes.
    """

    def __init__(self, lua: Any, gate: Gate, on_abort: Callable[[Aborted], None]) -> None:
        self.gate = gate
        self.causes: list[BaseException] = []
        self._lua = lua
        self._on_abort = on_abort
        self._table_type = type(lua.table())
        self._objects: list[Any] = []
        self._facades: dict[int, Any] = {}
        self.driver: Any = None  # set by the runtime once it is loaded

    # Border -------------------------------------------------------------------------------

    def is_table(self, value: Any) -> bool:
        """Whether a value is a Lua table."""
        return type(value) is self._table_type

    def host_object(self, value: Any) -> Any:
        """Return the host object behind a facade, or None."""
        number = self.driver.identity(value)
        return None if number is None else self._objects[number]

    # To Lua -------------------------------------------------------------------------------

    def to_lua(self, value: Any) -> Any:
        """Return what represents a Python value in Lua: plain values, tables and facades only."""
        if value is None or type(value) in (bool, int, float):
            return value
        if isinstance(value, str):
            return lua_text(str(value))
        if isinstance(value, list | tuple):
            return self._lua.table_from([self.to_lua(item) for item in value])
        if isinstance(value, dict):
            return self._lua.table_from({self.to_lua(key): self.to_lua(item) for key, item in value.items()})
        if members(value.__class__) or fields(value.__class__):
            return self.facade(value)
        if hasattr(value, "item"):  # numpy scalars would reach Lua as opaque objects
            return self.to_lua(value.item())
        raise TypeError(f"a {type(value).__name__} cannot be handed to a script")

    def facade(self, obj: Any) -> Any:
        """Return the facade of a host object, always the same one for the same object."""
        known = self._facades.get(id(obj))
        if known is not None:
            return known
        self._objects.append(obj)  # keeps it alive, so that its id stays its own
        calls = {name: self.call(getattr(obj, name), member) for name, member in members(obj.__class__).items()}
        values = {name: self.to_lua(getattr(obj, name)) for name in fields(obj.__class__)}
        number = len(self._objects) - 1
        made = self.driver.new(type(obj).__name__, self._lua.table_from(calls), number, self._lua.table_from(values))
        self._facades[id(obj)] = made
        return made

    # Calls --------------------------------------------------------------------------------

    def call(self, method: Callable[..., Any], member: Member) -> Call:
        """Return a callable for Lua: converts arguments and results, returns errors as data."""
        parameters = [(parameter, converter(parameter.type)) for parameter in member.parameters]
        required = sum(parameter.required for parameter, _ in parameters)
        rest = converter(member.rest) if member.rest is not None else None
        multiple = getattr(member.returns, "__origin__", None) is tuple
        plain = member.returns in (int, float, bool, type(None))

        def invoke(*given: Any) -> tuple[Any, ...]:
            while given and given[-1] is None:
                given = given[:-1]
            if len(given) < required:
                missing = [parameter.name for parameter, _ in parameters[:required]][len(given)]
                raise UsageError(f"{member.name} needs {missing}", hint=f"call it as {member.signature}")
            arguments = []
            for (parameter, convert), value in zip(parameters, given, strict=False):
                if value is None and not parameter.required:
                    arguments.append(parameter.default)
                    continue
                arguments.append(_named(f"{member.name}: {parameter.name}", convert, value, self))
            further = given[len(parameters) :]
            if not further:
                result = method(*arguments)
            elif rest is not None:
                result = method(*arguments, *(_named(f"{member.name}: argument", rest, v, self) for v in further))
            elif member.options is not None:
                result = method(*arguments, **self.options(member, further))
            else:
                raise UsageError(
                    f"{member.name} takes {len(parameters)} argument{'' if len(parameters) == 1 else 's'}, "
                    f"got {len(given)}",
                    hint=f"call it as {member.signature}",
                )
            if plain:
                return True, result
            return (True, *map(self.to_lua, result)) if multiple else (True, self.to_lua(result))

        return self.shielded(invoke)

    def options(self, member: Member, given: tuple[Any, ...]) -> dict[str, Any]:
        """Read ``'-key', value`` pairs or one table by the declaration of a method's options.

        Raises
        ------
        UsageError
            For an unknown option (with the closest known one), one without a value, or one given twice.
        """
        assert member.options is not None
        if len(given) == 1 and self.is_table(given[0]):
            pairs = list(given[0].items())
        elif len(given) % 2:
            last = describe(given[-1], self)
            raise UsageError(f"{member.name}: the option {last} has no value", hint="options are '-key', value pairs")
        else:
            pairs = list(zip(given[::2], given[1::2], strict=True))
        known = {name.casefold(): name for name in member.options}
        found: dict[str, Any] = {}
        for key, value in pairs:
            if type(key) is not str:
                raise UsageError(f"{member.name}: an option name is text as '-key', got {describe(key, self)}")
            name = known.get(text(key).strip().removeprefix("-").casefold())
            if name is None:
                raise UsageError(
                    f'{member.name} has no option "{text(key)}"',
                    hint=did_you_mean(text(key).removeprefix("-"), member.options).replace('"', '"-', 1)
                    if member.options
                    else "",
                )
            if name in found:
                raise UsageError(f'{member.name}: the option "-{name}" is given twice')
            found[name] = _named(f"{member.name}: -{name}", converter(member.options[name]), value, self)
        return found

    def shielded(self, function: Callable[..., Any]) -> Call:
        """Return the function with every exception turned into data: ``False, kind, message, hint, cause``."""

        def shield(*given: Any) -> tuple[Any, ...]:
            try:
                result: tuple[Any, ...] = function(*given)
                return result
            except Aborted as error:
                self._on_abort(error)
                return self._as_data(error)
            except KeyboardInterrupt:
                stop = Aborted("interrupted", interrupted=True)
                self._on_abort(stop)
                return self._as_data(stop)
            except Exception as error:  # noqa: BLE001 - the border: it reaches the script as data, its cause is kept
                return self._as_data(error)

        return shield

    def _as_data(self, error: Exception) -> tuple[Any, ...]:
        self.causes.append(error)
        if isinstance(error, VqError):
            kind, message, hint = type(error).__name__, error.message, error.hint
        elif isinstance(error, OSError):
            where = f": {error.filename}" if error.filename else ""
            kind, message, hint = "OSError", f"{error.strerror or error}{where}", ""
        elif isinstance(error, MemoryError):
            kind, message, hint = "MemoryError", f"not enough memory: {error}", ""
        else:
            kind, message = "InternalError", f"{type(error).__name__}: {error}"
            hint = "this is a fault of vqscript: --debug shows where"
        return False, kind, lua_text(message), lua_text(hint), len(self.causes)


def _named(where: str, convert: Any, value: Any, border: Border) -> Any:
    try:
        return convert(value, border)
    except Mismatch as problem:
        raise UsageError(f"{where} {problem.message}", hint=problem.hint) from None
