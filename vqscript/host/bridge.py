"""Objects across the border: facades over the classes of vq, made from the catalog."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import wraps
from typing import Any

from vqscript.errors import Aborted, VqError
from vqscript.host.call import LARGEST, PLAIN, SMALLEST, STOPPED, Answer, Call, make_call, shape
from vqscript.host.convert import lua_text
from vqscript.host.gate import Gate
from vqscript.vq.catalog import fields, members

CAUSES_KEPT = 8
"""A cause holds the frames it passed, and what they held; a script that goes on after errors must not collect them."""

LONGEST = 10_000
"""Characters of an error's message: it may quote what the script gave."""

PER_ITEM = 64
"""Bytes that an item of a table takes in Lua, about."""


class Bridge:
    """Makes facades, and keeps which host object is behind each.

    Parameters
    ----------
    lua : lupa.LuaRuntime
    gate : Gate
    on_abort : callable
        Told why, when an :class:`Aborted` or Ctrl-C passes.
    room : callable
        Raises :class:`Aborted` if Lua has no room for so many bytes.
    waiting : callable
        A context in which the script waits for a person.

    Attributes
    ----------
    halted : bool
        Whether the script has to stop, so that no call is begun any more; the runtime sets it.
    """

    def __init__(
        self,
        lua: Any,
        gate: Gate,
        on_abort: Callable[[Aborted], None],
        room: Callable[[int], None],
        waiting: Callable[[], AbstractContextManager[None]],
    ) -> None:
        self.gate = gate
        self.halted = False
        self._room = room
        self._waiting = waiting
        self._lua = lua
        self._on_abort = on_abort
        self._table_type = type(lua.table())
        self._objects: list[Any] = []
        self._facades: dict[int, Any] = {}
        self._causes: OrderedDict[int, BaseException] = OrderedDict()
        self._raised = 0

    def connect(self, driver: Any) -> None:
        """Take the functions of the Lua half, and its tables of what is an object."""
        self.driver, self._identities, self._names = driver, driver["identities"], driver["names"]

    # Lua values ---------------------------------------------------------------------------

    def is_table(self, value: Any) -> bool:
        """Whether a value is a Lua table, an object included."""
        return type(value) is self._table_type

    def object_name(self, value: Any) -> str | None:
        """Return the name of the object that a table is, of the host or written in Lua; None for a plain table."""
        name = self._names[value]
        return None if name is None else str(name)

    def host_object(self, value: Any) -> Any:
        """Return the host object behind a facade, or None."""
        number = self._identities[value]
        return None if number is None else self._objects[number]

    # To Lua -------------------------------------------------------------------------------

    def to_lua(self, value: Any) -> Any:
        """Return what represents a Python value in Lua: plain values, tables and facades only."""
        kind = type(value)
        if kind is int:
            return value if SMALLEST <= value <= LARGEST else float(value)
        if kind in PLAIN:
            return value
        if kind is str:
            self._room(4 * len(value))
            return lua_text(value)
        known = self._facades.get(id(value))  # what has one is kept alive, so that no other object has its id
        if known is not None:
            return known
        if isinstance(value, str):
            return self.to_lua(str(value))
        if isinstance(value, list | tuple):
            self._room(PER_ITEM * len(value))
            return self._lua.table_from([self.to_lua(item) for item in value])
        if isinstance(value, dict):
            self._room(PER_ITEM * len(value))
            return self._lua.table_from({self.to_lua(key): self.to_lua(item) for key, item in value.items()})
        if members(value.__class__) or fields(value.__class__):
            return self.facade(value)
        if hasattr(value, "item"):  # numpy scalars would reach Lua as opaque objects
            return self.to_lua(value.item())
        raise TypeError(f"a {type(value).__name__} cannot be handed to a script")

    def facade(self, obj: Any, more: Mapping[str, Any] | None = None) -> Any:
        """Return the facade of a host object, always the same one for the same object.

        Parameters
        ----------
        obj : object
            Of a class with script-visible members.
        more : mapping, optional
            Further fields, as Lua values, for the first time that the facade is asked for.
        """
        known = self._facades.get(id(obj))
        if known is not None:
            return known
        number = len(self._objects)
        self._objects.append(obj)  # keeps it alive, so that its id stays its own
        calls, shapes = {}, {}
        for name, member in members(obj.__class__).items():
            method = getattr(obj, name)
            calls[name] = make_call(self._patient(method) if member.waits else method, member, self)
            shapes[name] = shape(member)
        self._room(1000 * len(calls))
        values = {name: self.to_lua(getattr(obj, name)) for name in fields(obj.__class__)} | dict(more or {})
        tables = [self._lua.table_from(each) for each in (calls, shapes, values)]
        made = self.driver.new(type(obj).__name__, *tables[:2], number, tables[2])
        self._facades[id(obj)] = made
        return made

    def _patient(self, method: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(method)
        def waits(*given: Any) -> Any:
            with self._waiting():
                return method(*given)

        return waits

    # Errors -------------------------------------------------------------------------------

    def shielded(self, function: Callable[..., Answer]) -> Call:
        """Return a function for Lua that has every exception turned into data."""

        def border_shield(*given: Any) -> Answer:
            if self.halted:
                return STOPPED
            try:
                return function(*given)
            except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the border: it becomes data
                return self.as_data(error)

        return border_shield

    def as_data(self, error: BaseException) -> Answer:
        """Return an exception as ``False, kind, message, hint, number of the cause``, an abort as ``False`` alone."""
        if isinstance(error, KeyboardInterrupt):
            error = Aborted("interrupted", reason="interrupted")
        if isinstance(error, Aborted):
            return self._stopped(error)
        self._raised += 1
        self._causes[self._raised] = error
        if len(self._causes) > CAUSES_KEPT:
            self._causes.popitem(last=False)
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
        try:
            self._room(4 * LONGEST)
        except Aborted as full:
            return self._stopped(full)
        return False, kind, lua_text(message[:LONGEST]), lua_text(hint[:LONGEST]), self._raised

    def _stopped(self, why: Aborted) -> Answer:
        self._on_abort(why)
        return STOPPED

    def cause(self, number: int) -> BaseException | None:
        """Return the exception behind an error that came back as data, if it is one of the last."""
        return self._causes.get(number)
